"""Every table: importing this registers them all with `metadata`."""

from app.db import calendar, catalogue, clock, documents, dossiers, ledger, payments, replays
from app.db.metadata import metadata

__all__ = [
    "calendar",
    "catalogue",
    "clock",
    "documents",
    "dossiers",
    "ledger",
    "metadata",
    "payments",
    "replays",
]
