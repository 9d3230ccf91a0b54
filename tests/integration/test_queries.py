"""Every query on a real MongoDB goes through its index: the server's own profiler says which plan it took.

The store's verbs are called as the services call them, once for every declared index of every service, and the
profiler shows the very commands that arrived. None may read a whole collection or sort in memory.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.envelope import Envelope
from shared.events.identity import AccountRegistered
from shared.events.subscriptions import SERVICES
from shared.store import Index, Kind, Range
from shared.store.driver import AsyncDatabase, OperationFailure, connect, database, disconnect
from shared.store.kinds import has_deadlines
from shared.store.mongo import MongoStore
from tests.assembled import Suite, assemble
from tests.unit.world import HurryingClock
from tests.walking import Citizen, serve_visitor

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PARTS = {name: service.parts for name, service in assemble(HurryingClock(NOW)).items()}
INDEXES = [(service, kind, index) for service in SERVICES for kind in PARTS[service].kinds for index in kind.indexes]
KINDS = [(service, kind) for service in SERVICES for kind in PARTS[service].kinds]

PLANNED = ("query", "command", "update", "remove", "getmore")
"""What the profiler calls the operations that have a plan."""

SHOWN = {
    **dict.fromkeys(("op", "ns", "planSummary", "hasSortStage", "keysExamined", "docsExamined"), 1),
    **{
        f"command.{part}": 1 for part in ("find", "filter", "sort", "aggregate", "pipeline", "count", "query", "q", "u")
    },
}


def spoken(value: Any) -> str:
    return str(getattr(value, "name", value))


LISTS = {
    "outbox.at",
    "state.codes",
    "state.fingerprints",
    "state.nik_fingerprints",
    "state.file_ids",
    "state.applicant_ids",
    "state.session_ids",
}
"""Paths to lists. An index over a list gives no order (its documents come once per member), so what was found through
it is sorted afterwards: one document of a value, or the few that wait in the outbox, and only the first so many."""

PROFILE_BYTES = 64 * 1024 * 1024


@asynccontextmanager
async def profiled(at: AsyncDatabase) -> AsyncIterator[list[dict[str, Any]]]:
    """The operations on the database's collections while the block ran, as the server tells them."""
    seen: list[dict[str, Any]] = []
    await at.create_collection("system.profile", capped=True, size=PROFILE_BYTES)
    await at.command("profile", 2)
    try:
        yield seen
    finally:
        await at.command("profile", 0)
        wanted = {"op": {"$in": PLANNED}, "ns": {"$ne": f"{at.name}.system.profile"}}
        seen += await at["system.profile"].find(wanted, SHOWN).to_list(None)
        await at["system.profile"].drop()


def refuse_scans(seen: Sequence[dict[str, Any]]) -> None:
    """Fail with each operation that read a whole collection, sorted in memory or had no plan at all."""
    wrong = [
        f"{line['op']} {line['ns']} took {line.get('planSummary')}: {line.get('command')}"
        for line in seen
        if "planSummary" in line and (_scans(line) or _sorts(line))
    ]
    assert not wrong, "\n".join(wrong)
    assert any("planSummary" in line for line in seen), "the profiler has seen no query"


def _scans(line: dict[str, Any]) -> bool:
    return not any(word in line["planSummary"] for word in ("IXSCAN", "IDHACK", "COUNT_SCAN", "EOF"))


def _sorts(line: dict[str, Any]) -> bool:
    return bool(line.get("hasSortStage")) and not set(line.get("command", {}).get("sort", {})) <= LISTS


def values_for(index: Index) -> dict[str, Any]:
    """A value for each path of the index; for a path of its condition, a value that the condition holds for."""
    values: dict[str, Any] = {}
    for path in index.paths():
        wanted = index.where.get(path, "x")
        values[path] = wanted
    return values


def last_free(index: Index) -> str:
    """The last path that may have any value: what the index's condition names has one only."""
    return [path for path in index.paths() if path not in index.where][-1]


@pytest.fixture
async def store(mongo_database: AsyncDatabase) -> MongoStore:
    return MongoStore(mongo_database, "test")


