"""Runs inside a service as its ``sitecustomize``: notes the files whose code runs between two signals.

USR1 begins, USR2 ends and writes the paths as a JSON list to the file that ``BENCH_EXECUTED_FILES`` names. A function
that is entered or resumed counts; lines are not traced, so nothing is slowed down that was entered before.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

seen: set[str] = set()


def note(frame: Any, _event: str, _argument: Any) -> None:
    """Note the file of a function that begins or goes on."""
    seen.add(frame.f_code.co_filename)


def begin(*_: Any) -> None:
    """Forget what was noted before and note the files of this thread too."""
    seen.clear()
    sys.settrace(note)


def end(*_: Any) -> None:
    """Note no longer, and write what was noted: whole or not at all."""
    sys.settrace(None)
    place = Path(os.environ["BENCH_EXECUTED_FILES"])
    unfinished = place.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(sorted(seen)))
    unfinished.rename(place)


threading.settrace(note)  # threads that begin later, as those of a pool
signal.signal(signal.SIGUSR1, begin)
signal.signal(signal.SIGUSR2, end)
