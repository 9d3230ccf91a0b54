"""A store whose server is away says so, whichever command met it: 503 with Retry-After, never a fault of ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from pymongo import errors

from shared.events.identity import AccountRegistered
from shared.http.problems import as_refusal
from shared.store import mongo
from shared.store.codec import outbox_entries
from shared.store.driver import server_is_trouble
from shared.store.kinds import Index, Kind, Record
from shared.store.mongo import MongoStore
from shared.store.port import StoreUnavailable
from tests.conftest import START
from tests.contract.away import TROUBLES, Away


@dataclass(frozen=True)
class Chair:
    room: str


KIND = Kind(name="chair", state=Chair, indexes=(Index("room", ("state.room",)),))
A_STATE = Chair("hall")
AN_EVENT = outbox_entries("demo", "a", 1, [AccountRegistered(account_id="a", language="id")], START)[0]


def away(trouble: Exception) -> MongoStore:
    database: Any = defaultdict(lambda: Away(trouble))
    return MongoStore(database, "demo")


async def scanned(store: MongoStore) -> list[Record[Any]]:
    return [each async for each in store.scan(KIND)]


VERBS: dict[str, Callable[[MongoStore], Awaitable[object]]] = {
    "prepare": lambda store: store.prepare([KIND]),
    "insert": lambda store: store.insert(KIND, "a", A_STATE, now=START),
    "get": lambda store: store.get(KIND, "a"),
    "save": lambda store: store.save(KIND, Record("a", 1, A_STATE, frozenset()), A_STATE, now=START),
    "remove": lambda store: store.remove(KIND, Record("a", 1, A_STATE, frozenset())),
    "insert_missing": lambda store: store.insert_missing(KIND, [("a", A_STATE)], now=START),
    "insert_all": lambda store: store.insert_all(KIND, [("a", A_STATE)], now=START),
    "find": lambda store: store.find(KIND, "room"),
    "count": lambda store: store.count(KIND, "room"),
    "tally": lambda store: store.tally(KIND, "room", ["state.room"]),
    "claim_one": lambda store: store.claim_one(KIND, "room", {}, {"state.room": "x"}, now=START),
    "claim_due": lambda store: store.claim_due(KIND, now=START, owner="x", lease_seconds=1),
    "claim_all_due": lambda store: store.claim_all_due(KIND, now=START, owner="x", lease_seconds=1, most=2),
    "outbox_waiting": lambda store: store.outbox_waiting(KIND, before=START, limit=1),
    "mark_published": lambda store: store.mark_published(KIND, [AN_EVENT], now=START),
    "archived": lambda store: store.archived(since=START, limit=1),
    "scan": scanned,
}


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("verb", VERBS)
async def test_a_server_that_is_away_is_the_store_unavailable(verb: str, trouble: Exception) -> None:
    with pytest.raises(StoreUnavailable) as told:
        await VERBS[verb](away(trouble))
    refusal = as_refusal(told.value)
    assert refusal is not None
    assert (refusal.status, refusal.retry_after_seconds) == (503, 5)


@pytest.mark.parametrize(
    "fault",
    [errors.OperationFailure("bad hint", 2), errors.InvalidName("a.b"), errors.InvalidOperation("no operations")],
)
async def test_a_fault_of_the_code_stays_one(fault: errors.PyMongoError) -> None:
    assert not server_is_trouble(fault)
    with pytest.raises(type(fault)):
        await away(fault).get(KIND, "a")


async def test_without_the_translation_the_driver_speaks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo, "_store_errors", lambda _: nullcontext())
    with pytest.raises(errors.AutoReconnect) as told:
        await away(TROUBLES[0]).get(KIND, "a")
    assert as_refusal(told.value) is None, "an answer of 500"


async def test_an_unsafe_bulk_write_was_once_taken_for_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo, "server_is_trouble", lambda _: False)
    unsafe = errors.BulkWriteError({"writeErrors": [], "nInserted": 1, "writeConcernErrors": [{"code": 91}]})
    assert await away(unsafe).insert_missing(KIND, [("a", A_STATE)], now=START) == 1
    with pytest.raises(IndexError):
        await away(unsafe).insert_all(KIND, [("a", A_STATE)], now=START)
