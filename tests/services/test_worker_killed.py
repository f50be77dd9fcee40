"""A worker, or the database, killed at any point: nothing lost, nothing doubled, all in order.

The worker is the real process. The portal's mock answers late or never, so that it is known where
the worker is when it is killed.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.db.access import connect
from app.db.migrate import migrate
from app.db.server import running
from app.domain.lifecycle import Act
from app.domain.payments import Purpose
from app.services import fees
from app.services.seeding import seed
from tests.builders import partners, settings_for
from tests.services.cashier import until
from tests.services.office import Mocks, Office, opened
from tests.services.portal_inbox import dossiers_of, fetched, handed_in, receive, row_of

ROOT = Path(__file__).resolve().parents[2]
JOURNEY = (Act.TAKE_IN, Act.START, Act.REQUEST_SUPPLEMENT, Act.SUPPLEMENT, Act.RESOLVE)
LATE_S = 60  # longer than anything here lives


@contextmanager
def a_worker(office: Office) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker process; it is killed at the end if nobody did before."""
    assert office.settings.database_url is not None
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "APP_DATABASE_URL": office.settings.database_url.get_secret_value(),
        "APP_DATA_DIR": str(office.settings.data_dir),
        "APP_PORTAL_URL": office.settings.portal,
        "APP_PAYMENT_URL": office.settings.payment,
        "APP_LGSP_URL": office.settings.lgsp,
        "APP_POST_URL": office.settings.post,
        "APP_DELIVERY_LEASE_S": "4",  # calls begin in its first half
        "APP_DELIVERY_THREADS": "4",
        "APP_PARTNER_TIMEOUT_S": str(LATE_S),
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "app.worker"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


def _make_due(office: Office) -> None:
    """Let the real clock of the worker find everything due, whatever day it is."""
    office.change("UPDATE delivery SET next_at = '2000-01-01' WHERE state = 'waiting'")


def _waiting(office: Office) -> int:
    try:
        found = office.one("SELECT count(*) AS n FROM delivery WHERE state <> 'acknowledged'")
    except OperationalError:
        return -1  # the database is away
    return int(found["n"])


def _until_hit(mocks: Mocks, kind: str, before: int) -> None:
    until(lambda: mocks.hits()[kind] > before)


def _until_told(mocks: Mocks, count: int) -> None:
    until(lambda: mocks.stats()["told"] >= count)


def _finish(office: Office) -> None:
    with a_worker(office):
        until(lambda: _waiting(office) == 0)


def test_killed_between_call_and_record_nothing_is_lost_or_doubled(
    office: Office, mocks: Mocks
) -> None:
    codes = []
    for kind in ("delay", "hang"):
        for call in ("TraCuuHoSo", "DongBoHoSoMC", "CapNhatTienDoHoSoMC"):
            codes.append(office.walk(*JOURNEY))
            _make_due(office)
            before = mocks.hits()[kind]
            mocks.fault(kind, service=call, seconds=LATE_S)
            with a_worker(office) as worker:
                _until_hit(mocks, kind, before)
                worker.send_signal(signal.SIGKILL)
                worker.wait()
            mocks.http.delete("/national-portal/_faults")

    _finish(office)

    for code in codes:
        office.check_books(code)


@pytest.mark.parametrize("kind", ["delay", "hang"])
def test_killed_while_it_opens_a_payment_the_payment_is_opened_once(
    office: Office, mocks: Mocks, kind: str
) -> None:
    code = office.submit()
    request = office.request(code, Act.WITHDRAW)
    opened_payment = fees.open_payment(
        office.desk, request, purpose=Purpose.ACCEPTANCE, payer_ip="127.0.0.1"
    )
    _make_due(office)
    mocks.fault(kind, partner="payment", service="init", seconds=LATE_S)
    with a_worker(office) as worker:
        until(lambda: mocks.hits("payment")[kind] == 1)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert office.payment(opened_payment["reference"])["status"] == "opened"
    mocks.http.delete("/payment/_faults")

    _finish(office)

    payment = office.payment(opened_payment["reference"])
    assert payment["status"] == "pending"
    assert mocks.orders() == [payment["reference"]]


def test_killed_again_and_again_under_load_nothing_is_lost_or_doubled(
    office: Office, mocks: Mocks
) -> None:
    codes = [office.walk(*JOURNEY) for _ in range(8)]
    _make_due(office)
    mocks.switch(delay_ms=30.0)

    for told in (3, 12, 21, 30):
        with a_worker(office) as worker:
            _until_told(mocks, told)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    assert _waiting(office) > 0
    _finish(office)

    for code in codes:
        office.check_books(code)


def test_a_worker_that_is_asked_to_end_finishes_what_it_has_in_hand(
    office: Office, mocks: Mocks
) -> None:
    code = office.take_in()
    _make_due(office)
    mocks.fault("delay", service="DongBoHoSoMC", seconds=0.5)
    with a_worker(office) as worker:
        _until_hit(mocks, "delay", 0)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0

    office.check_books(code)


def test_the_database_killed_under_load_loses_nothing(mocks: Mocks, tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="motcua-") as folder, running(Path(folder)) as url:
        owner = connect(url, as_owner=True)
        migrate(owner)
        seed(owner)
        owner.dispose()
        settings = settings_for(url, tmp_path, **partners(mocks.url))
        with opened(settings, mocks, tmp_path) as office:
            codes = [office.walk(*JOURNEY) for _ in range(6)]
            _make_due(office)
            mocks.switch(delay_ms=30.0)
            with a_worker(office) as worker:
                _until_told(mocks, 8)
                _kill_database(Path(folder))
                with running(Path(folder)):
                    office.owner.dispose()
                until(lambda: _waiting(office) == 0)
                assert worker.poll() is None, "it outlived its database"

            for code in codes:
                office.check_books(code)


def _kill_database(folder: Path) -> None:
    pid = int((folder / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(pid, signal.SIGKILL)
    until(lambda: not _lives(pid))


def _lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_killed_between_the_files_of_a_portal_dossier_and_its_entry_there_is_one(
    office: Office,
) -> None:
    message = handed_in(office)
    code = message["MaHoSo"]
    receive(office, message)
    office.change("UPDATE inbound SET next_at = '2000-01-01'")
    waits = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with office.owner.begin() as held, a_worker(office) as worker:
        held.execute(text("LOCK TABLE intake_day IN SHARE ROW EXCLUSIVE MODE"))
        until(lambda: bool(office.one(waits)["n"]))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    stands = row_of(office, code)
    assert (stands["state"], dossiers_of(office, code)) == ("in_flight", 0)
    assert fetched(office, code) == [1, 1]

    with a_worker(office):
        until(lambda: row_of(office, code)["state"] == "entered")

    assert dossiers_of(office, code) == 1
    assert fetched(office, code) == [1, 1]
    assert office.rows("SELECT FROM inbound_file") == []
