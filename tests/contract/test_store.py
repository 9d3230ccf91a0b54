"""One suite of promises, two adapters: what holds in memory holds on a real MongoDB, or neither may be used."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest

from shared.events.identity import AccountRegistered
from shared.events.notification import KeepContactCard
from shared.store import (
    AlreadyExists,
    InboxFull,
    Index,
    Kind,
    Range,
    Store,
    VersionConflict,
)
from shared.store.driver import AsyncDatabase
from shared.store.kinds import LARGEST_INBOX, Failure, Parked
from shared.store.memory import MemoryStore
from shared.store.mongo import MongoStore

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class Phase(StrEnum):
    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"


@dataclass(frozen=True)
class Ticket:
    phase: Phase
    person_id: str
    number: int = 0
    due_at: datetime | None = None
    marks: tuple[str, ...] = ()


def _deadlines(ticket: Ticket) -> Mapping[str, datetime]:
    return {"lapse": ticket.due_at} if ticket.due_at else {}


TICKET = Kind(
    name="ticket",
    state=Ticket,
    deadlines=_deadlines,
    indexes=(
        Index("live_person", ("state.person_id",), unique=True, where={"state.phase": (Phase.OPEN, Phase.TAKEN)}),
        Index("phase_number", ("state.phase", "state.number")),
        Index("marks", ("state.marks",), unique=True, where={"state.phase": Phase.DONE}),
    ),
)
LINE = Kind(name="line", state=Ticket, bare=True, indexes=(Index("line", ("state.marks", "state.number")),))
PLACE = Kind(name="place", state=Ticket, bare=True, indexes=(Index("phase_number", ("state.phase", "state.number")),))


@pytest.fixture
async def mongo_store(mongo_database: AsyncDatabase) -> MongoStore:
    store = MongoStore(mongo_database, "test")
    await store.prepare([TICKET, PLACE, LINE])
    return store


@pytest.fixture
def memory_store() -> MemoryStore:
    return MemoryStore("test")


@pytest.fixture(params=["memory_store", "mongo_store"])
def store(request: pytest.FixtureRequest) -> Store:
    chosen: Store = request.getfixturevalue(request.param)
    return chosen


def ticket(person: str = "p1", phase: Phase = Phase.OPEN, **rest: Any) -> Ticket:
    return Ticket(phase, person, **rest)


async def test_what_is_written_is_read(store: Store) -> None:
    await store.insert(TICKET, "t1", ticket(number=3, due_at=NOW, marks=("a",)), now=NOW)
    record = await store.get(TICKET, "t1")
    assert record is not None
    assert (record.version, record.state) == (1, ticket(number=3, due_at=NOW, marks=("a",)))
    assert await store.get(TICKET, "nobody") is None


async def test_an_id_is_taken_once(store: Store) -> None:
    await store.insert(TICKET, "t1", ticket(), now=NOW)
    with pytest.raises(AlreadyExists) as refused:
        await store.insert(TICKET, "t1", ticket("p2"), now=NOW)
    assert refused.value.index == "_id_"


async def test_a_unique_value_is_taken_once_while_its_condition_holds(store: Store) -> None:
    first = await store.insert(TICKET, "t1", ticket(), now=NOW)
    with pytest.raises(AlreadyExists) as refused:
        await store.insert(TICKET, "t2", ticket(), now=NOW)
    assert refused.value.index == "live_person"
    await store.save(TICKET, first, ticket(phase=Phase.DONE), now=NOW)
    await store.insert(TICKET, "t2", ticket(), now=NOW)


async def test_each_member_of_an_array_is_unique(store: Store) -> None:
    await store.insert(TICKET, "t1", ticket("p1", Phase.DONE, marks=("a", "b")), now=NOW)
    with pytest.raises(AlreadyExists) as refused:
        await store.insert(TICKET, "t2", ticket("p2", Phase.DONE, marks=("b", "c")), now=NOW)
    assert refused.value.index == "marks"


async def test_a_save_with_an_old_version_is_refused(store: Store) -> None:
    old = await store.insert(TICKET, "t1", ticket(), now=NOW)
    new = await store.save(TICKET, old, ticket(number=1), now=NOW)
    assert new.version == 2
    with pytest.raises(VersionConflict):
        await store.save(TICKET, old, ticket(number=2), now=NOW)
    record = await store.get(TICKET, "t1")
    assert record is not None and record.state.number == 1


async def test_parallel_saves_of_one_version_have_one_winner(store: Store) -> None:
    record = await store.insert(TICKET, "t1", ticket(), now=NOW)
    results = await asyncio.gather(
        *(store.save(TICKET, record, ticket(number=number), now=NOW) for number in range(20)), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(isinstance(result, VersionConflict) for result in results if isinstance(result, BaseException))


async def test_a_message_is_remembered_with_its_effect(store: Store) -> None:
    record = await store.insert(TICKET, "t1", ticket(), now=NOW, received="m1")
    assert record.has_received("m1")
    saved = await store.save(TICKET, record, ticket(number=1), now=NOW, received="m2")
    again = await store.get(TICKET, "t1")
    assert again is not None
    assert saved.received == again.received == {"m1", "m2"}
    assert not again.has_received(None)


async def test_a_full_inbox_is_refused_and_never_forgets(store: Store) -> None:
    record = await store.insert(TICKET, "t1", ticket(), now=NOW)
    for number in range(LARGEST_INBOX):
        record = await store.save(TICKET, record, ticket(), now=NOW, received=f"m{number}")
    with pytest.raises(InboxFull):
        await store.save(TICKET, record, ticket(), now=NOW, received="one more")
    again = await store.get(TICKET, "t1")
    assert again is not None and again.has_received("m0")
    await store.save(TICKET, again, ticket(number=9), now=NOW)


async def test_events_wait_in_the_outbox_until_marked_and_are_archived(store: Store) -> None:
    event = AccountRegistered(account_id="a1", language="id")
    command = KeepContactCard(account_id="a1", language="id", sealed="...")
    record = await store.insert(TICKET, "t1", ticket(), now=NOW, events=[event, command])
    later = NOW + timedelta(seconds=1)
    assert await store.outbox_waiting(TICKET, before=NOW, limit=10) == []
    waiting = await store.outbox_waiting(TICKET, before=later, limit=10)
    assert [envelope.data for envelope in waiting] == [event, command]
    assert {(envelope.subject, envelope.aggregate_version, envelope.source) for envelope in waiting} == {
        ("t1", 1, "/paspor/test")
    }
    await store.mark_published(TICKET, waiting, now=later)
    await store.mark_published(TICKET, waiting, now=later)
    assert await store.outbox_waiting(TICKET, before=later, limit=10) == []
    assert [envelope.data for envelope in await store.archived(since=NOW, limit=10)] == [event]
    await store.save(TICKET, record, ticket(number=1), now=later)


async def test_a_save_from_before_the_pull_does_not_bring_a_sent_event_back(store: Store) -> None:
    record = await store.insert(
        TICKET, "t1", ticket(), now=NOW, events=[AccountRegistered(account_id="a", language="id")]
    )
    later = NOW + timedelta(seconds=1)
    await store.mark_published(TICKET, await store.outbox_waiting(TICKET, before=later, limit=10), now=later)
    await store.save(TICKET, record, ticket(number=1), now=later)
    assert await store.outbox_waiting(TICKET, before=later + timedelta(hours=1), limit=10) == []


async def test_old_messages_are_forgotten_after_thirty_days(store: Store) -> None:
    record = await store.insert(TICKET, "t1", ticket(), now=NOW, received="old")
    at = NOW + timedelta(days=30, seconds=1)
    event = AccountRegistered(account_id="a", language="id")
    await store.save(TICKET, record, ticket(), now=at, events=[event], received="new")
    waiting = await store.outbox_waiting(TICKET, before=at + timedelta(seconds=1), limit=10)
    await store.mark_published(TICKET, waiting, now=at)
    again = await store.get(TICKET, "t1")
    assert again is not None and again.received == {"new"}


async def test_a_find_uses_a_declared_index_in_its_order(store: Store) -> None:
    for number in (3, 1, 2):
        await store.insert(TICKET, f"t{number}", ticket(f"p{number}", number=number), now=NOW)
    found = await store.find(TICKET, "phase_number", {"state.phase": Phase.OPEN}, limit=2)
    assert [record.id for record in found] == ["t1", "t2"]
    found = await store.find(TICKET, "phase_number", {"state.phase": (Phase.OPEN, Phase.DONE)}, descending=True)
    assert [record.id for record in found] == ["t3", "t2", "t1"]
    within = {"state.number": Range(2, 3)}
    found = await store.find(TICKET, "phase_number", {"state.phase": Phase.OPEN}, within=within)
    assert [record.id for record in found] == ["t2"]
    assert await store.count(TICKET, "phase_number", {"state.phase": Phase.OPEN}) == 3


async def test_a_member_of_a_list_is_found_in_the_order_of_the_keys_behind_it(store: Store) -> None:
    """Who stands in several lines is met in each by the time of coming, not by the other lines' names."""
    marks = {1: ("m",), 2: ("a", "m"), 3: ("m", "z"), 4: ("z",)}
    for number in (3, 1, 4, 2):
        await store.insert(LINE, f"w{number}", ticket(f"p{number}", number=number, marks=marks[number]), now=NOW)
    found = await store.find(LINE, "line", {"state.marks": "m"})
    assert [record.id for record in found] == ["w1", "w2", "w3"]
    found = await store.find(LINE, "line", {"state.marks": "m"}, within={"state.number": Range(2)}, descending=True)
    assert [record.id for record in found] == ["w3", "w2"]
    assert await store.count(LINE, "line", {"state.marks": "z"}) == 2
    assert await store.find(LINE, "line", {"state.marks": "m", "state.number": 9}) == []


