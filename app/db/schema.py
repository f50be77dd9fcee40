"""Every table: importing this registers them all with `metadata`."""

from app.db import (
    calendar,
    catalogue,
    documents,
    dossiers,
    errands,
    ledger,
    lookups,
    parcels,
    payments,
    replays,
)
from app.db.metadata import metadata

__all__ = [
    "calendar",
    "catalogue",
    "documents",
    "dossiers",
    "errands",
    "ledger",
    "lookups",
    "metadata",
    "parcels",
    "payments",
    "replays",
]
