"""HTTP face of the acts on a dossier: each path names the outcome, each calls one service."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, ParamSpec
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.api.dependencies import (
    ActRequest,
    CurrentDesk,
    VersionMissing,
)
from app.api.problems import responses
from app.api.text import AgencyCode, ItemCode, Line, Paragraph
from app.domain.application import ApplicationFaulty, HandedIn
from app.domain.documents import DocumentNotFound
from app.domain.intake import ReturnWay
from app.domain.lifecycle import LABELS, Act, RoleRefused, Status, StepRefused
from app.domain.once import InFlight, KeyReused
from app.domain.opinions import OpinionsOutstanding
from app.domain.time_limits import LimitUnit, TimeLimit
from app.services import fees, processing, reception, submission
from app.services.desk import Desk
from app.services.holds import DossierClaimed
from app.services.stays import NotDecidedHere
from app.services.transition import (
    DossierElsewhere,
    DossierNotFound,
    Outcome,
    Request,
    VersionStale,
)

router = APIRouter(prefix="/v1/dossiers/{code}", tags=["acts"])

P = ParamSpec("P")


class ActResult(BaseModel):
    """Where the act left the dossier; its version is also the ETag."""

    code: str = Field(examples=["H44.29-261122-0001"])
    status: Status
    status_label: str = Field(examples=["Được tiếp nhận"])
    version: int = Field(examples=[2])
    due_at: datetime | None = Field(description="Hẹn trả kết quả; null until accepted")
    possible_acts: list[Act]
    details: dict[str, Any]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Refusal(_Form):
    reason: Paragraph
    legal_ground: Line = Field(examples=["Khoản 2 Điều 17 Nghị định 118/2025/NĐ-CP"])


class SupplementRequest(_Form):
    """Everything that is missing, at once: the law allows one request after acceptance."""

    components: list[ItemCode] = Field(min_length=1, max_length=100, examples=[["GT01"]])
    reason: Paragraph
    legal_ground: Line | None = Field(None, description="Needed for a second request")


class SupplementPart(_Form):
    component: ItemCode
    document: UUID = Field(examples=["6f2d3c1e-1f7c-4d0a-9a57-0f6f7c1f2b11"])


class Supplement(_Form):
    components: list[SupplementPart] = Field(min_length=1, max_length=100)
    note: Paragraph | None = None


WithoutOpinions = Annotated[
    Paragraph | None,
    Field(description="Needed while other agencies are asked for their opinion: why not to wait"),
]


class Handover(_Form):
    """To the next step; with `step` or `agency` elsewhere or back, then a reason is needed."""

    agency: AgencyCode | None = None
    step: ItemCode | None = Field(None, examples=["appraisal"])
    reason: Paragraph | None = None
    without_opinions: WithoutOpinions = None


class PaymentRequest(_Form):
    amount_vnd: int = Field(
        gt=0, le=10**12, strict=True, description="Integer đồng", examples=[20000]
    )
    reason: Paragraph


class Extension(_Form):
    count: int = Field(ge=1, le=1000, strict=True, examples=[2])
    unit: LimitUnit
    reason: Paragraph


class Resolution(_Form):
    granted: bool
    reason: Paragraph | None = Field(None, description="Needed where the result is denied")
    documents: list[UUID] = Field(
        default=[], max_length=20, description="Uploaded as kind `result`, signed by the agency"
    )
    without_opinions: WithoutOpinions = None


class Stopping(_Form):
    reason: Paragraph
    legal_ground: Line


class Withdrawal(_Form):
    reason: Paragraph


class Return(_Form):
    way: ReturnWay
    note: Paragraph | None = None


def result_of(outcome: Outcome) -> dict[str, Any]:
    """Return an act's outcome as it is answered."""
    return {
        "code": outcome.code,
        "status": outcome.status,
        "status_label": LABELS[Status(outcome.status)],
        "version": outcome.version,
        "due_at": outcome.due_at,
        "possible_acts": outcome.possible_acts,
        "details": _in_order(outcome.details),
    }


def answer(outcome: Outcome, status: int = 200) -> Response:
    """Answer an act: built by hand, because this is the busiest answer of the system."""
    return JSONResponse(
        result_of(outcome),
        status,
        {"ETag": f'"{outcome.version}"', "Location": f"/v1/dossiers/{outcome.code}"},
    )