async def test_a_find_beside_its_index_is_a_mistake(store: Store) -> None:
    with pytest.raises(ValueError, match="does not cover"):
        await store.find(TICKET, "phase_number", {"state.person_id": "p1"})
    with pytest.raises(KeyError):
        await store.find(TICKET, "no_such_index")


async def test_one_claim_one_winner(store: Store) -> None:
    for number in range(5):
        await store.insert(PLACE, f"s{number}", ticket(f"p{number}", number=number), now=NOW)
    change = {"state.phase": Phase.TAKEN}
    claims = await asyncio.gather(
        *(store.claim_one(PLACE, "phase_number", {"state.phase": Phase.OPEN}, change, now=NOW) for _ in range(20))
    )
    won = [claim.id for claim in claims if claim is not None]
    assert len(won) == len(set(won)) == 5
    assert all(claim.state.phase is Phase.TAKEN and claim.version == 2 for claim in claims if claim is not None)


async def test_a_claim_starts_where_it_is_told(store: Store) -> None:
    for number in range(5):
        await store.insert(PLACE, f"s{number}", ticket(f"p{number}", number=number), now=NOW)
    claim = await store.claim_one(
        PLACE,
        "phase_number",
        {"state.phase": Phase.OPEN},
        {"state.phase": Phase.TAKEN},
        within={"state.number": Range(low=3)},
        now=NOW,
    )
    assert claim is not None and claim.id == "s3"


