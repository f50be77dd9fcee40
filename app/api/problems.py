"""Refusals as problem documents (RFC 9457): every error leaves through here.

A domain error carries a stable `code` and a Vietnamese `detail`; the one table below gives its
HTTP status. `errors` lists faults with JSON pointers (RFC 6901) into the request.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import errors as pg
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.api.statuses import STATUS
from app.domain.errors import DomainError

log = logging.getLogger(__name__)

_HTTP_CODES = {
    400: ("request.unreadable", "Yêu cầu không đọc được", "Nội dung yêu cầu không đọc được."),
    404: ("request.no_such_path", "Không có địa chỉ này", "Không có địa chỉ này."),
    405: (
        "request.no_such_method",
        "Phương thức không được dùng",
        "Địa chỉ này không nhận phương thức này.",
    ),
}

_HEADERS: dict[int | str, dict[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    413: {"Connection": "close"},  # the rest of the body is not read
    503: {"Retry-After": "1"},
    "idempotency.in_flight": {"Retry-After": "1"},
}

_VALIDATION = {
    "missing": "Mục này là bắt buộc.",
    "extra_forbidden": "Không có mục này.",
    "string_type": "Phải là chuỗi ký tự.",
    "string_too_short": "Nội dung quá ngắn.",
    "string_too_long": "Nội dung quá dài.",
    "string_pattern_mismatch": "Không đúng định dạng.",
    "int_type": "Phải là số nguyên.",
    "int_parsing": "Phải là số nguyên.",
    "bool_type": "Phải là đúng hoặc sai.",
    "bool_parsing": "Phải là đúng hoặc sai.",
    "greater_than": "Giá trị quá nhỏ.",
    "greater_than_equal": "Giá trị quá nhỏ.",
    "less_than": "Giá trị quá lớn.",
    "less_than_equal": "Giá trị quá lớn.",
    "enum": "Giá trị không nằm trong danh mục.",
    "literal_error": "Giá trị không nằm trong danh mục.",
    "uuid_parsing": "Phải là mã định danh UUID.",
    "date_from_datetime_parsing": "Phải là ngày, dạng 2026-11-22.",
    "date_parsing": "Phải là ngày, dạng 2026-11-22.",
    "json_invalid": "Không phải JSON hợp lệ.",
    "too_long": "Danh sách quá dài.",
    "too_short": "Danh sách quá ngắn.",
    "dict_type": "Phải là một đối tượng.",
    "list_type": "Phải là một danh sách.",
    "model_attributes_type": "Phải là một đối tượng.",
}


class FaultView(BaseModel):
    pointer: str = Field(description="JSON pointer into the request", examples=["/applicant/name"])
    code: str = Field(examples=["missing"])
    detail: str = Field(examples=["Mục này là bắt buộc."])


class Problem(BaseModel):
    """A refusal (RFC 9457). `code` is stable; `detail` is Vietnamese, for the person."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/dossier.step_refused"])
    title: str = Field(examples=["Không thực hiện được ở trạng thái hiện tại"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["dossier.step_refused"])
    detail: str = Field(
        examples=["Không thể thực hiện “Ký duyệt kết quả” khi hồ sơ “mới đăng ký”."]
    )
    instance: str = Field(examples=["/v1/dossiers/H44.10-261122-0001/resolution"])
    errors: list[FaultView] = Field(default=[], description="Faults, where there are several")


def _described() -> dict[str, Any]:
    """Return the schema of a problem, whole in itself: it stands in each operation's answers."""
    schema = Problem.model_json_schema()
    schema["properties"]["errors"]["items"] = schema.pop("$defs")["FaultView"]
    return schema


_SCHEMA = _described()


def responses(*errors: type[DomainError], is_public: bool = False) -> dict[int | str, Any]:
    """Describe in OpenAPI the refusals of an operation, beside those that every one has.

    What comes with a body, a key or a version is added by `description.complete`.
    """
    codes: dict[int, list[str]] = {422: ["request.invalid"], 503: ["service.busy"]}
    if not is_public:
        codes |= {401: ["identity.token_refused"], 403: ["agency.ended"]}
        codes[503] = ["service.busy", "identity.unavailable"]
    for error in errors:
        codes.setdefault(STATUS[error.code], []).append(error.code)
    return {status: refusals(dict.fromkeys(names)) for status, names in sorted(codes.items())}


def refusals(codes: Iterable[str]) -> dict[str, Any]:
    """Describe in OpenAPI the problem documents with these codes, which share a status."""
    return {
        "description": ", ".join(codes),
        "content": {"application/problem+json": {"schema": _SCHEMA}},
    }


def register(app: FastAPI) -> None:
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _busy)
    app.add_exception_handler(Exception, _unexpected)


