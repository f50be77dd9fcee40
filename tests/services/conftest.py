"""One set of mocks for the session, an office per test or per module."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.builders import mocks as running_mocks
from tests.builders import partners, settings_for
from tests.services.office import Mocks, Office, opened
from tests.services.telling import Telling, telling, telling_mocks


@pytest.fixture(scope="session")
def session_mocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    with (
        running_mocks(tmp_path_factory.mktemp("mocks")) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=30) as http,
    ):
        yield Mocks(url, http)


@pytest.fixture
def mocks(session_mocks: Mocks) -> Mocks:
    session_mocks.calm()
    return session_mocks


@pytest.fixture
def office(database: str, mocks: Mocks, tmp_path: Path) -> Iterator[Office]:
    """An office on a database of its own, with a clock that stands."""
    settings = settings_for(database, tmp_path, **partners(mocks.url))
    with opened(settings, mocks, tmp_path) as office:
        yield office


@pytest.fixture(scope="module")
def shared_office(
    module_database: str, session_mocks: Mocks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """An office that the tests of a module share, each with dossiers of its own."""
    session_mocks.calm()
    folder = tmp_path_factory.mktemp("office")
    settings = settings_for(module_database, folder, **partners(session_mocks.url))
    with opened(settings, session_mocks, folder) as office:
        yield office


@pytest.fixture
def errand_office(shared_office: Office, mocks: Mocks) -> Iterator[Office]:
    """The module's office without any look-up or parcel, and well-behaved partners."""
    office, desk = shared_office, shared_office.desk
    assert office.mocks is mocks
    office.change(
        "TRUNCATE lookup_answer, lookup_log, lookup_file, lookup, post_track, post_order,"
        " partner_breaker"
    )
    office.change("UPDATE post_poll SET lease = NULL, leased_until = NULL, attempts = 0")
    yield office
    office.desk = desk
    desk.partners.post.http.timeout = office.settings.partner_timeout_s
    desk.partners.lgsp.http.timeout = office.settings.lgsp_timeout_s


@pytest.fixture(scope="session")
def channel_mocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    with telling_mocks(tmp_path_factory.mktemp("channels")) as mocks:
        yield mocks


@pytest.fixture
def people(module_database: str, channel_mocks: Mocks, tmp_path: Path) -> Iterator[Telling]:
    """An office that tells people and subscribers; what others were told is forgotten."""
    with telling(module_database, channel_mocks, tmp_path) as told:
        yield told
