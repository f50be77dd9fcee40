"""The database says it too: with the application's own role, papers are seen with their dossier."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from app.db.access import acting, connect
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.lifecycle import Status
from tests.api.world import actor
from tests.builders import (
    CITIZEN,
    DISTRICT,
    JUSTICE,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    a_dossier,
    succeeded,
)

ALL = {"receipt", "control-slip", "stop-notice"}
SEEN = {
    (Role.APPLICANT, CITIZEN): {"receipt", "stop-notice"},
    (Role.APPLICANT, OTHER_CITIZEN): set[str](),
    (Role.RECEPTIONIST, DISTRICT): ALL,
    (Role.APPROVER, PROVINCE): ALL,
    (Role.OFFICER, OTHER_DISTRICT): set[str](),
    (Role.OFFICER, JUSTICE): set[str](),
    (Role.ANALYST, PROVINCE): set[str](),
    (Role.ADMINISTRATOR, PROVINCE): set[str](),
}


@pytest.fixture(scope="module")
def application(module_database: str) -> Iterator[Engine]:
    engine = connect(module_database)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def code(api: Api) -> str:
    code = a_dossier(api, Status.IN_PROCESS)
    succeeded(api.officer().post(f"/v1/dossiers/{code}/control-slips"))
    api.approver().does(code, "stop", {"reason": "Không bổ sung", "legal_ground": "Điều 17"})
    [first, *_] = succeeded(api.officer().get(f"/v1/dossiers/{code}/papers"))["items"]
    assert api.officer().get(first["href"]).status_code == 200
    return code


@pytest.mark.parametrize("who", SEEN)
def test_papers_are_seen_with_their_dossier_and_slips_by_the_agencies(
    application: Engine,
    code: str,  # noqa: ARG001  (brings the papers about)
    who: tuple[Role, str],
) -> None:
    with acting(application, actor(*who)) as tx:
        seen = set(tx.db.scalars(text("SELECT form FROM issued_paper")))

    assert seen == SEEN[who]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE issued_paper SET facts = '{}'",
        "UPDATE issued_paper SET number = 7",
        "UPDATE issued_paper SET issued_at = now()",
        "DELETE FROM issued_paper",
        "TRUNCATE issued_paper",
        "DELETE FROM paper_number",
    ],
)
def test_what_was_issued_is_nobodys_to_change(
    application: Engine,
    code: str,  # noqa: ARG001  (brings the papers about)
    statement: str,
) -> None:
    with pytest.raises(ProgrammingError) as refusal, acting(application, SYSTEM) as tx:
        tx.db.execute(text(statement))

    assert isinstance(refusal.value.orig, psycopg.errors.InsufficientPrivilege)


def test_what_was_printed_stays_and_only_the_system_prints(application: Engine, code: str) -> None:
    # All printed papers lose their print, if the database lets them.
    forget = text("UPDATE issued_paper SET sha256 = NULL, template = NULL, printed_at = NULL")
    other = text("""
        UPDATE issued_paper SET printed_at = now(), template = 'x',
            sha256 = (SELECT min(sha256) FROM stored_file)
    """)
    desk = Actor("receptionist", Role.RECEPTIONIST, "Cán bộ", agency=DISTRICT)
    for who, statement, unprinted in ((SYSTEM, forget, 2), (desk, forget, 0), (desk, other, 0)):
        with acting(application, who) as tx:
            assert tx.db.execute(statement).rowcount == unprinted

    with acting(application, SYSTEM) as tx:
        kept = tx.db.execute(
            text("""
                SELECT count(*) FILTER (WHERE template LIKE 'receipt-%') AS printed, count(*) AS all
                FROM issued_paper JOIN dossier ON dossier.id = dossier_id WHERE code = :code
            """),
            {"code": code},
        ).one()
    assert tuple(kept) == (1, 3)


def test_an_applicant_issues_nothing(application: Engine, code: str) -> None:
    citizen = actor(Role.APPLICANT, CITIZEN)

    with pytest.raises(DBAPIError, match="row-level security"), acting(application, citizen) as tx:
        tx.db.execute(
            text("""
                INSERT INTO issued_paper (dossier_id, seq, form, agency_id, year, number, facts,
                    issued_at, issued_by, issued_name)
                SELECT id, 1, 'refusal', agency_id, 2026, 99, '{}', now(), 'x', 'x'
                FROM dossier WHERE code = :code
            """),
            {"code": code},
        )