@pytest.mark.parametrize(("service", "kind", "index"), INDEXES, ids=spoken)
async def test_finding_and_counting_go_through_the_index(
    service: str, kind: Kind[Any], index: Index, store: MongoStore, mongo_database: AsyncDatabase
) -> None:
    await store.prepare([kind])
    values = values_for(index)
    first, last = index.paths()[0], last_free(index)
    leading = {path: value for path, value in values.items() if path != last}
    async with profiled(mongo_database) as seen:
        for descending in (False, True):
            await store.find(kind, index.name, {first: values[first]}, descending=descending)
            await store.find(kind, index.name, values, descending=descending, limit=1)
            await store.find(kind, index.name, leading, within={last: Range("a", "z")}, descending=descending)
        await store.find(kind, index.name, {first: (values[first], "y") if values[first] == "x" else values[first]})
        await store.count(kind, index.name, {first: values[first]})
        await store.count(kind, index.name, leading, within={last: Range(low="a")})
        await store.tally(kind, index.name, index.paths(), {first: values[first]})
    refuse_scans(seen)


@pytest.mark.parametrize(
    ("service", "kind", "index"),
    [each for each in INDEXES if each[1].bare and not each[2].unique],
    ids=spoken,
)
async def test_claiming_goes_through_the_index(
    service: str, kind: Kind[Any], index: Index, store: MongoStore, mongo_database: AsyncDatabase
) -> None:
    await store.prepare([kind])
    values, last = values_for(index), last_free(index)
    leading = {path: value for path, value in values.items() if path != last}
    async with profiled(mongo_database) as seen:
        await store.claim_one(kind, index.name, leading, {"state.claimed": "y"}, within={last: Range(low="a")}, now=NOW)
        await store.claim_one(kind, index.name, values, {"state.claimed": "y"}, now=NOW)
    refuse_scans(seen)


@pytest.mark.parametrize(("service", "kind"), KINDS, ids=spoken)
async def test_deadlines_outboxes_and_single_documents_go_through_their_indexes(
    service: str, kind: Kind[Any], store: MongoStore, mongo_database: AsyncDatabase
) -> None:
    await store.prepare([kind])
    async with profiled(mongo_database) as seen:
        await store.get(kind, "x")
        await store.claim_due(kind, now=NOW, owner="a", lease_seconds=30)
        assert [record async for record in store.scan(kind, batch=2)] == []
        await store.archived(since=NOW, limit=10)
        if not kind.bare:
            await store.outbox_waiting(kind, before=NOW, limit=10)
            await store.mark_published(kind, [an_envelope()], now=NOW)
            await store.archived(since=NOW, limit=10, after="event-1")
    refuse_scans(seen)


def an_envelope() -> Envelope:
    return Envelope(
        id="event-1",
        source="/paspor/test",
        subject="x",
        time=NOW,
        correlation_id="c",
        causation_id="c",
        traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        aggregate_version=1,
        data=AccountRegistered(account_id="x", language="id"),
    )


async def test_a_whole_journey_reads_no_collection(mongo_url: str) -> None:
    """The queries that the services really make, with the filters that they really give."""
    client = connect(mongo_url)
    run = uuid.uuid4().hex[:8]
    databases = {name: database(client, f"test_{run}_{name}") for name in SERVICES}
    suite = Suite(store_of=lambda name: MongoStore(databases[name], name))
    try:
        for service in suite.services.values():
            await service.store.prepare(service.parts.kinds)
        async with AsyncExitStack() as stack:
            seen = {name: await stack.enter_async_context(profiled(each)) for name, each in databases.items()}
            await suite.start()
            async with suite.served(), Citizen(suite) as citizen:
                await citizen.until_paid()
                await serve_visitor(citizen)
                assert (await citizen.view())["state"] == "collected"
        for name in SERVICES:
            refuse_scans(seen[name])
        assert sum(map(len, seen.values())) > 500
    finally:
        for each in databases.values():
            await client.drop_database(each.name)
        await disconnect(client)


