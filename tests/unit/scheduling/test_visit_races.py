"""Many at once at the counter and about one right: with the guard on, and twins that show the race with it off."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.context import Actor
from services.scheduling.offices.offline_quota import OfflineGrant, OfflineQuota
from services.scheduling.visit.counter.check_in import VisitorLookup
from services.scheduling.visit.offline.import_service import OfflineFile
from services.scheduling.visit.offline.offline_day import LineKind, LineOutcome, OfflineLine
from services.scheduling.visit.special_reschedule.service import NewDate
from shared.errors import Refusal
from shared.events.billing import SeatReleaseRequested
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record
from tests.unit.scheduling.faulty_stores import Shuffling, Wrapper
from tests.unit.scheduling.world import FRONT, NORTH, SOUTH, START, TUESDAY, World, make_world, plan, weekly

SEEDS = range(4)
PEOPLE = 6


class LastWriteWins(Wrapper):
    """The guard is off for one kind: whoever writes last wins, whatever was written since they read."""

    def __init__(self, base: Any, kind: str) -> None:
        super().__init__(base)
        self._unguarded = kind

    async def save(self, kind: Kind[Any], record: Record[Any], state: Any, **given: Any) -> Any:
        newest = await self.base.get(kind, record.id) if kind.name == self._unguarded else record
        return await self.base.save(kind, newest, state, **given)

    async def insert(self, kind: Kind[Any], record_id: str, state: Any, **given: Any) -> Any:
        newest = await self.base.get(kind, record_id) if kind.name == self._unguarded else None
        if newest is None:
            return await self.base.insert(kind, record_id, state, **given)
        return await self.base.save(kind, newest, state, **given)


async def started(seed: int, unguarded: str = "") -> World:
    def wrap(base: Any) -> Any:
        return Shuffling(LastWriteWins(base, unguarded) if unguarded else base, seed)

    world = make_world(wrap=wrap, templates=weekly(plan(PEOPLE)), offices=[SOUTH, NORTH])
    assert world.parts.start is not None
    await world.parts.start()
    return world


async def calls(world: World) -> Counter[str]:
    """All booths call at the same moment; how often each visitor was called."""
    paid = [await world.paid(f"p{number}") for number in range(PEOPLE)]
    world.clock.set(paid[0].state.seat.starts_at)
    for each in paid:
        await world.service.visits.check_in(VisitorLookup(appointment_id=each.id), FRONT, f"in {each.id}")
    called = await asyncio.gather(
        *(world.service.counter.call_next(SOUTH.office_id, str(n), FRONT, f"call {n}") for n in range(PEOPLE))
    )
    return Counter(each.visit_id for each in called)


@pytest.mark.parametrize("seed", SEEDS)
async def test_booths_that_call_at_once_call_each_visitor_once(seed: int) -> None:
    assert set((await calls(await started(seed))).values()) == {1}


async def test_twin_without_the_version_one_visitor_is_called_to_two_booths() -> None:
    assert max((await calls(await started(1, "counter_day"))).values()) > 1


async def imports(world: World) -> list[LineOutcome]:
    """Two officers send different lines at once; the office head had opened one offline seat."""
    quota = OfflineQuota(SOUTH.office_id, TUESDAY, (OfflineGrant(1, "admin", START, "outage", "change"),))
    await world.service.repositories.offline_quotas.change_offline_quota(
        SOUTH.office_id, TUESDAY, lambda _: Decision(quota), world.clock
    )
    world.clock.advance(86_400)
    done = await asyncio.gather(
        *(
            world.service.offline_visits.import_file(
                OfflineFile(
                    SOUTH.office_id,
                    TUESDAY,
                    [OfflineLine(f"line {n}", LineKind.COUNTER, world.clock.now(), reason="outage")],
                    FRONT,
                    f"file {n}",
                )
            )
            for n in range(2)
        )
    )
    return sorted(outcome for each in done for _, outcome in each.outcomes)


@pytest.mark.acceptance("F9.within_quota")
@pytest.mark.parametrize("seed", SEEDS)
async def test_two_files_at_once_never_exceed_the_offline_quota(seed: int) -> None:
    assert await imports(await started(seed)) == [LineOutcome.OVER_QUOTA, LineOutcome.RECORDED]


async def test_twin_without_the_version_the_offline_quota_is_exceeded() -> None:
    seen = [await imports(await started(seed, "offline_day")) for seed in SEEDS]
    assert [LineOutcome.RECORDED, LineOutcome.RECORDED] in seen


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_refund_and_the_new_date_at_once_leave_no_seat_without_its_right(seed: int) -> None:
    world = await started(seed)
    paid = await world.paid("p0")
    world.clock.set(paid.state.seat.starts_at)
    await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "in")
    await world.service.specials.interrupt(paid.id, "system_fault", FRONT, "stop")
    wish = NewDate(paid.id, world.session_id(NORTH, TUESDAY.replace(day=26)), Actor("account-p0"), "use")
    asks = SeatReleaseRequested(refund_id="r", appointment_id=paid.id, application_id=paid.state.application_id)

    async def refund() -> None:
        for _ in range(50):
            try:
                await world.hear(asks, "refund")
            except NotYet:
                await asyncio.sleep(0)
            else:
                return

    results = await asyncio.gather(world.service.specials.use(wish), refund(), return_exceptions=True)
    assert all(result is None or isinstance(result, Record | Refusal) or "changed" in str(result) for result in results)
    await world.recover()
    await world.hear(asks, "refund again")
    assert (await world.appointment(paid.id)).state.status is Status.RELEASED
    await world.recover()
    assert (await world.buckets(wish.session_id)) == {"free": PEOPLE}
    await world.rules_hold()
