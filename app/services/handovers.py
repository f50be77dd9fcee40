"""Reading the hand-overs (giao nhận) of a dossier: for the desks that it went through."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from app.db.access import acting
from app.db.dossiers import dossier
from app.db.reference import Catalogue
from app.db.visibility import visible
from app.domain.actor import DESK_ROLES, Actor
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.deadlines import in_words
from app.domain.handovers import Judged
from app.domain.lifecycle import RoleRefused
from app.services.clocks import calendar_of, version_of
from app.services.desk import Desk
from app.services.stays import stays_of
from app.services.transition import DossierNotFound


def handovers(desk: Desk, code: str, *, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Return the hand-overs of a dossier in order; the last stay may still go on."""
    if actor.role not in DESK_ROLES:
        raise RoleRefused(
            "Quá trình giao nhận là sổ nội bộ của các cơ quan xử lý.", roles=sorted(DESK_ROLES)
        )
    with acting(desk.engine, actor) as tx:
        row = tx.db.execute(
            select(dossier).where(dossier.c.code == code, visible(actor))
        ).one_or_none()
        if row is None:
            raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
        catalogue, calendar = desk.references.catalogue(tx), calendar_of(desk, tx, row)
        steps = version_of(desk, tx, row).steps
        names = {step.code: step.name for step in steps}
        return [
            _view(one, steps[one.stay.to_step].code, names, catalogue)
            | {"in_words": _words(one, row, calendar, now)}
            for one in stays_of(desk, tx, row, now)
        ]


def _view(
    one: Judged, to_step: str, names: Mapping[str, str], catalogue: Catalogue
) -> dict[str, Any]:
    stay = one.stay

    def side(agency: str | None, step: str | None, name: str | None) -> dict[str, Any]:
        return {
            "agency": agency,
            "agency_name": catalogue.agencies[agency].name if agency else None,
            "step": step,
            "step_name": names[step] if step else None,
            "name": name,
        }

    return {
        "seq": stay.seq,
        "giver": side(stay.from_agency, stay.from_step, stay.from_name),
        "receiver": side(stay.to_agency, to_step, stay.to_name),
        "sent_at": stay.sent_at,
        "received_at": stay.received_at.astimezone(UTC),
        "left_at": stay.left_at,
        "budget_minutes": one.budget_minutes,
        "spent_minutes": None if stay.left_at is None else one.spent_minutes,
        "due_at": one.due_at and one.due_at.astimezone(UTC),
        "outcome": one.outcome,
        "note": stay.note,
    }


def _words(one: Judged, row: Row[Any], calendar: Calendar, now: datetime) -> str | None:
    """Say how a stay stood when it ended, or stands now; None where its time is not counted."""
    if one.due_at is None:
        return None
    if one.stay.left_at is None and row.remaining_minutes is not None:
        return "đang dừng tính thời hạn"
    until = one.stay.left_at or now
    full_day = calendar.hours_on(until.astimezone(LOCAL_ZONE).date()).full_day_minutes
    return in_words(calendar.minutes_between(one.due_at, until), full_day)
