"""The portal's messages read as ours: each field, every fault at once, links that may be called."""

import base64
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.inbound import Malformed, MendRefused, Service, agency_code_of, mended
from app.domain.intake import ReturnWay
from app.domain.procedure import ApplicantKind
from app.integrations.portal_files import (
    FileBroken,
    FileRefused,
    FileUnavailable,
    PortalFiles,
    origin_of,
)
from app.integrations.portal_inbound import Gate, code_of, read_message
from app.integrations.portal_submissions import read_submission
from app.mocks.portal_handed_in import sample

PORTAL = "https://tep.portal.test"
Row = dict[str, Any]


def _message(service: Service = Service.DOSSIER, **changes: object) -> Row:
    made = sample(service, "000.00.00.G22-261005-0001", "20261005083000")
    if service is Service.PROMOTION:
        inside = base64.b64encode(b"%PDF-1.7").decode()
        made |= {"TepDonDangKy": inside, "TaiLieuNop": [{"TenTepDinhKem": "a", "Base64": inside}]}
    else:
        for row in made["TaiLieuNop"]:
            row["DuongDanTaiTepTin"] = f"{PORTAL}/{row['TepDinhKemId']}"
    return {name: value for name, value in (made | changes).items() if value is not None}


def _faults(message: Row, service: Service = Service.DOSSIER) -> list[tuple[str, str]]:
    with pytest.raises(Malformed) as malformed:
        read_submission(service, message)
    return [(fault.pointer, fault.code.partition(".")[2]) for fault in malformed.value.faults]


def test_a_dossier_is_read_field_by_field() -> None:
    found = read_submission(Service.DOSSIER, _message(HinhThuc="1", DuocThanhToanTrucTuyen="3"))

    assert (found.code, found.procedure) == (
        "000.00.00.G22-261005-0001",
        "2.000488.000.00.00.H44",
    )
    assert (found.kind, found.number) == (ApplicantKind.CITIZEN, "025099000001")
    assert (found.return_way, found.is_verified, found.paid) == (ReturnWay.POST, True, "0")
    assert found.submitted_at.isoformat() == "2026-10-05T08:30:00+07:00"
    assert found.form is None
    assert [paper.url for paper in found.papers] == [f"{PORTAL}/1", f"{PORTAL}/2"]


def test_a_promotion_is_read_with_its_files_inside() -> None:
    found = read_submission(Service.PROMOTION, _message(Service.PROMOTION))

    assert (found.kind, found.number) == (ApplicantKind.ENTERPRISE, "2600123456")
    assert [(paper.content, paper.is_main) for paper in found.papers] == [
        (b"%PDF-1.7", True),
        (b"%PDF-1.7", False),
    ]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"ChuHoSo": None}, [("/ChuHoSo", "field_missing")]),
        ({"ChuHoSo": 7}, [("/ChuHoSo", "field_type")]),
        ({"ChuHoSo": "a\nb"}, [("/ChuHoSo", "field_invalid")]),
        ({"ChuHoSo": "ư" * 201}, [("/ChuHoSo", "field_invalid")]),
        ({"MaTTHC": "khác"}, [("/MaTTHC", "field_invalid")]),
        ({"MaDoiTuong": None}, [("/MaDoiTuong", "field_missing")]),
        ({"LoaiDoiTuong": "9"}, [("/LoaiDoiTuong", "unmapped")]),
        ({"LoaiDoiTuong": ["1"]}, [("/LoaiDoiTuong", "unmapped")]),
        ({"KenhThucHien": "1"}, [("/KenhThucHien", "unmapped")]),
        ({"TrangThaiHoSo": "4"}, [("/TrangThaiHoSo", "unmapped")]),
        ({"HinhThuc": "2"}, [("/HinhThuc", "unmapped")]),
        ({"DuocThanhToanTrucTuyen": "9"}, [("/DuocThanhToanTrucTuyen", "unmapped")]),
        ({"NgayNopHoSo": "20260231000000"}, [("/NgayNopHoSo", "field_invalid")]),
        ({"NgayNopHoSo": None}, [("/NgayNopHoSo", "field_missing")]),
        ({"DinhDanhCHS": []}, [("/DinhDanhCHS", "field_invalid")]),
        (
            {"DinhDanhCHS": [7]},
            [("/DinhDanhCHS/0", "field_type"), ("/DinhDanhCHS", "field_invalid")],
        ),
        (
            {"DinhDanhCHS": [{"LoaiDinhDanh": "2", "SoDinhDanh": "131000001"}]},
            [("/DinhDanhCHS/0/LoaiDinhDanh", "unmapped")],
        ),
        ({"TaiLieuNop": "x"}, [("/TaiLieuNop", "field_type")]),
        (
            {"TaiLieuNop": [{"TenTepDinhKem": "a.pdf"}]},
            [("/TaiLieuNop/0", "file_missing")],
        ),
        (
            {"TaiLieuNop": [{"TenTepDinhKem": "a", "Base64": "*", "HashTepTin": "00"}]},
            [
                ("/TaiLieuNop/0/Base64", "field_invalid"),
                ("/TaiLieuNop/0/HashTepTin", "field_invalid"),
            ],
        ),
        ({"EformThongTinChiTiet": []}, [("/EformThongTinChiTiet", "field_type")]),
        (
            {"MaDonVi": 5, "Email": "a b", "SoDienThoai": "x"},
            [
                ("/MaDonVi", "field_type"),
                ("/SoDienThoai", "field_invalid"),
                ("/Email", "field_invalid"),
            ],
        ),
    ],
    ids=str,
)
def test_each_fault_is_told_by_its_place_and_all_at_once(
    changes: Row, faults: list[tuple[str, str]]
) -> None:
    assert _faults(_message(**changes)) == faults


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(_message())),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["TenTepDinhKem", "Base64", "x"]), inner, max_size=3
                )
            ),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_whatever_stands_in_a_message_it_is_read_or_malformed(changes: Row) -> None:
    message = _message() | changes | {"MaHoSo": "A-0001"}
    for service in Service:
        with suppress(Malformed):
            read_submission(service, message)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"[]", b"null", b"\xff\xfe", b'{"a":1,"a":2}', b'{"MaHoSo": NaN}', b"[" * 100_000),
        *(b'{"MaHoSo":"A-1234","x":"\\u0000"}', b'{"MaHoSo":"A-1234","x":"\\ud800"}'),
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_what_is_no_plain_json_object_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_message(raw)


