"""Figures counted the slow way: plain Python over the rows of every dossier, one after the other.

Nothing here knows of points, sums or facts: each figure is the sentence of its definition, asked
of each dossier as it stood at the end of the period, with all that is known of it now.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, Protocol

from app.db.access import acting
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE, Calendar
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
    spent: int | None  # handling time once it ended
    unit: LimitUnit
    is_reused: bool
    is_displeased: bool

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
    limit, calendar = _clock(office, row)
    return Case(
        row,
        events,
        of("payment"),
        of("dossier_component", " ORDER BY n"),
        len(of("document", " AND kind = 'result'")),
        office.rows(_SYNC, id=row["id"])[0]["state"],
        _counted_due(row, events, limit, calendar),
        _spent(events, limit, calendar),
        limit.unit,
        any(office.rows(_REUSED, id=row["id"])),
        _is_displeased(office, row),
    )


_REUSED = """
    SELECT 1 FROM dossier_component AS part JOIN document AS file ON file.id = part.document_id
    JOIN dossier AS own ON own.id = part.dossier_id
    WHERE own.id = :id AND (
        file.owner_id LIKE 'receptionist@%' OR file.sha256 IN (
            SELECT other.sha256 FROM dossier_component AS earlier
            JOIN document AS other ON other.id = earlier.document_id
            JOIN dossier AS its ON its.id = earlier.dossier_id
            WHERE its.id <> own.id AND its.applicant_number = own.applicant_number
                AND earlier.added_at < part.added_at))