def problem(
    path: str,
    status: int,
    code: str,
    title: str,
    detail: str,
    facts: Mapping[str, Any] | None = None,
) -> JSONResponse:
    content: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": quote(path, errors="backslashreplace"),
    }
    content |= {name: fact for name, fact in (facts or {}).items() if name not in content}
    headers = _HEADERS.get(code) or _HEADERS.get(status)
    return JSONResponse(content, status, headers, media_type="application/problem+json")


async def _domain(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, DomainError):
        raise error
    status = STATUS.get(error.code)
    if status is None:
        return await _unexpected(request, error)  # nothing that a caller could mend
    return problem(request.url.path, status, error.code, error.title, error.detail, error.facts)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = shape_faults(error.errors())
    if any(fault["code"] == "json_invalid" for fault in faults):
        return problem(request.url.path, 400, *_HTTP_CODES[400], {"errors": faults})
    return problem(
        request.url.path,
        422,
        "request.invalid",
        "Yêu cầu không hợp lệ",
        f"Yêu cầu có {len(faults)} điểm cần sửa.",
        {"errors": faults},
    )


def shape_faults(errors: Iterable[Any]) -> list[dict[str, str]]:
    """Put what a form found wrong into words, each with its place (JSON pointer)."""
    return [
        {
            "pointer": _pointer(fault["loc"]),
            "code": fault["type"],
            "detail": _VALIDATION.get(fault["type"], "Giá trị không hợp lệ."),
        }
        for fault in errors
    ]


def _pointer(location: tuple[Any, ...]) -> str:
    parts = location[1:] if location and location[0] == "body" else location
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


async def _http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    other = ("request.refused", "Yêu cầu bị từ chối", str(error.detail))
    answer = problem(
        request.url.path, error.status_code, *_HTTP_CODES.get(error.status_code, other)
    )
    answer.headers.update(error.headers or {})
    return answer


async def _gone(request: Request, _error: Exception) -> JSONResponse:
    """Answer a caller who hung up while sending: nobody reads it, and it is no fault of ours."""
    return problem(request.url.path, 400, *_HTTP_CODES[400])


async def _database(request: Request, error: Exception) -> JSONResponse:
    """Tell values that no table can hold, and a database that is away, from our own faults."""
    cause = getattr(error, "orig", None)
    if isinstance(cause, pg.DataError | UnicodeError | OverflowError):
        return problem(
            request.url.path,
            422,
            "request.not_storable",
            "Giá trị không lưu được",
            "Yêu cầu có ký tự hoặc giá trị không lưu được.",
        )
    if isinstance(error, OperationalError):
        return await _busy(request, error)
    return await _unexpected(request, error)


async def _busy(request: Request, error: Exception) -> JSONResponse:
    log.warning("database is busy or away: %s", type(error).__name__)
    return problem(
        request.url.path,
        503,
        "service.busy",
        "Hệ thống đang bận",
        "Hệ thống đang bận, yêu cầu chưa được thực hiện. Hãy thử lại sau giây lát.",
    )


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error on %s", request.url.path, exc_info=error)
    return problem(
        request.url.path,
        500,
        "service.fault",
        "Lỗi hệ thống",
        "Hệ thống gặp lỗi khi thực hiện yêu cầu. Lỗi đã được ghi lại.",
    )


def refusal(path: str, error: DomainError) -> Problem:
    """Return what a refusal is told as where an answer holds several of them."""
    told = {
        **error.facts,
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": STATUS[error.code],
        "code": error.code,
        "detail": error.detail,
        "instance": path,
    }
    return Problem(**told)
