"""HTTP face of the calendar: public to read."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from app.api.dependencies import CurrentDesk, Now
from app.api.problems import responses
from app.api.text import Office
from app.domain.calendar import LOCAL_ZONE
from app.domain.calendar_documents import written
from app.domain.office_hours import EVERY_AGENCY, DayKind
from app.services import calendar_reading

router = APIRouter(prefix="/v1/calendar", tags=["calendar"])


class Day(BaseModel):
    day: date
    kind: DayKind
    name: str
    source: str
    hours: str | None
    own: bool = Field(description="Of this office alone")
    entered_at: datetime | None
    entered_by: str | None


class WeekView(BaseModel):
    valid_from: date
    week: dict[str, str] = Field(examples=[{"1": "07:30-11:30 13:00-17:00"}])


class Year(BaseModel):
    """An office's working time in a year."""

    year: int
    agency: str
    revision: int = Field(description="Also the ETag; raised by every change")
    hours: list[WeekView] = Field(description="Giờ làm việc, each from a date on")
    hours_now: dict[str, str] = Field(description="Those in force on the day asked for")
    days: list[Day] = Field(description="Ngày nghỉ, ngày làm bù, ngày có giờ riêng")
    working_days: int
    working_minutes: int


@router.get(
    "",
    summary="An office's year (lịch làm việc của một cơ quan)",
    responses=responses(calendar_reading.UnknownOffice, is_public=True),
)
def read_year(
    desk: CurrentDesk,
    now: Now,
    response: Response,
    year: Annotated[int | None, Query(ge=1990, le=2100)] = None,
    agency: Annotated[Office, Query()] = EVERY_AGENCY,
    on: Annotated[date | None, Query(description="Office hours as of this day")] = None,
    known_at: Annotated[AwareDatetime | None, Query(description="As known at this instant")] = None,
) -> Year:
    day = on or now.astimezone(LOCAL_ZONE).date()
    asked = year or day.year
    found = calendar_reading.year_of(desk, asked, agency=agency, known_at=known_at)
    response.headers["ETag"] = f'"{found.revision}"'
    weeks = {since: _week(hours.week) for since, hours in found.hours}
    before = [since for since in weeks if since <= day]
    return Year(
        year=asked,
        agency=agency,
        revision=found.revision,
        hours=[WeekView(valid_from=since, week=week) for since, week in weeks.items()],
        hours_now=weeks[max(before)] if before else weeks[min(weeks)],
        days=[
            Day(
                day=known.day,
                kind=known.rule.kind,
                name=known.rule.name,
                source=known.rule.source,
                hours=written(known.rule.hours) or None,
                own=known.is_own,
                entered_at=known.entered_at,
                entered_by=known.entered_by,
            )
            for known in found.days
        ],
        working_days=found.working_days,
        working_minutes=found.working_minutes,
    )


def _week(week: Any) -> dict[str, str]:  # noqa: ANN401  (intervals of seven days)
    return {str(day): written(hours) for day, hours in enumerate(week, 1) if hours}
