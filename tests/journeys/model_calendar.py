"""The model's calendar: what an administrator entered, and what cannot be entered."""

import csv
from datetime import date
from pathlib import Path

import app.seeds
from tests.journeys.model_clock import USUAL, Office, Spans, length, spans_of

EVERYBODY = "*"
OFF: Spans = ()
WEEK: tuple[Spans, ...] = (*(USUAL,) * 5, OFF, OFF)


class Calendar:
    """Days that differ, by whom they concern; begins with the holidays of the seeds."""

    def __init__(self) -> None:
        self.revision = 0
        self._weeks: dict[str, tuple[Spans, ...]] = {}
        self._days: dict[str, dict[date, tuple[str, Spans]]] = {EVERYBODY: {}}
        self._offices: dict[str, Office] = {}
        data = Path(app.seeds.__file__).with_name("calendar.csv")
        with data.open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                self.put(EVERYBODY, date.fromisoformat(row["day"]), row["kind"], None)

    def office(self, agency: str) -> Office:
        """Return an office with its own days, where it has any, over those of everybody."""
        if agency not in self._offices:
            days = self._days[EVERYBODY] | self._days.get(agency, {})
            spans = {day: spans for day, (_, spans) in days.items()}
            self._offices[agency] = Office(self._weeks.get(agency, WEEK), spans)
        return self._offices[agency]

    def keep_hours(self, agency: str, week: tuple[Spans, ...]) -> None:
        self._weeks[agency] = week
        self._offices.clear()

    def put(self, agency: str, day: date, kind: str, hours: str | None) -> None:
        """Enter a day, or with `usual` take it out again."""
        own = self._days.setdefault(agency, {})
        own.pop(day, None)
        if kind != "usual":
            own[day] = (kind, spans_of(hours) if hours else self._full_day(agency, kind))
        self._offices.clear()
        self.revision += 1

    def _full_day(self, agency: str, kind: str) -> Spans:
        week = self._weeks.get(agency, WEEK)
        return max(week, key=length) if kind == "worked" else OFF

    def refuses(self, agency: str, day: date, kind: str) -> bool:
        """Say whether a day contradicts what is known, or changes nothing."""
        own = self._days.get(agency, {}).get(day)
        if kind == "usual":
            return own is None
        if own is not None and (own[0] == "off") != (kind == "off"):
            return True
        if kind == "off":
            return agency == EVERYBODY and any(
                days[day][0] != "off"
                for office, days in self._days.items()
                if office != EVERYBODY and day in days
            )
        everybody = self._days[EVERYBODY].get(day)
        if agency != EVERYBODY and everybody is not None and everybody[0] == "off":
            return True
        week = self._weeks.get(agency, WEEK)
        return kind == "worked" and week[day.weekday()] == max(week, key=length)
