"""Identity provider in the manner of OIDC: key set, and tokens for developers."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from app.mocks.config import MockConfig
from app.mocks.faults import Partner
from app.mocks.fields import Table, may, must, one_of, shaped, text, whole
from app.mocks.identity_keys import generations, rotate, signing_keys
from app.mocks.identity_tokens import ALGORITHMS, APPLICANT, FAULTS, LIFETIME_S, STAFF, issue_token
from app.mocks.switches import Switches
from app.mocks.wire import Json, Malformed, read_checked, refusal

__all__ = ["identity", "issue_token"]

_SERVICES = {"/.well-known/openid-configuration": "discovery", "/jwks": "jwks", "/token": "token"}


def _claims(value: object, where: str) -> list[str]:
    return [] if isinstance(value, dict) else [f"{where}: phải là một đối tượng"]


_REQUEST: Table = {
    "role": must(one_of(APPLICANT, *STAFF)),
    "subject": must(text()),
    "name": must(text()),
    "agency": may(shaped(r"[A-Z]\d{2}(\.[0-9A-Z]{2,3})*", "H44.06")),
    "algorithm": may(one_of(*ALGORITHMS)),
    "lifetime_s": may(whole(1)),
    "extra": may(_claims),
    "fault": may(one_of(*FAULTS)),
}


def identity(config: MockConfig, now: Callable[[], datetime]) -> Partner:
    """Build the identity mock; the keys are made now if the folder has none."""
    data_dir = config.data_dir
    signing_keys(data_dir)

    async def discovery(_: Request) -> Response:
        return Json(_discovery(config.issuer))

    async def jwks(_: Request) -> Response:
        return Json({"keys": _published(data_dir)})

    async def token(request: Request) -> Response:
        try:
            wanted = await read_checked(request, _REQUEST)
            issued = issue_token(
                data_dir, issuer=config.issuer, audience=config.audience, now=now(), **wanted
            )
        except (Malformed, ValueError) as error:
            return refusal(Malformed(str(error)))
        lifetime_s = wanted.get("lifetime_s", LIFETIME_S)
        return Json({"access_token": issued, "token_type": "Bearer", "expires_in": lifetime_s})

    async def rotate_keys(_: Request) -> Response:
        made = await asyncio.to_thread(rotate, data_dir)  # an RSA key takes a while
        return Json({"signing": {algorithm: key["kid"] for algorithm, key in made.items()}})

    return Partner(
        name="identity",
        app=Router(
            [
                Route("/.well-known/openid-configuration", discovery),
                Route("/jwks", jwks),
                Route("/token", token, methods=["POST"]),
                Route("/_rotate", rotate_keys, methods=["POST"]),
            ]
        ),
        services=frozenset(_SERVICES.values()),
        service_of=lambda path, _: _SERVICES.get(path, ""),
        switches=Switches({"delay_ms": float(config.delay_ms), "chaos": float(config.chaos)}),
    )


def _discovery(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks",
        "token_endpoint": f"{issuer}/token",
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "subject_types_supported": ["public"],
        "claims_supported": [
            *("iss", "aud", "sub", "iat", "nbf", "exp", "jti", "role", "agency", "name"),
            *("LoaiTaiKhoan", "TechID", "SoDinhDanh", "MaSoThue", "HoVaTen"),
            *("SoDienThoai", "ThuDienTu", "loAs"),
        ],
    }


def _published(data_dir: Path) -> list[dict[str, Any]]:
    return [key["jwk"] for made in generations(data_dir) for key in made.values()]
