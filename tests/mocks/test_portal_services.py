"""What the portal's mock remembers, answers and shows."""

import pytest
from starlette.testclient import TestClient

from app.mocks.config import MockConfig
from app.mocks.server import create_app
from tests.mocks.samples import CODE, Portal, a_step, an_item

OTHER = "H44.06-260801-0002"


def test_a_dossier_is_found_as_it_was_last_told(portal: Portal) -> None:
    assert portal.look_up() == []
    assert "thành công" in portal.add(an_item("1"))["message"]
    portal.update(an_item("2", GhiChu="Mới"))

    assert portal.look_up() == [an_item("2", GhiChu="Mới")]


def test_adding_what_is_there_says_so_and_changes_nothing(portal: Portal) -> None:
    portal.add(an_item("1"))

    answer = portal.add(an_item("2"))

    assert answer["error_code"] == 3
    assert "đã tồn tại" in answer["message"]
    assert portal.look_up() == [an_item("1")]


def test_updating_what_is_not_there_is_an_error(portal: Portal) -> None:
    assert portal.update(an_item("2"))["error_code"] == -1
    assert portal.look_up() == []


def test_several_dossiers_are_taken_together_or_not_at_all(portal: Portal) -> None:
    wrong = an_item("2", MaHoSo=OTHER, HinhThuc="9")
    assert portal.add(an_item("1"), wrong)["error_code"] == -1
    late = an_item("9", MaHoSo=OTHER)
    assert portal.add(an_item("1"), late)["error_code"] == -1
    assert portal.add(an_item("1"), an_item("1"))["error_code"] == -1
    assert portal.look_up() == []

    assert portal.add(an_item("1"), an_item("1", MaHoSo=OTHER))["error_code"] == 0
    assert portal.look_up(OTHER) == [an_item("1", MaHoSo=OTHER)]


def test_the_history_shows_what_was_told_and_what_was_refused_in_order(portal: Portal) -> None:
    portal.tell("1", "2", "9", "4")
    portal.add(an_item("1"))

    known = portal.known()

    assert known["dossier"] == an_item("4")
    assert [(entry["status"], entry["is_addition"]) for entry in known["told"]] == [
        ("1", True),
        ("2", False),
        ("4", False),
    ]
    assert [entry["error_code"] for entry in known["refused"]] == [-1, 3]
    assert not any(entry["by_fault"] for entry in known["told"])


def test_the_same_telling_twice_can_be_recognised(portal: Portal) -> None:
    portal.tell("1", "2")
    portal.update(an_item("2"))
    portal.update(an_item("2", GhiChu="Khác"))

    marks = [entry["sha256"] for entry in portal.known()["told"]]

    assert marks[1] == marks[2]
    assert len(set(marks)) == 3


def test_progress_is_kept_in_order_and_each_row_once(portal: Portal) -> None:
    portal.tell("2")
    first = a_step()
    second = a_step(NoiDungXuLy="Thẩm định", TrangThai="4", ThoiDiemXuLy="20260802090000")

    assert portal.call("CapNhatTienDoHoSoMC", data=[first])["error_code"] == 0
    again = portal.call("CapNhatTienDoHoSoMC", data=[dict(reversed(first.items()))])
    assert again["error_code"] == 3
    assert "đã tồn tại" in again["message"]
    mixed = portal.call("CapNhatTienDoHoSoMC", data=[first, second])
    assert mixed["error_code"] == 0
    assert portal.known()["progress"] == [first, second]


def test_progress_of_an_unknown_dossier_is_refused_as_a_whole(portal: Portal) -> None:
    portal.tell("2")

    answer = portal.call("CapNhatTienDoHoSoMC", data=[a_step(), a_step(MaHoSo=OTHER)])

    assert answer["error_code"] == -1
    assert portal.known()["progress"] == []
    assert portal.known(OTHER)["refused"][0]["service"] == "CapNhatTienDoHoSoMC"


@pytest.mark.parametrize(("count", "code"), [(0, -1), (10, 0), (11, -1)])
def test_a_chunk_of_progress_has_one_to_ten_rows(portal: Portal, count: int, code: int) -> None:
    portal.tell("2")
    rows = [a_step(NoiDungXuLy=f"Bước {number}") for number in range(count)]

    assert portal.call("CapNhatTienDoHoSoMC", data=rows)["error_code"] == code
    assert len(portal.known()["progress"]) == (count if code == 0 else 0)


def test_an_account_is_found_by_its_number_and_matches_the_identity_claim(
    portal: Portal, http: TestClient
) -> None:
    found = portal.call("TraCuuTechID", provider="wso2is", mstorcmnd="000123456789")
    missing = portal.call("TraCuuTechID", provider="wso2is", mstorcmnd="000123450000")
    other = portal.call("TraCuuTechID", provider="khac", mstorcmnd="000123456789")

    assert found["error_code"] == 0
    assert [len(found["result"]), missing["error_code"], other["error_code"]] == [1, -1, -1]
    assert (
        found["result"][0]["TECHNICALID"]
        == (
            portal.call("TraCuuTechID", provider="wso2is", mstorcmnd="000123456789")["result"][0][
                "TECHNICALID"
            ]
        )
    )
    assert http.get("/national-portal/_stats").json()["requests"]["refused"]["TraCuuTechID"] == 2


