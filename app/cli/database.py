"""The database that every command finds by the same settings."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError

from app.cli.reading import settings_of
from app.db.access import connect
from app.db.migrate import migrate
from app.db.server import running
from app.domain.errors import DomainError
from app.services.backfill import backfill
from app.services.seeding import seed
from app.settings import Settings


def fail(sentence: str) -> NoReturn:
    """End the command with one clear sentence."""
    sys.stderr.write(f"motcua: {sentence}\n")
    raise SystemExit(1)


@contextmanager
def ready(settings: Settings) -> Iterator[Settings]:
    """Give settings that name a database which runs, is migrated and has its catalogue.

    Without APP_DATABASE_URL the embedded server is started for as long as it is needed.
    """
    try:
        if settings.database_url is not None:
            _prepare(settings, settings.database_url.get_secret_value())
            yield settings
            return
        with running(settings.data_dir) as url:
            _prepare(settings, url)
            yield settings.model_copy(update={"database_url": SecretStr(url)})
    except DomainError as refusal:
        fail(refusal.detail)
    except OperationalError as error:
        fail(f"Không kết nối được cơ sở dữ liệu: {_reason(error)}")


@contextmanager
def named(settings: Settings) -> Iterator[Settings]:
    """Give settings that name a database: another's as it is, the embedded one made ready.

    Processes find its address in the environment, as those that they start do.
    """
    if settings.database_url is not None:
        yield settings
        return
    with ready(settings) as found:
        if found.database_url is not None:
            os.environ["APP_DATABASE_URL"] = found.database_url.get_secret_value()
        yield found


@contextmanager
def owner_engine(settings: Settings | None = None) -> Iterator[tuple[Settings, Engine]]:
    """Give an engine that may do everything, on a database that is ready."""
    with ready(settings or settings_of()) as found:
        if found.database_url is None:
            raise ValueError("ready() names a database")
        engine = connect(found.database_url.get_secret_value(), as_owner=True)
        try:
            yield found, engine
        finally:
            engine.dispose()


def _prepare(settings: Settings, url: str) -> None:
    try:
        owner = connect(url, as_owner=True, pool_size=1)
    except ArgumentError:
        fail("APP_DATABASE_URL không phải địa chỉ cơ sở dữ liệu, ví dụ postgresql://u:p@host/db.")
    try:
        migrate(owner)
        seed(owner)
        backfill(owner, payment_stops=settings.payment_wait_stops_clock)
    except ProgrammingError as error:
        fail(f"Không chuẩn bị được cơ sở dữ liệu: {_reason(error)}")
    finally:
        owner.dispose()


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
