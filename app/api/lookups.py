"""HTTP face of look-ups: asked by staff for a dossier, open to the person they are about."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterPosition, CursorRefused, Limit, link_to_next
from app.api.dependencies import (
    Code,
    CurrentActor,
    CurrentDesk,
    Now,
    UnversionedRequest,
)
from app.api.problems import responses
from app.api.text import ItemCode
from app.domain.deliveries import DeliveryState
from app.domain.lifecycle import RoleRefused
from app.domain.lookups import (
    LookupEvent,
    LookupNotFound,
    LookupRefused,
    ProcedureUnknown,
    Purpose,
    Source,
)
from app.domain.once import InFlight, KeyReused
from app.services import lookups, store_papers
from app.services import prefill as prefilling
from app.services.transition import DossierElsewhere, DossierNotFound

router = APIRouter(prefix="/v1", tags=["lookups"])


class ApplicantCheck(BaseModel):
    """What a register said of the applicant: which fields differ, never how."""

    outcome: str = Field(description="match, differs, not_found or unchecked", examples=["match"])
    label: str = Field(examples=["Chưa kiểm tra"])
    source: Source
    differs: list[str] = Field(description="Names of fields", examples=[["applicant.name"]])
    checked_at: datetime | None
    is_stuck: bool = Field(description="Refused, or without an answer for about a day: ask anew")
    lookup: int = Field(description="Number of the look-up")


class LookupForm(BaseModel):
    """For what the applicant of the dossier is looked up."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose


class StoreFileForm(BaseModel):
    """A file as the look-up listed it, and the paper of the file that it is to be."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, Field(min_length=1, max_length=500, examples=["H44/2020/12.pdf"])]
    component: ItemCode = Field(description="Code in the procedure", examples=["GT02"])


class StoreFile(BaseModel):
    """Tệp lấy từ kho kết quả số hóa."""

    name: str = Field(examples=["giay-khai-sinh.pdf"])
    result: str = Field(description="MaKetQua", examples=["KQ.G07.000122"])
    component: str
    document: str | None = Field(description="The paper of the dossier that it became")


class Lookup(BaseModel):
    """Lượt tra cứu."""

    id: int
    source: Source
    source_label: str = Field(examples=["Cơ sở dữ liệu quốc gia về dân cư"])
    purpose: Purpose
    purpose_label: str = Field(examples=["Xác minh chủ hồ sơ"])
    requested_by: str
    requested_at: datetime
    state: DeliveryState = Field(description="waiting, in_flight, acknowledged, blocked or dead")
    reason: str | None = Field(description="Why it is not answered")
    outcome: str = Field(
        description="match, differs, found, not_found or unchecked", examples=["unchecked"]
    )
    outcome_label: str = Field(examples=["Chưa kiểm tra"])
    differs: list[str]
    answered_at: datetime | None
    file: StoreFile | None = Field(description="Of a look-up that fetches one from the store")


class LookupDetail(Lookup):
    """A look-up with what it found, for as long as that may be kept."""

    found: dict[str, Any] | None = Field(description="null for a check, and once it is forgotten")
    form: dict[str, str] = Field(description="Members of the e-form that are known already")


class LookupList(BaseModel):
    items: list[Lookup]


class LogEntry(BaseModel):
    """One time that somebody asked about a person, or saw an answer."""

    occurred_at: datetime
    event: LookupEvent
    event_label: str
    source: Source
    source_label: str
    purpose: Purpose
    purpose_label: str
    dossier: str = Field(description="For which dossier")
    by: str = Field(description="Who", examples=["Hệ thống"])
    by_role: str
    agency: str


class LogPage(BaseModel):
    items: list[LogEntry]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class Prefill(BaseModel):
    """What need not be typed in again (once-only)."""

    applicant: dict[str, str]
    form: dict[str, str] = Field(description="Members of the e-form")
    sources: dict[str, str] = Field(
        description="Where each is from: account, dossier (an earlier one), register",
        examples=[{"/applicant/address": "register"}],
    )


LookupId = Annotated[int, Path(ge=1, lt=2**63, examples=[1])]


@router.post(
    "/dossiers/{code}/lookups",  # noqa: FAST003  (read by UnversionedRequest)
    status_code=201,
    summary="Look up the applicant of a dossier (tra cứu chủ hồ sơ qua LGSP)",
    description="Staff who have the dossier in hand ask, for a purpose; a worker asks the register "
    "within about a second: read it again until its state is no longer waiting or in_flight. "
    "Every question stays on record for the person.",
    responses=responses(
        DossierNotFound, DossierElsewhere, RoleRefused, LookupRefused, InFlight, KeyReused
    ),
)
def ask(form: LookupForm, request: UnversionedRequest, desk: CurrentDesk) -> Lookup:
    return Lookup(**lookups.ask(desk, request, form.purpose))


@router.get(
    "/dossiers/{code}/lookups",
    summary="Look-ups of a dossier (các lượt tra cứu)",
    responses=responses(DossierNotFound),
)
def list_of(code: Code, desk: CurrentDesk, actor: CurrentActor) -> LookupList:
    found = lookups.list_of(desk, code, actor=actor)
    return LookupList(items=[Lookup(**item) for item in found])


@router.get(
    "/dossiers/{code}/lookups/{lookup_id}",
    summary="Read a look-up and what it found (xem kết quả tra cứu)",
    description="A member of staff who is shown data leaves a trace that the person can read.",
    responses=responses(DossierNotFound, LookupNotFound),
)
def read(
    code: Code, lookup_id: LookupId, desk: CurrentDesk, actor: CurrentActor, now: Now
) -> LookupDetail:
    return LookupDetail(**lookups.read(desk, code, lookup_id, actor=actor, now=now))


@router.post(
    "/dossiers/{code}/lookups/{lookup_id}/files",  # noqa: FAST003  (read by UnversionedRequest)
    status_code=201,
    summary="Take a file from the store of results (lấy giấy tờ từ kho kết quả số hóa)",
    description="A file that the look-up listed becomes the newest paper for a component: the "
    "applicant need not hand it in. A worker fetches it; on record for the person like any "
    "question.",
    responses=responses(
        *(DossierNotFound, DossierElsewhere, RoleRefused, LookupNotFound, LookupRefused),
        *(InFlight, KeyReused),
    ),
)
def take_file(
    form: StoreFileForm, lookup_id: LookupId, request: UnversionedRequest, desk: CurrentDesk
) -> Lookup:
    found = store_papers.ask(desk, request, lookup_id, path=form.path, component=form.component)
    return Lookup(**found)


@router.get(
    "/me/lookups",
    summary="Who looked up my data (ai đã tra cứu dữ liệu của tôi)",
    description="Who, when, for which purpose and dossier; newest first. Nothing is ever removed.",
    responses=responses(RoleRefused, CursorRefused),
)
def mine(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterPosition,
    limit: Limit = 50,
) -> LogPage:
    page = lookups.mine(desk, actor=actor, after=after, limit=limit)
    cursor = link_to_next(response, "/v1/me/lookups", page.next, {"limit": limit})
    return LogPage(items=[LogEntry(**entry) for entry in page.entries], next=cursor)


@router.get(
    "/me/prefill",
    summary="What is known already for a form (điền sẵn biểu mẫu)",
    description="From the account, earlier dossiers and answers of registers that are still kept; "
    "nobody is asked for it.",
    responses=responses(RoleRefused, ProcedureUnknown),
)
def prefill(
    procedure: Annotated[ItemCode, Query(examples=["1.001193"])],
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
) -> Prefill:
    return Prefill(**prefilling.known_for(desk, procedure, actor=actor, now=now))
