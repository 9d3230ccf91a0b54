"""Gates: limit the requests under way, in all and of one sender, and keep places for callers and agencies."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum

from shared.errors import TooManyRequests, Unavailable, fact_types


class TooBusy(Unavailable):
    """The process has as many requests under way as it takes."""

    code = "too_busy"
    facts_told = fact_types(limit=int)
    title = "Too many people are asking at this moment."
    title_id = "Terlalu banyak permintaan pada saat ini."
    retry_after_seconds = 1


class TooManyAtOnce(TooManyRequests):
    """The sender has as many unfinished requests, uploads or streams open as one sender may."""

    code = "too_many_at_once"
    facts_told = fact_types(limit=int)
    title = "You have too many requests open at the same time."
    title_id = "Anda membuka terlalu banyak permintaan sekaligus."
    next_action = "Finish or close one of them, then repeat this request."
    next_action_id = "Selesaikan atau tutup salah satunya, lalu ulangi permintaan ini."
    retry_after_seconds = 5


class Rank(IntEnum):
    """Rank of a sender, known from its head; a higher rank may take places that a lower one may not."""

    STRANGER = 0
    CALLER = 1
    """Sends a valid token: counted by account, since thousands of phones share one address of their carrier."""
    AGENCY = 2
    """Calls a signed endpoint from an address that is configured, or that sent a valid signature before."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The name under which a request is counted."""

    name: str
    rank: Rank = Rank.STRANGER


class Gate:
    """Lets at most `limit` requests in at once; the next one is refused rather than made to wait.

    `kept` further places are for agencies alone: a crowd never shuts out their notices (money that came).
    """

    def __init__(self, limit: int, kept: int = 0) -> None:
        self.limit = limit
        self.inside = 0
        self._with_kept = limit + kept
        self._emptied = asyncio.Event()

    def enter(self, *, agency: bool = False) -> None:
        """Take a place; `leave` must follow.

        Raises:
            TooBusy: all places are taken.
        """
        if self.inside >= (self._with_kept if agency else self.limit):
            raise TooBusy(limit=self.limit)
        self.inside += 1

    def leave(self) -> None:
        """Give the place back."""
        self.inside -= 1
        if not self.inside:
            self._emptied.set()

    async def empty(self) -> None:
        """Return once no request is inside."""
        while self.inside:
            self._emptied.clear()
            await self._emptied.wait()


class Place:
    """One request's place in a gate: given back while the request waits for bytes from outside, then taken again."""

    __slots__ = ("_gate", "_held", "agency")

    def __init__(self, gate: Gate, *, agency: bool = False) -> None:
        """Take a place.

        Raises:
            TooBusy: all places are taken.
        """
        self._gate = gate
        self.agency = agency
        self._held = False
        self.enter()

    def enter(self) -> None:
        """Take the place again.

        Raises:
            TooBusy: all places are taken; there is nothing to give back then.
        """
        self._gate.enter(agency=self.agency)
        self._held = True

    def leave(self) -> None:
        """Give the place back; calling it again does nothing."""
        if self._held:
            self._held = False
            self._gate.leave()


class FairGate:
    """Lets at most `limit` strangers in at once, and at most `each` requests of one sender.

    Beyond `limit` there are `for_callers` places for callers and agencies, and then `for_agencies` for agencies alone.
    """

    def __init__(self, limit: int, each: int, *, for_callers: int = 0, for_agencies: int = 0) -> None:
        self.limit = limit
        self.each = each
        self.inside = 0
        self._places = (limit, limit + for_callers, limit + for_callers + for_agencies)
        self._by_sender: Counter[str] = Counter()
        self._emptied = asyncio.Event()

    def enter(self, sender: Sender) -> None:
        """Take a place; `leave` with the same sender must follow.

        Raises:
            TooManyAtOnce: this sender has `each` requests inside.
            TooBusy: all places for this rank are taken.
        """
        if self._by_sender[sender.name] >= self.each:
            raise TooManyAtOnce(limit=self.each)
        if self.inside >= self._places[sender.rank]:
            raise TooBusy(limit=self.limit)
        self._by_sender[sender.name] += 1
        self.inside += 1

    def leave(self, sender: Sender) -> None:
        """Give the place back."""
        self._by_sender[sender.name] -= 1
        if not self._by_sender[sender.name]:
            del self._by_sender[sender.name]  # or the counter would keep every address ever seen
        self.inside -= 1
        if not self.inside:
            self._emptied.set()

    @property
    def senders(self) -> int:
        """The number of senders inside."""
        return len(self._by_sender)

    async def empty(self) -> None:
        """Return once no request is inside."""
        while self.inside:
            self._emptied.clear()
            await self._emptied.wait()
