"""`python migrations/lint.py`: squawk on the SQL of every revision, as `make check` runs it.

The SQL is what alembic would run, made offline revision by revision: no database is needed. The
rules that are left out stand in `.squawk.toml`, each with its reason.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.script import Script, ScriptDirectory

from app.db.migrate import configuration

RULES = Path(__file__).resolve().parents[1] / ".squawk.toml"
_VERSION_TABLE = re.compile(r"CREATE TABLE alembic_version \(.*?\);", re.DOTALL)


def sql_of(revision: Script) -> str:
    """Return the SQL that takes a database from the revision before to this one."""
    before = revision.down_revision
    if before is not None and not isinstance(before, str):
        raise ValueError(f"{revision.revision} joins branches: there is one line of revisions")
    config = configuration()
    config.output_buffer = written = StringIO()
    command.upgrade(
        config, f"{before}:{revision.revision}" if before else revision.revision, sql=True
    )
    # Alembic's own table is not ours to change.
    return _VERSION_TABLE.sub("", written.getvalue())


def revisions() -> Iterator[Script]:
    """Yield the revisions, oldest first."""
    scripts = ScriptDirectory.from_config(configuration())
    yield from reversed(list(scripts.walk_revisions()))


def main() -> int:
    """Return 0 if squawk finds nothing in any revision; what it finds goes to the screen."""
    with TemporaryDirectory(prefix="motcua-lint-") as folder:
        files = []
        for revision in revisions():
            file = Path(folder) / f"{revision.revision}.sql"
            file.write_text(sql_of(revision), encoding="utf-8")
            files.append(file.name)
        checked = subprocess.run(  # noqa: S603  (our own arguments)
            ["squawk", "--config", str(RULES), *files],  # noqa: S607  (found on the PATH of make)
            check=False,
            cwd=folder,
        )
    return checked.returncode


if __name__ == "__main__":
    sys.exit(main())
