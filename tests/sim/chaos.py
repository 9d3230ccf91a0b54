"""How much goes wrong, and the dice that decide when: one source of chance per part, all from the run's seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Rates:
    """Chances per occasion, from 0 to 1."""

    crash: float = 0.004
    """Of a process, before or after one write."""
    store_down: float = 0.004
    """A store call fails; a write may have happened all the same."""
    conflict: float = 0.01
    """A save meets a version that has moved on."""
    pause: float = 0.0005
    """A store call hangs for longer than a lease lives."""
    slow: float = 0.3
    """A store call takes a moment instead of none."""
    hold: float = 0.2
    """Somebody who has read is held before the next step, for as long as others need to read and write the same."""
    unconfirmed: float = 0.03
    """A message is with the broker but its confirm is lost."""
    unsent: float = 0.03
    """A message never reached the broker."""
    duplicate: float = 0.05
    """A delivery happens twice."""
    late: float = 0.1
    """A delivery takes long enough to be overtaken by many others."""
    ack_lost: float = 0.03
    """A handled message is delivered again."""
    upstream_down: float = 0.04
    """An outside agency does not answer."""
    answer_lost: float = 0.03
    """An outside agency did the work but its answer is lost."""
    notice_lost: float = 0.1
    notice_repeated: float = 0.1
    notice_late: float = 0.2
    answer_to_client_lost: float = 0.02
    """The use case ran but the citizen's line broke."""

    def scaled(self, factor: float) -> Rates:
        """All of them times a factor."""
        return replace(self, **{each.name: min(1.0, getattr(self, each.name) * factor) for each in fields(self)})


CALM = Rates().scaled(0.0)
"""Nothing goes wrong."""


class Chaos:
    """Decides whether a fault happens now; ``rates`` can be calmed while the run goes on."""

    def __init__(self, seed: str, rates: Rates) -> None:
        self.seed = seed
        self.rates = rates
        self._sources: dict[str, random.Random] = {}

    def dice(self, part: str) -> random.Random:
        """The source of chance of one part, always the same for the same seed."""
        known = self._sources.get(part)
        if known is None:
            known = self._sources[part] = random.Random(f"{self.seed}/{part}")
        return known

    def happens(self, fault: str, part: str) -> bool:
        """Whether this fault happens to this part now."""
        rate: float = getattr(self.rates, fault)
        return rate > 0 and self.dice(part).random() < rate
