"""Reading dossiers: one, many, the history, the clock explained."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, desc, func, or_, select, true, tuple_

from app.db.access import Transaction, acting
from app.db.documents import document, signature_verdict, stored_file
from app.db.dossiers import dossier, dossier_component, dossier_event
from app.db.histories import moments
from app.db.partner_views import applicant_check, parcels
from app.db.payments import payment
from app.db.reference import Catalogue
from app.db.views import payment_view, verdict_view
from app.db.visibility import is_here, own_agencies, visible
from app.domain.actor import DESK_ROLES, Actor
from app.domain.calendar import LOCAL_ZONE
from app.domain.deadlines import DayMinutes, Deadline, Stop, due, explain, in_words, lateness
from app.domain.lifecycle import LABELS, Status, possible_acts
from app.domain.timeline import stops
from app.services.clocks import calendar_of, extension_of, version_of
from app.services.desk import Desk
from app.services.transition import DossierNotFound

Position = tuple[datetime, int]
"""Where a page ends: instant of receipt and key of its last dossier."""


@dataclass(frozen=True, slots=True)
class Page:
    dossiers: list[dict[str, Any]]
    next: Position | None


@dataclass(frozen=True, slots=True)
class Clock:
    """A dossier's clock: when it is due, why, and how that stands at this moment."""

    limit: str
    accepted_at: datetime
    promised_at: datetime | None
    deadline: Deadline
    stops: list[Stop]
    days: list[DayMinutes]
    in_words: str


def read(desk: Desk, code: str, *, actor: Actor) -> dict[str, Any]:
    """Return a dossier with its papers, verdicts, fees and payments."""
    with acting(desk.engine, actor) as tx:
        row = _find(tx, code)
        catalogue = desk.references.catalogue(tx)
        version = version_of(desk, tx, row)
        papers, results = _documents(tx, row)
        return {
            **_summary(row, catalogue),
            "step": version.steps[row.step].code,
            "applicant": {
                "kind": row.applicant_kind,
                "number": row.applicant_number,
                "name": row.applicant_name,
                **row.contact,
            },
            "submitter": row.submitter_name,
            "form": row.form,
            "components": papers,
            "results": results,
            "result_granted": None if row.result_granted is None else bool(row.result_granted),
            "fees": row.fees,
            "payments": _payments(tx, row.id),
            "applicant_check": applicant_check(tx, row.id),
            "post_orders": parcels(tx, row.id),
            "return_way": row.return_way,
            "promised_at": row.promised_at,
            "reply_due_on": row.reply_due_on,
            "possible_acts": _acts(row, actor),
        }


def _acts(row: Row[Any], actor: Actor) -> list[str]:
    """List what the actor may do now: staff of an agency that handed the dossier on, nothing."""
    if actor.role in DESK_ROLES and not row.is_here:
        return []
    return [str(act) for act in possible_acts(Status(row.status), actor.role)]


def _find(tx: Transaction, code: str) -> Row[Any]:
    row = tx.db.execute(
        select(dossier, is_here().label("is_here")).where(dossier.c.code == code, visible(tx.actor))
    ).one_or_none()
    if row is None:
        raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
    return row


def _summary(row: Row[Any], catalogue: Catalogue) -> dict[str, Any]:
    offered = catalogue.offered[row.procedure_version_id]
    owner, holder = catalogue.agency_of(row.agency_id), catalogue.agency_of(row.at_agency_id)
    return {
        "code": row.code,
        "version": row.version,
        "procedure": {
            "code": offered.procedure.code,
            "name": offered.procedure.name,
            "version": offered.version.version,
            "online_level": int(offered.version.online_level),
        },
        "agency": {"code": owner.code, "name": owner.name},
        "at_agency": {"code": holder.code, "name": holder.name},
        "channel": row.channel,
        "status": row.status,
        "status_label": LABELS[Status(row.status)],
        "applicant_name": row.applicant_name,
        "received_at": row.received_at,
        "answer_due_at": row.answer_due_at,
        "accepted_at": row.accepted_at,
        "due_at": row.due_at,
        "resolved_at": row.resolved_at,
        "ended_at": row.ended_at,
    }


