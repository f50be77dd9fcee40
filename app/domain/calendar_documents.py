"""Changes of the calendar as documents: how they are kept, sent and written in files."""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from app.domain.calendar_book import CalendarChange, DayEntry, EntryKind, HoursEntry
from app.domain.office_hours import Interval


def as_document(change: CalendarChange) -> dict[str, Any]:
    """Return a change as JSON values; `change_of` reads it back."""
    return {
        "source": change.source,
        "reason": change.reason,
        "days": [
            {
                "agency": entry.agency,
                "day": entry.day.isoformat(),
                "kind": str(entry.kind),
                "name": entry.name,
                "hours": written(entry.hours) or None,
                "source": entry.source,
            }
            for entry in change.days
        ],
        "hours": [
            {
                "agency": entry.agency,
                "valid_from": entry.valid_from.isoformat(),
                "week": None
                if entry.week is None
                else {str(day): written(hours) for day, hours in sorted(entry.week.items())},
            }
            for entry in change.hours
        ],
    }


def change_of(document: Mapping[str, Any]) -> CalendarChange:
    """Read a change back from its document."""
    return CalendarChange(
        document["source"],
        document["reason"],
        tuple(
            DayEntry(
                entry["agency"],
                date.fromisoformat(entry["day"]),
                EntryKind(entry["kind"]),
                entry["name"],
                intervals(entry["hours"]),
                entry["source"],
            )
            for entry in document["days"]
        ),
        tuple(
            HoursEntry(entry["agency"], date.fromisoformat(entry["valid_from"]), week_of(entry))
            for entry in document["hours"]
        ),
    )


def week_of(entry: Mapping[str, Any]) -> dict[int, tuple[Interval, ...]] | None:
    week = entry["week"]
    return None if week is None else {int(day): intervals(text) for day, text in week.items()}


def intervals(text: str | None) -> tuple[Interval, ...]:
    """Read `07:30-11:30 13:00-15:00`; ValueError for what is not so written."""
    found: list[Interval] = []
    for part in (text or "").split():
        opens, _, closes = part.partition("-")
        found.append((time.fromisoformat(opens), time.fromisoformat(closes)))
    return tuple(found)


def written(hours: tuple[Interval, ...]) -> str:
    return " ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in hours)
