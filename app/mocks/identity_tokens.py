"""Tokens of the identity mock: right ones, and ones that are wrong in a chosen way."""

import base64
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from jose import jwt

from app.mocks import people
from app.mocks.clock import now as system_now
from app.mocks.fields import shaped
from app.mocks.identity_keys import Generation, signing_keys
from app.mocks.wire import as_text

APPLICANT = "applicant"
STAFF = ("receptionist", "officer", "approver", "analyst", "administrator", "partner")
ALGORITHMS = ("RS256", "ES256")
LIFETIME_S = 8 * 3600
_PERSON, _ENTERPRISE = "1", "2"
_NEED_AN_AGENCY = set(STAFF) - {"partner"}
_agency = shaped(r"[A-Z]\d{2}(\.[0-9A-Z]{2,3})*", "H44.06")


def issue_token(  # noqa: PLR0913  (a token is made of its claims, each named by the caller)
    data_dir: Path,
    *,
    issuer: str,
    audience: str,
    role: str,
    subject: str,
    name: str,
    agency: str | None = None,
    algorithm: str = "ES256",
    lifetime_s: float = LIFETIME_S,
    now: datetime | None = None,
    extra: Mapping[str, Any] | None = None,
    fault: str | None = None,
) -> str:
    """Sign a token with the keys in `data_dir`, making them if there are none.

    Needs no server. A citizen whose `subject` is a personal number or a tax code gets it as
    identity claim, any other subject an invented number that is always the same. `extra` adds
    claims or replaces them. `fault` is one of FAULTS. Raises ValueError on a role without its
    agency, an applicant with one, an unknown role, algorithm or fault.
    """
    _check(role, agency, algorithm, fault)
    at = now or system_now()
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": int(at.timestamp()),
        "nbf": int(at.timestamp()),
        "exp": int((at + timedelta(seconds=lifetime_s)).timestamp()),
        "jti": str(uuid4()),
        "role": role,
        "name": name,
    }
    if role == APPLICANT:
        claims |= _citizen(subject, name, extra or {})
    elif agency:
        claims["agency"] = agency
    claims |= extra or {}
    keys = signing_keys(data_dir)
    return FAULTS[fault](claims, keys, algorithm) if fault else _signed(claims, keys, algorithm)


def _check(role: str, agency: str | None, algorithm: str, fault: str | None) -> None:
    if role not in {APPLICANT, *STAFF}:
        raise ValueError(f"role: phải là một trong {', '.join((APPLICANT, *STAFF))}")
    if role == APPLICANT and agency:
        raise ValueError("agency: công dân không thuộc cơ quan nào")
    if role in _NEED_AN_AGENCY and not agency:
        raise ValueError(f"agency: bắt buộc với vai trò {role}")
    if agency and (faults := _agency(agency, "agency")):
        raise ValueError(faults[0])
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm: phải là một trong {', '.join(ALGORITHMS)}")
    if fault is not None and fault not in FAULTS:
        raise ValueError(f"fault: phải là một trong {', '.join(FAULTS)}")


def _citizen(subject: str, name: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of a portal account: of a person, or of an enterprise."""
    tax_code = str(extra.get("MaSoThue") or (subject if people.is_tax_code(subject) else ""))
    number = str(extra.get("SoDinhDanh") or people.personal_number(subject))
    return {
        "LoaiTaiKhoan": _ENTERPRISE if tax_code else _PERSON,
        "TechID": people.tech_id(tax_code or number),
        **({"MaSoThue": tax_code} if tax_code else {"SoDinhDanh": number}),
        "HoVaTen": name,
        "SoDienThoai": people.phone(subject),
        "ThuDienTu": people.mail(subject),
        "loAs": "2",
    }


def _signed(claims: dict[str, Any], keys: Generation, algorithm: str) -> str:
    key = keys[algorithm]
    return jwt.encode(claims, key["private_pem"], algorithm, headers={"kid": key["kid"]})


def _expired(claims: dict[str, Any], keys: Generation, algorithm: str) -> str:
    lifetime = claims["exp"] - claims["iat"]
    past = {name: claims[name] - lifetime - 3600 for name in ("iat", "nbf", "exp")}
    return _signed(claims | past, keys, algorithm)


def _wrong_issuer(claims: dict[str, Any], keys: Generation, algorithm: str) -> str:
    return _signed(claims | {"iss": claims["iss"] + "-khac"}, keys, algorithm)


def _wrong_audience(claims: dict[str, Any], keys: Generation, algorithm: str) -> str:
    return _signed(claims | {"aud": claims["aud"] + "-khac"}, keys, algorithm)


def _unknown_kid(claims: dict[str, Any], keys: Generation, algorithm: str) -> str:
    return jwt.encode(claims, keys[algorithm]["private_pem"], algorithm, headers={"kid": "khac"})


def _without_signature(claims: dict[str, Any], keys: Generation, algorithm: str) -> str:
    head = {"alg": "none", "typ": "JWT", "kid": keys[algorithm]["kid"]}
    return _joined(head, claims) + "."


def _signed_with_the_public_key(claims: dict[str, Any], keys: Generation, algorithm: str) -> str:
    """Sign as HS256 with the text of the public key as secret (key confusion).

    By hand, because no sound library does this.
    """
    key = keys[algorithm]
    content = _joined({"alg": "HS256", "typ": "JWT", "kid": key["kid"]}, claims)
    mac = hmac.new(key["public_pem"].encode(), content.encode(), sha256).digest()
    return f"{content}.{_base64(mac)}"


def _joined(head: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(_base64(as_text(part).encode()) for part in (head, claims))


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


FAULTS: dict[str, Callable[[dict[str, Any], Generation, str], str]] = {
    "expired": _expired,
    "wrong_issuer": _wrong_issuer,
    "wrong_audience": _wrong_audience,
    "alg_none": _without_signature,
    "key_confusion": _signed_with_the_public_key,
    "unknown_kid": _unknown_kid,
}
