"""Figures counted the slow way: plain Python over the rows of every dossier, one after the other.

Nothing here knows of points, sums or facts: each figure is the sentence of its definition, asked
of each dossier as it stood at the end of the period, with all that is known of it now.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

from app.db.access import acting
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE
from app.domain.deadlines import Stop, due
from app.domain.periods import Period
from app.domain.time_limits import LimitUnit, TimeLimit
from app.seeds import read_procedures
from app.services.desk import Desk
from tests.builders import Given

Row = Mapping[str, Any]


class Province(Protocol):
    """Whatever opens a database for a test: an office, a bureau, a ministry."""

    @property
    def desk(self) -> Desk: ...

    def rows(self, query: str, **values: Given) -> Sequence[Row]: ...


_BLINK = timedelta(microseconds=1)  # what happens now has happened
ENDS = {"resolved", "refused", "withdrawn", "stopped"}
PAPER = {
    (procedure.code, version.version): version.result.paper_required
    for procedure in read_procedures()
    for version in procedure.versions
}


def local(at: datetime) -> date:
    return at.astimezone(LOCAL_ZONE).date()


def end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), LOCAL_ZONE)


def minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


@dataclass(frozen=True)
class Case:
    """A dossier with everything that hangs on it."""

    row: Row
    events: list[Row]
    payments: list[Row]
    parts: list[Row]
    results: int
    sync: str | None
    counted_due: datetime | None  # figure 2.1 deducts supplement time only

    def at(self, *acts: str, within: bool = False) -> list[datetime]:
        """Return when acts were done; `within`: only after acceptance."""
        return [
            event["occurred_at"]
            for event in self.events
            if event["act"] in acts and not (within and event["source"] == "registered")
        ]

    @property
    def ended(self) -> datetime | None:
        return next((e["occurred_at"] for e in self.events if e["target"] in ENDS), None)

    @property
    def outcome(self) -> str | None:
        return next((e["target"] for e in self.events if e["target"] in ENDS), None)

    @property
    def received_on(self) -> date:
        return local(self.row["received_at"])

    @property
    def received_by(self) -> str:
        """The agency that the dossier's own number names."""
        return str(self.row["code"]).partition("-")[0]

    @property
    def moves(self) -> list[Row]:
        return [
            event
            for event in self.events
            if event["act"] == "move"
            and event["details"]["from_owner"] != event["details"]["to_owner"]
        ]

    def owner(self, end: datetime) -> str:
        """Who resolved it last before an instant."""
        gone = [move["details"]["to_owner"] for move in self.moves if move["occurred_at"] < end]
        return str(gone[-1]) if gone else self.received_by

    @property
    def asked_without_answer(self) -> datetime | None:
        is_waiting = self.row["status"] == "supplement_requested"
        return self.at("request_supplement")[-1] if is_waiting else None

    @property
    def handled(self) -> datetime | None:
        """The end as figure 2.1 counts it."""
        if self.outcome == "withdrawn" and self.row["accepted_at"] is None:
            return None
        return self.ended or self.asked_without_answer

    def is_open(self, end: datetime) -> bool:
        return self.row["received_at"] < end and (self.ended is None or self.ended >= end)

    def is_overdue(self, end: datetime) -> bool:
        due, stood = self.row["due_at"], self.ended or self.asked_without_answer
        if self.row["status"] == "payment_requested":
            stood = self.at("request_payment")[-1]
        if not self.is_open(end) or due is None or due >= minute(end):
            return False
        return stood is None or minute(stood) > due

    def is_late(self, end: datetime) -> bool:
        """Figure 2.1: late at the end of a period."""
        again = self.at("request_supplement", within=True)[1:2]
        if again and again[0] < end:
            return True
        due = self.counted_due
        if due is None:
            return False
        done = self.handled
        return minute(end if done is None or done > end else done) > due

    def waits(self, end: datetime, asked: str, answered: str) -> bool:
        if not self.is_open(end):
            return False
        return sum(at < end for at in self.at(asked)) > sum(at < end for at in self.at(answered))


def cases(office: Province) -> list[Case]:
    return [_case(office, row) for row in office.rows(_DOSSIERS)]


_DOSSIERS = """
    SELECT dossier.*, procedure.code AS procedure, version.version AS procedure_version,
        agency.code AS agency, clock.code AS clock_agency
    FROM dossier JOIN procedure_version AS version ON version.id = procedure_version_id
    JOIN procedure ON procedure.id = version.procedure_id
    JOIN agency ON agency.id = agency_id
    LEFT JOIN agency AS clock ON clock.id = clock_agency_id ORDER BY dossier.id
"""
_SYNC = """
    SELECT max(state) AS state FROM delivery
    WHERE dossier_id = :id AND partner = 'national_portal' AND seq = 1
"""


def _case(office: Province, row: Row) -> Case:
    def of(table: str, more: str = "") -> list[Row]:
        found = office.rows(f"SELECT * FROM {table} WHERE dossier_id = :id{more}", id=row["id"])
        return list(found)

    events = of("dossier_event", " ORDER BY seq")
    return Case(
        row,
        events,
        of("payment"),
        of("dossier_component", " ORDER BY n"),
        len(of("document", " AND kind = 'result'")),
        office.rows(_SYNC, id=row["id"])[0]["state"],
        _counted_due(office, row, events),
    )


