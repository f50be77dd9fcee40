"""Order of statuses and times that agree, over the whole graph and its complement."""

from itertools import pairwise

import pytest
from starlette.testclient import TestClient

from tests.mocks.samples import CODE, Portal, an_item

STATUSES = [str(status) for status in range(1, 11)]
EDGES = {
    ("1", "2"), ("1", "3"), ("1", "5"), ("1", "7"),
    ("2", "4"), ("2", "5"), ("2", "6"), ("2", "7"),
    ("4", "5"), ("4", "6"), ("4", "7"), ("4", "8"), ("4", "9"),
    ("5", "1"), ("5", "2"), ("5", "4"), ("5", "7"), ("5", "8"),
    ("6", "2"), ("6", "4"), ("6", "7"), ("6", "8"),
    ("9", "10"),
}  # fmt: skip
WAY_TO = {
    "1": ["1"],
    "2": ["1", "2"],
    "3": ["1", "3"],
    "4": ["1", "2", "4"],
    "5": ["1", "5"],
    "6": ["1", "2", "6"],
    "7": ["1", "7"],
    "8": ["1", "5", "8"],
    "9": ["1", "2", "4", "9"],
    "10": ["1", "2", "4", "9", "10"],
}


def test_every_status_can_be_reached(portal: Portal) -> None:
    for status, way in WAY_TO.items():
        assert way[-1] == status
        assert set(pairwise(way)) <= EDGES
        code = f"H44.06-260801-{int(status):04}"
        for step in way:
            is_first = step == way[0]
            item = an_item(step, MaHoSo=code)
            assert (portal.add if is_first else portal.update)(item)["error_code"] == 0
        assert portal.look_up(code)[0]["TrangThaiHoSo"] == status


@pytest.mark.parametrize("before", STATUSES)
def test_a_step_is_taken_if_the_graph_has_it_or_it_is_none(portal: Portal, before: str) -> None:
    for after in STATUSES:
        code = f"H44.06-260801-{int(after):04}"
        portal.add(an_item(WAY_TO[before][0], MaHoSo=code))
        for step in WAY_TO[before][1:]:
            portal.update(an_item(step, MaHoSo=code))

        answer = portal.update(an_item(after, MaHoSo=code))

        is_right = before == after or (before, after) in EDGES
        assert (answer["error_code"] == 0) is is_right, answer
        assert portal.look_up(code)[0]["TrangThaiHoSo"] == (after if is_right else before)
        told = [entry["status"] for entry in portal.known(code)["told"]]
        assert told == WAY_TO[before] + ([after] if is_right else [])


@pytest.mark.parametrize("status", STATUSES)
def test_a_dossier_begins_registered_or_accepted(
    portal: Portal, http: TestClient, status: str
) -> None:
    assert (portal.add(an_item(status))["error_code"] == 0) is (status in {"1", "2"})

    http.patch("/national-portal/_switches", json={"any_first_status": True})
    other = an_item(status, MaHoSo="H44.06-260801-0002")
    assert portal.add(other)["error_code"] == 0


def test_a_supplement_or_payment_returns_to_where_it_came_from(portal: Portal) -> None:
    assert portal.tell("1", "5", "1", "2", "5", "2", "6", "2", "4", "6", "4")["error_code"] == 0


def test_an_accepted_dossier_is_never_new_again(portal: Portal) -> None:
    portal.tell("1", "2", "5")

    answer = portal.update(an_item("1", NgayTiepNhan="20260801090000"))

    assert answer["error_code"] == -1
    assert "đã được tiếp nhận" in answer["message"]


@pytest.mark.parametrize(
    ("status", "name"),
    [
        *((status, "NgayTiepNhan") for status in ("2", "4", "6", "9", "10")),
        ("3", "NgayTuChoi"),
        ("9", "NgayKetThucXuLy"),
        ("10", "NgayKetThucXuLy"),
        ("10", "NgayTra"),
    ],
)
def test_a_status_needs_its_times(portal: Portal, http: TestClient, status: str, name: str) -> None:
    http.patch("/national-portal/_switches", json={"any_first_status": True})

    answer = portal.add(an_item(status) | {name: ""})

    assert answer["error_code"] == -1
    assert f"{name}: bắt buộc ở trạng thái {status}" in answer["message"]


