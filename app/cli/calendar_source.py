"""Where the commands take an office's calendar from."""

import os
from pathlib import Path

from app.domain.calendar import Calendar
from app.domain.calendar_csv import EVERY_AGENCY, calendar_from_csv

SEEDED = "lịch ban đầu kèm theo hệ thống (ngày nghỉ 2020-2027)"
KEPT = "lịch của tỉnh trong cơ sở dữ liệu"


def load(agency: str = EVERY_AGENCY) -> tuple[Calendar, str]:
    """Return the calendar of an agency and where it is from, in words for the reader.

    The province's own calendar if there is a database, else the one that new databases get.
    """
    if _has_database():
        return _kept(agency), KEPT
    from app import seeds  # noqa: PLC0415  (not needed beside a database)

    texts = seeds.read_text("calendar.csv"), seeds.read_text("office_hours.csv")
    return calendar_from_csv(*texts, agency), SEEDED


def _has_database() -> bool:
    # Read without the settings module, whose import takes longer than the answer.
    folder = Path(os.environ.get("APP_DATA_DIR", ".motcua"))
    return "APP_DATABASE_URL" in os.environ or (folder / "postgres" / "PG_VERSION").exists()


def _kept(agency: str) -> Calendar:
    from app.cli.database import owner_engine  # noqa: PLC0415  (slow to import)
    from app.db.reference import read_calendars  # noqa: PLC0415

    with owner_engine() as (_, engine), engine.connect() as db:
        calendars = read_calendars(db)
    return calendars.get(agency, calendars[EVERY_AGENCY])