def _counted_due(office: Province, row: Row, events: list[Row]) -> datetime | None:
    if row["accepted_at"] is None or not any(e["act"] == "request_payment" for e in events):
        due_at: datetime | None = row["due_at"]
        return due_at
    with acting(office.desk.engine, SYSTEM) as tx:
        version = office.desk.references.catalogue(tx).offered[row["procedure_version_id"]].version
        calendar = office.desk.references.calendar(tx, row["clock_agency"] or row["agency"])
    stood = []
    for event in events:
        if event["act"] == "request_supplement":
            stood.append(Stop(event["occurred_at"], None, ""))
        elif event["act"] != "move" and stood and stood[-1].end is None:
            stood[-1] = Stop(stood[-1].start, event["occurred_at"], "")
    given = row["extension"]
    more = TimeLimit(given["count"], LimitUnit(given["unit"])) if given else None
    ended = [stop for stop in stood if stop.end is not None]
    return due(version.limit, row["accepted_at"], ended, calendar, more).due_at


def running(
    known: Iterable[Case], period: Period, now: datetime, agency: str | None = None
) -> Counter[str]:
    """Count the running figures of a period, looked at no later than now, of all or one agency."""
    begin, end = end_of(period.first - timedelta(days=1)), end_of(period.last)
    looked_at = min(end, now + _BLINK)
    found: Counter[str] = Counter()
    for case in known:
        had = agency in {None, case.owner(begin)}
        has = agency in {None, case.owner(end)}
        found["opening"] += had and case.is_open(begin)
        came = period.first <= case.received_on <= period.last
        found["received"] += came and agency in {None, case.received_by}
        found["open"] += has and case.is_open(end)
        found["overdue"] += has and case.is_overdue(looked_at) and case.is_open(end)
        found["waiting_supplement"] += has and case.waits(end, "request_supplement", "supplement")
        found["waiting_payment"] += has and case.waits(end, "request_payment", "settle")
        found["returned"] += sum(
            begin <= at < end and agency in {None, case.owner(at)}
            for at in case.at("return_result")
        )
        if case.ended and begin <= case.ended < end and agency in {None, case.owner(case.ended)}:
            found[_timing(case)] += 1
            found["closed"] += 1
        found.update(_moved(case, begin, end, agency))
    found["in_time"] = found["open"] - found["overdue"]
    return found


def _moved(case: Case, begin: datetime, end: datetime, agency: str | None) -> Counter[str]:
    """Count what changed hands while it was open."""
    found: Counter[str] = Counter()
    for move in case.moves:
        at, told = move["occurred_at"], move["details"]
        if begin <= at < end and (case.ended is None or at <= case.ended):
            found["moved_out"] += agency in {None, told["from_owner"]}
            found["moved_in"] += agency in {None, told["to_owner"]}
    return found


def _timing(case: Case) -> str:
    if case.outcome != "resolved" or case.ended is None:
        return str(case.outcome)
    due = case.row["due_at"]
    if local(case.ended) < local(due):
        return "resolved_early"
    return "resolved_on_time" if minute(case.ended) <= due else "resolved_late"


def steering(
    known: Iterable[Case], period: Period, now: datetime, agency: str | None = None
) -> dict[str, tuple[int, int]]:
    """Count numerator and denominator of the index's figures about dossiers."""
    found: dict[str, list[int]] = {}

    def count(figure: str, *, is_in: bool, is_done: bool) -> None:
        numbers = found.setdefault(figure, [0, 0])
        numbers[0] += is_in and is_done
        numbers[1] += is_in

    looked_at = min(end_of(period.last), now + _BLINK)
    for case in known:
        came = period.first <= case.received_on <= period.last
        mine = agency in {None, case.received_by}
        done = case.handled
        handled = (
            done is not None
            and period.first <= local(done) <= period.last
            and agency in {None, case.owner(done)}
        )
        count("2.1", is_in=mine if came else handled, is_done=not case.is_late(looked_at))
        for figure, (is_in, is_done) in _of_receipt(case).items():
            count(figure, is_in=came and mine and is_in, is_done=is_done)
    return {figure: (done, every) for figure, (done, every) in found.items()}


def _of_receipt(case: Case) -> dict[str, tuple[bool, bool]]:
    row = case.row
    paper = PAPER[row["procedure"], row["procedure_version"]]
    has_result = case.results > 0
    latest = {part["component"]: part["document_id"] for part in case.parts}
    files = bool(latest) and None not in latest.values()
    is_paid = any(p["method"] == "platform" and p["status"] == "paid" for p in case.payments)
    is_due = any(fee["amount_vnd"] for fee in row["fees"])
    online = row["channel"] == "online"
    return {
        "1.4": (True, case.sync == "acknowledged"),
        "3.3": (True, online and (has_result or not paper)),
        "3.3b": (True, row["channel"] == "desk"),
        "3.3c": (True, row["channel"] == "post"),
        "3.6": (is_due, is_paid),
        "4.1": (paper, has_result),
        "4.2": (True, files and (has_result or not paper)),
        "4.5": (True, row["is_verified"] == 1),
    }
