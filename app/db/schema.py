"""Every table: importing this registers them all with `metadata`."""

from app.db import (
    calendar,
    catalogue,
    documents,
    dossiers,
    drafts,
    ledger,
    payments,
    portal,
    replays,
)
from app.db.metadata import metadata

__all__ = [
    "calendar",
    "catalogue",
    "documents",
    "dossiers",
    "drafts",
    "ledger",
    "metadata",
    "payments",
    "portal",
    "replays",
]
