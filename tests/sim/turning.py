"""An operator turns the keys of all services in the middle of a run, and takes the old ones away once they may go."""

from __future__ import annotations

import asyncio
from typing import Final

from shared.tokens import Role
from tests.sim.officers import Officer
from tests.sim.person import Unexpected
from tests.sim.suite import NEW_AND_OLD, NEW_RINGS, Agencies, Rings
from tests.sim.world import World

DAY: Final = 86400.0
LATEST_BEGIN_SECONDS: Final = 6 * DAY
LONGEST_TURN_SECONDS: Final = 6 * DAY
"""Codes and messages under the old key end within a day; a turn looks for them every ten minutes."""

RESTART_SECONDS: Final = 1.0


async def turn_keys(world: World, agencies: Agencies) -> None:
    """Give every service new keys, turn, and take the old ones away."""
    operator = Officer(world, Role.OPERATOR, "keys")
    await asyncio.sleep(world.chaos.dice("key turn").random() * LATEST_BEGIN_SECONDS)
    try:
        await _restart_with(world, agencies, NEW_AND_OLD)
        for service in world.processes:
            await operator.post(service, f"/v1/key-turns/{service}", {})
        for service in world.processes:
            await _see_it_done(operator, service)
        await _restart_with(world, agencies, NEW_RINGS)
        world.counts["keys turned"] += 1
    except Unexpected as trouble:
        world.violated("key turn", str(trouble))


async def _restart_with(world: World, agencies: Agencies, rings: Rings) -> None:
    for service, process in world.processes.items():
        agencies.rings[service] = rings
        process.take_ring(rings.master)
        process.stop(RESTART_SECONDS)
    for process in world.processes.values():
        await process.up()


async def _see_it_done(operator: Officer, service: str) -> None:
    await operator.eventually(
        lambda: operator.get(service, f"/v1/key-turns/{service}"),
        lambda seen: seen["old_keys_may_go"],
        f"the end of the old keys of {service}",
        LONGEST_TURN_SECONDS,
    )
