"""The SQL of every revision passes the linter, which would say so if one did not."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import Script
from sqlalchemy import create_engine, text

from migrations import lint
from tests.database import empty_database

SQUAWK = Path(sys.executable).with_name("squawk")


def _squawk(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SQUAWK, "--config", lint.RULES, path], check=False, capture_output=True, text=True
    )


REVISIONS = list(lint.revisions())


@pytest.mark.parametrize("revision", REVISIONS, ids=[script.revision for script in REVISIONS])
def test_the_sql_of_a_revision_passes(revision: Script, tmp_path: Path) -> None:
    file = tmp_path / f"{revision.revision}.sql"
    file.write_text(lint.sql_of(revision))

    done = _squawk(file)

    assert done.returncode == 0, done.stdout


def test_all_of_it_passes_as_make_check_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(SQUAWK.parent), prepend=":")

    assert lint.main() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE dossier ADD COLUMN note TEXT NOT NULL;",
        "CREATE INDEX ix_dossier_note ON dossier (note);",
        "ALTER TABLE dossier DROP COLUMN form;",
        "ALTER TABLE dossier RENAME COLUMN form TO eform;",
        "ALTER TABLE dossier ALTER COLUMN version TYPE bigint;",
        "DROP TABLE dossier;",
    ],
)
def test_what_would_stop_the_office_or_break_the_previous_release_is_found(
    statement: str, tmp_path: Path
) -> None:
    file = tmp_path / "bad.sql"
    file.write_text(f"SET lock_timeout = '4s';\nSET statement_timeout = '30s';\n{statement}\n")

    assert _squawk(file).returncode == 1


def test_the_sql_made_offline_makes_the_database() -> None:
    """As a province's own administrators would apply it, without our command."""
    with empty_database() as url:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as db:
            db.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
            driver = db.connection.driver_connection
            assert driver is not None
            for revision in REVISIONS:
                driver.execute(lint.sql_of(revision))
            found = db.scalar(text("SELECT version_num FROM alembic_version"))
            assert found == REVISIONS[-1].revision
            assert db.scalar(text("SELECT count(*) FROM dossier")) == 0
        engine.dispose()
