"""How often one may try: counted in the database, for all processes together."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from app.services import tracking
from tests.api.citizen_samples import at_once
from tests.builders import CITIZEN, MONDAY, Api, a_dossier, running_app, settings_for

CHECK = CITIZEN[-4:]
PER_CLIENT, PER_CODE, PER_CODE_AND_DAY = 60, 10, 40


@pytest.fixture(autouse=True)
def _fresh(api: Api) -> Iterator[None]:
    with api.owner.begin() as db:
        db.exec_driver_sql("TRUNCATE quota_use")
    yield
    api.clock.at = MONDAY


@pytest.fixture(scope="module")
def code(api: Api) -> str:
    return a_dossier(api)


@pytest.fixture(scope="module")
def twin(api: Api) -> Iterator[Api]:
    """Another process of the same province."""
    with running_app(api.settings) as other:
        other.clock.at = api.clock.at
        yield other


def _track(api: Api, code: str, check: str = CHECK, **headers: str) -> httpx2.Response:
    return api.http.get(f"/v1/tracking/{code}", params={"check": check}, headers=headers)


def test_wrong_digits_use_up_a_code_in_whatever_process_they_come(
    api: Api, twin: Api, code: str
) -> None:
    processes = [api, twin]
    answers = [_track(processes[n % 2], code, f"9{n:03d}") for n in range(PER_CODE)]

    assert {answer.status_code for answer in answers} == {404}
    for process in processes:
        blocked = _track(process, code)  # the right digits do not help any more
        assert blocked.status_code == 429
        assert blocked.json()["code"] == "tracking.too_many"
        assert blocked.json()["instance"] == "/v1/tracking"
        assert blocked.headers["Retry-After"] == "600"
    assert _track(api, a_dossier(api)).is_success  # another code is another code


def test_the_window_passes(api: Api, code: str) -> None:
    for n in range(PER_CODE + 1):
        _track(api, code, f"9{n:03d}")
    api.clock.move(seconds=599)
    assert _track(api, code).status_code == 429
    api.clock.move(seconds=1)
    assert _track(api, code).is_success


def test_a_day_allows_few_wrong_answers_however_patient_one_is(api: Api, code: str) -> None:
    wrong = 0
    while wrong < 1000 and _track(api, code, "9999").status_code == 404:
        wrong += 1
        if wrong % PER_CODE == 0:
            api.clock.move(seconds=600)

    assert wrong == PER_CODE_AND_DAY
    blocked = _track(api, code)
    assert blocked.status_code == 429
    assert int(blocked.headers["Retry-After"]) > 3600


def test_the_right_digits_are_not_counted_against_the_code(api: Api, code: str) -> None:
    for _ in range(PER_CODE + 5):
        assert _track(api, code).is_success

    standing = _track(api, code, "9999").headers["RateLimit"]
    assert '"code";r=9;' in standing


def test_fifty_guesses_at_once_get_no_more_answers_than_ten(api: Api, code: str) -> None:
    answers = at_once(lambda n: _track(api, code, f"9{n:03d}"), 50)

    counted = Counter(answer.status_code for answer in answers)
    assert counted == {404: PER_CODE, 429: 50 - PER_CODE}


def test_one_client_may_ask_so_often_in_a_minute(api: Api, twin: Api, code: str) -> None:
    answers = [_track((api, twin)[n % 2], code) for n in range(PER_CLIENT + 1)]

    assert [answer.status_code for answer in answers] == [200] * PER_CLIENT + [429]
    assert answers[-1].headers["Retry-After"] == "60"
    used = api.row("SELECT coalesce(sum(used), 0) AS n FROM quota_use WHERE quota = 'code'")["n"]
    assert used == 0  # who may not ask uses up nobody's code
    api.clock.at = twin.clock.at = MONDAY + timedelta(minutes=1)
    assert _track(api, code).is_success
    twin.clock.at = MONDAY


def test_the_standing_is_told_as_the_draft_standard_wants_it(api: Api, code: str) -> None:
    headers = _track(api, code, "9999").headers

    assert headers["RateLimit-Policy"] == (
        '"client";q=60;w=60, "code";q=10;w=600, "code-day";q=40;w=86400'
    )
    assert headers["RateLimit"] == ('"client";r=59;t=60, "code";r=9;t=600, "code-day";r=39;t=79200')


def test_a_browser_is_told_too(api: Api, code: str) -> None:
    for n in range(PER_CODE):
        _track(api, code, f"9{n:03d}")

    page = _track(api, code, Accept="text/html")

    assert page.status_code == 429
    assert "Hãy thử lại sau 10 phút." in page.text
    assert page.headers["Retry-After"] == "600"


def test_who_says_to_come_for_somebody_else_is_not_believed(api: Api, code: str) -> None:
    answers = [
        _track(api, code, **{"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(PER_CLIENT + 1)
    ]

    assert answers[-1].status_code == 429


def test_a_proxy_that_a_setting_names_speaks_for_its_clients(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_TRUSTED_PROXIES", '["10.0.0.0/8"]')
    monkeypatch.setenv("APP_TRACKING_PER_MINUTE", "3")
    with running_app(settings_for(database, tmp_path)) as api:
        proxy = TestClient(api.app, "http://motcua.test", client=("10.0.0.1", 50_000))

        codes = count()  # each its own, because a code has a quota too

        def ask(client: str) -> int:
            headers = {"X-Forwarded-For": f"192.0.2.1, {client}, 10.0.0.2"}
            path = f"/v1/tracking/x{next(codes)}?check=1"
            return proxy.get(path, headers=headers).status_code

        assert [ask("198.51.100.1") for _ in range(4)] == [404, 404, 404, 429]
        assert [ask(f"198.51.100.{n}") for n in range(2, 9)] == [404] * 7
        assert [ask(f"2001:db8::{n}") for n in range(1, 5)] == [404, 404, 404, 429]


def test_neither_addresses_nor_codes_are_kept(api: Api, code: str) -> None:
    _track(api, code, "9999")

    kept = api.rows("SELECT * FROM quota_use")

    assert len(kept) == 3
    assert all(len(row["subject"]) == 64 for row in kept)
    assert len({row["subject"] for row in kept}) == 2
    assert "testclient" not in str(kept)
    assert code not in str(kept)


def test_counters_are_forgotten_when_their_window_is_over(api: Api, code: str) -> None:
    _track(api, code, "9999")
    desk = api.app.state.doors.desk

    assert tracking.forget_counts(desk, now=MONDAY + timedelta(seconds=60)) == 0
    assert tracking.forget_counts(desk, now=MONDAY + timedelta(seconds=61)) == 1
    assert tracking.forget_counts(desk, now=MONDAY + timedelta(days=1)) == 2


@pytest.mark.parametrize("odd", ["x" * 4000, "\ud800", "%00", "H44/../..", "🏛️"])
def test_odd_codes_are_counted_like_any_other(api: Api, odd: str) -> None:
    text = odd.encode("utf-8", "surrogatepass")
    path = "/v1/tracking/" + "".join(f"%{byte:02X}" for byte in text)

    for _ in range(PER_CODE):
        assert api.http.get(path, params={"check": "1"}).status_code == 404

    assert api.http.get(path, params={"check": "1"}).status_code == 429
