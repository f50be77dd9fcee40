"""Tokens of the identity provider, checked against its published keys.

python-jose is used behind this module alone, with a fixed list of algorithms: neither `none` nor
a shared-secret algorithm is ever tried, whatever a token's header says.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

import httpx
from jose import JWTError, jwt
from jose.exceptions import JOSEError

from app.domain.actor import Actor, Role
from app.domain.agency import agency_code_is_valid
from app.domain.errors import DomainError

ALGORITHMS = ("ES256", "RS256")
_REMEMBERED = 20_000
_REFRESH_EVERY = timedelta(seconds=10)
_TOKEN_LIMIT = 8192
_UNREADABLE = (
    JOSEError,
    ArithmeticError,
    AttributeError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What python-jose raises for tokens that are not even tokens is not one family."""


class TokenRefused(DomainError):
    """No token, or one that is not ours, is not valid now or does not say who acts."""

    code = "identity.token_refused"
    title = "Chưa đăng nhập hoặc phiên đăng nhập không hợp lệ"


class IdentityUnavailable(DomainError):
    """The provider's keys could not be fetched: nobody can be let in now."""

    code = "identity.unavailable"
    title = "Chưa kiểm tra được phiên đăng nhập"


class IdentityProvider:
    """Checks tokens of one issuer for one audience; keys are fetched when first needed.

    A token that was found good is remembered until it expires, so that its signature is checked
    once per process and not once per request.
    """

    def __init__(
        self, http: httpx.Client, keys_url: str, issuer: str, audience: str, leeway_s: int
    ) -> None:
        self._http = http
        self._keys_url = keys_url
        self._issuer = issuer
        self._audience = audience
        self._leeway_s = leeway_s
        self._keys: dict[str, dict[str, Any]] = {}
        self._fetched_at: datetime | None = None
        self._good: OrderedDict[str, tuple[Actor, float]] = OrderedDict()
        self._lock = threading.Lock()

    def remembered(self, token: str, now: datetime) -> Actor | None:
        """Return who holds a token that was checked before and is still valid."""
        known = self._good.get(token)
        return known[0] if known is not None and now.timestamp() < known[1] else None

    def check(self, token: str, now: datetime) -> Actor:
        """Return who holds the token; raises `TokenRefused` or `IdentityUnavailable`."""
        if len(token) > _TOKEN_LIMIT:
            raise TokenRefused("Phiên đăng nhập quá dài.")
        claims = self._claims(token, now)
        actor = actor_of(claims)
        with self._lock:
            self._good[token] = (actor, float(claims["exp"]))
            while len(self._good) > _REMEMBERED:
                self._good.popitem(last=False)
        return actor

    def _claims(self, token: str, now: datetime) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(str(header.get("kid", "")), now)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[name for name in ALGORITHMS if name == key.get("alg")],
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "leeway": self._leeway_s,
                    "require_exp": True,
                    "require_sub": True,
                    "require_aud": True,
                    "require_iss": True,
                },
            )
        except _UNREADABLE as error:
            raise TokenRefused("Phiên đăng nhập không hợp lệ hoặc đã hết hạn.") from error
        return claims

    def _key(self, kid: str, now: datetime) -> dict[str, Any]:
        key = self._keys.get(kid)
        if key is None and self._may_fetch(now):
            self._fetch(now)
            key = self._keys.get(kid)
        if key is None:
            raise JWTError(f"unknown key {kid!r}")
        return key

    def _may_fetch(self, now: datetime) -> bool:
        # A stranger's made-up key names must not turn into a stream of requests.
        return self._fetched_at is None or now - self._fetched_at > _REFRESH_EVERY

    def _fetch(self, now: datetime) -> None:
        try:
            answer = self._http.get(self._keys_url).raise_for_status().json()
            keys = {str(key["kid"]): key for key in answer["keys"] if key.get("alg") in ALGORITHMS}
        except (httpx.HTTPError, AttributeError, KeyError, TypeError, ValueError) as error:
            if self._keys:
                return  # those known stay good; the unknown one is refused
            raise IdentityUnavailable("Hệ thống định danh chưa trả lời, hãy thử lại.") from error
        self._keys, self._fetched_at = keys, now


def actor_of(claims: dict[str, Any]) -> Actor:
    """Read who acts from claims: staff carry `role` and `agency`, others are applicants."""
    try:
        role = Role(claims.get("role", Role.APPLICANT))
    except ValueError as error:
        raise TokenRefused("Phiên đăng nhập có vai trò không được biết đến.") from error
    if role is Role.SYSTEM:
        raise TokenRefused("Vai trò này không đăng nhập.")
    if not str(claims["sub"]).strip():
        raise TokenRefused("Phiên đăng nhập không nêu tài khoản.")
    agency = claims.get("agency")
    if role not in {Role.APPLICANT, Role.PARTNER} and not _is_agency(agency):
        raise TokenRefused("Phiên đăng nhập của cán bộ thiếu mã cơ quan.")
    return Actor(
        id=str(claims["sub"]),
        role=role,
        name=str(claims.get("HoVaTen") or claims.get("TenDoanhNghiep") or claims.get("name", "")),
        agency=agency if _is_agency(agency) and role is not Role.APPLICANT else None,
        identity_number=_text(claims.get("SoDinhDanh") or claims.get("MaSoThue")),
        tech_id=_text(claims.get("TechID")),
        phone=_text(claims.get("SoDienThoai")),
        email=_text(claims.get("ThuDienTu")),
        is_verified=role is Role.APPLICANT and bool(claims.get("SoDinhDanh")),
    )


def _is_agency(value: object) -> bool:
    return isinstance(value, str) and agency_code_is_valid(value)


def _text(value: object) -> str | None:
    return str(value) if value else None
