"""What a dossier shows of its look-ups and parcels: projections that several use cases share."""

from typing import Any

from sqlalchemy import Row, select

from app.db.access import Transaction
from app.db.lookups import lookup, lookup_file
from app.db.parcels import post_order, post_track
from app.domain.deliveries import DeliveryState
from app.domain.lookups import (
    OUTCOME_LABELS,
    PURPOSE_LABELS,
    SOURCE_LABELS,
    UNCHECKED,
    UNCHECKED_LABEL,
    LookupOutcome,
    Purpose,
    Source,
)
from app.domain.parcels import PARCEL_LABELS, Parcel

_STUCK = {DeliveryState.BLOCKED, DeliveryState.DEAD}


def applicant_check(tx: Transaction, dossier_id: int) -> dict[str, Any] | None:
    """Return what the check of the applicant showed; None where no register could tell."""
    row = tx.db.execute(
        select(lookup).where(
            lookup.c.dossier_id == dossier_id, lookup.c.purpose == Purpose.VERIFY_APPLICANT
        )
    ).one_or_none()
    if row is None:
        return None
    return {
        "outcome": row.outcome or UNCHECKED,
        "label": OUTCOME_LABELS[LookupOutcome(row.outcome)] if row.outcome else UNCHECKED_LABEL,
        "source": row.source,
        "differs": row.differs,
        "checked_at": row.answered_at,
        "is_stuck": row.state in _STUCK,
        "lookup": row.id,
    }


def lookup_view(row: Row[Any]) -> dict[str, Any]:
    """Return a look-up as it is answered, without what it found: JSON values."""
    return {
        "id": row.id,
        "source": row.source,
        "source_label": SOURCE_LABELS[Source(row.source)],
        "purpose": row.purpose,
        "purpose_label": PURPOSE_LABELS[Purpose(row.purpose)],
        "requested_by": row.requested_name,
        "requested_at": row.requested_at.isoformat(),
        "state": row.state,
        "reason": row.answer,
        "outcome": row.outcome or UNCHECKED,
        "outcome_label": (
            OUTCOME_LABELS[LookupOutcome(row.outcome)] if row.outcome else UNCHECKED_LABEL
        ),
        "differs": list(row.differs),
        "answered_at": row.answered_at.isoformat() if row.answered_at else None,
        "file": None,
    }


def store_file_view(row: Row[Any]) -> dict[str, Any]:
    """Return which file of the store a look-up fetches: JSON values."""
    return {
        "name": row.name,
        "result": row.result_code,
        "component": row.component,
        "document": str(row.document_id) if row.document_id else None,
    }


def store_files(tx: Transaction, dossier_id: int) -> dict[int, dict[str, Any]]:
    """Return the files that look-ups of a dossier fetch, by the look-ups' keys."""
    rows = tx.db.execute(
        select(lookup_file)
        .join(lookup, lookup.c.id == lookup_file.c.lookup_id)
        .where(lookup.c.dossier_id == dossier_id)
    )
    return {row.lookup_id: store_file_view(row) for row in rows}


def parcels(tx: Transaction, dossier_id: int) -> list[dict[str, Any]]:
    """Return the orders at the post, each with where its parcel was."""
    tracks: dict[int, list[dict[str, Any]]] = {}
    for track in tx.db.execute(
        select(post_track)
        .join(post_order, post_order.c.id == post_track.c.post_order_id)
        .where(post_order.c.dossier_id == dossier_id)
        .order_by(post_track.c.id)
    ):
        tracks.setdefault(track.post_order_id, []).append(
            {
                "code": track.code,
                "words": track.words,
                "parcel": track.parcel,
                "occurred_at": track.occurred_at.isoformat(),
            }
        )
    rows = tx.db.execute(
        select(post_order).where(post_order.c.dossier_id == dossier_id).order_by(post_order.c.n)
    )
    return [parcel_view(row) | {"tracks": tracks.get(row.id, [])} for row in rows]


def parcel_view(row: Row[Any]) -> dict[str, Any]:
    """Return an order as it is answered: JSON values."""
    return {
        "n": row.n,
        "number": row.number,
        "kind": row.kind,
        "parcel": row.parcel,
        "parcel_label": PARCEL_LABELS[Parcel(row.parcel)],
        "wanted": row.wanted,
        "state": row.state,
        "reason": row.answer,
        "unmapped_code": row.unmapped_code,
        "item_code": row.item_code,
        "cod_vnd": row.cod_vnd,
        "person": row.person,
        "requested_by": row.requested_name,
        "requested_at": row.requested_at.isoformat(),
        "moved_at": row.moved_at.isoformat(),
    }
