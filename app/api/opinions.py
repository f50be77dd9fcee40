"""HTTP face of opinions of other agencies: asked about a dossier, answered by who was asked."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterPosition, CursorRefused, Limit, link_to_next
from app.api.dependencies import (
    Code,
    CurrentActor,
    CurrentDesk,
    MaybeOnce,
    Now,
    UnversionedRequest,
)
from app.api.documents import streamed
from app.api.problems import responses
from app.api.text import AgencyCode, Paragraph
from app.domain.documents import DocumentNotFound
from app.domain.lifecycle import RoleRefused, StepRefused
from app.domain.once import InFlight, KeyReused
from app.domain.opinions import (
    MOST_AGENCIES,
    OpinionClosed,
    OpinionNotFound,
    OpinionRefused,
    OpinionState,
    Position,
)
from app.domain.time_limits import LimitUnit, TimeLimit
from app.services import opinion_reading, opinions
from app.services.holds import DossierClaimed
from app.services.transition import DossierElsewhere, DossierNotFound

router = APIRouter(prefix="/v1", tags=["opinions"])


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class QuestionForm(_Form):
    """One question to several agencies, with the time that they have."""

    question: Paragraph = Field(examples=["Thửa đất có nằm trong quy hoạch giao thông không?"])
    agencies: list[AgencyCode] = Field(
        min_length=1, max_length=MOST_AGENCIES, examples=[["H44.06", "H44.14"]]
    )
    count: int = Field(ge=1, le=1000, strict=True, examples=[2])
    unit: LimitUnit


class AnswerForm(_Form):
    position: Position = Field(description="agree: đồng ý; disagree: không đồng ý; other: khác")
    content: Paragraph | None = Field(None, description="Needed unless the agency agrees")


class Opinion(BaseModel):
    """What one agency says; `unanswered` once its deadline has passed without an answer."""

    id: int
    agency: str = Field(description="That is asked", examples=["H44.06"])
    state: OpinionState
    due_at: datetime
    position: Position | None
    content: str | None
    closed_at: datetime | None
    answered_by: str | None


class OpinionRequest(BaseModel):
    """A question about a dossier with the answers so far."""

    id: int
    question: str
    agency: str = Field(description="That asks", examples=["H44.29"])
    step: str
    asked_at: datetime
    asked_by: str
    due_at: datetime
    is_complete: bool = Field(description="Everybody answered, or the deadline has passed")
    opinions: list[Opinion]


class OpinionRequests(BaseModel):
    items: list[OpinionRequest]


class Asker(BaseModel):
    agency: str
    name: str


class AboutDossier(BaseModel):
    """Which dossier it is about, without any person."""

    code: str
    procedure: str


class AskedOpinion(Opinion):
    """What an agency is asked."""

    question: str
    asked_at: datetime
    asked_by: Asker
    step: str
    dossier: AboutDossier


class ExcerptDocument(BaseModel):
    id: UUID
    name: str
    media_type: str
    size_bytes: int


class ExcerptPart(BaseModel):
    component: str
    name: str
    document: ExcerptDocument | None = Field(description="null: handed in on paper")


class Excerpt(BaseModel):
    """What there is to look at in order to answer."""

    applicant_name: str
    form: dict[str, Any]
    components: list[ExcerptPart]


class OpinionDetail(AskedOpinion):
    excerpt: Excerpt | None = Field(
        description="Of the dossier, for who may answer and until it is answered; else null"
    )


class OpinionPage(BaseModel):
    items: list[AskedOpinion]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


@router.post(
    "/dossiers/{code}/opinions",  # noqa: FAST003  (read by UnversionedRequest)
    status_code=201,
    summary="Ask other agencies (xin ý kiến phối hợp)",
    description="All at once. The dossier stays where it is and its clock runs on. Handing on and "
    "deciding before all have answered, or the deadline has passed, want `without_opinions`.",
    responses=responses(
        *(RoleRefused, DossierElsewhere, DossierNotFound, DossierClaimed, StepRefused),
        *(OpinionRefused, InFlight, KeyReused),
    ),
)
def ask(form: QuestionForm, request: UnversionedRequest, desk: CurrentDesk) -> OpinionRequest:
    asked = opinions.Question(
        form.question, tuple(dict.fromkeys(form.agencies)), TimeLimit(form.count, form.unit)
    )
    return OpinionRequest(**opinions.ask(desk, request, asked))


@router.get(
    "/dossiers/{code}/opinions",
    summary="What was asked about a dossier (ý kiến phối hợp của hồ sơ)",
    responses=responses(RoleRefused, DossierNotFound),
)
def of_dossier(code: Code, desk: CurrentDesk, actor: CurrentActor, now: Now) -> OpinionRequests:
    found = opinion_reading.of_dossier(desk, code, actor=actor, now=now)
    return OpinionRequests(items=[OpinionRequest(**item) for item in found])


@router.get(
    "/opinions",
    summary="What my agency is asked (yêu cầu cho ý kiến)",
    description="What waits comes by its deadline; what is closed, the latest first.",
    responses=responses(RoleRefused, CursorRefused),
)
def list_opinions(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
    after: AfterPosition,
    state: Annotated[OpinionState, Query()] = OpinionState.WAITING,
    limit: Limit = 20,
) -> OpinionPage:
    page = opinion_reading.asked_of_us(desk, state, actor=actor, now=now, after=after, limit=limit)
    cursor = link_to_next(response, "/v1/opinions", page.next, {"state": state, "limit": limit})
    return OpinionPage(items=[AskedOpinion(**item) for item in page.items], next=cursor)


Number = Annotated[int, Path(ge=1, lt=2**63, examples=[1])]


@router.get(
    "/opinions/{number}",
    summary="What is asked, and what is to be looked at (nội dung xin ý kiến)",
    responses=responses(RoleRefused, OpinionNotFound),
)
def read(number: Number, desk: CurrentDesk, actor: CurrentActor, now: Now) -> OpinionDetail:
    return OpinionDetail(**opinion_reading.read(desk, number, actor=actor, now=now))


@router.get(
    "/opinions/{number}/documents/{document_id}",
    summary="A file of the dossier, to answer by (tài liệu kèm yêu cầu ý kiến)",
    response_class=StreamingResponse,
    responses=responses(RoleRefused, OpinionNotFound, DocumentNotFound),
)
def document(
    number: Number,
    document_id: Annotated[UUID, Path(examples=["6f2d3c1e-1f7c-4d0a-9a57-0f6f7c1f2b11"])],
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
) -> StreamingResponse:
    found = opinion_reading.document_of(desk, number, document_id, actor=actor, now=now)
    return streamed(desk, found)


@router.post(
    "/opinions/{number}/answer",
    summary="Answer for my agency (trả lời ý kiến)",
    responses=responses(
        *(RoleRefused, OpinionNotFound, OpinionClosed, OpinionRefused, InFlight, KeyReused)
    ),
)
def answer(
    number: Number,
    form: AnswerForm,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Opinion:
    given = opinions.Answer(form.position, form.content)
    return Opinion(**opinions.answer(desk, number, given, actor=actor, now=now, once=once))
