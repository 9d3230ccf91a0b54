"""The context that notification's use cases share. Callers act for their own account only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.notification.config import Settings
from services.notification.rules import Rules
from services.notification.seals import Seals
from shared.clock import Clock
from shared.files.port import FileStore
from shared.person_keys.keys import PersonKeys
from shared.service import Platform
from shared.store.port import Store


@dataclass(frozen=True)
class UseCaseContext:
    """The store, the files, the rules, the seals of personal data, and the clock as an argument."""

    store: Store
    files: FileStore
    rules: Rules
    seals: Seals
    clock: Clock

    @classmethod
    def from_settings(cls, settings: Settings, platform: Platform) -> UseCaseContext:
        """Return the context of these settings on a platform."""
        return cls(
            store=platform.store,
            files=platform.files,
            rules=settings.rules,
            seals=Seals.from_settings(settings, platform.person_keys),
            clock=platform.clock,
        )

    @property
    def person_keys(self) -> PersonKeys:
        """The keys of the accounts that are written to."""
        return self.seals.person_keys

    def now(self) -> datetime:
        """Return the present moment."""
        return self.clock.now()
