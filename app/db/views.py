"""Rows as they are shown: projections that several use cases share."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from app.db.reference import Catalogue
from app.domain.documents import SIGNABLE_TYPES
from app.domain.lifecycle import LABELS, Status
from app.domain.opinions import OpinionState, state_at
from app.domain.papers import BOOKS, Form, written_number
from app.domain.signature import Indication


def payment_view(row: Row[Any]) -> dict[str, Any]:
    """Return a payment as it is answered: JSON values, instants in ISO 8601."""
    return {
        "reference": row.reference,
        "purpose": row.purpose,
        "method": row.method,
        "amount_vnd": row.amount_vnd,
        "status": row.status,
        "pay_url": row.pay_url,
        "opened_at": row.opened_at.isoformat(),
        "paid_at": row.paid_at.isoformat() if row.paid_at else None,
        "receipt_number": row.receipt_number,
        "refund_due": row.refund_due_at is not None,
    }


def calendar_change_view(row: Row[Any]) -> dict[str, Any]:
    """Return a change of the calendar as it is answered: JSON values, instants in ISO 8601."""
    return {
        "id": row.id,
        "revision": row.revision,
        "entered_at": row.entered_at.isoformat(),
        "entered_by": row.entered_name,
        **row.document,
    }


def verdict_view(found: Any) -> dict[str, Any]:  # noqa: ANN401  (a row that has its columns)
    """Return a file's signature verdict as it is shown; pending until it was checked."""
    if found.indication is None and found.media_type not in SIGNABLE_TYPES:
        return {
            "indication": Indication.NO_SIGNATURE,
            "reason": "Loại tệp này không mang chữ ký số.",
        }
    if found.indication is None:
        return {"indication": "PENDING", "reason": "Chữ ký số đang được kiểm tra."}
    return {
        "indication": found.indication,
        "sub_indication": found.sub_indication,
        "reason": found.reason,
        "checked_at": found.checked_at,
    }


def dossier_view(row: Row[Any], catalogue: Catalogue) -> dict[str, Any]:
    """Return a dossier as lists show it."""
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


def asked_view(event: Row[Any], names: Mapping[str, str], until: date | None) -> dict[str, Any]:
    """Return a request to the applicant (supplement, payment) as it is shown; `names` of papers."""
    return {
        "act": event.act,
        "asked_at": event.occurred_at,
        "asked_by": event.actor_name,
        "reason": event.reason,
        "legal_ground": event.legal_ground,
        "components": [
            {"code": code, "name": names.get(code, code)}
            for code in event.details.get("components", ())
        ],
        "amount_vnd": event.details.get("amount_vnd"),
        "until": until,
    }


def outcome_view(event: Row[Any]) -> dict[str, Any]:
    """Return the act that ended a dossier as it is shown."""
    return {
        "act": event.act,
        "decided_at": event.occurred_at,
        "reason": event.reason,
        "legal_ground": event.legal_ground,
    }


def paper_view(code: str, row: Row[Any]) -> dict[str, Any]:
    """Return an issued paper as it is listed: JSON values, instants in ISO 8601."""
    form = Form(row.form)
    return {
        "id": row.id,
        "form": row.form,
        "form_number": BOOKS[form].form_number,
        "title": BOOKS[form].title,
        "number": written_number(row.number, form),
        "seq": row.seq,
        "issued_at": row.issued_at.isoformat(),
        "issued_by": row.issued_name,
        "printed_at": row.printed_at.isoformat() if row.printed_at else None,
        "sha256": row.sha256,
        "template": row.template,
        "href": f"/v1/dossiers/{code}/papers/{row.id}",
    }


def register_view(agency: str, row: Row[Any]) -> dict[str, Any]:
    """Return an issued register as it is listed: JSON values, instants in ISO 8601."""
    return {
        "id": row.id,
        "agency": agency,
        "first_on": row.first_on.isoformat(),
        "last_on": row.last_on.isoformat(),
        "format": row.format,
        "entries": row.entries,
        "issued_at": row.issued_at.isoformat(),
        "issued_by": row.issued_name,
        "sha256": row.sha256,
        "href": f"/v1/registers/{row.id}",
    }


def opinion_view(row: Row[Any], codes: Mapping[int, str], now: datetime) -> dict[str, Any]:
    """Return what one agency was asked and said: JSON values, instants in ISO 8601."""
    state = state_at(OpinionState(row.state), row.due_at, now)
    closed_at = row.closed_at or row.due_at  # not written down yet: at its deadline
    is_closed = state is not OpinionState.WAITING
    return {
        "id": row.id,
        "agency": codes[row.agency_id],
        "state": str(state),
        "due_at": row.due_at.isoformat(),
        "position": row.position,
        "content": row.content,
        "closed_at": closed_at.isoformat() if is_closed else None,
        "answered_by": row.answered_name,
    }


def request_view(
    row: Row[Any], opinions: Iterable[Row[Any]], codes: Mapping[int, str], now: datetime
) -> dict[str, Any]:
    """Return a question to several agencies with their answers: JSON values."""
    answers = [opinion_view(one, codes, now) for one in opinions]
    return {
        "id": row.id,
        "question": row.question,
        "agency": codes[row.agency_id],
        "step": row.step,
        "asked_at": row.asked_at.isoformat(),
        "asked_by": row.asked_name,
        "due_at": row.due_at.isoformat(),
        "is_complete": all(one["state"] != OpinionState.WAITING for one in answers),
        "opinions": answers,
    }


def procedure_draft_view(row: Row[Any]) -> dict[str, Any]:
    """Return a draft of a procedure as it is answered: JSON values, instants in ISO 8601."""
    return {
        "id": row.id,
        "procedure": row.procedure_code,
        "origin": row.origin,
        "state": row.state,
        "version": row.version,
        "content": row.content,
        "note": row.note,
        "created_at": row.created_at.isoformat(),
        "created_by": row.created_name,
        "changed_at": row.changed_at.isoformat(),
        "changed_by": row.changed_name,
    }
