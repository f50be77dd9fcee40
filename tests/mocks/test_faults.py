"""Faults on demand, in-process where the connection does not matter."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.mocks import clock, portal_memory
from app.mocks.config import MockConfig
from app.mocks.faults import KINDS, Switchboard
from app.mocks.memory import Memory
from app.mocks.national_portal import national_portal
from tests.mocks.samples import Portal, a_step, an_init, an_item

PARTNERS = ["identity", "lgsp", "national-portal", "payment", "post"]


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("http_500", 500, "Lỗi máy chủ"),
        ("http_503", 503, "không sẵn sàng"),
        ("html_page", 200, "<h1>Hệ thống đang bảo trì"),
        ("quota", 429, "hạn mức"),
        ("error_code", 200, "Lỗi hệ thống"),
    ],
)
def test_a_fault_before_the_work_leaves_nothing_behind(
    portal: Portal, kind: str, status: int, said: str
) -> None:
    portal.log_in()
    portal.fault(kind=kind)
    body = {"isUpdating": "False", "data": [an_item("1")]}

    answer = portal.send("DongBoHoSoMC", **body)

    assert answer.status_code == status
    assert said in answer.text
    assert portal.look_up() == []
    assert portal.add(an_item("1"))["error_code"] == 0


def test_a_quota_says_how_long_to_wait(portal: Portal) -> None:
    portal.log_in()
    portal.fault(kind="quota", seconds=7)

    assert portal.send("LayDanhSachTTHC").headers["retry-after"] == "7"


def test_wrong_json_comes_after_the_work(portal: Portal) -> None:
    portal.log_in()
    portal.fault(kind="wrong_json")

    answer = portal.send("DongBoHoSoMC", isUpdating="False", data=[an_item("1")])

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r".+"):
        answer.json()
    assert portal.look_up() == [an_item("1")]


def test_a_delay_comes_after_the_work(portal: Portal) -> None:
    portal.log_in()
    portal.fault(kind="delay", seconds=0.3)
    started = threading.Event()

    def send() -> None:
        started.set()
        portal.add(an_item("1"))

    sending = threading.Thread(target=send)
    sending.start()
    started.wait()
    while not portal.known()["told"]:
        assert sending.is_alive()
    assert sending.is_alive()
    sending.join()


def test_an_expired_session_is_noticed_and_mended_by_a_login(portal: Portal) -> None:
    portal.log_in()
    portal.fault(kind="expired_session")

    answer = portal.add(an_item("1"))

    assert "hết hạn" in answer["message"]
    assert portal.add(an_item("1"))["error_code"] == -1
    portal.log_in()
    assert portal.add(an_item("1"))["error_code"] == 0


def test_a_duplicate_is_delivered_twice_and_marked(portal: Portal) -> None:
    portal.tell("1")
    portal.fault(kind="duplicate", service="DongBoHoSoMC")

    assert portal.update(an_item("2"))["error_code"] == 0

    told = portal.known()["told"]
    assert [(entry["status"], entry["by_fault"]) for entry in told] == [
        ("1", False),
        ("2", False),
        ("2", True),
    ]


def test_a_duplicate_addition_is_answered_as_existing(portal: Portal) -> None:
    portal.log_in()
    portal.fault(kind="duplicate")

    assert portal.add(an_item("1"))["error_code"] == 3
    assert len(portal.known()["told"]) == 1


def test_already_exists_remembers_the_message(portal: Portal) -> None:
    portal.log_in()
    portal.fault(kind="already_exists")
    assert portal.look_up() == []

    answer = portal.add(an_item("1"))

    assert answer["error_code"] == 3
    assert "đã tồn tại" in answer["message"]
    assert portal.update(an_item("1"))["error_code"] == 0
    assert [entry["by_fault"] for entry in portal.known()["told"]] == [True, False]


def test_already_exists_does_not_hide_a_refusal(portal: Portal) -> None:
    portal.log_in()
    portal.fault(kind="already_exists")

    assert portal.add(an_item("9"))["error_code"] == -1


def test_an_error_code_is_answered_as_asked(portal: Portal) -> None:
    portal.log_in()
    portal.fault(kind="error_code", error_code="99", message="Cổng đang khóa sổ")

    answer = portal.call("LayDanhSachTTHC")

    assert (answer["error_code"], answer["message"]) == ("99", "Cổng đang khóa sổ")


def test_a_fault_hits_its_service_as_often_as_asked(portal: Portal, http: TestClient) -> None:
    portal.tell("1")
    portal.fault(kind="http_500", service="CapNhatTienDoHoSoMC", times=2)

    def progress() -> int:
        return portal.send("CapNhatTienDoHoSoMC", data=[a_step()]).status_code

    assert portal.update(an_item("2"))["error_code"] == 0
    assert [progress(), progress(), progress()] == [500, 500, 200]
    assert http.get("/national-portal/_faults").json() == {"faults": [], "hits": {"http_500": 2}}


def test_a_fault_without_an_end_stays_until_it_is_removed(portal: Portal, http: TestClient) -> None:
    portal.log_in()
    portal.fault(kind="http_503", times=None)
    assert [portal.send("LayDanhSachTTHC").status_code for _ in range(5)] == [503] * 5
    (fault,) = http.get("/national-portal/_faults").json()["faults"]

    assert http.delete(f"/national-portal/_faults/{fault['id'] + 1}").json() == {"removed": 0}
    assert http.delete(f"/national-portal/_faults/{fault['id']}").json() == {"removed": 1}
    assert portal.send("LayDanhSachTTHC").status_code == 200
    portal.fault(kind="http_503", times=3)
    portal.fault(kind="http_500", times=3)
    assert http.delete("/national-portal/_faults").json() == {"removed": 2}
    assert portal.send("LayDanhSachTTHC").status_code == 200


def test_faults_strike_in_the_order_in_which_they_were_asked_for(portal: Portal) -> None:
    portal.log_in()
    portal.fault(kind="http_500")
    portal.fault(kind="http_503", times=2)

    codes = [portal.send("LayDanhSachTTHC").status_code for _ in range(4)]

    assert codes == [500, 503, 503, 200]


@pytest.mark.parametrize(
    ("partner", "path"),
    [
        ("identity", "/identity/_faults"),
        ("national-portal", "/national-portal/_stats"),
        ("national-portal", "/national-portal/_dossiers"),
        ("payment", "/payment/_orders"),
        ("lgsp", "/lgsp/_questions"),
        ("post", "/post/_orders"),
    ],
)
def test_what_begins_with_an_underscore_is_never_hit(
    http: TestClient, partner: str, path: str
) -> None:
    http.post(f"/{partner}/_faults", json={"kind": "http_500", "times": None})

    assert http.get(path).status_code == 200


def test_a_partner_s_fault_does_not_hit_the_others(http: TestClient) -> None:
    http.post("/identity/_faults", json={"kind": "http_500", "times": None})

    assert http.get("/identity/jwks").status_code == 500
    assert http.get("/livez").status_code == 200
    assert http.get("/payment/pay/x").status_code == 404


@pytest.mark.parametrize("partner", PARTNERS)
@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "earthquake"},
        {"kind": "delay", "times": 0},
        {"kind": "delay", "times": True},
        {"kind": "delay", "times": "1"},
        {"kind": "delay", "seconds": -1},
        {"kind": "delay", "service": "KhongCo"},
        {"kind": "delay", "la": 1},
        {"kind": "error_code", "error_code": None},
        {"kind": "error_code", "message": 1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    http: TestClient, partner: str, wrong: dict[str, Any]
) -> None:
    assert http.post(f"/{partner}/_faults", json=wrong).status_code == 422
    assert http.get(f"/{partner}/_faults").json()["faults"] == []


@pytest.mark.parametrize(
    ("partner", "kind", "service"),
    [
        ("identity", "expired_session", None),
        ("identity", "already_exists", None),
        ("payment", "expired_session", None),
        ("lgsp", "already_exists", None),
        ("lgsp", "expired_session", "token"),
        ("post", "already_exists", "cancel"),
        ("national-portal", "already_exists", "TraCuuHoSo"),
        ("payment", "already_exists", "query"),
    ],
)
def test_a_partner_has_only_its_own_faults(
    http: TestClient, partner: str, kind: str, service: str | None
) -> None:
    body = {"kind": kind, "service": service}

    assert http.post(f"/{partner}/_faults", json=body).status_code == 422


@pytest.mark.parametrize("partner", PARTNERS)
@pytest.mark.parametrize(
    "wrong",
    [{"khac": 1}, {"delay_ms": "20"}, {"delay_ms": -1}, {"chaos": True}, {"chaos": None}],
)
def test_a_switch_keeps_its_kind_of_value(
    http: TestClient, partner: str, wrong: dict[str, Any]
) -> None:
    before = http.get(f"/{partner}/_switches").json()

    assert http.patch(f"/{partner}/_switches", json={"delay_ms": 1} | wrong).status_code == 422
    assert http.get(f"/{partner}/_switches").json() == before


def test_the_payment_platform_s_own_faults(http: TestClient, config: MockConfig) -> None:
    http.post("/payment/_faults", json={"kind": "already_exists"})
    taken = http.post("/payment/init", json=an_init(config)).json()
    assert (taken["error_code"], "đã tồn tại" in taken["message"]) == ("-1", True)
    assert http.post("/payment/init", json=an_init(config)).json()["error_code"] == "0"

    http.post("/payment/_faults", json={"kind": "error_code", "error_code": 5, "service": "init"})
    assert http.post("/payment/init", json=an_init(config)).json()["error_code"] == "5"


def drawn(config: MockConfig, seed: int) -> list[str]:
    """Return what chaos does to each of the same thousand requests."""
    memory = Memory(config.data_dir, portal_memory.SCHEMA)
    portal = national_portal(config, memory, clock.now)
    board = Switchboard(portal.partner, seed)
    faults = [board.draw(name) for name in ["TraCuuHoSo", "DongBoHoSoMC"] * 500]
    memory.close()
    return [fault.kind if fault else "" for fault in faults]


def test_chaos_repeats_itself_with_its_seed(config: MockConfig) -> None:
    wild = replace(config, chaos=0.2)

    assert drawn(wild, 7) == drawn(wild, 7)
    assert drawn(wild, 7) != drawn(wild, 8)


def test_chaos_strikes_as_often_as_it_should_and_in_every_way(config: MockConfig) -> None:
    kinds = drawn(replace(config, chaos=0.2), 7)

    assert 150 < sum(map(bool, kinds)) < 250
    assert set(kinds) == {"", *KINDS} - {"error_code", "busy", "refused", "wrong_hash"}
    assert "already_exists" not in kinds[::2]
    assert not any(drawn(config, 7))


def test_chaos_can_be_switched_on_and_off(portal: Portal, http: TestClient) -> None:
    portal.log_in()
    portal.fault(kind="http_500", times=None)
    http.patch("/national-portal/_switches", json={"chaos": 1})
    assert portal.send("LayDanhSachTTHC").status_code == 500

    http.patch("/national-portal/_switches", json={"chaos": 0})
    http.delete("/national-portal/_faults")
    assert [portal.send("LayDanhSachTTHC").status_code for _ in range(20)] == [200] * 20
