"""What routes ask for: who acts, when, in which version, under which key."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Protocol

from fastapi import Depends, Header, Path
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.api.scraping import Remembered
from app.api.text import DOSSIER_CODE
from app.domain.actor import Actor
from app.domain.errors import DomainError
from app.domain.once import KeyMissing, Once
from app.services.desk import Desk
from app.services.transition import Request


class Guard(Protocol):
    """Lets people in by their token; the composition root brings one."""

    def remembered(self, token: str, now: datetime) -> Actor | None: ...
    def check(self, token: str, now: datetime) -> Actor: ...


@dataclass(frozen=True, slots=True)
class Doors:
    """What the composition root hands to the routes."""

    desk: Desk
    guard: Guard
    now: Callable[[], datetime]
    refused: type[DomainError]  # raised where there is no token at all
    readiness: Callable[[], dict[str, bool]]
    link_key: bytes
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    gauges: Remembered = field(default_factory=Remembered)


class VersionMissing(DomainError):
    code = "dossier.version_missing"
    title = "Thiếu phiên bản hồ sơ (If-Match)"


class VersionMalformed(DomainError):
    code = "dossier.version_malformed"
    title = "Phiên bản hồ sơ (If-Match) không đọc được"


class KeyMalformed(DomainError):
    code = "idempotency.key_malformed"
    title = "Khóa chống gửi trùng không hợp lệ"


def doors(request: HttpRequest) -> Doors:
    found: Doors = request.app.state.doors
    return found


async def _doors(request: HttpRequest) -> Doors:
    return doors(request)


async def _desk(found: Annotated[Doors, Depends(_doors)]) -> Desk:
    return found.desk


async def _now(found: Annotated[Doors, Depends(_doors)]) -> datetime:
    return found.now()


_bearer = HTTPBearer(
    auto_error=False, scheme_name="VNeID", description="Token of the identity provider"
)


async def _actor(
    found: Annotated[Doors, Depends(_doors)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Actor:
    if credentials is None:
        raise found.refused("Hãy đăng nhập để thực hiện.")
    token, now = credentials.credentials, found.now()
    known = found.guard.remembered(token, now)
    # Checking may have to fetch the provider's keys: not in the event loop.
    if known is None:
        known = await run_in_threadpool(found.guard.check, token, now)
    return known


_KEY = re.compile(r"[\x21-\x7e]{1,200}")

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Made by the caller, new for each request; the same key and body get the "
        "same answer, however often they are sent",
        examples=["6f2d3c1e-1f7c-4d0a-9a57-0f6f7c1f2b11"],
    ),
]


async def _once_of(request: HttpRequest, key: KeyHeader = None) -> Callable[[str], Once] | None:
    """Return what makes the request's key out of a fingerprint of its body."""
    if key is None:
        return None
    key = key.strip('"')  # the draft writes it as a quoted string
    if not _KEY.fullmatch(key):
        raise KeyMalformed("Khóa gồm 1 đến 200 ký tự ASCII nhìn thấy được, không có dấu cách.")
    return partial(Once, key, f"{request.method} {request.url.path}")


async def _once(
    request: HttpRequest, once_of: Annotated[Callable[[str], Once] | None, Depends(_once_of)]
) -> Once | None:
    if once_of is None:
        return None
    return once_of(hashlib.sha256(await request.body()).hexdigest())


async def _once_required(once: Annotated[Once | None, Depends(_once)]) -> Once:
    if once is None:
        raise KeyMissing("Yêu cầu này phải kèm Idempotency-Key.")
    return once


_VERSION = re.compile(r'"([1-9][0-9]{0,8})"')


async def _version(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description="The ETag of the dossier as it was read; 428 without, 412 if it changed",
            examples=['"3"'],
        ),
    ] = None,
) -> int:
    if if_match is None:
        raise VersionMissing("Yêu cầu này phải kèm If-Match với ETag của hồ sơ đã xem.")
    return _read_version(if_match)


async def _maybe_version(
    if_match: Annotated[
        str | None,
        Header(alias="If-Match", description="The ETag that was read before", examples=['"3"']),
    ] = None,
) -> int | None:
    return None if if_match is None else _read_version(if_match)


def _read_version(if_match: str) -> int:
    match = _VERSION.fullmatch(if_match.strip())
    if match is None:
        raise VersionMalformed('If-Match phải là ETag đã đọc được, ví dụ "3".')
    return int(match.group(1))


Code = Annotated[
    str,
    Path(
        description="Dossier code (mã hồ sơ)",
        pattern=DOSSIER_CODE,
        max_length=60,
        examples=["H44.10-261122-0001"],
    ),
]
CurrentDoors = Annotated[Doors, Depends(_doors)]
CurrentDesk = Annotated[Desk, Depends(_desk)]
CurrentActor = Annotated[Actor, Depends(_actor)]
Now = Annotated[datetime, Depends(_now)]
OnceOfUpload = Annotated[Callable[[str], Once] | None, Depends(_once_of)]
MaybeOnce = Annotated[Once | None, Depends(_once)]
RequiredOnce = Annotated[Once, Depends(_once_required)]
Version = Annotated[int, Depends(_version)]
MaybeVersion = Annotated[int | None, Depends(_maybe_version)]


async def _act(
    code: Code, actor: CurrentActor, now: Now, version: Version, once: MaybeOnce
) -> Request:
    return Request(code, actor, now, version, once)


ActRequest = Annotated[Request, Depends(_act)]


async def _unversioned(code: Code, actor: CurrentActor, now: Now, once: MaybeOnce) -> Request:
    return Request(code, actor, now, None, once)


UnversionedRequest = Annotated[Request, Depends(_unversioned)]
