"""What every use case works with: the database, the reference data and the province's rules."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time

from sqlalchemy import Engine

from app.db.reference import References


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules that a province sets for itself (settings)."""

    payment_wait_stops_clock: bool = True
    handover_cutoff: time = time(15)
    upload_limit_bytes: int = 25 * 1024 * 1024


def _nobody() -> None:
    """Nobody waits to be woken."""


@dataclass(frozen=True, slots=True)
class Desk:
    """`wake` tells the workers, soon and cheaply, that the ledger has something for them."""

    engine: Engine
    rules: Rules = Rules()
    references: References = field(default_factory=References)
    wake: Callable[[], None] = _nobody
