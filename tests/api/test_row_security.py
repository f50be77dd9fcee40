"""The database says it too: with the application's own role and no filter, the same rows."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from app.db.access import APP_ROLE, acting, connect
from app.db.schema import metadata
from app.domain.actor import PAYMENT_PLATFORM, SYSTEM, Actor, Role
from tests.api.world import READERS, World, a_world, actor, sees, sees_document
from tests.builders import Api

SECURED = ["dossier", "dossier_component", "dossier_event", "payment", "document"]
SECURED_ELSEWHERE = {
    *("due_move", "warning", "warning_reading", "apology"),  # tests/clock
    *("delegation", "dossier_search"),  # tests/queue
    *("draft", "rating", "petition", "petition_event"),  # test_citizen_visibility
    *("handover", "opinion", "opinion_request", "procedure_draft"),  # tests/steps
    *("issued_paper", "issued_register"),  # tests/papers
    # tests/extraction
    *("extraction", "extraction_schedule", "extraction_file", "extraction_chunk"),
    "import_row",  # tests/imports
    # test_notices
    *("message", "notice_preference"),
    # test_row_security_partners
    *("lookup", "lookup_log", "lookup_answer", "lookup_file", "post_order", "post_track"),
    *("reconciliation_difference", "reconciliation_value"),  # test_reconciliations
    # test_inbound
    *("inbound", "inbound_copy", "inbound_file", "inbound_act", "portal_origin"),
}
"""Tables whose rows tests of their own compare with a filter in plain Python."""

READ_ONLY = {
    *("agency_former_name", "portal_route", "figure_since"),
    *("import_run", "import_row", "verdict_count"),
}
APPEND_ONLY = {
    *("dossier_component", "dossier_event", "file_chunk", "signature_verdict"),
    "figure_check",
    *("calendar_change", "due_move", "warning", "warning_reading", "apology"),
    *("dossier_search", "rating", "petition_event", "lookup_log", "post_track"),
    *("publication", "handover", "opinion_request", "agency_heir"),
    *("issued_paper", "issued_register"),
    *("procedure", "procedure_version", "procedure_agency"),
    *("delivery_act", "delivery_attempt", "portal_file", "extraction_chunk"),
    *("inbound_copy", "inbound_act", "portal_origin"),
}
DELETED_FROM = {
    *("calendar_day", "office_hours", "local_day", "draft", "quota_use"),
    *("reconciliation_difference", "figure_rollup"),
}
ADDED_AND_TAKEN_AWAY = {
    *("idempotency", "announcement", "lookup_answer", "extraction_file", "inbound_file"),
    *("agency", "agency_succession", "report_group"),
    *("reconciliation_part", "reconciliation_value"),
}
OUT_OF_REACH = {"replay_batch"}
RIGHTS = {
    **{key: set[str]() for key in OUT_OF_REACH},
    **{key: {"SELECT"} for key in READ_ONLY},
    **{key: {"SELECT", "INSERT"} for key in APPEND_ONLY},
    **{key: {"SELECT", "INSERT", "UPDATE", "DELETE"} for key in DELETED_FROM},
    **{key: {"SELECT", "INSERT", "DELETE"} for key in ADDED_AND_TAKEN_AWAY},
    "post_poll": {"SELECT", "UPDATE"},
    "revision": {"SELECT", "UPDATE"},
    "figure_mark": {"SELECT", "INSERT", "DELETE"},  # by triggers, and where the calendar changes
    "figure_petition_mark": {"SELECT", "DELETE"},  # written by triggers, in the name of its owner
}
"""What is not the usual SELECT, INSERT, UPDATE."""

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@pytest.fixture(scope="module")
def world(api: Api) -> World:
    return a_world(api)


@pytest.fixture(scope="module")
def application(module_database: str) -> Iterator[Engine]:
    engine = connect(module_database)
    yield engine
    engine.dispose()


def _rows(db: Connection, table: str) -> set[tuple[Any, ...]]:
    keys = {"dossier": "id", "payment": "reference", "document": "id"}
    key = keys.get(table, "dossier_id, " + ("seq" if table == "dossier_event" else "n"))
    return {tuple(row) for row in db.execute(text(f"SELECT {key} FROM {table}"))}


def _expected(world: World, role: Role, who: str | None) -> dict[str, set[tuple[Any, ...]]]:
    visible = {row["id"] for row in world.dossiers if sees(world, role, who, row)}
    return {
        "dossier": {(key,) for key in visible},
        "dossier_component": {
            (row["dossier_id"], row["n"])
            for row in world.components
            if row["dossier_id"] in visible
        },
        "dossier_event": {
            (row["dossier_id"], row["seq"]) for row in world.events if row["dossier_id"] in visible
        },
        "payment": {(row["reference"],) for row in world.payments if row["dossier_id"] in visible},
        "document": {
            (row["id"],) for row in world.documents if sees_document(world, role, who, row)
        },
    }


@pytest.mark.parametrize(("role", "who"), READERS, ids=str)
def test_without_any_filter_the_database_gives_exactly_what_the_reader_may_see(
    world: World, application: Engine, role: Role, who: str | None
) -> None:
    with acting(application, actor(role, who)) as tx:
        found = {table: _rows(tx.db, table) for table in SECURED}

    assert found == _expected(world, role, who)


def test_the_world_is_one_in_which_a_missing_filter_would_show(world: World) -> None:
    shares = {len(_expected(world, *reader)["dossier"]) for reader in READERS}

    assert {0, len(world.dossiers)} <= shares
    assert len(shares) >= 5


@pytest.mark.parametrize("internal", [SYSTEM, PAYMENT_PLATFORM], ids=lambda a: a.id)
def test_our_own_processes_see_everything(
    world: World, application: Engine, internal: Actor
) -> None:
    with acting(application, internal) as tx:
        assert len(_rows(tx.db, "dossier")) == len(world.dossiers)
        assert len(_rows(tx.db, "document")) == len(world.documents)


@pytest.mark.parametrize("table", SECURED)
def test_who_did_not_say_who_acts_sees_nothing(
    world: World, application: Engine, table: str
) -> None:
    assert world.dossiers
    with application.begin() as db:
        assert _rows(db, table) == set()


def test_who_acted_before_on_the_same_connection_is_forgotten(
    world: World, application: Engine
) -> None:
    with acting(application, SYSTEM) as tx:
        assert _rows(tx.db, "dossier")
        backend = tx.db.scalar(text("SELECT pg_backend_pid()"))
    with application.begin() as db:
        assert db.scalar(text("SELECT pg_backend_pid()")) == backend
        assert _rows(db, "dossier") == set()
    assert world.dossiers


@pytest.mark.parametrize(("role", "who"), READERS, ids=str)
def test_nobody_changes_what_they_may_not_see(
    world: World, application: Engine, role: Role, who: str | None
) -> None:
    expected = _expected(world, role, who)
    with application.connect() as db, db.begin() as transaction:
        _tell(db, actor(role, who))
        for table in ("dossier", "payment", "document"):
            column = {"dossier": "version", "payment": "payer_ip", "document": "name"}[table]
            changed = db.execute(text(f"UPDATE {table} SET {column} = {column}")).rowcount
            assert changed == len(expected[table])
        transaction.rollback()


def _tell(db: Connection, who: Actor) -> None:
    db.execute(
        text("""
            SELECT set_config('app.role', :role, true), set_config('app.account', :id, true),
                set_config('app.number', :number, true),
                set_config('app.agencies', coalesce((SELECT array_agg(id)::text FROM agency
                    WHERE code = :agency OR code LIKE :agency || '.%'), '{}'), true)
        """),
        {
            "role": who.role,
            "id": who.id,
            "number": who.identity_number or "",
            "agency": who.agency or "-",
        },
    )


def test_a_citizen_cannot_write_a_dossier_in_the_name_of_somebody_else(
    world: World, application: Engine
) -> None:
    columns = ", ".join(name for name in world.dossiers[0] if name not in {"id", "code"})
    with application.connect() as db, db.begin():
        _tell(db, actor(Role.APPLICANT, "025099000001"))
        with pytest.raises(ProgrammingError) as refusal:
            db.execute(
                text(
                    f"INSERT INTO dossier (code, {columns}) SELECT 'X-1', "
                    + columns.replace("submitter_id", "'x'").replace("applicant_number", "'y'")
                    + " FROM dossier LIMIT 1"
                )
            )
    assert isinstance(refusal.value.orig, psycopg.errors.InsufficientPrivilege)


def test_every_table_that_belongs_to_a_dossier_is_secured(api: Api) -> None:
    secured = {
        row["relname"]
        for row in api.rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity")
    }

    assert secured == {*SECURED, *SECURED_ELSEWHERE}


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_the_applications_role_may_do_with_a_table_what_it_must_and_no_more(
    api: Api, table: str
) -> None:
    granted = {
        privilege
        for privilege in PRIVILEGES
        if api.row(
            "SELECT has_table_privilege(:role, :table, :privilege) AS granted",
            role=APP_ROLE,
            table=table,
            privilege=privilege,
        )["granted"]
    }

    assert granted == RIGHTS.get(table, {"SELECT", "INSERT", "UPDATE"})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dossier_event SET reason = 'khác'",
        "DELETE FROM dossier_event",
        "DELETE FROM dossier",
        "DELETE FROM payment",
        "UPDATE signature_verdict SET indication = 'TOTAL_PASSED'",
        "UPDATE file_chunk SET content = ''",
        "TRUNCATE dossier",
        "ALTER TABLE dossier DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE dossier_event ADD COLUMN x text",
        "DROP POLICY seen_by ON dossier",
        "CREATE POLICY all_of_it ON dossier USING (true)",
        "CREATE TABLE mine (id int)",
        "DROP TABLE idempotency",
        "CREATE OR REPLACE FUNCTION acting_role() RETURNS text LANGUAGE sql RETURN 'system'",
        "UPDATE agency SET name = 'khác'",
        "UPDATE procedure_version SET definition = '{}'",
        "UPDATE procedure SET code = 'khác'",
        "UPDATE delivery_act SET reason = 'khác'",
        "UPDATE delivery_attempt SET answer = ''",
        "DELETE FROM delivery",
        "UPDATE portal_route SET generation = 'central'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
    ],
)
def test_what_the_role_must_not_do_it_cannot(
    world: World, application: Engine, statement: str
) -> None:
    assert world.dossiers
    with acting(application, SYSTEM) as tx, pytest.raises(DBAPIError) as refusal:
        tx.db.execute(text(statement))

    assert isinstance(refusal.value.orig, psycopg.errors.InsufficientPrivilege)


def test_the_role_owns_nothing_and_is_above_no_rule(api: Api) -> None:
    role = api.row(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication"
        " FROM pg_roles WHERE rolname = :role",
        role=APP_ROLE,
    )
    assert not any(role.values())
    owned = "SELECT relname FROM pg_class WHERE relowner = CAST(:role AS regrole)"
    assert api.rows(owned, role=APP_ROLE) == []


def test_the_application_works_as_that_role(application: Engine) -> None:
    with application.connect() as db:
        assert db.scalar(text("SELECT current_user")) == APP_ROLE
        assert db.scalar(text("SHOW statement_timeout")) == "30s"
        assert db.scalar(text("SHOW lock_timeout")) == "10s"
