"""The engine on two toy services: faults happen, nothing is lost, and a missing guard is found out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from shared.deadlines import LEASE_SECONDS
from shared.store.kinds import Kind
from shared.store.port import VersionConflict
from tests.sim import checks, sim, toy
from tests.sim.calling import Asked
from tests.sim.chaos import CALM, Chaos, Rates
from tests.sim.loop import VirtualLoop
from tests.sim.process import ConnectionLost
from tests.sim.running import START, in_virtual_time
from tests.sim.store import HOLD_SECONDS, LONGEST_HOLD, NEVER_HELD, CrashPlan, FaultyStore, KeptStore
from tests.sim.world import World

VISITORS = 12
ROUGH = Rates().scaled(3)


async def _plan(world: World, number: int) -> None:
    asked = Asked("POST", "/v1/visits", {"name": f"visitor {number}"}, key=f"visit-{number:04d}")
    await asyncio.sleep(number * 7.0)
    while True:
        try:
            if (await world.ask("scheduling", asked)).ok:
                return
        except ConnectionLost:
            pass
        await asyncio.sleep(1.0)


async def _run(
    loop: VirtualLoop, seed: str, rates: Rates, guarded: bool = True, plan: CrashPlan | None = None
) -> World:
    world = World(loop, START, Chaos(seed, rates), plan=plan)
    world.add("scheduling", toy.build_visits)
    world.add("billing", partial(toy.build_tallies, guarded=guarded))
    await world.begin()
    await asyncio.gather(*(_plan(world, number) for number in range(VISITORS)))
    await asyncio.sleep(toy.WAIT_SECONDS * 2)
    await world.calm_down()
    assert await world.until(world.nothing_under_way, 86400, 60)
    await asyncio.sleep(60)
    await checks.own_rules(world)
    checks.nothing_lost_or_doubled(world)
    checks.no_deadline_forgotten(world)
    tallies = world.processes["billing"].kept.documents("tallies")
    counted = tallies["all"]["state"]["visitors"]
    if counted != VISITORS:
        world.violated("count", f"{counted} instead of {VISITORS}")
    await world.end()
    return world


def run(seed: str, rates: Rates = ROUGH, guarded: bool = True, plan: CrashPlan | None = None) -> World:
    return in_virtual_time(lambda loop: _run(loop, seed, rates, guarded, plan))


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_or_doubled_whatever_goes_wrong(seed: int) -> None:
    world = run(f"toy {seed}")
    assert not world.violations, "\n".join([*world.journal.lines, *world.violations])


def test_faults_do_happen() -> None:
    worlds = [run(f"faults {seed}") for seed in range(10)]
    assert sum(process.lives - 1 for world in worlds for process in world.processes.values()) > 5
    for fault in ("duplicated", "redelivered", "unsent", "unconfirmed", "later"):
        assert sum(world.broker.counts[fault] for world in worlds) > 0, fault


def test_a_consumer_without_its_guard_is_found_out() -> None:
    assert any(run(f"twin {seed}", guarded=False).violations for seed in range(5))


def test_a_seed_replays() -> None:
    first, second = run("again"), run("again")
    assert first.journal.digest == second.journal.digest
    assert first.journal.count > 3 * VISITORS
    assert run("another").journal.digest != first.journal.digest


def test_tasks_in_a_set_have_the_order_of_their_making() -> None:
    """Wherever they lie in memory: what dies with a process is cancelled in the same order in every replay."""

    async def hashes(_loop: VirtualLoop) -> list[int]:
        tasks = [asyncio.ensure_future(asyncio.sleep(0)) for _ in range(50)]
        await asyncio.wait(tasks)
        return [hash(task) - hash(tasks[0]) for task in tasks]

    assert in_virtual_time(hashes) == [*range(50)]


@dataclass(frozen=True)
class Basket:
    """A state that a careless reader can change."""

    apples: dict[str, int]


async def test_who_changes_what_was_read_is_found_out() -> None:
    store, kind = KeptStore("shop"), Kind("basket", Basket)
    await store.insert(kind, "mine", Basket({"red": 1}), now=START)
    assert store.changed_by_readers() == []
    read = await store.get(kind, "mine")
    assert read is not None
    read.state.apples["red"] = 2
    assert store.changed_by_readers() == ["basket mine"]


@pytest.mark.parametrize(("rate", "never_held"), [(1.0, False), (0.0, False), (1.0, True)])
def test_a_held_reader_meets_what_others_wrote_meanwhile(rate: float, never_held: bool) -> None:
    """Without holds, and for checks, nobody comes between a read and a write that are 30 ms from the next."""
    kind = Kind("basket", Basket)

    async def change(store: FaultyStore, number: int) -> None:
        await asyncio.sleep(number * 0.03)
        record = await store.get(kind, "mine")
        await store.save(kind, record, Basket({"red": number}), now=START)

    async def conflicts(_loop: VirtualLoop) -> int:
        NEVER_HELD.set(never_held)
        kept = KeptStore("shop")
        await kept.insert(kind, "mine", Basket({"red": 0}), now=START)
        store = FaultyStore(kept, "shop", Chaos("held", replace(CALM, hold=rate)), CrashPlan(), lambda: None)
        ended = await asyncio.gather(*(change(store, number) for number in range(20)), return_exceptions=True)
        assert all(each is None or isinstance(each, VersionConflict) for each in ended)
        return sum(each is not None for each in ended)

    assert (in_virtual_time(conflicts) > 0) == (rate > 0 and not never_held)


def test_no_hold_outlasts_a_lease() -> None:
    """Else a held deadline would be fenced off, which is another fault (`Rates.pause`)."""
    assert max(HOLD_SECONDS) * LONGEST_HOLD < LEASE_SECONDS


def test_no_use_case_changes_what_it_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at before each write, too: what was changed and then written would not be seen at the end."""
    keep, writes = KeptStore._keep, [0]

    def looking_first(self: KeptStore, kind: Any, document: Any) -> None:
        writes[0] += 1
        assert not self.is_changed(kind.name, document["_id"]), f"{kind.name} was changed in place"
        keep(self, kind, document)

    monkeypatch.setattr(KeptStore, "_keep", looking_first)
    result = sim.run(17)
    assert not result.violations, sim.report(result)
    assert writes[0] > 500


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_write_loses_nothing(after: bool) -> None:
    writes = run("calm", CALM).plan.writes
    assert writes >= 3 * VISITORS
    for at in range(1, writes + 1):
        world = run("calm", CALM, plan=CrashPlan(at, after=after))
        assert not world.violations, f"crash {'after' if after else 'before'} write {at}: {world.violations}"
        assert sum(process.lives for process in world.processes.values()) == 3