async def test_a_bare_kind_speaks_no_events(store: Store) -> None:
    with pytest.raises(ValueError, match="bare"):
        await store.insert(PLACE, "s", ticket(), now=NOW, events=[AccountRegistered(account_id="a", language="id")])


async def test_a_deadline_is_leased_to_one_and_comes_back_when_the_lease_ends(store: Store) -> None:
    await store.insert(TICKET, "t1", ticket(due_at=NOW), now=NOW)
    early = NOW - timedelta(seconds=1)
    assert await store.claim_due(TICKET, now=early, owner="a", lease_seconds=30) is None
    first = await store.claim_due(TICKET, now=NOW, owner="a", lease_seconds=30)
    assert first is not None and first.names == ("lapse",)
    assert await store.claim_due(TICKET, now=NOW, owner="b", lease_seconds=30) is None
    after = NOW + timedelta(seconds=31)
    second = await store.claim_due(TICKET, now=after, owner="b", lease_seconds=30)
    assert second is not None and second.record.fence != first.record.fence
    with pytest.raises(VersionConflict):
        await store.save(TICKET, first.record, ticket(phase=Phase.DONE), now=after)
    await store.save(TICKET, second.record, ticket(phase=Phase.DONE), now=after)
    assert await store.claim_due(TICKET, now=after, owner="a", lease_seconds=30) is None


