"""A second clock, written to be obviously right rather than fast: it walks minute by minute.

It shares no code with the real one and knows an office only as plain numbers, from which the real
calendar is built beside it.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.calendar import Calendar, DayKind, DayRule, OfficeHours
from app.domain.deadlines import LimitUnit, Stop, TimeLimit

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

NEVER = datetime(2099, 1, 1, tzinfo=HANOI)

Spans = tuple[tuple[int, int], ...]
Standing = tuple[datetime, datetime]


@dataclass(frozen=True)
class Office:
    """Open spans of each weekday in minutes since midnight, and of days that differ."""

    week: tuple[Spans, ...]
    special: dict[date, Spans | str]  # "off", "worked", or the day's own spans

    @property
    def full_day(self) -> int:
        return max(_length(spans) for spans in self.week)

    def spans(self, day: date) -> Spans:
        rule = self.special.get(day)
        if rule == "off":
            return ()
        if rule == "worked":
            return next(spans for spans in self.week if _length(spans) == self.full_day)
        return rule if isinstance(rule, tuple) else self.week[day.weekday()]

    def is_open(self, minute: datetime) -> bool:
        at = minute.hour * 60 + minute.minute
        return any(opens <= at < closes for opens, closes in self.spans(minute.date()))

    def calendar(self) -> Calendar:
        hours = {n: [_times(s) for s in spans] for n, spans in enumerate(self.week, 1)}
        return Calendar(
            OfficeHours.by_weekday(hours), {day: _rule(r) for day, r in self.special.items()}
        )


def _length(spans: Spans) -> int:
    return sum(closes - opens for opens, closes in spans)


def _times(span: tuple[int, int]) -> tuple[time, time]:
    opens, closes = span
    return time(opens // 60, opens % 60), time(closes // 60, closes % 60)


def _rule(rule: Spans | str) -> DayRule:
    if isinstance(rule, tuple):
        return DayRule(DayKind.HOURS, hours=tuple(_times(span) for span in rule))
    return DayRule(DayKind(rule), name=f"ngày {rule}")


def to_the_minute(instant: datetime) -> datetime:
    return instant.astimezone(HANOI).replace(second=0, microsecond=0)


def model_due(
    office: Office,
    limit: TimeLimit,
    accepted_at: datetime,
    stops: list[Stop],
    extension: TimeLimit | None = None,
) -> datetime | None:
    """Walk to the due instant; None where the clock stands before it."""
    standing = [
        (to_the_minute(stop.start), NEVER if stop.end is None else to_the_minute(stop.end))
        for stop in stops
    ]
    working = {LimitUnit.WORKING_DAYS, LimitUnit.WORKING_HOURS}
    terms = [[limit]]
    if extension is not None:
        if (extension.unit in working) == (limit.unit in working):
            terms[0].append(extension)
        else:
            terms.append([extension])
    now: datetime | None = to_the_minute(accepted_at)
    for term in terms:
        if now is None:
            return None
        walk = walk_minutes if term[0].unit in working else walk_days
        now = walk(office, term, now, standing)
    return now


def walk_minutes(
    office: Office, term: list[TimeLimit], now: datetime, standing: list[Standing]
) -> datetime | None:
    left = sum(
        limit.count * (office.full_day if limit.unit is LimitUnit.WORKING_DAYS else 60)
        for limit in term
    )
    while left:
        stops = [(start, end) for start, end in standing if start <= now < end]
        if any(end is NEVER for _, end in stops):
            return None
        if not stops and office.is_open(now):
            left -= 1
        now += MINUTE
    return now


def walk_days(
    office: Office, term: list[TimeLimit], began: datetime, standing: list[Standing]
) -> datetime | None:
    """Walk from close to close: the first at which all days are counted and no stop reaches."""
    now = began
    while any(start <= now < end and end is not NEVER for start, end in standing):
        now += MINUTE
    target = now.date()
    for limit in term:
        target = _later(target, limit)
    left = (target - now.date()).days
    day = began.date()
    while True:
        close = _close(office, day)
        stopped = close is not None and any(start < close <= end for start, end in standing)
        if left == 0 and close is not None and close > began and not stopped:
            return close
        day += DAY
        midnight = datetime.combine(day, time(), HANOI)
        if any(start < midnight and end is NEVER for start, end in standing):
            return None
        skipped = any(start.date() < day <= end.date() for start, end in standing)
        if day > now.date() and not skipped:
            left = max(0, left - 1)


def _close(office: Office, day: date) -> datetime | None:
    spans = office.spans(day)
    return datetime.combine(day, time(), HANOI) + MINUTE * spans[-1][1] if spans else None


def _later(day: date, limit: TimeLimit) -> date:
    if limit.unit is LimitUnit.CALENDAR_DAYS:
        return day + DAY * limit.count
    wanted = day.day
    for _ in range(limit.count):
        day = day.replace(day=1) + DAY * 31
    while True:
        try:
            return day.replace(day=wanted)
        except ValueError:
            wanted -= 1
