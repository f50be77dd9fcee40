"""HTTP face of extractions: asked for, looked at, fetched; and of what is made by itself."""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterParts, CursorRefused, Limit, link_to_next, unreadable
from app.api.dependencies import CurrentActor, CurrentDesk, Now, RequiredOnce
from app.api.problems import responses
from app.api.questions import refusals
from app.api.text import AgencyCode
from app.domain.extraction import (
    ExtractionFaulty,
    ExtractionFileNotFound,
    ExtractionNotFound,
    ExtractionNotReady,
    ExtractionRefused,
    ExtractionsTooMany,
    Kind,
    ScheduleExists,
    ScheduleNotFound,
    State,
    Wanted,
)
from app.domain.once import InFlight, KeyMissing, KeyReused
from app.domain.periods import Period
from app.domain.schedules import Every
from app.services import extraction_jobs, extraction_schedules

router = APIRouter(prefix="/v1", tags=["extractions"])

_KEYED = (InFlight, KeyMissing, KeyReused)
_Id = Annotated[UUID, Path(examples=["8b0c7a52-57a5-4c0a-9a3f-0e6f7c1f2b11"])]
_Name = Annotated[
    str,
    Path(
        max_length=200,
        pattern=r"^[A-Za-z0-9=._/-]+$",
        description="As it stands in `files`; manifest.json lists them all",
        examples=["annex.xlsx"],
    ),
]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewExtraction(_Form):
    """What is wanted; `report` is that of resolved procedures, `dossiers` is CSV."""

    kind: Kind
    first: date = Field(alias="from", description="First day", examples=["2021-01-01"])
    last: date = Field(alias="to", description="Last day", examples=["2021-06-30"])
    agency: AgencyCode | None = Field(
        None, description="With the units below it; default: all that you may see"
    )
    as_of: date | None = Field(None, description="As known at the end of this day; default: now")


class MadeFile(BaseModel):
    name: str = Field(examples=["annex.xlsx"])
    media_type: str = Field(examples=["text/csv; charset=utf-8"])
    rows: int
    size_bytes: int
    sha256: str
    href: str = Field(examples=["/v1/extractions/8b0c7a52-57a5-4c0a-9a3f-0e6f7c1f2b11/files/a.csv"])


class Extraction(BaseModel):
    """Bản trích xuất: how far it is, and its files when it is done."""

    id: UUID
    kind: Kind
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    agency: str | None
    as_of: date | None
    state: State
    requested_at: datetime
    rows_done: int
    rows_total: int | None = Field(description="Null: not known yet")
    parts_done: int
    parts_total: int | None
    finished_at: datetime | None
    expires_at: datetime | None = Field(description="Its files are kept until then")
    fault: str | None = Field(description="Why the last attempt failed, as a sentence")
    schedule: UUID | None
    files: list[MadeFile] = Field(description="Empty until it is done, and when it has expired")


class Extractions(BaseModel):
    items: list[Extraction]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class NewSchedule(_Form):
    """What is made whenever a period has ended, on the first day after it."""

    kind: Kind
    every: Every
    agency: AgencyCode | None = Field(None, description="Default: all that you may see")


class Schedule(BaseModel):
    """Lịch trích xuất."""

    id: UUID
    kind: Kind
    every: Every
    agency: str | None
    next_on: date = Field(description="The next one is made on this day, of what ended before it")
    created_at: datetime
    ended_at: datetime | None


class Schedules(BaseModel):
    items: list[Schedule]


def _place(parts: AfterParts) -> tuple[datetime, UUID] | None:
    """Read a place in a list that is ordered by instant and key."""
    if parts is None:
        return None
    try:
        at, key = parts
        place = datetime.fromisoformat(at), UUID(key)
    except (ValueError, TypeError, AttributeError) as error:
        raise unreadable() from error
    if place[0].tzinfo is None:
        raise unreadable()
    return place


_After = Annotated[tuple[datetime, UUID] | None, Depends(_place)]


def _shown(found: dict[str, Any]) -> Extraction:
    base = f"/v1/extractions/{found['id']}/files/"
    files = [MadeFile(**file, href=base + quote(file["name"])) for file in found["files"]]
    return Extraction(**{**found, "files": files})


