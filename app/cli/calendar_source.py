"""Where the commands take an office's calendar from."""

from importlib.resources import files

from app.domain.calendar import Calendar
from app.domain.calendar_csv import EVERY_AGENCY, calendar_from_csv

SEEDED = "lịch ban đầu kèm theo hệ thống (ngày nghỉ 2020-2027)"


def load(agency: str = EVERY_AGENCY) -> tuple[Calendar, str]:
    """Return the calendar of an agency and where it is from, in words for the reader."""
    seeds = files("app.seeds")
    days, hours = (
        (seeds / name).read_text(encoding="utf-8") for name in ("calendar.csv", "office_hours.csv")
    )
    return calendar_from_csv(days, hours, agency), SEEDED
