"""Every table: importing this registers them all with `metadata`."""

from app.db import (
    calendar,
    catalogue,
    clock,
    delegations,
    documents,
    dossiers,
    drafts,
    ledger,
    papers,
    payments,
    petitions,
    quotas,
    ratings,
    reorganisations,
    replays,
    search,
    steps,
)
from app.db.metadata import metadata

__all__ = [
    "calendar",
    "catalogue",
    "clock",
    "delegations",
    "documents",
    "dossiers",
    "drafts",
    "ledger",
    "metadata",
    "papers",
    "payments",
    "petitions",
    "quotas",
    "ratings",
    "reorganisations",
    "replays",
    "search",
    "steps",
]
