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

    async def _carry(self, claims: Sequence[Waiting[_Claim, Document | None]]) -> None:
        won = await self._together(claims) if len(claims) > 1 else {}
        for number, document in won.items():
            claims[number].tell(document)
        left = [each for number, each in enumerate(claims) if number not in won]
        alone = (claim_alone(self._collection, self._places, each.wanted.change, each.wanted.within) for each in left)
        for each, found in zip(left, await asyncio.gather(*alone), strict=True):
            each.tell(found)

    async def _together(self, claims: Sequence[Waiting[_Claim, Document | None]]) -> dict[int, Document]:
        """What each claim has won, by its place; those that won nothing are absent."""
        common = in_all_of([each.wanted.within for each in claims])
        if common is None:
            return {}
        wanted = self._places.query(common)
        cursor = self._collection.find(wanted, {"version": 1}, hint=self._places.hint, limit=len(claims))
        free = await cursor.sort(self._places.order).to_list(len(claims))
        if not free:
            return {}
        stamp = secrets.randbits(STAMP_BITS)
        await self._collection.bulk_write(
            [_conditional(place, each.wanted, stamp) for place, each in zip(free, claims, strict=False)], ordered=False
        )
        taken = await self._collection.find({"_id": {"$in": [each["_id"] for each in free]}, STAMP: stamp}).to_list(
            len(free)
        )
        stored = {document["_id"]: document for document in taken}
        return {
            number: stored[place["_id"]]
            for number, place in enumerate(free)
            if place["_id"] in stored and stored[place["_id"]]["version"] == place["version"] + 1
        }


def _conditional(place: Document, claim: _Claim, stamp: int) -> UpdateOne:
    return UpdateOne(
        {"_id": place["_id"], "version": place["version"]},
        {"$set": {**claim.change, STAMP: stamp}, "$inc": {"version": 1}},
    )


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
