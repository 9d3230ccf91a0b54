"""Prefetches claims: finds a dozen free documents with one query and keeps them for the next claims.

Each document is taken by a conditional write of its own, batched with the other writes of the collection. A prefetched
document is a guess: the write asks for the version that was read, so that no two claims get the same document. A claim
that lost the race, or has no prefetched document, queries the store itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.store.batched_writes import BatchedWrites, Document
from shared.store.batcher import LARGEST_BATCH, Batcher, PendingCall
from shared.store.codec import plain, with_change
from shared.store.driver import AsyncCollection, ReturnDocument
from shared.store.kinds import Range

LEAST_AHEAD: Final = 8
"""Fewest documents to prefetch, also for a single claim."""

AHEAD_OF_EACH: Final = 4
"""Documents to prefetch for each claim of a batch, so that the next batches need no query."""

LOOKS: Final = 3
"""Tries of a claim with prefetched documents before it leaves the choice to the store."""

Within = Mapping[str, Range]


@dataclass(frozen=True)
class Places:
    """The query of a claim: the filter for given ranges, the order of its index, and the index."""

    query: Callable[[Within], dict[str, Any]]
    order: list[tuple[str, int]]
    hint: str


@dataclass(frozen=True, eq=False)
class _Claim:
    change: Document
    within: Within


_Asked = PendingCall[_Claim, Document | None]


async def claim_alone(collection: AsyncCollection, places: Places, change: Document, within: Within) -> Document | None:
    """Claim with one command and no prefetching, as :meth:`ClaimPrefetcher.claim`."""
    document: Document | None = await collection.find_one_and_update(
        places.query(within),
        {"$set": dict(change), "$inc": {"version": 1}},
        sort=places.order,
        hint=places.hint,
        return_document=ReturnDocument.AFTER,
    )
    return document


class ClaimPrefetcher:
    """The claims of one collection with the same values of one index; one batch of them at a time."""

    def __init__(self, collection: AsyncCollection, writes: BatchedWrites, places: Places) -> None:
        self._collection = collection
        self._writes = writes
        self._places = places
        self._ahead: list[Document] = []
        # two batches in flight would find the same documents and race for them
        self._claims: Batcher[_Claim, Document | None] = Batcher(self._carry, at_once=1)

    async def claim(self, change: Document, within: Within) -> Document | None:
        """Take a free document in these ranges and return it with the change; None if there is none.

        Raises:
            AnswerLost: it is unknown whether it was taken.
            Exception: the driver's error.
        """
        return await self._claims.ask(_Claim(change, within))

    async def _carry(self, claims: Sequence[_Asked]) -> None:
        left = list(claims)
        for _ in range(LOOKS):
            pairs = await self._paired(left)
            await asyncio.gather(*(self._take(each, place) for each, place in pairs.items()))
            left = [item for item in left if not item.answer.done()]
            if not left:
                return
        await asyncio.gather(*(self._alone(item) for item in left))

    async def _paired(self, claims: Sequence[_Asked]) -> dict[_Asked, Document]:
        """Return a document for each claim, as far as there are; answer None to claims for which the store has none."""
        pairs = self._from_ahead(claims)
        hungry = [claim for claim in claims if claim not in pairs]
        for common, together in in_company(hungry):
            if await self._prefetch(common, len(together), pairs):
                pairs |= self._from_ahead(together)
                continue
            for item in together:
                if item.wanted.within == common:
                    item.tell(None)
        return pairs

    def _from_ahead(self, claims: Sequence[_Asked]) -> dict[_Asked, Document]:
        pairs = {}
        for claim in claims:
            place = next((known for known in self._ahead if _lies_in(known, claim.wanted.within)), None)
            if place is not None:
                self._ahead.remove(place)
                pairs[claim] = place
        return pairs

    async def _prefetch(self, common: Within, count: int, paired: Mapping[_Asked, Document]) -> bool:
        """Prefetch documents for this many claims and the next ones; return whether the store has any."""
        known = {place["_id"] for place in (*self._ahead, *paired.values())}
        most = min(LARGEST_BATCH, max(LEAST_AHEAD, AHEAD_OF_EACH * count)) + len(known)
        cursor = self._collection.find(self._places.query(common), hint=self._places.hint, limit=most)
        found = await cursor.sort(self._places.order).to_list(most)
        self._ahead = [*self._ahead, *(place for place in found if place["_id"] not in known)][-LARGEST_BATCH:]
        return bool(found)

    async def _take(self, claim: _Asked, place: Document) -> None:
        """Answer the claim, unless another one has taken the document."""
        wanted = {"_id": place["_id"], "version": place["version"]}
        change = {"$set": dict(claim.wanted.change), "$inc": {"version": 1}}
        try:
            won = await self._writes.update(wanted, change)
        except Exception as trouble:
            claim.refuse(trouble)
        else:
            if won:
                claim.tell(with_change(place, claim.wanted.change))

    async def _alone(self, claim: _Asked) -> None:
        claim.tell(await claim_alone(self._collection, self._places, claim.wanted.change, claim.wanted.within))


def _lies_in(document: Document, within: Within) -> bool:
    return all(_holds(_at(document, path), span) for path, span in within.items())


def _holds(value: Any, span: Range) -> bool:
    low, high = plain(span.low), plain(span.high)
    return (low is None or value >= low) and (high is None or value < high)


def _at(document: Document, path: str) -> Any:
    value: Any = document
    for part in path.split("."):
        value = value[part]
    return value


def in_company(claims: Sequence[_Asked]) -> list[tuple[Within, list[_Asked]]]:
    """Return the claims in groups, each with the ranges that all its members accept."""
    groups: list[tuple[Within, list[_Asked]]] = []
    for claim in claims:
        for number, (common, members) in enumerate(groups):
            narrower = in_all_of([common, claim.wanted.within])
            if narrower is not None:
                members.append(claim)
                groups[number] = (narrower, members)
                break
        else:
            groups.append((claim.wanted.within, [claim]))
    return groups


def in_all_of(spans: Sequence[Within]) -> dict[str, Range] | None:
    """Return the intersection of these ranges; None if it is empty."""
    common: dict[str, Range] = {}
    for path in sorted({path for span in spans for path in span}):
        ranges = [span[path] for span in spans if path in span]
        low = max((range_.low for range_ in ranges if range_.low is not None), default=None)
        high = min((range_.high for range_ in ranges if range_.high is not None), default=None)
        if low is not None and high is not None and low >= high:
            return None
        common[path] = Range(low, high)
    return common
