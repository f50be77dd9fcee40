"""HTTP face of notices to people."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import Code, CurrentActor, CurrentDesk, Now, RequiredOnce
from app.api.problems import responses
from app.api.text import AgencyCode
from app.domain.actor import Role
from app.domain.agency import AgencyNotYours
from app.domain.deliveries import DeliveryState
from app.domain.message_texts import Topic
from app.domain.messages import Channel, MessageNotFound, MessageNotStuck, MessagesRefused
from app.domain.once import InFlight, KeyMissing, KeyReused
from app.services import messages, notice_wishes
from app.services.transition import DossierNotFound

router = APIRouter(prefix="/v1", tags=["notices"])

Email = Annotated[
    str,
    StringConstraints(max_length=200, pattern=r"^[^@\s<>\"\x00-\x20]+@[A-Za-z0-9.-]+$"),
    Field(examples=["motcua@tuphap.motcua.test"]),
]


class Notice(BaseModel):
    """Thông báo: what was told, when, over which channel, and whether it arrived."""

    id: int
    code: str | None = Field(description="Of the dossier", examples=["H44.29-261122-0001"])
    topic: Topic
    recipient: str = Field(description="applicant, or a role of staff")
    channel: Channel = Field(description="inbox: only here, no contact or none wanted")
    address: str | None = Field(description="Masked for all but the applicant")
    subject: str
    body: str
    short: str = Field(description="As sent to telephones")
    created_at: datetime
    state: DeliveryState
    attempts: int
    next_at: datetime | None = Field(description="Sent again then at the earliest")
    told_at: datetime | None
    tried: list[dict[str, Any]] = Field(description="Channels that could not reach the person")
    answer_code: str | None
    answer: str | None = Field(description="Why it is blocked or dead")


class Notices(BaseModel):
    items: list[Notice]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class Resent(BaseModel):
    id: int
    channel: Channel
    state: DeliveryState


class Preference(BaseModel):
    """Kênh nhận thông báo: `inbox` is only here, null the usual order (e-mail, Zalo, SMS)."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel | None = Field(examples=["sms"])


class Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    channel: Channel


class Mailbox(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email | None = Field(
        description="null: no e-mail, only the desk's list", examples=["motcua@tuphap.motcua.test"]
    )


class MailboxOfRole(Mailbox):
    agency: str = Field(examples=["H44.10"])
    role: Role


class Mailboxes(BaseModel):
    items: list[MailboxOfRole]


@router.get(
    "/dossiers/{code}/notices",
    summary="What was told of a dossier (thông báo đã gửi)",
    description="To the applicant and, for staff, to their own role. In the order of telling.",
    responses=responses(DossierNotFound, CursorRefused),
)
def of_dossier(
    code: Code,
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    limit: Limit = 50,
) -> Notices:
    found = messages.of_dossier(desk, code, actor=actor, after=after, limit=limit + 1)
    return _page(response, f"/v1/dossiers/{code}/notices", found, limit)


@router.get(
    "/notices",
    summary="Notices to your role at your agency, newest first (thông báo cho cán bộ)",
    responses=responses(MessagesRefused, CursorRefused),
)
def inbox(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    limit: Limit = 50,
) -> Notices:
    found = messages.inbox(desk, actor=actor, before=after, limit=limit + 1)
    return _page(response, "/v1/notices", found, limit)


@router.get(
    "/notices/stuck",
    summary="Notices that reached nobody (thông báo bị kẹt)",
    description="For administrators: why, and of which dossier, without the text.",
    responses=responses(MessagesRefused, CursorRefused),
)
def stuck(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    state: Literal[DeliveryState.BLOCKED, DeliveryState.DEAD] | None = None,
    limit: Limit = 50,
) -> Notices:
    found = messages.stuck(desk, actor=actor, after=after, limit=limit + 1, state=state)
    return _page(response, "/v1/notices/stuck", found, limit, {"state": state})


@router.post(
    "/notices/{notice_id}/resending",
    summary="Send a stuck notice on (gửi lại thông báo bị kẹt)",
    description="Once the cause is mended: over the contact and preference as they are now.",
    responses=responses(
        MessagesRefused, MessageNotFound, MessageNotStuck, InFlight, KeyMissing, KeyReused
    ),
)
def resend(
    notice_id: Annotated[int, Path(ge=1, lt=2**63, examples=[42])],
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: RequiredOnce,
) -> Resent:
    return Resent(**messages.resend(desk, notice_id, actor=actor, now=now, once=once))


@router.get(
    "/me/notice-preference",
    summary="Over which channel you want to be told (kênh nhận thông báo)",
    responses=responses(MessagesRefused),
)
def read_preference(desk: CurrentDesk, actor: CurrentActor) -> Preference:
    return Preference(channel=notice_wishes.preference(desk, actor=actor))


@router.put(
    "/me/notice-preference",
    summary="Choose the channel (chọn kênh nhận thông báo)",
    description="For notices made from now on. Where the chosen channel has no contact on the "
    "dossier or cannot reach you, the usual order holds.",
    responses=responses(MessagesRefused),
)
def prefer(form: Wish, desk: CurrentDesk, actor: CurrentActor, now: Now) -> Preference:
    return Preference(channel=notice_wishes.prefer(desk, form.channel, actor=actor, now=now))


@router.get(
    "/notice-addresses",
    summary="Mailboxes of offices (hộp thư nhận thông báo của cơ quan)",
    responses=responses(MessagesRefused),
)
def addresses(desk: CurrentDesk, actor: CurrentActor) -> Mailboxes:
    found = notice_wishes.addresses(desk, actor=actor)
    return Mailboxes(items=[MailboxOfRole(**one) for one in found])


@router.put(
    "/agencies/{agency}/notice-addresses/{role}",
    summary="Set a mailbox of an office (đặt hộp thư nhận thông báo của cơ quan)",
    responses=responses(MessagesRefused, AgencyNotYours),
)
def set_address(
    agency: AgencyCode, role: Role, form: Mailbox, desk: CurrentDesk, actor: CurrentActor, now: Now
) -> MailboxOfRole:
    kept = notice_wishes.set_address(desk, agency, role, form.email, actor=actor, now=now)
    return MailboxOfRole(**kept)


def _page(
    response: Response,
    path: str,
    found: list[dict[str, Any]],
    limit: int,
    asked: dict[str, object] | None = None,
) -> Notices:
    page = found[:limit]
    place = (page[-1]["id"],) if len(found) > limit else None
    cursor = link_to_next(response, path, place, {**(asked or {}), "limit": limit})
    return Notices(items=[Notice(**one) for one in page], next=cursor)