async def test_a_save_by_who_read_before_the_lease_ends_it(store: Store) -> None:
    """The holder's decision is lost, so nobody may wait for the end of its lease."""
    before = await store.insert(TICKET, "t1", ticket(due_at=NOW), now=NOW)
    due = await store.claim_due(TICKET, now=NOW, owner="a", lease_seconds=30)
    assert due is not None
    await store.save(TICKET, before, ticket(due_at=NOW, number=2), now=NOW)
    with pytest.raises(VersionConflict):
        await store.save(TICKET, due.record, ticket(phase=Phase.DONE), now=NOW)
    again = await store.claim_due(TICKET, now=NOW, owner="b", lease_seconds=30)
    assert again is not None and again.record.state.number == 2


async def test_a_save_gives_the_lease_back(store: Store) -> None:
    await store.insert(TICKET, "t1", ticket(due_at=NOW), now=NOW)
    due = await store.claim_due(TICKET, now=NOW, owner="a", lease_seconds=30)
    assert due is not None
    await store.save(TICKET, due.record, ticket(due_at=NOW, number=1), now=NOW)
    assert await store.claim_due(TICKET, now=NOW, owner="b", lease_seconds=30) is not None


async def fails(store: Store, at: datetime, park_at: int = 2) -> Failure:
    due = await store.claim_due(TICKET, now=at, owner="a", lease_seconds=30)
    assert due is not None
    return await store.note_failure(TICKET, due.record, "lapse", error="ValueError", now=at, park_at=park_at)


async def test_a_deadline_that_fails_too_often_is_parked_until_it_is_released(store: Store) -> None:
    await store.insert(TICKET, "t1", ticket(due_at=NOW), now=NOW)
    later, much_later = NOW + timedelta(seconds=31), NOW + timedelta(days=1)
    assert await fails(store, NOW) == Failure(1, parked=False)
    due = await store.claim_due(TICKET, now=later, owner="b", lease_seconds=30)
    assert due is not None and due.failures == {"lapse": 1}
    assert await store.note_failure(TICKET, due.record, "lapse", error="KeyError", now=later, park_at=2) == Failure(
        2, parked=True
    )
    assert await store.claim_due(TICKET, now=much_later, owner="a", lease_seconds=30) is None
    assert await store.parked(TICKET) == [Parked(TICKET.name, "t1", "lapse", 2, "KeyError", later)]
    assert await store.count_parked(TICKET) == 1
    assert await store.release_parked(TICKET, "t1", "lapse", now=much_later)
    assert not await store.release_parked(TICKET, "t1", "lapse", now=much_later)
    assert await store.count_parked(TICKET) == 0
    released = await store.claim_due(TICKET, now=much_later, owner="a", lease_seconds=30)
    assert released is not None and (released.names, released.failures) == (("lapse",), {})


async def test_who_saved_before_the_last_failure_was_counted_keeps_the_deadline(store: Store) -> None:
    before = await store.insert(TICKET, "t1", ticket(due_at=NOW), now=NOW)
    due = await store.claim_due(TICKET, now=NOW, owner="a", lease_seconds=30)
    assert due is not None
    await store.save(TICKET, before, ticket(due_at=NOW, number=2), now=NOW)
    assert await store.note_failure(TICKET, due.record, "lapse", error="ValueError", now=NOW, park_at=1) == Failure(
        1, parked=False
    )
    assert await store.claim_due(TICKET, now=NOW, owner="a", lease_seconds=30) is not None


