"""Limits on holds over replicas: whoever asks many replicas at once gets no more than from one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from services.scheduling.booking.abuse import hold_allowance as rules
from services.scheduling.booking.abuse.activity_counters import Origin
from services.scheduling.booking.abuse.errors import TooManyHolds, TooManyPeopleOnDevice
from services.scheduling.booking.abuse.hold_allowances import HoldAllowances
from services.scheduling.booking.abuse.limits import LIMITS, Counted, CountedSubject
from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.context import Actor
from shared.errors import Refusal
from shared.store.kinds import Record
from tests.unit.scheduling.faulty_stores import Shuffling
from tests.unit.scheduling.world import NORTH, SOUTH, START, World, make_world, plan, weekly

ADDRESS = Origin(address="k1:one-network")
DEVICE = Origin(device="k1:one-device")


async def replicas(seats: int, count: int = 2, seed: int = 1) -> list[World]:
    """So many schedulings on one store, each with a memory of its own."""
    given: dict[str, Any] = {"templates": weekly(plan(seats)), "offices": [SOUTH, NORTH], "horizon_days": 3}
    first = make_world(wrap=lambda base: Shuffling(base, seed), **given)
    assert first.parts.start is not None
    await first.parts.start()
    others = [make_world(wrap=lambda _: first.store, seed=2 + number, **given) for number in range(count - 1)]
    for other in others:
        other.clock.set(first.clock.now())
        await other.service.bookable_sessions.load_offices([SOUTH, NORTH])
    return [first, *others]


async def ask_all(worlds: list[World], people: int, origin: Origin, *, account: str = "") -> list[Any]:
    for number in range(people):
        await worlds[0].submitted(f"p{number}", account=account or f"account-p{number}")
    asked = []
    for number in range(people):
        world = worlds[number % len(worlds)]
        actor = Actor(account or f"account-p{number}")
        asked.append(world.service.booking.hold(world.wish(f"p{number}", actor=actor, origin=origin)))
    return await asyncio.gather(*asked, return_exceptions=True)


def won(results: list[Any]) -> int:
    return sum(isinstance(each, Record) for each in results)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("origin", "account", "most"), [(DEVICE, "", 20), (ADDRESS, "", 20), (Origin(), "account-of-many", 15)]
)
async def test_two_replicas_hold_no_more_than_one_may(seed: int, origin: Origin, account: str, most: int) -> None:
    worlds = await replicas(60, seed=seed)
    results = await ask_all(worlds, 50, origin, account=account)
    refused = [each for each in results if isinstance(each, Refusal)]
    assert won(results) == most
    assert {type(each) for each in refused} <= {TooManyHolds, TooManyPeopleOnDevice}
    assert all(each.retry_after_seconds for each in refused)
    buckets = await worlds[0].buckets()
    assert buckets.get("held", 0) == most, "who was refused left no seat behind"


async def test_twin_counted_per_process_two_replicas_pass_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    async def uncounted(self: HoldAllowances, appointment_id: str, decision: Any, _origin: Origin) -> Any:
        return await self._appointments.begin(appointment_id, decision, self._clock.now())

    monkeypatch.setattr(HoldAllowances, "begin", uncounted)
    results = await ask_all(await replicas(60), 50, ADDRESS)
    assert won(results) > 20


async def test_a_person_who_lets_go_and_holds_at_two_replicas_in_turn_has_five_holds_a_day() -> None:
    worlds = await replicas(10)
    await worlds[0].submitted()
    got = 0
    for number in range(8):
        world = worlds[number % 2]
        try:
            held = await world.service.booking.hold(world.wish(key=f"-{number}"))
        except Refusal:
            continue
        got += 1
        # let go in a way that the activity counters do not see, so that only the numbers can stop it
        record = await world.store.get(APPOINTMENT, held.id)
        gone = replace(record.state, live=False, status=Status.RELEASED)
        await world.store.save(APPOINTMENT, record, gone, now=world.clock.now())
    assert got == 5


def test_every_limit_on_holds_is_numbered_and_no_other() -> None:
    assert [each.name for each in rules.NUMBERED] == [
        "holds_per_person_day",
        "holds_per_account_day",
        "holds_per_device_day",
        "holds_per_address_day",
        "holds_per_address_session_week",
    ]
    assert {each.counted for each in LIMITS} > {Counted.HOLDS, Counted.OF_SESSION}


def test_rations_are_of_their_subject_window_and_scale() -> None:
    today = START.date()
    few = rules.rations_for("a", "p", None, None, "s", today, 1)
    assert [(each.limit.subject, each.most) for each in few] == [
        (CountedSubject.PERSON, 5),
        (CountedSubject.ACCOUNT, 15),
    ]
    all_of_them = rules.rations_for("a", "p", "d", "n", "s", today, 2)
    assert [each.most for each in all_of_them] == [10, 30, 40, 600, 40]
    assert len({each.name for each in all_of_them}) == 5
    keys = {each.key(number) for each in all_of_them for number in range(each.most)}
    assert len(keys) == 720
    assert not any(secret in key for key in keys for secret in ("account", "person", "device"))


def test_a_free_number_is_found_until_there_is_none() -> None:
    (ration, *_) = rules.rations_for("a", "p", None, None, "s", START.date(), 1)
    taken: frozenset[int] = frozenset()
    for chance in range(100, 105):
        number = ration.free_number(taken, chance)
        assert number is not None and number not in taken
        taken |= {number}
    assert ration.free_number(taken, 7) is None
