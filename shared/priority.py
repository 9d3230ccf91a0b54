"""The priority of a process among all others of its machine."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

SESSION: Final = "/proc/self/autogroup"
TRIES: Final = 5
PAUSE_SECONDS: Final = 0.12
"""The kernel takes one change of a session in a tenth of a second."""


def lower_priority(niceness: int) -> None:
    """Give way to other processes by so much more than now, from 0 to 19.

    A kernel that shares processors between sessions first heeds niceness within a session alone (sched(7), "The
    autogroup feature"). So the process begins a session of its own where it can, and the session gets its niceness.
    """
    if niceness == 0:
        return
    lowered = os.nice(niceness)
    with suppress(OSError):  # it leads a session already, or a group of processes of its terminal
        os.setsid()
    if os.getsid(0) == os.getpid():
        _lower_session(lowered)


def _lower_session(niceness: int) -> None:
    for _ in range(TRIES):
        try:
            Path(SESSION).write_text(str(niceness))
        except BlockingIOError:
            time.sleep(PAUSE_SECONDS)
        except OSError:  # a kernel without it
            return
        else:
            return
