"""The process in which a file from outside is parsed: `python -m app.signatures.child`.

It limits itself before it loads a parser, reads one file, prints one verdict and ends. Arguments:
file, trust folder, instant (ISO 8601), seconds, megabytes.
"""

import json
import logging
import os
import resource
import signal
import sys
from datetime import datetime
from pathlib import Path

_OPEN_FILES = 64
_GRACE_S = 1


def main(arguments: list[str]) -> None:
    """Check one file under limits and print the verdict as JSON."""
    file, trust, now, limit_s, memory_mb = arguments
    _limit(int(float(limit_s)) + _GRACE_S, int(memory_mb) * 2**20)
    logging.disable(logging.CRITICAL)  # the libraries log what hostile files make them see
    # Loaded here: the limits hold before any parser is in memory.
    from app.signatures.trust import read_trust  # noqa: PLC0415
    from app.signatures.verify import verify_file  # noqa: PLC0415
    from app.signatures.wire import to_json  # noqa: PLC0415

    verdict = verify_file(Path(file), read_trust(Path(trust)), datetime.fromisoformat(now))
    json.dump(to_json(verdict), sys.stdout, ensure_ascii=False)
    sys.stdout.flush()
    os._exit(0)  # nothing to tidy up: hostile files leave deep object graphs that are slow to free


def _limit(seconds: int, memory: int) -> None:
    """Bound memory, processor time, wall time, files and output for the rest of this process."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
