"""The context that application's use cases share, and the actor of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.application.config import Settings
from shared.assistance import Assistance
from shared.clock import Clock
from shared.files.port import FileStore
from shared.ids import Ids
from shared.person_keys.keys import PersonKeys
from shared.service import Platform
from shared.store.port import Store
from shared.tokens import Caller, Role


@dataclass(frozen=True)
class Actor:
    """The caller of a use case, and for staff at the counter the account that they act for."""

    account_id: str
    role: Role
    office_id: str | None = None
    on_behalf_of: str | None = None
    assistance: Assistance | None = None
    """The live assistance by which the actor acts for somebody else; None if they do not."""
    joined: tuple[str, ...] = ()
    """Accounts that were joined into the one that the actor acts for."""

    @classmethod
    def from_caller(cls, caller: Caller, assistance: Assistance | None = None) -> Actor:
        """Return the caller of a request, and the assistance with which they act for its account."""
        if assistance is None:
            return cls(caller.account_id, caller.role, caller.office_id, joined=caller.joined)
        copy = assistance.copy
        return cls(
            caller.account_id, caller.role, caller.office_id, copy.account_id, assistance, copy.joined_account_ids
        )

    @property
    def is_staff(self) -> bool:
        """Return whether the actor is a member of staff."""
        return self.role is not Role.APPLICANT

    @property
    def for_account(self) -> str:
        """Return the account that the actor acts for."""
        return self.on_behalf_of or self.account_id

    @property
    def for_accounts(self) -> tuple[str, ...]:
        """Return the accounts whose matters the actor deals with: that one, and those that were joined into it."""
        return (self.for_account, *self.joined)


@dataclass(frozen=True)
class UseCaseContext:
    """The store, the files, the settings, and clock and ids as arguments."""

    store: Store
    files: FileStore
    settings: Settings
    clock: Clock
    ids: Ids
    person_keys: PersonKeys

    @classmethod
    def on_platform(cls, settings: Settings, platform: Platform) -> UseCaseContext:
        """Return the context on a platform."""
        return cls(
            store=platform.store,
            files=platform.files,
            settings=settings,
            clock=platform.clock,
            ids=platform.ids,
            person_keys=platform.person_keys,
        )

    def now(self) -> datetime:
        """Return the present moment, by the platform's clock."""
        return self.clock.now()
