"""The model's clock: working time as one byte a minute, walked through minute by minute.

Written from the rules of the field alone; nothing of the application's domain is used. Instants
are whole minutes since the first of January 2026, in local time.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

BASE = datetime(2026, 1, 1)  # noqa: DTZ001  (local: all of the model's minutes count from here)
DAYS = 1100
DAY = 1440
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
AHEAD_OF_UTC = timedelta(hours=7)

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Open minutes of a day, from and to."""

Limit: TypeAlias = tuple[int, str]
"""A number and its unit."""

Stops: TypeAlias = tuple[tuple[int, int], ...]
"""When the clock stood, each from and to; one that still stands is not among them."""

USUAL: Spans = ((450, 690), (780, 1020))
WORKING = {"working_days", "working_hours"}


def minute_of(instant: datetime) -> int:
    """Return the local minute in which an aware instant lies."""
    local = instant.astimezone(UTC).replace(tzinfo=None) + AHEAD_OF_UTC
    return int((local - BASE).total_seconds()) // 60


def instant_of(minute: int) -> datetime:
    return (BASE + timedelta(minutes=minute)).replace(tzinfo=HANOI)


def day_of(minute: int) -> date:
    return (BASE + timedelta(minutes=minute)).date()


def midnight(day: date) -> int:
    return (day - BASE.date()).days * DAY


def spans_of(text: str) -> Spans:
    """Read hours as the calendar's data writes them: `07:30-11:30 13:00-17:00`."""

    def minute(clock: str) -> int:
        at = time.fromisoformat(clock)
        return at.hour * 60 + at.minute

    pairs = (part.split("-") for part in text.split())
    return tuple((minute(opens), minute(closes)) for opens, closes in pairs)


def length(spans: Spans) -> int:
    return sum(closes - opens for opens, closes in spans)


class Office:
    """Working time of one office: its week, Monday first, and the days that differ."""

    def __init__(self, week: Sequence[Spans], days: Mapping[date, Spans]) -> None:
        self.full_day = max(length(spans) for spans in week)
        self._week, self._days = tuple(week), dict(days)
        self._open = b"".join(
            _minutes(self.spans(BASE.date() + timedelta(days=n))) for n in range(DAYS)
        )
        self.due = cache(self._due)

    def spans(self, day: date) -> Spans:
        return self._days.get(day, self._week[day.weekday()])

    def between(self, start: int, end: int) -> int:
        """Count the open minutes from one to the other, negative if the end is the earlier."""
        if end < start:
            return -self._open.count(1, end, start)
        return self._open.count(1, start, end)

    def next_open(self, minute: int) -> int:
        """Return the first open minute that is not before."""
        return self._open.index(1, minute)

    def after(self, start: int, minutes: int, stops: Stops = ()) -> int:
        """Return the end of the last of so many open minutes outside the stops."""
        at = start
        while minutes:
            at = self.next_open(at)
            stopped = [end for begin, end in stops if begin <= at < end]
            if stopped:
                at = stopped[0]
                continue
            minutes -= 1
            at += 1
        return at

    def working_day_from(self, day: date) -> date:
        """Return the first working day that is not before."""
        return day_of(self.next_open(midnight(day)))

    def hand_on_from(self, minute: int) -> int:
        """Say from when what is received has to be handed on; after 15:00, the next day."""
        if minute % DAY > 15 * 60:
            return self.next_open(midnight(day_of(minute) + timedelta(days=1)))
        return self.next_open(minute)

    def _due(self, limit: Limit, start: int, stops: Stops, extension: Limit | None) -> int:
        """Return when a result is due; an extension of another kind begins where the first ends."""
        terms: list[list[Limit]] = [[limit]]
        if extension is not None:
            is_same = (extension[1] in WORKING) == (limit[1] in WORKING)
            terms = [[limit, extension]] if is_same else [[limit], [extension]]
        for term in terms:
            walk = self._budget if term[0][1] in WORKING else self._count_days
            start = walk(term, start, stops)
        return start

    def _budget(self, term: Sequence[Limit], start: int, stops: Stops) -> int:
        worth = {"working_days": self.full_day, "working_hours": 60}
        return self.after(start, sum(count * worth[unit] for count, unit in term), stops)

    def _count_days(self, term: Sequence[Limit], start: int, stops: Stops) -> int:
        """Count days of the year: the first is not counted, nor those on which the clock stood."""
        for begin, end in stops:
            if begin <= start < end:
                start = end  # it begins only when the clock goes on
        day = target = day_of(start)
        for count, unit in term:
            target = _later(target, count, unit)
        left = (target - day).days
        later = [(begin, end) for begin, end in stops if begin >= start]
        while True:
            spans = self.spans(day)
            close = midnight(day) + spans[-1][1] if spans else 0
            stands = any(begin < close <= end for begin, end in later)
            if not left and close > start and not stands:
                return close
            day += timedelta(days=1)
            if not any(day_of(begin) < day <= day_of(end) for begin, end in later):
                left = max(0, left - 1)


@cache
def _minutes(spans: Spans) -> bytes:
    return bytes(any(opens <= at < closes for opens, closes in spans) for at in range(DAY))


def _later(day: date, count: int, unit: str) -> date:
    if unit == "calendar_days":
        return day + timedelta(days=count)
    wanted = day.day
    for _ in range(count):
        day = day.replace(day=1) + timedelta(days=31)
    while True:
        try:
            return day.replace(day=wanted)
        except ValueError:
            wanted -= 1
