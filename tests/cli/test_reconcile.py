"""`motcua reconcile`: run, stopped and resumed, shown, mended; `motcua catalogue status`."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import _app
from app.domain.lifecycle import Act
from tests.builders import MONDAY, mocks, partners, settings_for
from tests.services.office import Mocks, Office, opened
from tests.services.reconciled import alter, drop, plant

ROOT = Path(__file__).resolve().parents[2]
OCTOBER = ("--from", "2026-10-01", "--to", "2026-10-31")
Run = Callable[..., str]


@pytest.fixture(scope="module")
def office(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with mocks(folder) as url, httpx.Client(base_url=url, trust_env=False) as http:
        settings = settings_for(module_database, folder, **partners(url))
        with opened(settings, Mocks(url, http), folder) as office:
            yield office


@pytest.fixture
def environment(office: Office) -> dict[str, str]:
    settings = office.settings
    assert settings.database_url is not None
    return {
        "APP_DATABASE_URL": settings.database_url.get_secret_value(),
        "APP_DATA_DIR": str(settings.data_dir),
        "APP_PORTAL_URL": settings.portal,
        "APP_LINK_SECRET": settings.link_key.decode(),
        "COLUMNS": "200",
    }


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type a command and return what it said; it must end as it is told to."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def typed(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(_app, [*arguments])
        assert done.exit_code == code, done.output
        return done.output

    return typed


def test_a_run_is_shown_mended_and_then_equal(office: Office, run: Run, tmp_path: Path) -> None:
    office.clock.at = MONDAY
    lost, changed, fine = (office.walk(Act.SUBMIT, Act.ACCEPT) for _ in range(3))
    office.settle()
    drop(office, lost)
    alter(office, changed, ChuHoSo="Ai đó")
    other = "H44.10-261001-0009"
    plant(office, fine, other)
    listed = tmp_path / "cong.csv"
    listed.write_text(f"﻿STT,MaHoSo\n1,{other}\n2,{fine}\n", encoding="utf-8")

    said = run("reconcile", *OCTOBER, "--portal-list", str(listed))

    number = str(office.one("SELECT max(id) AS id FROM reconciliation")["id"])
    assert f"Đối chiếu số {number}: " in said
    assert f"hồ sơ cần gửi lại: motcua reconcile mend {number} --dry-run" in said
    shown = run("reconcile", "show", number)
    assert f"{lost}  Thiếu trên cổng: cổng đã xác nhận nhưng không còn giữ." in shown
    assert "ChuHoSo: ta Trần Thị Mẫu | cổng Ai đó" in shown
    assert f"{other}  Không có ở đây: có trong danh sách của cổng." in shown
    assert "Sẽ làm: " in run("reconcile", "mend", number, "--dry-run")
    assert "gửi lại theo thứ tự từ chỗ cổng thiếu" in run(
        "reconcile", "mend", number, "--kind", "missing"
    )
    assert (office.states(lost), office.states(changed)) == (
        ["waiting"] * 2,
        ["acknowledged"] * 2,
    )
    assert "Đã làm: " in run("reconcile", "mend", number)
    assert office.states(changed) == ["acknowledged", "waiting"]
    office.clock.move(days=200)  # the command's clock is the real one
    office.settle()

    again = run("reconcile", *OCTOBER)
    assert "cần gửi lại" not in again
    assert "tất cả" in run("reconcile", "list")


def test_a_list_that_cannot_be_read_begins_nothing(
    office: Office, run: Run, tmp_path: Path
) -> None:
    before = office.one("SELECT count(*) AS n FROM reconciliation")
    faulty = tmp_path / "cong.csv"
    faulty.write_text("MaHoSo\n=cmd()\n")
    assert "Dòng 2" in run("reconcile", *OCTOBER, "--portal-list", str(faulty), code=1)

    faulty.write_bytes(b"\xff\xfe\x00")
    said = run("reconcile", *OCTOBER, "--portal-list", str(faulty), code=1)
    assert "Không đọc được danh sách" in said
    assert office.one("SELECT count(*) AS n FROM reconciliation") == before


def test_days_must_be_named(run: Run) -> None:
    run("reconcile", code=2)


def _until_asked(office: Office, before: int) -> None:
    deadline = monotonic() + 60
    while office.mocks.hits()["delay"] == before:
        assert monotonic() < deadline
        sleep(0.05)


def test_killed_in_the_middle_of_a_question_it_is_resumed(
    office: Office, run: Run, environment: dict[str, str]
) -> None:
    office.clock.at = MONDAY
    code = office.submit()
    office.drain()
    drop(office, code)
    office.mocks.fault("delay", service="TraCuuHoSo", times=None, seconds=60)
    before = office.mocks.hits()["delay"]
    command = [sys.executable, "-m", "app.cli", "reconcile", *OCTOBER]
    process = subprocess.Popen(
        command,
        env=environment | {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_asked(office, before)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    office.mocks.http.delete("/national-portal/_faults")

    assert "Một tiến trình khác đang chạy" in run("reconcile", "--resume", code=1)
    office.change("UPDATE reconciliation SET leased_until = '2000-01-01' WHERE lease IS NOT NULL")
    said = run("reconcile", "--resume")

    assert "hồ sơ cần gửi lại" in said
    assert run("reconcile", "--resume") == "Không có lần đối chiếu nào dở dang.\n"
    row = office.one("SELECT * FROM reconciliation ORDER BY id DESC LIMIT 1")
    assert (row["state"], row["done"]) == ("finished", row["planned"])


def test_the_looks_at_the_catalogue_are_told(office: Office, run: Run) -> None:
    office.mocks.fault("http_503", service="LayDanhSachTTHC")
    run("catalogue", "sync", code=1)
    run("catalogue", "sync")

    last, first = run("catalogue", "status").splitlines()
    assert "0 dự thảo mới" in last
    assert "không đọc được: HTTP 503" in first
