"""Revision 20261126_citizen: there and back, with the previous release at work beside it."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, text

from app.db.access import connect
from app.db.migrate import configuration, migrate
from app.db.schema import metadata

BEFORE, THIS = "20261122_house", "20261126_citizen"
TABLES = {"draft", "rating", "petition", "petition_day", "petition_event", "quota_use"}


def _downgrade(owner: Engine, revision: str) -> None:
    with owner.connect() as db, db.begin():
        config = configuration()
        config.attributes["connection"] = db
        command.downgrade(config, revision)


def _tables(owner: Engine) -> set[str]:
    with owner.connect() as db:
        return set(db.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))


def _policies(owner: Engine) -> set[tuple[str, str]]:
    with owner.connect() as db:
        rows = db.execute(text("SELECT tablename, policyname FROM pg_policies"))
        return {(row.tablename, row.policyname) for row in rows}


def _differences(db: Connection) -> list[object]:
    context = MigrationContext.configure(db, opts={"compare_type": True})
    return [found for found in compare_metadata(context, metadata) if "citizen" or found]


def test_up_down_up_leaves_what_it_found(database: str) -> None:
    owner = connect(database, as_owner=True)
    tables, policies = _tables(owner), _policies(owner)
    assert tables >= TABLES

    _downgrade(owner, BEFORE)

    assert _tables(owner) & TABLES == set()
    with owner.connect() as db:
        columns = db.scalars(
            text("SELECT column_name FROM information_schema.columns WHERE table_name = 'dossier'")
        )
        assert "authorisation_id" not in set(columns)
    migrate(owner)
    assert (_tables(owner), _policies(owner)) == (tables, policies)
    owner.dispose()


def test_row_security_is_on_wherever_there_is_personal_data(database: str) -> None:
    owner = create_engine(database)
    with owner.connect() as db:
        rows = db.execute(
            text("SELECT relname FROM pg_class WHERE relrowsecurity AND relkind = 'r'")
        )
        secured = {row.relname for row in rows}
    owner.dispose()
    assert secured >= {"draft", "rating", "petition", "petition_event"}


def test_it_gives_way_instead_of_waiting_for_long() -> None:
    written = (configuration().get_main_option("script_location") or "") + f"/versions/{THIS}.sql"
    with open(written, encoding="utf-8") as file:  # noqa: PTH123  (one line is read)
        assert file.readline() == "SET LOCAL lock_timeout = '4s';\n"
