"""The entrance for files from outside: each is parsed in a process of its own that may die.

The parsers are large and the files are hostile: a thread can neither be killed nor limited. The
child gets a path, no secrets and no input; its answer is checked before it is believed.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from app.domain.signature import SubIndication, Verdict, undecided
from app.signatures.wire import NotAVerdict, from_json

_MOST_OUTPUT = 256 * 1024
_ROOT = Path(__file__).resolve().parents[2]
_CHILD = (sys.executable, "-P", "-B", "-m", "app.signatures.child")

_DIED = "Tiến trình kiểm tra dừng bất thường với tệp này."
_SLOW = "Quá thời gian kiểm tra cho phép."


def check(
    path: Path,
    trust_dir: Path,
    *,
    now: datetime,
    limit_s: float = 10,
    memory_mb: int = 1024,
    command: Sequence[str] = _CHILD,
) -> Verdict:
    """Return the verdict on a file's signatures as of `now`, whatever the file does to the parser.

    A child that dies, hangs past `limit_s` seconds, takes more than `memory_mb` or answers
    nonsense gives INDETERMINATE, POLICY_PROCESSING_ERROR. Safe to call from any thread.
    """
    arguments = [str(path.resolve()), str(trust_dir.resolve()), now.isoformat()]
    try:
        answer = _run([*command, *arguments, str(limit_s), str(memory_mb)], limit_s)
        return from_json(json.loads(answer))
    except subprocess.TimeoutExpired:
        return undecided(SubIndication.POLICY_PROCESSING_ERROR, _SLOW)
    except (OSError, ValueError, RecursionError, NotAVerdict, subprocess.CalledProcessError):
        return undecided(SubIndication.POLICY_PROCESSING_ERROR, _DIED)


def _run(command: list[str], limit_s: float) -> bytes:
    """Run the child and return what it printed; it is killed at the limits of time and size."""
    with subprocess.Popen(  # noqa: S603  (our own interpreter and module; the path is one argument)
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=_environment(),
        close_fds=True,
        start_new_session=True,
    ) as child:
        deadline = time.monotonic() + limit_s
        try:
            output = _read(child, deadline)
            code = child.wait(timeout=max(deadline - time.monotonic(), 0))
        finally:
            child.kill()
    if code != 0:
        raise subprocess.CalledProcessError(code, command[0])
    return output


def _environment() -> dict[str, str]:
    """Return the whole environment of the child: no secret of this process is in it."""
    return {"PYTHONPATH": str(_ROOT), "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"}


def _read(child: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Read the child's answer to its end; raises when it grows too long or takes too long."""
    assert child.stdout is not None  # noqa: S101  (asked for with PIPE)
    descriptor, output = child.stdout.fileno(), b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise subprocess.TimeoutExpired(child.args, left)
        block = os.read(descriptor, 65_536)
        if not block:
            return output
        output += block
        if len(output) > _MOST_OUTPUT:
            raise ValueError("the answer is too long")
