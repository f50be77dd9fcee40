"""Files: known by their content, kept once, given out whole to who may see them."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote
from uuid import UUID, uuid4

import httpx2
import pytest

from app.domain.documents import ACCEPTED_TYPES, seal
from app.domain.lifecycle import Status
from tests.builders import (
    DISTRICT,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    Person,
    a_dossier,
    a_pdf,
    an_application,
    an_online_application,
    refused,
    running_api,
    served,
    succeeded,
)

MIB = 1024 * 1024
OFFICE = "application/vnd.openxmlformats-officedocument."


def _zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        for name in names:
            package.writestr(name, "<x/>")
    return content.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)
TAKEN = {
    "PDF": (a_pdf("mẫu"), "application/pdf"),
    "PDF after some junk": (b"\r\n\xef\xbb\xbf" + a_pdf("mẫu"), "application/pdf"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(9), "image/png"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(9), "image/jpeg"),
    "TIFF, little end first": (b"II*\0" + bytes(9), "image/tiff"),
    "TIFF, big end first": (b"MM\0*" + bytes(9), "image/tiff"),
    "XML": (b'<?xml version="1.0"?><a/>', "application/xml"),
    "XML with a byte order mark": (b'\xef\xbb\xbf <?xml version="1.0"?><a/>', "application/xml"),
    "Word": (_zipped("word/document.xml"), f"{OFFICE}wordprocessingml.document"),
    "Excel": (_zipped("[Content_Types].xml", "xl/workbook.xml"), f"{OFFICE}spreadsheetml.sheet"),
    "old Word": (OLE + "WordDocument".encode("utf-16-le"), "application/msword"),
    "old Excel": (OLE + "Workbook".encode("utf-16-le"), "application/vnd.ms-excel"),
}
NOT_TAKEN = {
    "HTML": b"<!DOCTYPE html><script>alert(1)</script>",
    "HTML that names a PDF": b"<html>" + b" " * 2000 + b"%PDF-1.7",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    "program for Windows": b"MZ" + bytes(100),
    "program for Linux": b"\x7fELF" + bytes(100),
    "shell script": b"#!/bin/sh\nrm -rf /",
    "zip that is not Office": _zipped("a.txt"),
    "Java archive": _zipped("META-INF/MANIFEST.MF"),
    "zip cut short": _zipped("word/document.xml")[:40],
    "zip of lies": b"PK\x03\x04" + bytes(200),
    "installer in an OLE file": OLE + "Property".encode("utf-16-le"),
    "plain text": "Đơn xin xác nhận".encode(),
    "GIF": b"GIF89a" + bytes(20),
    "one byte": b"%",
    "zeros": bytes(5000),
}


def _upload(
    person: Person, content: bytes | Iterator[bytes], name: str = "a.pdf", kind: str = "component"
) -> httpx2.Response:
    query = {"name": name, "kind": kind}
    return person.send("POST", "/v1/documents", params=query, content=content)


def test_every_type_that_is_taken_is_tried_here() -> None:
    assert {media_type for _, media_type in TAKEN.values()} == set(ACCEPTED_TYPES)


@pytest.mark.parametrize("what", TAKEN)
def test_a_file_is_known_by_its_content_whatever_its_name_says(api: Api, what: str) -> None:
    content, media_type = TAKEN[what]

    answer = _upload(api.citizen(), content, "setup.exe")

    kept = succeeded(answer)
    assert answer.status_code == 201
    assert (kept["media_type"], kept["size_bytes"]) == (media_type, len(content))
    assert kept["sha256"] == hashlib.sha256(content).hexdigest()
    assert (kept["name"], kept["kind"]) == ("setup.exe", "component")
    given = api.citizen().get(f"/v1/documents/{kept['id']}/content")
    assert given.content == content
    assert given.headers["Content-Type"].split(";")[0] == media_type


@pytest.mark.parametrize("what", NOT_TAKEN)
def test_what_is_not_taken_is_refused_and_not_kept(api: Api, what: str) -> None:
    before = api.row("SELECT count(*) AS n FROM stored_file")

    told = refused(_upload(api.citizen(), NOT_TAKEN[what]), 422, "document.file_refused")

    assert "PDF, ảnh JPEG, ảnh PNG, ảnh TIFF, XML, Word, Excel" in told["detail"]
    assert api.row("SELECT count(*) AS n FROM stored_file") == before


def test_an_empty_file_is_refused(api: Api) -> None:
    told = refused(_upload(api.citizen(), b""), 422, "document.file_refused")

    assert told["detail"] == "Tệp rỗng."


def test_a_file_is_kept_once_and_each_upload_is_a_document_of_its_own(api: Api) -> None:
    content = a_pdf()

    one = succeeded(_upload(api.citizen(), content, "một.pdf"))
    two = succeeded(_upload(api.receptionist(), content, "hai.pdf", "result"))

    assert one["sha256"] == two["sha256"]
    assert one["id"] != two["id"]
    kept = api.row("SELECT count(*) AS n FROM file_chunk WHERE sha256 = :s", s=one["sha256"])
    assert kept["n"] == 1


@pytest.fixture(scope="module")
def narrow(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The application where files of more than 1 MiB are too large."""
    folder = tmp_path_factory.mktemp("narrow")
    with running_api(module_database, folder, upload_limit_mb=1) as running:
        yield running


