"""Claims that come together go together: as many free documents as there are claims are found at once, and each is
taken by a conditional write of its own. What was overtaken, or finds nothing so, claims alone.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.store.crowd import Crowd, Waiting
from shared.store.driver import AsyncCollection, ReturnDocument, UpdateOne
from shared.store.gathering import STAMP, STAMP_BITS, Document
from shared.store.kinds import Range

Within = Mapping[str, Range]


@dataclass(frozen=True)
class Places:
    """Where to claim: the filter for these ranges, the order of its index, and the index."""

    query: Callable[[Within], dict[str, Any]]
    order: list[tuple[str, int]]
    hint: str


@dataclass(frozen=True, eq=False)
class _Claim:
    change: Document
    within: Within


_Asked = Waiting[_Claim, Document | None]


async def claim_alone(collection: AsyncCollection, places: Places, change: Document, within: Within) -> Document | None:
    """One claim by one command, as :meth:`Claiming.claim`."""
    document: Document | None = await collection.find_one_and_update(
        places.query(within),
        {"$set": dict(change), "$inc": {"version": 1}},
        sort=places.order,
        hint=places.hint,
        return_document=ReturnDocument.AFTER,
    )
    return document


class Claiming:
    """The claims of one collection that ask for the same values of one index; one command at a time."""

    def __init__(self, collection: AsyncCollection, places: Places) -> None:
        self._collection = collection
        self._places = places
        # two on their way would find the same documents and overtake each other
        self._claims: Crowd[_Claim, Document | None] = Crowd(self._carry, at_once=1)

    async def claim(self, change: Document, within: Within) -> Document | None:
        """The first document in these ranges that nobody took before, with the change; none if there is none.

        Raises:
            Exception: what the driver raises.
        """
        return await self._claims.ask(_Claim(change, within))

    async def _carry(self, claims: Sequence[_Asked]) -> None:
        won: dict[_Asked, Document | None] = {}
        for common, together in in_company(claims):
            if len(together) > 1:
                won |= await self._together(common, together)
        left = [each for each in claims if each not in won]
        alone = (claim_alone(self._collection, self._places, each.wanted.change, each.wanted.within) for each in left)
        won |= zip(left, await asyncio.gather(*alone), strict=True)
        for each in claims:
            each.tell(won[each])

    async def _together(self, common: Within, claims: Sequence[_Asked]) -> dict[_Asked, Document]:
        """What each claim has won; those that won nothing are absent."""
        cursor = self._collection.find(
            self._places.query(common), {"version": 1}, hint=self._places.hint, limit=len(claims)
        )
        free = await cursor.sort(self._places.order).to_list(len(claims))
        if not free:
            return {}
        stamp = secrets.randbits(STAMP_BITS)
        pairs = list(zip(claims, free, strict=False))
        await self._collection.bulk_write(
            [_conditional(place, each.wanted, stamp) for each, place in pairs], ordered=False
        )
        ids = [place["_id"] for place in free]
        taken = await self._collection.find({"_id": {"$in": ids}, STAMP: stamp}).to_list(len(ids))
        stored = {(document["_id"], document["version"]): document for document in taken}
        found = ((each, stored.get((place["_id"], place["version"] + 1))) for each, place in pairs)
        return {each: document for each, document in found if document is not None}


def _conditional(place: Document, claim: _Claim, stamp: int) -> UpdateOne:
    return UpdateOne(
        {"_id": place["_id"], "version": place["version"]},
        {"$set": {**claim.change, STAMP: stamp}, "$inc": {"version": 1}},
    )


def in_company(claims: Sequence[_Asked]) -> list[tuple[Within, list[_Asked]]]:
    """The claims in groups, each with the ranges that all of its members may be served from."""
    groups: list[tuple[Within, list[_Asked]]] = []
    for each in claims:
        for number, (common, members) in enumerate(groups):
            narrower = in_all_of([common, each.wanted.within])
            if narrower is not None:
                members.append(each)
                groups[number] = (narrower, members)
                break
        else:
            groups.append((each.wanted.within, [each]))
    return groups


def in_all_of(spans: Sequence[Within]) -> dict[str, Range] | None:
    """What lies in every one of these ranges; none if nothing can."""
    common: dict[str, Range] = {}
    for path in sorted({path for span in spans for path in span}):
        ranges = [span[path] for span in spans if path in span]
        low = max((each.low for each in ranges if each.low is not None), default=None)
        high = min((each.high for each in ranges if each.high is not None), default=None)
        if low is not None and high is not None and low >= high:
            return None
        common[path] = Range(low, high)
    return common
