"""Opaque cursors of lists and the Link header (RFC 8288)."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Response

from app.domain.errors import DomainError

LARGEST_PAGE = 100


class CursorRefused(DomainError):
    code = "cursor.refused"
    title = "Con trỏ trang không hợp lệ"


Position = tuple[datetime, int]
Place = tuple[int, int, int]
After = Annotated[
    str | None,
    Query(max_length=200, description="Cursor of the page before, from `next` or Link"),
]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Items of a page")]


async def _position(after: After = None) -> Position | None:
    """Read a place in a list that is ordered by instant and key."""
    if after is None:
        return None
    parts = _decoded(after, 2)
    try:
        position = datetime.fromisoformat(parts[0]), int(parts[1])
    except (ValueError, TypeError, OverflowError) as error:
        raise unreadable() from error
    if position[0].tzinfo is None or not 0 < position[1] < 2**63:
        raise unreadable()
    return position


async def _place(after: After = None) -> Place | None:
    """Read a place in the work queue: class, minutes and key."""
    if after is None:
        return None
    parts = _decoded(after, 3)
    bounds = ((0, 2), (-(2**31), 2**31 - 1), (1, 2**63 - 1))
    for part, (least, greatest) in zip(parts, bounds, strict=True):
        if type(part) is not int or not least <= part <= greatest:
            raise unreadable()
    return parts[0], parts[1], parts[2]


async def _code(after: After = None) -> str:
    """Read a place in a list that is ordered by code."""
    if after is None:
        return ""
    (code,) = _decoded(after, 1)
    if not isinstance(code, str):
        raise unreadable()
    return code


async def _parts(after: After = None) -> list[Any] | None:
    """Read a place in a list that knows itself how it is ordered: text and numbers."""
    if after is None:
        return None
    parts = _decoded(after, None)
    if not all(isinstance(part, str | int) for part in parts):
        raise unreadable()
    return parts


async def _number(after: After = None) -> int:
    """Read a place in a list that is numbered."""
    if after is None:
        return 0
    (number,) = _decoded(after, 1)
    if not isinstance(number, int) or not 0 <= number < 2**31:
        raise unreadable()
    return number


AfterPosition = Annotated[Position | None, Depends(_position)]
AfterPlace = Annotated[Place | None, Depends(_place)]
AfterCode = Annotated[str, Depends(_code)]
AfterNumber = Annotated[int, Depends(_number)]
AfterParts = Annotated[list[Any] | None, Depends(_parts)]


def _decoded(after: str, length: int | None) -> list[Any]:
    try:
        parts = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, RecursionError) as error:
        raise unreadable() from error
    if not isinstance(parts, list) or (length is not None and len(parts) != length):
        raise unreadable()
    return parts


def unreadable() -> CursorRefused:
    return CursorRefused("Con trỏ trang không đọc được, hãy mở lại danh sách.")


def link_to_next(
    response: Response,
    path: str,
    place: tuple[str | int | datetime, ...] | None,
    query: Mapping[str, object],
) -> str | None:
    """Write the Link to the next page, if there is one, and return its cursor.

    `query` is what else the list was asked; what is None was not asked.
    """
    if place is None:
        return None
    parts = [part.isoformat() if isinstance(part, datetime) else part for part in place]
    cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")
    asked = {name: str(value) for name, value in query.items() if value is not None}
    response.headers["Link"] = f'<{path}?{urlencode(asked | {"after": cursor})}>; rel="next"'
    return cursor