def _in_order(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts with their names sorted: an answer given again is the same to the byte."""
    return {
        name: _in_order(value) if isinstance(value, Mapping) else value
        for name, value in sorted(facts.items())
    }


_COMMON = (
    RoleRefused,
    DossierClaimed,
    DossierElsewhere,
    DossierNotFound,
    StepRefused,
    InFlight,
    NotDecidedHere,
    OpinionsOutstanding,
    VersionStale,
    KeyReused,
    VersionMissing,
)
_REFUSALS = responses(*_COMMON)
_WITH_FAULTS = responses(*_COMMON, ApplicationFaulty, DocumentNotFound)


def _act(
    path: str, summary: str, *, faults: bool = False
) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    return router.post(
        path,
        summary=summary,
        response_model=ActResult,
        responses=_WITH_FAULTS if faults else _REFUSALS,
    )


@_act("/acceptance", "Accept (tiếp nhận và hẹn trả kết quả)")
def accept(request: ActRequest, desk: CurrentDesk) -> Response:
    return answer(reception.accept(desk, request))


@_act("/refusal", "Refuse to accept (từ chối tiếp nhận)")
def refuse(form: Refusal, request: ActRequest, desk: CurrentDesk) -> Response:
    outcome = reception.refuse(desk, request, reason=form.reason, legal_ground=form.legal_ground)
    return answer(outcome)


@_act("/supplement-requests", "Ask for what is missing (yêu cầu bổ sung, hoàn thiện)")
def request_supplement(form: SupplementRequest, request: ActRequest, desk: CurrentDesk) -> Response:
    outcome = processing.request_supplement(
        desk,
        request,
        components=tuple(dict.fromkeys(form.components)),
        reason=form.reason,
        ground=form.legal_ground,
    )
    return answer(outcome)


@_act("/supplements", "Add what was asked for (bổ sung hồ sơ)", faults=True)
def supplement(form: Supplement, request: ActRequest, desk: CurrentDesk) -> Response:
    components = tuple(HandedIn(part.component, part.document) for part in form.components)
    return answer(submission.supplement(desk, request, components=components, note=form.note))


@_act("/processing", "Begin to process (bắt đầu xử lý)")
def start(request: ActRequest, desk: CurrentDesk) -> Response:
    return answer(processing.start(desk, request))


@_act("/handovers", "Hand on to the next step or another agency (chuyển bước, chuyển cơ quan)")
def pass_on(form: Handover, request: ActRequest, desk: CurrentDesk) -> Response:
    return answer(hand_on(form, request, desk))


def hand_on(form: Handover, request: Request, desk: Desk) -> Outcome:
    return processing.pass_on(
        desk,
        request,
        agency=form.agency,
        step=form.step,
        reason=form.reason,
        without_opinions=form.without_opinions,
    )


@_act("/payment-requests", "Ask for a financial obligation (yêu cầu nghĩa vụ tài chính)")
def request_payment(form: PaymentRequest, request: ActRequest, desk: CurrentDesk) -> Response:
    outcome = fees.request_payment(desk, request, amount_vnd=form.amount_vnd, reason=form.reason)
    return answer(outcome)


@_act("/settlement", "Take the obligation in cash (hoàn thành nghĩa vụ bằng tiền mặt)")
def settle(request: ActRequest, desk: CurrentDesk) -> Response:
    return answer(fees.settle_in_cash(desk, request))


@_act("/extension", "Apologise and extend (xin lỗi và hẹn lại)")
def extend(form: Extension, request: ActRequest, desk: CurrentDesk) -> Response:
    by = TimeLimit(form.count, form.unit)
    return answer(processing.extend(desk, request, by=by, reason=form.reason))


@_act("/resolution", "Decide and sign (ký duyệt kết quả)", faults=True)
def resolve(form: Resolution, request: ActRequest, desk: CurrentDesk) -> Response:
    outcome = processing.resolve(
        desk,
        request,
        granted=form.granted,
        reason=form.reason,
        documents=tuple(dict.fromkeys(form.documents)),
        without_opinions=form.without_opinions,
    )
    return answer(outcome)


@_act("/stop", "Stop for good (dừng giải quyết)")
def stop(form: Stopping, request: ActRequest, desk: CurrentDesk) -> Response:
    outcome = processing.stop(desk, request, reason=form.reason, legal_ground=form.legal_ground)
    return answer(outcome)


@_act("/withdrawal", "Withdraw (rút hồ sơ)")
def withdraw(form: Withdrawal, request: ActRequest, desk: CurrentDesk) -> Response:
    return answer(submission.withdraw(desk, request, reason=form.reason))


@_act("/return", "Hand over the result (trả kết quả)")
def return_result(form: Return, request: ActRequest, desk: CurrentDesk) -> Response:
    return answer(reception.return_result(desk, request, way=form.way, note=form.note))
