"""Reading a dossier: all of it, its history, its clock explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, desc, select, true

from app.db.access import Transaction, acting
from app.db.calendar import calendar_change
from app.db.clock import due_move
from app.db.documents import document, signature_verdict, stored_file
from app.db.dossiers import dossier, dossier_component, dossier_event
from app.db.histories import last_event, moments
from app.db.imports import import_row, import_run
from app.db.partner_views import applicant_check, parcels
from app.db.payments import payment
from app.db.views import asked_view, dossier_view, outcome_view, payment_view, verdict_view
from app.db.visibility import is_here, visible
from app.domain.actor import DESK_ROLES, Actor
from app.domain.calendar import LOCAL_ZONE
from app.domain.deadlines import DayMinutes, Deadline, Stop, due, explain, in_words, lateness
from app.domain.lifecycle import WAITING, Act, Status
from app.domain.procedure import ProcedureVersion, acts_at
from app.domain.timeline import stops
from app.services.clocks import calendar_of, extension_of, version_of
from app.services.desk import Desk
from app.services.transition import DossierNotFound


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
    moves: list[dict[str, Any]]


def read(desk: Desk, code: str, *, actor: Actor) -> dict[str, Any]:
    """Return a dossier with its papers, verdicts, fees and payments."""
    with acting(desk.engine, actor) as tx:
        row = _find(tx, code)
        catalogue = desk.references.catalogue(tx)
        version = version_of(desk, tx, row)
        known = _documents(tx, row)
        return {
            **dossier_view(row, catalogue),
            "step": version.steps[row.step].code,
            "applicant": {
                "kind": row.applicant_kind,
                "number": row.applicant_number,
                "name": row.applicant_name,
                **row.contact,
            },
            "submitter": row.submitter_name,
            "submitter_number": row.submitter_number,
            "authorisation": known.get(row.authorisation_id),
            "form": row.form,
            "components": _papers(tx, row, known),
            "results": [found for found in known.values() if found["kind"] == "result"],
            "result_granted": None if row.result_granted is None else bool(row.result_granted),
            "fees": row.fees,
            "payments": _payments(tx, row.id),
            "asked": _asked(tx, row, version),
            "outcome": _outcome(tx, row),
            "applicant_check": applicant_check(tx, row.id),
            "post_orders": parcels(tx, row.id),
            "return_way": row.return_way,
            "promised_at": row.promised_at,
            "reply_due_on": row.reply_due_on,
            "imported": _imported(tx, row.id) if row.origin == "import" else None,
            "possible_acts": _acts(row, version, actor),
        }


def _imported(tx: Transaction, dossier_id: int) -> dict[str, Any] | None:
    """Return where an imported dossier came from."""
    row = tx.db.execute(
        select(
            import_run.c.source, import_run.c.file, import_row.c.line, import_row.c.promise_given
        )
        .join(import_run, import_run.c.id == import_row.c.run_id)
        .where(import_row.c.dossier_id == dossier_id)
    ).one_or_none()
    return None if row is None else dict(row._mapping)  # noqa: SLF001  (public)


def _acts(row: Row[Any], version: ProcedureVersion, actor: Actor) -> list[str]:
    """List what the actor may do now: staff of an agency that handed the dossier on, nothing."""
    if actor.role in DESK_ROLES and not row.is_here:
        return []
    return [str(act) for act in acts_at(version.steps[row.step], Status(row.status), actor.role)]


def _find(tx: Transaction, code: str) -> Row[Any]:
    row = tx.db.execute(
        select(dossier, is_here().label("is_here")).where(dossier.c.code == code, visible(tx.actor))
    ).one_or_none()
    if row is None:
        raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
    return row


def _documents(tx: Transaction, row: Row[Any]) -> dict[UUID, dict[str, Any]]:
    """Return the dossier's files by their documents' ids, each with its newest verdict."""
    verdict = (
        select(signature_verdict)
        .where(signature_verdict.c.sha256 == document.c.sha256)
        .order_by(desc(signature_verdict.c.n))
        .limit(1)
        .lateral("verdict")
    )
    return {
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


def _papers(
    tx: Transaction, row: Row[Any], known: Mapping[UUID, dict[str, Any]]
) -> list[dict[str, Any]]:
    return [
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


_ASKING = (Act.REQUEST_SUPPLEMENT, Act.REQUEST_PAYMENT)
_ENDING = (Act.REFUSE, Act.RESOLVE, Act.STOP, Act.WITHDRAW)


def _asked(tx: Transaction, row: Row[Any], version: ProcedureVersion) -> dict[str, Any] | None:
    """Return what the applicant is asked for, why and until when; None if for nothing now."""
    event = last_event(tx.db, row.id, _ASKING) if row.status in WAITING else None
    names = {component.code: component.name for component in version.components}
    return asked_view(event, names, row.reply_due_on) if event else None


def _outcome(tx: Transaction, row: Row[Any]) -> dict[str, Any] | None:
    """Return how a dossier ended and for what reason; None while it is open."""
    event = last_event(tx.db, row.id, _ENDING) if row.ended_at is not None else None
    return outcome_view(event) if event else None


def _payments(tx: Transaction, dossier_id: int) -> list[dict[str, Any]]:
    rows = tx.db.execute(
        select(payment).where(payment.c.dossier_id == dossier_id).order_by(payment.c.opened_at)
    )
    return [payment_view(row) for row in rows]


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
            _moves(tx, row.id),
        )


def _moves(tx: Transaction, dossier_id: int) -> list[dict[str, Any]]:
    """Return how changes of the calendar moved the due instant, with the document that says so."""
    rows = tx.db.execute(
        select(due_move, calendar_change.c.source)
        .outerjoin(calendar_change, calendar_change.c.revision == due_move.c.revision)
        .where(due_move.c.dossier_id == dossier_id, due_move.c.what == "due")
        .order_by(due_move.c.id)
    )
    return [
        {"before": row.before, "after": row.after, "moved_at": row.moved_at, "source": row.source}
        for row in rows
    ]
