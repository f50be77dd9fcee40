"""Rows as they are shown: projections that several use cases share."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row


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


def verdict_view(found: Any) -> dict[str, Any]:  # noqa: ANN401  (a row that has its columns)
    """Return a file's signature verdict as it is shown; pending until it was checked."""
    if found.indication is None:
        return {"indication": "PENDING", "reason": "Chữ ký số đang được kiểm tra."}
    return {
        "indication": found.indication,
        "sub_indication": found.sub_indication,
        "reason": found.reason,
        "checked_at": found.checked_at,
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
