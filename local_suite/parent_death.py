"""Lets a child process end with the process that started it, however that one ends."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork: the child may not load libraries


def end_with_parent(parent: int, number: signal.Signals) -> None:
    """Have the kernel send this process the signal when its parent ends. Called in the child, before exec."""
    _libc.prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it ended between fork and prctl
        os._exit(1)
