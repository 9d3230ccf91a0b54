"""Many at once: deadlines leased by the dozen, saves that share a command; each document answers for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.identity import AccountRegistered
from shared.store import AlreadyExists, Index, Kind, Range, Record, Store, StoreUnavailable, VersionConflict
from shared.store.batched_writes import AnswerLost, BatchedWrites
from shared.store.claim_prefetch import LEAST_AHEAD, ClaimPrefetcher
from shared.store.driver import AsyncDatabase
from shared.store.memory import MemoryStore
from shared.store.mongo import MongoStore

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


@dataclass(frozen=True)
class Letter:
    number: int
    stamp: str | None = None
    due_at: datetime | None = None


def _deadlines(letter: Letter) -> Mapping[str, datetime]:
    return {"send": letter.due_at} if letter.due_at else {}


LETTER = Kind(
    name="letter",
    state=Letter,
    deadlines=_deadlines,
    batched=True,
    indexes=(Index("stamp", ("state.stamp",), unique=True, where={"state.number": tuple(range(100, 200))}),),
)


@dataclass(frozen=True)
class Place:
    number: int
    room: str = "a"
    taker: str | None = None


PLACE = Kind(
    name="place",
    state=Place,
    bare=True,
    batched=True,
    indexes=(Index("free", ("state.room", "state.number", "state.taker"), where={"state.taker": None}),),
)


@dataclass(frozen=True)
class Member:
    cards: tuple[str, ...]


MEMBER = Kind(name="member", state=Member, batched=True, indexes=(Index("cards", ("state.cards",), unique=True),))


@pytest.fixture
async def mongo_store(mongo_database: AsyncDatabase) -> MongoStore:
    store = MongoStore(mongo_database, "test")
    await store.prepare([LETTER, PLACE, MEMBER])
    return store


@pytest.fixture
def memory_store() -> MemoryStore:
    return MemoryStore("test")


@pytest.fixture(params=["memory_store", "mongo_store"])
def store(request: pytest.FixtureRequest) -> Store:
    chosen: Store = request.getfixturevalue(request.param)
    return chosen


async def letters(store: Store, count: int, *, due: bool = False) -> list[Record[Letter]]:
    """So many letters, the one with the highest number longest due."""
    return [
        await store.insert(LETTER, f"l{n:02}", Letter(n, due_at=NOW - timedelta(minutes=n) if due else None), now=NOW)
        for n in range(count)
    ]


async def answers(*saves: Any) -> list[Any]:
    return await asyncio.gather(*saves, return_exceptions=True)


async def test_the_longest_due_are_leased_together_and_to_nobody_else(store: Store) -> None:
    await letters(store, 6, due=True)
    await store.insert(LETTER, "early", Letter(9, due_at=LATER), now=NOW)
    taken = await store.claim_due(LETTER, now=NOW, owner="a", lease_seconds=30)
    assert taken is not None and taken.record.id == "l05"
    first = await store.claim_all_due(LETTER, now=NOW, owner="a", lease_seconds=30, most=3)
    assert [due.record.id for due in first] == ["l04", "l03", "l02"]
    assert {due.names for due in first} == {("send",)}
    rest = await store.claim_all_due(LETTER, now=NOW, owner="b", lease_seconds=30, most=9)
    assert [due.record.id for due in rest] == ["l01", "l00"]
    assert await store.claim_all_due(LETTER, now=NOW, owner="b", lease_seconds=30, most=9) == []


async def test_a_lease_of_many_ends_for_each_and_fences_off_who_held_it(store: Store) -> None:
    await letters(store, 3, due=True)
    slow = await store.claim_all_due(LETTER, now=NOW, owner="a", lease_seconds=30, most=3)
    await store.save(LETTER, slow[0].record, Letter(7), now=NOW)
    after = NOW + timedelta(seconds=30)
    again = await store.claim_all_due(LETTER, now=after, owner="a", lease_seconds=30, most=3)
    assert [due.record.id for due in again] == [due.record.id for due in slow[1:]]
    with pytest.raises(VersionConflict):
        await store.save(LETTER, slow[1].record, Letter(7), now=after)
    await store.save(LETTER, again[0].record, Letter(7), now=after)


async def test_replicas_that_claim_at_once_share_no_deadline(store: Store) -> None:
    await letters(store, 40, due=True)
    rounds = await asyncio.gather(
        *(store.claim_all_due(LETTER, now=NOW, owner="a", lease_seconds=30, most=25) for _ in range(4))
    )
    leased = [due.record.id for claimed in rounds for due in claimed]
    assert len(leased) == len(set(leased))
    while more := await store.claim_all_due(LETTER, now=NOW, owner="b", lease_seconds=30, most=25):
        leased += [due.record.id for due in more]
    assert sorted(leased) == [f"l{n:02}" for n in range(40)]


async def test_saves_that_come_together_answer_each_for_itself(store: Store) -> None:
    known = await letters(store, 30)
    old = await store.save(LETTER, known[3], Letter(33), now=NOW)
    said = await answers(*(store.save(LETTER, each, Letter(50), now=NOW) for each in [*known, replace(old, id="none")]))
    assert [type(each) for each in said] == [Record] * 3 + [VersionConflict] + [Record] * 26 + [VersionConflict]
    stored = [record.state.number async for record in store.scan(LETTER)]
    assert stored == [50] * 3 + [33] + [50] * 26


async def test_of_saves_of_one_version_one_wins_in_any_crowd(store: Store) -> None:
    known = await letters(store, 12)
    said = await answers(*(store.save(LETTER, each, Letter(number), now=NOW) for number in range(9) for each in known))
    for place, record in enumerate(known):
        winners = [each for each in said[place :: len(known)] if isinstance(each, Record)]
        stored = await store.get(LETTER, record.id)
        assert [each.state for each in winners] == [stored.state if stored else None]
    assert sum(isinstance(each, VersionConflict) for each in said) == len(said) - len(known)


async def test_who_writes_one_document_with_many_others_always_hears_what_became_of_it(
    mongo_store: MongoStore, mongo_database: AsyncDatabase
) -> None:
    """Writers of two replicas add to the same few documents; those that another write overtakes try again."""
    stores = [mongo_store, MongoStore(mongo_database, "test")]
    known = await letters(mongo_store, 3)

    async def add(store: Store, record_id: str) -> int:
        for tries in range(1, 200):
            record = await store.get(LETTER, record_id)
            assert record is not None
            try:
                await store.save(LETTER, record, replace(record.state, number=record.state.number + 1), now=NOW)
            except VersionConflict:
                continue
            return tries
        raise AssertionError("never first")

    tries = await answers(*(add(store, each.id) for _ in range(8) for store in stores for each in known))
    assert all(isinstance(each, int) for each in tries), tries
    assert [(await mongo_store.get(LETTER, each.id)).state.number for each in known] == [16, 17, 18]


async def test_what_was_saved_between_lease_and_look_is_left_out(
    mongo_store: MongoStore, mongo_database: AsyncDatabase
) -> None:
    known = await letters(mongo_store, 5, due=True)
    other = MongoStore(mongo_database, "test")
    collection = mongo_store._collection(LETTER.name)

    class Overtaken:
        def __getattr__(self, name: str) -> Any:
            return getattr(collection, name)

        async def update_many(self, *given: Any, **named: Any) -> Any:
            leased = await collection.update_many(*given, **named)
            for place, state in ((1, Letter(91)), (3, known[3].state)):
                record = await other.get(LETTER, known[place].id)
                await other.save(LETTER, record, state, now=NOW)
            return leased

    mongo_store._collections[LETTER.name] = Overtaken()
    leased = await mongo_store.claim_all_due(LETTER, now=NOW, owner="a", lease_seconds=30, most=9)
    assert [due.record.id for due in leased] == ["l04", "l02", "l00"]
    again = await other.claim_all_due(LETTER, now=NOW, owner="b", lease_seconds=30, most=9)
    assert [due.record.id for due in again] == ["l03"], "who saved it has ended the lease, not the deadline"


async def test_the_race_shows_when_nobody_looks_what_was_written(
    mongo_store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: without a look at the documents the losers of a crowd believe that they won."""

    async def believe(_self: BatchedWrites, updates: Any) -> None:
        for each in updates:
            each.tell(True)

    monkeypatch.setattr(BatchedWrites, "_find_written", believe)
    known = await letters(mongo_store, 12)
    said = await answers(
        *(mongo_store.save(LETTER, each, Letter(number), now=NOW) for number in range(9) for each in known)
    )
    assert sum(isinstance(each, Record) for each in said) > len(known)


