"""Figures for machines (KPI E): gauges of the books, the ledger, payments, verdicts, the recount.

Read from maintained sums and partial indexes, so that asking every few seconds costs nothing that
grows with the archive. What has no such sum is counted up to `MOST`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from app.db.access import Transaction, acting
from app.db.figure_sums import PLANNED_ANEW, Key
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import DeliveryState, Partner
from app.domain.inbound import UNSETTLED, InboundState
from app.domain.measures import Sums
from app.domain.payments import PaymentStatus
from app.domain.periods import Period
from app.domain.question import Question
from app.domain.signature import Indication
from app.services.desk import Desk
from app.services.figure_scope import Asking

MOST: Final = 50_000
"""Deliveries and marks that are counted; as many and more are shown as so many."""

_TIMINGS: Final = {
    "early": "resolved_early",
    "on_time": "resolved_on_time",
    "late": "resolved_late",
}
_OPEN_STATES: Final = tuple(
    state for state in DeliveryState if state is not DeliveryState.ACKNOWLEDGED
)
_WAITING_PAYMENTS: Final = (PaymentStatus.OPENED, PaymentStatus.PENDING)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a gauge, with the values of its labels."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


FAMILIES: Final = {
    "motcua_resolved_dossiers": (
        "Dossiers resolved in the current month or year",
        ("period", "agency", "channel", "timing"),
    ),
    "motcua_open_dossiers": ("Dossiers that are open now", ("agency", "channel")),
    "motcua_overdue_dossiers": (
        "Open dossiers whose due instant has passed",
        ("agency", "channel"),
    ),
    "motcua_deliveries": (
        f"Messages to partners that are not acknowledged, counted up to {MOST}",
        ("partner", "state"),
    ),
    "motcua_delivery_oldest_seconds": (
        "Age of the oldest message that waits to be told; 0 if none waits",
        ("partner",),
    ),
    "motcua_inbound": (
        "Dossiers handed on by the national portal that are none here yet",
        ("state",),
    ),
    "motcua_inbound_oldest_seconds": ("Age of the oldest in quarantine; 0 if there is none", ()),
    "motcua_payments_pending": ("Payments opened and not decided yet", ("status",)),
    "motcua_signature_verdicts": ("Signature verdicts given so far", ("indication",)),
    "motcua_figure_marks": (f"Changes that the books do not know yet, up to {MOST}", ()),
    "motcua_recount_timestamp_seconds": ("When everything was last recounted (Unix time)", ()),
    "motcua_recount_dossiers": ("Dossiers of the last recount", ()),
    "motcua_recount_differences": ("Differences that the last recount found", ()),
}
"""Gauges with what they say and the names of their labels."""


def read(desk: Desk, *, now: datetime) -> list[Sample]:
    """Return every sample; sums and ledger are of one instant."""
    with acting(desk.engine, SYSTEM) as tx:
        return [
            *_books(desk, tx, now),
            *_ledger(tx, now),
            *_inbox(tx, now),
            *_payments(tx),
            *_verdicts(tx),
            *_recount(tx),
        ]


def _books(desk: Desk, tx: Transaction, now: datetime) -> Iterator[Sample]:
    tx.db.execute(PLANNED_ANEW)
    today = now.astimezone(LOCAL_ZONE).date()
    catalogue = desk.references.catalogue(tx)
    codes = catalogue.agency_codes
    for name, first in (("month", today.replace(day=1)), ("year", today.replace(month=1, day=1))):
        question = Question(Period(first, today))
        asked = Asking(tx, catalogue, question, catalogue.agencies, None, today, now)
        found = asked.sums(("agency_id", "channel"))
        yield from _resolved(name, found, codes)
    for (agency_id, channel), sums in found.items():
        labels = (codes[int(agency_id)], str(channel))
        yield Sample("motcua_open_dossiers", sums.get("open", 0), labels)
        yield Sample("motcua_overdue_dossiers", sums.get("overdue", 0), labels)


def _resolved(period: str, found: Mapping[Key, Sums], codes: Mapping[int, str]) -> Iterator[Sample]:
    for (agency_id, channel), sums in found.items():
        for timing, measure in _TIMINGS.items():
            labels = (period, codes[int(agency_id)], str(channel), timing)
            yield Sample("motcua_resolved_dossiers", sums.get(measure, 0), labels)


_DELIVERIES = text("""
    SELECT partner, state, count(*) AS n, min(id) FILTER (
        WHERE state IN ('waiting', 'in_flight')) AS oldest
    FROM (SELECT partner, state, id FROM delivery WHERE state <> 'acknowledged'
        ORDER BY dossier_id, partner, seq LIMIT :most) AS open
    GROUP BY partner, state
