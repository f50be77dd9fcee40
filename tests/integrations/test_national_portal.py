"""The portal's client alone: what it sends, and what it makes of every kind of answer."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.integrations.national_portal import (
    Account,
    NationalPortal,
)
from app.integrations.portal import PortalContractBroken, PortalRefused, PortalUnavailable

ACCOUNT = Account(
    "VXPAdapter", "sample", "mật khẩu", "000.00.00.H44", "VN:GOV:000.00.00.G22:vpcpdvcprovider"
)
DOSSIER = {"MaHoSo": "H44.10-261005-0001", "ChuHoSo": "Trần Thị Mẫu"}
DONE = {"error_code": 0, "message": "Đồng bộ hồ sơ thành công", "result": []}
EXISTS = {"error_code": 3, "message": "Hồ sơ ĐÃ TỒN TẠI", "result": []}
EXPIRED = {"error_code": -1, "message": "Phiên làm việc không hợp lệ hoặc đã hết hạn"}
TELL, LOOK_UP, PROGRESS = "DongBoHoSoMC", "TraCuuHoSo", "CapNhatTienDoHoSoMC"

Reply = dict[str, Any] | httpx.Response | Exception


class Wire:
    """The other end: gives the replies that were prepared, and remembers what it was sent."""

    def __init__(self, **replies: list[Reply]) -> None:
        self.replies = replies
        self.requests: list[httpx.Request] = []
        self.sent: list[dict[str, Any]] = []
        self.logins = 0
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(request)
            body = json.loads(request.content)
            if request.url.path.endswith("/login"):
                return _as_response(self._login())
            self.sent.append(body)
            waiting = self.replies.get(body["service"], [])
            return _as_response(waiting.pop(0) if waiting else DONE)

    def _login(self) -> Reply:
        self.logins += 1
        waiting = self.replies.get("login", [])
        return waiting.pop(0) if waiting else {"error_code": "00", "session": f"s{self.logins}"}

    def services(self) -> list[str]:
        return [body["service"] for body in self.sent]


def _as_response(reply: Reply) -> httpx.Response:
    if isinstance(reply, Exception):
        raise reply
    return reply if isinstance(reply, httpx.Response) else httpx.Response(200, json=reply)


def _portal(wire: Wire, account: Account = ACCOUNT) -> NationalPortal:
    transport = httpx.MockTransport(wire)
    return NationalPortal(httpx.Client(base_url="http://portal.test", transport=transport), account)


@pytest.mark.parametrize("adapter", ["VXPAdapter", "XrdAdapter"])
def test_it_logs_in_and_calls_as_the_contract_says(adapter: str) -> None:
    wire = Wire()
    account = Account(adapter, "sample", "mật khẩu", "000.00.00.H44", ACCOUNT.dstcode)

    _portal(wire, account).tell_dossier(DOSSIER, is_update=False)

    login, call = wire.requests
    for request, path in ((login, "login"), (call, "g")):
        assert request.method == "POST"
        assert request.url.path == f"/{adapter}/RestService/forward/mapi/{path}"
        assert request.url.params["dstcode"] == ACCOUNT.dstcode
        assert request.headers["accept"] == "application/json"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["charset"] == "utf-8"
        assert request.headers["dstcode"] == ACCOUNT.dstcode
    assert json.loads(login.content) == {"username": "sample", "password": "mật khẩu"}
    assert json.loads(call.content) == {
        "session": "s1",
        "madonvi": "000.00.00.H44",
        "service": TELL,
        "isUpdating": "False",
        "data": [DOSSIER],
    }


def test_one_session_serves_many_calls_of_many_threads() -> None:
    wire = Wire()
    portal = _portal(wire)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: portal.tell_dossier(DOSSIER, is_update=True), range(24)))

    assert wire.logins == 1
    assert {body["session"] for body in wire.sent} == {"s1"}


def test_a_session_that_expired_is_renewed_once_and_the_call_repeated() -> None:
    wire = Wire(TraCuuHoSo=[EXPIRED, {**DONE, "result": [DOSSIER]}])
    portal = _portal(wire)

    assert portal.look_up("H44.10-261005-0001") == DOSSIER
    assert [body["session"] for body in wire.sent] == ["s1", "s2"]


def test_threads_whose_session_expired_together_renew_it_once() -> None:
    wire = Wire(DongBoHoSoMC=[EXPIRED] * 6)
    portal = _portal(wire)
    together = threading.Barrier(6)

    def tell(_: int) -> None:
        together.wait()
        portal.tell_dossier(DOSSIER, is_update=True)

    # All six are refused in the old session before any is repeated in a new one, or not: in no
    # case is there a login for each.
    with ThreadPoolExecutor(6) as pool:
        for refused in list(pool.map(lambda n: _outcome(lambda: tell(n)), range(6))):
            assert refused in (None, PortalUnavailable)
    assert wire.logins <= 7
    assert len({body["session"] for body in wire.sent}) == wire.logins


def _outcome(work: Callable[[], object]) -> type[Exception] | None:
    try:
        work()
    except PortalUnavailable:
        return PortalUnavailable
    return None


def test_a_session_that_does_not_hold_is_a_reason_to_wait() -> None:
    wire = Wire(DongBoHoSoMC=[EXPIRED, EXPIRED])

    with pytest.raises(PortalUnavailable, match="hết hạn"):
        _portal(wire).tell_dossier(DOSSIER, is_update=True)


def test_a_word_about_a_version_is_not_taken_for_one_about_the_session() -> None:
    refusal = {"error_code": -1, "message": "Sai phiên bản bản tin"}
    wire = Wire(DongBoHoSoMC=[refusal])

    with pytest.raises(PortalRefused, match="phiên bản"):
        _portal(wire).tell_dossier(DOSSIER, is_update=True)
    assert wire.logins == 1


@pytest.mark.parametrize(
    "reply",
    [
        {"error_code": -1, "message": "Sai tên đăng nhập hoặc mật khẩu"},
        {"error_code": 0, "message": "thành công"},
        httpx.Response(200, html="<h1>Bảo trì</h1>"),
        httpx.Response(503),
        httpx.ConnectError("refused"),
    ],
    ids=["wrong password", "no session", "page", "503", "no connection"],
)
def test_whoever_is_not_let_in_waits(reply: Reply) -> None:
    wire = Wire(login=[reply])

    with pytest.raises(PortalUnavailable):
        _portal(wire).tell_dossier(DOSSIER, is_update=False)
    assert wire.sent == []


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(500),
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.Response(503, headers={"Retry-After": "9"}),
        httpx.Response(429, headers={"Retry-After": "9"}),
        httpx.ReadTimeout("slow"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("cut"),
    ],
    ids=["500", "502", "503", "429", "read", "connect", "reset", "cut"],
)
def test_no_answer_is_unknown_not_failed(reply: Reply) -> None:
    with pytest.raises(PortalUnavailable):
        _portal(Wire(DongBoHoSoMC=[reply])).tell_dossier(DOSSIER, is_update=True)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, html="<h1>Bảo trì</h1>"),
        httpx.Response(200, text='{"error_code": 0, "mess'),
        httpx.Response(200, json=[DONE]),
        httpx.Response(200, json={"message": "thành công"}),
        httpx.Response(200, json="0"),
        httpx.Response(404, text="not found"),
        httpx.Response(401, json=DONE),
        httpx.Response(302, headers={"Location": "/login"}),
        httpx.Response(200, content=b"\xff\xfe\x00"),
    ],
    ids=["page", "half", "list", "no code", "text", "404", "401", "302", "bytes"],
)
def test_an_answer_that_cannot_be_read_is_kept_for_a_person(reply: Reply) -> None:
    with pytest.raises(PortalContractBroken):
        _portal(Wire(DongBoHoSoMC=[reply])).tell_dossier(DOSSIER, is_update=True)


@pytest.mark.parametrize("code", [0, "0", "00"])
def test_each_way_of_saying_success_is_success(code: int | str) -> None:
    answer = {"error_code": code, "message": "Đồng bộ hồ sơ thành công"}

    assert _portal(Wire(DongBoHoSoMC=[answer])).tell_dossier(DOSSIER, is_update=True).code == str(
        code
    )


@pytest.mark.parametrize("code", [1, -1, 3, -3, 99, "E1", None, True])
def test_every_other_code_is_a_refusal_with_its_words(code: object) -> None:
    reply = {"error_code": code, "message": "Cổng đang khóa sổ"}

    with pytest.raises(PortalRefused) as refusal:
        _portal(Wire(DongBoHoSoMC=[reply])).tell_dossier(DOSSIER, is_update=False)

    assert refusal.value.code == str(code)
    assert refusal.value.message == "Cổng đang khóa sổ"
    assert json.loads(refusal.value.raw) == reply


@pytest.mark.parametrize("code", [0, 3, -3])
def test_what_is_there_otherwise_already_is_updated(code: int) -> None:
    other = {**DONE, "result": [DOSSIER | {"ChuHoSo": "Trần Thị Khác"}]}
    wire = Wire(DongBoHoSoMC=[EXISTS | {"error_code": code}], TraCuuHoSo=[other])

    _portal(wire).tell_dossier(DOSSIER, is_update=False)

    assert wire.services() == [TELL, LOOK_UP, TELL]
    assert [body.get("isUpdating") for body in wire.sent] == ["False", None, "True"]
    assert wire.sent[1]["mahoso"] == "H44.10-261005-0001"


@pytest.mark.parametrize("is_update", [False, True])
def test_what_is_there_as_it_should_be_is_not_told_again(*, is_update: bool) -> None:
    wire = Wire(DongBoHoSoMC=[EXISTS], TraCuuHoSo=[{**DONE, "result": [DOSSIER]}])

    assert _portal(wire).tell_dossier(DOSSIER, is_update=is_update).code == "3"
    assert wire.services() == [TELL, LOOK_UP]


def test_an_update_that_is_refused_as_already_there_is_not_repeated() -> None:
    wire = Wire(DongBoHoSoMC=[EXISTS])

    with pytest.raises(PortalRefused):
        _portal(wire).tell_dossier(DOSSIER, is_update=True)
    assert wire.services() == [TELL, LOOK_UP]


@pytest.mark.parametrize("code", [1, -1, 7])
def test_already_there_with_another_code_is_a_refusal(code: int) -> None:
    wire = Wire(DongBoHoSoMC=[EXISTS | {"error_code": code}])

    with pytest.raises(PortalRefused):
        _portal(wire).tell_dossier(DOSSIER, is_update=False)
    assert wire.services() == [TELL]


def test_a_look_up_finds_nothing_something_or_a_refusal() -> None:
    refusal = {"error_code": -1, "message": "Không tra cứu được"}
    replies: list[Reply] = [DONE, {**DONE, "result": [DOSSIER]}, refusal, {"error_code": 0}]
    portal = _portal(Wire(TraCuuHoSo=replies))

    assert portal.look_up("x") is None
    assert portal.look_up("x") == DOSSIER
    with pytest.raises(PortalRefused):
        portal.look_up("x")
    assert portal.look_up("x") is None


@pytest.mark.parametrize("result", ["x", [1], {"0": DOSSIER}])
def test_a_look_up_that_answers_nonsense_is_kept_for_a_person(result: object) -> None:
    with pytest.raises(PortalContractBroken):
        _portal(Wire(TraCuuHoSo=[DONE | {"result": result}])).look_up("x")


def test_progress_goes_in_calls_of_ten_rows_in_order() -> None:
    wire = Wire()
    rows = [{"MaHoSo": "x", "NoiDungXuLy": str(n)} for n in range(23)]

    _portal(wire).tell_progress(rows)

    assert [len(body["data"]) for body in wire.sent] == [10, 10, 3]
    assert [row for body in wire.sent for row in body["data"]] == rows


def test_progress_that_was_told_before_counts_as_told() -> None:
    wire = Wire(CapNhatTienDoHoSoMC=[EXISTS])

    assert _portal(wire).tell_progress([{"MaHoSo": "x"}]).code == "3"
    assert wire.services() == [PROGRESS]


def test_progress_that_is_refused_is_refused() -> None:
    refusal = {"error_code": -1, "message": "ThoiDiemXuLy: sai"}

    with pytest.raises(PortalRefused, match="ThoiDiemXuLy"):
        _portal(Wire(CapNhatTienDoHoSoMC=[refusal])).tell_progress([{"MaHoSo": "x"}])