async def test_a_value_that_is_taken_refuses_only_its_own_save(store: Store) -> None:
    known = await letters(store, 8)
    await store.insert(LETTER, "first", Letter(100, stamp="s3"), now=NOW)
    stale = await store.save(LETTER, known[5], Letter(7), now=NOW)
    said = await answers(*(store.save(LETTER, each, Letter(101, stamp=f"s{each.id[-1]}"), now=NOW) for each in known))
    assert isinstance(said[3], AlreadyExists) and said[3].index == "stamp"
    assert isinstance(said[5], VersionConflict)
    assert all(isinstance(said[place], Record) for place in (0, 1, 2, 4, 6, 7))
    assert await store.get(LETTER, "l05") == stale


async def test_inserts_that_come_together_answer_each_for_itself(store: Store) -> None:
    await store.insert(LETTER, "n03", Letter(3), now=NOW)
    await store.insert(LETTER, "first", Letter(100, stamp="s7"), now=NOW)
    event = AccountRegistered(account_id="a", language="id")
    wanted = [(f"n{n:02}", Letter(100 + n, stamp=f"s{n}")) for n in range(12)]
    said = await answers(
        *(store.insert(LETTER, name, letter, now=NOW, events=[event], received="m") for name, letter in wanted)
    )
    refused = {place: each.index for place, each in enumerate(said) if isinstance(each, AlreadyExists)}
    assert refused == {3: "_id_", 7: "stamp"}
    assert all(isinstance(each, Record) for place, each in enumerate(said) if place not in refused)
    for place, (name, letter) in enumerate(wanted):
        stored = await store.get(LETTER, name)
        if place in refused:
            assert stored is None or stored.state == Letter(3)
        else:
            assert stored is not None and (stored.state, stored.received) == (letter, frozenset({"m"}))
    assert len(await store.outbox_waiting(LETTER, before=LATER, limit=100)) == len(wanted) - len(refused)


