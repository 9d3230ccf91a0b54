"""A broker's robot wants a whole session for itself: many accounts, many devices, invented people, quick hands."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from services.scheduling.booking.abuse.activity_counters import Origin
from services.scheduling.booking.abuse.flag import FlagStatus
from services.scheduling.booking.abuse.limits import LIMITS, Pattern
from services.scheduling.booking.appointments.errors import PersonHasAppointment
from services.scheduling.booking.waiting_list.entry import WaitingStatus
from services.scheduling.booking.waiting_list.service import WaitingWish
from services.scheduling.context import Actor
from services.scheduling.terms import Pool
from shared.errors import NotFound, NotKnownYet, Refusal
from shared.events import scheduling as said
from tests.unit.scheduling.world import BOSS, SOUTH, TUESDAY, World, make_world, plan, weekly

SEATS = 60
STRAWS = 80
"""People of flesh and blood who lend the broker their names; each passed the registry."""
ADDRESS = "8.8.8.8"
MOST = {limit.name: limit.most for limit in LIMITS}
NO_LIMITS = {"limits_scale": 1_000_000}


@dataclass
class Robot:
    """It books for its straws from where it is told to."""

    world: World
    phones: int | None
    """Devices that it has; none: a new one for each request."""
    sends_device: bool = True
    asked: int = 0
    refused: int = 0

    def origin(self) -> Origin:
        self.asked += 1
        number = self.asked if self.phones is None else self.asked % self.phones
        device = f"device-{number:08}" if self.sends_device else None
        return self.world.service.activity.origin(device, ADDRESS)

    async def hold(self, straw: int, key: str, account: str = "") -> str | None:
        """The appointment's id, or none where it is refused."""
        wish = self.world.wish(
            f"straw{straw}",
            actor=Actor(account or f"account-{straw % STRAWS}"),
            command_id=f"{straw}-{key}",
            origin=self.origin(),
        )
        try:
            return (await self.world.service.booking.hold(wish)).id
        except Refusal:
            self.refused += 1
            return None

    async def corner(self, rounds: int = 3) -> int:
        """The most seats of the session that it holds at once, booking anew whatever lapses."""
        most = 0
        for number in range(rounds):
            for straw in range(STRAWS):
                await self.hold(straw, str(number))
            most = max(most, (await self.world.buckets()).get("held", 0))
            await self.world.pass_time(301)
            await self.world.pass_time(301)
            await self.world.service.activity.flush()
        return most


async def started(**given: Any) -> World:
    chosen: dict[str, Any] = {"templates": weekly(plan(SEATS)), "offices": [SOUTH], "horizon_days": 2}
    world = make_world(**(chosen | given))
    assert world.parts.start is not None
    await world.parts.start()
    for straw in range(STRAWS):
        await world.submitted(f"straw{straw}", account=f"account-{straw}")
    return world


ROBOTS: dict[str, tuple[dict[str, Any], int]] = {
    "two phones": ({"phones": 2}, 2 * MOST["persons_per_device_day"]),
    "a new device for each request": ({"phones": None}, MOST["holds_per_address_session_week"]),
    "no device told": ({"phones": 1, "sends_device": False}, MOST["holds_per_address_session_week"]),
}


@pytest.mark.acceptance("X11.robot", "F75.accounts_per_device", "F75.accounts_per_address")
@pytest.mark.parametrize("name", ROBOTS)
async def test_a_robot_fails_to_corner_a_session(name: str) -> None:
    how, limit = ROBOTS[name]
    world = await started()
    robot = Robot(world, **how)
    most = await robot.corner()
    assert most <= limit <= SEATS // 3
    assert robot.refused >= 2 * STRAWS
    citizens = [f"citizen{number}" for number in range(SEATS - limit)]
    for person in citizens:
        await world.hold(person)
    await world.rules_hold()
    found = await world.service.flags.find_by_office(SOUTH.office_id, FlagStatus.OPEN, BOSS)
    patterns = {flag.state.pattern for flag in found}
    assert Pattern.MANY_ACCOUNTS_ONE_ADDRESS in patterns
    assert (Pattern.MANY_ACCOUNTS_ONE_DEVICE in patterns) is (how["phones"] == 2)
    assert not any(ADDRESS in str(flag.state) or "device-0" in str(flag.state) for flag in found)


@pytest.mark.parametrize("name", ROBOTS)
async def test_twin_without_limits_it_corners_the_session(name: str) -> None:
    how, _limit = ROBOTS[name]
    world = await started(**NO_LIMITS)
    robot = Robot(world, **how)
    assert await robot.corner(rounds=1) == SEATS
    assert robot.refused == STRAWS - SEATS


@pytest.mark.acceptance("F75.one_booking_per_nik")
async def test_one_account_with_five_applicants_holds_five_seats() -> None:
    """At most five applicants per account is identity's rule; one live seat for each is the rule here."""
    world = await started(**NO_LIMITS)
    for straw in range(5):
        await world.submitted(f"family{straw}", account="account-family")
    tries = [
        world.service.booking.hold(world.wish(f"family{straw}", key=f"-{again}", actor=Actor("account-family")))
        for straw in range(5)
        for again in range(6)
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, PersonHasAppointment) for each in results) == 25
    assert (await world.buckets())["held"] == 5


@pytest.mark.acceptance("X11.identity_first", "F60.identity")
async def test_invented_people_get_no_seat() -> None:
    """An application is submitted only for a person whom the registry confirmed: without that word nothing is held."""
    world = await started(**NO_LIMITS)
    made_up = [asyncio.ensure_future(world.service.booking.hold(world.wish(f"ghost{number}"))) for number in range(300)]
    for _ in range(21):
        for _ in range(3):
            await asyncio.sleep(0)
        world.clock.advance(0.05)
    results = await asyncio.gather(*made_up, return_exceptions=True)
    assert {type(each) for each in results} == {NotKnownYet}
    # nor does another account's person lend them one
    with pytest.raises(NotFound):
        await world.service.booking.hold(world.wish("straw1", actor=Actor("account-ghost")))
    assert await world.buckets() == {"free": SEATS}
    assert await world.said(said.SeatHeld) == []


@pytest.mark.acceptance("F75.not_transferable")
async def test_a_seat_cannot_be_handed_to_a_customer() -> None:
    """It gives a straw's seat up and reaches for it in the customer's name, again and again, in a full session."""
    world = await started(templates=weekly(plan(2)))
    robot = Robot(world, phones=1)
    await world.hold("citizen")
    await world.submitted("waiting-citizen")
    entry = await world.service.waiting_list.enter(
        WaitingWish(
            "application-waiting-citizen",
            (SOUTH.office_id,),
            TUESDAY,
            TUESDAY,
            Pool.REGULAR,
            Actor("account-waiting-citizen"),
            "enter",
        )
    )
    kept = await robot.hold(1, "first")
    assert kept is not None
    await world.service.holds.cancel(kept, Actor("account-1"), "hand over", fee_is_lost=False)
    got = []
    for second in range(60):
        got.append(await robot.hold(2, f"try-{second}"))
        await world.pass_time(5)
    assert got == [None] * 60
    record = await world.service.repositories.waiting_list.waiting(entry.id)
    assert record is not None and record.state.status is WaitingStatus.OFFERED
    with pytest.raises(NotFound):
        await world.service.waiting_list.accept(entry.id, Actor("account-2"), "mine")
    held = await world.service.waiting_list.accept(entry.id, Actor("account-waiting-citizen"), "yes")
    assert held.state.person_id == "person-waiting-citizen"
