"""Writes that come together go together: one command to MongoDB for many conditional updates of one collection.

Each update stays what it is alone: atomic on its own document, refused if its condition does not hold. Whoever comes
while others are on their way waits for the next command and shares it; a single writer is sent at once and alone.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.store.driver import AsyncCollection, BulkWriteError, DuplicateKeyError, UpdateOne, WTimeoutError

MOST_TOGETHER: Final = 100
"""Updates of one command: MongoDB makes them one after the other, so more of them only wait longer."""

AT_ONCE: Final = 2
"""Commands of one collection on their way at the same time."""

STAMP: Final = "written_by"
"""The field by which a writer knows its own write again where not all of a command's conditions held."""

STAMP_BITS: Final = 62
"""Of chance: as many as a stored integer holds; no two writes ever meet on one."""

_DUPLICATE_KEY_CODE: Final = 11000


class AnswerLost(Exception):
    """Not all conditions held, and this document was written again before it could be looked at: nothing is known."""


@dataclass(eq=False)
class _Update:
    wanted: Mapping[str, Any]
    change: Mapping[str, Any]
    stamp: int
    matched: asyncio.Future[bool]

    def stamped(self) -> UpdateOne:
        change = {**self.change, "$set": {**self.change.get("$set", {}), STAMP: self.stamp}}
        return UpdateOne(self.wanted, change)


class Gathering:
    """The updates of one collection; every condition names the ``_id`` and the ``version`` that it was decided on."""

    def __init__(self, collection: AsyncCollection) -> None:
        self._collection = collection
        self._waiting: deque[_Update] = deque()
        self._senders: set[asyncio.Task[None]] = set()
        self._sending = 0  # counted by the senders themselves: a task that has just ended is still in the set

    async def update(self, wanted: Mapping[str, Any], change: Mapping[str, Any]) -> bool:
        """Whether the condition held and the change was written.

        Raises:
            DuplicateKeyError: a unique index refuses it.
            AnswerLost: nobody can tell any more.
            Exception: what the driver raises for the whole command.
        """
        matched: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Update(wanted, change, secrets.randbits(STAMP_BITS), matched))
        if self._sending < AT_ONCE:
            self._sending += 1
            sender = asyncio.create_task(self._send())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return await matched

    async def _send(self) -> None:
        try:
            while self._waiting:
                updates = [self._waiting.popleft() for _ in range(min(MOST_TOGETHER, len(self._waiting)))]
                await self._write(updates)
        finally:
            self._sending -= 1

    async def _write(self, updates: Sequence[_Update]) -> None:
        try:
            await (self._alone(updates[0]) if len(updates) == 1 else self._together(updates))
        except Exception as trouble:
            for each in _open(updates):
                each.matched.set_exception(trouble)
        except BaseException:
            for each in _open([*updates, *self._waiting]):
                each.matched.cancel()
            raise

    async def _alone(self, update: _Update) -> None:
        result = await self._collection.update_one(update.wanted, update.change)
        _tell(update, result.matched_count == 1)

    async def _together(self, updates: Sequence[_Update]) -> None:
        refused: dict[int, DuplicateKeyError] = {}
        try:
            result = await self._collection.bulk_write([each.stamped() for each in updates], ordered=False)
            matched = result.matched_count
        except BulkWriteError as partly:
            refused, matched = _refusals(partly), partly.details["nMatched"]
        left = []
        for number, each in enumerate(updates):
            if number not in refused:
                left.append(each)
            elif not each.matched.done():
                each.matched.set_exception(refused[number])
        if matched == len(left):
            for each in left:
                _tell(each, True)
        else:
            await self._look(left)

    async def _look(self, updates: Sequence[_Update]) -> None:
        """Which of them were written: the command only says how many."""
        ids = [each.wanted["_id"] for each in updates]
        cursor = self._collection.find({"_id": {"$in": ids}}, {"version": 1, STAMP: 1})
        stored = {document["_id"]: document for document in await cursor.to_list(len(ids))}
        for each in updates:
            document = stored.get(each.wanted["_id"])
            if document is not None and document.get(STAMP) == each.stamp:
                _tell(each, True)
            elif document is None or document["version"] <= each.wanted["version"] + 1:
                _tell(each, False)
            elif not each.matched.done():
                each.matched.set_exception(AnswerLost())


def _refusals(partly: BulkWriteError) -> dict[int, DuplicateKeyError]:
    """By their place in the command.

    Raises:
        WTimeoutError: the command as a whole is not known to be safe.
        BulkWriteError: an update was refused for something else than a value that is taken.
    """
    if partly.details.get("writeConcernErrors"):
        raise WTimeoutError("the majority has not confirmed in time") from partly
    errors = partly.details["writeErrors"]
    if any(error["code"] != _DUPLICATE_KEY_CODE for error in errors):
        raise partly
    return {error["index"]: DuplicateKeyError(error["errmsg"], error["code"]) for error in errors}


def _tell(update: _Update, matched: bool) -> None:
    if not update.matched.done():
        update.matched.set_result(matched)


def _open(updates: Sequence[_Update]) -> list[_Update]:
    return [each for each in updates if not each.matched.done()]
