"""One suite for every table of person keys: one key per subject, a tombstone that stays, keys that are wrapped anew."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.person_keys.memory import MemoryKeyTable
from shared.person_keys.mongo import MongoKeyTable
from shared.person_keys.port import KeyRecord, KeyTable
from shared.store import driver
from shared.store.port import StoreUnavailable
from tests.contract.away import TROUBLES, Away

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
LATER = START + timedelta(hours=1)


@pytest.fixture(scope="module")
async def database(mongo_url: str) -> AsyncIterator[Any]:
    client = driver.connect(mongo_url)
    name = f"test_keys_{os.getpid()}"
    yield driver.database(client, name)
    await client.drop_database(name)
    await driver.disconnect(client)


@pytest.fixture(params=["memory", "mongo"])
def bare(request: pytest.FixtureRequest) -> MemoryKeyTable | MongoKeyTable:
    return MemoryKeyTable() if request.param == "memory" else MongoKeyTable(request.getfixturevalue("database"))


@pytest.fixture
async def table(bare: MemoryKeyTable | MongoKeyTable) -> KeyTable:
    if isinstance(bare, MongoKeyTable):
        await bare._keys.drop()
        await bare.prepare()
    return bare


def record(subject_id: str = "a-1", wrapped: str = "k1.first") -> KeyRecord:
    return KeyRecord(subject_id, wrapped, START)


async def test_the_first_key_of_a_subject_stays(table: KeyTable) -> None:
    assert await table.find(["a-1"]) == {}
    assert await table.add(record()) == record()
    assert await table.add(record(wrapped="k1.second")) == record()
    assert await table.find(["a-1", "a-2"]) == {"a-1": record()}


async def test_of_two_that_make_a_key_at_once_both_get_the_same(table: KeyTable) -> None:
    made = await asyncio.gather(*(table.add(record(wrapped=f"k1.{number}")) for number in range(8)))
    assert len(set(made)) == 1
    assert await table.find(["a-1"]) == {"a-1": made[0]}


async def test_several_subjects_are_found_at_once(table: KeyTable) -> None:
    for subject_id in ("a-1", "a-2", "a-3"):
        await table.add(record(subject_id))
    found = await asyncio.gather(table.find(["a-1", "a-3"]), table.find(["a-2", "nobody"]))
    assert [set(each) for each in found] == [{"a-1", "a-3"}, {"a-2"}]


async def test_a_destroyed_key_leaves_a_tombstone_that_stays(table: KeyTable) -> None:
    await table.add(record())
    await table.destroy("a-1", LATER)
    tombstone = KeyRecord("a-1", None, LATER)
    assert await table.find(["a-1"]) == {"a-1": tombstone}
    assert await table.add(record()) == tombstone, "a late message makes no new key"
    assert not await table.replace("a-1", "k1.first", "k2.first"), "a key turn does not bring it back"
    await table.destroy("a-1", LATER + timedelta(hours=1))
    assert await table.find(["a-1"]) == {"a-1": tombstone}


async def test_a_subject_without_key_gets_its_tombstone_too(table: KeyTable) -> None:
    await table.destroy("a-1", LATER)
    assert await table.add(record()) == KeyRecord("a-1", None, LATER)


async def test_nothing_of_a_destroyed_key_is_left_in_the_database(database: Any) -> None:
    await database["person_keys"].drop()
    table = MongoKeyTable(database)
    await table.add(record())
    await table.destroy("a-1", LATER)
    assert await database["person_keys"].find({}).to_list(10) == [{"_id": "a-1", "at": LATER}]


async def test_a_key_is_replaced_only_where_it_is_still_the_one_that_was_read(table: KeyTable) -> None:
    await table.add(record())
    assert await table.replace("a-1", "k1.first", "k2.first")
    assert not await table.replace("a-1", "k1.first", "k2.other")
    assert not await table.replace("nobody", "k1.first", "k2.other")
    assert (await table.find(["a-1"]))["a-1"].wrapped == "k2.first"


async def test_keys_under_another_master_key_are_listed_page_by_page(table: KeyTable) -> None:
    for subject_id, wrapped in (("a-1", "k1.x"), ("a-2", "k2.x"), ("a-3", "k0.x"), ("a-4", "k1.x"), ("a-5", "k1.x")):
        await table.add(record(subject_id, wrapped))
    await table.destroy("a-4", LATER)
    first = await table.wrapped_otherwise("k2", "", 2)
    assert [each.subject_id for each in first] == ["a-1", "a-3"]
    assert [each.subject_id for each in await table.wrapped_otherwise("k2", "a-3", 2)] == ["a-5"]


VERBS: dict[str, Callable[[MongoKeyTable], Awaitable[object]]] = {
    "prepare": lambda table: table.prepare(),
    "find": lambda table: table.find(["a-1"]),
    "add": lambda table: table.add(record()),
    "destroy": lambda table: table.destroy("a-1", START),
    "replace": lambda table: table.replace("a-1", "old", "new"),
    "wrapped_otherwise": lambda table: table.wrapped_otherwise("k1", "", 10),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_a_server_that_is_away_is_the_store_unavailable(verb: str) -> None:
    table = MongoKeyTable(defaultdict(lambda: Away(TROUBLES[0])))
    with pytest.raises(StoreUnavailable):
        await VERBS[verb](table)


def test_no_command_is_left_out() -> None:
    public = {name for name, each in vars(MongoKeyTable).items() if callable(each) and not name.startswith("_")}
    assert public == set(VERBS)
