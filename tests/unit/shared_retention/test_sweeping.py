"""The retention job: what is over its time goes, in batches, at a rate, once, whichever replica is killed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.retention.sweep import MOST_AT_ONCE, ROUND_EVERY
from shared.retention.sweeping import MOST_COUNTED, SWEEP
from shared.store.port import StoreUnavailable, VersionConflict
from tests.unit.shared_retention.world import ACCOUNT, KEEP, THING, World
from tests.unit.world import Killed, Wrapper

MOMENT = timedelta(milliseconds=1)


async def begun(world: World) -> World:
    await world.retention.chores()[0].run()
    return world


async def round_of(world: World) -> None:
    """Run batches until the round is over."""
    for _ in range(100):
        await world.worker.run_due()
        state = await world.sweep()
        if state.next_at - world.clock.now() >= ROUND_EVERY - timedelta(minutes=1):
            return
        world.clock.advance(max(0.0, (state.next_at - world.clock.now()).total_seconds()))
    raise AssertionError("the round does not end")


@pytest.mark.parametrize(("age", "left"), [(KEEP, True), (KEEP + MOMENT, False)])
async def test_the_job_erases_what_is_over_its_time(age: timedelta, left: bool) -> None:
    world = await begun(World())
    await world.add("old", days_ago=age / timedelta(days=1))
    await round_of(world)
    assert ("old" in await world.left()) is left


async def test_what_is_young_or_in_use_stays() -> None:
    world = await begun(World())
    await world.add("young", days_ago=29)
    await world.add("in use", days_ago=None)
    await round_of(world)
    assert await world.left() == {"young", "in use"}


@pytest.mark.acceptance("Y24.erasure")
async def test_what_grows_old_goes_in_a_later_round() -> None:
    world = await begun(World())
    await world.add("young", days_ago=29)
    await round_of(world)
    await world.passes(timedelta(days=2))
    await round_of(world)
    assert await world.left() == set()


async def test_a_batch_is_bounded_and_the_next_waits_for_its_share_of_the_rate() -> None:
    world = await begun(World(per_second=10.0))
    for number in range(MOST_AT_ONCE + 5):
        await world.add(f"thing-{number:03d}", days_ago=40 - number / 100)
    await world.worker.run_due()
    assert len(await world.left()) == 5
    assert (await world.sweep()).next_at == world.clock.now() + timedelta(seconds=MOST_AT_ONCE / 10.0)
    await world.passes(timedelta(seconds=MOST_AT_ONCE / 10.0) - MOMENT)
    assert len(await world.left()) == 5
    await world.passes(MOMENT)
    assert await world.left() == set()


async def test_many_of_one_moment_are_all_reached() -> None:
    world = await begun(World())
    for number in range(2 * MOST_AT_ONCE + 3):
        await world.add(f"thing-{number:03d}", days_ago=40)
    await round_of(world)
    assert await world.left() == set()
    assert (await world.sweep()).done == 2 * MOST_AT_ONCE + 3


async def test_what_was_passed_is_not_read_again() -> None:
    world = await begun(World())
    for number in range(MOST_AT_ONCE):
        await world.add(f"thing-{number:03d}", days_ago=40 - number / 100)
    await round_of(world)
    reads: list[Any] = []
    between = world.retention.shelves[0].between
    assert between is not None
    world.retention.sweeping._shelves["things"] = type(world.retention.shelves[0])(
        "things",
        "things",
        between=lambda *asked: reads.append(asked) or between(*asked),  # type: ignore[func-returns-value]
    )
    await world.passes(ROUND_EVERY)
    assert [low for low, _, _ in reads] == [(await world.sweep()).reached]
    assert (await world.sweep()).done == MOST_AT_ONCE


async def test_held_things_are_passed_and_taken_when_the_hold_is_lifted() -> None:
    world = await begun(World())
    await world.add("held", days_ago=40)
    await world.add("free", owner="account-2", days_ago=39)
    await world.place_hold(ACCOUNT)
    await round_of(world)
    state = await world.sweep()
    assert (await world.left(), state.done, state.held) == ({"held"}, 1, 1)
    await world.lift_hold()
    await round_of(world)
    state = await world.sweep()
    assert (await world.left(), state.done, state.held) == (set(), 2, 0)


async def test_what_fails_is_counted_and_tried_in_the_next_round() -> None:
    world = await begun(World())
    await world.add("broken", days_ago=40)
    await world.add("whole", days_ago=39)
    world.broken.add("broken")
    await world.worker.run_due()
    assert ((await world.sweep()).failed, await world.left()) == (1, {"broken"})
    await round_of(world)
    world.broken.clear()
    await world.passes(ROUND_EVERY)
    assert await world.left() == set()
    assert ((await world.sweep()).done, (await world.sweep()).failed) == (2, 0)


class Dying(Wrapper):
    """A store whose process ends when the job notes how far it is."""

    async def save(self, kind: Any, *args: Any, **named: Any) -> Any:
        if kind is SWEEP:
            raise Killed
        return await self.base.save(kind, *args, **named)


async def test_a_job_that_is_killed_in_a_batch_goes_on_and_erases_once() -> None:
    world = await begun(World())
    for number in range(5):
        await world.add(f"thing-{number}", days_ago=40)
    sweeping = world.retention.sweeping
    base, sweeping._store = sweeping._store, Dying(sweeping._store)  # type: ignore[assignment]
    with pytest.raises(Killed):
        await world.worker.run_due()
    sweeping._store = base
    assert await world.replica("two").run_due() == 0, "the lease of the killed one still runs"
    world.clock.advance(60)
    await world.replica("two").run_due()
    assert await world.left() == set()
    versions = [record.version async for record in world.store.scan(THING)]
    assert versions == [2] * 5


async def test_of_two_replicas_one_does_the_batch() -> None:
    world = await begun(World())
    await world.add("old", days_ago=40)
    ran = await world.replica("one").run_due(), await world.replica("two").run_due()
    assert ran == (1, 0)
    assert (await world.sweep()).done == 1


async def test_a_replica_that_lost_its_lease_notes_nothing() -> None:
    world = await begun(World())
    await world.add("old", days_ago=40)
    due = await world.store.claim_due(SWEEP, now=world.clock.now(), owner="slow", lease_seconds=30)
    assert due is not None
    world.clock.advance(60)
    await world.worker.run_due()
    with pytest.raises(VersionConflict):
        await world.retention.sweeping.run_due(due.record, "run")
    assert (await world.sweep()).done == 1


async def test_a_store_that_is_away_is_no_failure_of_a_thing() -> None:
    world = await begun(World())
    await world.add("old", days_ago=40)

    async def away(*_: Any) -> bool:
        raise StoreUnavailable("away")

    world.retention.holds.hold = away  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreUnavailable):
        await world.worker.run_due()
    assert (await world.sweep()).failed == 0


async def test_a_shelf_that_is_no_more_ends_its_round() -> None:
    world = await begun(World())
    await world.add("old", days_ago=40)
    world.retention.sweeping._shelves.clear()
    await world.worker.run_due()
    assert await world.left() == {"old"}


async def test_the_report_counts_what_is_due() -> None:
    world = World()
    await world.add("old", days_ago=40)
    (before,) = await world.retention.sweeping.report()
    assert (before.due, before.sweep) == (1, None)
    await begun(world)
    await round_of(world)
    (after,) = await world.retention.sweeping.report()
    assert after.sweep is not None
    assert (after.due, after.sweep.done, after.sweep.last_run_at is not None) == (0, 1, True)


async def test_the_report_counts_no_further_than_its_limit() -> None:
    world = World()
    for number in range(MOST_COUNTED + 1):
        await world.add(f"thing-{number}", days_ago=40)
    (progress,) = await world.retention.sweeping.report()
    assert progress.due == MOST_COUNTED