async def test_a_query_beside_the_indexes_is_seen(store: MongoStore, mongo_database: AsyncDatabase) -> None:
    """The twin: the same profiler notices a scan and a sort in memory."""
    kind = PARTS["billing"].kinds[2]
    await store.prepare([kind])
    await mongo_database[kind.name].insert_one({"_id": "b", "version": 1, "state": {"codes": ["1"]}})
    async with profiled(mongo_database) as seen:
        await mongo_database[kind.name].find_one({"state.amount": 5})
    with pytest.raises(AssertionError, match="COLLSCAN"):
        refuse_scans(seen)
    async with profiled(mongo_database) as seen:
        await mongo_database[kind.name].find({"_id": {"$gt": ""}}).sort([("state.amount", 1)]).to_list(10)
    with pytest.raises(AssertionError, match=r"IXSCAN .*'sort'"):
        refuse_scans(seen)


@pytest.mark.parametrize("service", SERVICES)
async def test_all_indexes_of_a_service_can_stand_together(
    service: str, store: MongoStore, mongo_database: AsyncDatabase
) -> None:
    await store.prepare(PARTS[service].kinds)
    await store.prepare(PARTS[service].kinds)
    for kind in PARTS[service].kinds:
        made = await mongo_database[kind.name].index_information()
        own = {"_id_", "next_due_at"} | (set() if kind.bare else {"outbox_at"})
        own |= {"parked_since"} if has_deadlines(kind) else set()
        own |= {"kept_until"} if kind.kept_until is not None else set()
        assert set(made) == own | {index.name for index in kind.indexes}


async def test_an_index_that_changed_its_keys_is_a_refusal_not_a_silence(
    store: MongoStore, mongo_database: AsyncDatabase
) -> None:
    """A release that changes an index under the same name does not start before somebody has dropped the old one."""
    before = Kind("thing", dict, indexes=(Index("by", ("state.one",)),))
    after = Kind("thing", dict, indexes=(Index("by", ("state.two",)),))
    await store.prepare([before])
    with pytest.raises(OperationFailure):
        await store.prepare([after])


async def test_the_deadline_index_holds_only_what_falls_due(store: MongoStore, mongo_database: AsyncDatabase) -> None:
    """A seat without a deadline costs the deadline worker nothing."""
    kind = next(kind for kind in PARTS["scheduling"].kinds if kind.name == "seat")
    await store.prepare([kind])
    await mongo_database[kind.name].insert_many(
        [{"_id": f"s{number}", "version": 1, "state": {}, "due": {}} for number in range(20)]
    )
    due = {"due": {"cool": NOW - timedelta(seconds=1)}, "next_due_at": NOW - timedelta(seconds=1)}
    await mongo_database[kind.name].update_one({"_id": "s7"}, {"$set": due})
    async with profiled(mongo_database) as seen:
        await mongo_database.command("count", kind.name, query={"next_due_at": {"$lte": NOW}}, hint="next_due_at")
    assert max(line.get("keysExamined", 0) for line in seen) <= 2


async def test_a_line_over_a_list_of_offices_is_read_in_its_order(
    store: MongoStore, mongo_database: AsyncDatabase
) -> None:
    """The next of the waiting list is the first key of its index, also once entries wait for several offices."""
    kind = next(kind for kind in PARTS["scheduling"].kinds if kind.name == "waiting")
    await store.prepare([kind])
    waits = {"status": "waiting", "pool": "regular", "live": True}
    await mongo_database[kind.name].insert_many(
        [
            {"_id": f"w{number}", "version": 1, "state": waits | {"person_id": str(number), "office_ids": ["a", "b"]}}
            for number in range(50)
        ]
    )
    async with profiled(mongo_database) as seen:
        equals = {"state.office_ids": "b", "state.pool": "regular"}
        wanted = {"state.status": "waiting", **equals}
        found = mongo_database[kind.name].find(wanted, hint="line").sort([("state.queued_at", 1)]).limit(2)
        assert len(await found.to_list(2)) == 2
    assert not any(line.get("hasSortStage") for line in seen)
    assert max(line.get("keysExamined", 0) for line in seen) <= 3
