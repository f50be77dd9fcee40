"""HTTP face of parcels: results sent by post, papers collected."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from app.api.dependencies import (
    Code,
    CurrentActor,
    CurrentDesk,
    UnversionedRequest,
)
from app.api.problems import responses
from app.api.text import Line
from app.domain.deliveries import DeliveryState
from app.domain.lifecycle import RoleRefused
from app.domain.once import InFlight, KeyReused
from app.domain.parcels import Parcel, ParcelKind, ParcelNotFound, ParcelRefused, Wanted
from app.services import parcels
from app.services.transition import DossierElsewhere, DossierNotFound

router = APIRouter(prefix="/v1/dossiers/{code}/post-orders", tags=["parcels"])


class PersonForm(BaseModel):
    """The applicant's end of the way."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field(examples=["Trần Thị Mẫu"])
    phone: str = Field(pattern=r"^\+?[0-9]{8,14}$", examples=["0900000001"])
    address: Line = Field(examples=["Số 1, phố Mẫu, phường Việt Trì"])
    province: int = Field(ge=0, lt=10**6, description="The post's own number", examples=[29])
    district: int = Field(0, ge=0, lt=10**6, description="The post's own number; 0: none")
    email: str | None = Field(None, max_length=200, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")


class OrderForm(BaseModel):
    """What the post is to carry."""

    model_config = ConfigDict(extra="forbid")

    kind: ParcelKind = Field(description="return: gửi kết quả; collect: thu gom giấy tờ")
    person: PersonForm
    cod_vnd: int = Field(
        0, ge=0, le=10**9, strict=True, description="To be collected on delivery; integer đồng"
    )


class TrackView(BaseModel):
    code: str = Field(description="The post's own")
    words: str
    parcel: Parcel | None = Field(description="null: a code that has no word of ours")
    occurred_at: datetime


class PersonView(BaseModel):
    name: str
    phone: str
    address: str
    province: int
    district: int
    email: str


class PostOrder(BaseModel):
    """Đơn bưu chính."""

    n: int
    number: str = Field(description="OrderNumber", examples=["H44.29-261122-0001"])
    kind: ParcelKind
    parcel: Parcel
    parcel_label: str = Field(examples=["Bưu chính đã nhận đơn"])
    wanted: Wanted
    state: DeliveryState = Field(description="How the order stands with the post")
    reason: str | None = Field(description="Why it is not taken")
    unmapped_code: str | None
    item_code: str | None = Field(description="Waybill")
    cod_vnd: int
    person: PersonView
    requested_by: str
    requested_at: datetime
    moved_at: datetime
    tracks: list[TrackView] = []


class PostOrders(BaseModel):
    items: list[PostOrder]


OrderN = Annotated[int, PathParameter(ge=1, lt=2**15, examples=[1])]
_REFUSALS = (
    DossierNotFound,
    DossierElsewhere,
    RoleRefused,
    ParcelRefused,
    InFlight,
    KeyReused,
)


@router.post(
    "",
    status_code=201,
    summary="Order a parcel (lập đơn bưu chính công ích)",
    description="A worker brings it to the post. A result can be sent once the dossier is "
    "resolved; papers can be collected while it is being dealt with. When the post says that the "
    "result was delivered, the dossier is returned by itself.",
    responses=responses(*_REFUSALS),
)
def place(form: OrderForm, request: UnversionedRequest, desk: CurrentDesk) -> PostOrder:
    person = parcels.Person(**form.person.model_dump())
    return PostOrder(
        **parcels.place(desk, request, kind=form.kind, person=person, cod_vnd=form.cod_vnd)
    )


@router.get(
    "",
    summary="Parcels of a dossier (các đơn bưu chính)",
    responses=responses(DossierNotFound),
)
def list_of(code: Code, desk: CurrentDesk, actor: CurrentActor) -> PostOrders:
    return PostOrders(
        items=[PostOrder(**item) for item in parcels.list_of(desk, code, actor=actor)]
    )


@router.post(
    "/{n}/cancellation",
    status_code=201,
    summary="Cancel a parcel (hủy đơn bưu chính)",
    description="As long as nobody has fetched it.",
    responses=responses(*_REFUSALS, ParcelNotFound),
)
def cancel(n: OrderN, request: UnversionedRequest, desk: CurrentDesk) -> PostOrder:
    return PostOrder(**parcels.cancel(desk, request, n))


@router.post(
    "/{n}/retry",
    status_code=201,
    summary="Try a parcel again that is blocked or dead (gửi lại đơn bưu chính)",
    description="The post is asked first what it has of it.",
    responses=responses(*_REFUSALS, ParcelNotFound),
)
def retry(n: OrderN, request: UnversionedRequest, desk: CurrentDesk) -> PostOrder:
    return PostOrder(**parcels.retry(desk, request, n))
