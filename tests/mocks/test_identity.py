"""Tokens and keys of the identity mock."""

import multiprocessing
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jose import JWTError, jwt
from starlette.testclient import TestClient

from app.mocks.config import MockConfig
from app.mocks.identity import issue_token
from app.mocks.identity_keys import FOLDER, generations, signing_keys
from app.mocks.people import tech_id

STAFF = ["receptionist", "officer", "approver", "analyst", "administrator"]
CITIZEN = {"role": "applicant", "subject": "000123456789", "name": "Nguyễn Thị Mẫu"}


def read(http: TestClient, token: str, *, leeway: int = 0) -> dict[str, Any]:
    """Check a token the way a relying party does."""
    discovery = http.get("/identity/.well-known/openid-configuration").json()
    keys = http.get(discovery["jwks_uri"].removeprefix("http://127.0.0.1:8001")).json()["keys"]
    kid = jwt.get_unverified_header(token)["kid"]
    key = next((key for key in keys if key["kid"] == kid), None)
    if key is None:
        raise JWTError("unknown key")
    return jwt.decode(
        token,
        key,
        algorithms=["RS256", "ES256"],
        audience="motcua",
        issuer=discovery["issuer"],
        options={"leeway": leeway},
    )


def ask(http: TestClient, **wanted: object) -> str:
    answer = http.post("/identity/token", json=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "Bearer"
    return str(answer.json()["access_token"])


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
@pytest.mark.parametrize("role", STAFF)
def test_staff_carry_role_and_agency(http: TestClient, role: str, algorithm: str) -> None:
    claims = read(
        http,
        ask(http, role=role, agency="H44.06", subject="cb1", name="A", algorithm=algorithm),
    )

    assert (claims["role"], claims["agency"], claims["sub"], claims["name"]) == (
        *(role, "H44.06"),
        *("cb1", "A"),
    )
    assert "SoDinhDanh" not in claims
    assert claims["exp"] - claims["iat"] == 8 * 3600
    assert claims["nbf"] == claims["iat"]


def test_each_token_is_one_of_its_kind(http: TestClient) -> None:
    assert read(http, ask(http, **CITIZEN))["jti"] != read(http, ask(http, **CITIZEN))["jti"]


def test_a_citizen_carries_the_claims_of_the_portal_account(http: TestClient) -> None:
    claims = read(http, ask(http, **CITIZEN))

    assert claims["LoaiTaiKhoan"] == "1"
    assert claims["SoDinhDanh"] == "000123456789"
    assert claims["TechID"] == tech_id("000123456789")
    assert claims["HoVaTen"] == "Nguyễn Thị Mẫu"
    assert claims["loAs"] == "2"
    assert len(claims["SoDienThoai"]) == 10
    assert claims["ThuDienTu"].endswith(".example")
    assert not {"agency", "MaSoThue"} & set(claims)


def test_an_invented_subject_gets_the_same_invented_number_each_time(http: TestClient) -> None:
    first, second = (
        read(http, ask(http, role="applicant", subject="dan-1", name="A"))["SoDinhDanh"]
        for _ in range(2)
    )

    assert first == second
    assert first.startswith("000")
    assert len(first) == 12


def test_an_enterprise_carries_its_tax_code(http: TestClient) -> None:
    claims = read(http, ask(http, role="applicant", subject="2600123456", name="Công ty A"))

    assert (claims["LoaiTaiKhoan"], claims["MaSoThue"]) == ("2", "2600123456")
    assert "SoDinhDanh" not in claims


def test_claims_can_be_added_and_replaced(http: TestClient) -> None:
    claims = read(http, ask(http, **CITIZEN, extra={"loAs": "1", "GioiTinh": "1"}))

    assert (claims["loAs"], claims["GioiTinh"]) == ("1", "1")


@pytest.mark.parametrize(
    "fault",
    ["expired", "wrong_issuer", "wrong_audience", "alg_none", "key_confusion", "unknown_kid"],
)
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_faulty_token_is_refused_by_a_careful_reader(
    http: TestClient, fault: str, algorithm: str
) -> None:
    token = ask(http, **CITIZEN, algorithm=algorithm, fault=fault)

    with pytest.raises(JWTError):
        read(http, token, leeway=60)


def test_the_faults_are_what_they_are_called(http: TestClient, config: MockConfig) -> None:
    heads = {
        fault: jwt.get_unverified_header(ask(http, **CITIZEN, fault=fault))
        for fault in ("alg_none", "key_confusion", "unknown_kid")
    }
    known = signing_keys(config.data_dir)["ES256"]["kid"]

    assert heads["alg_none"]["alg"] == "none"
    assert heads["key_confusion"] == {"alg": "HS256", "typ": "JWT", "kid": known}
    assert heads["unknown_kid"]["kid"] != known
    wrong = jwt.get_unverified_claims(ask(http, **CITIZEN, fault="wrong_audience"))
    assert (wrong["aud"], wrong["iss"]) == ("motcua-khac", config.issuer)
    late = jwt.get_unverified_claims(ask(http, **CITIZEN, fault="expired"))
    assert late["exp"] < datetime.now(UTC).timestamp() - 3500


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "king"},
        {"role": "officer"},
        {"role": "applicant", "agency": "H44.06"},
        {"role": "officer", "agency": "x"},
        {"algorithm": "HS256"},
        {"fault": "other"},
        {"subject": ""},
        {"lifetime_s": 0},
        {"them": 1},
    ],
)
def test_a_wrong_request_gets_no_token(http: TestClient, wrong: dict[str, object]) -> None:
    assert http.post("/identity/token", json=CITIZEN | wrong).status_code == 422


def test_a_partner_needs_no_agency(http: TestClient) -> None:
    claims = read(http, ask(http, role="partner", subject="lgsp", name="LGSP"))

    assert "agency" not in claims


def test_after_a_rotation_old_tokens_stay_good(http: TestClient) -> None:
    old = ask(http, **CITIZEN)
    made = http.post("/identity/_rotate").json()["signing"]
    new = ask(http, **CITIZEN)

    assert jwt.get_unverified_header(new)["kid"] == made["ES256"]
    assert jwt.get_unverified_header(old)["kid"] != made["ES256"]
    assert read(http, old)["sub"] == read(http, new)["sub"]
    assert len(http.get("/identity/jwks").json()["keys"]) == 4


def test_the_key_set_holds_public_keys_only(http: TestClient) -> None:
    keys = http.get("/identity/jwks").json()["keys"]

    assert {(key["kty"], key["alg"], key["use"]) for key in keys} == {
        ("RSA", "RS256", "sig"),
        ("EC", "ES256", "sig"),
    }
    assert not {"d", "p", "q"} & {name for key in keys for name in key}


def test_tokens_need_no_server_and_the_server_knows_the_keys(
    config: MockConfig, http: TestClient
) -> None:
    now = datetime.now(UTC)
    token = issue_token(
        config.data_dir,
        issuer=config.issuer,
        audience=config.audience,
        role="applicant",
        subject="000123456789",
        name="A",
        now=now,
        lifetime_s=60,
    )

    assert read(http, token)["exp"] == int((now + timedelta(seconds=60)).timestamp())


def test_private_keys_are_for_their_owner_only(config: MockConfig) -> None:
    files = list((config.data_dir / FOLDER).iterdir())

    assert files
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_processes_that_start_at_once_agree_on_the_keys(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        made = pool.map(signing_keys, [tmp_path] * 3)

    assert made[0] == made[1] == made[2]
    assert len(generations(tmp_path)) == 1
    assert [file.name for file in (tmp_path / FOLDER).iterdir()] == ["0001.json"]
