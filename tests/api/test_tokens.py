"""Who is let in: only a token of our provider, for us, valid now, that says who acts."""

import base64
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from jose import jwt

from app.integrations.identity import IdentityProvider, IdentityUnavailable, TokenRefused
from app.mocks.config import MockConfig
from app.mocks.identity_keys import rotate, signing_keys
from app.mocks.identity_tokens import FAULTS
from app.mocks.server import create_app
from tests.builders import (
    CITIZEN,
    DISTRICT,
    MONDAY,
    Api,
    partners,
    refused,
    running_app,
    served,
    settings_for,
    succeeded,
    token,
)
from tests.running import address_of, free_port

PATH = "/v1/dossiers"
REFUSED = "identity.token_refused"
PUBLIC = {
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/v1/agencies"),
    ("get", "/v1/agencies/{code}"),
    ("get", "/v1/calendar"),
    ("get", "/v1/procedures"),
    ("get", "/v1/procedures/{code}"),
    ("get", "/v1/shared-documents/{document_id}/{mark}"),
    ("get", "/v1/tracking/{code}"),
    ("post", "/v1/notices/payment"),
    ("post", "/v1/notices/portal/{service}"),
}
"""Everything that somebody without a token may ask."""


@pytest.fixture(autouse=True)
def _back_to_monday(api: Api) -> Iterator[None]:
    yield
    api.clock.at = MONDAY


def _ask(api: Api, credentials: str | bytes | None) -> httpx2.Response:
    headers = {} if credentials is None else {"Authorization": credentials}
    return api.http.get(PATH, headers=headers)  # type: ignore[arg-type]


def _operations(api: Api) -> list[tuple[str, str]]:
    return [
        (method, path) for path, methods in api.app.openapi()["paths"].items() for method in methods
    ]


def test_every_operation_but_the_public_ones_is_closed_to_strangers(api: Api) -> None:
    values = defaultdict(lambda: "1", code="H44.29-261005-0001", document_id="0" * 32)
    closed = set(_operations(api)) - PUBLIC

    for method, path in closed:
        for headers in ({}, {"Authorization": "Bearer abc"}):
            answer = api.http.request(
                method,
                path.format_map(values),
                headers=headers | {"If-Match": '"1"', "Idempotency-Key": "k"},
                json={},
            )
            refused(answer, 401, REFUSED)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert len(closed) > 20


def test_what_is_closed_is_described_as_closed(api: Api) -> None:
    described = api.app.openapi()["paths"]

    for method, path in _operations(api):
        is_open = not described[path][method].get("security")
        assert is_open == ((method, path) in PUBLIC), (method, path)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_token_of_the_provider_lets_in_with_either_algorithm(api: Api, algorithm: str) -> None:
    made = token(api.settings, "applicant", algorithm=algorithm)

    assert _ask(api, f"Bearer {made}").status_code == 200
    assert _ask(api, f"bearer {made}").status_code == 200


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_token_with_any_fault_is_refused(api: Api, fault: str, algorithm: str) -> None:
    made = token(api.settings, "receptionist", DISTRICT, fault=fault, algorithm=algorithm)
    api.clock.move(minutes=5)

    refused(_ask(api, f"Bearer {made}"), 401, REFUSED)


@pytest.mark.parametrize(
    "claims",
    [
        *({"exp": None}, {"exp": "soon"}, {"exp": 0}, {"exp": []}, {"exp": 1e400}),
        *({"aud": None}, {"aud": "other"}, {"aud": []}, {"aud": {"a": 1}}, {"aud": ["other"]}),
        *({"iss": None}, {"iss": ""}, {"iss": ["x"]}, {"sub": None}, {"sub": 1}, {"sub": ""}),
        *({"nbf": 32503680000}, {"nbf": "later"}, {"sub": {"a": 1}}, {"role": "system"}),
        *({"role": "root"}, {"role": None}, {"role": ["officer"]}, {"role": {"a": "b"}}),
        *({"role": "officer"}, {"role": "receptionist", "agency": ""}),
        *({"role": "approver", "agency": "H44' OR 1=1"}, {"role": "analyst", "agency": ["H44"]}),
    ],
    ids=str,
)
def test_claims_that_do_not_say_who_acts_for_whom_until_when_are_refused(
    api: Api, claims: dict[str, Any]
) -> None:
    made = token(api.settings, "applicant", extra=claims)

    refused(_ask(api, f"Bearer {made}"), 401, REFUSED)


@pytest.mark.parametrize("missing", ["exp", "aud", "iss", "sub"])
def test_a_token_without_a_claim_that_it_must_have_is_refused(api: Api, missing: str) -> None:
    whole = jwt.get_unverified_claims(token(api.settings, "applicant"))
    made = _signed(api, {name: value for name, value in whole.items() if name != missing})

    refused(_ask(api, f"Bearer {made}"), 401, REFUSED)


