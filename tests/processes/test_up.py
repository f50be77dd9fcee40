"""`motcua up` for real: starts everything, stops everything, survives what is done to it."""

import json
import os
import signal
from datetime import date, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from app.db.access import connect
from tests.processes.station import Running, Station, until, up

ROLES = ("applicant", "receptionist", "officer", "approver", "analyst", "administrator")


def _annex(station: Station) -> list[dict[str, str]]:
    """Return the annex of yesterday to tomorrow: whatever is handed in now is in it."""
    today = date.today()  # noqa: DTZ011  (the command reads the same clock)
    days = ["--from", str(today - timedelta(1)), "--to", str(today + timedelta(1))]
    done = station.run("annex", *days, "--format", "json")
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, str]] = json.loads(done.stdout)
    return rows


def _received(rows: list[dict[str, str]]) -> int:
    return sum(int(row["total"]) for row in rows if row["row"] == "total")


def _token(station: Station, *options: str) -> str:
    done = station.run("token", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _demo(station: Station) -> set[str]:
    """Play the demo, have it succeed, and return the codes of its dossiers."""
    demo = station.run("demo", "--json")
    assert demo.returncode == 0, demo.stderr
    steps = [json.loads(line) for line in demo.stdout.splitlines()]
    assert [step["step"] for step in steps] == list(range(1, len(steps) + 1))
    codes = {step["dossier"] for step in steps if step["dossier"]}
    assert len(codes) == 3
    return codes


def _list(station: Station, token: str) -> dict[str, Any]:
    answer = station.get("/v1/dossiers", token)
    assert answer is not None
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def test_from_nothing_to_the_demo_and_back_to_nothing_with_the_data_kept(station: Station) -> None:
    with up(station) as running:
        _check_greeting(station, running)
        codes = _demo(station)
        while_running = _annex(station)
        running.send(signal.SIGINT)
        assert running.end() == 0

    station.check_nothing_is_left()
    assert _received(while_running) == 3
    assert _annex(station) == while_running
    station.check_nothing_is_left()

    clerk = _token(station, "--role", "receptionist", "--agency", "H44.29")
    with up(station):
        listed = json.dumps(_list(station, clerk))
        assert [code in listed for code in sorted(codes)] == [
            code.startswith("H44.29-") for code in sorted(codes)
        ]
        told = httpx.get(f"{station.mocks_url}/national-portal/_dossiers", trust_env=False).json()
        assert set(told["codes"]) == codes


def _check_greeting(station: Station, running: Running) -> None:
    said = running.said
    assert station.url in said
    assert station.mocks_url in said
    for role in ROLES:
        printed = said.split(f"\n{role}:\n", 1)[1].splitlines()[0]
        answer = station.get("/v1/dossiers", printed)
        assert answer is not None
        assert answer.is_success, role


def test_killed_it_leaves_no_process_of_its_own_and_the_next_start_works(
    prepared: Station,
) -> None:
    with up(prepared) as running:
        running.send(signal.SIGKILL)
        running.process.wait()
        until(lambda: not prepared.pids("app.cli"), "the end of the children", patience_s=20)
        until(lambda: not prepared.pids("spawn_main"), "and of theirs", patience_s=20)

    with up(prepared):
        pass
    prepared.check_nothing_is_left()


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _children(station: Station, name: str) -> list[int]:
    return station.pids("app.cli", f" {name} ")


def _kill_child(station: Station, name: str) -> None:
    [before] = _children(station, name)
    _kill(before)
    until(lambda: len(set(_children(station, name)) - {before}) == 1, name)


def _kill_database(station: Station) -> None:
    pid = int((station.data_dir / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
    _kill(pid)
    until(lambda: not station.is_ready(), "the web knows that the database is away")


def test_whatever_of_it_is_killed_is_started_again(prepared: Station) -> None:
    with up(prepared) as running:
        for name in ("mocks", "serve", "worker"):
            _kill_child(prepared, name)
        until(lambda: len(prepared.pids("spawn_main")) == 2, "the new web processes alone")
        for pid in prepared.pids("spawn_main"):
            _kill(pid)
        _kill_database(prepared)
        until(prepared.is_ready, "everything")

        _demo(prepared)

        running.send(signal.SIGTERM)
        assert running.end() == 0
    prepared.check_nothing_is_left()


def test_a_database_that_settings_name_is_used_and_left_running(
    station: Station, database: str
) -> None:
    station.settings["APP_DATABASE_URL"] = database
    owner = connect(database, as_owner=True)
    with owner.begin() as db:
        db.execute(text("UPDATE agency SET name = 'Sở Thử nghiệm' WHERE code = 'H44.10'"))

    with up(station):
        answer = station.get("/v1/agencies")
        assert answer is not None
        assert "Sở Thử nghiệm" in answer.text
        assert not (station.data_dir / "postgres").exists()
        assert station.pids("postgres") == []

    station.check_nothing_is_left()
    with owner.connect() as db:
        assert db.scalar(text("SELECT 1")) == 1
    owner.dispose()


def test_each_command_alone_finds_the_database_by_the_same_settings(prepared: Station) -> None:
    web, worker = prepared.start("serve"), prepared.start("worker")
    until(prepared.is_ready, "the web alone")
    assert worker.process.poll() is None, worker.said

    for running in (web, worker):
        running.send(signal.SIGINT)
    assert [running.end() for running in (web, worker)] == [0, 0]
    prepared.check_nothing_is_left()
