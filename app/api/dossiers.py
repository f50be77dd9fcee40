"""HTTP face of finding and reading dossiers."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterNumber, AfterPosition, CursorRefused, Limit, link_to_next
from app.api.dependencies import Code, CurrentActor, CurrentDesk, Now
from app.api.documents import Document, Signature
from app.api.lookups import ApplicantCheck
from app.api.parcels import PostOrder
from app.api.payments import Payment
from app.api.problems import responses
from app.api.text import AgencyCode, ItemCode
from app.domain.actor import Role
from app.domain.folding import SearchRefused
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act, Status
from app.services import dossiers, search
from app.services.transition import DossierNotFound

router = APIRouter(prefix="/v1/dossiers", tags=["dossiers"])


class AgencyRef(BaseModel):
    code: str = Field(examples=["H44.29"])
    name: str = Field(examples=["UBND Thành phố Việt Trì"])


class ProcedureRef(BaseModel):
    code: str
    name: str
    version: int
    online_level: int = Field(description="1 to 4; 3 is một phần, 4 toàn trình")


class DossierSummary(BaseModel):
    """A dossier as lists show it."""

    code: str = Field(examples=["H44.29-261122-0001"])
    version: int
    procedure: ProcedureRef
    agency: AgencyRef = Field(description="Resolves it")
    at_agency: AgencyRef = Field(description="Has it in hand now")
    channel: Channel
    status: Status
    status_label: str
    applicant_name: str
    received_at: datetime
    answer_due_at: datetime | None = Field(description="First answer due: 8 working hours")
    accepted_at: datetime | None
    due_at: datetime | None
    resolved_at: datetime | None
    ended_at: datetime | None


class ApplicantView(BaseModel):
    model_config = ConfigDict(extra="ignore")

    kind: str
    number: str
    name: str
    phone: str | None = None
    email: str | None = None
    address: str | None = None


class PaperDocument(Document):
    signature: Signature


class Paper(BaseModel):
    component: str
    added_at: datetime
    document: PaperDocument | None = Field(description="null: handed in on paper")


class FeeLine(BaseModel):
    code: str
    name: str
    kind: str
    amount_vnd: int
    phase: str


class AskedComponent(BaseModel):
    code: str = Field(examples=["GT01"])
    name: str


class Asked(BaseModel):
    """What the applicant has to do before the agency can go on."""

    act: Act = Field(description="request_supplement or request_payment")
    asked_at: datetime
    asked_by: str
    reason: str | None
    legal_ground: str | None
    components: list[AskedComponent] = Field(description="Papers asked for")
    amount_vnd: int | None = Field(description="Obligation asked for, in đồng")
    until: date | None = Field(description="Last day to answer")


class EndedBy(BaseModel):
    """How a dossier ended: the act, and the reason that was given."""

    act: Act = Field(description="refuse, resolve, stop or withdraw")
    decided_at: datetime
    reason: str | None
    legal_ground: str | None


class Imported(BaseModel):
    """Where a dossier of a former system came from."""

    source: str = Field(examples=["Một cửa điện tử cũ"])
    file: str = Field(examples=["ho-so-2019.csv"])
    line: int = Field(description="Line of the file on which its row begins")
    promise_given: bool = Field(
        description="`promised_at` is the former system's; `due_at` is derived all the same"
    )


class Dossier(DossierSummary):
    """A dossier with its papers, fees and results."""

    step: str
    applicant: ApplicantView
    submitter: str
    submitter_number: str | None = Field(description="Of who handed it in, for themselves or not")
    authorisation: PaperDocument | None = Field(description="Giấy ủy quyền, if for somebody else")
    form: dict[str, Any]
    components: list[Paper]
    results: list[PaperDocument]
    result_granted: bool | None
    fees: list[FeeLine]
    payments: list[Payment]
    asked: Asked | None = Field(description="What is asked of the applicant now")
    outcome: EndedBy | None = Field(description="How it ended; null while it is open")
    applicant_check: ApplicantCheck | None = Field(
        description="Xác minh chủ hồ sơ; null: no register knows such applicants, or never asked"
    )
    post_orders: list[PostOrder] = Field(description="Đơn bưu chính, beside the legal status")
    return_way: ReturnWay
    promised_at: datetime | None = Field(description="Appointment as printed on the receipt")
    reply_due_on: date | None
    imported: Imported | None = Field(description="Hồ sơ nhập từ hệ thống cũ; null: no such one")
    possible_acts: list[Act] = Field(description="What you may do with it now")


class Wanted:
    """What a list of dossiers may be asked for."""

    def __init__(
        self,
        q: Annotated[
            str | None,
            Query(
                max_length=200,
                description="Words of the name in any order, with or without marks, the last "
                "perhaps unfinished; dossier code or part of it, personal number, tax code, phone",
                examples=["tran thi mau", "261122-0001"],
            ),
        ] = None,
        procedure: Annotated[ItemCode | None, Query(description="Of this procedure")] = None,
        status: Annotated[Status | None, Query(description="Only these")] = None,
        agency: Annotated[
            AgencyCode | None, Query(description="Resolved or held by it or a unit below it")
        ] = None,
        received_from: Annotated[
            date | None, Query(alias="from", description="Received on this day or later")
        ] = None,
        received_to: Annotated[
            date | None, Query(alias="to", description="Received on this day or before")
        ] = None,
    ) -> None:
        self.wanted = search.Wanted(q, procedure, status, agency, received_from, received_to)
        self.query = {
            "q": q,
            "procedure": procedure,
            "status": status,
            "agency": agency,
            "from": received_from,
            "to": received_to,
        }


class DossierPage(BaseModel):
    items: list[DossierSummary]
    next: str | None = Field(
        description="Cursor of the next page, also in the Link header. A page may hold fewer "
        "items than asked for, even none, and still have a next: go on until it is null"
    )


class EventActor(BaseModel):
    role: Role
    name: str


class Event(BaseModel):
    """One act in the life of a dossier."""

    seq: int
    act: Act
    source: Status | None
    target: Status
    actor: EventActor
    agency: str
    occurred_at: datetime
    due_at: datetime | None
    reason: str | None
    legal_ground: str | None
    details: dict[str, Any]


class Events(BaseModel):
    items: list[Event]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class StopView(BaseModel):
    start: datetime
    end: datetime | None
    reason: str


class MoveView(BaseModel):
    """A change of the calendar moved the due instant; the promise stays as printed."""

    before: datetime
    after: datetime
    moved_at: datetime
    source: str | None = Field(description="The document that changed the calendar")


class DayView(BaseModel):
    day: date
    nature: str
    why: str
    minutes: int = Field(description="Working minutes of the day that counted")
    total: int
    day_number: int | None = Field(description="For limits in calendar days or months")
    notes: list[str]


class DeadlineView(BaseModel):
    """A dossier's clock, day by day; every field but `has_begun` is null until it begins."""

    has_begun: bool
    limit: str | None = Field(None, examples=["3 ngày làm việc"])
    accepted_at: datetime | None = None
    promised_at: datetime | None = None
    due_at: datetime | None = Field(None, description="null while the clock stands")
    spent_minutes: int | None = None
    remaining_minutes: int | None = None
    in_words: str | None = Field(None, examples=["còn 2 ngày 4 giờ"])
    stops: list[StopView] = []
    days: list[DayView] = []
    moves: list[MoveView] = []