def _documents(tx: Transaction, row: Row[Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the papers handed in and the results, each with its file's newest verdict."""
    verdict = (
        select(signature_verdict)
        .where(signature_verdict.c.sha256 == document.c.sha256)
        .order_by(desc(signature_verdict.c.n))
        .limit(1)
        .lateral("verdict")
    )
    known = {
        found.id: {
            "id": found.id,
            "name": found.name,
            "kind": found.kind,
            "media_type": found.media_type,
            "size_bytes": found.size_bytes,
            "sha256": found.sha256,
            "signature": verdict_view(found),
        }
        for found in tx.db.execute(
            select(
                document.c.id,
                document.c.name,
                document.c.kind,
                document.c.sha256,
                stored_file.c.media_type,
                stored_file.c.size_bytes,
                verdict.c.indication,
                verdict.c.sub_indication,
                verdict.c.reason,
                verdict.c.checked_at,
            )
            .join(stored_file, stored_file.c.sha256 == document.c.sha256)
            .outerjoin(verdict, onclause=true())
            .where(document.c.dossier_id == row.id)
            .order_by(document.c.uploaded_at, document.c.id)
        )
    }
    papers = [
        {
            "component": part.component,
            "added_at": part.added_at,
            "document": known.get(part.document_id),
        }
        for part in tx.db.execute(
            select(dossier_component)
            .where(dossier_component.c.dossier_id == row.id)
            .order_by(dossier_component.c.n)
        )
    ]
    return papers, [found for found in known.values() if found["kind"] == "result"]


def _payments(tx: Transaction, dossier_id: int) -> list[dict[str, Any]]:
    rows = tx.db.execute(
        select(payment).where(payment.c.dossier_id == dossier_id).order_by(payment.c.opened_at)
    )
    return [payment_view(row) for row in rows]


def list_page(
    desk: Desk, *, actor: Actor, status: Status | None, after: Position | None, limit: int
) -> Page:
    """Return a page of what `actor` may see, newest first.

    Applicants get what is theirs or what they handed in, desk staff what their agency resolves
    or has in hand now.
    """
    conditions: list[ColumnElement[bool]] = [visible(actor)]
    if actor.role in DESK_ROLES:
        mine = own_agencies()
        conditions.append(
            or_(dossier.c.agency_id == func.any(mine), dossier.c.at_agency_id == func.any(mine))
        )
    if status is not None:
        conditions.append(dossier.c.status == status)
    if after is not None:
        conditions.append(tuple_(dossier.c.received_at, dossier.c.id) < after)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            select(dossier)
            .where(*conditions)
            .order_by(desc(dossier.c.received_at), desc(dossier.c.id))
            .limit(limit + 1)
        ).all()
        catalogue = desk.references.catalogue(tx)
        page = rows[:limit]
        return Page(
            [_summary(row, catalogue) for row in page],
            (page[-1].received_at, page[-1].id) if len(rows) > limit else None,
        )


def history(desk: Desk, code: str, *, actor: Actor, after: int, limit: int) -> list[dict[str, Any]]:
    """Return the events of a dossier that come after number `after`, in order."""
    with acting(desk.engine, actor) as tx:
        row = _find(tx, code)
        catalogue = desk.references.catalogue(tx)
        events = tx.db.execute(
            select(dossier_event)
            .where(dossier_event.c.dossier_id == row.id, dossier_event.c.seq > after)
            .order_by(dossier_event.c.seq)
            .limit(limit)
        )
        return [
            {
                "seq": event.seq,
                "act": event.act,
                "source": event.source,
                "target": event.target,
                "actor": {"role": event.actor_role, "name": event.actor_name},
                "agency": catalogue.agency_codes[event.agency_id],
                "occurred_at": event.occurred_at,
                "due_at": event.due_at,
                "reason": event.reason,
                "legal_ground": event.legal_ground,
                "details": event.details,
            }
            for event in events
        ]


def explain_deadline(desk: Desk, code: str, *, actor: Actor, now: datetime) -> Clock | None:
    """Explain a dossier's due instant day by day; None if the clock has not begun."""
    with acting(desk.engine, actor) as tx:
        row = _find(tx, code)
        if row.accepted_at is None:
            return None
        limit, calendar = version_of(desk, tx, row).limit, calendar_of(desk, tx, row)
        stood = stops(moments(tx.db, row.id), payment_stops=desk.rules.payment_wait_stops_clock)
        extension = extension_of(row.extension)
        deadline = due(limit, row.accepted_at, stood, calendar, extension)
        if deadline.due_at is None:
            words = "đang dừng tính thời hạn"
        else:
            until = row.ended_at or now
            full_day = calendar.hours_on(until.astimezone(LOCAL_ZONE).date()).full_day_minutes
            words = in_words(lateness(until, deadline.due_at, calendar), full_day)
        return Clock(
            limit.label,
            row.accepted_at,
            row.promised_at,
            deadline,
            stood,
            explain(limit, row.accepted_at, stood, calendar, extension),
            words,
        )
