"""The description of the API: complete enough to be used without asking, and kept by the API."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.statuses import STATUS
from app.main import RESOURCES
from tests.builders import Api, a_dossier

METHODS = {"get", "post", "put", "patch", "delete"}
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def described(api: Api) -> dict[str, Any]:
    return api.app.openapi()


def _operations(described: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield method, path, operation


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    for reference in set(_references(described)):
        found: Any = described
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_every_operation_has_a_name_of_its_own_and_says_in_both_languages_what_it_does(
    described: dict[str, Any],
) -> None:
    names = [operation["operationId"] for _, _, operation in _operations(described)]

    assert len(set(names)) == len(names)
    for method, path, operation in _operations(described):
        assert operation["tags"], (method, path)
        summary = operation["summary"]
        assert re.match(r"[A-Z]", summary)
        if path.startswith("/v1"):
            assert not summary.isascii() or "CONFIRM" in summary, (method, path)


def test_every_operation_of_the_api_describes_its_refusals_as_problems(
    described: dict[str, Any],
) -> None:
    for method, path, operation in _operations(described):
        if not path.startswith("/v1"):
            continue
        refusals = {code: r for code, r in operation["responses"].items() if int(code) >= 400}
        assert {"422", "503"} <= set(refusals), (method, path)
        assert ("401" in refusals) == bool(operation.get("security"))
        assert ({"400", "413"} <= set(refusals)) >= (method == "post")
        for code, answer in refusals.items():
            assert list(answer["content"]) == ["application/problem+json"]
            known = [name for name in answer["description"].split(", ") if name in STATUS]
            assert all(STATUS[name] == int(code) for name in known)


def test_every_post_takes_a_key_and_every_act_a_version(described: dict[str, Any]) -> None:
    for method, path, operation in _operations(described):
        headers = {
            part["name"] for part in operation.get("parameters", []) if part["in"] == "header"
        }
        if method == "post" and not path.startswith("/v1/notices/"):
            assert "Idempotency-Key" in headers, path
        if operation["tags"] == ["acts"]:
            assert {"412", "428"} <= set(operation["responses"]), path
        assert ("If-Match" in headers) == ("412" in operation["responses"]), path


def _resolved(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        schema = described["components"]["schemas"][name] | {
            key: value for key, value in schema.items() if key != "$ref"
        }
    return schema


def _needs_no_example(described: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Tell whether a value is shown by an example or says by itself what it can be."""
    schema = _resolved(described, schema)
    if schema.get("examples") or "default" in schema or "enum" in schema or "const" in schema:
        return True
    if schema.get("type") == "boolean":
        return True
    if schema.get("type") == "array":
        return _needs_no_example(described, schema["items"])
    if schema.get("type") == "object":
        return all(
            _needs_no_example(described, schema["properties"][name])
            for name in schema.get("required", [])
        )
    return any(
        _needs_no_example(described, part)
        for part in schema.get("anyOf", [])
        if part.get("type") != "null"
    )


def test_everything_that_must_be_sent_is_shown_by_an_example(described: dict[str, Any]) -> None:
    for method, path, operation in _operations(described):
        for part in operation.get("parameters", []):
            if part["required"]:
                assert _needs_no_example(described, part["schema"]), (method, path, part["name"])
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            is_shown = "example" in content or "examples" in content
            is_file = media_type == "application/octet-stream"
            assert is_shown or is_file or _needs_no_example(described, content["schema"]), path


def test_every_answer_that_is_json_says_what_it_holds(described: dict[str, Any]) -> None:
    for method, path, operation in _operations(described):
        if not path.startswith("/v1"):
            continue
        answers = {
            code: answer for code, answer in operation["responses"].items() if int(code) < 400
        }
        assert set(answers) <= {"200", "201", "204"}
        assert answers
        for answer in answers.values():
            for media_type, content in answer.get("content", {}).items():
                if media_type == "application/json":
                    assert "$ref" in content["schema"], (method, path)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


ROUTES = sorted(
    (method.lower(), route.path_format)
    for module in RESOURCES
    for route in module.router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
)


def test_every_operation_is_tried(described: dict[str, Any]) -> None:
    assert sorted((method, path) for method, path, _ in _operations(described)) == ROUTES


@pytest.fixture(scope="module")
def schema(api: Api) -> BaseSchema:
    return schemathesis.openapi.from_asgi("/openapi.json", api.app)


@pytest.fixture(scope="module")
def dossier(api: Api) -> str:
    return a_dossier(api)


WITHOUT_INPUT = {"/livez", "/readyz", "/metrics"}
WAYS = [
    (method, path, mode)
    for method, path in ROUTES
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or path not in WITHOUT_INPUT
]


@pytest.mark.parametrize(("method", "path", "mode"), WAYS, ids=str)
def test_whatever_is_sent_the_answer_is_one_that_is_described(
    api: Api, schema: BaseSchema, dossier: str, method: str, path: str, mode: GenerationMode
) -> None:
    tokens = [api.citizen().token, api.receptionist().token, api.approver().token]

    @settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
    @given(
        case=schema[path][method.upper()].as_strategy(generation_mode=mode),
        token=st.sampled_from(tokens),
        is_known=st.booleans(),
    )
    def send(case: Case[Any], token: str, *, is_known: bool) -> None:
        if is_known and "code" in case.path_parameters and "/dossiers/" in path:
            case.path_parameters["code"] = dossier
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)

    send()
