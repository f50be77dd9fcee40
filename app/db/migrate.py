"""Bringing a database to the newest revision, and refusing one that is newer than we are."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from app.domain.errors import DomainError

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 760_000_001  # any number that nothing else locks


class DatabaseTooNew(DomainError):
    """The database was migrated by a newer release."""

    code = "database.too_new"
    title = "Cơ sở dữ liệu mới hơn phần mềm"


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def migrate(owner: Engine, revision: str = "head") -> None:
    """Migrate to `revision`; one process at a time, the others wait and find it done."""
    with owner.connect() as db, db.begin():
        db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = configuration()
        config.attributes["connection"] = db
        _refuse_newer(db, ScriptDirectory.from_config(config))
        command.upgrade(config, revision)


def is_current(db: Connection) -> bool:
    """Tell whether the database is at the revision that this release was made for."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    return MigrationContext.configure(db).get_current_revision() == head


def _refuse_newer(db: Connection, scripts: ScriptDirectory) -> None:
    at = MigrationContext.configure(db).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if at is not None and at not in known:
        raise DatabaseTooNew(
            f"Cơ sở dữ liệu ở phiên bản {at}, mới hơn phần mềm này. Hãy dùng bản phần mềm mới hơn."
        )
