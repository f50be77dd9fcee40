"""Databases for tests: real PostgreSQL, each test that asks gets one of its own.

The run's first process starts one embedded server and makes one template, migrated and seeded;
every worker of the run copies databases from it.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from app.db.access import connect
from app.db.migrate import migrate
from app.db.server import running
from app.services.seeding import seed

HOME = "MOTCUA_TEST_HOME"
_SERVER = "MOTCUA_TEST_SERVER"
_TEMPLATE = "motcua_template"


def start_server(stack: ExitStack) -> None:
    """Start the run's server, make the template and tell the workers through the environment.

    What is made once for the whole run lies in the folder that is removed with the server.
    """
    home = stack.enter_context(TemporaryDirectory(prefix="motcua-tests-"))
    url = stack.enter_context(running(Path(home)))
    for name, told in ((HOME, home), (_SERVER, url)):
        os.environ[name] = told
        stack.callback(os.environ.pop, name, None)
    # Hundreds of databases are copied: nothing here has to outlive the machine's power.
    _on_server("ALTER SYSTEM SET fsync = off")
    _on_server("SELECT pg_reload_conf()")
    _on_server(f"CREATE DATABASE {_TEMPLATE}")
    owner = connect(_url(_TEMPLATE), as_owner=True)
    migrate(owner)
    seed(owner)
    owner.dispose()


@contextmanager
def fresh_database(*, template: str = _TEMPLATE) -> Iterator[str]:
    """Give the owner's URL of a new database, migrated and seeded; it is dropped at the end."""
    name = f"t_{uuid4().hex[:16]}"
    _on_server(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield _url(name)
    finally:
        _on_server(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def empty_database() -> Iterator[str]:
    """Give the URL of a new database without any table."""
    with fresh_database(template="template0") as url:
        yield url


def _server() -> URL:
    return make_url(os.environ[_SERVER])


def _url(name: str) -> str:
    return _server().set(database=name).render_as_string(hide_password=False)


def _on_server(statement: str) -> None:
    engine = create_engine(_server().set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(text(statement))
    engine.dispose()
