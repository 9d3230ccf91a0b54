"""The border system: journeys of invented people, told ones, and answers that cannot be right."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.config import Settings
from simulators.crossings import records as records_module
from simulators.crossings.app import ANOTHER_NIK, BorderSystem, create_app
from simulators.crossings.records import MOST_JOURNEYS, Record, Records, invented
from simulators.errors import SimulatorFull

from .conftest import START, Client, Clock, Serve, behave

NIK = "3174014502900001"


@pytest.fixture
async def client(serve: Serve, settings: Settings, clock: Clock) -> Client:
    return await serve(create_app(settings, clock))


async def search(client: Client, nik: str = NIK) -> dict[str, Any]:
    answer = await client.post("/crossings/search", json={"nik": nik, "birth_date": "1990-02-05"})
    assert answer.status == 200, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def test_the_same_person_always_has_the_same_journeys(client: Client) -> None:
    first = await search(client)
    assert (first, first["nik"]) == (await search(client), NIK)
    times = [row["at"] for row in first["crossings"]]
    assert times == sorted(times, reverse=True) and len(times) <= 2 * MOST_JOURNEYS
    assert len({len(invented(str(nik), START)) for nik in range(40)}) > 1


async def test_what_is_told_takes_the_place_of_what_is_invented(client: Client) -> None:
    told = {"direction": "departure", "at": "2026-01-02T03:00:00Z", "place": "Batam Centre"}
    answer = await client.put("/control/crossings", json={"nik": NIK, "crossings": [told]})
    assert (answer.status, (await search(client))["crossings"]) == (200, [told])
    wrong = await client.put("/control/crossings", json={"nik": NIK, "crossings": [{**told, "direction": "up"}]})
    assert wrong.status == 400


async def test_answers_that_cannot_be_right(client: Client) -> None:
    await behave(client, operation="search", mode="another_person", next_calls=1)
    assert (await search(client))["nik"] == ANOTHER_NIK
    await behave(client, operation="search", mode="contradicting", next_calls=1)
    first, second = (await search(client))["crossings"][:2]
    assert first["direction"] == second["direction"] == "arrival" and first["at"] > "2026-11-21"


def test_it_is_bounded_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_module, "MAX_PERSONS", 1)
    system = BorderSystem(Settings(seed=7))
    system.records.tell(NIK, [Record("arrival", START, "Batam")])
    system.records.tell(NIK, [])
    with pytest.raises(SimulatorFull):
        system.records.tell(ANOTHER_NIK, [])
    other = BorderSystem(Settings(seed=7))
    other.take_up(system.state())
    assert other.records.find(NIK, START) == () and Records().all() == {}