def test_an_escaped_backslash_is_no_nul() -> None:
    assert read_message(b'{"x":"\\\\u0000"}') == {"x": "\\u0000"}


@pytest.mark.parametrize("code", [None, "", "abc", 5, "../x y", "Ă-1234", "A" * 61])
def test_what_cannot_be_a_code_is_no_key(code: object) -> None:
    with pytest.raises(Malformed):
        code_of({"MaHoSo": code})


@pytest.mark.parametrize(
    ("header", "is_let_in"),
    [
        ("Bearer bí mật", True),
        ("bearer bí mật", True),
        ("Basic bí mật", False),
        ("Bearer bí mậ", False),
        ("Bearer ", False),
        ("bí mật", False),
        ("", False),
        (None, False),
    ],
)
def test_only_the_secret_opens_the_door(header: str | None, is_let_in: bool) -> None:  # noqa: FBT001
    assert Gate("bí mật").lets_in(header) is is_let_in


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("H44.10", "H44.10"),
        ("000.00.10.H44", "H44.10"),
        ("000.11.10.H44", "H44.10.11"),
        ("000.00.00.H44", "H44"),
        ("Sở Tư pháp", "Sở Tư pháp"),
    ],
)
def test_an_old_unit_code_is_read_right_to_left(unit: str, code: str) -> None:
    assert agency_code_of(unit) == code


def test_a_message_is_mended_at_its_places() -> None:
    message = {"a": [{"b": 1}, {"c/d": 2}], "e": 3}

    assert mended(message, {"/a/0/b": "x", "/a/1/c~1d": 4, "/e": None, "/f": 5}) == {
        "a": [{"b": "x"}, {"c/d": 4}],
        "f": 5,
    }
    assert mended(message, {"/a/-": 6})["a"][2] == 6
    assert mended(message, {"/a/0": None})["a"] == [{"c/d": 2}]
    assert message["e"] == 3
    for pointer in ("", "e", "/x/y", "/a/2", "/a/01", "/e/1"):
        with pytest.raises(MendRefused):
            mended(message, {pointer: 1})


@pytest.mark.parametrize(
    "url",
    [
        "http://tep.portal.test/x",
        "https://tep.portal.test:8443/x",
        "https://tep.portal.test.example/x",
        "https://portal.test/x",
        "https://user@tep.portal.test/x",
        "https://tep.portal.test@example.test/x",
        "https://tep.portal.test\\@example.test/x",
        "https://tép.portal.test/x",
        "https://tep.portal.test:99999/x",
        "https:///x",
        "//tep.portal.test/x",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_link_to_anywhere_else_is_never_called(url: str, tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        _files(lambda _: pytest.fail("called")).fetch(url, tmp_path / "x", 99)


def _files(answer: Any) -> PortalFiles:  # noqa: ANN401  (a handler)
    http = httpx.Client(transport=httpx.MockTransport(answer))
    return PortalFiles(http, (PORTAL,), 1.0)


def test_a_file_is_fetched_as_it_is(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return httpx.Response(200, stream=_Stream([b"%PDF", b"-1.7"]))

    _files(answer).fetch(f"{PORTAL}:443/a?b=1", tmp_path / "x", 99)

    assert (tmp_path / "x").read_bytes() == b"%PDF-1.7"
    assert origin_of(f"{PORTAL}./a") == origin_of(PORTAL)


class _Stream(httpx.SyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Any:  # noqa: ANN401  (an iterator of bytes)
        yield from self._pieces


@pytest.mark.parametrize(
    ("status", "headers", "pieces", "refusal"),
    [
        (200, {}, [b"x" * 60, b"x" * 60], FileRefused),
        (200, {}, [b" <!DOCTYPE HTML><p>bao tri"], FileBroken),
        (200, {"Content-Encoding": "gzip"}, [b"x"], FileBroken),
        (302, {"Location": "http://127.0.0.1/"}, [b""], FileBroken),
        (404, {}, [b""], FileBroken),
        (429, {}, [b""], FileUnavailable),
        (502, {}, [b""], FileUnavailable),
    ],
)
def test_each_bad_answer_is_the_right_fault(
    tmp_path: Path, status: int, headers: Row, pieces: list[bytes], refusal: type[Exception]
) -> None:
    files = _files(lambda _: httpx.Response(status, headers=headers, stream=_Stream(pieces)))

    with pytest.raises(refusal):
        files.fetch(f"{PORTAL}/a", tmp_path / "x", 100)


def test_the_sample_is_json_that_is_read_back() -> None:
    raw = json.dumps(_message(), ensure_ascii=False).encode()

    assert read_submission(Service.DOSSIER, read_message(raw)).name == "Trần Thị Mẫu"
