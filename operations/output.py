"""How an operator's commands tell of ages and of progress."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime

MINUTE, HOUR, DAY = 60, 3600, 86400

Say = Callable[[str], None]


def age_of(moment: datetime, now: datetime) -> str:
    """An age in its largest unit: 40 s, 12 min, 3 h, 5 d."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def progress_line() -> Say:
    """Tells of progress: on a terminal in one line that changes and that an empty one clears, else line by line."""
    if not sys.stderr.isatty():
        return lambda line: print(line, file=sys.stderr, flush=True) if line else None
    return lambda line: print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
