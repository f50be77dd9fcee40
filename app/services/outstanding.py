"""Opinions that a dossier still waits for: an act goes on without them only with a reason."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from app.db.access import Transaction
from app.db.catalogue import agency
from app.db.steps import opinion
from app.domain.calendar import LOCAL_ZONE
from app.domain.opinions import OpinionsOutstanding, OpinionState


def waive(tx: Transaction, dossier: Row[Any], now: datetime, reason: str | None) -> dict[str, Any]:
    """Return what the event says of opinions not waited for, or refuse (`OpinionsOutstanding`).

    Nothing is outstanding once its deadline has passed.
    """
    waiting = tx.db.execute(
        select(agency.c.code, agency.c.name, opinion.c.due_at)
        .join(agency, agency.c.id == opinion.c.agency_id)
        .where(
            opinion.c.dossier_id == dossier.id,
            opinion.c.state == OpinionState.WAITING,
            opinion.c.due_at >= now,
        )
        .order_by(opinion.c.due_at, agency.c.code)
    ).all()
    if not waiting:
        return {}
    if reason is None:
        names = ", ".join(row.name for row in waiting)
        last = max(row.due_at for row in waiting).astimezone(LOCAL_ZONE)
        raise OpinionsOutstanding(
            f"Còn chờ ý kiến của {names}, đến {last:%H:%M ngày %d/%m/%Y}. Muốn thực hiện ngay thì "
            "phải nêu lý do không chờ.",
            outstanding=[{"agency": row.code, "due_at": row.due_at.isoformat()} for row in waiting],
        )
    return {
        "without_opinions": reason,
        "outstanding": sorted({row.code for row in waiting}),
    }
