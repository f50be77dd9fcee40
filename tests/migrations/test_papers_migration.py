"""Revision 20261203_papers: there and back, and the same CHECKs as the code knows."""

from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from app.db.access import connect
from app.db.migrate import configuration, migrate
from app.db.papers import issued_paper, paper_number

BEFORE = "20261126_citizen"
TABLES = (paper_number, issued_paper)


def _downgrade(owner: Engine) -> None:
    with owner.begin() as db:
        config = configuration()
        config.attributes["connection"] = db
        command.downgrade(config, BEFORE)


def _tables(owner: Engine) -> set[str]:
    with owner.connect() as db:
        return set(db.scalars(text("SELECT relname FROM pg_class WHERE relkind = 'r'")))


def _shape(owner: Engine) -> set[tuple[object, ...]]:
    query = """
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid IN ('issued_paper'::regclass, 'paper_number'::regclass)
        UNION ALL SELECT indexname, indexdef FROM pg_indexes
            WHERE tablename IN ('issued_paper', 'paper_number')
        UNION ALL SELECT policyname, concat(cmd, qual, with_check) FROM pg_policies
            WHERE tablename = 'issued_paper'
        UNION ALL SELECT column_name, privilege_type FROM information_schema.column_privileges
            WHERE table_name IN ('issued_paper', 'paper_number') AND grantee = 'motcua_app'
    """
    with owner.connect() as db:
        return {tuple(row) for row in db.execute(text(query))}


def test_up_down_and_up_again_leaves_what_it_found(database: str) -> None:
    owner = connect(database, as_owner=True)
    shape, names = _shape(owner), {table.name for table in TABLES}
    assert names <= _tables(owner)

    _downgrade(owner)
    between = _tables(owner)
    migrate(owner)

    assert between.isdisjoint(names)
    assert "apology" in between
    assert _shape(owner) == shape
    owner.dispose()


def test_the_database_checks_what_the_code_says(database: str) -> None:
    owner = connect(database, as_owner=True)
    checks = text("""
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'c' AND conrelid = CAST(:name AS regclass)
    """)
    with owner.connect() as db:
        for table in TABLES:
            found = {tuple(row) for row in db.execute(checks, {"name": table.name})}
            creation = CreateTable(table, include_foreign_key_constraints=[])
            written = str(creation.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
            db.execute(text(written.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1)))
            name = f"pg_temp.{table.name}"
            assert {tuple(row) for row in db.execute(checks, {"name": name})} == found
            assert found
    owner.dispose()
