"""HTTP face of the ledger to partners, for administrators and the staff of the agency."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, MaybeOnce, Now
from app.api.problems import responses
from app.api.text import AgencyCode, Paragraph
from app.domain.deliveries import (
    DeliveryAct,
    DeliveryActRefused,
    DeliveryNotFound,
    DeliveryRoleRefused,
    DeliveryState,
    Kind,
    Partner,
)
from app.domain.once import InFlight, KeyReused
from app.services import delivery_desk
from app.services.delivery_desk import Deed, Wanted

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

DeliveryId = Annotated[int, Path(ge=1, lt=2**63, examples=[42])]
DossierCode = Annotated[
    str, Query(max_length=60, pattern=r"^[A-Z0-9.-]+$", examples=["H44.10-261122-0001"])
]


class Head(BaseModel):
    """The message of the same dossier that is told first."""

    id: int
    seq: int
    state: DeliveryState


class Delivery(BaseModel):
    """One fact that a partner must know (bản tin gửi đối tác)."""

    id: int
    partner: Partner
    dossier: str = Field(examples=["H44.10-261122-0001"])
    agency: str = Field(examples=["H44.10"])
    seq: int = Field(description="Order within dossier and partner")
    kind: Kind
    state: DeliveryState
    reason: str = Field(description="Why it stands there and what to do, in Vietnamese")
    arose_at: datetime | None
    attempts: int
    next_at: datetime | None = Field(description="Of the next attempt, while it waits")
    acknowledged_at: datetime | None
    answer_code: str | None = Field(description="The partner's code, or ours without an answer")
    parked_at: datetime | None
    held_back_by: Head | None = Field(description="Head of line of the dossier, if not itself")


class Attempt(BaseModel):
    """An attempt that was not acknowledged; `unknown`: its worker never came back."""

    n: int
    ended_at: datetime
    outcome: str = Field(examples=["waiting"])
    code: str | None
    answer: str | None
    body_sha256: str | None
    payload_version: int


class DeliveryActView(BaseModel):
    act: DeliveryAct
    reason: str | None
    actor_name: str
    actor_role: str
    acted_at: datetime


class DeliveryDetail(Delivery):
    payload_version: int
    body_sha256: str | None = Field(description="Of the message last sent")
    answer: str | None = Field(description="The partner's last answer as received")
    attempts_made: list[Attempt]
    acts: list[DeliveryActView]


class Deliveries(BaseModel):
    items: list[Delivery]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class Breaker(BaseModel):
    is_open: bool = Field(description="The partner does not answer and is left alone")
    failures: int
    opened_at: datetime | None
    open_until: datetime | None
    reason: str | None


class PartnerSummary(BaseModel):
    """What a partner has still to be told, counted by state."""

    partner: Partner
    waiting: int
    in_flight: int
    blocked: int
    dead: int
    parked: int = Field(description="Of the blocked ones, set aside by a person")
    oldest_at: datetime | None
    oldest_age_s: int | None
    breaker: Breaker


class Summary(BaseModel):
    items: list[PartnerSummary]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RetryForm(_Form):
    reason: Paragraph | None = Field(None, description="What was mended")


class ParkForm(_Form):
    reason: Paragraph


_REFUSALS = responses(
    DeliveryRoleRefused, DeliveryNotFound, DeliveryActRefused, InFlight, KeyReused
)


async def _wanted(
    partner: Partner | None = None,
    state: DeliveryState | None = None,
    kind: Kind | None = None,
    dossier: DossierCode | None = None,
    agency: Annotated[AgencyCode | None, Query(description="It and those below it")] = None,
    min_age_s: Annotated[int | None, Query(ge=0, le=10**8, description="At least so old")] = None,
    parked: bool | None = None,  # noqa: FBT001  (a query parameter)
) -> Wanted:
    age = None if min_age_s is None else timedelta(seconds=min_age_s)
    return Wanted(partner, state, kind, dossier, agency, age, parked)


@router.get(
    "",
    summary="List what partners are told (sổ gửi đối tác)",
    description="Oldest first. Without `state` or `dossier`: all that is not acknowledged.",
    responses=responses(DeliveryRoleRefused, CursorRefused),
)
def list_deliveries(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
    wanted: Annotated[Wanted, Depends(_wanted)],
    after: AfterNumber,
    limit: Limit = 50,
) -> Deliveries:
    found = delivery_desk.list_page(
        desk, wanted, actor=actor, now=now, after=after, limit=limit + 1
    )
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    cursor = link_to_next(response, "/v1/deliveries", place, _asked(wanted) | {"limit": limit})
    return Deliveries(items=[Delivery(**item) for item in found[:limit]], next=cursor)


def _asked(wanted: Wanted) -> dict[str, Any]:
    age = wanted.older_than
    return {
        "partner": wanted.partner,
        "state": wanted.state,
        "kind": wanted.kind,
        "dossier": wanted.dossier,
        "agency": wanted.agency,
        "min_age_s": None if age is None else int(age.total_seconds()),
        "parked": None if wanted.parked is None else str(wanted.parked).lower(),
    }


@router.get(
    "/summary",
    summary="Count what partners have still to be told (tổng hợp sổ gửi đối tác)",
    responses=responses(DeliveryRoleRefused),
)
def summarise_deliveries(desk: CurrentDesk, actor: CurrentActor, now: Now) -> Summary:
    lines = delivery_desk.summary(desk, actor=actor, now=now)
    return Summary(items=[PartnerSummary(**line) for line in lines])


@router.get(
    "/{delivery_id}",
    summary="Explain one delivery (giải thích một bản tin)",
    description="With every attempt, the partner's raw answers, and what persons did.",
    responses=responses(DeliveryRoleRefused, DeliveryNotFound),
)
def read_delivery(
    delivery_id: DeliveryId, desk: CurrentDesk, actor: CurrentActor, now: Now
) -> DeliveryDetail:
    return DeliveryDetail(**delivery_desk.read(desk, delivery_id, actor=actor, now=now))


@router.post(
    "/{delivery_id}/retry",
    summary="Send again (gửi lại)",
    description="After the cause was mended. The partner is asked first whether it has it.",
    responses=_REFUSALS,
)
def retry_delivery(
    form: RetryForm,
    delivery_id: DeliveryId,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Delivery:
    deed = Deed(DeliveryAct.RETRY, form.reason, actor, now, once)
    return Delivery(**delivery_desk.act(desk, delivery_id, deed))


@router.post(
    "/{delivery_id}/parking",
    summary="Set aside (tạm gác)",
    description="It and what follows of its dossier are not sent until it is taken back.",
    responses=_REFUSALS,
)
def park_delivery(
    form: ParkForm,
    delivery_id: DeliveryId,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Delivery:
    deed = Deed(DeliveryAct.PARK, form.reason, actor, now, once)
    return Delivery(**delivery_desk.act(desk, delivery_id, deed))


@router.post(
    "/{delivery_id}/unparking",
    summary="Take back what was set aside (bỏ tạm gác)",
    responses=_REFUSALS,
)
def unpark_delivery(
    form: ParkForm,
    delivery_id: DeliveryId,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Delivery:
    deed = Deed(DeliveryAct.UNPARK, form.reason, actor, now, once)
    return Delivery(**delivery_desk.act(desk, delivery_id, deed))