PROCEDURE = {
    "MATTHC": "1.005129",
    "TENTTHC": "Thông báo hoạt động khuyến mại",
    "LINHVUCTHUCHIEN": [{"MALINHVUC": "G03-GD10", "TENLINHVUC": "Xúc tiến thương mại"}],
    "CACHTHUCTHUCHIEN": [
        {"KENH": "2", "THOIGIAN": [{"THOIGIANGIAIQUYET": 3, "PHILEPHI": [{"SOTIEN": 0}]}]}
    ],
}


def test_the_catalogue_gives_what_was_put_into_it(portal: Portal, http: TestClient) -> None:
    assert portal.call("LayDanhSachTTHC")["result"] == []
    assert http.put("/national-portal/_procedures/1.005129", json=PROCEDURE).status_code == 204

    assert portal.call("LayDanhSachTTHC")["result"] == [PROCEDURE]
    assert portal.call("LayThuTuc", maTTHC="1.005129")["result"] == [PROCEDURE]
    local = portal.call("LayThuTuc", maTTHC="1.005129.000.00.00.H44")
    assert local["result"] == [PROCEDURE]
    assert portal.call("LayThuTuc", maTTHC="1.005130")["error_code"] == -1


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"MATTHC": "1.005130"}, "MATTHC"),
        ({"TENTTHC": ""}, "TENTTHC"),
        ({"LA": 1}, "LA"),
        ({"LINHVUCTHUCHIEN": {}}, "LINHVUCTHUCHIEN"),
        ({"LINHVUCTHUCHIEN": [{"LA": 1}]}, "LINHVUCTHUCHIEN[0].LA"),
        ({"TENTTHC": ["x"]}, "TENTTHC"),
        ({"LINHVUCTHUCHIEN": ["x"]}, "LINHVUCTHUCHIEN[0]"),
    ],
)
def test_a_procedure_of_another_shape_is_not_put_in(
    http: TestClient, changes: dict[str, object], complaint: str
) -> None:
    answer = http.put("/national-portal/_procedures/1.005129", json=PROCEDURE | changes)

    assert answer.status_code == 422
    assert complaint in answer.json()["detail"]


def test_unknown_procedures_are_refused_only_when_told_to(portal: Portal, http: TestClient) -> None:
    assert portal.add(an_item("1"))["error_code"] == 0

    http.patch("/national-portal/_switches", json={"strict_procedures": True})
    refused = portal.update(an_item("2"))
    http.put("/national-portal/_procedures/1.005129", json=PROCEDURE)

    assert "MaTTHC" in refused["message"]
    assert portal.update(an_item("2"))["error_code"] == 0


def test_codes_are_listed_by_pages(portal: Portal, http: TestClient) -> None:
    codes = [f"H44.06-260801-{number:04}" for number in range(1, 6)]
    for code in reversed(codes):
        portal.add(an_item("1", MaHoSo=code))

    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = http.get("/national-portal/_dossiers", params={"after": after, "limit": 2}).json()
        seen += page["codes"]
        after = page["next"]

    assert seen == codes
    assert http.get("/national-portal/_dossiers?limit=0").status_code == 422


def test_the_memory_is_counted_and_can_be_emptied(portal: Portal, http: TestClient) -> None:
    portal.tell("1", "2")
    portal.update(an_item("9"))
    portal.call("CapNhatTienDoHoSoMC", data=[a_step()])

    stats = http.get("/national-portal/_stats").json()
    assert {name: stats[name] for name in ("dossiers", "told", "progress", "refused")} == {
        "dossiers": 1,
        "told": 2,
        "progress": 1,
        "refused": 1,
    }
    assert stats["requests"]["accepted"]["DongBoHoSoMC"] == 2
    assert stats["requests"]["refused"]["DongBoHoSoMC"] == 1

    http.delete("/national-portal/_memory")
    assert http.get("/national-portal/_dossiers").json() == {"codes": [], "next": None}
    assert http.get(f"/national-portal/_dossiers/{CODE}").status_code == 404


def test_the_memory_outlives_a_restart(config: MockConfig) -> None:
    with TestClient(create_app(config)) as http:
        Portal(http, config).tell("1", "2")

    with TestClient(create_app(config)) as http:
        portal = Portal(http, config)
        assert portal.look_up() == [an_item("2")]
        assert portal.tell("4")["error_code"] == 0
        assert [entry["status"] for entry in portal.known()["told"]] == ["1", "2", "4"]