async def test_of_inserts_under_one_id_one_wins_in_any_crowd(store: Store) -> None:
    said = await answers(*(store.insert(LETTER, "one", Letter(number), now=NOW) for number in range(30)))
    (winner,) = [each for each in said if isinstance(each, Record)]
    assert await store.get(LETTER, "one") == winner
    assert sum(isinstance(each, AlreadyExists) for each in said) == 29


async def test_reads_that_come_together_find_each_its_own(store: Store) -> None:
    known = await letters(store, 20)
    said = await answers(*(store.get(LETTER, name) for name in [*(each.id for each in known), "none", "l07"]))
    assert said == [*known, None, known[7]]


async def test_holders_looked_for_together_are_found_each_by_its_own_values(store: Store) -> None:
    known = [
        await store.insert(MEMBER, f"m{number}", Member((f"old-{number}", f"new-{number}")), now=NOW)
        for number in range(9)
    ]
    wanted = [*(("none", f"old-{number}") for number in range(9)), ("new-2",), ("new-7", "new-1"), ("none",), ()]
    said = await answers(*(store.find_holder(MEMBER, "cards", values) for values in wanted))
    assert said == [*known, known[2], known[7], None, None]
    assert await store.find_holder(MEMBER, "cards", ("new-4", "none")) == known[4]


async def test_a_holder_is_found_by_a_declared_index_alone(store: Store) -> None:
    with pytest.raises(KeyError):
        await store.find_holder(MEMBER, "names", ("a",))


async def places(store: Store, count: int) -> None:
    await store.insert_missing(PLACE, [(f"p{n:02}", Place(n)) for n in range(count)], now=NOW)


def take(store: Store, taker: str, low: int = 0, high: int | None = None) -> Any:
    within = {"state.number": Range(low, high)}
    return store.claim_one(PLACE, "free", {"state.room": "a"}, {"state.taker": taker}, within=within, now=NOW)


async def test_claims_that_come_together_take_each_another(store: Store) -> None:
    await places(store, 60)
    said = await answers(*(take(store, f"t{n}") for n in range(20)), *(take(store, f"t{n}", 25) for n in range(20, 24)))
    assert len({each.id for each in said}) == 24
    assert [(each.state.taker, each.version) for each in said] == [(f"t{n}", 2) for n in range(24)]
    assert all(each.state.number >= 25 for each in said[20:])
    assert [await store.get(PLACE, each.id) for each in said] == said


async def test_of_more_claims_than_places_none_is_refused_while_one_is_free(store: Store) -> None:
    await places(store, 12)
    said = await answers(*(take(store, f"t{n}", n % 9) for n in range(40)))
    assert sorted(each.id for each in said if each is not None) == [f"p{n:02}" for n in range(12)]
    assert await take(store, "late") is None


async def test_claims_with_no_range_in_common_are_answered_each_in_its_own(store: Store) -> None:
    await places(store, 10)
    said = await answers(take(store, "first", 9), *(take(store, f"t{n}", n, n + 1) for n in range(9)))
    assert [each.state.number for each in said] == [9, *range(9)]


