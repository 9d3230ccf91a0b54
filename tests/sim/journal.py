"""What happened in a run: the last lines for reading, a digest of all of them for telling two runs apart."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable

KEPT_LINES = 600


class Journal:
    """Lines with the virtual time; ``verbose`` prints each as it comes."""

    def __init__(self, seconds: Callable[[], float], *, verbose: bool = False) -> None:
        self._seconds = seconds
        self._digest = hashlib.sha256()
        self._verbose = verbose
        self.lines: deque[str] = deque(maxlen=None if verbose else KEPT_LINES)
        self.count = 0

    def note(self, who: str, what: str) -> None:
        """Write one line."""
        line = f"{self._seconds():12.3f} {who:<14} {what}"
        self.count += 1
        self._digest.update(line.encode())
        self.lines.append(line)
        if self._verbose:
            print(line)  # noqa: T201 - a replay is read on the terminal

    @property
    def digest(self) -> str:
        """The same for two runs in which the same happened in the same order."""
        return self._digest.hexdigest()[:16]
