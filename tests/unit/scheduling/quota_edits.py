"""Edits of offices, templates and sessions, as the tests of quota send them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from services.scheduling.app import read_facts
from services.scheduling.context import Actor
from services.scheduling.offices.session import SessionPlan
from services.scheduling.offices.weekly_template import (
    TemplateSession,
)
from services.scheduling.quota.office_edits import Edit
from services.scheduling.terms import Pool
from tests.unit.scheduling.world import BOSS, NORTH, SOUTH, World, make_world, weekly

SECOND = Actor("second-admin", SOUTH.office_id, is_staff=True)
THEIRS = Actor("other-admin", NORTH.office_id, is_staff=True)
MORNING = TemplateSession((0, 1, 2, 3, 4), time(8), time(10), 4, 30, 4, {Pool.REGULAR: 10, Pool.PRIORITY: 2})
TABLE = read_facts()
FACTS = TABLE.facts_of(SOUTH)


def edit(key: str = "edit", **changes: Any) -> Edit:
    given: dict[str, Any] = {
        "office_id": SOUTH.office_id,
        "actor": BOSS,
        "reason": "fitted to staff",
        "command_id": key,
    }
    return Edit(**(given | changes))


async def session_edit(world: World, key: str = "edit", **changes: Any) -> Edit:
    record = await world.service.bookable_sessions.session(world.session_id())
    return edit(key, office_id="", expected_version=record.version, **changes)


async def put(
    world: World, pools: Mapping[str, int], key: str = "edit", *, bulk_move: bool = False, **changes: Any
) -> Any:
    wanted = {Pool(pool): size for pool, size in pools.items()}
    asked = await session_edit(world, key, **changes)
    return await world.service.session_edits.put(world.session_id(), asked, wanted, bulk_move=bulk_move)


async def started(*plans: SessionPlan, **changes: Any) -> World:
    world = make_world(templates=weekly(*plans), **changes)
    await world.parts.start()  # type: ignore[misc]
    return world
