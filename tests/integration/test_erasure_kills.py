"""kill -9 of every service while several people are erased: each erasure ends once, and no database has any of them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from journeys.api_client import Api
from journeys.citizen import Citizen
from journeys.reporter import Reporter
from journeys.ways import Ways
from local_suite import demo
from local_suite.parts import any_free_ports
from local_suite.suite import Suite
from services.identity.leaving.leaving import ERASING
from shared.person_keys.cipher import PREFIX
from shared.store.driver import AsyncDatabase, connect, database, disconnect
from shared.store.mongo import ARCHIVE
from tests.scale import KILLED_ERASURES

DOWN_SECONDS: Final = 0.5
"""How long a victim stays dead before its supervisor starts it again."""

PATIENCE_SECONDS: Final = 180.0
"""Longer than the leases of all that was killed, one after the other."""

SETTINGS: Final = {
    **demo.SETTINGS,
    "billing": {**demo.SETTINGS["billing"], "PASPOR_BILL_VALIDITY_SECONDS": "300"},
    "identity": {"PASPOR_LEAVING_GRACE_SECONDS": "1"},
}
"""The demo's, but a code that outlives the journey, and a time to undo that is over at once."""

PLACES: Final = {"identity.account", "identity.applicant", "application.applicant", "notification.contact_card"}
"""Where something of everybody lies who has an account."""

Look = Callable[[AsyncDatabase], Awaitable[bool]]


@dataclass
class Stores:
    """The databases of all services, and those of their keys."""

    data: dict[str, AsyncDatabase]
    keys: dict[str, AsyncDatabase]

    async def documents(self, service: str) -> list[tuple[str, Any]]:
        """Every document of a service, with its collection: archive, outboxes, rows of files and their chunks."""
        used = self.data[service]
        names = [name for name in await used.list_collection_names() if not name.startswith("system.")]
        return [(name, document) for name in sorted(names) async for document in used[name].find({})]


@dataclass
class Victims:
    """Kills each service as soon as it is in the middle of something, and lets it rise again."""

    suite: Suite
    stores: Stores
    kills: Counter[str] = field(default_factory=Counter)

    async def kill_all(self, in_the_middle: Mapping[str, Look]) -> None:
        """Kill each once its look says so; return when all are back."""
        await asyncio.gather(*(self._kill(service, look) for service, look in in_the_middle.items()))

    async def _kill(self, service: str, look: Look) -> None:
        await until(lambda: look(self.stores.data[service]), f"{service} at work")
        await self.suite.kill(service)
        self.kills[service] += 1
        await asyncio.sleep(DOWN_SECONDS)
        await self.suite.restart(service)


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until it holds."""
    end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while not await holds():
        assert asyncio.get_running_loop().time() < end, what
        await asyncio.sleep(0.02)


@pytest.fixture
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """The whole suite as operating-system processes."""
    async with Suite(tmp_path_factory.mktemp("suite"), any_free_ports(), extra=SETTINGS) as running:
        yield running


@pytest.fixture
async def stores(suite: Suite) -> AsyncIterator[Stores]:
    client = connect(suite.mongo_url)
    yield Stores(
        {service: database(client, f"paspor_{service}") for service in ERASING},
        {service: database(client, f"paspor_{service}_keys") for service in ERASING},
    )
    await disconnect(client)


async def live(ways: Ways) -> Citizen:
    """Somebody with addresses, papers, a bill and a seat, who has given up: nothing stands against leaving."""
    way, citizen = ways.reporter.way("life", "an application that is given up"), await ways.newcomer()
    await citizen.register()
    await citizen.add_phone()
    await ways.apply(way, citizen)
    await citizen.hold_seat()
    await citizen.bill("issued")
    await citizen.withdraw()
    await citizen.appointment("released")
    return citizen


async def leave(citizen: Citizen) -> str:
    """Ask to close the account and prove it; the leaving's id."""
    at, person, outside = citizen.at.identity, citizen.person, citizen.outside
    mails, texts = len(await outside.letters_to(person.email)), len(await outside.texts_to(person.phone))
    asked = await citizen.api.post(f"{at}/v1/account/leavings", {"what": "account"})
    code = await outside.otp_by_mail(person.email, seen=mails)
    old_code = await outside.otp_by_sms(person.phone, seen=texts)
    challenge_id = asked["challenge"]["challenge_id"]
    await citizen.api.post(f"{at}/v1/challenges/{challenge_id}/verification", {"code": code, "old_code": old_code})
    return str(asked["leaving_id"])


def ids_of(citizens: Sequence[Citizen]) -> set[str]:
    """Under which ids their data lie."""
    return {name for each in citizens for name in (each.account_id, each.applicant_id, each.application_id)}


def words_of(citizens: Sequence[Citizen]) -> set[str]:
    """What they are known by."""
    return {
        word
        for person in (each.person for each in citizens)
        for word in (person.email, person.phone, person.nik, person.family_card_number)
    }


