"""Refusals: one shape for all of them, whatever was sent, and never a fault of ours."""

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from starlette.testclient import TestClient

import app
from app.api.statuses import STATUS
from app.domain.errors import DomainError
from app.domain.lifecycle import Act, Status
from tests.builders import (
    DISTRICT,
    FULL,
    PATH_OF,
    Api,
    Json,
    a_body,
    a_dossier,
    an_application,
    an_online_application,
    refused,
    running_app,
    settings_for,
    succeeded,
)

NEVER_OVER_HTTP = {
    "calendar.office_hours",  # reference data that cannot be: a fault of ours
    "calendar.table_refused",  # `motcua due` with files of its own
    "database.refused",  # starting the embedded server
    "database.too_new",  # migrating
    "deadline.stop_refused",  # `motcua due --stop`; a dossier's stops never end before they begin
    "due.instant_refused",  # `motcua due --accepted`
    "import.act_refused",  # `motcua import`
    "import.file_refused",
    "import.mapping_refused",
    "portal_route.refused",  # `motcua deliveries route`
    "procedure.invalid_definition",  # seeding
    "replay.changed",  # `motcua replay`
    "replay.running",
    "replay.table_refused",
}
"""Refusals that people at a command line read: no route raises them."""


def _import_everything() -> None:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _descendants(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


def test_every_refusal_that_a_route_can_raise_has_a_status() -> None:
    _import_everything()
    codes = {kind.code for kind in _descendants(DomainError) if kind.__module__.startswith("app.")}

    assert codes - set(STATUS) == NEVER_OVER_HTTP
    assert set(STATUS) - codes == set()


def test_every_refusal_has_a_code_of_its_own_and_a_title_in_vietnamese() -> None:
    _import_everything()
    kinds = [kind for kind in _descendants(DomainError) if kind.__module__.startswith("app.")]

    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert kind.title[0].isupper()
        assert not kind.title.isascii(), kind.title


def _post(api: Api, content: bytes, path: str = "/v1/dossiers", **headers: str) -> httpx2.Response:
    return api.citizen().send(
        "POST",
        path,
        content=content,
        headers={"Content-Type": "application/json", "Idempotency-Key": "k", **headers},
    )


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/dossiers", "/v1/nothing", "/é", "/a%2Fb"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_is_a_problem_too(api: Api, method: str, path: str) -> None:
    refused(api.citizen().send(method, path), 404, "request.no_such_path")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/dossiers"),
        ("PUT", "/v1/dossiers/H44.29-261005-0001"),
        ("GET", "/v1/dossiers/H44.29-261005-0001/acceptance"),
        ("PATCH", "/livez"),
        ("TRACE", "/v1/agencies"),
    ],
)
def test_a_wrong_method_is_told_which_ones_there_are(api: Api, method: str, path: str) -> None:
    answer = api.citizen().send(method, path)

    refused(answer, 405, "request.no_such_method")
    assert answer.headers["Allow"]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"nope", b"\xff\xfe", b"{} {}", b'{"a": }', b"[" * 20_000, b'{"a":' * 20_000),
        *(b'{"a": "\\ud800', b"\x00", b"'x'", b'{"amount": ' + b"9" * 5000 + b"}"),
    ],
    ids=lambda c: repr(c)[:20],
)
def test_what_is_not_json_is_refused(api: Api, content: bytes) -> None:
    answer = _post(api, content)

    told = answer.json()
    assert answer.status_code in {400, 422}
    refused(answer, answer.status_code, told["code"])
    assert told["code"] in {"request.unreadable", "request.invalid"}


@pytest.mark.parametrize(
    "content", [b"[]", b"1", b"null", b'"x"', b"true", b"[{}]", b"1e999", b"NaN"]
)
def test_json_that_is_no_object_is_refused(api: Api, content: bytes) -> None:
    refused(_post(api, content), 422, "request.invalid")


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_a_body_of_another_type_is_refused(api: Api, media_type: str) -> None:
    content = json.dumps(an_application()).encode()

    refused(_post(api, content, **{"Content-Type": media_type}), 422, "request.invalid")


