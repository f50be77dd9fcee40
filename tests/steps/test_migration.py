"""Revision 20261127_steps: there and back, what the release before does beside it, its CHECKs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, text

from app.db.access import connect
from app.db.migrate import MIGRATIONS, configuration, migrate
from app.domain.handovers import Outcome
from app.domain.opinions import OpinionState, Position
from app.domain.procedure_drafts import DraftOrigin, DraftState

BEFORE, THIS = "20261126_citizen", "20261127_steps"
TABLES = {"handover", "opinion_request", "opinion", "procedure_draft"}


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    engine = connect(database, as_owner=True)
    yield engine
    engine.dispose()


def _shape(owner: Engine) -> list[tuple[Any, ...]]:
    query = """
        SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
            WHERE table_schema = 'public'
        UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), ''
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT tablename, indexname, indexdef, '' FROM pg_indexes
            WHERE schemaname = 'public'
        UNION ALL SELECT tablename, policyname, qual, with_check FROM pg_policies
        UNION ALL SELECT table_name, privilege_type, grantee, ''
            FROM information_schema.role_table_grants WHERE grantee = 'motcua_app'
        UNION ALL SELECT proname, prosrc, '', '' FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT tgrelid::regclass::text, tgname, '', '' FROM pg_trigger
            WHERE NOT tgisinternal
        ORDER BY 1, 2, 3, 4
    """
    with owner.connect() as db:
        return [tuple(row) for row in db.execute(text(query))]


def test_up_down_up_leaves_what_it_found(owner: Engine) -> None:
    shape = _shape(owner)
    with owner.begin() as db:
        config = configuration()
        config.attributes["connection"] = db
        command.downgrade(config, BEFORE)
    before = _shape(owner)
    migrate(owner)

    assert TABLES.isdisjoint(row[0] for row in before)
    assert not any("opinion" in str(row) or "end_procedure" in str(row) for row in before)
    assert ("procedure_version", "INSERT", "motcua_app", "") not in before
    assert _shape(owner) == shape


def test_the_new_tables_are_secured_and_only_added_to_where_they_are_a_record(
    owner: Engine,
) -> None:
    with owner.connect() as db:
        secured = set(db.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity")))
        granted = {
            (row.table_name, row.privilege_type)
            for row in db.execute(
                text("""
                    SELECT table_name, privilege_type FROM information_schema.role_table_grants
                    WHERE grantee = 'motcua_app'
                """)
            )
        }
    assert secured >= TABLES
    for table in ("handover", "opinion_request", "procedure", "procedure_version"):
        assert {right for name, right in granted if name == table} == {"SELECT", "INSERT"}
    for table in ("opinion", "procedure_draft"):
        assert {right for name, right in granted if name == table} == {"SELECT", "INSERT", "UPDATE"}


@pytest.mark.parametrize(
    ("constraint", "members"),
    [
        ("ck_handover_outcome", Outcome),
        ("ck_opinion_state", OpinionState),
        ("ck_opinion_position", Position),
        ("ck_procedure_draft_origin", DraftOrigin),
        ("ck_procedure_draft_state", DraftState),
    ],
)
def test_each_check_lists_the_members_that_the_code_knows(
    owner: Engine,
    constraint: str,
    members: Any,  # noqa: ANN401  (an enumeration)
) -> None:
    with owner.connect() as db:
        said = db.scalar(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
            {"name": constraint},
        )
    assert said is not None
    assert set(said.split("'")[1::2]) == {str(member) for member in members}


def test_it_gives_way_instead_of_waiting_for_long() -> None:
    sql = Path(MIGRATIONS, "versions", f"{THIS}.sql").read_text(encoding="utf-8")
    assert sql.startswith("SET LOCAL lock_timeout = '4s';\nSET LOCAL statement_timeout = '30s';\n")
