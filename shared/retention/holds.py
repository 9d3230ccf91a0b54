"""Legal holds as every service keeps them: copies of what identity tells, asked before anything is erased.

A hold names ids: of an account, its applicants and persons, or of an application. Whatever is about one of them stays
until the hold is lifted or its time is over, whichever rule or order says else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.clock import Clock
from shared.events.envelope import Envelope
from shared.events.identity import LegalHoldLifted, LegalHoldPlaced
from shared.events.message import Event
from shared.service import DeadlineHandler, MessageHandler
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Record
from shared.store.port import Store

MOST_HOLDS: Final = 100
"""Holds on one thing that are looked at, ended ones among them: more than investigators place."""


@dataclass(frozen=True)
class HoldCopy:
    """A service's copy of a hold; without subjects where its end arrived first."""

    subjects: tuple[str, ...] = ()
    until: datetime | None = None
    lifted: bool = False

    def holds(self, now: datetime) -> bool:
        """Return whether it holds; at the very end of its time it does no more."""
        return not self.lifted and self.until is not None and now < self.until


def _deadlines(copy: HoldCopy) -> Mapping[str, datetime]:
    return {"end": copy.until} if copy.until is not None and not copy.lifted else {}


LEGAL_HOLD_COPY: Final[Kind[HoldCopy]] = Kind(
    "legal_hold_copy",
    HoldCopy,
    indexes=(Index("subjects", ("state.subjects",)),),
    deadlines=_deadlines,
    bare=True,
)


class LegalHolds:
    """A service's copies of the holds. ``on_end`` lets what waited for the end of a hold go on; it may run twice."""

    def __init__(self, store: Store, clock: Clock, on_end: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._clock = clock
        self._on_end = on_end

    async def hold(self, subjects: Iterable[str]) -> bool:
        """Return whether a hold on one of these ids holds now."""
        wanted = {"state.subjects": tuple(sorted(subjects))}
        found = await self._store.find(LEGAL_HOLD_COPY, "subjects", wanted, limit=MOST_HOLDS)
        now = self._clock.now()
        return any(record.state.holds(now) for record in found)

    async def placed(self, event: LegalHoldPlaced, _envelope: Envelope) -> None:
        """Keep a hold; one whose end was heard of first holds nothing."""

        def decide(copy: HoldCopy) -> Decision[HoldCopy]:
            return Decision(replace(copy, subjects=event.subjects, until=event.until))

        await change(self._store, self._clock, LEGAL_HOLD_COPY, event.hold_id, decide, fresh=HoldCopy())

    async def lifted(self, event: LegalHoldLifted, _envelope: Envelope) -> None:
        """End a hold, and let go on what it held."""

        def decide(copy: HoldCopy) -> Decision[HoldCopy]:
            return Decision(replace(copy, lifted=True))

        await change(self._store, self._clock, LEGAL_HOLD_COPY, event.hold_id, decide, fresh=HoldCopy())
        await self._on_end()

    async def end(self, record: Record[HoldCopy], _name: str) -> None:
        """Let go on what a hold held whose time is over; the copy is marked last, so that a crash repeats it."""
        await self._on_end()
        await self._store.save(LEGAL_HOLD_COPY, record, replace(record.state, lifted=True), now=self._clock.now())

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return the handlers of the events that a copy is kept from."""
        return {LegalHoldPlaced: self.placed, LegalHoldLifted: self.lifted}

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the handler of the end by time."""
        return {(LEGAL_HOLD_COPY.name, "end"): self.end}