async def left_of(citizens: Sequence[Citizen], stores: Stores) -> list[str]:
    """Where something sealed for them lies, a file of theirs, or a word that they are known by."""
    found: list[str] = []
    ids, words = ids_of(citizens), words_of(citizens)
    for service in ERASING:
        for kind, document in await stores.documents(service):
            text = json.dumps(document, default=str, ensure_ascii=False)
            is_theirs = any(name in text for name in ids)
            if (is_theirs and PREFIX in text) or any(word in text for word in words):
                found.append(f"{service}.{kind}")
                logging.getLogger(__name__).warning("%s.%s: %s", service, kind, text)  # its people are invented
    return sorted(found)


async def is_ordered(data: AsyncDatabase) -> bool:
    """Whether identity has decided that somebody is erased."""
    return await data.leaving.count_documents({"state.state": "ordered"}) > 0


async def has_begun(data: AsyncDatabase) -> bool:
    """Whether a service has an order."""
    return await data.erasure.count_documents({}) > 0


async def looks_again(data: AsyncDatabase) -> bool:
    """Whether a service is at its second look, or a process of it has taken one."""
    leased = {"lease.until": {"$exists": True, "$ne": None}}
    return await data.erasure.count_documents({"$or": [{"state.looks": {"$gt": 1}}, leased]}) > 0


async def has_looked(data: AsyncDatabase, times: int, people: int) -> bool:
    return await data.erasure.count_documents({"state.looks": {"$gte": times}}) == people


async def let_ten_minutes_pass(stores: Stores) -> None:
    """Bring the next look forward, in the databases: processes go by the time of the machine."""
    now = datetime.now(UTC)
    moved = {"state.next_at": now, "next_due_at": now, "due.erase": now}
    for data in stores.data.values():
        await data.erasure.update_many({"next_due_at": {"$gt": now + timedelta(minutes=1)}}, {"$set": moved})


async def told_of(stores: Stores, service: str) -> Counter[str]:
    """By erasure, how often the service told that it has ended."""
    sent = stores.data[service][ARCHIVE].find({"message.type": f"paspor.{service}.erasure.done.v1"})
    return Counter([row["message"]["data"]["erasure_id"] async for row in sent])


async def test_an_erasure_of_several_survives_the_death_of_every_service(suite: Suite, stores: Stores) -> None:
    ways, victims = Ways(demo.addresses(suite), Reporter(quiet=True)), Victims(suite, stores)
    try:
        staying, *leaving = await asyncio.gather(*(live(ways) for _ in range(1 + KILLED_ERASURES)))
        assert set(await left_of(leaving, stores)) >= PLACES
        first = {**dict.fromkeys(ERASING, has_begun), "identity": is_ordered}
        killing = asyncio.create_task(victims.kill_all(first))
        leavings = await asyncio.gather(*(leave(citizen) for citizen in leaving))
        await killing
        await _all(stores, lambda data: has_looked(data, 1, len(leaving)), "the first look")
        killing = asyncio.create_task(victims.kill_all(dict.fromkeys(ERASING, looks_again)))
        await let_ten_minutes_pass(stores)
        await killing
        await _all(stores, lambda data: has_looked(data, 2, len(leaving)), "the second look")
        await until(lambda: _are_erased(stores, leavings), "the end of all")
        assert victims.kills == dict.fromkeys(ERASING, 2)
        await _each_ended_once(stores, leaving, leavings)
        assert await left_of(leaving, stores) == []
        assert set(await left_of([staying], stores)) >= PLACES
        assert (await staying.view())["state"] == "withdrawn"
        await _invariants_hold(suite)
    finally:
        await ways.close()


async def _all(stores: Stores, look: Look, what: str) -> None:
    for service, data in stores.data.items():
        await until(lambda data=data: look(data), f"{what} of {service}")  # type: ignore[misc]


async def _are_erased(stores: Stores, leavings: Sequence[str]) -> bool:
    """Whether all are over; a look that found something that was under way is followed by one more."""
    await let_ten_minutes_pass(stores)
    wanted = {"_id": {"$in": list(leavings)}, "state.state": "erased"}
    return await stores.data["identity"].leaving.count_documents(wanted) == len(leavings)


async def _each_ended_once(stores: Stores, citizens: Sequence[Citizen], leavings: Sequence[str]) -> None:
    for service in ERASING:
        await until(lambda service=service: _are_told(stores, service, leavings), f"the word of {service}")  # type: ignore[misc]
        assert await told_of(stores, service) == dict.fromkeys(leavings, 1)
        for citizen in citizens:
            for subject in (citizen.account_id, citizen.applicant_id):
                key = await stores.keys[service].person_keys.find_one({"_id": subject})
                assert key is not None and set(key) == {"_id", "at"}, f"{service} has no tombstone"
    async for document in stores.data["identity"].leaving.find({}):
        assert sorted(document["state"]["done"]) == sorted(ERASING)


async def _are_told(stores: Stores, service: str, leavings: Sequence[str]) -> bool:
    return set(await told_of(stores, service)) >= set(leavings)


async def _invariants_hold(suite: Suite) -> None:
    async with Api() as api:
        for service in ERASING:
            report = await api.get(f"{suite.url(service)}/health/invariants")
            assert report["holds"], report
