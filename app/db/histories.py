"""Read queries on a dossier's history that several use cases share."""

from sqlalchemy import Connection, select

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
