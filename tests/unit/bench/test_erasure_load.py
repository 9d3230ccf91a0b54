"""Journeys beside erasures: the people who leave are erased by the services, orders keep their pace, figures add up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bench.erasure_load import Drain, Orders, StepCounter, Window, make_table
from bench.leavers import Leaver, LeaverWriter, count_ended, count_left
from journeys.reporter import StepResult
from services.identity.seals import Seals
from shared.events.subscriptions import SERVICES
from shared.retention.erasing import ERASURE
from shared.retention.erasure import LOOK_AGAIN_AFTER, ErasureState
from tests.assembled import LATER, Suite
from tests.contract.test_erasure import tell

LEAVERS = [Leaver(f"e{number}", f"a{number}", f"p{number}", f"n{number}", f"t{number}") for number in range(4)]


def writer_on(suite: Suite) -> LeaverWriter:
    services = suite.services
    identity = services["identity"]
    return LeaverWriter(
        suite.clock,
        {name: service.store for name, service in services.items()},
        {name: service.keys for name, service in services.items()},
        services["application"].files,
        Seals.from_settings(identity.settings, identity.keys),
    )


async def test_every_service_has_data_of_a_leaver_and_erases_all_of_it() -> None:
    suite = Suite()
    await suite.start()
    leavers = await writer_on(suite).write(2)
    files = suite.services["application"].files
    assert len([file_id async for file_id in files.older_than(LATER)]) == 6
    for leaver in leavers:
        await tell(suite, leaver.order)
    await suite.later(LOOK_AGAIN_AFTER.total_seconds())
    for name, service in suite.services.items():
        for leaver in leavers:
            record = await service.store.get(ERASURE, leaver.erasure_id)
            assert (record.state.state, record.state.kept) == (ErasureState.DONE, ()), name
            assert record.state.erased > 0, f"{name} had nothing of them"
        assert all(record.wrapped is None for record in service.key_table.records.values()), name
    assert [file_id async for file_id in files.older_than(LATER)] == []


# -- orders


async def test_orders_are_told_once_each_until_nobody_is_left() -> None:
    told: list[str] = []

    async def send(leaver: Leaver) -> None:
        told.append(leaver.erasure_id)

    orders = Orders(LEAVERS, send)
    await orders.tell(1)
    assert (told, orders.told, orders.left) == (["e0"], 1, 3)
    await orders.tell(10)
    assert (told, orders.told, orders.left) == (["e0", "e1", "e2", "e3"], 4, 0)


async def test_an_order_that_is_broken_off_is_told_again() -> None:
    told: list[str] = []

    async def send(leaver: Leaver) -> None:
        told.append(leaver.erasure_id)
        if len(told) == 1:
            raise asyncio.CancelledError

    orders = Orders(LEAVERS, send)
    with pytest.raises(asyncio.CancelledError):
        await orders.tell(1)
    assert (orders.told, orders.left) == (0, 4)
    await orders.tell(4)
    assert told == ["e0", "e0", "e1", "e2", "e3"]


async def test_orders_keep_their_pace_and_their_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(round(seconds))

    async def send(_leaver: Leaver) -> None:
        return

    monkeypatch.setattr(asyncio, "sleep", sleep)
    orders = Orders(LEAVERS, send)
    await orders.tell_steadily(3, a_second=0.01)
    assert waited == [0, 100, 200]
    assert (orders.told, orders.left) == (3, 1)


# -- who is left


class Collection:
    """Stands in for a collection of erasures or keys."""

    def __init__(self, ids: dict[str, list[str]]) -> None:
        self._ids = ids

    async def find(self, wanted: dict[str, Any], _shown: Any) -> Any:
        for name in self._ids.get(next(iter(wanted)), []):
            yield {"_id": name}

    async def count_documents(self, _wanted: Any) -> int:
        return len(self._ids["state.state"])


class Databases:
    """Stands in for the client: ``done`` erasures of each service, and keys that are there."""

    def __init__(self, done: dict[str, list[str]], keys: dict[str, list[str]]) -> None:
        self._done, self._keys = done, keys

    def get_database(self, name: str, **_options: Any) -> Any:
        service = name.removeprefix("paspor_").removesuffix("_keys")
        erasure, person_keys = Collection({"state.state": self._done[service]}), Collection({})
        if name.endswith("_keys"):
            person_keys = Collection({"wrapped": self._keys.get(service, [])})
        return type("Database", (), {"erasure": erasure, "person_keys": person_keys})()


@pytest.mark.parametrize(
    ("late", "keys", "left"),
    [
        ([], {}, 0),
        (["e3"], {}, 1),
        ([], {"billing": ["a0", "somebody-else"]}, 1),
        (["e3"], {"identity": ["p3", "a3", "p1"]}, 2),
    ],
)
async def test_somebody_is_left_whose_erasure_or_key_has_not_ended(
    late: list[str], keys: dict[str, list[str]], left: int
) -> None:
    everybody = [leaver.erasure_id for leaver in LEAVERS]
    done = dict.fromkeys(SERVICES, everybody) | {"scheduling": [name for name in everybody if name not in late]}
    databases = Databases(done, keys)
    assert await count_left(databases, LEAVERS) == left
    assert await count_ended(databases) == len(LEAVERS) - len(late)


# -- figures


def counted(*steps: tuple[str, bool]) -> StepCounter:
    counter = StepCounter()
    for name, ok in steps:
        counter.report(StepResult("journey", name, "identity", ok, 10, "" if ok else "Refused: 503"))
    return counter


def test_the_table_holds_the_windows_against_each_other() -> None:
    counter = counted(("register", True), ("pay", True), ("pay", True), ("pay", False))
    windows = [Window(10.0, 100), Window(10.0, 90, 5), Window(10.0, 100), Window(10.0, 86, 5)]
    table = make_table(100, 50, windows, counter, Drain(90, 30.0), left=1)
    figures = {figure.name: figure for figure in table.figures}
    assert figures["erasure.journeys_kept"].value == pytest.approx(0.88)
    assert figures["erasure.people_per_second"].value == 3.0
    assert {name: figure.met for name, figure in figures.items()} == {
        "erasure.journeys_kept": False,
        "erasure.people_per_second": None,
        "erasure.left": False,
    }
    assert "1 x pay: Refused: 503" in table.method
    assert table.rows == (("without erasures", "20", "5", "0"), ("with erasures", "20", "4.4", "10"))


def test_a_run_that_never_began_kept_nothing() -> None:
    table = make_table(2, 1, [], StepCounter(), Drain(0, 0.0), left=0)
    assert [figure.value for figure in table.figures] == [0.0, 0.0, 0.0]