async def test_crowds_of_two_replicas_share_no_place(mongo_store: MongoStore, mongo_database: AsyncDatabase) -> None:
    other = MongoStore(mongo_database, "test")
    await places(mongo_store, 50)
    said = await answers(*(take(each, f"t{n}") for n in range(30) for each in (mongo_store, other)))
    won = [each for each in said if each is not None]
    assert len(won) == len({each.id for each in won}) == 50
    stored = {record.id: record async for record in mongo_store.scan(PLACE)}
    assert all(stored[each.id] == each for each in won)


async def test_what_one_replica_has_found_ahead_the_other_may_take(
    mongo_store: MongoStore, mongo_database: AsyncDatabase
) -> None:
    other = MongoStore(mongo_database, "test")
    await places(mongo_store, LEAST_AHEAD)
    assert (await take(mongo_store, "first")).id == "p00"
    taken = [await take(other, f"o{n}") for n in range(LEAST_AHEAD - 2)]
    assert [each.id for each in taken] == [f"p{n:02}" for n in range(1, LEAST_AHEAD - 1)]
    last = await take(mongo_store, "second")
    assert (last.id, last.state.taker) == (f"p{LEAST_AHEAD - 1:02}", "second"), "none is refused while one is free"
    assert await mongo_store.get(PLACE, last.id) == last
    assert await take(mongo_store, "third") is None


async def test_who_comes_behind_a_crowd_needs_no_look(
    mongo_store: MongoStore, mongo_database: AsyncDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    await places(mongo_store, 60)
    looks = []
    look = ClaimPrefetcher._prefetch

    async def counting(self: ClaimPrefetcher, common: Any, count: int, paired: Any) -> bool:
        looks.append(count)
        return await look(self, common, count, paired)

    monkeypatch.setattr(ClaimPrefetcher, "_prefetch", counting)
    for number in range(LEAST_AHEAD):
        assert (await take(mongo_store, "a")).id == f"p{number:02}"
    assert looks == [1]
    far = await take(mongo_store, "far", 40)
    assert (far.id, looks) == ("p40", [1, 1]), "what lies outside the range is not given out of memory"
    rest = await answers(*(take(mongo_store, "b") for _ in range(60)))
    assert len({each.id for each in rest if each is not None}) == 60 - LEAST_AHEAD - 1


async def test_of_a_claim_that_nobody_can_tell_of_its_caller_hears(
    mongo_store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await places(mongo_store, 5)

    async def lost(_self: BatchedWrites, _wanted: Any, _change: Any) -> bool:
        raise AnswerLost

    monkeypatch.setattr(BatchedWrites, "update", lost)
    with pytest.raises(StoreUnavailable):
        await take(mongo_store, "a")
    monkeypatch.undo()
    assert (await take(mongo_store, "b")).id == "p01", "the doubtful one is not tried again from memory"


async def test_the_race_shows_when_a_place_is_written_without_its_version(
    mongo_store: MongoStore, mongo_database: AsyncDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: crowds that do not ask for the version share places."""

    async def careless(self: Any, claim: Any, place: Any) -> None:
        change = {"$set": {**claim.wanted.change, "version": place["version"] + 1}}
        await self._collection.update_one({"_id": place["_id"]}, change)
        claim.tell({**place, "version": place["version"] + 1})

    monkeypatch.setattr(ClaimPrefetcher, "_take", careless)
    other = MongoStore(mongo_database, "test")
    for _ in range(20):
        await mongo_database[PLACE.name].delete_many({})
        await places(mongo_store, 50)
        said = await answers(*(take(each, f"t{n}") for n in range(25) for each in (mongo_store, other)))
        won = [each.id for each in said if each is not None]
        if len(won) > len(set(won)):
            return
    raise AssertionError("no place was shared")


async def test_what_is_said_together_waits_in_each_outbox_once(store: Store) -> None:
    known = await letters(store, 20)
    event = AccountRegistered(account_id="a", language="id")
    said = await answers(
        *(
            store.save(LETTER, each, Letter(1), now=NOW, events=[event], received=f"m{n % 20}")
            for n, each in enumerate([*known, *known])
        )
    )
    assert sum(isinstance(each, Record) for each in said) == len(known)
    waiting = await store.outbox_waiting(LETTER, before=LATER, limit=100)
    assert sorted(each.subject for each in waiting) == [record.id for record in known]
    assert {each.received for each in said if isinstance(each, Record)} == {frozenset({f"m{n}"}) for n in range(20)}
