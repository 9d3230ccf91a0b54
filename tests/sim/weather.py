"""Long troubles: an agency or a process of our own is away for hours, not for a call."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.sim.world import World

HOUR = 3600.0
LONGEST_AWAY_SECONDS = {"simponi": 9 * HOUR, "dpri": 30 * HOUR, "dukcapil": 2 * HOUR, "smtp": HOUR, "sms": 3 * HOUR}
"""How long each agency may be away; a code is asked for at most six hours, a file goes out the day before the visit."""

LATEST_BEGIN_SECONDS = {"simponi": 6 * HOUR, "dpri": 12 * HOUR, "dukcapil": HOUR, "smtp": HOUR, "sms": HOUR}
LONGEST_DOWN_SECONDS = HOUR
DAYS = 2


def brew(world: World) -> None:
    """Plan what will be away, from the run's seed."""
    dice = world.chaos.dice("weather")
    for agency, longest in LONGEST_AWAY_SECONDS.items():
        if dice.random() < 0.5:
            begins = world.clock.now() + timedelta(seconds=dice.random() * LATEST_BEGIN_SECONDS[agency])
            ends = begins + timedelta(seconds=dice.random() * longest)
            world.storms.plan(agency, begins, ends)
            world.journal.note("weather", f"{agency} is away from {begins:%d %H:%M} to {ends:%d %H:%M}")
    for name in world.processes:
        if dice.random() < 0.4:
            world.spawn(_stop(world, name, dice.random() * DAYS * 86400.0, dice.random() * LONGEST_DOWN_SECONDS))


async def _stop(world: World, name: str, after_seconds: float, seconds: float) -> None:
    await asyncio.sleep(after_seconds)
    world.journal.note("weather", f"{name} is stopped for {seconds:.0f} s")
    world.processes[name].stop(seconds)
