"""Row security of look-ups and parcels: with the application's own role and no filter."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from app.composition import desk_of
from app.db.access import acting, connect
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.lifecycle import Status
from app.services import lookup_work
from tests.api.world import actor
from tests.builders import (
    CITIZEN,
    DISTRICT,
    OTHER_CITIZEN,
    OTHER_DISTRICT,
    PROVINCE,
    Api,
    a_dossier,
    an_online_application,
    succeeded,
)

TABLES = ("lookup", "lookup_log", "lookup_answer", "lookup_file", "post_order", "post_track")
HELPER = "025099000003"
"""Hands in for somebody else."""

ORDER = {
    "kind": "return",
    "person": {"name": "A", "phone": "0900000001", "address": "Số 1", "province": 29},
}


@pytest.fixture(scope="module")
def application(api: Api, module_database: str) -> Iterator[Engine]:
    """The application's role, on a database with look-ups and a parcel of each table."""
    engine = connect(module_database)
    for number in (CITIZEN, OTHER_CITIZEN):
        a_dossier(api, applicant=number)
    helper = api.citizen(HELPER)
    for_other = {"kind": "citizen", "number": OTHER_CITIZEN, "name": "Lê Văn Mẫu"}
    body = an_online_application(helper, applicant=for_other, authorisation=helper.upload())
    succeeded(helper.post("/v1/dossiers", body))
    sent = a_dossier(api, Status.RESOLVED)
    succeeded(api.receptionist().post(f"/v1/dossiers/{sent}/post-orders", ORDER))
    desk = desk_of(api.settings, engine)
    with ThreadPoolExecutor(1) as pool:
        while lookup_work.work(desk, api.clock, threads=pool, batch=1):
            pass
    with acting(engine, SYSTEM) as tx:
        tx.db.execute(
            text("""
                INSERT INTO post_track (id, post_order_id, code, words, occurred_at, received_at)
                SELECT 1, id, '2', '', now(), now() FROM post_order
            """)
        )
        tx.db.execute(
            text("""
                INSERT INTO lookup_file (lookup_id, from_lookup_id, owner, path, name, result_code,
                    component)
                SELECT id, id, 'H44', 'a.pdf', 'a.pdf', 'KQ.G07.000122', 'GT01' FROM lookup
            """)
        )
    yield engine
    desk.partners.close()
    engine.dispose()


def _counts(db: Connection) -> dict[str, int]:
    return {table: db.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in TABLES}


EVERYTHING = {
    **dict.fromkeys(("lookup", "lookup_log", "lookup_answer", "lookup_file"), 4),
    "post_order": 1,
    "post_track": 1,
}
NOTHING = dict.fromkeys(TABLES, 0)


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (SYSTEM, EVERYTHING),
        (actor(Role.RECEPTIONIST, DISTRICT), EVERYTHING),
        (actor(Role.OFFICER, PROVINCE), EVERYTHING),
        (actor(Role.RECEPTIONIST, OTHER_DISTRICT), NOTHING),
        (actor(Role.ANALYST, PROVINCE), NOTHING),
        (actor(Role.ADMINISTRATOR, PROVINCE), NOTHING),
        (actor(Role.PARTNER, None), NOTHING),
        (
            actor(Role.APPLICANT, CITIZEN),
            {
                **dict.fromkeys(("lookup", "lookup_log", "lookup_answer", "lookup_file"), 2),
                "post_order": 1,
                "post_track": 1,
            },
        ),
        (
            actor(Role.APPLICANT, OTHER_CITIZEN),
            NOTHING | {"lookup": 2, "lookup_log": 2, "lookup_answer": 2, "lookup_file": 2},
        ),
        (actor(Role.APPLICANT, HELPER), NOTHING | {"lookup": 1, "lookup_file": 1}),
        (actor(Role.APPLICANT, "025099000009"), NOTHING),
    ],
    ids=lambda value: f"{value.role}-{value.id}" if isinstance(value, Actor) else "",
)
def test_each_reader_sees_exactly_their_part(
    application: Engine, who: Actor, seen: dict[str, int]
) -> None:
    with acting(application, who) as tx:
        assert _counts(tx.db) == seen


def test_who_did_not_say_who_acts_sees_nothing(application: Engine) -> None:
    with application.begin() as db:
        assert _counts(db) == NOTHING


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lookup_log SET actor_name = 'khác'",
        "DELETE FROM lookup_log",
        "UPDATE lookup_answer SET expires_at = now()",
        "DELETE FROM lookup",
        "UPDATE post_track SET code = '3'",
        "DELETE FROM post_track",
        "DELETE FROM post_order",
        "DELETE FROM post_poll",
    ],
)
def test_the_record_cannot_be_changed_by_anybody(application: Engine, statement: str) -> None:
    with acting(application, SYSTEM) as tx, pytest.raises(ProgrammingError) as refusal:
        tx.db.execute(text(statement))

    assert isinstance(refusal.value.orig, psycopg.errors.InsufficientPrivilege)


@pytest.mark.parametrize(
    "who", [actor(Role.RECEPTIONIST, DISTRICT), actor(Role.APPLICANT, CITIZEN)], ids=str
)
def test_only_the_system_keeps_and_forgets_answers(
    api: Api, application: Engine, who: Actor
) -> None:
    with acting(application, who) as tx:
        assert tx.db.execute(text("DELETE FROM lookup_answer")).rowcount == 0
    with acting(application, who) as tx, pytest.raises(ProgrammingError):
        tx.db.execute(
            text("""
                INSERT INTO lookup_answer SELECT lookup_id, source, subject_number, content,
                    fetched_at, :until FROM lookup_answer
            """),
            {"until": api.clock() + timedelta(days=99)},
        )
