"""HTTP face of public tracking: for apps as JSON, for the browser that the QR code opens as a page.

Every refusal is the same to the byte, whatever was wrong: also its `instance` names no code.
"""

from collections.abc import Mapping
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field

from app.api import tracking_page
from app.api.client_address import ClientAddress, subscriber
from app.api.dependencies import CurrentDesk, Now
from app.api.problems import problem, responses
from app.api.statuses import STATUS
from app.domain.quotas import Meter
from app.domain.tracking import Progress, TooManyTries, Tracked, TrackingRefused
from app.services import tracking

router = APIRouter(prefix="/v1/tracking", tags=["tracking"])

_PATH = "/v1/tracking"
_WRONG = "Mã hồ sơ hoặc 4 chữ số kiểm tra không đúng."


class PassedView(BaseModel):
    at: datetime
    label: str = Field(examples=["Tiếp nhận hồ sơ"])
    agency: str = Field(examples=["Sở Tư pháp"])


class ProgressView(BaseModel):
    """Tiến độ: no personal data."""

    kind: Tracked
    code: str = Field(examples=["H44.10-261122-0001"])
    status: str = Field(examples=["in_process"])
    status_label: str = Field(examples=["Đang xử lý"])
    agency: str = Field(examples=["H44.10"])
    agency_name: str = Field(examples=["Sở Tư pháp"])
    received_at: datetime
    answer_due_at: datetime | None = Field(description="First answer due, until it is accepted")
    due_at: datetime | None = Field(
        description="null until it is accepted, and while the clock stands"
    )
    reply_due_on: date | None = Field(description="Last day to answer what was asked for")
    in_words: str | None = Field(examples=["còn 2 ngày 4 giờ"])
    summary: str = Field(examples=["Hồ sơ đang được giải quyết tại Sở Tư pháp."])
    steps: list[PassedView]


def wants_page(accept: str) -> bool:
    """Tell whether HTML is preferred to JSON; who does not say so gets JSON."""
    weights = {"text/html": 0.0, "application/json": 0.0}
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name in weights:
            weights[name] = _weight(parameters)
    return weights["text/html"] > weights["application/json"]


def _weight(parameters: list[str]) -> float:
    given = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return float(given)
    except ValueError:
        return 0.0


@router.get(
    "/{code:path}",  # whatever is sent as a code: also one with a slash gets the one refusal
    summary="Follow a dossier or petition without login (tra cứu tiến độ)",
    description="`check`: the last 4 digits of the applicant's identity number or phone. Wrong "
    "code and wrong check digits get the same answer. A browser gets a page with a form.",
    response_model=ProgressView,
    responses=responses(TrackingRefused, TooManyTries, is_public=True),
)
async def follow(
    code: Annotated[str, Path(examples=["H44.10-261122-0001"])],
    desk: CurrentDesk,
    client: ClientAddress,
    now: Now,
    check: Annotated[
        str | None,
        Query(description="Last 4 digits of identity number or phone", examples=["0001"]),
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    is_page = wants_page(accept)
    if is_page and check is None:
        return _page(tracking_page.form(code), HTTPStatus.OK, {})
    found = await run_in_threadpool(
        tracking.follow, desk, code, check, client=subscriber(client), now=now
    )
    headers = _quota_headers(found.meters, now)
    if found.blocked is not None:
        headers["Retry-After"] = str(found.blocked.seconds_left(now))
        return _refusal(TooManyTries(_too_many(found.blocked, now)), headers, is_page=is_page)
    if found.progress is None:
        return _refusal(TrackingRefused(_WRONG), headers, is_page=is_page)
    if is_page:
        return _page(tracking_page.progress(found.progress), HTTPStatus.OK, headers)
    return _json(found.progress, headers)


def _too_many(blocked: Meter, now: datetime) -> str:
    minutes = -(-blocked.seconds_left(now) // 60)
    return f"Đã tra cứu quá nhiều lần. Hãy thử lại sau {minutes} phút."


def _quota_headers(meters: tuple[Meter, ...], now: datetime) -> dict[str, str]:
    """Say how the quotas stand (draft-ietf-httpapi-ratelimit-headers)."""
    policies = [f'"{m.quota.name}";q={m.quota.limit};w={m.quota.window_s}' for m in meters]
    standing = [f'"{m.quota.name}";r={m.left};t={m.seconds_left(now)}' for m in meters]
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(standing)}


def _refusal(
    error: TrackingRefused | TooManyTries, headers: Mapping[str, str], *, is_page: bool
) -> Response:
    status = STATUS[error.code]
    if is_page:
        return _page(tracking_page.form(None, error.detail), status, headers)
    answer = problem(_PATH, status, error.code, error.title, error.detail)
    answer.headers.update({"Vary": "Accept", **headers})
    return answer


def _json(progress: Progress, headers: Mapping[str, str]) -> Response:
    view = ProgressView.model_validate(progress, from_attributes=True)
    return JSONResponse(view.model_dump(mode="json"), headers={"Vary": "Accept", **headers})


def _page(content: str, status: int, headers: Mapping[str, str]) -> Response:
    return HTMLResponse(content, status, {"Vary": "Accept", **tracking_page.HEADERS, **headers})
