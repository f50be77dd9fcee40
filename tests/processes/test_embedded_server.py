"""The embedded PostgreSQL: shared by who needs it, gone with the last of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from sqlalchemy import create_engine, text

from app.db.server import ServerRefused, revive, running
from tests.processes.station import NOBODY, Station, until

_HOLD = """
import sys
from pathlib import Path
from app.db.server import running

with running(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def a_holder(station: Station) -> Iterator[subprocess.Popen[str]]:
    """Run a process that uses the server until its input ends."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(station.data_dir)],
        env=station.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield holder
    finally:
        holder.kill()
        holder.communicate()


def _url(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout is not None
    url = holder.stdout.readline().strip()
    assert url
    return url


def _let_go(holder: subprocess.Popen[str]) -> None:
    holder.communicate()
    assert holder.returncode == 0


def _answers(url: str) -> bool:
    engine = create_engine(url)
    with engine.connect() as db:
        answer = db.scalar(text("SELECT count(*) FROM agency"))
    engine.dispose()
    return bool(answer)


def test_two_processes_share_it_and_the_last_one_out_stops_it(prepared: Station) -> None:
    with a_holder(prepared) as first, a_holder(prepared) as second:
        urls = {_url(first), _url(second)}
        [url] = urls
        assert len(prepared.pids("postgres", "-D")) == 1

        _let_go(first)
        assert _answers(url)
        _let_go(second)

    prepared.check_nothing_is_left()


def test_processes_that_start_together_make_one_server(station: Station) -> None:
    with a_holder(station) as first, a_holder(station) as second, a_holder(station) as third:
        holders = (first, second, third)
        assert len({_url(holder) for holder in holders}) == 1
        assert len(station.pids("postgres", "-D")) == 1
        for holder in holders:
            _let_go(holder)

    station.check_nothing_is_left()
    assert list(station.data_dir.glob("postgres.new.*")) == []


def test_a_user_that_was_killed_does_not_keep_it(prepared: Station) -> None:
    with a_holder(prepared) as killed, a_holder(prepared) as last:
        _url(killed)
        _url(last)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        _let_go(last)

    prepared.check_nothing_is_left()


def test_a_server_whose_only_user_was_killed_is_used_and_stopped_by_the_next(
    prepared: Station,
) -> None:
    with a_holder(prepared) as killed:
        _url(killed)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert len(prepared.pids("postgres", "-D")) == 1

    with running(prepared.data_dir) as url:
        assert _answers(url)

    prepared.check_nothing_is_left()


def test_a_server_that_was_killed_is_started_again_with_its_data(prepared: Station) -> None:
    with running(prepared.data_dir) as url:
        assert not revive(prepared.data_dir)
        [pid] = prepared.pids("postgres", "-D")
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in prepared.processes(), "its end")

        assert revive(prepared.data_dir)

        assert _answers(url)
    prepared.check_nothing_is_left()


def test_a_half_made_cluster_of_a_killed_process_is_cleared_away(station: Station) -> None:
    left = station.data_dir / "postgres.new.halb"
    left.mkdir(parents=True)
    (left / "PG_VERSION").write_text("18\n")

    with running(station.data_dir):
        pass

    assert not left.exists()


def test_a_long_path_is_no_obstacle(prepared: Station) -> None:
    deep = prepared.folder / ("một-thư-mục-" + "rất-" * 12 + "dài")
    deep.mkdir()
    prepared.data_dir.rename(deep / "data")

    with running(deep / "data") as url:
        socket_dir = Path(unquote(url.split("host=")[1]))
        assert deep not in socket_dir.parents
        assert _answers(url)
    socket_dir.rmdir()


def test_it_runs_as_an_ordinary_user_too(station: Station, ordinary_user: list[str]) -> None:
    if ordinary_user:
        os.chown(station.folder, NOBODY, NOBODY)
    station.settings["HOME"] = str(station.folder)

    done = station.run("migrate", prefix=ordinary_user)

    assert done.returncode == 0, done.stderr
    owner = (station.data_dir / "postgres").stat().st_uid
    assert owner == (NOBODY if ordinary_user else os.geteuid())
    station.check_nothing_is_left()


def test_what_the_server_cannot_do_is_told_in_its_words(
    prepared: Station,
) -> None:
    (prepared.data_dir / "postgres" / "postgresql.conf").write_text("nonsense = 1\n")

    with pytest.raises(ServerRefused, match="PostgreSQL"), running(prepared.data_dir):
        pass
