"""Every table: importing this registers them all with `metadata`."""

from app.db import (
    calendar,
    catalogue,
    documents,
    dossiers,
    ledger,
    messages,
    payments,
    replays,
    webhooks,
)
from app.db.metadata import metadata

__all__ = [
    "calendar",
    "catalogue",
    "documents",
    "dossiers",
    "ledger",
    "messages",
    "metadata",
    "payments",
    "replays",
    "webhooks",
]
