"""Read queries on a dossier's history that several use cases share."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, cast, desc, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.db.dossiers import dossier_event
from app.domain.actor import Role
from app.domain.handovers import Deed
from app.domain.lifecycle import Act, Status
from app.domain.timeline import Moment


def moments(db: Connection, dossier_id: int) -> list[Moment]:
    """Return what was done to a dossier, in order, as its clock sees it."""
    return moments_of(db, [dossier_id])[dossier_id]


def moments_of(db: Connection, dossier_ids: Collection[int]) -> dict[int, list[Moment]]:
    """Return the same of several dossiers, by their keys."""
    found: dict[int, list[Moment]] = {dossier_id: [] for dossier_id in dossier_ids}
    details = dossier_event.c.details
    rows = db.execute(
        select(
            dossier_event.c.dossier_id,
            dossier_event.c.act,
            dossier_event.c.target,
            dossier_event.c.occurred_at,
            func.coalesce(details["to_step"].astext, details["step"].astext).label("step"),
        )
        .where(dossier_event.c.dossier_id == func.any(cast(list(dossier_ids), ARRAY(BigInteger))))
        .order_by(dossier_event.c.dossier_id, dossier_event.c.seq)
    )
    for row in rows:
        moment = Moment(Act(row.act), Status(row.target), row.occurred_at, row.step)
        found[row.dossier_id].append(moment)
    return found


def last_event(db: Connection, dossier_id: int, acts: Iterable[Act]) -> Row[Any] | None:
    """Return the last time that one of `acts` was done to a dossier."""
    return db.execute(
        select(dossier_event)
        .where(dossier_event.c.dossier_id == dossier_id, dossier_event.c.act.in_(list(acts)))
        .order_by(desc(dossier_event.c.seq))
        .limit(1)
    ).one_or_none()


def deeds(db: Connection, dossier_id: int, agency_codes: Mapping[int, str]) -> list[Deed]:
    """Return what was done to a dossier, in order, as its hand-overs see it."""
    rows = db.execute(
        select(dossier_event)
        .where(dossier_event.c.dossier_id == dossier_id)
        .order_by(dossier_event.c.seq)
    )
    return [_deed(row, agency_codes) for row in rows]


def _deed(row: Row[Any], agency_codes: Mapping[int, str]) -> Deed:
    told = row.details
    begins_at = told.get("begins_at")
    return Deed(
        row.seq,
        Act(row.act),
        Status(row.target),
        row.occurred_at,
        row.actor_name,
        Role(row.actor_role),
        agency_codes[row.agency_id],
        row.reason,
        told.get("to_step") or told.get("step"),
        told.get("to_agency"),
        datetime.fromisoformat(begins_at) if begins_at else None,
    )