def _signed(api: Api, claims: dict[str, Any], **header: str) -> str:
    key = signing_keys(api.settings.data_dir / "mocks")["ES256"]
    return jwt.encode(claims, key["private_pem"], "ES256", headers={"kid": key["kid"]} | header)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "RS256"},
        {"alg": "none"},
        {"alg": "NONE"},
        {"alg": "HS256"},
        {"alg": ""},
        {"kid": ""},
        {"kid": "../../etc/passwd"},
        {"kid": "' OR 1=1"},
    ],
    ids=str,
)
def test_the_header_of_a_token_decides_nothing(api: Api, header: dict[str, str]) -> None:
    claims = jwt.get_unverified_claims(token(api.settings, "applicant"))

    refused(_ask(api, f"Bearer {_signed(api, claims, **header)}"), 401, REFUSED)


def _part(value: object) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


NO_OBJECTS: list[Any] = [[], "x", None, 1, {}, b"\xff", b"\xff{"]


def _garbage() -> list[str | bytes]:
    head = {"alg": "ES256", "typ": "JWT", "kid": "x"}
    return [
        *("", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer x", "Bearer a.b.c", "Bearer ...."),
        *(f"Bearer {'a' * 9000}", f"Bearer {'.' * 8000}", "Bearer null", "Bearer {}", "Bearer é"),
        b"Bearer \xff\xfe.\xff.\xff",
        *(f"Bearer {_part(head)}.{_part(value)}.AAAA" for value in NO_OBJECTS),
        *(f"Bearer {_part(value)}.{_part({})}.AAAA" for value in NO_OBJECTS),
        f"Bearer {_part({'alg': [], 'kid': {}})}.{_part({})}.AAAA",
        f"Bearer {_part(b'[' * 3000)}.{_part({})}.AAAA",
        f"Bearer {_part(b'{' + b'}')}.{_part(b'[' * 3000)}.AAAA",
    ]


@pytest.mark.parametrize("credentials", [None, *_garbage()], ids=lambda c: repr(c)[:40])
def test_what_is_not_a_token_is_refused(api: Api, credentials: str | bytes | None) -> None:
    sent = credentials.encode() if isinstance(credentials, str) else credentials

    refused(_ask(api, sent), 401, REFUSED)


def test_a_token_whose_content_was_changed_is_refused(api: Api) -> None:
    head, body, mark = token(api.settings, "applicant").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = _part(claims | {"role": "approver", "agency": "H44"})

    assert _ask(api, f"Bearer {head}.{body}.{mark}").status_code == 200
    refused(_ask(api, f"Bearer {head}.{other}.{mark}"), 401, REFUSED)
    refused(_ask(api, f"Bearer {head}.{body}.{mark[:-4]}AAAA"), 401, REFUSED)


def test_staff_act_in_their_own_name_and_role(api: Api) -> None:
    made = token(api.settings, "receptionist", DISTRICT, subject="cb-7", name="Nguyễn Văn Bảy")
    answer = api.http.post(
        f"{PATH}/intake",
        headers={"Authorization": f"Bearer {made}", "Idempotency-Key": "k"},
        json={},
    )

    told = refused(answer, 422, "request.invalid")

    assert {fault["pointer"] for fault in told["errors"]} == {"/procedure", "/agency", "/applicant"}


def test_a_token_is_good_within_the_leeway_and_not_after_it(api: Api) -> None:
    for age_s, is_let_in in ((10, True), (300, False)):
        issued_at = datetime.now(UTC) - timedelta(seconds=60 + age_s)
        made = token(api.settings, "applicant", lifetime_s=60, now=issued_at)
        assert (_ask(api, f"Bearer {made}").status_code == 200) is is_let_in


def test_a_rotated_key_is_picked_up_and_old_tokens_stay_good(own_api: Api) -> None:
    api = own_api
    before = token(api.settings, "applicant", subject=CITIZEN)
    assert _ask(api, f"Bearer {before}").status_code == 200
    rotate(api.settings.data_dir / "mocks")
    after = token(api.settings, "applicant", subject=CITIZEN)
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]

    # Asked for again at most every ten seconds: made-up key names cost the provider nothing.
    refused(_ask(api, f"Bearer {after}"), 401, REFUSED)
    api.clock.move(seconds=11)

    assert _ask(api, f"Bearer {after}").status_code == 200
    assert _ask(api, f"Bearer {before}").status_code == 200


