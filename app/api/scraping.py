"""The gauges of /metrics as text, remembered for a few seconds."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily

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


class _Gauges:
    """Gauges as they are collected once.

    The library's own are kept per process in files where several processes count together: what
    the database says would be told once more by each of them.
    """

    def __init__(self) -> None:
        self._families = {
            name: GaugeMetricFamily(name, about, labels=labels)
            for name, (about, labels) in FAMILIES.items()
        }

    def set(self, name: str, value: float, *labels: str) -> None:
        self._families[name].add_metric(labels, value)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._families.values()


def gauges(desk: Desk, now: datetime) -> bytes:
    """Return every gauge: dossiers as the annex counts them, and what else machines watch."""
    known = _Gauges()
    for sample in machine_figures.read(desk, now=now):
        known.set(sample.name, sample.value, *sample.labels)
    _annex(desk, now, known)
    registry = CollectorRegistry()
    registry.register(known)
    return generate_latest(registry)


def _annex(desk: Desk, now: datetime, known: _Gauges) -> None:
    today = now.astimezone(LOCAL_ZONE).date()
    for name, first in (("month", today.replace(day=1)), ("year", today.replace(month=1, day=1))):
        for code, intake in figures.received_by_agency(desk, Period(first, today)).items():
            known.set("motcua_received_dossiers", intake.online, name, code, "online")
            known.set("motcua_received_dossiers", intake.at_desk, name, code, "at_desk")
            if intake.online_rate is not None:
                known.set("motcua_online_rate_percent", float(intake.online_rate), name, code)
