"""Short commands: each explains itself, and works whether the server runs or not."""

import pytest
from jose import jwt

from tests.processes.station import Station

COMMANDS = (
    *("up", "serve", "worker", "mocks", "migrate", "replay", "annex", "due", "demo", "token"),
    *("papers", "register", "verify-signature"),
    *("verify-signature", "notices", "webhooks"),
)


def test_the_command_lists_all_that_it_can(station: Station) -> None:
    done = station.run("--help")

    assert done.returncode == 0
    assert all(f"  {command} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(station: Station, command: str) -> None:
    done = station.run(command, "--help")

    assert done.returncode == 0, done.stderr
    assert f"{command} [OPTIONS]" in done.stdout
    explained = done.stdout.split("[OPTIONS]", 1)[1].strip()
    assert len(explained.split("Options:")[0]) > 20
    assert not station.data_dir.exists(), "asking does nothing"


def test_a_command_that_is_not_there_is_refused(station: Station) -> None:
    assert station.run("khac").returncode == 2


def test_the_annex_of_an_empty_province_names_every_agency(prepared: Station) -> None:
    done = prepared.run("annex", "--from", "2021-01-01", "--to", "2021-06-30", "--format", "csv")

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "period,group,row,agency,total,at_desk,online,online_rate_percent"
    assert len(lines) == 1 + 31 + 2
    assert all(line.endswith(",0,0,0,0.00") for line in lines[1:])
    prepared.check_nothing_is_left()


def test_a_migration_that_is_done_is_not_done_again(prepared: Station) -> None:
    done = [prepared.run("migrate") for _ in range(2)]

    assert [each.returncode for each in done] == [0, 0]
    prepared.check_nothing_is_left()


def test_a_token_is_made_without_any_server(station: Station) -> None:
    done = station.run("token", "--role", "officer", "--agency", "H44.10", "--hours", "1")

    assert done.returncode == 0, done.stderr
    claims = jwt.get_unverified_claims(done.stdout.strip())
    assert claims["iss"] == f"{station.mocks_url}/identity"
    assert (claims["role"], claims["agency"]) == ("officer", "H44.10")
    assert claims["exp"] - claims["iat"] == 3600
    station.check_nothing_is_left()