""")
_AROSE = text("SELECT id, arose_at FROM delivery_seen WHERE id = ANY (:ids)")


def _ledger(tx: Transaction, now: datetime) -> Iterator[Sample]:
    counted = {(row.partner, row.state): row for row in tx.db.execute(_DELIVERIES, {"most": MOST})}
    oldest: dict[str, int] = {}
    for (partner, _), row in counted.items():
        if row.oldest is not None:
            oldest[partner] = min(row.oldest, oldest.get(partner, row.oldest))
    arose = {row.id: row.arose_at for row in tx.db.execute(_AROSE, {"ids": [*oldest.values()]})}
    for partner in Partner:
        for state in _OPEN_STATES:
            known = counted.get((partner, state))
            yield Sample("motcua_deliveries", known.n if known else 0, (partner, state))
        since = arose.get(oldest.get(partner, 0))
        age = 0.0 if since is None else max(0.0, (now - since).total_seconds())
        yield Sample("motcua_delivery_oldest_seconds", age, (partner,))


def _inbox(tx: Transaction, now: datetime) -> Iterator[Sample]:
    rows = tx.db.execute(
        text("""
            SELECT state, count(*) AS n, min(received_at) AS since
            FROM (SELECT state, received_at FROM inbound
                WHERE state = ANY (:states) AND state <> 'entered'
                ORDER BY id LIMIT :most) AS unsettled
            GROUP BY state
        """),
        {"most": MOST, "states": list(UNSETTLED)},
    )
    counted = {row.state: row for row in rows}
    for state in UNSETTLED:
        yield Sample("motcua_inbound", counted[state].n if state in counted else 0, (state,))
    stuck = counted.get(InboundState.QUARANTINED)
    age = 0.0 if stuck is None else max(0.0, (now - stuck.since).total_seconds())
    yield Sample("motcua_inbound_oldest_seconds", age)


def _payments(tx: Transaction) -> Iterator[Sample]:
    rows = tx.db.execute(
        text("""
            SELECT status, count(*) AS n FROM payment WHERE status IN ('opened', 'pending')
            GROUP BY status
        """)
    )
    counted = {row.status: row.n for row in rows}
    for status in _WAITING_PAYMENTS:
        yield Sample("motcua_payments_pending", counted.get(status, 0), (status,))


def _verdicts(tx: Transaction) -> Iterator[Sample]:
    rows = tx.db.execute(text("SELECT indication, total FROM verdict_count"))
    counted = {row.indication: row.total for row in rows}
    for indication in Indication:
        labels = (str(indication),)
        yield Sample("motcua_signature_verdicts", counted.get(indication, 0), labels)


def _recount(tx: Transaction) -> Iterator[Sample]:
    marks = tx.db.scalar(
        text("SELECT count(*) FROM (SELECT FROM figure_mark LIMIT :most) AS mark"), {"most": MOST}
    )
    yield Sample("motcua_figure_marks", marks or 0)
    last = tx.db.execute(
        text("""
            SELECT checked_at, dossiers, differences FROM figure_check ORDER BY id DESC LIMIT 1
        """)
    ).one_or_none()
    if last is not None:
        yield Sample("motcua_recount_timestamp_seconds", last.checked_at.timestamp())
        yield Sample("motcua_recount_dossiers", last.dossiers)
        yield Sample("motcua_recount_differences", last.differences)
