"""HTTP face of changes of the calendar: entered by administrators of the province."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, MaybeOnce, MaybeVersion, Now
from app.api.problems import responses
from app.api.text import Line, Office, Paragraph
from app.domain.actor import Actor
from app.domain.calendar_book import CalendarChange, DayEntry, EntryKind, HoursEntry
from app.domain.calendar_documents import intervals
from app.domain.calendar_faults import CalendarChangeFaulty
from app.domain.lifecycle import Status
from app.domain.office_hours import EVERY_AGENCY
from app.domain.once import InFlight, KeyReused
from app.services import calendar_reading, calendars
from app.services.desk import Desk

router = APIRouter(prefix="/v1/calendar/changes", tags=["calendar"])

Hours = Annotated[
    str,
    StringConstraints(
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d"
        r"( ([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d){0,9}$"
    ),
    Field(examples=["07:30-11:30 13:00-17:00"]),
]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DayForm(_Form):
    """A day that differs from its week, or (`usual`) no longer does."""

    agency: Office = EVERY_AGENCY
    day: date
    kind: EntryKind = Field(description="off: nghỉ; worked: làm bù; hours: giờ riêng; usual: gỡ bỏ")
    name: Line | None = Field(None, examples=["Nghỉ hoán đổi Tết Dương lịch"])
    hours: Hours | None = Field(None, description="Of kind `hours`")
    source: Line | None = Field(None, description="If not the document of the change")

    def entry(self) -> DayEntry:
        return DayEntry(
            self.agency, self.day, self.kind, self.name or "", intervals(self.hours), self.source
        )


class HoursForm(_Form):
    """Office hours of a week, from a date on; without a week those of that date are withdrawn."""

    agency: Office = EVERY_AGENCY
    valid_from: date
    week: dict[Literal["1", "2", "3", "4", "5", "6", "7"], Hours] | None = Field(
        None, description="By ISO weekday, 1 Monday to 7 Sunday; others are closed"
    )

    def entry(self) -> HoursEntry:
        week = (
            None
            if self.week is None
            else {int(day): tuple(sorted(intervals(text))) for day, text in self.week.items()}
        )
        return HoursEntry(self.agency, self.valid_from, week)


class ChangeForm(_Form):
    """A change of the calendar, with the document that says so."""

    source: Line = Field(examples=["Công văn số 01/MAU"])
    reason: Paragraph | None = Field(None, description="Needed where a past day is changed")
    days: list[DayForm] = Field(default=[], max_length=1000)
    hours: list[HoursForm] = Field(default=[], max_length=100)

    def change(self) -> CalendarChange:
        return CalendarChange(
            self.source,
            self.reason,
            tuple(day.entry() for day in self.days),
            tuple(hours.entry() for hours in self.hours),
        )


class Move(BaseModel):
    """An open dossier's instant before and after a change; what was promised stays."""

    code: str
    agency: str
    procedure: str
    status: Status = Field(description="As it is now")
    what: Literal["due", "answer"] = Field(description="Hẹn trả, or the first answer")
    before: datetime
    after: datetime
    promised_at: datetime | None = Field(description="As printed on the receipt; never changed")


class PreviewView(BaseModel):
    """What a change would move."""

    revision: int = Field(description="Send it as If-Match to enter exactly this")
    count: int
    summary: str = Field(examples=["37 hồ sơ thay đổi hạn"])
    by_agency: dict[str, int]
    items: list[Move]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class Change(BaseModel):
    """A change as it was entered."""

    id: int
    revision: int
    entered_at: datetime
    entered_by: str
    source: str
    reason: str | None
    days: list[dict[str, Any]]
    hours: list[dict[str, Any]]


class ChangeDetail(Change):
    moved: int = Field(description="Instants that it moved so far")
    left: int = Field(description="Open dossiers still to be looked at; 1000 means or more")


class Changes(BaseModel):
    items: list[Change]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class RecordedMove(Move):
    moved_at: datetime


