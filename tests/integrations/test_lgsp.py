"""The LGSP's client alone: answers that are hostile, odd or late; one token for many threads."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.lgsp import (
    Lgsp,
    LgspContractBroken,
    LgspRefused,
    LgspUnavailable,
    Question,
    Subscription,
)
from app.integrations.lgsp_answers import Unreadable, citizen_of, enterprise_of, results_of, tree_of

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
QUESTION = Question("025099000001", "Đỗ Thị Mẫu", "cb-01", "7-1", "1.001193")
PERSON = (
    "<SoDinhDanh>025099000001</SoDinhDanh>"
    "<HoVaTen><Ho>Đỗ</Ho><ChuDem>Thị</ChuDem><Ten>Mẫu</Ten></HoVaTen>"
    "<TonGiao>Không</TonGiao><NhomMau>O</NhomMau>"
    "<NgayThangNamSinh><Nam>1990</Nam><NgayThangNam>19900203</NgayThangNam></NgayThangNamSinh>"
    "<ThuongTru><MaTinhThanh>25</MaTinhThanh><ChiTiet>Số 1 &amp; 2</ChiTiet></ThuongTru>"
    "<Me><HoVaTen>Hà Thị Gốc</HoVaTen></Me>"
)
SERVICES = ("population", "business", "categories", "store_list", "store_file")
DSTCODES = dict.fromkeys(SERVICES, "VN:GOV:G01:x")


def _soap(people: str, prefix: str = "s:") -> str:
    return (
        f'<{prefix}Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<{prefix}Body><CongdanCollection>{people}</CongdanCollection></{prefix}Body>"
        f"</{prefix}Envelope>"
    )


def test_somebody_is_read_down_to_what_a_dossier_needs() -> None:
    assert citizen_of(_soap(f"<CongDan>{PERSON}</CongDan>")) == {
        "number": "025099000001",
        "name": "Đỗ Thị Mẫu",
        "birth_date": "1990-02-03",
        "residence": {"province": "25", "detail": "Số 1 & 2"},
        "mother_name": "Hà Thị Gốc",
    }


@pytest.mark.parametrize("empty", [_soap(""), _soap(" \n ")])
def test_an_empty_collection_is_nobody(empty: str) -> None:
    assert citizen_of(empty) is None


BOMB = (
    "<!DOCTYPE b ["
    '<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 30))
    + "]><b>&a29;</b>"
)


@pytest.mark.parametrize(
    "hostile",
    [
        BOMB,
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]><x/>',
        "<!DOCTYPE x><x/>",
        "<x>&e;</x>",
        "<a>" * 1000 + "</a>" * 1000,
        "<a>" + "x" * 600_000 + "</a>",
        "<a>",
        "",
        "không phải XML",
        "<a>\ud800</a>",
        _soap(f"<CongDan>{PERSON}</CongDan>" * 2),
        _soap("<CongDan>chữ</CongDan>"),
        _soap("<CongDan><HoVaTen><Ten>Mẫu</Ten></HoVaTen></CongDan>"),
        "<Envelope><Body/></Envelope>",
        None,
        7,
        {"message": "x"},
    ],
    ids=lambda hostile: str(hostile)[:30].encode("ascii", "replace").decode(),
)
def test_what_is_hostile_or_no_answer_is_refused_at_once(hostile: object) -> None:
    started = monotonic()
    with pytest.raises(Unreadable) as refusal:
        citizen_of(hostile)

    assert monotonic() - started < 1
    assert "Mẫu" not in str(refusal.value), "no data in what is told"


@given(st.text(max_size=200))
def test_whatever_text_comes_it_is_read_or_refused(content: str) -> None:
    with suppress(Unreadable):
        tree_of(content)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["GetEntCert", "result", "DanhSachGiayToKetQua", "MaSoDoanhNghiep", "x"]
                ),
                inner,
                max_size=3,
            )
        ),
    )
)
def test_whatever_json_comes_it_is_read_or_refused(content: object) -> None:
    for reader in (enterprise_of, results_of):
        with suppress(Unreadable):
            reader(content)


def _lgsp(answer: Callable[[httpx.Request], httpx.Response]) -> Lgsp:
    http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://lgsp.test")
    return Lgsp(http, Subscription("k", "s", "XrdAdapter", "H44", "TH", DSTCODES))


def _token(life_s: float = 3600, name: str = "t") -> httpx.Response:
    return httpx.Response(200, json={"access_token": name, "expires_in": life_s})


def test_the_question_is_what_the_contract_says() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/token":
            return _token()
        message = _soap(f"<CongDan>{PERSON}</CongDan>")
        return httpx.Response(200, json={"error_code": "0", "message": message})

    _lgsp(answer).citizen(QUESTION, NOW)

    token, asked = seen
    assert token.headers["Authorization"].startswith("Basic ")
    assert token.content == b"grant_type=client_credentials"
    assert asked.url.path == "/XrdAdapter/RestService/forward/csdldc/traCuuCongDan"
    assert asked.url.params["dstcode"] == "VN:GOV:G01:x"
    assert asked.headers["Authorization"] == "Bearer t"
    assert json.loads(asked.content) == {
        "HoVaTen": "DOTHIMAU",
        "SoDinhDanh": "025099000001",
        "MaTichHop": "TH",
        "MaDVC": "H44",
        "MaCanBo": "cb-01",
        "MaYeuCau": "7-1",
    }


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(500), LgspUnavailable),
        (httpx.Response(503, text="<html>"), LgspUnavailable),
        (httpx.Response(429), LgspUnavailable),
        (httpx.Response(401), LgspUnavailable),
        (httpx.Response(403), LgspContractBroken),
        (httpx.Response(404), LgspContractBroken),
        (httpx.Response(200, text="<html>Bảo trì"), LgspContractBroken),
        (httpx.Response(200, text='{"error_code": 0, "mess'), LgspContractBroken),
        (httpx.Response(200, json=[]), LgspContractBroken),
        (httpx.Response(200, json={"error_code": 0}), LgspContractBroken),
        (httpx.Response(200, json={"error_code": 0, "message": "<a/>"}), LgspContractBroken),
        (httpx.Response(200, json={"error_code": -1, "message": "Sai"}), LgspRefused),
        (httpx.Response(200, json={"error_code": "77"}), LgspRefused),
        (httpx.Response(200, json={"error_code": None}), LgspRefused),
        (httpx.ConnectError("không tới"), LgspUnavailable),
        (httpx.ReadTimeout("lâu"), LgspUnavailable),
    ],
    ids=str,
)
def test_each_bad_answer_is_the_right_fault(
    answer: httpx.Response | Exception, error: type[Exception]
) -> None:
    def give(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return _token()
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(error):
        _lgsp(give).citizen(QUESTION, NOW)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"error": "invalid_client"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"access_token": "t"}),
        httpx.Response(200, json={"access_token": "t", "expires_in": "lâu"}),
        httpx.Response(500),
    ],
    ids=str,
)
def test_without_a_token_a_question_waits(answer: httpx.Response) -> None:
    with pytest.raises(LgspUnavailable, match="token"):
        _lgsp(lambda _: answer).citizen(QUESTION, NOW)


class _Platform:
    """Gives tokens, slowly, and takes only the newest one."""

    def __init__(self, life_s: float = 3600) -> None:
        self.issued = 0
        self.valid = ""
        self.life_s = life_s
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            sleep(0.02)
            with self._lock:
                self.issued += 1
                self.valid = f"t{self.issued}"
                return _token(self.life_s, self.valid)
        if request.headers["Authorization"] != f"Bearer {self.valid}":
            return httpx.Response(401)
        return httpx.Response(200, json={"error_code": 0, "message": _soap("")})


def _ask_at_once(lgsp: Lgsp, now: datetime, threads: int = 16) -> list[Any]:
    start = threading.Barrier(threads)

    def ask(_: int) -> Any:  # noqa: ANN401  (facts or nothing)
        start.wait()
        return lgsp.citizen(QUESTION, now)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(ask, range(threads)))


def test_many_threads_fetch_one_token_and_renew_a_revoked_one_once() -> None:
    platform = _Platform()
    lgsp = _lgsp(platform)
    _ask_at_once(lgsp, NOW)
    assert platform.issued == 1

    platform.valid = "revoked"
    _ask_at_once(lgsp, NOW)
    assert platform.issued == 2


def test_a_token_is_renewed_shortly_before_its_end() -> None:
    platform = _Platform(life_s=600)
    lgsp = _lgsp(platform)
    for seconds, issued in ((0, 1), (569, 1), (571, 2), (1100, 2), (1200, 3)):
        lgsp.citizen(QUESTION, NOW + timedelta(seconds=seconds))
        assert platform.issued == issued


def test_a_token_that_lives_shortly_is_used_for_half_of_its_life() -> None:
    platform = _Platform(life_s=10)
    lgsp = _lgsp(platform)
    for seconds, issued in ((0, 1), (4, 1), (6, 2)):
        lgsp.citizen(QUESTION, NOW + timedelta(seconds=seconds))
        assert platform.issued == issued


def test_a_category_is_read_or_refused() -> None:
    rows: list[object] = [{"Ma": "25", "Ten": "Tỉnh Phú Thọ"}]

    def give(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return _token()
        return httpx.Response(200, json={"error_code": 0, "result": rows})

    lgsp = _lgsp(give)
    assert lgsp.category("DM_TINH", NOW) == {"25": "Tỉnh Phú Thọ"}
    rows.append({"Ma": "66"})
    with pytest.raises(LgspContractBroken):
        lgsp.category("DM_TINH", NOW)


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (None, LgspRefused),
        ("", LgspRefused),
        ("khác", LgspContractBroken),
        (["JVBERg=="], LgspContractBroken),
        ("AAAA" * 30, LgspRefused),
        ("AAAA" * 30_000, LgspContractBroken),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_file_that_is_none_or_too_large_is_the_right_fault(
    result: object, error: type[Exception]
) -> None:
    def give(request: httpx.Request) -> httpx.Response:
        return _token() if request.url.path == "/token" else _answer({"result": result})

    with pytest.raises(error):
        _lgsp(give).result_file("H44", "a.pdf", 80, NOW)


def test_a_file_is_asked_for_by_its_path_and_read() -> None:
    asked: list[object] = []

    def give(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return _token()
        asked.append(json.loads(request.content))
        return _answer({"result": "JVBE\nRg=="})

    assert _lgsp(give).result_file("H44", "a.pdf", 80, NOW) == b"%PDF"
    assert asked == [{"CoQuanChuQuan": "H44", "DuongDan": "a.pdf"}]


def _answer(content: dict[str, object]) -> httpx.Response:
    return httpx.Response(200, json={"errorCode": 0, "message": "", **content})
