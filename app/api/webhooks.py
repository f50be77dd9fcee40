"""HTTP face of subscriptions to events."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, Now, RequiredOnce
from app.api.problems import responses
from app.api.text import AgencyCode, Line
from app.domain.agency import AgencyNotYours
from app.domain.deliveries import DeliveryState
from app.domain.network import UrlRefused
from app.domain.once import InFlight, KeyMissing, KeyReused
from app.domain.webhooks import EVENT_TYPES, WebhookNotFound, WebhookRefused, WebhookState
from app.services import webhooks

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

EventType = Literal[EVENT_TYPES]  # type: ignore[valid-type]  # the types are a table of the domain
Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=r"^https?://[!-~]+$"),
    Field(examples=["https://lgsp.tinh-mau.vn/su-kien"]),
]
WebhookId = Annotated[int, Path(ge=1, lt=2**63, examples=[1])]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewWebhook(_Form):
    """What another system wants to know."""

    name: Line = Field(examples=["Kho dữ liệu tỉnh"])
    url: Url
    types: list[EventType] = Field(default=[], max_length=20, description="Empty: every type")
    agency: AgencyCode = Field(description="Dossiers that it, or a unit below it, resolves")


class WebhookChanges(_Form):
    """What is to be changed; `active` after a stop sends on everything that waits."""

    name: Line | None = None
    url: Url | None = None
    types: Annotated[list[EventType], Field(max_length=20)] | None = None
    state: Literal[WebhookState.ACTIVE, WebhookState.DISABLED] | None = None


class Webhook(BaseModel):
    """Điểm nhận sự kiện."""

    id: int
    name: str
    url: str
    types: list[str]
    agency: str = Field(examples=["H44"])
    state: WebhookState
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    open: dict[str, int] = Field(description="Events that have not arrived, by state")


class WebhookWithSecret(Webhook):
    secret: str = Field(description="Signs what is sent; shown now and never again")


class Webhooks(BaseModel):
    items: list[Webhook]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class Replay(_Form):
    """From where to send again."""

    after: int = Field(
        ge=0, lt=2**63, description="`cursor` of the log; 0: from the beginning", examples=[0]
    )


class Replayed(BaseModel):
    replay: int = Field(description="Number of this replay; 0 in the log is the first telling")
    events: int
    next: int | None = Field(description="Where the next replay begins; null: that was all")


class Delivery(BaseModel):
    """One event to one subscriber."""

    id: int
    cursor: int = Field(description="Place of the event in the order of publication")
    replay: int
    type: str
    code: str
    version: int
    occurred_at: datetime
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    acknowledged_at: datetime | None
    answer_code: str | None = Field(examples=["http_204"])
    answer: str | None


class Deliveries(BaseModel):
    items: list[Delivery]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


_KEYED = (InFlight, KeyMissing, KeyReused)


@router.post(
    "",
    status_code=201,
    summary="Subscribe another system (đăng ký điểm nhận sự kiện)",
    description="Events are CloudEvents 1.0 in JSON, signed as Standard Webhooks says. They name "
    "a dossier's code and status, nobody's particulars.",
    responses=responses(WebhookRefused, AgencyNotYours, UrlRefused, *_KEYED),
)
def create(
    form: NewWebhook, desk: CurrentDesk, actor: CurrentActor, now: Now, once: RequiredOnce
) -> WebhookWithSecret:
    wish = webhooks.Wish(form.name, form.url, tuple(dict.fromkeys(form.types)), form.agency)
    return WebhookWithSecret(**webhooks.create(desk, wish, actor=actor, now=now, once=once))


@router.get(
    "",
    summary="Subscribers of your agency (các điểm nhận sự kiện)",
    responses=responses(WebhookRefused, CursorRefused),
)
def list_webhooks(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    limit: Limit = 50,
) -> Webhooks:
    found = webhooks.list_page(desk, actor=actor, after=after, limit=limit + 1)
    cursor = _link(response, "/v1/webhooks", found, limit)
    return Webhooks(items=[Webhook(**one) for one in found[:limit]], next=cursor)


@router.get(
    "/{webhook_id}",
    summary="A subscriber and how it stands (một điểm nhận sự kiện)",
    responses=responses(WebhookRefused, WebhookNotFound),
)
def read(webhook_id: WebhookId, desk: CurrentDesk, actor: CurrentActor) -> Webhook:
    return Webhook(**webhooks.read(desk, webhook_id, actor=actor))


@router.patch(
    "/{webhook_id}",
    summary="Change, stop or resume a subscriber (sửa, ngừng, mở lại điểm nhận sự kiện)",
    responses=responses(WebhookRefused, WebhookNotFound, UrlRefused),
)
def change(
    webhook_id: WebhookId,
    form: WebhookChanges,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
) -> Webhook:
    changes = form.model_dump(exclude_none=True)
    return Webhook(**webhooks.change(desk, webhook_id, changes, actor=actor, now=now))


@router.delete(
    "/{webhook_id}",
    summary="End a subscription (hủy điểm nhận sự kiện)",
    responses=responses(WebhookRefused, WebhookNotFound),
)
def end(webhook_id: WebhookId, desk: CurrentDesk, actor: CurrentActor) -> Webhook:
    return Webhook(**webhooks.end(desk, webhook_id, actor=actor))


@router.post(
    "/{webhook_id}/secrets",
    status_code=201,
    summary="Change the signing secret (đổi khóa ký)",
    description="The one before signs beside it for 24 hours; an older one ends at once.",
    responses=responses(WebhookRefused, WebhookNotFound, *_KEYED),
)
def rotate(
    webhook_id: WebhookId, desk: CurrentDesk, actor: CurrentActor, now: Now, once: RequiredOnce
) -> WebhookWithSecret:
    made = webhooks.rotate(desk, webhook_id, actor=actor, now=now, once=once)
    return WebhookWithSecret(**made)


@router.post(
    "/{webhook_id}/replays",
    status_code=201,
    summary="Send again from a cursor (gửi lại từ một vị trí)",
    description="At most 10,000 events at once. An event sent again has the same `webhook-id`.",
    responses=responses(WebhookRefused, WebhookNotFound, *_KEYED),
)
def replay(
    webhook_id: WebhookId,
    form: Replay,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: RequiredOnce,
) -> Replayed:
    done = webhooks.replay(desk, webhook_id, form.after, actor=actor, now=now, once=once)
    return Replayed(**done)


@router.get(
    "/{webhook_id}/deliveries",
    summary="What a subscriber was sent (nhật ký gửi sự kiện)",
    responses=responses(WebhookRefused, WebhookNotFound, CursorRefused),
)
def log(
    webhook_id: WebhookId,
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    state: DeliveryState | None = None,
    limit: Limit = 50,
) -> Deliveries:
    found = webhooks.log_page(
        desk, webhook_id, actor=actor, state=state, after=after, limit=limit + 1
    )
    path = f"/v1/webhooks/{webhook_id}/deliveries"
    cursor = _link(response, path, found, limit, {"state": state})
    return Deliveries(items=[Delivery(**one) for one in found[:limit]], next=cursor)


def _link(
    response: Response,
    path: str,
    found: list[dict[str, Any]],
    limit: int,
    asked: dict[str, object] | None = None,
) -> str | None:
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    return link_to_next(response, path, place, {**(asked or {}), "limit": limit})