def _large(size: int) -> bytes:
    return a_pdf().ljust(size, b"\n")


def test_a_file_of_exactly_the_limit_is_taken(narrow: Api) -> None:
    assert succeeded(_upload(narrow.citizen(), _large(MIB)))["size_bytes"] == MIB


@pytest.mark.parametrize("too_much", [1, 4096, 4097, MIB, 3 * MIB])
@pytest.mark.parametrize("piece", [None, 1000, 65_536, 8 * MIB], ids="pieces of {}".format)
def test_a_file_over_the_limit_is_refused_announced_or_streamed(
    narrow: Api, too_much: int, piece: int | None
) -> None:
    content = _large(MIB + too_much)
    stored = narrow.row("SELECT count(*) AS n FROM stored_file")

    sent = content if piece is None else _pieces(content, piece)
    answer = _upload(narrow.citizen(), sent)

    refused(answer, 413, "body.too_large")
    assert narrow.row("SELECT count(*) AS n FROM stored_file") == stored


def _pieces(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_server_stops_reading_a_file_that_is_too_large(narrow: Api, *, chunked: bool) -> None:
    """Over a real connection: the answer comes while most of the body was never read."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield a_pdf()
        for _ in range(2000):
            sent += 65_536
            yield bytes(65_536)

    headers = {"Authorization": f"Bearer {narrow.citizen().token}"}
    if not chunked:
        headers["Content-Length"] = str(len(a_pdf()) + 2000 * 65_536)
    with (
        served(narrow.app, owns_lifespan=False) as url,
        httpx2.Client(base_url=url, trust_env=False, timeout=20) as http,
    ):
        try:
            answer = http.post(
                "/v1/documents", params={"name": "a.pdf"}, content=endless(), headers=headers
            )
        except httpx2.TransportError:
            pass  # the server hung up while we were still sending
        else:
            assert answer.status_code == 413
        alive = http.get("/livez")

    assert sent < 2000 * 65_536 / 2
    assert alive.status_code == 200


def test_a_file_that_was_cut_short_on_its_way_is_not_kept(api: Api) -> None:
    stored = api.row("SELECT count(*) AS n FROM document")

    def broken() -> Iterator[bytes]:
        yield a_pdf()
        raise ConnectionResetError

    with (
        served(api.app, owns_lifespan=False) as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
        pytest.raises(ConnectionResetError),
    ):
        http.post(
            "/v1/documents",
            params={"name": "a.pdf"},
            content=broken(),
            headers={"Authorization": f"Bearer {api.citizen().token}"},
        )

    assert api.row("SELECT count(*) AS n FROM document") == stored


@pytest.mark.parametrize(
    "name",
    [
        *("đơn xin (1).pdf", 'a";x="b.pdf', "..", "a;b.pdf", "%2e%2e.pdf", "'a'.pdf", "ａ.pdf"),
        *("\u202efdp.exe", "a" * 255, "=cmd|' calc'!A0.pdf", "<img src=x>.pdf", "😀.pdf"),
    ],
)
def test_a_hostile_name_stays_a_name(api: Api, name: str) -> None:
    kept = succeeded(_upload(api.citizen(), a_pdf(), name))

    assert kept["name"] == name
    header = api.citizen().get(f"/v1/documents/{kept['id']}/content").headers["Content-Disposition"]
    assert header == f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    assert unquote(header.split("''")[1]) == name


@pytest.mark.parametrize(
    "name", ["", "a/b.pdf", "a\\b.pdf", "a\r\nX-Evil: 1", "a\x00.pdf", "\t", "a" * 256]
)
def test_a_name_that_is_a_path_or_a_header_is_refused(api: Api, name: str) -> None:
    told = refused(_upload(api.citizen(), a_pdf(), name), 422, "request.invalid")

    assert [fault["pointer"] for fault in told["errors"]] == ["/query/name"]


def test_a_file_is_given_out_to_be_kept_not_shown(api: Api) -> None:
    content = a_pdf()
    document = api.citizen().upload(content)

    answer = api.citizen().get(f"/v1/documents/{document}/content")

    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_large_file_comes_back_whole(api: Api) -> None:
    content = a_pdf() + bytes(range(256)) * 4096 * 3

    document = api.citizen().upload(content)

    assert api.citizen().get(f"/v1/documents/{document}/content").content == content


@pytest.mark.parametrize("role", ["analyst", "administrator", "partner"])
def test_who_handles_no_dossiers_uploads_nothing(api: Api, role: str) -> None:
    person = api.person(role, None if role == "partner" else DISTRICT)

    refused(_upload(person, a_pdf()), 403, "dossier.role_refused")


def test_a_citizen_uploads_no_results(api: Api) -> None:
    refused(_upload(api.citizen(), a_pdf(), kind="result"), 403, "dossier.role_refused")


def _seen_by(api: Api, document: str) -> dict[str, bool]:
    people = {
        "owner": api.citizen(),
        "other citizen": api.citizen(OTHER_CITIZEN),
        "desk": api.receptionist(),
        "province": api.receptionist(PROVINCE),
        "other district": api.officer(OTHER_DISTRICT),
        "analyst": api.person("analyst", DISTRICT),
        "administrator": api.person("administrator", PROVINCE),
        "partner": api.person("partner"),
    }
    seen = {}
    for who, person in people.items():
        answers = [person.get(f"/v1/documents/{document}{part}") for part in ("", "/content")]
        seen[who] = answers[0].is_success
        for answer in answers:
            if not seen[who]:
                refused(answer, 404, "document.not_found")
            else:
                assert answer.is_success
    return seen


def test_an_upload_is_seen_by_its_owner_until_it_is_handed_in_then_by_the_desk(api: Api) -> None:
    body = an_online_application(api.citizen())
    document = body["components"][0]["document"]
    nobody = dict.fromkeys(_seen_by(api, document), False)
    assert _seen_by(api, document) == nobody | {"owner": True}

    succeeded(api.citizen().post("/v1/dossiers", body))

    assert _seen_by(api, document) == nobody | {"owner": True, "desk": True, "province": True}


def test_a_result_is_seen_by_the_applicant_once_it_is_given(api: Api) -> None:
    code = a_dossier(api, Status.IN_PROCESS)
    result = api.approver().upload(kind="result")
    refused(api.citizen().get(f"/v1/documents/{result}"), 404, "document.not_found")

    api.approver().does(code, "resolution", {"granted": True, "documents": [result]})

    assert _seen_by(api, result)["owner"]
    assert not _seen_by(api, result)["other citizen"]


def test_a_scan_is_seen_by_the_applicant_of_the_dossier(api: Api) -> None:
    scan = api.receptionist().upload()
    body = an_application(components=[{"component": "GT01", "document": scan}])

    succeeded(api.receptionist().post("/v1/dossiers/intake", body))

    assert _seen_by(api, scan)["owner"]


def test_an_unknown_document_is_not_found(api: Api) -> None:
    refused(api.citizen().get(f"/v1/documents/{uuid4()}"), 404, "document.not_found")
    refused(api.citizen().get("/v1/documents/1"), 422, "request.invalid")


def test_a_sealed_link_gives_the_file_without_a_token(api: Api) -> None:
    content = a_pdf()
    document = api.citizen().upload(content)
    mark = seal(_id(document), api.settings.link_key)

    answer = api.http.get(f"/v1/shared-documents/{document}/{mark}")

    assert answer.status_code == 200
    assert answer.content == content


def _id(text: str) -> UUID:
    return UUID(text)


@pytest.mark.parametrize(
    "broken",
    [
        lambda mark: mark[:-1],
        lambda mark: mark[:-1] + ("0" if mark[-1] != "0" else "1"),
        lambda mark: "0" * len(mark),
        lambda _: "a",
    ],
)
def test_a_link_with_another_seal_gives_nothing(api: Api, broken: Callable[[str], str]) -> None:
    document = api.citizen().upload()
    mark = broken(seal(_id(document), api.settings.link_key))

    answer = api.http.get(f"/v1/shared-documents/{document}/{mark}")

    refused(answer, 404, "document.not_found")


def test_the_seal_of_one_document_opens_no_other(api: Api) -> None:
    one, two = api.citizen().upload(), api.citizen().upload()
    mark = seal(_id(one), api.settings.link_key)

    refused(api.http.get(f"/v1/shared-documents/{two}/{mark}"), 404, "document.not_found")


def test_a_sealed_link_to_nothing_gives_nothing(api: Api) -> None:
    absent = uuid4()
    mark = seal(absent, api.settings.link_key)

    refused(api.http.get(f"/v1/shared-documents/{absent}/{mark}"), 404, "document.not_found")


@pytest.mark.parametrize("what", TAKEN)
def test_a_document_tells_what_its_signatures_are_worth_pending_at_first(
    api: Api, what: str
) -> None:
    content, media_type = TAKEN[what]
    document = api.citizen().upload(content)

    seen = succeeded(api.citizen().get(f"/v1/documents/{document}"))

    can_be_signed = media_type in {"application/pdf", "application/xml"}
    assert seen["signature"]["indication"] == ("PENDING" if can_be_signed else "NO_SIGNATURE")
    assert seen["signature"]["reason"]
    assert seen["signatures"] == []


def test_an_upload_leaves_nothing_behind_on_the_disk(
    api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    succeeded(_upload(api.citizen(), a_pdf()))
    refused(_upload(api.citizen(), b"x"), 422, "document.file_refused")

    assert list(tmp_path.iterdir()) == []