class Moves(BaseModel):
    items: list[RecordedMove]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class _Preview:
    """Whether a change is only looked at, and which page of it."""

    def __init__(
        self,
        after: AfterNumber,
        *,
        preview: Annotated[bool, Query(description="Say what would move, write nothing")] = False,
        limit: Limit = 50,
    ) -> None:
        self.is_wanted, self.after, self.limit = preview, after, limit


@router.post(
    "",
    status_code=201,
    summary="Enter or preview a change (sửa lịch, xem trước)",
    description="With `preview=true` nothing is written: the answer (200) says what would move.",
    response_model=Change,
    responses={
        **responses(
            CursorRefused,
            calendars.CalendarRefused,
            InFlight,
            calendars.CalendarStale,
            CalendarChangeFaulty,
            KeyReused,
        ),
        200: {"model": PreviewView, "description": "What the change would move"},
    },
)
def enter_change(
    form: ChangeForm,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
    version: MaybeVersion,
    preview: Annotated[_Preview, Depends()],
) -> Response:
    if preview.is_wanted:
        return _previewed(desk, form.change(), preview, actor, now)
    entered = calendars.enter(
        desk, form.change(), actor=actor, now=now, once=once, seen_revision=version
    )
    place = {
        "Location": f"/v1/calendar/changes/{entered['id']}",
        "ETag": f'"{entered["revision"]}"',
    }
    return JSONResponse(Change(**entered).model_dump(mode="json"), 201, place)


def _previewed(
    desk: Desk, change: CalendarChange, asked: _Preview, actor: Actor, now: datetime
) -> Response:
    seen = calendars.preview(
        desk, change, actor=actor, now=now, after=asked.after, limit=asked.limit
    )
    response = Response(media_type="application/json", headers={"ETag": f'"{seen.revision}"'})
    place = None if seen.next is None else (seen.next,)
    query = {"preview": "true", "limit": asked.limit}
    body = PreviewView(
        revision=seen.revision,
        count=seen.count,
        summary=f"{seen.count} hồ sơ thay đổi hạn",
        by_agency=dict(seen.by_agency),
        items=[Move(**item) for item in seen.page],
        next=link_to_next(response, "/v1/calendar/changes", place, query),
    )
    response.body = body.model_dump_json().encode()
    response.headers["Content-Length"] = str(len(response.body))
    return response


Number = Annotated[int, Path(ge=1, lt=2**31, examples=[1])]


@router.get(
    "",
    summary="Changes, the newest first (nhật ký sửa lịch)",
    responses=responses(CursorRefused, calendar_reading.CalendarRecordRefused),
)
def list_changes(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    limit: Limit = 20,
) -> Changes:
    found = calendar_reading.changes(desk, actor=actor, before=after or None, limit=limit + 1)
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    cursor = link_to_next(response, "/v1/calendar/changes", place, {"limit": limit})
    return Changes(items=[Change(**item) for item in found[:limit]], next=cursor)


@router.get(
    "/{number}",
    summary="A change and how far it is worked off (một lần sửa lịch)",
    responses=responses(
        calendar_reading.CalendarRecordRefused, calendar_reading.CalendarChangeNotFound
    ),
)
def read_change(number: Number, desk: CurrentDesk, actor: CurrentActor) -> ChangeDetail:
    return ChangeDetail(**calendar_reading.change(desk, number, actor=actor))


@router.get(
    "/{number}/moves",
    summary="What a change moved (hồ sơ thay đổi hạn)",
    responses=responses(
        CursorRefused,
        calendar_reading.CalendarRecordRefused,
        calendar_reading.CalendarChangeNotFound,
    ),
)
def list_moves(
    number: Number,
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    limit: Limit = 50,
) -> Moves:
    found = calendar_reading.moved_by(desk, number, actor=actor, after=after, limit=limit + 1)
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    path = f"/v1/calendar/changes/{number}/moves"
    cursor = link_to_next(response, path, place, {"limit": limit})
    return Moves(items=[RecordedMove(**item) for item in found[:limit]], next=cursor)
