"""Retention in one service: holds, erasures and the job, put together for its composition root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from shared.events.message import Event
from shared.retention.erasing import ERASED_SUBJECT, ERASURE, Erasing
from shared.retention.erasure import LOOK_AGAIN_AFTER, ErasureTold
from shared.retention.holds import LEGAL_HOLD_COPY, LegalHolds
from shared.retention.rule import RuleBook
from shared.retention.rule_book import shipped_rules
from shared.retention.shelf import KeyDestroyer, Shelf
from shared.retention.sweep import PER_SECOND
from shared.retention.sweeping import SWEEP, Sweeping
from shared.service import Chore, DeadlineHandler, MessageHandler, Platform
from shared.store.kinds import Kind

RETENTION_KINDS: Final[tuple[Kind[Any], ...]] = (ERASURE, ERASED_SUBJECT, LEGAL_HOLD_COPY, SWEEP)
"""Kinds that every service adds to its own."""


class Retention:
    """The end of a service's data: holds, erasures and the job on its ``shelves``.

    ``keys`` are the platform's keys of persons unless others are given.
    """

    def __init__(
        self,
        service: str,
        platform: Platform,
        shelves: Sequence[Shelf],
        *,
        told: ErasureTold,
        keys: KeyDestroyer | None = None,
        rules: RuleBook | None = None,
        per_second: float = PER_SECOND,
        look_again_after: timedelta = LOOK_AGAIN_AFTER,
    ) -> None:
        store, clock = platform.store, platform.clock
        book = rules or shipped_rules()
        self.shelves = tuple(shelves)
        self.holds = LegalHolds(store, clock, self._go_on)
        keys = keys or platform.person_keys
        self.erasing = Erasing(service, store, clock, self.holds, book, shelves, told, keys, look_again_after)
        self.sweeping = Sweeping(store, clock, self.holds, book, shelves, per_second)

    async def _go_on(self) -> None:
        await self.erasing.resume_held()
        await self.sweeping.begin_again()

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return the handlers of its events."""
        return {**self.erasing.events(), **self.holds.events()}

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the handlers of its deadlines."""
        return {**self.erasing.deadlines(), **self.holds.deadlines(), **self.sweeping.deadlines()}

    def chores(self) -> tuple[Chore, ...]:
        """Return its chores."""
        return self.sweeping.chores()
