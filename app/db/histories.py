"""Read queries on a dossier's history that several use cases share."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, desc, select

from app.db.dossiers import dossier_event
from app.domain.lifecycle import Act, Status
from app.domain.timeline import Moment


def moments(db: Connection, dossier_id: int) -> list[Moment]:
    """Return what was done to a dossier, in order, as its clock sees it."""
    rows = db.execute(
        select(dossier_event.c.act, dossier_event.c.target, dossier_event.c.occurred_at)
        .where(dossier_event.c.dossier_id == dossier_id)
        .order_by(dossier_event.c.seq)
    )
    return [Moment(Act(row.act), Status(row.target), row.occurred_at) for row in rows]


def last_event(db: Connection, dossier_id: int, acts: Iterable[Act]) -> Row[Any] | None:
    """Return the last time that one of `acts` was done to a dossier."""
    return db.execute(
        select(dossier_event)
        .where(dossier_event.c.dossier_id == dossier_id, dossier_event.c.act.in_(list(acts)))
        .order_by(desc(dossier_event.c.seq))
        .limit(1)
    ).one_or_none()
