"""Every table: importing this registers them all with `metadata`."""

from app.db import (
    calendar,
    catalogue,
    documents,
    dossiers,
    drafts,
    ledger,
    payments,
    petitions,
    quotas,
    ratings,
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
    "petitions",
    "quotas",
    "ratings",
    "replays",
]
