"""What the portal is told of a dossier: words, dates, papers, money, as each event left it."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.db import file_store
from app.domain.application import HandedIn
from app.domain.documents import DocumentKind
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act
from app.domain.procedure import ApplicantKind
from app.integrations.portal_messages import dossier_message, progress_row
from app.services import processing, submission
from app.services.portal_facts import facts_of
from tests.builders import DESK, DISTRICT, procedure, settings_for
from tests.services.office import Mocks, Office, a_desk, stamp

LAND, ALL_KINDS, BUSINESS = "2.000889", "2.000755", "2.002286"
LONG_JOURNEY = (
    Act.SUBMIT,
    Act.ACCEPT,
    Act.START,
    Act.REQUEST_SUPPLEMENT,
    Act.SUPPLEMENT,
    Act.EXTEND,
    Act.REQUEST_PAYMENT,
    Act.SETTLE,
    Act.RESOLVE,
    Act.RETURN_RESULT,
)


def _told(office: Office, code: str) -> dict[str, Any]:
    office.drain()
    found: dict[str, Any] = office.mocks.portal(code)["dossier"]
    return found


@pytest.mark.parametrize(
    ("channel", "word"), [(Channel.DESK, "1"), (Channel.ONLINE, "2"), (Channel.POST, "3")]
)
def test_each_channel_has_its_word(shared_office: Office, channel: Channel, word: str) -> None:
    office = shared_office
    code = office.submit() if channel is Channel.ONLINE else office.take_in(channel=channel)

    assert _told(office, code)["KenhThucHien"] == word


@pytest.mark.parametrize(
    ("kind", "word", "identity"),
    [
        (ApplicantKind.CITIZEN, "1", {"LoaiDinhDanh": "1", "SoDinhDanh": "025099000001"}),
        (ApplicantKind.ENTERPRISE, "2", {"LoaiDinhDanh": "3", "SoDinhDanh": "2600123456"}),
        (ApplicantKind.STATE_BODY, "3", {"LoaiDinhDanh": "3", "SoDinhDanh": "2600123456"}),
        (ApplicantKind.ORGANISATION, "4", {"LoaiDinhDanh": "3", "SoDinhDanh": "2600123456"}),
    ],
)
def test_each_kind_of_applicant_has_its_word_and_identity(
    shared_office: Office, kind: ApplicantKind, word: str, identity: dict[str, str]
) -> None:
    told = _told(shared_office, shared_office.submit(ALL_KINDS, "H44.18", kind=kind))

    assert told["LoaiDoiTuong"] == word
    assert told["DinhDanhCHS"] == [identity]


@pytest.mark.parametrize(
    ("way", "word"), [(ReturnWay.DESK, "0"), (ReturnWay.ONLINE, "0"), (ReturnWay.POST, "1")]
)
def test_each_way_of_return_has_its_word(shared_office: Office, way: ReturnWay, word: str) -> None:
    assert _told(shared_office, shared_office.take_in(return_way=way))["HinhThuc"] == word


def test_an_online_submission_is_told_with_who_what_where_and_its_papers(
    shared_office: Office,
) -> None:
    office = shared_office
    code = office.submit(LAND, DISTRICT)
    told = _told(office, code)
    papers, fees = told.pop("TaiLieuNop"), told.pop("DanhSachLePhi")

    assert told == {
        "MaHoSo": code,
        "MaTTHC": LAND,
        "TenTTHC": told["TrichYeuHoSo"],
        "MaLinhVuc": told["MaLinhVuc"],
        "TenLinhVuc": told["TenLinhVuc"],
        "KenhThucHien": "2",
        "ChuHoSo": "Trần Thị Mẫu",
        "LoaiDoiTuong": "1",
        "MaDoiTuong": "tech-025099000001",
        "Email": "mau@example.vn",
        "SoDienThoai": "0900000001",
        "TrichYeuHoSo": told["TrichYeuHoSo"],
        "NgayNopHoSo": stamp(office.dossier(code)["received_at"]),
        "TrangThaiHoSo": "1",
        "HinhThuc": "0",
        "DonViXuLy": "UBND Thành phố Việt Trì",
        "NoiNopHoSo": "2",
        "HoSoCoThanhPhanSoHoa": "1",
        "TaiKhoanDuocXacThucVoiVNeID": "1",
        "DuocThanhToanTrucTuyen": "0",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "025099000001"}],
        "DSKetNoiCSDL": [],
        "DanhSachTepDinhKemKhac": [],
        "DanhSachHoSoBoSung": [],
        "DanhSachGiayToKetQua": [],
    }
    assert [(fee["HinhThucThu"], fee["Gia"], fee["LoaiPhiLePhi"]) for fee in fees] == [
        ("1", "300000", "1"),
        ("4", "50000", "1"),
    ]
    assert all(fee["MaPhiLePhi"] and fee["TenPhiLePhi"] for fee in fees)
    assert len(papers) == 4
    assert {paper["TenTepDinhKem"] for paper in papers} == {"giay-to"}
    for paper in papers:
        link = paper["DuongDanTaiTepTin"]
        assert link.startswith(f"{office.settings.web_url}/v1/shared-documents/")
        assert paper["TepDinhKemId"] in link


def test_a_dossier_on_paper_has_no_file_and_an_unverified_account_is_told_as_such(
    shared_office: Office,
) -> None:
    told = _told(shared_office, shared_office.take_in(DESK, DISTRICT))

    assert told["TaiLieuNop"] == []
    assert told["DanhSachTepDinhKemKhac"] == [
        {
            "TenGiayTo": part["name"],
            "SoLuong": part["originals"] or part["copies"],
            "LoaiGiayTo": 1 if part["originals"] else 2,
        }
        for part in procedure(DESK)["components"]
        if part["required"]
    ]
    assert told["HoSoCoThanhPhanSoHoa"] == "0"
    assert told["TaiKhoanDuocXacThucVoiVNeID"] == "0"
    assert "MaDoiTuong" not in told


def test_dates_supplements_and_results_appear_with_their_event_and_stay(
    shared_office: Office,
) -> None:
    office = shared_office
    code = office.submit(LAND, DISTRICT, return_way=ReturnWay.ONLINE)
    told = {Act.SUBMIT: _told(office, code)}
    for act in LONG_JOURNEY[1:]:
        office.act(code, act)
        told[act] = _told(office, code)
    at = {event["act"]: stamp(event["occurred_at"]) for event in office.events(code)}
    due = {event["act"]: event["due_at"] for event in office.events(code)}

    begins = {
        "NgayTiepNhan": (Act.ACCEPT, at[Act.ACCEPT]),
        "NgayKetThucXuLy": (Act.RESOLVE, at[Act.RESOLVE]),
        "NgayTra": (Act.RETURN_RESULT, at[Act.RETURN_RESULT]),
        "ThongTinTra": (Act.RETURN_RESULT, "Đã trả kết quả"),
    }
    for n, act in enumerate(LONG_JOURNEY):
        for name, (first, value) in begins.items():
            expected = value if n >= LONG_JOURNEY.index(first) else None
            assert told[act].get(name) == expected, (act, name)
        promised = stamp(due[act]) if due[act] else None
        assert told[act].get("NgayHenTra") == promised, act
        assert len(told[act]["TaiLieuNop"]) == (4 if n < 4 else 5), act
        assert len(told[act]["DanhSachGiayToKetQua"]) == (0 if n < 8 else 1), act
        assert len(told[act]["DanhSachHoSoBoSung"]) == (0 if n < 3 else 1), act
    assert len({stamp(due[act]) for act in LONG_JOURNEY if due[act]}) > 1
    asked = {
        "HoSoBoSungId": f"{code}-BS1",
        "NguoiYeuCauBoSung": "Cán bộ officer",
        "NoiDungBoSung": "Tờ khai: bản chụp bị mờ",
        "NgayBoSung": at[Act.REQUEST_SUPPLEMENT],
        "TrangThaiBoSung": False,
        "NgayHenTraTruoc": stamp(due[Act.START]),
    }
    assert told[Act.REQUEST_SUPPLEMENT]["DanhSachHoSoBoSung"] == [asked]
    papers = told[Act.SUPPLEMENT]["TaiLieuNop"]
    assert [paper["IsDeleted"] for paper in papers] == ["True"] + ["False"] * 4
    answered = {
        "NguoiTiepNhanBoSung": "Trần Thị Mẫu",
        "NgayTiepNhanBoSung": at[Act.SUPPLEMENT],
        "TrangThaiBoSung": True,
        "DanhSachGiayToBoSung": [papers[-1]],
        "NgayHenTraMoi": stamp(due[Act.SUPPLEMENT]),
    }
    assert told[Act.SUPPLEMENT]["DanhSachHoSoBoSung"] == [asked | answered]
    [result] = told[Act.RESOLVE]["DanhSachGiayToKetQua"]
    assert result["TenGiayTo"] == "ket-qua"
    assert result["GiayToId"] in result["DuongDanTepTinKetQua"]
    assert result["MaGiayToKetQua"] == procedure(LAND)["result"]["code"]
    assert told[Act.ACCEPT]["SoBienNhan"] == code


def test_what_the_applicant_writes_to_a_supplement_is_told_with_it(shared_office: Office) -> None:
    office = shared_office
    code = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_SUPPLEMENT)
    request = office.request(code, Act.SUPPLEMENT)
    parts = (HandedIn("GT01", office.upload(request.actor)),)
    submission.supplement(office.desk, request, components=parts, note="Đã chụp lại")
    office.settle()

    [row] = office.mocks.portal(code)["dossier"]["DanhSachHoSoBoSung"]
    assert row["ThongTinTiepNhan"] == "Đã chụp lại"


def test_a_refusal_is_told_with_its_instant_and_reason(shared_office: Office) -> None:
    office = shared_office
    code = office.walk(Act.SUBMIT, Act.REFUSE)
    told = _told(office, code)

    assert told["NgayTuChoi"] == stamp(office.events(code)[-1]["occurred_at"])
    assert "NgayTiepNhan" not in told
    last = office.mocks.portal(code)["progress"][-1]
    assert last["NoiDungXuLy"] == "Từ chối tiếp nhận: Không thuộc thẩm quyền"


def test_progress_says_who_did_what_for_whom_until_when(shared_office: Office) -> None:
    office = shared_office
    code = office.walk(*LONG_JOURNEY)
    office.settle()
    rows = office.mocks.portal(code)["progress"]
    events = office.events(code)

    assert [row["NguoiXuLy"] for row in rows] == [event["actor_name"] for event in events]
    assert [row["ChucDanh"] for row in rows] == [
        "Người nộp hồ sơ",
        "Công chức một cửa",
        "Công chức thụ lý",
        "Công chức thụ lý",
        "Người nộp hồ sơ",
        "Lãnh đạo",
        "Công chức thụ lý",
        "Công chức một cửa",
        "Lãnh đạo",
        "Công chức một cửa",
    ]
    assert {row["PhongBanXuLy"] for row in rows} == {"Sở Tư pháp"}
    assert [row.get("NgayKetThucTheoQuyDinh") for row in rows] == [
        stamp(event["due_at"]) if event["due_at"] else None for event in events
    ]
    assert rows[3]["NoiDungXuLy"] == "Yêu cầu bổ sung hồ sơ: Tờ khai: bản chụp bị mờ"


def test_a_dossier_handed_to_another_agency_is_told_from_there(shared_office: Office) -> None:
    office = shared_office
    code = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START)
    request = office.request(code, Act.PASS_ON)
    processing.pass_on(office.desk, request, agency="H44.16", reason="Xác minh án tích")
    office.settle()
    passed = office.mocks.portal(code)
    assert passed["dossier"]["DonViXuLy"] == "Sở Tư pháp"
    assert passed["progress"][-1]["NoiDungXuLy"] == "Chuyển bước xử lý: Xác minh án tích"

    office.hand_to(code, "H44.16")
    office.act(code, Act.RESOLVE)

    assert _told(office, code)["DonViXuLy"] == "Công an tỉnh"


@pytest.fixture
def recorded(shared_office: Office) -> Iterator[list[dict[str, Any]]]:
    """Every dossier told while the test runs, as it went over the wire."""
    shared_office.settle()  # what earlier tests left
    sent: list[dict[str, Any]] = []

    def record(request: httpx.Request) -> None:
        body = json.loads(request.content)
        if body.get("service") == "DongBoHoSoMC":
            sent.extend(body["data"])
        elif body.get("service") == "DongBoTrangThaiHoSo":
            sent.extend(sent[-1] | {"TrangThaiHoSo": row["TrangThai"]} for row in body["data"])

    shared_office.settle()
    hooks = shared_office.desk.partners.portal.http.event_hooks
    shared_office.desk.partners.portal.http.event_hooks = {"request": [record]}
    yield sent
    shared_office.desk.partners.portal.http.event_hooks = hooks


def _pay_online(office: Office, code: str) -> None:
    """Have the acceptance fee paid at the platform just now, without its notice."""
    office.clock.move(minutes=1)
    office.change(
        """
        INSERT INTO payment (reference, dossier_id, purpose, method, amount_vnd, status,
            payer_ip, opened_at, paid_at)
        SELECT code || '-9', id, 'acceptance', 'platform', 200000, 'paid', '127.0.0.1', :at, :at
        FROM dossier WHERE code = :code
        """,
        code=code,
        at=office.clock(),
    )


def test_events_told_late_are_told_as_they_were_not_as_things_are_now(
    shared_office: Office, recorded: list[dict[str, Any]]
) -> None:
    office = shared_office
    code = office.walk(*LONG_JOURNEY[:3])
    _pay_online(office, code)
    for act in LONG_JOURNEY[3:]:
        office.act(code, act)

    office.settle()

    assert [told["TrangThaiHoSo"] for told in recorded] == [
        *("1", "2", "4", "5", "4", "4", "6", "4", "9", "10")
    ]
    assert [told["DuocThanhToanTrucTuyen"] for told in recorded] == ["0"] * 3 + ["1"] * 7
    assert [len(told["TaiLieuNop"]) for told in recorded] == [2] * 4 + [3] * 6
    assert [len(told["DanhSachGiayToKetQua"]) for told in recorded] == [0] * 8 + [1] * 2
    assert [len(told["DanhSachHoSoBoSung"]) for told in recorded] == [0] * 3 + [1] * 7
    assert [told["MaHoSo"] for told in recorded] == [code] * 10


def test_a_message_built_again_later_is_the_same(
    shared_office: Office, recorded: list[dict[str, Any]], mocks: Mocks
) -> None:
    """Otherwise an attempt whose answer was lost would look like news, and be told twice."""
    office = shared_office
    code = office.submit(LAND, DISTRICT)
    for act in LONG_JOURNEY[1:]:
        office.drain()
        if act is Act.START:
            _pay_online(office, code)
        office.act(code, act)
    office.drain()
    dossier = office.dossier(code)

    later = [facts_of(office.desk, dossier["id"], n) for n in range(1, len(LONG_JOURNEY) + 1)]

    assert [dossier_message(facts) for facts in later] == recorded
    assert [progress_row(facts) for facts in later] == mocks.portal(code)["progress"]


def test_money_paid_between_two_attempts_is_not_told_with_the_earlier_event(
    shared_office: Office, mocks: Mocks
) -> None:
    office = shared_office
    code = office.submit()
    mocks.fault("reset_after", service="DongBoHoSoMC")
    office.drain()
    _pay_online(office, code)

    office.settle()

    office.check_books(code)
    assert mocks.portal(code)["dossier"]["DuocThanhToanTrucTuyen"] == "0"
    office.act(code, Act.ACCEPT)
    assert _told(office, code)["DuocThanhToanTrucTuyen"] == "1"


def test_a_link_is_sealed_for_its_document_and_with_the_key_of_the_province(
    shared_office: Office, mocks: Mocks, tmp_path_factory: pytest.TempPathFactory
) -> None:
    office = shared_office
    code = office.submit()
    first, second = (paper["DuongDanTaiTepTin"] for paper in _told(office, code)["TaiLieuNop"])
    seals = {link.rsplit("/", 1)[1] for link in (first, second)}
    assert len(seals) == 2
    assert all(len(seal) == 64 for seal in seals)

    url = office.settings.database_url
    assert url is not None
    other = settings_for(
        url.get_secret_value(),
        tmp_path_factory.mktemp("other"),
        link_secret="mot-khoa-khac",
        portal_url=f"{mocks.url}/national-portal",
    )
    with a_desk(other) as desk:
        facts = facts_of(desk, office.dossier(code)["id"], 1)
    assert facts.papers[0].link.rsplit("/", 1)[1] not in seals


def test_the_file_behind_a_link_is_the_one_that_was_handed_in(shared_office: Office) -> None:
    office = shared_office
    actor = office.request(office.submit(), Act.WITHDRAW).actor
    content = b"\x89PNG\r\n\x1a\n" + b"x" * 700_000
    document = office.upload(actor, DocumentKind.COMPONENT, content)

    kept = office.one("SELECT sha256 FROM document WHERE id = :id", id=document)["sha256"]

    assert b"".join(file_store.content(office.desk.engine, kept)) == content