async def test_failures_are_forgotten_and_a_save_lets_a_parked_deadline_fall_due(store: Store) -> None:
    record = await store.insert(TICKET, "t1", ticket(due_at=NOW), now=NOW)
    assert (await fails(store, NOW, park_at=1)).parked
    await store.save(TICKET, record, ticket(due_at=NOW, number=1), now=NOW)
    due = await store.claim_due(TICKET, now=NOW, owner="a", lease_seconds=30)
    assert due is not None and due.failures == {"lapse": 1}
    await store.forget_failures(TICKET, "t1", "lapse")
    await store.forget_failures(TICKET, "t1", "lapse")
    assert (await store.count_parked(TICKET), await store.parked(TICKET)) == (0, [])
    assert not await store.release_parked(TICKET, "nobody", "lapse", now=NOW)


async def test_remove_takes_only_what_is_unchanged_and_silent(store: Store) -> None:
    record = await store.insert(
        TICKET, "t1", ticket(), now=NOW, events=[AccountRegistered(account_id="a", language="id")]
    )
    assert not await store.remove(TICKET, record)
    waiting = await store.outbox_waiting(TICKET, before=NOW + timedelta(seconds=1), limit=1)
    await store.mark_published(TICKET, waiting, now=NOW)
    assert not await store.remove(TICKET, replace(record, version=7))
    assert await store.remove(TICKET, record)
    assert await store.get(TICKET, "t1") is None


async def test_scan_sees_everything_once(store: Store) -> None:
    for number in range(7):
        await store.insert(TICKET, f"t{number}", ticket(f"p{number}"), now=NOW)
    assert [record.id async for record in store.scan(TICKET, batch=3)] == [f"t{number}" for number in range(7)]


async def test_the_adapters_agree_on_random_histories(mongo_database: AsyncDatabase) -> None:
    memory, mongo = MemoryStore("test"), MongoStore(mongo_database, "test")
    await mongo.prepare([TICKET])
    for seed in range(5):
        assert await _history(memory, random.Random(seed), f"{seed}-") == await _history(
            mongo, random.Random(seed), f"{seed}-"
        )


async def _history(store: Store, chance: random.Random, prefix: str) -> list[str]:
    """Play 60 random verbs and write down what each answered."""
    seen: list[str] = []
    for _ in range(60):
        record_id = f"{prefix}{chance.randrange(6)}"
        state = ticket(
            f"{prefix}p{chance.randrange(4)}",
            chance.choice(list(Phase)),
            number=chance.randrange(5),
            due_at=chance.choice([None, NOW]),
        )
        verb = chance.choice(["insert", "save", "claim_due", "find", "remove"])
        received = chance.choice([None, f"m{chance.randrange(3)}"])
        try:
            seen.append(f"{verb}: {await _play(store, verb, record_id, state, received)}")
        except (AlreadyExists, VersionConflict) as refused:
            seen.append(f"{verb}: {type(refused).__name__} {getattr(refused, 'index', '')}")
    return seen


async def _play(store: Store, verb: str, record_id: str, state: Ticket, received: str | None) -> object:
    if verb == "insert":
        return (await store.insert(TICKET, record_id, state, now=NOW, received=received)).version
    if verb == "claim_due":
        due = await store.claim_due(TICKET, now=NOW, owner="a", lease_seconds=30)
        return due and due.names
    if verb == "find":
        found = await store.find(TICKET, "phase_number", {"state.phase": state.phase})
        return sorted((record.id, record.version) for record in found)
    record = await store.get(TICKET, record_id)
    if record is None:
        return None
    if verb == "remove":
        return await store.remove(TICKET, record)
    return (await store.save(TICKET, record, state, now=NOW, received=received)).version