@pytest.mark.parametrize("status", ["1", "3", "5", "7", "8"])
def test_a_dossier_that_was_never_accepted_needs_no_acceptance(
    portal: Portal, http: TestClient, status: str
) -> None:
    http.patch("/national-portal/_switches", json={"any_first_status": True})

    assert portal.add(an_item(status, NgayTiepNhan=""))["error_code"] == 0


@pytest.mark.parametrize(
    ("status", "name"),
    [
        *((status, "NgayTuChoi") for status in STATUSES if status != "3"),
        *((status, "NgayKetThucXuLy") for status in ("1", "2", "4", "5", "6")),
        *((status, "NgayTra") for status in ("1", "2", "4", "5", "6", "9")),
    ],
)
def test_a_time_cannot_come_before_its_status(
    portal: Portal, http: TestClient, status: str, name: str
) -> None:
    http.patch("/national-portal/_switches", json={"any_first_status": True})

    answer = portal.add(an_item(status) | {name: "20260805100000"})

    assert f"{name}: chưa thể có ở trạng thái {status}" in answer["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"NgayTiepNhan": "20260801075959"},
        {"NgayHenTra": "20260801075959"},
        {"NgayKetThucXuLy": "20260801085959"},
        {"NgayTra": "20260804095959"},
    ],
)
def test_times_follow_one_another(
    portal: Portal, http: TestClient, changes: dict[str, str]
) -> None:
    http.patch("/national-portal/_switches", json={"any_first_status": True})

    answer = portal.add(an_item("10") | changes)

    assert answer["error_code"] == -1
    assert next(iter(changes)) in answer["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"MaTTHC": "1.005130"},
        {"NgayNopHoSo": "20260801070000"},
        {"NgayTiepNhan": "20260801090001"},
    ],
)
def test_what_is_settled_does_not_change(portal: Portal, changes: dict[str, str]) -> None:
    portal.tell("2")

    answer = portal.update(an_item("4") | changes)

    assert answer["error_code"] == -1
    assert f"{next(iter(changes))}: khác với giá trị đã đồng bộ" in answer["message"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"MaDoiTuong": ""}, "MaDoiTuong: bắt buộc"),
        ({"DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "123456789"}]}, "12 chữ số"),
        ({"DinhDanhCHS": [{"LoaiDinhDanh": "2", "SoDinhDanh": "000123456789"}]}, "9 chữ số"),
        ({"DinhDanhCHS": [{"LoaiDinhDanh": "3", "SoDinhDanh": "26000"}]}, "mã số thuế"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(
    portal: Portal, changes: dict[str, object], complaint: str
) -> None:
    assert complaint in portal.add(an_item() | changes)["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"KenhThucHien": "1", "MaDoiTuong": ""},
        {"DinhDanhCHS": [{"LoaiDinhDanh": "2", "SoDinhDanh": "123456789"}]},
        {"DinhDanhCHS": [{"LoaiDinhDanh": "3", "SoDinhDanh": "2600123456"}]},
        {"DinhDanhCHS": [{"LoaiDinhDanh": "3", "SoDinhDanh": "2600123456-001"}]},
    ],
)
def test_fields_that_agree_are_taken(portal: Portal, changes: dict[str, object]) -> None:
    assert portal.add(an_item() | changes)["error_code"] == 0


@pytest.mark.parametrize("received", ["", "20260802075959"])
def test_a_supplement_that_came_says_when(portal: Portal, received: str) -> None:
    item = an_item()
    item["DanhSachHoSoBoSung"][0]["NgayTiepNhanBoSung"] = received

    assert "NgayTiepNhanBoSung" in portal.add(item)["message"]


def test_status_alone_follows_the_same_graph(portal: Portal) -> None:
    portal.tell("2")

    def move(status: str) -> dict[str, object]:
        data = [{"MaHoSo": CODE, "TrangThai": status}]
        return portal.call("DongBoTrangThaiHoSo", type="2", data=data)

    assert move("9")["error_code"] == -1
    assert move("4")["error_code"] == 0
    assert portal.look_up()[0] == an_item("4")
    assert [entry["service"] for entry in portal.known()["told"]] == [
        "DongBoHoSoMC",
        "DongBoTrangThaiHoSo",
    ]
