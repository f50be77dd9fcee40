"""Starting everything, keeping it running, stopping all of it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from app import clock
from app.cli.database import fail, ready
from app.cli.parent import PARENT
from app.cli.reading import settings_of
from app.cli.token import CITIZEN, make
from app.db.server import make_home, revive
from app.domain.errors import DomainError
from app.seeds import read_agencies
from app.settings import Settings
from app.signatures.certificates import Holder
from app.signatures.pki import make_sample_pki

_READY_WITHIN_S = 60
_STOP_WITHIN_S = 15
_RESTART_AFTER_S = 1.0
SAMPLE_AGENCY = "H44.10"


@dataclass
class _Child:
    """A process that is started again when it ends by itself."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches us alone, and we stop the children in order.
        self.process = subprocess.Popen(  # noqa: S603  (our own command)
            [sys.executable, "-m", "app.cli", *self.arguments],
            env=self.environment,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )

    def start_again(self) -> None:
        """Start anew after an unwanted end; what it left behind is killed and frees its port."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.start()

    @property
    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def end(self, within_s: float) -> None:
        """Wait for the end; what does not end is killed with all it started."""
        if self.process is None:
            return
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def run(port: int | None) -> None:
    """Run until SIGINT or SIGTERM."""
    begun = time.monotonic()
    settings = settings_of(port=port)
    closing = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: closing.set())
    _refuse_taken_ports(settings)
    _refuse_unwritable(settings)
    console = Console()
    console.print("Đang khởi động cơ sở dữ liệu ...", style="dim")
    with ready(settings) as found, tempfile.TemporaryDirectory(prefix="motcua-metrics-") as counts:
        agencies = [(agency.code, agency.name) for agency in read_agencies()]
        citizen = Holder(CITIZEN[1], f"CCCD:{CITIZEN[0]}")
        make_sample_pki(settings.trust_dir, clock.now(), agencies=agencies, citizen=citizen)
        with _running(_children(found, counts), closing) as children:
            if _wait_until_ready(settings, children, closing):
                _greet(console, settings, time.monotonic() - begun)
            _keep_running(settings, children, closing)
            console.print("\nĐang dừng ...", style="dim")


def _children(settings: Settings, counts: str) -> list[_Child]:
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    environment = os.environ | {
        "APP_DATABASE_URL": url,
        "APP_DATA_DIR": str(settings.data_dir),
        "APP_HOST": settings.host,
        "APP_PORT": str(settings.port),
        "PROMETHEUS_MULTIPROC_DIR": counts,
        PARENT: str(os.getpid()),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    return [_Child(name, [name], environment) for name in ("mocks", "serve", "worker")]


def _refuse_taken_ports(settings: Settings) -> None:
    ports = ("API", "hệ thống mô phỏng", "máy chủ thư mô phỏng")
    for port, what in enumerate(ports, settings.port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                fail(
                    f"Không mở được cổng {port} ({what}): {error.strerror}. "
                    "Hãy chọn cổng khác bằng --port hoặc APP_PORT."
                )


def _refuse_unwritable(settings: Settings) -> None:
    try:
        make_home(settings.data_dir)
    except DomainError as refusal:
        fail(refusal.detail)


@contextmanager
def _running(children: list[_Child], closing: threading.Event) -> Iterator[list[_Child]]:
    try:
        for child in children:
            if not closing.is_set():
                child.start()
        yield children
    finally:
        for child in reversed(children):
            child.stop()
        deadline = time.monotonic() + _STOP_WITHIN_S
        for child in reversed(children):
            child.end(max(0.1, deadline - time.monotonic()))


def _wait_until_ready(settings: Settings, children: list[_Child], closing: threading.Event) -> bool:
    waiting = [f"{settings.mocks_url}/livez", f"{settings.web_url_local}/readyz"]
    deadline = time.monotonic() + _READY_WITHIN_S
    with httpx.Client(trust_env=False, timeout=2) as http:
        while waiting and not closing.is_set():
            if time.monotonic() > deadline or any(child.has_ended for child in children):
                fail("Một tiến trình không khởi động được; xem thông báo lỗi ở trên.")
            try:
                if http.get(waiting[0]).is_success:
                    waiting.pop(0)
                    continue
            except httpx.TransportError:
                pass
            closing.wait(0.05)
    return not closing.is_set()


def _keep_running(settings: Settings, children: list[_Child], closing: threading.Event) -> None:
    while not closing.wait(_RESTART_AFTER_S):
        _revive_database(settings)
        for child in children:
            if child.has_ended and not closing.is_set():
                sys.stderr.write(f"motcua: {child.name} ended, starting it again\n")
                child.start_again()


def _revive_database(settings: Settings) -> None:
    """Start the embedded server again if it was killed; the children find it by themselves."""
    if settings.database_url is not None:
        return
    try:
        if revive(settings.data_dir):
            sys.stderr.write("motcua: the database ended, it was started again\n")
    except DomainError as refusal:
        sys.stderr.write(f"motcua: {refusal.detail}\n")


def _greet(console: Console, settings: Settings, seconds: float) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("API", settings.web_url_local)
    table.add_row("Tài liệu API", f"{settings.web_url_local}/docs")
    table.add_row("Số liệu máy đọc", f"{settings.web_url_local}/metrics")
    table.add_row("Hệ thống mô phỏng", settings.mocks_url)
    table.add_row("Dữ liệu", str(settings.data_dir))
    console.print(table)
    console.print(f"\nThẻ truy cập mẫu ({SAMPLE_AGENCY}, 12 giờ):")
    for role in ("applicant", "receptionist", "officer", "approver", "analyst", "administrator"):
        agency = None if role == "applicant" else SAMPLE_AGENCY
        console.print(f"{role}:", style="bold")
        # Not through the table: a token must be one line to be copied.
        console.print(make(settings, role, agency), soft_wrap=True, highlight=False, style="dim")
    console.print(f"\nSẵn sàng sau {seconds:.1f} giây. Chạy thử: motcua demo. Dừng: Ctrl-C.")
