"""CRASH (R1 of the partners' part): processes killed at random under load, then the books.

They are held against what clients were told and what the partners remember.
"""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import psycopg

from app.cli.token import make
from app.db.server import revive, running
from app.settings import Settings
from bench import crash_books, machine
from bench.crash_clients import Client, Notes
from bench.options import Options
from bench.report import Table, keep
from bench.stand import HERE, StandFailed, environment_for, free_port, wait_until_ready

_CLIENTS = 4
_WORKERS = ("worker 1", "worker 2")
_CHAOS = 0.1
_LEASE_S = 8
_SETTINGS = {
    "APP_DELIVERY_LEASE_S": str(_LEASE_S),
    "APP_PARTNER_TIMEOUT_S": "2",
    "APP_QUIET_HOURS": "00:00-00:00",
    "APP_WEBHOOK_INTERNAL_HOSTS": '["127.0.0.1"]',
}
_MISBEHAVING = (
    *("national-portal", "central-portal", "payment", "lgsp", "post"),
    *("mail", "sms", "zalo", "hooks"),
)
_QUIET_WITHIN_S = 600
_AWAY = re.compile(r"OperationalError|psycopg|sqlalchemy|HTTPStatusError")
_NOTES = """
Load: 4 clients hand in dossiers with three papers each, pay at the platform, and lead dossiers
through acceptance, processing, resolution and return, over HTTP under idempotency keys; what has
no answer is asked for again until it has. They note what was acknowledged. Half of the agencies
are told to generation B. Chaos: 10 % of the calls of every partner meet a fault of any kind.
Killed with SIGKILL: a worker or both, PostgreSQL's postmaster, one of its backends, a web process,
all of them; the partners' stand-ins, whose memory is the witness, are restarted by SIGTERM. In the
end chaos is off, everything runs, and waits of the back-off are cut short until all is told; what
stood before a person is counted, and let go on.
Expected is what clients were told (acts, payments) or our events (what partners were told). Lost:
expected and not there; doubled: there more often; out of order: there, in another order.
"""


