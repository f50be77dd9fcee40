"""Dossiers as rows with all that hangs on them, for whoever counts figures the slow way.

Nothing here knows of points, sums or facts: what a dossier is, is read from its own rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, Protocol

from app.db.access import acting
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.deadlines import Stop, due
from app.domain.time_limits import LimitUnit, TimeLimit
from app.services.desk import Desk
from tests.builders import Given

Row = Mapping[str, Any]


class Province(Protocol):
    """Whatever opens a database for a test: an office, a bureau, a ministry."""

    @property
    def desk(self) -> Desk: ...

    def rows(self, query: str, **values: Given) -> Sequence[Row]: ...


ENDS = {"resolved", "refused", "withdrawn", "stopped"}


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
