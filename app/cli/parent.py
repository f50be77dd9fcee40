"""A child ends when the process that started it ends, even if that was killed."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
PARENT = "MOTCUA_PARENT"
"""Environment variable with the process id of the parent."""


def end_with_parent() -> None:
    """Ask the kernel to end this process with its parent, where MOTCUA_PARENT names it."""
    parent = os.environ.get(PARENT)
    is_parent = parent == str(os.getpid())
    if parent is None or is_parent or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(1)  # it ended before the kernel was asked
