"""What cannot work ends with one clear sentence, not with a traceback."""

import socket

import pytest
from sqlalchemy import text

from app.db.access import connect
from tests.processes.station import Station, one_sentence


@pytest.mark.parametrize("offset", [0, 1], ids=["API", "mocks"])
def test_a_port_in_use_is_named(station: Station, offset: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", station.port + offset))
        taken.listen()

        said = one_sentence(station.run("up"))

    assert str(station.port + offset) in said
    assert "--port" in said
    station.check_nothing_is_left()


def test_the_port_of_the_option_wins(station: Station) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", station.port))
        taken.listen()
        port, station.settings["APP_PORT"] = station.port, "1"

        said = one_sentence(station.run("up", "--port", str(port)))

    assert str(port) in said


@pytest.fixture
def ordinary(station: Station, ordinary_user: list[str]) -> list[str]:
    """What a command begins with that somebody runs who may not write to the folder."""
    station.folder.chmod(0o755 if ordinary_user else 0o555)
    return ordinary_user


@pytest.mark.parametrize("command", ["up", "migrate"])
def test_a_folder_without_write_permission_is_named(
    station: Station, ordinary: list[str], command: str
) -> None:
    said = one_sentence(station.run(command, prefix=ordinary))

    assert str(station.data_dir) in said
    assert "APP_DATA_DIR" in said


def test_such_a_folder_is_refused_beside_a_database_elsewhere_too(
    station: Station, ordinary: list[str], database: str
) -> None:
    station.settings["APP_DATABASE_URL"] = database

    assert str(station.data_dir) in one_sentence(station.run("up", prefix=ordinary))


def test_a_file_in_the_place_of_the_folder_is_refused(station: Station) -> None:
    station.data_dir.write_text("")

    assert str(station.data_dir) in one_sentence(station.run("up"))


@pytest.mark.parametrize("command", ["up", "migrate"])
def test_a_database_of_a_newer_version_is_refused(
    station: Station, database: str, command: str
) -> None:
    station.settings["APP_DATABASE_URL"] = database
    _on(database, "UPDATE alembic_version SET version_num = '29990101_later'")

    said = one_sentence(station.run(command))

    assert "29990101_later" in said
    assert "mới hơn" in said
    station.check_nothing_is_left()


def test_a_cluster_of_another_major_version_is_refused(station: Station) -> None:
    (station.data_dir / "postgres").mkdir(parents=True)
    (station.data_dir / "postgres" / "PG_VERSION").write_text("12\n")

    said = one_sentence(station.run("up"))

    assert "PostgreSQL 12" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_PORT", "cổng"),
        ("APP_WEB_PROCESSES", "0"),
        ("APP_HANDOVER_CUTOFF", "25:00"),
        ("APP_PAYMENT_SIGNATURE", "md5"),
    ],
)
def test_a_bad_setting_is_named(station: Station, name: str, value: str) -> None:
    station.settings[name] = value

    assert name in one_sentence(station.run("up"))


@pytest.mark.parametrize(
    "url",
    [
        "không phải địa chỉ",
        "postgresql://postgres@127.0.0.1:1/motcua",
        "postgresql://postgres@/motcua?host=/khong/co",
    ],
)
@pytest.mark.parametrize("command", ["up", "migrate"])
def test_a_database_that_is_not_there_is_told(station: Station, url: str, command: str) -> None:
    station.settings["APP_DATABASE_URL"] = url

    one_sentence(station.run(command))


def test_a_database_in_which_nothing_may_be_made_is_told(station: Station, database: str) -> None:
    _on(database, "DROP TABLE alembic_version", "CREATE ROLE weak_of_motcua LOGIN")
    try:
        station.settings["APP_DATABASE_URL"] = database.replace("postgres@", "weak_of_motcua@")
        one_sentence(station.run("migrate"))
    finally:
        _on(database, "DROP ROLE weak_of_motcua")


def test_the_demo_says_that_nothing_runs(station: Station) -> None:
    said = one_sentence(station.run("demo"))

    assert station.url in said
    assert "motcua up" in said


def test_a_period_that_ends_before_it_begins_is_told(station: Station) -> None:
    done = station.run("annex", "--from", "2021-06-30", "--to", "2021-01-01")

    one_sentence(done)
    assert done.returncode == 2


def test_a_token_nobody_can_have_is_told(station: Station) -> None:
    one_sentence(station.run("token", "--role", "receptionist"))


def _on(url: str, *statements: str) -> None:
    owner = connect(url, as_owner=True)
    with owner.begin() as db:
        for statement in statements:
            db.execute(text(statement))
    owner.dispose()
