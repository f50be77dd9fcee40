"""Every table: importing this registers them all with `metadata`."""

from app.db import (
    calendar,
    catalogue,
    clock,
    delegations,
    documents,
    dossiers,
    ledger,
    payments,
    replays,
    search,
)
from app.db.metadata import metadata

__all__ = [
    "calendar",
    "catalogue",
    "clock",
    "delegations",
    "documents",
    "dossiers",
    "ledger",
    "metadata",
    "payments",
    "replays",
    "search",
]
