"""Chores of one stream of chains: linking its source twice, publishing daily roots, and its check."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from shared.chain.chainer import Chains
from shared.chain.checks import ChainChecks
from shared.chain.feed import FIRST_LOOK_SECONDS, SECOND_LOOK_SECONDS, Feed, Source
from shared.clock import Clock
from shared.service import Chore
from shared.store.port import Store

CAPITAL: Final = ZoneInfo("Asia/Jakarta")
"""The time zone whose midnight ends the day of a root."""

EVERY_SECONDS: Final = 2.0
AGAIN_EVERY_SECONDS: Final = 600.0
ROOTS_EVERY_SECONDS: Final = 900.0
"""A day's roots are published a quarter of an hour after its midnight, or after the process starts."""


class ChainStream:
    """A stream of chains with its chores and its check. ``owner`` is the name of this process."""

    def __init__(self, stream: str, source: Source, chains: Chains, store: Store, clock: Clock, owner: str) -> None:
        self.stream = stream
        self.chains = chains
        self._clock = clock
        self._first = Feed(stream, source, chains, store, clock, owner, lag_seconds=FIRST_LOOK_SECONDS)
        again = f"{stream}.again"
        self._second = Feed(again, source, chains, store, clock, owner, lag_seconds=SECOND_LOOK_SECONDS)
        self.checks = ChainChecks(stream, self._second, chains, store)

    def chores(self) -> list[Chore]:
        """Return the recurring work; no request waits for it."""
        return [
            Chore(f"chain_{self.stream}", EVERY_SECONDS, self.link),
            Chore(f"chain_{self.stream}_again", AGAIN_EVERY_SECONDS, self.look_again),
            Chore(f"chain_{self.stream}_roots", ROOTS_EVERY_SECONDS, self.publish_roots),
        ]

    async def link(self) -> None:
        """Link new facts, up to a few pages."""
        await self._first.run()

    async def look_again(self) -> None:
        """Read facts of an hour ago again and link those that came too late for the first reading."""
        await self._second.drain()

    async def publish_roots(self) -> None:
        """Publish the roots of the day that ended, once."""
        await self._first.publish_roots(self.stream, self._clock.now().astimezone(CAPITAL).date())

    async def read_until(self) -> datetime:
        """Return the time up to which every fact is linked, except those that the second reading may still find."""
        return (await self._first.progress()).since

    async def drain(self) -> None:
        """Link every fact that is old enough; for tests and after a restore."""
        await self._first.drain()
