"""HTTP face of reading petitions: one, many, and how many were answered in time."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.api.cursors import AfterPosition, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, Now
from app.api.petition_acts import PetitionCode
from app.api.problems import responses
from app.api.text import AgencyCode
from app.domain.actor import Role
from app.domain.periods import Period, PeriodRefused
from app.domain.petitions import (
    Answered,
    PetitionAct,
    PetitionFiguresRefused,
    PetitionKind,
    PetitionNotFound,
    PetitionStatus,
)
from app.services import petition_reading

router = APIRouter(prefix="/v1/petitions", tags=["petitions"])


class AgencyNamed(BaseModel):
    code: str
    name: str


class PetitionSummary(BaseModel):
    """A petition as lists show it."""

    code: str
    version: int
    kind: PetitionKind
    kind_label: str
    agency: AgencyNamed
    dossier: str | None
    subject: str
    status: PetitionStatus
    status_label: str
    received_at: datetime
    due_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    in_words: str | None = Field(
        description="In the agency's working time", examples=["còn 12 ngày 4 giờ"]
    )


class Petitioner(BaseModel):
    name: str
    number: str | None
    phone: str | None


class EventActor(BaseModel):
    role: Role
    name: str


class PetitionEvent(BaseModel):
    seq: int
    act: PetitionAct
    source: PetitionStatus | None
    target: PetitionStatus
    actor: EventActor
    occurred_at: datetime
    due_at: datetime | None
    words: str | None = Field(description="Reason, what was asked or added, the answer")


class PetitionView(PetitionSummary):
    content: str
    petitioner: Petitioner
    refuse_until: datetime | None = Field(description="It can be refused until then")
    ask_until: datetime | None = Field(description="A supplement can be asked for until then")
    possible_acts: list[PetitionAct] = Field(description="What you may do with it now")
    events: list[PetitionEvent]


class PetitionPage(BaseModel):
    items: list[PetitionSummary]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class AnsweredView(BaseModel):
    due: int = Field(description="Due in the period, less those refused or withdrawn")
    in_time: int
    late: int = Field(description="Answered after they were due")
    overdue: int = Field(description="Not answered yet and overdue")
    open: int = Field(description="Not answered yet and not overdue")
    in_time_percent: str | None = Field(
        description="in_time / due, two decimals, half up; null: no data", examples=["96.30"]
    )


class AgencyAnsweredView(AnsweredView):
    agency_code: str
    agency: str


class PetitionFigures(BaseModel):
    period: str = Field(examples=["2026-11"])
    total: AnsweredView
    rows: list[AgencyAnsweredView] = Field(description="Agencies with petitions due, by code")


@router.get(
    "",
    summary="Petitions (danh sách phản ánh, kiến nghị)",
    description="Petitioners see their own, desk staff those about their agency and the ones "
    "below it; newest first. `open=true`: only those not ended, most urgent first.",
    responses=responses(CursorRefused),
)
def list_petitions(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
    after: AfterPosition,
    *,
    status: Annotated[PetitionStatus | None, Query(description="Only these")] = None,
    is_open: Annotated[bool, Query(alias="open", description="Only those not ended")] = False,
    limit: Limit = 20,
) -> PetitionPage:
    page = petition_reading.list_page(
        desk, actor=actor, now=now, status=status, is_open=is_open, after=after, limit=limit
    )
    asked = {"limit": limit, "status": status, "open": "true" if is_open else None}
    cursor = link_to_next(response, "/v1/petitions", page.next, asked)
    return PetitionPage(items=[PetitionSummary(**item) for item in page.petitions], next=cursor)


@router.get(
    "/figures",
    summary="Petitions answered in time, figure 5.2 (tỷ lệ trả lời đúng hạn)",
    description="Petitions due in the period, both days included. No personal data.",
    responses=responses(PetitionFiguresRefused, PeriodRefused),
)
def figures(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    first: Annotated[date, Query(alias="from", examples=["2026-11-01"])],
    last: Annotated[date, Query(alias="to", examples=["2026-11-30"])],
    agency: Annotated[
        AgencyCode | None, Query(description="Only this agency and those below it")
    ] = None,
) -> PetitionFigures:
    period = Period(first, last)
    rows = petition_reading.answered_in_time(desk, period, agency=agency, actor=actor, now=now)
    return PetitionFigures(
        period=str(period),
        total=AnsweredView(**_figures(sum((row.answered for row in rows), Answered()))),
        rows=[
            AgencyAnsweredView(agency_code=row.code, agency=row.name, **_figures(row.answered))
            for row in rows
        ],
    )


def _figures(answered: Answered) -> dict[str, Any]:
    percent = answered.in_time_percent
    return {
        "due": answered.due,
        "in_time": answered.in_time,
        "late": answered.late,
        "overdue": answered.overdue,
        "open": answered.open,
        "in_time_percent": None if percent is None else str(percent),
    }


@router.get(
    "/{code}",
    summary="Read a petition with its history (xem phản ánh, kiến nghị)",
    responses=responses(PetitionNotFound),
)
def read(
    code: PetitionCode, desk: CurrentDesk, actor: CurrentActor, now: Now, response: Response
) -> PetitionView:
    found = petition_reading.read(desk, code, actor=actor, now=now)
    response.headers["ETag"] = f'"{found["version"]}"'
    return PetitionView(**found)
