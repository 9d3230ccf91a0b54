"""What every use case has at hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.identity.config import Settings
from services.identity.repository import Repository
from services.identity.vault import Vault
from shared.clock import Clock
from shared.ids import Ids
from shared.randomness import Randomness


@dataclass(frozen=True)
class Tools:
    """The store behind its queries, personal data behind its seals, and the world as arguments."""

    repository: Repository
    vault: Vault
    settings: Settings
    clock: Clock
    ids: Ids
    randomness: Randomness

    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()
