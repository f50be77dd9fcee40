"""A file is what its content says; whatever it is, there is a verdict."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from app.domain.signature import Indication, SubIndication
from app.signatures.limits import LARGEST_FILE
from app.signatures.verify import verify_file
from tests.signatures.forge_pdf import plain_pdf
from tests.signatures.forge_xml import LETTER, sign_xml
from tests.signatures.office import NOW, Desk


def package(*names: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
UNSIGNED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "rỗng"),
    "white space": (b" \n\t\r\n", "rỗng"),
    "a picture of a seal": (PNG, "hình ảnh"),
    "a photograph": (b"\xff\xd8\xff\xe0" + bytes(50), "hình ảnh"),
    "words that claim a signature": ("Đã ký số bởi Sở Tư pháp".encode(), "không phải"),
    "a word document": (package("[Content_Types].xml", "word/document.xml"), "không có"),
    "an old word document": (OLE, "không có"),
    "a package that is cut short": (package("word/document.xml")[:40], "không có"),
    "a plain PDF": (plain_pdf(), "không có"),
    "a PDF without its end": (plain_pdf()[:100], "hỏng"),
    "a PDF header alone": (b"%PDF-1.7", "hỏng"),
    "a page of the web": (b"<!DOCTYPE html><html><p>signed</html>", "không có"),
    "an angle bracket": (b"<", "không có"),
    "a late PDF header": (b"GIF89a" + bytes(90) + plain_pdf(), "hỏng"),
}


@pytest.mark.parametrize("name", UNSIGNED)
def test_what_has_no_signature_is_told_so(desk: Desk, name: str) -> None:
    data, word = UNSIGNED[name]

    verdict = desk.verdict(data)

    assert verdict.indication is Indication.NO_SIGNATURE
    assert verdict.sub_indication is None
    assert word in verdict.reason


@pytest.mark.parametrize(
    "data",
    [
        package("[Content_Types].xml", "_xmlsignatures/origin.sigs"),
        package("mimetype", "META-INF/documentsignatures.xml"),
        package("mimetype", "META-INF/signatures.xml"),
        package("mimetype", "META-INF/signature001.p7s"),
        package("[Content_Types].xml", "_xmlsignatures/sig1.xml")[:120],
        OLE + "_xmlsignatures".encode("utf-16-le"),
    ],
)
def test_signatures_that_we_do_not_check_are_admitted(desk: Desk, data: bytes) -> None:
    verdict = desk.verdict(data)

    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indication is SubIndication.POLICY_PROCESSING_ERROR
    assert "chưa kiểm tra" in verdict.reason


@pytest.mark.parametrize("before", [b"GIF89a" + bytes(90), b"<html>", b"PK\x03\x04", b"MZ"])
def test_a_signed_pdf_behind_another_file_does_not_pass(
    desk: Desk, signed: bytes, before: bytes
) -> None:
    verdict = desk.verdict(before + signed)

    assert verdict.sub_indication is SubIndication.FORMAT_FAILURE
    assert not verdict.intact


def test_a_package_behind_a_signed_pdf_does_not_pass(desk: Desk, signed: bytes) -> None:
    assert not desk.verdict(signed + package("word/document.xml")).intact


def test_signed_xml_that_is_also_called_a_pdf_does_not_pass(desk: Desk) -> None:
    data = sign_xml(desk, LETTER).replace(b"<Letter", b"<!--%PDF-1.7--><Letter", 1)

    assert desk.verdict(data).indication is not Indication.TOTAL_PASSED


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99])
def test_a_signed_pdf_cut_short_does_not_pass(desk: Desk, signed: bytes, share: float) -> None:
    verdict = desk.verdict(signed[: int(len(signed) * share)])

    assert not verdict.intact
    assert verdict.indication is not Indication.TOTAL_PASSED


def test_a_file_over_the_cap_is_left_to_the_officer(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)

    verdict = verify_file(path, desk.store, NOW)

    assert verdict.sub_indication is SubIndication.POLICY_PROCESSING_ERROR
    assert "25 MB" in verdict.reason


def test_a_file_that_cannot_be_read_is_left_to_the_officer(desk: Desk, tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        verdict = verify_file(path, desk.store, NOW)

        assert verdict.sub_indication is SubIndication.POLICY_PROCESSING_ERROR
