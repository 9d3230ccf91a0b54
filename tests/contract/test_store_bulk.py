"""Many documents at once: written if missing, counted by their values; the same on both adapters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from shared.store import AlreadyExists, Index, Kind, Range, Store
from shared.store.driver import AsyncDatabase
from shared.store.memory import MemoryStore
from shared.store.mongo import BULK, MongoStore

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Chair:
    room: str
    colour: str
    number: int
    label: str | None = None
    due_at: datetime | None = None


def _deadlines(chair: Chair) -> Mapping[str, datetime]:
    return {"paint": chair.due_at} if chair.due_at else {}


CHAIR = Kind(
    name="chair",
    state=Chair,
    bare=True,
    deadlines=_deadlines,
    indexes=(
        Index("room", ("state.room", "state.colour", "state.number")),
        Index("label", ("state.label",), unique=True, where={"state.colour": "red"}),
    ),
)


@pytest.fixture
async def mongo_store(mongo_database: AsyncDatabase) -> MongoStore:
    store = MongoStore(mongo_database, "test")
    await store.prepare([CHAIR])
    return store


@pytest.fixture
def memory_store() -> MemoryStore:
    return MemoryStore("test")


@pytest.fixture(params=["memory_store", "mongo_store"])
def store(request: pytest.FixtureRequest) -> Store:
    chosen: Store = request.getfixturevalue(request.param)
    return chosen


async def test_only_what_is_missing_is_written(store: Store) -> None:
    old = Chair("a", "blue", 1)
    await store.insert(CHAIR, "c1", old, now=NOW)
    wished = [(f"c{number}", Chair("b", "blue", number)) for number in range(4)]
    assert await store.insert_missing(CHAIR, wished, now=NOW) == 3
    assert await store.insert_missing(CHAIR, wished, now=NOW) == 0
    assert await store.insert_missing(CHAIR, [], now=NOW) == 0
    kept = await store.get(CHAIR, "c1")
    assert kept is not None and (kept.state, kept.version) == (old, 1)


async def test_more_than_one_command_holds(store: Store) -> None:
    wished = [(f"c{number}", Chair("a", "blue", number)) for number in range(BULK + 1)]
    assert await store.insert_missing(CHAIR, wished, now=NOW) == BULK + 1
    assert await store.count(CHAIR, "room", {"state.room": "a"}) == BULK + 1


async def test_another_unique_value_is_still_refused(store: Store) -> None:
    red = Chair("a", "red", 1, label="x")
    with pytest.raises(AlreadyExists) as refused:
        await store.insert_missing(CHAIR, [("c1", red), ("c2", red)], now=NOW)
    assert refused.value.index == "label"


async def test_what_was_written_at_once_falls_due_and_can_be_saved(store: Store) -> None:
    await store.insert_missing(CHAIR, [("c1", Chair("a", "blue", 1, due_at=NOW))], now=NOW)
    due = await store.claim_due(CHAIR, now=NOW, owner="a", lease_seconds=30)
    assert due is not None and due.names == ("paint",)
    await store.save(CHAIR, due.record, replace(due.record.state, due_at=None), now=NOW)
    assert await store.claim_due(CHAIR, now=NOW, owner="a", lease_seconds=30) is None


async def test_a_tally_counts_each_combination(store: Store) -> None:
    rows = [("a", "blue"), ("a", "blue"), ("a", "red"), ("b", "blue"), ("c", "blue")]
    chairs = [(f"c{number}", Chair(*row, number, label=str(number))) for number, row in enumerate(rows)]
    await store.insert_missing(CHAIR, chairs, now=NOW)
    by = ("state.room", "state.colour")
    counted = await store.tally(CHAIR, "room", by, {"state.room": ("a", "b")})
    assert counted == {("a", "blue"): 2, ("a", "red"): 1, ("b", "blue"): 1}
    within = {"state.number": Range(low=1, high=3)}
    assert await store.tally(CHAIR, "room", ("state.room",), within=within) == {("a",): 2}
    assert await store.tally(CHAIR, "room", by, {"state.room": "nowhere"}) == {}
    with pytest.raises(ValueError, match="does not cover"):
        await store.tally(CHAIR, "room", ("state.label",))


async def test_all_in_order_up_to_the_first_that_is_refused(store: Store) -> None:
    await store.insert(CHAIR, "c2", Chair("a", "blue", 9), now=NOW)
    wished = [(f"c{number}", Chair("b", "blue", number)) for number in range(4)]
    with pytest.raises(AlreadyExists) as refused:
        await store.insert_all(CHAIR, wished, now=NOW)
    assert refused.value.index == "_id_"
    assert [await store.get(CHAIR, each) is not None for each in ("c0", "c1", "c2", "c3")] == [True, True, True, False]
    await store.insert_all(CHAIR, [("c7", Chair("c", "red", 1, label="x"))], now=NOW)
    with pytest.raises(AlreadyExists) as refused:
        await store.insert_all(CHAIR, [("c8", Chair("c", "red", 2, label="x"))], now=NOW)
    assert refused.value.index == "label"


async def test_a_unique_value_is_free_again_once_nobody_has_it(store: Store) -> None:
    red = Chair("a", "red", 1, label="x")
    first = await store.insert(CHAIR, "c1", red, now=NOW)
    first = await store.save(CHAIR, first, replace(red, label="y"), now=NOW)
    second = await store.insert(CHAIR, "c2", red, now=NOW)
    with pytest.raises(AlreadyExists):
        await store.save(CHAIR, first, red, now=NOW)
    assert await store.remove(CHAIR, second)
    await store.save(CHAIR, first, red, now=NOW)
