"""The gauges of /metrics as text, remembered for a few seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from app.domain.calendar import LOCAL_ZONE
from app.domain.periods import Period
from app.services import figures, machine_figures
from app.services.desk import Desk

KEPT_FOR: Final = timedelta(seconds=5)
FAMILIES: Final = machine_figures.FAMILIES | {
    "motcua_received_dossiers": (
        "Dossiers received in the current month or year",
        ("period", "agency", "channel"),
    ),
    "motcua_online_rate_percent": (
        "Online-processing rate of the current month or year; absent where nothing was received",
        ("period", "agency"),
    ),
}


class Remembered:
    """What was last answered: several collectors, or a hasty one, cost one look at the database."""

    def __init__(self, kept_for: timedelta = KEPT_FOR) -> None:
        self._kept_for = kept_for
        self._lock = Lock()
        self._last: tuple[datetime, bytes] | None = None

    def get(self, now: datetime, make: Callable[[], bytes]) -> bytes:
        with self._lock:
            if self._last is None or not timedelta() <= now - self._last[0] < self._kept_for:
                self._last = (now, make())
            return self._last[1]


def gauges(desk: Desk, now: datetime) -> bytes:
    """Return every gauge: dossiers as the annex counts them, and what else machines watch."""
    registry = CollectorRegistry()
    known = {
        name: Gauge(name, about, labels, registry=registry)
        for name, (about, labels) in FAMILIES.items()
        if labels
    }
    for sample in machine_figures.read(desk, now=now):
        if sample.labels:
            known[sample.name].labels(*sample.labels).set(sample.value)
        else:
            about, _ = FAMILIES[sample.name]
            Gauge(sample.name, about, registry=registry).set(sample.value)
    _annex(desk, now, known)
    return generate_latest(registry)


def _annex(desk: Desk, now: datetime, known: dict[str, Gauge]) -> None:
    today = now.astimezone(LOCAL_ZONE).date()
    received, rate = known["motcua_received_dossiers"], known["motcua_online_rate_percent"]
    for name, first in (("month", today.replace(day=1)), ("year", today.replace(month=1, day=1))):
        for code, intake in figures.received_by_agency(desk, Period(first, today)).items():
            received.labels(name, code, "online").set(intake.online)
            received.labels(name, code, "at_desk").set(intake.at_desk)
            if intake.online_rate is not None:
                rate.labels(name, code).set(float(intake.online_rate))
