"""kill -9 of a process while a crowd of bills expires: each ends, each says so once, whoever had leased it."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from services.billing.app import KINDS
from services.billing.bills.repository import AT_ONCE, BILLS
from shared.clock import ManualClock
from shared.deadlines import CLOCK_SKEW_SECONDS, LEASE_SECONDS
from shared.store.driver import connect, database, disconnect
from shared.store.mongo import MongoStore
from tests.integration.dying import Lot, Mortal, dies
from tests.integration.test_money_kills import (
    PAST_EXPIRY_SECONDS,
    SERVICE,
    all_of,
    codes_known,
    issued,
    the_bill,
    world_on,
)
from tests.scale import CROWD_KILLS
from tests.unit.billing.make import T0
from tests.unit.billing.world import World

CROWD = 400
"""More than one process leases at once."""

PATIENCE_SECONDS = 60.0


async def a_crowd(world: World) -> None:
    """Many bills, due at one moment."""
    await issued(world)
    bill = await the_bill(world)
    copies = [
        (f"b{number}", replace(bill, bill_id=f"b{number}", billing_code=f"c{number}", codes=(f"c{number}",)))
        for number in range(CROWD - 1)
    ]
    await world.store.insert_all(BILLS, copies, now=world.clock.now())
    world.clock.advance(PAST_EXPIRY_SECONDS)


async def expire_them(store: Mortal, lot: Lot) -> None:
    """The life of the process that is killed: its worker, wide open."""
    world = world_on(store, ManualClock(lot.now))
    await codes_known(world)
    await asyncio.wait_for(world.worker.run(), PATIENCE_SECONDS)


async def ended(world: World) -> int:
    """How many are over."""
    return sum(bill.state == "expired" for bill in await all_of(world, BILLS))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", CROWD_KILLS)
async def test_each_bill_of_a_crowd_expires_once_though_its_process_dies(
    write: int, after: bool, urls: tuple[str, list[str]]
) -> None:
    url, names = urls
    name = f"crowd_{uuid.uuid4().hex[:12]}"
    names.append(name)
    client = connect(url)
    try:
        store, clock = MongoStore(database(client, name), SERVICE), ManualClock(T0)
        await store.prepare(KINDS)
        world = world_on(store, clock)
        await a_crowd(world)
        assert await dies(expire_them, Lot(url, name, SERVICE, clock.now(), "", None, write, after))
        assert write > AT_ONCE or await ended(world) < CROWD
        await codes_known(world)
        clock.advance(LEASE_SECONDS + CLOCK_SKEW_SECONDS)
        other = asyncio.create_task(world.worker.run())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await ended(world) < CROWD:  # noqa: ASYNC110 - another process' work, seen in the database
                await asyncio.sleep(0.05)
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)
        waiting = await store.outbox_waiting(BILLS, before=clock.now() + timedelta(days=1), limit=10_000)
        said = Counter(each.subject for each in waiting if type(each.data).__name__ == "BillExpired")
        assert set(said.values()) == {1} and len(said) == CROWD
    finally:
        await disconnect(client)