SURROGATE, NUL = "\ud800", "\x00"
HOSTILE_TEXTS = {
    "NUL": NUL,
    "lone high surrogate": SURROGATE,
    "lone low surrogate": "a\udfffb",
    "reversed pair": "\ude00\ud83d",
    "control": "\x1b[31m",
    "delete": "\x7f",
    "non-character": "\uffff",
    "right to left": "\u202e",
    "astral": "😀",
    "combining": "e" + "\u0301" * 500,
    "markup": "<script>alert(1)</script>",
    "SQL": "'; DROP TABLE dossier; --",
    "format": "%s%n{0}${x}",
    "long": "x" * 300_000,
}


def _places(body: Json, prefix: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """List where a text stands in a body, and where a member's name does."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield from _places(value, (*prefix, name))
    elif isinstance(body, list):
        for n, value in enumerate(body):
            yield from _places(value, (*prefix, n))
    elif isinstance(body, str):
        yield prefix


def _with(body: Json, place: tuple[str | int, ...], value: Json) -> Json:
    changed = json.loads(json.dumps(body))
    inner = changed
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = value
    return changed


def _sent(api: Api, path: str, body: Json) -> httpx2.Response:
    return _post(
        api, json.dumps(body).encode(), path, **{"Idempotency-Key": "k", "If-Match": '"1"'}
    )


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_no_text_anywhere_in_an_application_is_a_fault_of_ours(api: Api, text: str) -> None:
    hostile = HOSTILE_TEXTS[text]
    body = an_application(
        applicant=an_application()["applicant"]
        | {"phone": "0900000001", "email": "a@b.vn", "address": "Số 1"},
        exemptions=["HN"],
        authorisation="6f2d3c1e-1f7c-4d0a-9a57-0f6f7c1f2b11",
    )
    body["form"] = {**body["form"], "deep": {"er": ["x"]}}

    for place in _places(body):
        answer = _sent(api, "/v1/dossiers", _with(body, place, hostile))
        assert answer.status_code == 422, (place, answer.text)
        refused(answer, 422, answer.json()["code"])


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
@pytest.mark.parametrize("place", ["", "applicant", "form", "components/0"])
def test_no_name_of_a_member_is_a_fault_of_ours(api: Api, text: str, place: str) -> None:
    body = an_application()
    inner: Any = body
    for part in place.split("/") if place else []:
        inner = inner[int(part)] if part.isdigit() else inner[part]
    inner[HOSTILE_TEXTS[text]] = 1

    answer = _sent(api, "/v1/dossiers", body)

    refused(answer, 422, answer.json()["code"])


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
@pytest.mark.parametrize("act", PATH_OF)
def test_no_text_of_an_act_is_a_fault_of_ours(
    api: Api, in_process: str, act: Act, text: str
) -> None:
    path, body = f"/v1/dossiers/{in_process}/{PATH_OF[act]}", a_body(api, act)

    for place in _places(body):
        answer = _sent(api, path, _with(body, place, HOSTILE_TEXTS[text]))
        assert answer.status_code in {412, 422}, (place, answer.text)
        refused(answer, answer.status_code, answer.json()["code"])


@pytest.fixture(scope="module")
def in_process(api: Api) -> str:
    return a_dossier(api, Status.IN_PROCESS)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_reason_is_kept_as_it_was_written_or_refused(api: Api, text: str) -> None:
    code, hostile = a_dossier(api), HOSTILE_TEXTS[text]
    body = {"reason": f"Vì {hostile}.", "legal_ground": "Điều 17"}
    content = json.dumps(body).encode()

    answer = api.receptionist().send(
        "POST",
        f"/v1/dossiers/{code}/refusal",
        content=content,
        headers={"Content-Type": "application/json", "If-Match": '"1"'},
    )

    if text in REFUSED_TEXTS - {"combining"} | {"control", "delete"}:
        [fault] = refused(answer, 422, "request.invalid")["errors"]
        assert fault["pointer"] == "/reason"
    else:
        succeeded(answer)
        events = api.citizen().get(f"/v1/dossiers/{code}/events").json()["items"]
        assert events[-1]["reason"] == body["reason"]


REFUSED_TEXTS = {
    "NUL",
    "lone high surrogate",
    "lone low surrogate",
    "reversed pair",
    "combining",
    "long",
}


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_what_a_form_holds_is_kept_as_it_was_sent_or_refused(api: Api, text: str) -> None:
    """In a form that is right in all else: then only the database can object."""
    citizen, hostile = api.citizen(), HOSTILE_TEXTS[text]
    body = an_online_application(citizen, FULL)
    body["form"]["purpose"] = hostile
    before = api.row("SELECT count(*) AS n FROM dossier")["n"]

    answer = _post(api, json.dumps(body).encode(), **{"Idempotency-Key": str(uuid4())})

    if text in REFUSED_TEXTS:
        refused(answer, 422, answer.json()["code"])
        assert api.row("SELECT count(*) AS n FROM dossier")["n"] == before
    else:
        code = succeeded(answer)["code"]
        assert citizen.get(f"/v1/dossiers/{code}").json()["form"] == body["form"]


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "NaN", "Infinity", "1" * 4000, "1e-400", "-0"]
)
def test_numbers_that_are_none_are_refused(api: Api, number: str) -> None:
    text = json.dumps(an_application()).replace('"form": {', f'"form": {{"copy_count": {number}, ')

    answer = _post(api, text.encode())

    assert answer.status_code in {400, 422}
    refused(answer, answer.status_code, answer.json()["code"])


@pytest.mark.parametrize("depth", [10, 100, 127, 128, 129, 254, 255, 256, 400, 900, 2000, 50_000])
@pytest.mark.parametrize(
    ("opened", "closed"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"]
)
def test_json_may_be_nested_to_any_depth(api: Api, depth: int, opened: str, closed: str) -> None:
    nested = opened * depth + "1" + closed * depth
    text = json.dumps(an_application(form={"marital_status": 0})).replace("0}", f"{nested}}}", 1)

    answer = _post(api, text.encode())

    assert answer.status_code in {400, 422}
    refused(answer, answer.status_code, answer.json()["code"])


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    "path", ["/v1/dossiers", "/v1/dossiers/H44.29-261005-0001/refusal", "/v1/notices/payment", "/x"]
)
def test_a_body_over_a_mebibyte_is_too_large(api: Api, path: str, *, chunked: bool) -> None:
    content = b" " * (1024 * 1024 + 1)
    pieces = (content[n : n + 65_536] for n in range(0, len(content), 65_536))

    answer = api.citizen().send(
        "POST",
        path,
        content=pieces if chunked else content,
        headers={"Content-Type": "application/json", "Idempotency-Key": "k", "If-Match": '"1"'},
    )

    if answer.status_code != 413:
        # Answered before so much was read: nobody is made to wait for the rest.
        assert chunked
        assert path in {"/v1/notices/payment", "/x"}
    else:
        refused(answer, 413, "body.too_large")
        assert answer.headers["Connection"] == "close"


def test_a_body_of_a_mebibyte_is_read(api: Api) -> None:
    content = json.dumps(an_application()).encode().ljust(1024 * 1024)

    refused(_post(api, content), 422, "application.faulty")


@pytest.mark.parametrize("number", [10**18, 10**19, 10**30, 10**308, -(10**30)], ids=repr)
@pytest.mark.parametrize("place", ["limit", "level"])
def test_numbers_of_any_size_in_a_query_are_refused(api: Api, place: str, number: int) -> None:
    answer = api.citizen().get("/v1/procedures", **{place: number})

    assert [f["pointer"] for f in refused(answer, 422, "request.invalid")["errors"]] == [
        f"/query/{place}"
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/dossiers/..%2F..%2Fetc%2Fpasswd",
        "/v1/dossiers/%00",
        "/v1/dossiers/H44.29-261005-0001%00",
        "/v1/dossiers/H44.29-261005-0001'--",
        "/v1/dossiers/H44.29-261005-99999999999999999999",
        "/v1/dossiers/%ff%fe",
        "/v1/dossiers/%F0%9F%98%80/events",
        "/v1/dossiers/" + "x" * 5000,
        "/v1/agencies/%00",
        "/v1/agencies/' OR 1=1",
        "/v1/procedures/%00",
        "/v1/documents/%00",
        "/v1/shared-documents/6f2d3c1e-1f7c-4d0a-9a57-0f6f7c1f2b11/%00",
        "/v1/figures/annex?from=0000-00-00&to=x",
        "/v1/figures/annex?from=2026-01-01T25:00&to=99999-01-01",
        "/v1/procedures?on=%00&agency=%00",
        "/v1/dossiers?status=%00&after=%00",
    ],
)
def test_no_path_is_a_fault_of_ours(api: Api, path: str) -> None:
    answer = api.person("analyst", DISTRICT).send("GET", path)

    assert answer.status_code in {400, 404, 422}
    found = answer.json()
    assert found["status"] == answer.status_code
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_reference_with_a_nul_is_refused(api: Api) -> None:
    code = a_dossier(api)

    answer = api.citizen().get(f"/v1/dossiers/{code}/payments/a%00b")

    assert answer.status_code in {404, 422}
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["Idempotency-Key", "If-Match", "Authorization", "Content-Type"])
@pytest.mark.parametrize(
    "value", [b"\xff", b"\x01", b"a" * 20_000, "é".encode(), b"\x80\x81"], ids=lambda v: repr(v)[:9]
)
def test_no_header_is_a_fault_of_ours(api: Api, header: str, value: bytes) -> None:
    code = a_dossier(api)
    headers: dict[str, Any] = {
        "Idempotency-Key": "k",
        "If-Match": '"1"',
        "Content-Type": "application/json",
        header: value,
    }

    answer = api.receptionist().send(
        "POST", f"/v1/dossiers/{code}/refusal", content=b"{}", headers=headers
    )

    assert answer.status_code in {400, 401, 422}
    assert answer.headers["Content-Type"] == "application/problem+json"


def _requests() -> dict[str, Callable[[Api], httpx2.Response]]:
    return {
        "list": lambda api: api.citizen().get("/v1/dossiers"),
        "read": lambda api: api.citizen().get("/v1/dossiers/H44.29-261005-0001"),
        "catalogue": lambda api: api.http.get("/v1/procedures"),
        "submit": lambda api: api.citizen().post("/v1/dossiers", an_application()),
        "act": lambda api: api.receptionist().post(
            "/v1/dossiers/H44.29-261005-0001/acceptance", version=1
        ),
        "upload": lambda api: api.citizen().send(
            "POST", "/v1/documents", params={"name": "a.pdf"}, content=b"%PDF-1.7"
        ),
        "figures": lambda api: api.person("analyst", DISTRICT).get(
            "/v1/figures/annex", **{"from": "2026-01-01", "to": "2026-01-02"}
        ),
        "metrics": lambda api: api.http.get("/metrics"),
    }


@pytest.mark.parametrize("request_of", _requests())
def test_while_the_database_is_away_everybody_is_asked_to_come_again(
    api: Api, tmp_path: Path, request_of: str
) -> None:
    away = settings_for(
        f"postgresql://postgres@/motcua?host={tmp_path}",
        api.settings.data_dir,
        identity_issuer=api.settings.issuer,
        identity_keys_url=api.settings.keys_url,
    )
    with running_app(away) as nobody:
        answer = _requests()[request_of](nobody)
        assert nobody.http.get("/livez").status_code == 200

    told = refused(answer, 503, "service.busy")
    assert "thử lại" in told["detail"]
    assert answer.headers["Retry-After"] == "1"


def test_a_fault_of_ours_is_told_without_its_inside(
    own_api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """The clock breaks: what a test may replace."""
    secret = "mật khẩu là 1234"

    def broken() -> datetime:
        raise ZeroDivisionError(secret)

    own_api.app.state.doors = replace(own_api.app.state.doors, now=broken)
    http = TestClient(own_api.app, raise_server_exceptions=False)

    answer = http.get("/v1/procedures")

    assert answer.status_code == 500
    assert answer.json()["code"] == "service.fault"
    assert secret not in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert secret in caplog.text


def test_a_refused_submission_says_everything_a_problem_says(api: Api) -> None:
    answer = api.citizen().post("/v1/dossiers", an_application())

    told = refused(answer, 422, "application.faulty")

    assert set(told) == {"type", "title", "status", "code", "detail", "instance", "errors"}
    assert {frozenset(fault) for fault in told["errors"]} == {
        frozenset({"pointer", "code", "detail"})
    }


def test_answers_are_not_kept_by_anybody_in_between(api: Api) -> None:
    for answer in (
        api.citizen().get("/v1/dossiers"),
        api.citizen().get("/v1/dossiers/H44.29-261005-9999"),
        api.http.get("/nothing"),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_whole_of_it_still_works(api: Api) -> None:
    succeeded(api.citizen().post("/v1/dossiers", an_online_application(api.citizen())))
