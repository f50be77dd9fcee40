"""The migrations: there and back, once, and the same tables as the code knows."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, Engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from app.db.access import APP_ROLE, connect
from app.db.migrate import DatabaseTooNew, configuration, is_current, migrate
from app.db.schema import metadata
from app.services.seeding import seed
from tests.database import empty_database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty() -> Iterator[Engine]:
    """A database without any table, as its owner."""
    with empty_database() as url:
        engine = connect(url, as_owner=True)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def owner(module_database: str) -> Iterator[Engine]:
    engine = connect(module_database, as_owner=True)
    yield engine
    engine.dispose()


def _downgrade(owner: Engine) -> None:
    with owner.begin() as db:
        config = configuration()
        config.attributes["connection"] = db
        command.downgrade(config, "base")


def _described(db: Connection) -> list[tuple[Any, ...]]:
    """Return everything that a migration makes, as the catalogue of PostgreSQL tells it."""
    query = """
        SELECT 'column', table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes
            WHERE schemaname = 'public'
        UNION ALL SELECT 'constraint', conrelid::regclass::text, conname,
            pg_get_constraintdef(oid), '', '' FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'policy', tablename, policyname, qual, with_check, cmd FROM pg_policies
        UNION ALL SELECT 'grant', table_name, privilege_type, grantee, '', ''
            FROM information_schema.role_table_grants WHERE table_schema = 'public'
        UNION ALL SELECT 'function', proname, prosrc, pg_get_function_result(oid), '', ''
            FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ORDER BY 1, 2, 3, 4
    """
    return [tuple(row) for row in db.execute(text(query))]


def test_there_is_one_line_of_revisions_with_one_end() -> None:
    scripts = ScriptDirectory.from_config(configuration())

    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
    assert all(not script.is_merge_point for script in scripts.walk_revisions())


def test_up_down_and_up_again_is_as_up_once(empty: Engine) -> None:
    migrate(empty)
    with empty.connect() as db:
        once = _described(db)
        assert is_current(db)
    assert once

    _downgrade(empty)
    with empty.connect() as db:
        left = {row[1] for row in _described(db)}
        assert left <= {"alembic_version"}
        assert not is_current(db)

    migrate(empty)
    seed(empty)
    with empty.connect() as db:
        assert _described(db) == once


def test_the_tables_are_those_that_the_code_knows(owner: Engine) -> None:
    with owner.connect() as db:
        context = MigrationContext.configure(
            db, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_every_check_says_what_the_code_says(owner: Engine) -> None:
    """Alembic sees neither the members of an enum in a CHECK nor any other CHECK."""
    with owner.connect() as db:
        found = {
            row.name: row.definition
            for row in db.execute(
                text("""
                    SELECT conname AS name, pg_get_constraintdef(oid) AS definition
                    FROM pg_constraint
                    WHERE contype = 'c' AND connamespace = 'public'::regnamespace
                """)
            )
        }
        db.rollback()
        with db.begin() as undone:
            expected: dict[str, str] = {}
            for table in metadata.sorted_tables:
                expected |= _checks_of(db, table.name)
            undone.rollback()

    assert found == expected
    assert len(found) > 30


def _checks_of(db: Connection, name: str) -> dict[str, str]:
    """Return the CHECKs that a table of the metadata has, in PostgreSQL's own words."""
    table = metadata.tables[name]
    creation = CreateTable(table, include_foreign_key_constraints=[])
    written = str(creation.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    head = next(line for line in written.splitlines() if line.startswith("CREATE"))
    assert head in {f"CREATE TABLE {name} (", f"CREATE UNLOGGED TABLE {name} ("}
    db.execute(text(written.replace(head, f"CREATE TEMPORARY TABLE {name} (", 1)))
    rows = db.execute(
        text("""
            SELECT conname AS name, pg_get_constraintdef(oid) AS definition
            FROM pg_constraint WHERE contype = 'c' AND conrelid = CAST(:name AS regclass)
        """),
        {"name": f"pg_temp.{name}"},
    )
    found = {row.name: row.definition for row in rows}
    assert len(found) == sum(isinstance(c, CheckConstraint) for c in table.constraints)
    return found


def test_every_table_is_known_and_none_belongs_to_the_application(
    owner: Engine,
) -> None:
    with owner.connect() as db:
        owners = db.execute(
            text("SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public'")
        ).all()

    assert {row.tablename for row in owners} == {*metadata.tables, "alembic_version"}
    assert APP_ROLE not in {row.tableowner for row in owners}


def test_history_and_evidence_can_only_be_added_to(owner: Engine) -> None:
    with owner.connect() as db:
        granted = {
            (row.table_name, row.privilege_type)
            for row in db.execute(
                text("""
                    SELECT table_name, privilege_type FROM information_schema.role_table_grants
                    WHERE grantee = :role
                """),
                {"role": APP_ROLE},
            )
        }

    for table in (
        *("dossier_event", "signature_verdict", "file_chunk", "dossier_component"),
        *("lookup_log", "post_track"),
    ):
        assert {right for name, right in granted if name == table} == {"SELECT", "INSERT"}
    assert {right for _, right in granted} <= {"SELECT", "INSERT", "UPDATE", "DELETE"}


def test_a_database_of_a_newer_release_is_refused_and_left_alone(empty: Engine) -> None:
    migrate(empty)
    with empty.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '29990101_later'"))
        before = _described(db)

    with pytest.raises(DatabaseTooNew, match=r"29990101_later.*mới hơn") as refusal:
        migrate(empty)

    assert refusal.value.detail.count(". ") == 1
    with empty.connect() as db:
        assert _described(db) == before
        assert not is_current(db)


def test_two_processes_that_migrate_at_once_both_find_it_done(empty: Engine) -> None:
    url = empty.url.render_as_string(hide_password=False)
    program = (
        "import sys; from app.db.access import connect; from app.db.migrate import migrate;"
        "from app.services.seeding import seed;"
        "owner = connect(sys.argv[1], as_owner=True); migrate(owner); print(seed(owner))"
    )

    def run(_: int) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, url],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    with ThreadPoolExecutor(3) as pool:
        seeded = sorted(pool.map(run, range(3)))

    assert seeded == ["False", "False", "True"]
    with empty.connect() as db:
        assert is_current(db)
        assert db.scalar(text("SELECT count(*) FROM agency")) == 32


def test_a_migration_gives_way_instead_of_waiting_long(empty: Engine) -> None:
    with empty.connect() as db, db.begin() as undone:
        config = configuration()
        config.attributes["connection"] = db
        command.upgrade(config, "head")
        limits = [db.scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout")]
        undone.rollback()

    assert limits == ["4s", "30s"]