"""


def _is_displeased(office: Province, row: Row) -> bool:
    complaints = office.rows(
        "SELECT status FROM petition WHERE dossier_id = :id AND kind = 'complaint'", id=row["id"]
    )
    ratings = office.rows(
        "SELECT score FROM rating WHERE dossier_id = :id ORDER BY version", id=row["id"]
    )
    stands = any(row["status"] not in {"refused", "withdrawn"} for row in complaints)
    return stands or bool(ratings and ratings[-1]["score"] in {1, 2})


def _clock(office: Province, row: Row) -> tuple[TimeLimit, Calendar]:
    with acting(office.desk.engine, SYSTEM) as tx:
        version = office.desk.references.catalogue(tx).offered[row["procedure_version_id"]].version
        calendar = office.desk.references.calendar(tx, row["clock_agency"] or row["agency"])
    return version.limit, calendar


def _spent(events: list[Row], limit: TimeLimit, calendar: Calendar) -> int | None:
    """Count what lay between acceptance and end, minute by minute or day by day."""
    begin = next((e["occurred_at"] for e in events if e["act"] in {"accept", "take_in"}), None)
    end = next((e["occurred_at"] for e in events if e["target"] in ENDS), None)
    if begin is None or end is None:
        return None

    def passed(start: datetime, stop: datetime) -> int:
        if limit.unit.is_working_time:
            return calendar.minutes_between(start, stop)
        return (local(stop) - local(start)).days

    spent = passed(begin, end)
    for n, event in enumerate(events):
        if event["act"] == "request_supplement":
            after = next(later for later in [*events[n + 1 :], event] if later["act"] != "move")
            stop = end if after is event else after["occurred_at"]
            spent -= passed(max(begin, event["occurred_at"]), max(begin, stop))
    if limit.unit is LimitUnit.WORKING_DAYS:
        full_day = calendar.hours_on(local(begin)).full_day_minutes
        return int(Fraction(spent * 480, full_day) + Fraction(1, 2))
    return spent


def _counted_due(
    row: Row, events: list[Row], limit: TimeLimit, calendar: Calendar
) -> datetime | None:
    if row["accepted_at"] is None or not any(e["act"] == "request_payment" for e in events):
        due_at: datetime | None = row["due_at"]
        return due_at
    stood = []
    for event in events:
        if event["act"] == "request_supplement":
            stood.append(Stop(event["occurred_at"], None, ""))
        elif event["act"] != "move" and stood and stood[-1].end is None:
            stood[-1] = Stop(stood[-1].start, event["occurred_at"], "")
    given = row["extension"]
    more = TimeLimit(given["count"], LimitUnit(given["unit"])) if given else None
    ended = [stop for stop in stood if stop.end is not None]
    return due(limit, row["accepted_at"], ended, calendar, more).due_at


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
        found.update(_answered(case, begin, end, agency))
    found["in_time"] = found["open"] - found["overdue"]
    return found


def _answered(case: Case, begin: datetime, end: datetime, agency: str | None) -> Counter[str]:
    """Count the first answer to what was handed in online."""
    at = next(
        (
            e["occurred_at"]
            for e in case.events
            if e["source"] == "registered"
            and e["act"] in {"accept", "refuse", "request_supplement"}
        ),
        None,
    )
    if at is None or not begin <= at < end or agency not in {None, case.owner(at)}:
        return Counter()
    is_late = minute(at) > case.row["answer_due_at"]
    return Counter(answered=1, answered_late=is_late, answered_in_time=not is_late)


def late_by_days(
    known: Iterable[Case], period: Period, now: datetime, calendar: Calendar
) -> dict[str, Counter[int]]:
    """Count what was resolved late in a period, and what is overdue at its end, by working days."""
    begin, end = end_of(period.first - timedelta(days=1)), end_of(period.last)
    looked_at = min(end, now + _BLINK)
    found: dict[str, Counter[int]] = {"resolved": Counter(), "open": Counter()}
    for case in known:
        ended, due_at = case.ended, case.row["due_at"]
        if ended and begin <= ended < end and _timing(case) == "resolved_late":
            found["resolved"][_days_late(due_at, ended, calendar)] += 1
        if case.is_overdue(looked_at) and case.is_open(end):
            stood = case.ended or case.asked_without_answer
            if case.row["status"] == "payment_requested":
                stood = case.at("request_payment")[-1]
            at = min(looked_at, stood or looked_at)
            found["open"][_days_late(due_at, at, calendar)] += 1
    return found


def _days_late(due_at: datetime, at: datetime, calendar: Calendar) -> int:
    full_day = calendar.hours_on(local(due_at)).full_day_minutes
    return max(1, -(-calendar.minutes_between(due_at, at) // full_day))


def by_officer(known: Iterable[Case]) -> dict[str | None, list[Case]]:
    """Give each dossier to the officer who had it in hand last."""
    found: dict[str | None, list[Case]] = {}
    for case in known:
        officers = [e["actor_id"] for e in case.events if e["actor_role"] == "officer"]
        found.setdefault(officers[-1] if officers else None, []).append(case)
    return found


def petitions(office: Province, period: Period) -> tuple[int, int]:
    """Count figure 5.2: petitions answered within 15 working days, and those due in a period."""
    due = in_time = 0
    for row in office.rows("SELECT * FROM petition"):
        if row["status"] in {"refused", "withdrawn"} or row["due_at"] is None:
            continue
        if period.first <= local(row["due_at"]) <= period.last:
            due += 1
            in_time += (
                row["answered_at"] is not None and minute(row["answered_at"]) <= row["due_at"]
            )
    return in_time, due


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
        is_in, in_time = mine if came else handled, not case.is_late(looked_at)
        count("2.1", is_in=is_in, is_done=in_time)
        count("5.4", is_in=is_in, is_done=in_time)
        found["5.4"][0] -= is_in and case.is_displeased
        for figure in ("2.2", "2.2b"):
            is_mean = case.unit.is_working_time == (figure == "2.2") and case.spent is not None
            count(figure, is_in=came and mine and is_mean, is_done=False)
            found[figure][0] += (case.spent or 0) if came and mine and is_mean else 0
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
        "4.3": (True, case.is_reused),
        "4.5": (True, row["is_verified"] == 1),
    }
