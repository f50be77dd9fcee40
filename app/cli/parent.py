"""A child of `motcua up` ends when that ends, even if it was killed."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Ask the kernel to end this process with its parent, where MOTCUA_PARENT names it."""
    parent = os.environ.get("MOTCUA_PARENT")
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(1)  # it ended before the kernel was asked
