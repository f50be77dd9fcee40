"""Opaque cursors of lists and the Link header (RFC 8288)."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Response

from app.domain.errors import DomainError


class CursorRefused(DomainError):
    code = "cursor.refused"
    title = "Con trỏ trang không hợp lệ"


Position = tuple[datetime, int]


async def _position(
    after: Annotated[
        str | None,
        Query(max_length=200, description="Cursor of the page before, from `next` or Link"),
    ] = None,
) -> Position | None:
    if after is None:
        return None
    try:
        at, key = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        position = datetime.fromisoformat(at), int(key)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CursorRefused("Con trỏ trang không đọc được, hãy mở lại danh sách.") from error
    if position[0].tzinfo is None or not 0 < position[1] < 2**63:
        raise CursorRefused("Con trỏ trang không đọc được, hãy mở lại danh sách.")
    return position


Cursor = Annotated[Position | None, Depends(_position)]


def link_to_next(
    response: Response, path: str, position: Position | None, query: Mapping[str, str]
) -> str | None:
    """Write the Link to the next page, if there is one, and return its cursor."""
    if position is None:
        return None
    content = json.dumps([position[0].isoformat(), position[1]]).encode()
    cursor = base64.urlsafe_b64encode(content).decode().rstrip("=")
    response.headers["Link"] = f'<{path}?{urlencode({**query, "after": cursor})}>; rel="next"'
    return cursor
