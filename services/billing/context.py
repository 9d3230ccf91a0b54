"""The shared context of billing's use cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.billing.rules import Policies
from services.billing.store_part import Aggregates
from shared.clock import Clock
from shared.person_keys.keys import PersonKeys


@dataclass(frozen=True)
class UseCaseContext:
    """The clock, the rules, and the one way to write; the same for every use case of a process."""

    clock: Clock
    rules: Policies
    aggregates: Aggregates
    person_keys: PersonKeys

    def now(self) -> datetime:
        """Return the current time."""
        return self.clock.now()
