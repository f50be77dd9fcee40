"""Look-ups as people use them: a clerk asks for a dossier, the person sees who looked.

Nobody is asked here: the question is written down and a worker asks it, within about a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, desc, insert, select, tuple_

from app.db import partner_views
from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.catalogue import agency
from app.db.dossiers import dossier
from app.db.lookup_answers import address_of
from app.db.lookups import lookup, lookup_file, lookup_log
from app.db.partner_views import lookup_view
from app.db.visibility import visible
from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.deliveries import DeliveryState
from app.domain.lifecycle import RoleRefused, Status
from app.domain.lookups import (
    EVENT_LABELS,
    PURPOSE_LABELS,
    SOURCE_LABELS,
    LookupEvent,
    LookupRefused,
    Purpose,
    Source,
    filled_from,
    source_of,
)
from app.domain.procedure import ApplicantKind
from app.services.clocks import version_of
from app.services.desk import Desk
from app.services.lookup_rows import kept_facts, requested_by, row_of
from app.services.transition import DossierElsewhere, DossierNotFound, Request, lock

_OVER = frozenset({Status.REFUSED, Status.WITHDRAWN, Status.STOPPED, Status.RETURNED})
_UNDER_WAY = (DeliveryState.WAITING, DeliveryState.IN_FLIGHT)

Position = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class LogPage:
    entries: list[dict[str, Any]]
    next: Position | None


def ask(desk: Desk, request: Request, purpose: Purpose) -> Mapping[str, Any]:
    """Ask about the applicant of a dossier; what is under way or was checked is asked once."""
    if request.actor.role not in DESK_ROLES:
        raise RoleRefused("Chỉ cán bộ đang xử lý hồ sơ được tra cứu.")
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return tx.seen
        found = lock(tx, request)
        if not found.is_here:
            raise DossierElsewhere("Hồ sơ đang do cơ quan khác xử lý.")
        if Status(found.status) in _OVER:
            raise LookupRefused("Hồ sơ đã kết thúc, không tra cứu thêm.")
        asked = lookup_view(_asked(desk, tx, found, request, purpose))
        remember(tx, request.once, asked, request.now)
    desk.wake()
    return asked


def _asked(
    desk: Desk, tx: Transaction, found: Row[Any], request: Request, purpose: Purpose
) -> Row[Any]:
    source = source_of(purpose, ApplicantKind(found.applicant_kind))
    anew = {
        **requested_by(desk, tx, found, request),
        "state": DeliveryState.WAITING,
        "attempts": 0,
        "next_at": request.now,
    }
    known = tx.db.execute(
        select(lookup)
        .where(
            lookup.c.dossier_id == found.id,
            lookup.c.purpose == purpose,
            lookup.c.id.not_in(select(lookup_file.c.lookup_id)),
        )
        .order_by(desc(lookup.c.id))
        .limit(1)
        .with_for_update()
    ).one_or_none()
    if known is not None and known.state in _UNDER_WAY:
        return known
    if known is not None and purpose is Purpose.VERIFY_APPLICANT:
        again = anew | {"outcome": None, "differs": [], "answered_at": None, "answer": None}
        return tx.db.execute(
            lookup.update().where(lookup.c.id == known.id).values(**again).returning(lookup)
        ).one()
    return tx.db.execute(
        insert(lookup)
        .values(
            dossier_id=found.id,
            source=source,
            purpose=purpose,
            subject_number=found.applicant_number,
            **anew,
        )
        .returning(lookup)
    ).one()


def list_of(desk: Desk, code: str, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the look-ups of a dossier, without what they found."""
    with acting(desk.engine, actor) as tx:
        found = _find(tx, code)
        rows = tx.db.execute(
            select(lookup).where(lookup.c.dossier_id == found.id).order_by(lookup.c.id)
        )
        files = partner_views.store_files(tx, found.id)
        return [lookup_view(row) | {"file": files.get(row.id)} for row in rows]


def read(desk: Desk, code: str, lookup_id: int, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return a look-up with what it found, while that is kept; a member of staff leaves a trace.

    A check shows only which fields differ: whoever wants to see the data asks for a purpose that
    needs them.
    """
    with acting(desk.engine, actor) as tx:
        found = _find(tx, code)
        row = row_of(tx, found, lookup_id)
        shown_file = {"file": partner_views.store_files(tx, found.id).get(row.id)}
        facts = (
            None if row.purpose == Purpose.VERIFY_APPLICANT else kept_facts(desk, tx, row.id, now)
        )
        if facts is None:
            return lookup_view(row) | shown_file | {"found": None, "form": {}}
        if actor.role in DESK_ROLES:
            _leave_trace(desk, tx, row, now)
        schema = version_of(desk, tx, found).form
        shown = dict(facts) | {"address": address_of(tx, facts)}
        form = filled_from(schema, facts)
        return lookup_view(row) | shown_file | {"found": shown, "form": form}


def _find(tx: Transaction, code: str) -> Row[Any]:
    found = tx.db.execute(
        select(dossier).where(dossier.c.code == code, visible(tx.actor))
    ).one_or_none()
    if found is None:
        raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
    return found


def _leave_trace(desk: Desk, tx: Transaction, row: Row[Any], now: datetime) -> None:
    actor, ids = tx.actor, desk.references.catalogue(tx).agency_ids
    tx.db.execute(
        insert(lookup_log).values(
            lookup_id=row.id,
            dossier_id=row.dossier_id,
            subject_number=row.subject_number,
            event=LookupEvent.SHOWN,
            source=row.source,
            purpose=row.purpose,
            actor_id=actor.id,
            actor_role=actor.role,
            actor_name=actor.name,
            agency_id=ids.get(actor.agency or "", row.agency_id),
            occurred_at=now,
        )
    )


def mine(desk: Desk, *, actor: Actor, after: Position | None, limit: int) -> LogPage:
    """Return who looked up the acting person's data, newest first."""
    if actor.role is not Role.APPLICANT or actor.identity_number is None:
        raise RoleRefused("Chỉ chủ thể dữ liệu xem được ai đã tra cứu dữ liệu của mình.")
    conditions = [lookup_log.c.subject_number == actor.identity_number]
    if after is not None:
        conditions.append(tuple_(lookup_log.c.occurred_at, lookup_log.c.id) < after)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            select(lookup_log, dossier.c.code, agency.c.name.label("agency_name"))
            .join(dossier, dossier.c.id == lookup_log.c.dossier_id)
            .join(agency, agency.c.id == lookup_log.c.agency_id)
            .where(*conditions)
            .order_by(desc(lookup_log.c.occurred_at), desc(lookup_log.c.id))
            .limit(limit + 1)
        ).all()
    page = rows[:limit]
    last = (page[-1].occurred_at, page[-1].id) if len(rows) > limit else None
    return LogPage([_entry(row) for row in page], last)


def _entry(row: Row[Any]) -> dict[str, Any]:
    return {
        "occurred_at": row.occurred_at,
        "event": row.event,
        "event_label": EVENT_LABELS[LookupEvent(row.event)],
        "source": row.source,
        "source_label": SOURCE_LABELS[Source(row.source)],
        "purpose": row.purpose,
        "purpose_label": PURPOSE_LABELS[Purpose(row.purpose)],
        "dossier": row.code,
        "by": row.actor_name,
        "by_role": row.actor_role,
        "agency": row.agency_name,
    }