@router.post(
    "/extractions",
    status_code=201,
    summary="Ask for an extraction (yêu cầu trích xuất số liệu)",
    description="For analysts, of their own agency and the units below it. A worker makes it; "
    "look at it until `state` is `done`. What cannot be made is refused at once.",
    responses=refusals(ExtractionRefused, ExtractionFaulty, ExtractionsTooMany, *_KEYED),
)
def ask(
    form: NewExtraction, desk: CurrentDesk, actor: CurrentActor, now: Now, once: RequiredOnce
) -> Extraction:
    wanted = Wanted(form.kind, Period(form.first, form.last), form.agency, form.as_of)
    return _shown(extraction_jobs.request(desk, wanted, actor=actor, now=now, once=once))


@router.get(
    "/extractions",
    summary="Extractions of your agency, newest first (các bản trích xuất)",
    responses=responses(ExtractionRefused, CursorRefused),
)
def newest(
    desk: CurrentDesk, actor: CurrentActor, response: Response, after: _After, limit: Limit = 20
) -> Extractions:
    found = extraction_jobs.newest(desk, actor=actor, after=after, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    place = (last["requested_at"], str(last["id"])) if last else None
    cursor = link_to_next(response, "/v1/extractions", place, {"limit": limit})
    return Extractions(items=[_shown(one) for one in found[:limit]], next=cursor)


@router.get(
    "/extractions/{extraction_id}",
    summary="An extraction and how far it is (một bản trích xuất)",
    responses=responses(ExtractionRefused, ExtractionNotFound),
)
def read(extraction_id: _Id, desk: CurrentDesk, actor: CurrentActor) -> Extraction:
    return _shown(extraction_jobs.read(desk, extraction_id, actor=actor))


@router.get(
    "/extractions/{extraction_id}/files/{name:path}",
    summary="A file of an extraction (tải tệp đã trích xuất)",
    response_class=StreamingResponse,
    responses=responses(
        ExtractionRefused, ExtractionNotFound, ExtractionNotReady, ExtractionFileNotFound
    ),
)
def fetch(
    extraction_id: _Id, name: _Name, desk: CurrentDesk, actor: CurrentActor
) -> StreamingResponse:
    file = extraction_jobs.file_of(desk, extraction_id, name, actor=actor)
    return StreamingResponse(
        extraction_jobs.content(desk, extraction_id, name),
        media_type=file.media_type,
        headers={
            "Content-Length": str(file.size_bytes),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "ETag": f'"{file.sha256}"',
            "Cache-Control": "private, no-store",
        },
    )


@router.post(
    "/extraction-schedules",
    status_code=201,
    summary="Have an extraction made regularly (đặt lịch trích xuất)",
    description="On the first day after each period, as known at the end of the period. Days on "
    "which no worker ran are made up for.",
    responses=refusals(ExtractionRefused, ExtractionFaulty, ScheduleExists, *_KEYED),
)
def schedule(
    form: NewSchedule, desk: CurrentDesk, actor: CurrentActor, now: Now, once: RequiredOnce
) -> Schedule:
    wish = extraction_schedules.Wish(form.kind, form.every, form.agency)
    return Schedule(**extraction_schedules.add(desk, wish, actor=actor, now=now, once=once))


@router.get(
    "/extraction-schedules",
    summary="What is made regularly (các lịch trích xuất)",
    responses=responses(ExtractionRefused),
)
def schedules(desk: CurrentDesk, actor: CurrentActor) -> Schedules:
    found = extraction_schedules.listed(desk, actor=actor)
    return Schedules(items=[Schedule(**one) for one in found])


@router.delete(
    "/extraction-schedules/{schedule_id}",
    summary="End a schedule (hủy lịch trích xuất)",
    responses=responses(ExtractionRefused, ScheduleNotFound),
)
def end_schedule(schedule_id: _Id, desk: CurrentDesk, actor: CurrentActor, now: Now) -> Schedule:
    return Schedule(**extraction_schedules.end(desk, schedule_id, actor=actor, now=now))
