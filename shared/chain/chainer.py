"""The chainer: appends facts to chains, each once, whoever else does the same and wherever it is killed.

Guards, in the order in which they bite: a fact whose source is linked already is skipped; the id of a link is its
chain and number, so two chainers cannot both write number 7; source and chain are unique together, so neither can link
a fact twice; links are written in order, so a crash leaves no gap; the head is a projection that catches up with links
that a crash left beyond it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from shared.chain.hashing import commitment_of, genesis, link_hash
from shared.chain.kinds import HEAD, LINK, ROOT, SALT, ChainName, Fact, Head, Link, Root, Salt, link_id
from shared.ids import Ids, derived_id
from shared.store.kinds import Range, Record
from shared.store.port import AlreadyExists, Store, VersionConflict
from shared.store.retry import again

PAGE: Final = 500
"""Links read at once."""

MOST_TRIES: Final = 20
"""Times that an append starts again behind another writer; the lease of a feed makes even one rare."""

MOST_CHAINS: Final = 100_000
"""Of one answer: 130 offices for two years, or the one ledger for ever."""

Adds = Callable[[Mapping[str, Any]], Mapping[str, int]]


def _adds_nothing(_fact: Mapping[str, Any]) -> Mapping[str, int]:
    return {}


class Chains:
    """The chains of one service. ``adds`` says what a fact of a stream adds to the totals in its head."""

    def __init__(self, store: Store, ids: Ids, *, adds: Mapping[str, Adds] | None = None) -> None:
        self._store = store
        self._ids = ids
        self._adds = adds or {}

    async def append(self, facts: Sequence[Fact], now: datetime) -> int:
        """Link those facts that are not linked yet, in this order; tells how many it were."""
        by_chain: dict[ChainName, dict[str, Fact]] = {}
        for fact in facts:
            by_chain.setdefault(fact.chain, {}).setdefault(fact.source, fact)
        known = await self._linked([fact.source for fact in facts])
        fresh = [fact for fact in facts if (fact.source, fact.chain.text) not in known]
        committed = await self._commitments(fresh, now)
        appended = 0
        for name, of_chain in by_chain.items():
            wanted = [fact for fact in of_chain.values() if (fact.source, name.text) not in known]
            highest = max((seq for (_, chain), seq in known.items() if chain == name.text), default=0)
            appended += await self._extend(name, wanted, committed, highest, now)
        return appended

    async def head(self, name: ChainName) -> Head | None:
        """Where the chain ends."""
        record = await self._store.get(HEAD, name.text)
        return record.state if record else None

    async def heads(self, stream: str, first: date, last: date, *, scope: str | None = None) -> list[Head]:
        """The heads of a stream's chains of these days, the last one included, by day and scope."""
        within = {"state.day": Range(first, date.fromordinal(last.toordinal() + 1))}
        found = await self._store.find(HEAD, "stream", {"state.stream": stream}, within=within, limit=MOST_CHAINS)
        return [record.state for record in found if scope is None or record.state.scope == scope]

    async def links(self, chain: str, *, first: int = 1, last: int | None = None) -> AsyncIterator[Link]:
        """The links of a chain in order, a page at a time."""
        while True:
            high = None if last is None else last + 1
            equals = {"state.chain": chain}
            page = await self._store.find(LINK, "seq", equals, within={"state.seq": Range(first, high)}, limit=PAGE)
            for record in page:
                yield record.state
            if len(page) < PAGE:
                return
            first = page[-1].state.seq + 1

    async def publish_roots(self, stream: str, day: date, since: datetime) -> int:
        """Publish, as of that day, where each chain of the stream that grew since then ends; tells how many.

        A root that was published stays as it is.
        """
        low, published = since, 0
        while True:
            within = {"state.grown_at": Range(low)}
            page = await self._store.find(HEAD, "grown", {"state.stream": stream}, within=within, limit=PAGE)
            roots = [(head.id, Root(stream, head.id, day, head.state.seq, head.state.hash)) for head in page]
            items = [(f"{chain}@{day.isoformat()}", root) for chain, root in roots]
            published += await self._store.insert_missing(ROOT, items, now=since)
            if len(page) < PAGE or page[-1].state.grown_at == low:
                return published
            low = page[-1].state.grown_at

    async def roots(self, stream: str, day: date) -> list[Root]:
        """Return the roots that were published on that day, by chain."""
        wanted = {"state.stream": stream, "state.published_on": day}
        return [record.state for record in await self._store.find(ROOT, "day", wanted, limit=MOST_CHAINS)]

    async def roots_of(self, chain: str) -> list[Root]:
        """Every published root of a chain."""
        return [record.state for record in await self._store.find(ROOT, "chain", {"state.chain": chain}, limit=PAGE)]

    async def subjects(self, commitments: Sequence[str]) -> dict[str, str]:
        """Whom these commitments mean, as far as their salts are still there. For those who may know."""
        if not commitments:
            return {}
        wanted = {"state.commitment": tuple(commitments)}
        found = await self._store.find(SALT, "commitment", wanted, limit=len(commitments) + 1)
        return {record.state.commitment: record.state.subject for record in found}

    async def salts_of(self, subject: str) -> list[Salt]:
        """Return the salts of a subject by chain, for the subject's own eyes; none once they are erased."""
        found = await self._store.find(SALT, "subject", {"state.subject": subject}, limit=PAGE)
        return sorted((record.state for record in found), key=lambda salt: salt.chain)

    async def forget(self, subject: str) -> int:
        """Erase every salt of a subject: no link can be tied to it any more, and every chain still verifies."""
        found = await self._store.find(SALT, "subject", {"state.subject": subject}, limit=PAGE)
        return sum([await self._store.remove(SALT, record) for record in found])

    async def is_linked(self, facts: Sequence[Fact]) -> list[bool]:
        """For each fact whether it is on its chain."""
        known = await self._linked([fact.source for fact in facts])
        return [(fact.source, fact.chain.text) in known for fact in facts]

    async def _linked(self, sources: Sequence[str]) -> dict[tuple[str, str], int]:
        if not sources:
            return {}
        unique = tuple(dict.fromkeys(sources))
        # a source may be told on two chains: a visit that moves leaves one and comes to another
        found = await self._store.find(LINK, "source", {"state.source": unique}, limit=2 * len(unique) + 1)
        return {(record.state.source, record.state.chain): record.state.seq for record in found}

    async def _commitments(self, facts: Sequence[Fact], now: datetime) -> dict[tuple[str, str], str]:
        """(chain, subject) to commitment; salts that are missing are written first, and the first one written counts.

        All links of one subject on one chain carry the same commitment; on two chains they differ.
        """
        pairs = {(fact.chain.text, fact.subject) for fact in facts if fact.subject is not None}
        if not pairs:
            return {}
        known = await self._salts(pairs)
        missing = sorted(pairs - known.keys())
        if missing:
            items = [(derived_id("chain_salt", *pair), self._salted(*pair)) for pair in missing]
            await self._store.insert_missing(SALT, items, now=now)
            known = await self._salts(pairs)
        return known

    async def _salts(self, pairs: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
        subjects = tuple(sorted({subject for _, subject in pairs}))
        found = await self._store.find(SALT, "subject", {"state.subject": subjects}, limit=MOST_CHAINS)
        salts = {(record.state.chain, record.state.subject): record.state.commitment for record in found}
        return {pair: salts[pair] for pair in pairs if pair in salts}

    def _salted(self, chain: str, subject: str) -> Salt:
        salt = self._ids.new() + self._ids.new()
        return Salt(chain, subject, salt, commitment_of(salt, subject))

    async def _extend(
        self,
        name: ChainName,
        facts: list[Fact],
        committed: Mapping[tuple[str, str], str],
        highest: int,
        now: datetime,
    ) -> int:
        """Append to one chain; look again and start behind whoever was faster or was killed."""
        appended, looks_again = 0, False

        async def attempt() -> None:
            nonlocal appended, facts, looks_again
            record, head = await self._caught_up(name, highest, now, looks_again=looks_again)
            looks_again = True
            if not facts:
                return
            links = self._links(head, facts, committed)
            try:
                await self._store.insert_all(LINK, [(link_id(item.chain, item.seq), item) for item in links], now=now)
            except AlreadyExists:
                known = await self._linked([fact.source for fact in facts])
                facts = [fact for fact in facts if (fact.source, name.text) not in known]
                raise VersionConflict(f"{name.text} grew meanwhile") from None
            appended, facts = appended + len(links), []
            for link in links:
                head = self._with(head, link, now)
            await self._save_head(name, record, head, now)

        await again(attempt, tries=MOST_TRIES)
        return appended

    async def _caught_up(
        self, name: ChainName, at_least: int, now: datetime, *, looks_again: bool
    ) -> tuple[Record[Head] | None, Head]:
        """The head; at the last link that there is, where one is known to lie beyond it or somebody else was here."""
        record = await self._store.get(HEAD, name.text)
        head = record.state if record else Head(*name, seq=0, hash=genesis(name.text), grown_at=now)
        if head.seq >= at_least and not looks_again:
            return record, head
        before = head
        async for link in self.links(name.text, first=head.seq + 1):
            head = self._with(head, link, now)
        return (await self._save_head(name, record, head, now) if head != before else record), head

    def _with(self, head: Head, link: Link, now: datetime) -> Head:
        totals = dict(head.totals)
        for key, amount in self._adds.get(head.stream, _adds_nothing)(link.fact).items():
            totals[key] = totals.get(key, 0) + amount
        return replace(head, seq=link.seq, hash=link.hash, grown_at=now, totals=totals)

    async def _save_head(self, name: ChainName, record: Record[Head] | None, head: Head, now: datetime) -> Record[Head]:
        if record is not None:
            return await self._store.save(HEAD, record, head, now=now)
        try:
            return await self._store.insert(HEAD, name.text, head, now=now)
        except AlreadyExists:
            raise VersionConflict(f"the head of {name.text} was written meanwhile") from None

    @staticmethod
    def _links(head: Head, facts: Sequence[Fact], committed: Mapping[tuple[str, str], str]) -> list[Link]:
        links: list[Link] = []
        chain, previous = head.name.text, head.hash
        for seq, fact in enumerate(facts, start=head.seq + 1):
            link = Link(
                chain=chain,
                seq=seq,
                source=fact.source,
                at=fact.at.isoformat(timespec="milliseconds"),
                fact=fact.public,
                commitment=committed[chain, fact.subject] if fact.subject is not None else None,
                previous=previous,
                hash="",
            )
            link = replace(link, hash=link_hash(link.members()))
            links.append(link)
            previous = link.hash
        return links
