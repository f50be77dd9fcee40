"""A message that cannot be told waits for a person, with the reason, and holds back only its own
dossier.
"""

from itertools import pairwise

import pytest

from app.domain.actor import Role
from app.domain.intake import Channel
from app.domain.lifecycle import Act
from app.domain.procedure import ApplicantKind
from app.services import reception
from app.services.transition import Request
from tests.builders import JUSTICE
from tests.services.office import Mocks, Office, an_applicant, release, staff

TELL, PROGRESS = "DongBoHoSoMC", "CapNhatTienDoHoSoMC"


@pytest.mark.parametrize("call", [TELL, PROGRESS])
@pytest.mark.parametrize("error_code", [-1, -9, 5, "E01"])
def test_a_refusal_blocks_with_its_code_and_words(
    office: Office, mocks: Mocks, call: str, error_code: int | str
) -> None:
    held, free = office.walk(Act.SUBMIT, Act.ACCEPT), office.walk(Act.SUBMIT, Act.ACCEPT)
    # Told together they are refused together, and then one of them alone.
    mocks.fault(
        "error_code", service=call, times=2, error_code=error_code, message="Cổng đang khóa sổ"
    )

    office.drain(threads=1)

    states = sorted((office.states(held), office.states(free)))
    assert states == [["acknowledged"] * 2, ["blocked", "waiting"]]
    if office.states(held)[0] == "acknowledged":
        held, free = free, held
    first = office.ledger(held)[0]
    assert first["answer_code"] == str(error_code)
    assert "Cổng đang khóa sổ" in first["answer"]
    office.check_books(free)

    office.settle()
    assert office.states(held) == ["blocked", "waiting"], "only a person lets it go on"
    release(office, held)
    office.settle()
    office.check_books(held)


def test_a_value_without_a_word_blocks_with_its_name(office: Office) -> None:
    held = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START)
    free = office.walk(Act.SUBMIT, Act.ACCEPT, Act.START)
    # As if a release had a status more than the portal knows.
    office.change("ALTER TABLE dossier_event DROP CONSTRAINT ck_dossier_event_target")
    office.change(
        "UPDATE dossier_event SET target = 'draft' FROM dossier"
        " WHERE dossier.id = dossier_id AND code = :code AND seq = 2",
        code=held,
    )

    office.settle()

    assert office.states(held) == ["acknowledged", "blocked", "waiting"]
    row = office.ledger(held)[1]
    assert (row["answer_code"], row["answer"]) == ("unmapped", "Chưa có ánh xạ cho Status.draft")
    told = office.mocks.portal(held)
    assert [entry["status"] for entry in told["told"]] == ["1"]
    assert told["refused"] == [], "it was never sent, not even empty"
    office.check_books(free)


def test_a_dossier_that_cannot_be_put_into_words_does_not_hold_back_the_others(
    office: Office,
) -> None:
    held, free = office.walk(Act.SUBMIT, Act.ACCEPT), office.walk(Act.SUBMIT, Act.ACCEPT)
    fee = '[{"code": "1", "name": "x", "kind": "toll", "amount_vnd": 1, "phase": "acceptance"}]'
    office.change("UPDATE dossier SET fees = CAST(:fee AS jsonb) WHERE code = :c", fee=fee, c=held)

    office.settle()

    assert office.states(held) == ["blocked", "waiting"]
    assert "'toll' is not a valid FeeKind" in office.ledger(held)[0]["answer"]
    assert office.mocks.http.get(f"/national-portal/_dossiers/{held}").status_code == 404
    office.check_books(free)


def test_an_online_applicant_without_portal_account_is_named_as_the_reason(office: Office) -> None:
    held = office.submit(by=an_applicant(has_account=False))
    free = office.submit()

    office.settle()

    [row] = office.ledger(held)
    assert (row["state"], row["answer_code"]) == ("blocked", "-1")
    assert "MaDoiTuong" in row["answer"]
    office.check_books(free)


def test_what_the_portal_never_heard_of_cannot_be_updated_there(
    office: Office, mocks: Mocks
) -> None:
    code = office.submit()
    office.drain()
    mocks.http.delete("/national-portal/_memory")
    office.act(code, Act.ACCEPT)

    office.settle()

    row = office.ledger(code)[1]
    assert row["state"] == "blocked"
    assert "không có trên hệ thống" in row["answer"]


def test_a_dossier_that_is_there_already_is_updated(office: Office, mocks: Mocks) -> None:
    code = office.submit()
    office.drain()
    # As if the ledger had been restored from an older backup.
    office.change("UPDATE dossier SET applicant_name = 'Trần Thị Mẫu Hai'")
    office.change("UPDATE delivery SET state = 'waiting', attempts = 0")

    office.settle()

    assert office.states(code) == ["acknowledged"]
    known = mocks.portal(code)
    assert known["dossier"]["ChuHoSo"] == "Trần Thị Mẫu Hai"
    assert [entry["is_addition"] for entry in known["told"]] == [True, False]


def test_progress_of_a_handler_with_a_long_name_is_cut_to_what_the_portal_takes(
    office: Office,
) -> None:
    code = office.submit()
    long = "Nguyễn Thị Hồng Hạnh Ngọc Lan Phương Thảo Uyên Vân Anh Tuyết Mai"
    actor = staff(Role.RECEPTIONIST, JUSTICE)
    office.clock.move(minutes=1)
    named = type(actor)(actor.id, actor.role, long, actor.agency)
    reception.accept(office.desk, Request(code, named, office.clock()))

    office.settle()

    assert office.mocks.portal(code)["progress"][-1]["NguoiXuLy"] == long[:50]


def test_a_message_waits_longer_after_each_attempt(office: Office, mocks: Mocks) -> None:
    mocks.fault("http_500", times=6)
    code = office.take_in(channel=Channel.POST)
    waits = []
    for _ in range(6):
        office.drain()
        [row] = office.ledger(code)
        waits.append((row["next_at"] - office.clock()).total_seconds())
        office.clock.at = row["next_at"]

    assert all(2**n <= wait <= 2 * 2**n for n, wait in enumerate(waits))
    assert all(earlier <= later for earlier, later in pairwise(waits))
    office.drain()
    office.check_books(code)


@pytest.mark.parametrize("kind", ApplicantKind)
def test_every_kind_of_applicant_online_is_told(office: Office, kind: ApplicantKind) -> None:
    code = office.submit("2.000755", "H44.18", kind=kind)

    office.drain()

    office.check_books(code)
