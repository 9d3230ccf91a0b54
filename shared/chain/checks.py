"""I10: chains only grow, every link follows from the one before, and each fact is on its chain exactly once."""

from __future__ import annotations

from typing import Final

from shared.chain.chainer import Chains
from shared.chain.feed import Feed
from shared.chain.hashing import genesis
from shared.chain.kinds import HEAD
from shared.service import InvariantReport
from shared.store.port import Store

MOST_NAMED: Final = 100


class ChainChecks:
    """The check of one stream. ``feed`` is the one whose mark says up to when everything must be linked."""

    def __init__(self, stream: str, feed: Feed, chains: Chains, store: Store) -> None:
        self._stream = stream
        self._feed = feed
        self._chains = chains
        self._store = store

    async def only_grow_and_miss_nothing(self) -> InvariantReport:
        """Walks every chain of the stream, then every fact of the source that was read."""
        checked, broken = 0, list[str]()
        async for record in self._store.scan(HEAD):
            if record.state.stream == self._stream:
                checked += 1
                fault = await self._fault(record.id)
                broken += [f"{record.id}: {fault}"] if fault else []
        before = (await self._feed.progress()).since
        async for facts in self._feed.source.everything(before):
            checked += len(facts)
            linked = await self._chains.is_linked(facts) if facts else []
            broken += [fact.source for fact, on in zip(facts, linked, strict=True) if not on]
            if len(broken) >= MOST_NAMED:
                break
        return InvariantReport(checked, tuple(broken[:MOST_NAMED]))

    async def _fault(self, chain: str) -> str | None:
        head = await self._store.get(HEAD, chain)
        roots = {root.seq: root.hash for root in await self._chains.roots_of(chain)}
        previous, number, sources = genesis(chain), 0, set[str]()
        async for link in self._chains.links(chain):
            number += 1
            if link.seq != number or link.previous != previous or not link.holds:
                return f"link {link.seq} does not follow"
            if link.source in sources:
                return f"link {link.seq} tells a fact again"
            if roots.pop(number, link.hash) != link.hash:
                return f"link {link.seq} is not what was published"
            if head is not None and head.state.seq == number and head.state.hash != link.hash:
                return "the head is not its link"
            sources.add(link.source)
            previous = link.hash
        lost = roots or (head is not None and head.state.seq > number)
        return "links are gone" if lost else None
