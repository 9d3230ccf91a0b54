"""The checks of I1 and I2 see what is broken, and only that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.scheduling.booking.seats.inventory import SeatInventory
from shared.service import InvariantReport
from tests.unit.scheduling.faulty_stores import Wrapper
from tests.unit.scheduling.world import SOUTH, TUESDAY, World, make_world, plan, weekly


def documents(world: World, kind: str) -> dict[str, Any]:
    """The stored documents themselves, to be spoilt."""
    found: dict[str, Any] = world.base._documents[kind]
    return found


async def i1(world: World) -> InvariantReport:
    return await world.parts.invariants["I1"]()


async def i2(world: World) -> InvariantReport:
    return await world.parts.invariants["I2"]()


async def test_a_lost_seat_is_seen(world: World) -> None:
    held = await world.hold()
    report = await i1(world)
    assert (report.checked, report.broken) == (12, ())
    del documents(world, "seat")[held.state.seat.seat_id]
    assert set((await i1(world)).broken) == {world.session_id(), held.id}


async def test_a_seat_sold_twice_is_seen(world: World) -> None:
    held = await world.hold()
    other = await world.hold("budi", session_id=world.session_id(SOUTH, TUESDAY + timedelta(days=1)))
    documents(world, "appointment")[other.id]["state"]["slot"]["seat_id"] = held.state.seat.seat_id
    assert (await i1(world)).broken == (other.id,)


async def test_a_seat_that_nobody_has_is_seen(world: World) -> None:
    held = await world.hold()
    await world.pass_time(20)
    assert (await i1(world)).holds
    documents(world, "appointment")[held.id]["state"] |= {"status": "released", "live": False}
    assert (await i1(world)).broken == (held.state.seat.seat_id,)


async def test_two_live_appointments_of_a_person_are_seen(world: World) -> None:
    ani, budi = await world.hold("ani"), await world.hold("budi")
    assert ((await i2(world)).checked, (await i2(world)).holds) == (2, True)
    documents(world, "appointment")[budi.id]["state"]["person_id"] = "person-ani"
    assert set((await i2(world)).broken) == {ani.id, budi.id}


async def test_what_changes_while_it_is_looked_at_is_not_called_broken() -> None:
    """A visit that ends between the look at the appointment and the look at its seat is well."""
    released: list[bool] = []

    class Moving(Wrapper):
        async def get(self, kind: Any, record_id: str) -> Any:
            if watching and kind.name == "seat" and not released:
                released.append(True)
                await world.pass_time(300)
            return await self.base.get(kind, record_id)

    watching: list[bool] = []
    world = make_world(wrap=Moving)
    await world.parts.start()  # type: ignore[misc]
    await world.hold()
    watching.append(True)
    assert (await i1(world)).holds
    assert released == [True]


async def test_seats_left_behind_are_seen_when_nobody_gives_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the crash tests: without the second half of a release the seat is lost, and I1 says so."""

    async def forgotten(self: SeatInventory, record: Any) -> Any:
        return record

    world = make_world(templates=weekly(plan(2)))
    await world.parts.start()  # type: ignore[misc]
    held = await world.hold()
    await world.pass_time(20)
    monkeypatch.setattr(SeatInventory, "give_back", forgotten)
    await world.pass_time(300)
    assert (await i1(world)).broken == (held.state.seat.seat_id,)
