"""The OpenAPI document: what is true of every operation of a kind is added here, not repeated."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from app.api.dependencies import KeyMalformed, VersionMalformed
from app.api.problems import refusals
from app.api.statuses import STATUS
from app.domain.once import InFlight, KeyReused

_BY_HEADER = {
    "Idempotency-Key": (KeyMalformed.code, KeyReused.code, InFlight.code),
    "If-Match": (VersionMalformed.code,),
}
_OF_BODIES = {400: "request.unreadable", 413: "body.too_large"}
_WITH_BODY = {"post", "put", "patch"}


def complete(app: FastAPI) -> None:
    """Let the document name the refusals that come with a body, a key or a version."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            for methods in describe()["paths"].values():
                for method, operation in methods.items():
                    for status, code in _refusals(method, operation):
                        _add(operation["responses"], status, code)
        return describe()

    app.openapi = openapi  # type: ignore[method-assign]


def _refusals(method: str, operation: dict[str, Any]) -> Iterator[tuple[int, str]]:
    if method in _WITH_BODY:
        yield from _OF_BODIES.items()
    for part in operation.get("parameters", ()):
        if part["in"] == "header":
            for code in _BY_HEADER.get(part["name"], ()):
                yield STATUS[code], code


def _add(responses: dict[str, Any], status: int, code: str) -> None:
    known = responses.get(str(status), {}).get("description", "")
    names = dict.fromkeys([*filter(None, known.split(", ")), code])
    responses[str(status)] = refusals(names)
