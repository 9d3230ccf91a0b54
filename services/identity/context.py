"""The context that identity's use cases share, and the member of staff who acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.identity.config import Settings
from services.identity.seals import Seals
from shared.clock import Clock
from shared.files.port import FileStore
from shared.ids import Ids
from shared.person_keys.keys import PersonKeys
from shared.randomness import Randomness
from shared.service import Platform
from shared.store.port import Store

NOBODY: Final = "nobody"
"""Subject of an audit entry where the name or number that was tried is unknown."""


@dataclass(frozen=True)
class Actor:
    """A member of staff who acts before there is a token."""

    account_id: str
    role: str
    office_id: str | None


@dataclass(frozen=True)
class UseCaseContext:
    """The store, the files, the seals of personal data, the settings, and clock, ids and chance as arguments."""

    store: Store
    files: FileStore
    seals: Seals
    settings: Settings
    clock: Clock
    ids: Ids
    randomness: Randomness

    @classmethod
    def from_platform(cls, settings: Settings, platform: Platform) -> UseCaseContext:
        """Return the context on a platform."""
        return cls(
            store=platform.store,
            files=platform.files,
            seals=Seals.from_settings(settings, platform.person_keys),
            settings=settings,
            clock=platform.clock,
            ids=platform.ids,
            randomness=platform.randomness,
        )

    @property
    def person_keys(self) -> PersonKeys:
        """The keys of accounts and applicants."""
        return self.seals.person_keys

    def now(self) -> datetime:
        """Return the present moment."""
        return self.clock.now()