@dataclass
class _Plant:
    """The processes of a province, to be killed and started again."""

    settings: Settings
    url: str
    home: Path
    environment: dict[str, str]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str) -> None:
        # From the main thread alone: a child ends with the thread that made it.
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", "app.cli", name.split(maxsplit=1)[0]],
            env=self.environment,
            cwd=HERE,
            start_new_session=True,
            stderr=self.log.open("ab"),
        )

    @property
    def log(self) -> Path:
        return self.home / "processes.log"

    def faults(self) -> list[str]:
        """Return the errors that processes logged and that are none of a database that is away."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        last = re.findall(r"Traceback .*?\n(?=\S)(\S[^\n]*)", text, flags=re.DOTALL)
        return [line for line in last if not _AWAY.search(line)]

    def kill(self, *names: str) -> None:
        """Kill processes with all they started, and start them again."""
        for name in names:
            os.killpg(self.running[name].pid, signal.SIGKILL)
        for name in names:
            self.running[name].wait()
            self.start(name)

    def end(self, name: str) -> None:
        process = self.running[name]
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def postmaster(self) -> psutil.Process:
        line = (self.home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0]
        return psutil.Process(int(line))

    def partners(self) -> httpx.Client:
        return httpx.Client(base_url=self.settings.mocks_url, trust_env=False, timeout=30)


def measure(options: Options) -> None:
    """Kill for so many rounds, let everything come to rest, hold the books; keep the table."""
    draw = random.Random(options.seed)
    with _plant() as plant:
        _prepare(plant)
        notes, kills, begun = Notes(), Counter[str](), time.monotonic()
        with _load(plant, notes, options.seed):
            for number in range(options.rounds):
                time.sleep(draw.uniform(1.0, 5.0))
                kills[_strike(plant, draw)] += 1
                _progress(number + 1, options.rounds, notes)
            _raise_all(plant)
        seconds = time.monotonic() - begun
        _misbehave(plant, 0.0)
        stood = _come_to_rest(plant)
        table = Table(
            "CRASH killed under load",
            ["what", "expected", "found", "lost", "doubled", "out of order", "before a person"],
        )
        for row in crash_books.rows(plant.url, plant.settings.mocks_url, notes.dossiers):
            table.add(*row.cells(), stood.get(row.what, ""))
        unknown = crash_books.number(plant.url, crash_books.UNKNOWN)
        table.notes = _said(kills, notes, unknown, plant.faults()) + _NOTES
        data = (
            f"{options.rounds} rounds in {seconds:.0f} s, seed {options.seed}, "
            f"{len(notes.dossiers):,} dossiers; {machine.describe_server(plant.url)}"
        )
        keep(table, options, data)


def _said(kills: Counter[str], notes: Notes, unknown: int, faults: list[str]) -> str:
    killed = ", ".join(f"{name} {times}" for name, times in sorted(kills.items()))
    again = ", ".join(f"{name} {times}" for name, times in sorted(notes.asked_again.items()))
    refused = "; ".join(notes.refusals[:3]) or "none"
    return (
        f"Killed: {killed}. Requests that clients repeated: {again or 'none'}. Messages whose "
        f"worker never came back: {unknown}. Requests refused: {refused}. Errors that processes "
        f"logged, but for those of a database that is away: {'; '.join(faults[:3]) or 'none'}.\n"
    )


@contextmanager
def _plant() -> Iterator[_Plant]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="motcua-crash-")))
        counts = stack.enter_context(TemporaryDirectory(prefix="motcua-crash-metrics-"))
        settings = Settings(data_dir=home, port=free_port(), database_url=None)
        url = stack.enter_context(running(home))
        environment = environment_for(settings, HERE) | _SETTINGS
        environment |= {"APP_DATABASE_URL": url, "PROMETHEUS_MULTIPROC_DIR": counts}
        migrate = [sys.executable, "-m", "app.cli", "migrate"]
        subprocess.run(migrate, env=environment, check=True, stdout=subprocess.DEVNULL)
        plain = url.replace("postgresql+psycopg://", "postgresql://")
        plant = _Plant(settings, plain, home, environment)
        for name in ("mocks", "serve", *_WORKERS):
            plant.start(name)
            stack.callback(plant.end, name)
        wait_until_ready(settings)
        yield plant


def _prepare(plant: _Plant) -> None:
    """Tell half of the agencies to generation B, subscribe another system, let partners err."""
    with psycopg.connect(plant.url) as db:
        db.execute(
            "INSERT INTO portal_route (agency, valid_from, generation, unit)"
            " SELECT code, '2020-01-01', 'central', 'G09.20' FROM agency WHERE id % 2 = 0"
        )
    administrator = make(plant.settings, "administrator", "H44", "qt@H44", "Quản trị", hours=24)
    form = {
        "name": "kho",
        "url": f"{plant.settings.mocks_url}/hooks/kho",
        "agency": "H44",
        "types": [],
    }
    with httpx.Client(base_url=plant.settings.web_url_local, trust_env=False, timeout=30) as http:
        headers = {"Authorization": f"Bearer {administrator}", "Idempotency-Key": "crash-kho"}
        made = http.post("/v1/webhooks", json=form, headers=headers).raise_for_status().json()
    plant.environment["CRASH_HOOK"] = made["secret"]
    _misbehave(plant, _CHAOS)


def _misbehave(plant: _Plant, chaos: float) -> None:
    """Set how often partners misbehave, and make the subscriber known to its stand-in again."""
    with plant.partners() as mocks:
        for name in _MISBEHAVING:
            mocks.patch(f"/{name}/_switches", json={"chaos": chaos}).raise_for_status()
        secret = {"secrets": [plant.environment["CRASH_HOOK"]]}
        mocks.put("/hooks/_endpoints/kho", json=secret).raise_for_status()


@contextmanager
def _load(plant: _Plant, notes: Notes, seed: int) -> Iterator[None]:
    def token_of(role: str, agency: str | None, subject: str, name: str) -> str:
        return make(plant.settings, role, agency, subject, name, hours=24)

    closing = threading.Event()
    clients = [Client(n, plant.settings, token_of, notes, seed) for n in range(_CLIENTS)]
    threads = [threading.Thread(target=client.run, args=[closing]) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        closing.set()
        for thread in threads:
            thread.join()


def _worker(plant: _Plant, draw: random.Random) -> None:
    plant.kill(draw.choice(_WORKERS))


def _both_workers(plant: _Plant, _: random.Random) -> None:
    plant.kill(*_WORKERS)


def _database(plant: _Plant, draw: random.Random) -> None:
    plant.postmaster().kill()
    time.sleep(draw.uniform(0.0, 1.0))
    _revive(plant)


def _backend(plant: _Plant, draw: random.Random) -> None:
    """Kill one backend: the postmaster then ends all others and recovers by itself."""
    draw.choice(plant.postmaster().children()).kill()


def _web_process(plant: _Plant, draw: random.Random) -> None:
    below = psutil.Process(plant.running["serve"].pid).children(recursive=True)
    if below:
        draw.choice(below).kill()


def _whole_web(plant: _Plant, _: random.Random) -> None:
    plant.kill("serve")


def _partners(plant: _Plant, _: random.Random) -> None:
    plant.end("mocks")
    plant.start("mocks")
    wait_until_ready(plant.settings)
    _misbehave(plant, _CHAOS)


_STRIKES: dict[str, tuple[int, Callable[[_Plant, random.Random], None]]] = {
    "a worker": (8, _worker),
    "both workers": (2, _both_workers),
    "PostgreSQL": (4, _database),
    "a backend": (2, _backend),
    "a web process": (3, _web_process),
    "all web processes": (1, _whole_web),
    "stand-ins (restarted)": (2, _partners),
}


def _strike(plant: _Plant, draw: random.Random) -> str:
    """Kill something; return its name."""
    names = list(_STRIKES)
    [name] = draw.choices(names, [_STRIKES[name][0] for name in names])
    try:
        _STRIKES[name][1](plant, draw)
    except (psutil.NoSuchProcess, FileNotFoundError, IndexError):
        _revive(plant)  # it was still away from the strike before
    return name


def _revive(plant: _Plant) -> None:
    revive(plant.home)


def _raise_all(plant: _Plant) -> None:
    """Start whatever is not there: clients wait for the outcome of their last requests."""
    _revive(plant)
    for name, process in plant.running.items():
        if process.poll() is not None:
            plant.start(name)
    wait_until_ready(plant.settings)


def _come_to_rest(plant: _Plant) -> dict[str, int]:
    """Wait until everything is told, waits cut short; return how much stood before a person."""
    deadline = time.monotonic() + _QUIET_WITHIN_S
    stood: dict[str, int] = {}
    while time.monotonic() < deadline:
        time.sleep(1)
        with psycopg.connect(plant.url) as db:
            for statement in crash_books.CUT_SHORT:
                db.execute(statement)
            left = crash_books.left(db)
        if not left:
            if stood:
                return stood
            with psycopg.connect(plant.url) as db:
                stood = crash_books.let_go_on(db)
    raise StandFailed(f"not at rest after {_QUIET_WITHIN_S} s: {left}")


def _progress(number: int, rounds: int, notes: Notes) -> None:
    acts = sum(len(told.acts) for told in notes.dossiers)
    sys.stderr.write(f"\rround {number} of {rounds}, {acts} acts acknowledged ")
    sys.stderr.flush()
