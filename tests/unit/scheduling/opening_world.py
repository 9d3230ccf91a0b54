"""A world with an opening announced, and the moments and people of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.scheduling.app import build
from services.scheduling.context import Actor
from services.scheduling.openings.announcing import OpeningWish
from services.scheduling.openings.opening import (
    Opening,
    OpeningPlan,
)
from services.scheduling.openings.waiting_room import PlaceInLine
from services.scheduling.use_cases import Scheduling
from shared.crypto.keyring import Keyring
from tests.unit.scheduling.world import BOSS, EAST, KEYS, NORTH, SOUTH, START, World, make_world, plan, settings, weekly
from tests.unit.world import seeded_platform

DOORS = START + timedelta(minutes=30)
CLOSES = START + timedelta(minutes=59)
OPENS = START + timedelta(hours=1)
MILESTONES = (DOORS, CLOSES + timedelta(seconds=3), CLOSES + timedelta(seconds=13), OPENS)
"""Doors, list, draw, admission."""


@dataclass
class Hall:
    """A world with an opening announced, and people."""

    world: World
    opening_id: str

    async def until(self, moment: datetime) -> None:
        """Let time go by up to a moment, with everything on its way done in its time."""
        for each in (*(each for each in MILESTONES if each < moment), moment):
            await self.world.pass_time(max(0.0, (each - self.world.clock.now()).total_seconds()))

    async def ticket(self, person: str, at: Scheduling | None = None, **changes: Any) -> PlaceInLine:
        """Take a ticket."""
        await self.world.submitted(person)
        service = at or self.world.service
        account = changes.pop("account", f"account-{person}")
        return await service.waiting_room.take_ticket(self.opening_id, f"application-{person}", Actor(account))

    async def look(self, place: PlaceInLine, at: Scheduling | None = None) -> PlaceInLine:
        """Look at a ticket."""
        service = at or self.world.service
        return await service.waiting_room.find_place(self.opening_id, place.ticket_id, Actor(place.ticket.account_id))

    async def opening(self) -> Opening:
        record = await self.world.service.repositories.openings.opening(self.opening_id)
        assert record is not None
        return record.state

    async def record(self) -> dict[str, Any]:
        return await self.world.service.openings.record(self.opening_id)

    async def turns(self, seconds: int) -> None:
        for _ in range(seconds):
            await self.world.pass_time(1)


def wish(world: World, key: str = "announce", actor: Actor = BOSS, **changes: Any) -> OpeningWish:
    given: dict[str, Any] = {
        "office_id": SOUTH.office_id,
        "session_ids": (world.session_id(),),
        "doors_at": DOORS,
        "tickets_close_at": CLOSES,
        "opens_at": OPENS,
    }
    return OpeningWish(OpeningPlan(**(given | changes)), actor, key)


async def make_hall(seats: int = 6, **changes: Any) -> Hall:
    world = make_world(templates=weekly(plan(seats, priority=1)), **changes)
    assert world.parts.start is not None
    await world.parts.start()
    record = await world.service.openings.announce(wish(world))
    return Hall(world, record.id)


def replica(world: World, seed: int = 99) -> Scheduling:
    """Another process on the same store."""
    platform = seeded_platform(world.store, world.clock, Keyring.parse(KEYS), seed=seed)
    service: Scheduling = build(settings(), platform, offices=[SOUTH, NORTH, EAST], templates=weekly(plan())).service
    service.context.offices.fill([SOUTH, NORTH, EAST])
    return service
