"""HTTP face of money: opening a payment, cash at the desk, the platform's notices."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.api.client_address import ClientAddress
from app.api.dependencies import (
    Code,
    CurrentActor,
    CurrentDesk,
    Now,
    UnversionedRequest,
)
from app.api.problems import responses
from app.domain.actor import Role
from app.domain.lifecycle import RoleRefused
from app.domain.once import InFlight, KeyReused
from app.domain.payments import Method, PaymentNotFound, PaymentRefused, PaymentStatus, Purpose
from app.services import fees, notices
from app.services.transition import DossierElsewhere, DossierNotFound

router = APIRouter(prefix="/v1", tags=["payments"])

_NOTICE_LIMIT = 64 * 1024


class Payment(BaseModel):
    """One attempt to pay; money in integer đồng."""

    reference: str = Field(examples=["H44.29-261122-0001-1"])
    purpose: Purpose
    method: Method
    amount_vnd: int
    status: PaymentStatus
    pay_url: str | None = Field(description="Where to pay; null until the platform gave it")
    opened_at: datetime
    paid_at: datetime | None
    receipt_number: str | None = Field(description="Biên lai điện tử")
    refund_due: bool


class PaymentForm(BaseModel):
    """Applicants pay through the platform; receptionists take cash."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose = Purpose.ACCEPTANCE


class NoticeAnswer(BaseModel):
    """What the platform gets to read."""

    MaLoi: str = Field(examples=["00"])
    MoTaLoi: str
    MaDoiTac: str
    MaThamChieu: str
    ThoiGianGD: str
    MaXacThuc: str


@router.post(
    "/dossiers/{code}/payments",  # noqa: FAST003  (read by UnversionedRequest)
    status_code=201,
    summary="Pay a fee or obligation (thanh toán phí, lệ phí, nghĩa vụ tài chính)",
    description="For an applicant it opens a payment at the national platform (level 4); read it "
    "again until `pay_url` is there. For a receptionist it records cash.",
    responses=responses(
        DossierNotFound, DossierElsewhere, RoleRefused, PaymentRefused, InFlight, KeyReused
    ),
)
def pay(
    form: PaymentForm, request: UnversionedRequest, desk: CurrentDesk, client: ClientAddress
) -> Payment:
    if request.actor.role is Role.APPLICANT:
        return Payment(**fees.open_payment(desk, request, purpose=form.purpose, payer_ip=client))
    if request.actor.role is Role.RECEPTIONIST:
        return Payment(**fees.take_cash(desk, request, purpose=form.purpose))
    raise RoleRefused("Chỉ người nộp hoặc công chức một cửa thực hiện thanh toán.")


@router.get(
    "/dossiers/{code}/payments/{reference}",
    summary="Read a payment (xem khoản thanh toán)",
    responses=responses(PaymentNotFound),
)
def read_payment(
    code: Code,
    reference: Annotated[str, Path(examples=["H44.29-261122-0001-1"])],
    desk: CurrentDesk,
    actor: CurrentActor,
) -> Payment:
    return Payment(**fees.read(desk, code, reference, actor=actor))


@router.post(
    "/notices/payment",
    summary="Notice of the payment platform (CONFIRM)",
    description="Signed by the platform; what it says is checked (signature, merchant, order, "
    "amount, currency), kept once and applied by a worker.",
    response_model=NoticeAnswer,
    tags=["partners"],
    responses=responses(is_public=True),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "example": {"LoaiBanTin": "CONFIRM", "MaThamChieu": "H44.29-261122-0001-1"},
                }
            },
        }
    },
)
async def payment_notice(http: HttpRequest, desk: CurrentDesk, now: Now) -> Response:
    raw = bytearray()
    async for piece in http.stream():
        raw += piece
        if len(raw) > _NOTICE_LIMIT:
            break
    answer: dict[str, Any] = await run_in_threadpool(
        notices.receive_payment, desk, bytes(raw[: _NOTICE_LIMIT + 1]), now=now
    )
    return JSONResponse(answer)
