"""Revision 20261126_citizen: there and back, and what it leaves locked."""

from pathlib import Path

from alembic import command
from sqlalchemy import Engine, text

from app.db.access import connect
from app.db.migrate import MIGRATIONS, configuration, migrate

BEFORE, THIS = "20261122_house", "20261126_citizen"
TABLES = {"draft", "rating", "petition", "petition_day", "petition_event", "quota_use"}


def _downgrade(owner: Engine, revision: str) -> None:
    with owner.connect() as db, db.begin():
        config = configuration()
        config.attributes["connection"] = db
        command.downgrade(config, revision)


def _shape(owner: Engine) -> dict[str, set[object]]:
    """Return what there is: columns, constraints, indexes, policies, grants."""
    queries = {
        "columns": "SELECT table_name, column_name, data_type, is_nullable"
        " FROM information_schema.columns WHERE table_schema = 'public'",
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
        "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "policies": "SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies",
        "grants": "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = 'motcua_app'",
    }
    with owner.connect() as db:
        return {
            name: {tuple(row) for row in db.execute(text(sql))} for name, sql in queries.items()
        }


def test_up_down_up_leaves_what_it_found(database: str) -> None:
    owner = connect(database, as_owner=True)
    shape = _shape(owner)
    with owner.begin() as db:
        db.execute(text("INSERT INTO petition_day SELECT id, current_date, 1 FROM agency"))

    _downgrade(owner, BEFORE)
    before = _shape(owner)
    migrate(owner)

    assert {row[0] for row in before["columns"] if isinstance(row, tuple)}.isdisjoint(TABLES)
    assert ("dossier", "authorisation_id", "uuid", "YES") not in before["columns"]
    assert _shape(owner) == shape
    owner.dispose()


def test_row_security_is_on_wherever_there_is_personal_data(database: str) -> None:
    owner = connect(database, as_owner=True)
    with owner.connect() as db:
        secured = set(db.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity")))
    owner.dispose()
    assert secured >= {"draft", "rating", "petition", "petition_event"}


def test_it_gives_way_instead_of_waiting_for_long() -> None:
    sql = Path(MIGRATIONS, "versions", f"{THIS}.sql").read_text(encoding="utf-8")
    assert sql.startswith("SET LOCAL lock_timeout = '4s';\nSET LOCAL statement_timeout = '30s';\n")
