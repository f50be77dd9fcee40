"""HTTP face of dossiers that the national portal hands on: its own door, and the quarantine."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, MaybeOnce, Now
from app.api.problems import FaultView, responses
from app.api.text import Paragraph
from app.domain.inbound import (
    InboundAct,
    InboundActRefused,
    InboundNotFound,
    InboundRoleRefused,
    InboundState,
    MendRefused,
    Service,
)
from app.domain.once import InFlight, KeyReused
from app.services import inbound, inbound_desk
from app.services.inbound_desk import Deed, Wanted

router = APIRouter(prefix="/v1", tags=["inbound"])

InboundId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]
PortalCode = Annotated[
    str,
    Query(
        max_length=60,
        pattern=r"^[A-Za-z0-9.-]+$",
        description="MaHoSo at the portal",
        examples=["000.00.00.G22-261130-0001"],
    ),
]


class PortalAnswer(BaseModel):
    """What the portal gets to read."""

    error_code: int = Field(description="0 taken, 1 duplicate, -1 error", examples=[0])
    message: str = Field(examples=["Đã nhận hồ sơ 000.00.00.G22-261130-0001."])


class Inbound(BaseModel):
    """A dossier that came in from the portal, without its content."""

    id: int
    service: Service
    portal_code: str | None = Field(description="MaHoSo; null: it could not be read")
    procedure: str | None = Field(description="MaTTHC as it was sent")
    agency: str | None = Field(description="Is to resolve it, as far as that is known")
    state: InboundState
    state_label: str = Field(examples=["Cách ly"])
    reason: str | None = Field(description="Why it stands there, in Vietnamese")
    faults: list[FaultView] = Field(description="JSON pointers into the portal's message")
    received_at: datetime
    attempts: int
    next_at: datetime | None
    is_corrected: bool = Field(description="A person mended it")
    copies: int = Field(description="Times that the same MaHoSo came with another content")
    dossier: str | None = Field(description="The dossier that it became")
    entered_at: datetime | None


class InboundActView(BaseModel):
    act: InboundAct
    reason: str
    changed: list[str] = Field(description="JSON pointers; empty text: the whole message")
    actor_name: str
    acted_at: datetime


class InboundDetail(Inbound):
    acts: list[InboundActView]


class InboundPage(BaseModel):
    items: list[Inbound]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class ReplayForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Paragraph = Field(description="What was mended", examples=["Đã công bố thủ tục"])


class DiscardForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Paragraph = Field(
        description="Why no dossier will come of it", examples=["Cổng xác nhận là bản tin thử"]
    )


class MendingForm(ReplayForm):
    """One of `changes`, `message` and `copy_number`."""

    changes: dict[Annotated[str, Field(max_length=500)], Any] = Field(
        default={},
        max_length=100,
        description="Other values at JSON pointers of the message; null takes a member away",
        examples=[{"/MaTTHC": "2.000488"}],
    )
    message: dict[str, Any] | None = Field(None, description="In the place of the whole message")
    copy_number: int | None = Field(
        None, ge=1, le=10_000, description="What the portal sent later under the same MaHoSo"
    )


_SAMPLE = {"MaHoSo": "000.00.00.G22-261130-0001", "MaTTHC": "2.000488", "ChuHoSo": "Trần Thị Mẫu"}


@router.post(
    "/notices/portal/{service}",
    summary="Dossier handed on by the national portal (hồ sơ từ Cổng Dịch vụ công quốc gia)",
    description="The portal's own message, with the shared secret as bearer token. Kept once under "
    "its MaHoSo and answered; a worker makes a dossier of it. A wrong token is answered -1.",
    response_model=PortalAnswer,
    tags=["partners"],
    responses=responses(is_public=True),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": _SAMPLE}},
        }
    },
)
async def take(
    service: Annotated[Service, Path(examples=["nhanhsdvcqg"])],
    http: HttpRequest,
    desk: CurrentDesk,
    now: Now,
    authorization: Annotated[
        str | None, Header(description="Bearer and the secret", examples=["Bearer ..."])
    ] = None,
) -> Response:
    if not inbound.lets_in(desk, authorization):
        return JSONResponse(inbound.refused())
    raw = await http.body()
    return JSONResponse(await run_in_threadpool(inbound.receive, desk, service, raw, now=now))


async def _wanted(
    state: InboundState | None = None,
    service: Service | None = None,
    portal_code: PortalCode | None = None,
    every: Annotated[bool, Query(description="Dossiers and discarded ones too")] = False,  # noqa: FBT002  (a query parameter)
) -> Wanted:
    return Wanted(state, service, portal_code, every)


@router.get(
    "/inbound",
    summary="List what the portal handed on (hồ sơ chuyển đến từ Cổng)",
    description="Oldest first. Without `state`, `portal_code` or `every`: all that something is to "
    "be done with, waiting or in quarantine.",
    responses=responses(InboundRoleRefused, CursorRefused),
)
def list_inbound(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    wanted: Annotated[Wanted, Depends(_wanted)],
    after: AfterNumber,
    limit: Limit = 50,
) -> InboundPage:
    found = inbound_desk.list_page(desk, wanted, actor=actor, after=after, limit=limit + 1)
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    asked = {
        "state": wanted.state,
        "service": wanted.service,
        "portal_code": wanted.code,
        "every": "true" if wanted.every else None,
        "limit": limit,
    }
    cursor = link_to_next(response, "/v1/inbound", place, asked)
    return InboundPage(items=[Inbound(**item) for item in found[:limit]], next=cursor)


@router.get(
    "/inbound/{inbound_id}",
    summary="Explain one of them (giải thích một hồ sơ chuyển đến)",
    description="Every fault with its place in the message, and what persons did.",
    responses=responses(InboundRoleRefused, InboundNotFound),
)
def read_inbound(inbound_id: InboundId, desk: CurrentDesk, actor: CurrentActor) -> InboundDetail:
    return InboundDetail(**inbound_desk.read(desk, inbound_id, actor=actor))


_REFUSALS = responses(
    *(InboundRoleRefused, InboundNotFound, InboundActRefused, MendRefused, InFlight, KeyReused)
)


@router.post(
    "/inbound/{inbound_id}/replay",
    summary="Try again after the cause was mended (xử lý lại)",
    responses=_REFUSALS,
)
def replay_inbound(
    form: ReplayForm,
    inbound_id: InboundId,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Inbound:
    deed = Deed(InboundAct.REPLAY, form.reason, actor, now, once)
    return Inbound(**inbound_desk.act(desk, inbound_id, deed))


@router.post(
    "/inbound/{inbound_id}/mending",
    summary="Mend the message and try again (sửa bản tin và xử lý lại)",
    description="By places, as the faults name them, without seeing the rest; or as a whole. What "
    "was received stays beside it.",
    responses=_REFUSALS,
)
def mend_inbound(
    form: MendingForm,
    inbound_id: InboundId,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Inbound:
    deed = Deed(
        *(InboundAct.MEND, form.reason, actor, now, once),
        changes=form.changes,
        message=form.message,
        copy=form.copy_number,
    )
    return Inbound(**inbound_desk.act(desk, inbound_id, deed))


@router.post(
    "/inbound/{inbound_id}/discard",
    summary="Discard it (loại bản tin)",
    description="No dossier will come of it: a trial of the portal, a duplicate under another "
    "name. It leaves the list and is kept with the reason. Replayed or mended, it is taken up "
    "again.",
    responses=_REFUSALS,
)
def discard_inbound(
    form: DiscardForm,
    inbound_id: InboundId,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Inbound:
    deed = Deed(InboundAct.DISCARD, form.reason, actor, now, once)
    return Inbound(**inbound_desk.act(desk, inbound_id, deed))
