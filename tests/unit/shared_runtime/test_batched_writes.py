"""Updates that come together share a command, wait for few, and fail alone or, if the server is away, together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from shared.store.batched_writes import STAMPS, STAMPS_KEPT, AnswerLost, BatchedWrites
from shared.store.batcher import BATCHES_IN_FLIGHT, LARGEST_BATCH
from shared.store.driver import BulkWriteError, DuplicateKeyError, OperationFailure, WTimeoutError


class Collection:
    """Holds the version of each document; every command waits until it may go on."""

    def __init__(self, *ids: str) -> None:
        self.documents: dict[str, dict[str, Any]] = {each: {"_id": each, "version": 1} for each in ids}
        self.commands: list[int] = []
        self.trouble: Exception | None = None
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.running = self.most_running = 0
        self.before_look: Any = None

    async def update_one(self, wanted: Mapping[str, Any], change: Mapping[str, Any]) -> Any:
        return await self._run([(wanted, change)])

    async def bulk_write(self, updates: Sequence[Any], *, ordered: bool) -> Any:
        assert not ordered
        return await self._run([(each._filter, each._doc) for each in updates])

    async def _run(self, updates: list[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Any:
        self.commands.append(len(updates))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await self.may_go.wait()
        self.running -= 1
        if self.trouble is not None:
            raise self.trouble
        matched = 0
        for wanted, change in updates:
            document = self.documents.get(wanted["_id"])
            if document is not None and document["version"] == wanted["version"]:
                matched += 1
                document.update(change["$set"])
                for name, push in change.get("$push", {}).items():
                    document[name] = [*document.get(name, ()), *push["$each"]][push["$slice"] :]
                document["version"] += 1
        return SimpleNamespace(matched_count=matched)

    async def find_one(self, wanted: Mapping[str, Any], _fields: Mapping[str, Any]) -> Any:
        self.commands.append(1)
        return self.documents.get(wanted["_id"])

    async def insert_one(self, document: Mapping[str, Any]) -> None:
        await self.insert_many([document], ordered=False)

    async def insert_many(self, documents: Sequence[Mapping[str, Any]], *, ordered: bool) -> None:
        assert not ordered
        self.commands.append(len(documents))
        await self.may_go.wait()
        if self.trouble is not None:
            raise self.trouble
        self.documents |= {each["_id"]: dict(each) for each in documents}

    def find(self, wanted: Mapping[str, Any], _fields: Mapping[str, Any]) -> Any:
        if self.before_look is not None:
            self.before_look()
        found = [dict(self.documents[each]) for each in wanted["_id"]["$in"] if each in self.documents]

        async def to_list(_most: int) -> list[dict[str, Any]]:
            return found

        return SimpleNamespace(to_list=to_list)


def update(writes: BatchedWrites, name: str, version: int = 1) -> asyncio.Task[bool]:
    return asyncio.ensure_future(writes.update({"_id": name, "version": version}, {"$set": {"by": name}}))


async def said(*updates: asyncio.Future[Any]) -> list[Any]:
    return await asyncio.gather(*updates, return_exceptions=True)


def bulk_error(*codes: int, matched: int = 0, **more: Any) -> BulkWriteError:
    errors = [{"index": n, "code": code, "errmsg": "index: name dup key"} for n, code in enumerate(codes)]
    return BulkWriteError({"writeErrors": errors, "nMatched": matched, "writeConcernErrors": [], **more})


async def test_one_alone_goes_alone_and_unstamped() -> None:
    collection = Collection("a")
    assert await update(BatchedWrites(collection), "a")
    assert collection.commands == [1]
    assert STAMPS not in collection.documents["a"]


async def test_whoever_comes_meanwhile_shares_the_next_command_and_few_are_under_way() -> None:
    names = [f"d{n}" for n in range(BATCHES_IN_FLIGHT + 2 * LARGEST_BATCH)]
    collection = Collection(*names)
    collection.may_go.clear()
    writes, waiting = BatchedWrites(collection), []
    for name in names:
        waiting.append(update(writes, name))
        if len(waiting) <= BATCHES_IN_FLIGHT:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    collection.may_go.set()
    assert await said(*waiting) == [True] * len(names)
    assert collection.commands == [1] * BATCHES_IN_FLIGHT + [LARGEST_BATCH] * 2
    assert collection.most_running == BATCHES_IN_FLIGHT


async def test_one_read_and_one_insert_go_alone_and_those_behind_them_together() -> None:
    collection = Collection("a", "b")
    writes = BatchedWrites(collection)
    assert (await writes.read("a"), await writes.read("none")) == ({"_id": "a", "version": 1}, None)
    await writes.insert({"_id": "c"})
    assert collection.commands == [1, 1, 1]
    found = await said(*(asyncio.ensure_future(writes.read(name)) for name in ("a", "c", "none", "b", "a")))
    assert [each and each["_id"] for each in found] == ["a", "c", None, "b", "a"]
    await said(*(asyncio.ensure_future(writes.insert({"_id": name})) for name in "defg"))
    assert sorted(collection.documents) == [*"abcdefg"]
    assert collection.commands == [1, 1, 1, 4]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (OSError("away"), [OSError, OSError]),
        (bulk_error(11000), [DuplicateKeyError, type(None)]),
        (bulk_error(121), [BulkWriteError, BulkWriteError]),
    ],
)
async def test_an_insert_is_refused_alone_and_fails_together(trouble: Exception, told: list[type[Any]]) -> None:
    collection = Collection()
    collection.trouble = trouble
    writes = BatchedWrites(collection)
    answers = await said(*(asyncio.ensure_future(writes.insert({"_id": name})) for name in "ab"))
    assert [type(each) for each in answers] == told


async def test_whoever_is_told_may_write_again_at_once() -> None:
    collection = Collection(*"abcdef")
    writes = BatchedWrites(collection)

    async def write_again_and_again(name: str) -> list[bool]:
        return [await writes.update({"_id": name, "version": n}, {"$set": {"by": n}}) for n in range(1, 30)]

    done = asyncio.gather(*(write_again_and_again(name) for name in collection.documents))
    assert all(all(each) for each in await asyncio.wait_for(done, 10))


async def test_who_is_refused_is_told_and_nobody_else() -> None:
    collection = Collection("a", "b", "c")
    writes = BatchedWrites(collection)
    updates = [
        update(writes, "a"),
        update(writes, "b", version=7),
        update(writes, "gone"),
        update(writes, "c"),
    ]
    assert await said(*updates) == [True, False, False, True]


async def test_who_was_overtaken_after_the_write_knows_its_stamp_or_says_that_it_cannot_tell() -> None:
    collection = Collection("a", "b", "c", "d")
    writes = BatchedWrites(collection)

    def overtake() -> None:
        collection.documents["a"]["version"] += STAMPS_KEPT - 1
        collection.documents["a"][STAMPS] += range(STAMPS_KEPT - 1)
        collection.documents["b"] |= {"version": 2 + STAMPS_KEPT, STAMPS: list(range(STAMPS_KEPT))}
        collection.documents["d"] |= {"version": 1 + STAMPS_KEPT, STAMPS: list(range(STAMPS_KEPT))}

    collection.before_look = overtake
    updates = [
        update(writes, "a"),
        update(writes, "b"),
        update(writes, "c", version=7),
        update(writes, "d"),
    ]
    answers = await said(*updates)
    assert answers[0] is True and isinstance(answers[1], AnswerLost)
    assert answers[2:] == [False, False], "had it been written, its stamp would still be there"


async def test_a_value_that_is_taken_refuses_its_own_update() -> None:
    collection = Collection("a", "b")
    collection.trouble = bulk_error(11000, matched=1)
    writes = BatchedWrites(collection)
    answers = await said(update(writes, "a"), update(writes, "b"))
    assert isinstance(answers[0], DuplicateKeyError) and answers[1] is True


@pytest.mark.parametrize(
    ("trouble", "raised"),
    [
        (OSError("away"), OSError),
        (bulk_error(121), BulkWriteError),
        (bulk_error(11000, writeConcernErrors=[{"code": 64}]), WTimeoutError),
        (OperationFailure("no"), OperationFailure),
    ],
)
async def test_what_befalls_the_command_befalls_all_of_it_and_the_next_go_on(
    trouble: Exception, raised: type[Exception]
) -> None:
    collection = Collection("a", "b")
    collection.trouble = trouble
    writes = BatchedWrites(collection)
    assert [type(each) for each in await said(update(writes, "a"), update(writes, "b"))] == [raised] * 2
    collection.trouble = None
    assert await said(update(writes, "a"), update(writes, "b")) == [True, True]


@pytest.mark.parametrize("trouble", [None, OSError("away"), bulk_error(11000, matched=2)])
async def test_who_stopped_waiting_disturbs_nobody(trouble: Exception | None) -> None:
    collection = Collection("a", "b", "c")
    collection.trouble = trouble
    collection.may_go.clear()
    writes = BatchedWrites(collection)
    updates = [update(writes, "a"), update(writes, "b"), update(writes, "c")]
    for _ in range(3):
        await asyncio.sleep(0)
    updates[0].cancel()
    await asyncio.sleep(0)
    collection.may_go.set()
    answers = await said(*updates)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert [isinstance(each, Exception) for each in answers[1:]] == [isinstance(trouble, OSError)] * 2


async def test_who_stopped_waiting_is_not_told_that_nothing_is_known() -> None:
    collection = Collection("a", "b")
    writes = BatchedWrites(collection)
    updates = [update(writes, "a"), update(writes, "b", version=7)]

    def overtake() -> None:
        updates[0].cancel()
        collection.documents["a"] |= {"version": 2 + STAMPS_KEPT, STAMPS: []}

    collection.before_look = overtake
    answers = await said(*updates)
    assert isinstance(answers[0], asyncio.CancelledError) and answers[1] is False


async def test_an_end_of_the_process_ends_the_waiting() -> None:
    collection = Collection("a", "b", "c")
    collection.may_go.clear()
    writes = BatchedWrites(collection)
    first = [update(writes, "a"), update(writes, "b")]
    for _ in range(3):
        await asyncio.sleep(0)
    for sender in list(writes._updates._senders):
        sender.cancel()
    assert [type(each) for each in await said(*first)] == [asyncio.CancelledError] * 2
