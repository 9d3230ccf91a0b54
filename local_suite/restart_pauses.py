"""How long the suite waits before it starts a part again that ended, and when a part counts as frozen.

A part that dies now and then is started again at once. The pauses grow only while it dies before or shortly after it
was ready, and shrink again with the time that it lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

QUICK_DEATH_SECONDS: Final = 5.0
"""A life shorter than this counts as a failed start; each such time that it lives makes up for one failure."""

FIRST_PAUSE_SECONDS: Final = 0.5
"""Before the start after the second quick death; doubled with each further one."""

LONGEST_PAUSE_SECONDS: Final = 30.0
"""A part that cannot live is tried this often; its log grows by little."""

FROZEN_SECONDS: Final = 10.0
"""A process that gives no answer at all for so long is killed and started again: far above any busy moment."""


@dataclass
class RestartPauses:
    """The pauses of one part, from how long its lives were."""

    failures: int = 0

    def after(self, lived_seconds: float) -> float:
        """Return the seconds to wait before the next start, after a life of so many seconds (0: it was never ready)."""
        if lived_seconds < QUICK_DEATH_SECONDS:
            self.failures += 1
        else:
            self.failures = max(0, self.failures - int(lived_seconds / QUICK_DEATH_SECONDS))
        if self.failures <= 1:
            return 0.0
        return float(min(FIRST_PAUSE_SECONDS * 2 ** (self.failures - 2), LONGEST_PAUSE_SECONDS))
