"""Generation B behind the same ledger: chosen by agency and day, each fault of it survived."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.domain.lifecycle import Act
from app.domain.procedure import ApplicantKind
from tests.builders import partners, settings_for
from tests.services.office import Mocks, Office, opened, release

CENTRAL = "central-portal"
JOURNEY = (Act.SUBMIT, Act.ACCEPT, Act.START, Act.RESOLVE)
LONG_JOURNEY = (
    *(Act.SUBMIT, Act.ACCEPT, Act.START, Act.REQUEST_SUPPLEMENT, Act.SUPPLEMENT),
    *(Act.RESOLVE, Act.RETURN_RESULT),
)
CREATE, PROGRESS, STATUS = "CreateDossier", "CapNhatTienTrinh", "CapNhatTrangThai"
TOKEN, NUMBER, UPLOAD = "GetToken", "GetNextValue", "UploadFile"
GUARDED = (NUMBER, UPLOAD, CREATE, PROGRESS, STATUS)


@dataclass(frozen=True)
class Trouble:
    kind: str
    calls: tuple[str, ...] = (UPLOAD, CREATE, PROGRESS, STATUS)
    given: dict[str, Any] = field(default_factory=dict)


TROUBLES = [
    Trouble("delay", given={"seconds": 0.05}),
    Trouble("hang", given={"seconds": 0.4}),
    Trouble("http_500", calls=(TOKEN, *GUARDED)),
    Trouble("reset_before", calls=(CREATE, STATUS)),
    Trouble("reset_after", calls=(NUMBER, UPLOAD, CREATE, PROGRESS, STATUS)),
    Trouble("wrong_json"),
    Trouble("html_page"),
    Trouble("quota"),
    Trouble("duplicate"),
    Trouble("out_of_order", given={"seconds": 0.05}),
    Trouble("expired_session", calls=GUARDED),
    Trouble("already_exists", calls=(CREATE,)),
    Trouble("wrong_hash", calls=(UPLOAD,)),
]
CASES = [(trouble, call) for trouble in TROUBLES for call in trouble.calls]


@pytest.fixture(scope="module")
def central(
    module_database: str, session_mocks: Mocks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """An office whose dossiers are all told to the central portal."""
    session_mocks.calm()
    folder = tmp_path_factory.mktemp("central")
    settings = settings_for(
        module_database, folder, partner_timeout_s=0.3, **partners(session_mocks.url)
    )
    with opened(settings, session_mocks, folder) as office:
        office.change("INSERT INTO portal_route VALUES ('*', '2020-01-01', 'central', NULL)")
        yield office


@pytest.mark.parametrize(
    ("trouble", "call"), CASES, ids=[f"{trouble.kind}-{call}" for trouble, call in CASES]
)
def test_a_fault_at_any_call_neither_loses_nor_doubles(
    central: Office, mocks: Mocks, trouble: Trouble, call: str
) -> None:
    mocks.http.delete(f"/{CENTRAL}/_tokens")
    mocks.fault(trouble.kind, partner=CENTRAL, service=call, times=2, **trouble.given)
    code = central.walk(*JOURNEY)

    central.settle()

    central.check_central_books(code)
    assert mocks.hits(CENTRAL)[trouble.kind] >= 1
    assert mocks.http.get(f"/{CENTRAL}/_stats").json()["dossiers"] == 1
    assert mocks.portal(code).get("dossier") is None, "generation A hears nothing of it"


def test_a_dossier_is_created_with_its_papers_and_who_handed_it_in(
    central: Office, mocks: Mocks
) -> None:
    code = central.submit()
    central.drain()

    made = central.central(code)["dossier"]
    assert made["MaHoSo"].startswith("H44.10-")
    assert made["LoaiDoiTuong"] == "0"
    assert made["MaDichVuCong"] == made["MaTTHC"] + ".01"
    assert made["ThongTinNguoiNop"]["ThongTinChiTiet"]["TenChuHs"] == "Trần Thị Mẫu"
    assert "NgayTiepNhan" not in made
    files = [file for part in made["ThanhPhanHoSo"] for file in part["GiayToDinhKem"]]
    kept = central.rows(
        "SELECT sha256 FROM document JOIN dossier ON dossier.id = dossier_id WHERE code = :code",
        code=code,
    )
    assert sorted(file["HashTepTin"] for file in files) == sorted(row["sha256"] for row in kept)
    assert mocks.http.get(f"/{CENTRAL}/_stats").json()["files"] == len(files) > 0


def test_the_result_is_uploaded_and_told_with_the_status_that_brings_it(central: Office) -> None:
    code = central.walk(*LONG_JOURNEY)
    central.settle()

    central.check_central_books(code)
    told = {entry["status"]: entry["item"] for entry in central.central(code)["told"]}
    [result] = told["9"]["DanhSachGiayToKetQua"]
    assert result["TenGiayTo"] == "ket-qua"
    assert "DanhSachGiayToKetQua" not in told["10"]


@pytest.mark.parametrize("kind", [ApplicantKind.STATE_BODY, ApplicantKind.ORGANISATION])
def test_an_applicant_without_a_word_there_blocks_with_its_name_and_takes_no_number(
    central: Office, mocks: Mocks, kind: ApplicantKind
) -> None:
    code, free = central.submit("2.000755", "H44.18", kind=kind), central.submit()

    central.settle()

    [row] = central.ledger(code)
    assert (row["state"], row["answer_code"]) == ("blocked", "unmapped")
    assert row["answer"] == f"Chưa có ánh xạ cho ApplicantKind.{kind}"
    assert mocks.http.get(f"/{CENTRAL}/_stats").json()["numbers"] == 1
    central.check_central_books(free)


@pytest.mark.parametrize("call", [NUMBER, CREATE, PROGRESS, STATUS])
def test_a_refusal_blocks_with_its_code_and_is_told_once_it_was_mended(
    central: Office, mocks: Mocks, call: str
) -> None:
    mocks.fault(
        "error_code", partner=CENTRAL, service=call, error_code="E7", message="Mã chưa khai báo"
    )
    code = central.walk(Act.SUBMIT, Act.ACCEPT)

    central.settle()

    first = central.ledger(code)[0]
    assert (first["state"], first["answer_code"]) == ("blocked", "E7")
    assert "Mã chưa khai báo" in first["answer"]
    release(central, code)
    central.settle()
    central.check_central_books(code)


def test_a_number_that_was_taken_is_kept_however_often_its_dossier_is_tried(
    central: Office, mocks: Mocks
) -> None:
    mocks.fault("http_500", partner=CENTRAL, service=CREATE, times=3)
    code = central.submit()

    central.settle()

    central.check_central_books(code)
    assert mocks.http.get(f"/{CENTRAL}/_stats").json()["numbers"] == 1


def test_agencies_change_over_on_their_day_and_dossiers_stay_where_they_began(
    office: Office, mocks: Mocks
) -> None:
    old = office.take_in()
    office.change("INSERT INTO portal_route VALUES ('H44.10', '2026-10-06', 'central', 'G09.20')")
    office.clock.move(days=1)
    new, other = office.take_in(), office.take_in("1.001193", "H44.29")
    for code in (old, new, other):
        office.act(code, Act.START)

    office.settle()

    office.check_books(old)
    office.check_books(other)
    office.check_central_books(new)
    assert office.central(new)["code"].startswith("G09.20-")
    assert mocks.portal(new).get("dossier") is None
