"""Signature checks of uploaded files: each once, kept as evidence."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.domain.actor import Role
from app.domain.documents import DocumentKind
from app.services import checks, files
from app.signatures.pki import make_sample_pki
from app.signatures.sign import sign_pdf
from tests.builders import JUSTICE, MONDAY
from tests.services.office import Office, a_desk, an_applicant, staff
from tests.signatures.forge_pdf import plain_pdf

CITIZEN = an_applicant()
PNG = b"\x89PNG\r\n\x1a\n-"


@pytest.fixture(scope="session")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample province's test PKI."""
    folder = tmp_path_factory.mktemp("pki") / "trust"
    make_sample_pki(folder, MONDAY, agencies=[(JUSTICE, "Sở Tư pháp")])
    return folder


@pytest.fixture
def office(office: Office, trust: Path) -> Office:
    """An office that trusts the sample PKI."""
    copytree(trust, office.settings.trust_dir)
    return office


def _signed(office: Office, title: str = "Quyet dinh") -> bytes:
    keys = office.settings.trust_dir / "keys"
    return sign_pdf(plain_pdf(title), JUSTICE, keys, now=office.clock())


def _check(office: Office) -> int:
    return checks.check_next(office.desk, now=office.clock)


def _verdicts(office: Office) -> list[dict[str, Any]]:
    return office.rows("SELECT * FROM signature_verdict ORDER BY id")


def _shown(office: Office, document: UUID) -> dict[str, Any]:
    shown: dict[str, Any] = files.describe(office.desk, document, actor=CITIZEN)
    return shown


def test_a_signed_result_is_checked_and_its_verdict_kept_and_shown(office: Office) -> None:
    approver = staff(Role.APPROVER, JUSTICE)
    document = office.upload(approver, DocumentKind.RESULT, _signed(office))
    assert files.describe(office.desk, document, actor=approver)["signature"] == {
        "indication": "PENDING",
        "reason": "Chữ ký số đang được kiểm tra.",
    }
    office.clock.move(minutes=1)

    assert _check(office) == 1

    [kept] = _verdicts(office)
    assert (kept["n"], kept["indication"]) == (1, "TOTAL_PASSED")
    assert kept["checked_at"] == office.clock()
    assert "pyhanko" in kept["policy"]
    shown = files.describe(office.desk, document, actor=approver)
    assert shown["signature"]["indication"] == "TOTAL_PASSED"
    assert shown["signature"]["reason"] == kept["reason"]
    [signature] = shown["signatures"]
    assert signature == kept["report"]["signatures"][0]
    assert _check(office) == 0


def test_what_is_not_signed_gets_its_verdict_too(office: Office) -> None:
    document = office.upload(CITIZEN, content=plain_pdf())

    assert _check(office) == 1

    assert _verdicts(office)[0]["indication"] == "NO_SIGNATURE"
    assert _shown(office, document)["signature"]["indication"] == "NO_SIGNATURE"


def test_a_picture_waits_for_no_check_and_is_shown_as_without_signature(office: Office) -> None:
    document = office.upload(CITIZEN, content=PNG)

    assert _check(office) == 0

    assert _verdicts(office) == []
    assert _shown(office, document)["signature"]["indication"] == "NO_SIGNATURE"


def test_a_file_that_two_persons_uploaded_is_checked_once_for_both(office: Office) -> None:
    content = _signed(office)
    other = an_applicant("025099000002")
    documents = [office.upload(CITIZEN, content=content), office.upload(other, content=content)]

    assert [_check(office), _check(office)] == [1, 0]

    seen = [
        files.describe(office.desk, document, actor=actor)["signature"]["indication"]
        for document, actor in zip(documents, (CITIZEN, other), strict=True)
    ]
    assert seen == ["TOTAL_PASSED"] * 2
    assert office.one("SELECT count(*) AS n FROM stored_file")["n"] == 1


def test_the_file_that_has_waited_longest_is_checked_first(office: Office) -> None:
    for title in ("mot", "hai"):
        office.clock.move(minutes=1)
        office.upload(CITIZEN, content=plain_pdf(title))
    first, second = (
        row["sha256"] for row in office.rows("SELECT sha256 FROM stored_file ORDER BY stored_at")
    )

    _check(office)
    _check(office)

    assert [row["sha256"] for row in _verdicts(office)] == [first, second]


def test_checkers_at_the_same_time_check_no_file_twice(office: Office) -> None:
    for number in range(4):
        office.upload(CITIZEN, content=plain_pdf(str(number)))

    with ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        desks = [stack.enter_context(a_desk(office.settings)) for _ in range(4)]
        done = list(pool.map(lambda desk: checks.check_next(desk, now=office.clock), desks * 2))

    assert sum(done) == 4
    assert [row["n"] for row in _verdicts(office)] == [1] * 4
    assert len({row["sha256"] for row in _verdicts(office)}) == 4


def test_a_file_whose_checker_was_killed_is_taken_up_after_its_lease(office: Office) -> None:
    office.upload(CITIZEN, content=plain_pdf())
    lease = timedelta(seconds=60)
    office.change("UPDATE stored_file SET check_until = :until", until=office.clock() + lease)

    office.clock.move(seconds=59)
    assert _check(office) == 0
    office.clock.move(seconds=1)
    assert _check(office) == 1

    assert [row["n"] for row in _verdicts(office)] == [1]


def test_a_file_is_checked_anew_beside_its_first_verdict(office: Office) -> None:
    document = office.upload(CITIZEN, content=plain_pdf())
    _check(office)
    first = _verdicts(office)[0]
    office.change("UPDATE stored_file SET checked_at = NULL")
    office.clock.move(days=1)

    _check(office)

    kept = _verdicts(office)
    assert kept[0] == first
    assert [row["n"] for row in kept] == [1, 2]
    assert _shown(office, document)["signature"]["checked_at"] == office.clock()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE signature_verdict SET indication = 'TOTAL_PASSED'",
        "DELETE FROM signature_verdict",
        "TRUNCATE signature_verdict",
        "UPDATE dossier_event SET reason = NULL",
        "DELETE FROM dossier_event",
        "UPDATE file_chunk SET content = ''",
        "DELETE FROM file_chunk",
        "DELETE FROM stored_file",
        "DELETE FROM document",
        "DELETE FROM dossier",
        "DELETE FROM delivery",
        "DELETE FROM notice",
        "DELETE FROM payment",
        "UPDATE dossier_component SET component = ''",
        "ALTER TABLE signature_verdict ADD COLUMN x int",
        "DROP POLICY seen_by ON dossier",
    ],
)
def test_the_application_cannot_rewrite_evidence(shared_office: Office, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        shared_office.desk.engine.begin() as db,
    ):
        db.execute(text(statement))
