"""JSON in and out, shared by the partners' HTTP faces."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app.mocks.fields import Table, faults_of

_LARGEST_PAGE = 1000


class Malformed(Exception):
    """A body that is not the JSON object it should be; the text says why, in Vietnamese."""


class Json(Response):
    """Compact JSON with Vietnamese letters as they are."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: object) -> bytes:
        """Write the content as UTF-8 JSON."""
        return as_text(content).encode()


def as_text(content: object, *, is_sorted: bool = False) -> str:
    """Write compact JSON text; with sorted keys, equal contents give equal texts."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=is_sorted)


def parse_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object, refusing repeated keys (one reader would see the first, one the last)."""
    try:
        content = json.loads(
            body, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant
        )
        if b"\\u" in body:
            as_text(content).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Malformed(f"Nội dung không phải JSON hợp lệ: {error}") from error
    if not isinstance(content, dict):
        raise Malformed("Nội dung phải là một đối tượng JSON")
    return content


async def read_object(request: Request) -> dict[str, Any]:
    """Read the body of a request that must be declared and be a JSON object."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise Malformed("Thiếu Content-Type: application/json")
    return parse_object(await request.body())


async def read_checked(request: Request, table: Table) -> dict[str, Any]:
    """Read the body of a request and check its fields."""
    body = await read_object(request)
    if faults := faults_of(table, body, ""):
        raise Malformed("; ".join(faults))
    return body


def page_of(request: Request) -> tuple[str, int]:
    """Read which page of a list is wanted: what follows `after`, at most `limit` rows."""
    limit = request.query_params.get("limit", str(_LARGEST_PAGE))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= _LARGEST_PAGE):
        raise Malformed(f"limit phải từ 1 đến {_LARGEST_PAGE}")
    return request.query_params.get("after", ""), int(limit)


def refusal(error: Malformed) -> Json:
    """Answer a mistake at one of the mock's own endpoints (not a partner's message)."""
    return Json({"detail": str(error)}, 422)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("khóa bị lặp lại")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} không phải là số")
