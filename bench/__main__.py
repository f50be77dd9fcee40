"""`python -m bench [P1 P2 ...]`: take measurements by name, unnamed the short set."""

import signal
import sys

from bench import (
    acts,
    crash,
    extraction,
    figures,
    imports,
    intake,
    lists,
    long_import,
    memory,
    papers,
    reconciling,
    start,
    telling,
)
from bench.options import read

_MEASUREMENTS = {
    "P1": intake.measure,
    "P2": acts.measure,
    "P3": lists.measure,
    "P4": figures.measure,
    "P5": telling.measure,
    "P6": imports.measure,
    "P8": start.measure,
    "P9": memory.measure,
    "IMPORT": long_import.measure,
    "PAPERS": papers.measure,
    "EXTRACT": extraction.measure,
    "RECONCILE": reconciling.measure,
    "CRASH": crash.measure,
}
_LONG = {"CRASH", "IMPORT"}


def main() -> int:
    """Run what was asked for, one after the other."""
    which, options = read(sys.argv[1:], list(_MEASUREMENTS))
    # Ended from outside, a run still stops what it started and removes its folders.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for name in which or [name for name in _MEASUREMENTS if name not in _LONG]:
        _MEASUREMENTS[name](options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
