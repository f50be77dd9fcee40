"""Every table: importing this registers them all with `metadata`."""

from app.db import calendar, catalogue, documents, dossiers, figures, ledger, payments, replays
from app.db.metadata import metadata

__all__ = [
    "calendar",
    "catalogue",
    "documents",
    "dossiers",
    "figures",
    "ledger",
    "metadata",
    "payments",
    "replays",
]
