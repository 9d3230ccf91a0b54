"""kill -9 of a real process between any two writes of the saga: no rupiah lost, doubled or unexplained."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from services.billing.app import KINDS, build
from services.billing.bills.model import Bill
from services.billing.bills.repository import BILLS
from services.billing.payment import Payment
from services.billing.receipts.repository import RECEIPTS
from services.billing.refunds.repository import REFUNDS
from services.billing.simponi import SimponiBilling
from shared.bus.dispatch import Dispatcher
from shared.clock import ManualClock
from shared.deadlines import DeadlineWorker
from shared.store.driver import connect, database, disconnect
from shared.store.kinds import Kind
from shared.store.mongo import MongoStore
from tests.integration.dying import Lot, Mortal, dies, make_empty
from tests.scale import KILL_EVERY
from tests.unit.billing.make import T0
from tests.unit.billing.world import FakeSimponi, FakeTreasury, World, some_settings
from tests.unit.world import seeded_platform

SERVICE: Final = "billing"
MOST_WRITES: Final = 12
PAST_EXPIRY_SECONDS: Final = 7200 + 1200 + 60
"""The two hours of a code, the grace, and a minute."""

Act = Callable[[World, datetime], Awaitable[object]]
Prepare = Callable[[World], Awaitable[object]]


def world_on(store: Any, clock: ManualClock) -> World:
    """Billing on this store."""
    simponi, treasury = FakeSimponi(clock), FakeTreasury()
    platform = seeded_platform(store, clock, some_settings().master_keyring())
    parts = build(some_settings(), platform, simponi=simponi, treasury=treasury)
    worker = DeadlineWorker(store, parts.kinds, parts.deadlines, clock, uuid.uuid4().hex)
    return World(
        clock, store, simponi, treasury, parts, Dispatcher(parts.events, parts.commands), worker, platform.files
    )  # type: ignore[arg-type]


async def all_of(world: World, kind: Kind[Any]) -> list[Any]:
    """Every state of a kind."""
    store: Any = world.store
    return [record.state async for record in store.scan(kind)]


async def the_bill(world: World) -> Bill:
    """The one bill of this world."""
    (bill,) = await all_of(world, BILLS)
    assert isinstance(bill, Bill)
    return bill


async def codes_known(world: World) -> None:
    """SIMPONI outlives every process: it knows the codes that it gave."""
    for bill in await all_of(world, BILLS):
        if bill.billing_code is not None and bill.billing_code not in world.simponi.codes:
            known = SimponiBilling(bill.billing_code, bill.reference, bill.amount, bill.expires_at)
            world.simponi.codes[bill.billing_code] = known


async def requested(world: World) -> None:
    await world.submitted()
    await world.seat_held()


async def issued(world: World) -> None:
    await requested(world)
    await world.work()


async def due(world: World) -> None:
    await issued(world)
    world.clock.advance(PAST_EXPIRY_SECONDS)


async def expired(world: World) -> None:
    await due(world)
    await world.work()


async def late(world: World) -> None:
    await expired(world)
    await pay(world, world.clock.now())


async def work(world: World, _now: datetime) -> None:
    await world.work()


async def pay(world: World, now: datetime) -> None:
    bill = await the_bill(world)
    paid = Payment(
        billing_code=bill.billing_code or "",
        ntpn="A000000000000001",
        ntb="000000000001",
        amount=bill.amount,
        paid_at=now.replace(microsecond=0),
        channel="teller",
    )
    if all(each.ntpn != paid.ntpn for each in world.simponi.codes[paid.billing_code].payments):
        world.simponi.add(paid)
    await world.push(paid)


async def seat_found(world: World, _now: datetime) -> None:
    await world.confirmed((await the_bill(world)).bill_id, "late_same_seat")


async def no_seat(world: World, _now: datetime) -> None:
    await world.no_seat((await the_bill(world)).bill_id)


CASES: Final[dict[str, tuple[Prepare, Act, str, list[str]]]] = {
    # name: before, what the killed process does, where bill and receipts end
    "issue": (requested, work, "issued", []),
    "pay": (issued, pay, "paid", ["settles_bill"]),
    "expire": (due, work, "expired", []),
    "late": (expired, pay, "expired", ["awaits_seat"]),
    "late, same seat": (late, seat_found, "paid", ["settles_bill"]),
    "late, no seat": (late, no_seat, "expired", ["in_refund"]),
}


async def one_act(store: Mortal, lot: Lot) -> None:
    """The life of the process that is killed: one step of the saga."""
    world = world_on(store, ManualClock(lot.now))
    await codes_known(world)
    await CASES[lot.case][1](world, lot.now)


async def crash(server: tuple[str, str], case: str, write: int, *, after: bool) -> bool:
    """One process killed at that write, its work taken up by another; whether there was such a write."""
    url, name = server
    client = connect(url)
    try:
        await make_empty(database(client, name))
        store, clock = MongoStore(database(client, name), SERVICE), ManualClock(T0)
        await store.prepare(KINDS)
        world = world_on(store, clock)
        prepare, act, bill_state, receipt_states = CASES[case]
        await prepare(world)
        now = clock.now()
        killed = await dies(one_act, Lot(url, name, SERVICE, now, case, None, write, after))
        await codes_known(world)
        await world.pass_time(100, step=10)
        await act(world, now)
        await world.work()
        assert (await the_bill(world)).state == bill_state
        assert sorted(receipt.state.value for receipt in await all_of(world, RECEIPTS)) == receipt_states
        assert len(await all_of(world, REFUNDS)) == receipt_states.count("in_refund")
        await said_once(store, clock)
        await world.rules_hold()
        return killed
    finally:
        await disconnect(client)


async def said_once(store: MongoStore, clock: ManualClock) -> None:
    """Each fact of a bill is in an outbox once. Late money asks for a seat again and again, under one key."""
    later = clock.now() + timedelta(days=1)
    speaking = [kind for kind in KINDS if not kind.bare]
    waiting = [each for kind in speaking for each in await store.outbox_waiting(kind, before=later, limit=1000)]
    facts = Counter(type(envelope.data).__name__ for envelope in waiting)
    once = ("BillRequested", "BillIssued", "BillPaid", "BillExpired", "RefundOpened")
    assert all(facts[name] <= 1 for name in once), facts


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("case", CASES)
async def test_money_is_accounted_for_after_a_kill(case: str, after: bool, used_again: tuple[str, str]) -> None:
    write = 0
    while await crash(used_again, case, write, after=after):
        write += KILL_EVERY
        assert write <= MOST_WRITES + KILL_EVERY
    assert write > 0, "no process was killed: nothing was shown"
