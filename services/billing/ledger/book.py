"""The ledger, read: balances by account and the journal of a day. Projections, chained off the write path."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol

from services.billing.ledger.journal import amounts_of, posting_fact, sum_amounts
from services.billing.ledger.model import Posting
from shared.chain import CAPITAL, ChainName, Chains, ChainStream, Fact, Link, TimedSource, export_lines, roots_lines
from shared.ids import new_event_id
from shared.service import Platform
from shared.store.kinds import Kind, Record

STREAM: Final = "ledger"
SCOPE: Final = "all"


@dataclass(frozen=True)
class Balances:
    """The balance of each account by the postings on the chain."""

    as_of: datetime
    """Every posting before this is counted."""
    accounts: Mapping[str, int]
    postings: int


class Posted(Protocol):
    """A receipt, as far as the ledger looks at it."""

    @property
    def postings(self) -> tuple[Posting, ...]:
        """Its movements, oldest first."""
        ...


def facts_of(record: Record[Posted]) -> Sequence[Fact]:
    """Return a fact for each posting of a receipt, on the chain of the capital's day in which it was made."""
    return [
        Fact(
            ChainName(STREAM, SCOPE, posting.at.astimezone(CAPITAL).date()),
            posting.hash,
            posting.at,
            posting_fact(posting),
            subject=record.id,
        )
        for posting in record.state.postings
    ]


class LedgerBook:
    """Keeps the ledger's chain and reads it; ``receipts`` is the kind whose states carry the postings."""

    def __init__(self, platform: Platform, receipts: Kind[Any]) -> None:
        store = platform.store
        self._clock = platform.clock
        self._chains = Chains(store, platform.ids, adds={STREAM: amounts_of})
        source = TimedSource(store, receipts, "posted_order", "state.posted_at", facts_of)
        self.kept = ChainStream(STREAM, source, self._chains, store, platform.clock, owner=new_event_id())

    async def balances(self) -> Balances:
        """Return the balance of every account, with its time."""
        as_of = await self.kept.read_until()
        heads = await self._chains.heads(STREAM, date.min, self._today())
        return Balances(as_of, sum_amounts([head.totals for head in heads]), sum(head.seq for head in heads))

    async def journal(self, day: date) -> AsyncIterator[bytes]:
        """Yield the postings of a day in the order of their chain, each with its receipt."""
        head = await self._chains.head(ChainName(STREAM, SCOPE, day))
        heads, now = [head] if head else [], self._clock.now()
        async for lines in export_lines(STREAM, self._chains, heads, now, extras=self._receipts):
            yield lines

    async def roots(self, day: date) -> AsyncIterator[bytes]:
        """Return the last hashes of the chains that grew on that day."""
        async for lines in roots_lines(day, await self._chains.roots(STREAM, day)):
            yield lines

    async def _receipts(self, links: Sequence[Link]) -> Sequence[Mapping[str, Any]]:
        known = await self._chains.subjects([link.commitment for link in links if link.commitment])
        return [{"receipt_id": known.get(link.commitment or "")} for link in links]

    def _today(self) -> date:
        return self._clock.now().astimezone(CAPITAL).date()