@router.get(
    "",
    summary="List and find dossiers (danh sách, tra cứu hồ sơ)",
    description="Newest first. Applicants see their own. Desk staff see what their agency "
    "resolves or has in hand; with `q` or `procedure` also what it handed on.",
    responses=responses(CursorRefused, SearchRefused),
)
def list_dossiers(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
    after: AfterPosition,
    asked: Annotated[Wanted, Depends()],
    limit: Limit = 20,
) -> DossierPage:
    page = search.find(desk, asked.wanted, actor=actor, after=after, limit=limit, now=now)
    query = {"limit": limit, **asked.query}
    cursor = link_to_next(response, "/v1/dossiers", page.next, query)
    return DossierPage(items=[DossierSummary(**item) for item in page.dossiers], next=cursor)


@router.get(
    "/{code}",
    summary="Read a dossier (xem hồ sơ)",
    responses=responses(DossierNotFound),
)
def read(code: Code, desk: CurrentDesk, actor: CurrentActor, response: Response) -> Dossier:
    found = dossiers.read(desk, code, actor=actor)
    response.headers["ETag"] = f'"{found["version"]}"'
    return Dossier(**found)


@router.get(
    "/{code}/events",
    summary="What was done to a dossier (lịch sử xử lý)",
    responses=responses(DossierNotFound, CursorRefused),
)
def events(
    code: Code,
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    limit: Limit = 100,
) -> Events:
    found = dossiers.history(desk, code, actor=actor, after=after, limit=limit + 1)
    place = (found[limit - 1]["seq"],) if len(found) > limit else None
    cursor = link_to_next(response, f"/v1/dossiers/{code}/events", place, {"limit": limit})
    return Events(items=[Event(**event) for event in found[:limit]], next=cursor)


@router.get(
    "/{code}/deadline",
    summary="Explain the due instant day by day (giải thích thời hạn)",
    responses=responses(DossierNotFound),
)
def deadline(code: Code, desk: CurrentDesk, actor: CurrentActor, now: Now) -> DeadlineView:
    clock = dossiers.explain_deadline(desk, code, actor=actor, now=now)
    if clock is None:
        return DeadlineView(has_begun=False)
    return DeadlineView(
        has_begun=True,
        limit=clock.limit,
        accepted_at=clock.accepted_at,
        promised_at=clock.promised_at,
        due_at=clock.deadline.due_at,
        spent_minutes=clock.deadline.spent_minutes,
        remaining_minutes=clock.deadline.remaining_minutes,
        in_words=clock.in_words,
        moves=[MoveView(**move) for move in clock.moves],
        stops=[StopView(start=s.start, end=s.end, reason=s.reason) for s in clock.stops],
        days=[
            DayView(
                day=day.day,
                nature=day.nature,
                why=day.why,
                minutes=day.minutes,
                total=day.total,
                day_number=day.day_number,
                notes=list(day.notes),
            )
            for day in clock.days
        ],
    )