def test_made_up_key_names_do_not_become_requests_to_the_provider(api: Api) -> None:
    asked = 0

    def keys(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json={"keys": []})

    provider = _provider(httpx.MockTransport(keys))
    for second in range(20):
        made = token(api.settings, "applicant", fault="unknown_kid")
        with pytest.raises(TokenRefused):
            provider.check(made, MONDAY + timedelta(seconds=second))

    assert asked == 2


def _provider(transport: httpx.BaseTransport) -> IdentityProvider:
    http = httpx.Client(transport=transport)
    return IdentityProvider(http, "http://identity.test/jwks", "http://x", "motcua", 30)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(404, text="not here"),
        httpx.Response(302, headers={"Location": "http://elsewhere.test/"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"keys": None}),
        httpx.Response(200, json={"keys": [1]}),
        httpx.Response(200, json={"keys": [{"alg": "ES256"}]}),
        httpx.Response(200, json={}),
        httpx.Response(200, json=None),
        httpx.Response(200, content=b"\xff\xfe"),
    ],
    ids=lambda r: f"{r.status_code} {r.text[:20]}",
)
def test_a_key_set_that_cannot_be_read_lets_nobody_in_for_now(
    api: Api, answer: httpx.Response
) -> None:
    provider = _provider(httpx.MockTransport(lambda _: answer))

    with pytest.raises(IdentityUnavailable):
        provider.check(token(api.settings, "applicant"), MONDAY)


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "k": "AAAA", "alg": "HS256"},
        {"kty": "EC", "alg": "ES256"},
        {"kty": "EC", "alg": "ES256", "crv": "P-256", "x": "", "y": ""},
        {"kty": "RSA", "alg": "ES256", "n": "AQAB", "e": "AQAB"},
        {"kty": 1, "alg": "RS256"},
        {"alg": []},
    ],
    ids=str,
)
def test_a_published_key_that_is_none_lets_nobody_in(api: Api, key: dict[str, Any]) -> None:
    made = token(api.settings, "applicant")
    named = key | {"kid": jwt.get_unverified_header(made)["kid"]}
    provider = _provider(httpx.MockTransport(lambda _: httpx.Response(200, json={"keys": [named]})))

    with pytest.raises(TokenRefused):
        provider.check(made, MONDAY)


def test_a_checked_token_is_remembered_until_it_expires_and_no_longer(api: Api) -> None:
    made = token(api.settings, "applicant")
    expires_at = datetime.fromtimestamp(jwt.get_unverified_claims(made)["exp"], UTC)
    keys = httpx.get(api.settings.keys_url, trust_env=False).json()
    provider = IdentityProvider(
        httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=keys))),
        *("http://identity.test/jwks", api.settings.issuer, "motcua"),
        leeway_s=30,
    )
    assert provider.remembered(made, MONDAY) is None

    actor = provider.check(made, MONDAY)

    assert actor.id == CITIZEN
    assert provider.remembered(made, expires_at - timedelta(seconds=1)) == actor
    assert provider.remembered(made, expires_at) is None
    assert provider.remembered(made + "x", MONDAY) is None


def test_while_the_provider_is_away_people_are_asked_to_come_again(
    module_database: str, tmp_path: Path
) -> None:
    listening = free_port()
    url = address_of(listening)
    settings = settings_for(module_database, tmp_path, **partners(url))
    with running_app(settings) as api:
        before = api.citizen().get(PATH)
        told = refused(before, 503, "identity.unavailable")
        assert "thử lại" in told["detail"]
        assert before.headers["Retry-After"] == "1"
        assert api.http.get("/v1/agencies").status_code == 200

        with served(create_app(MockConfig(tmp_path / "mocks", public_url=url)), listening):
            succeeded(api.citizen().get(PATH))

        succeeded(api.citizen().get(PATH))
        stranger = token(settings, "applicant", fault="unknown_kid")
        api.clock.move(minutes=1)
        refused(_ask(api, f"Bearer {stranger}"), 401, REFUSED)


@pytest.mark.parametrize(
    "fault", ["http_500", "http_503", "reset_before", "wrong_json", "html_page"]
)
def test_whatever_the_provider_answers_instead_of_keys_the_next_try_lets_in(
    module_database: str, tmp_path: Path, fault: str
) -> None:
    listening = free_port()
    url = address_of(listening)
    config = MockConfig(tmp_path / "mocks", public_url=url)
    settings = settings_for(module_database, tmp_path, **partners(url))
    with served(create_app(config), listening), running_app(settings) as api:
        httpx2.post(f"{url}/identity/_faults", json={"kind": fault}).raise_for_status()

        refused(api.citizen().get(PATH), 503, "identity.unavailable")

        succeeded(api.citizen().get(PATH))
