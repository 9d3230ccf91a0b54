"""People leave after their journeys, whatever goes wrong: what was ordered goes once, all else stays.

Each rule has a twin, a handler that is broken on purpose, which the simulation finds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from services.application.erasures.shelves import ApplicationShelves
from services.application.leavings import service as application_leavings
from services.billing.leavings import service as billing_leavings
from services.identity.leaving.leaving import LeavingKind, LeavingState
from services.identity.leaving.service import Leavings
from shared.person_keys.keys import PersonKeys
from shared.person_keys.memory import MemoryKeyTable
from shared.retention.erasing import ERASURE, Erasing
from shared.retention.holds import LegalHolds
from tests.scale import LEAVING_SEEDS, SIMULATION_CRASHES
from tests.sim import sim
from tests.sim.chaos import Rates
from tests.sim.store import CrashPlan
from tests.sim.test_twins import JOURNEY, JOURNEY_SEED, finds

LEAVING_JOURNEY = replace(JOURNEY, leaving=("leave",))

SEEDS = range(6)
"""Where a twin looks, until it has found its harm: within the first four seeds today."""


def shape(*plans: str, paying: str = "in_time") -> sim.Shape:
    """Three people who all leave in these ways."""
    return sim.Shape(citizens=3, seats=8, rates=Rates(), paying=(paying,), leaving=plans)


@pytest.mark.parametrize("seed", range(LEAVING_SEEDS))
def test_the_rules_hold(seed: int) -> None:
    result = sim.run(seed, shape=sim.Shape.drawn_leaving(seed))
    assert not result.violations, sim.report(result)


def test_the_runs_have_what_the_rules_are_about() -> None:
    """Erasures, what a rule keeps, what a hold kept, old messages about the erased, and people who came back."""
    counts: Counter[str] = Counter()
    for plan in ("leave", "held", "undo", "come_back"):
        result = sim.run(1, shape=shape(plan))
        assert not result.violations, sim.report(result)
        counts.update(result.counts)
    assert counts["erasures"] >= 4
    assert counts["keys that a rule keeps"] > 0
    assert counts["repeated about the erased"] > 20
    assert counts["things that were held"] > 0
    assert counts["left: undo: began again"] > 0
    assert counts["left: come_back: came back"] > 0


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_around_a_write_of_an_erasure_changes_nothing(after: bool) -> None:
    """A share of the writes of one quiet life with an erasure at its end, a crash at each of them."""
    first, last = writes_of_an_erasure()
    for at in range(first + after, last + 1, max(1, 2 * (last - first) // SIMULATION_CRASHES)):
        result = sim.run(JOURNEY_SEED, shape=LEAVING_JOURNEY, plan=CrashPlan(at, after=after))
        assert not result.violations, f"crash {'after' if after else 'before'} write {at}\n{sim.report(result)}"


@cache
def writes_of_an_erasure() -> tuple[int, int]:
    """The first and the last one; counted once per test process."""
    result = sim.run(JOURNEY_SEED, shape=LEAVING_JOURNEY)
    assert result.counts["erasures"] == 1
    return result.counts["writes before a leaving"], result.writes


# ---- twins ----


def test_a_key_that_is_not_destroyed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(self: PersonKeys, subject_id: str) -> None:
        return None

    monkeypatch.setattr(PersonKeys, "destroy", nothing)
    assert finds("I15", shape=shape("leave"), seeds=SEEDS)


def test_a_key_without_a_tombstone_is_made_again_by_a_late_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """And with it comes what the message has: neither the note of the erased nor the tombstone stands against it."""

    async def forget(self: MemoryKeyTable, subject_id: str, now: Any) -> None:
        self.records.pop(subject_id, None)

    async def never(self: Erasing, subject_ids: Any) -> bool:
        return False

    monkeypatch.setattr(MemoryKeyTable, "destroy", forget)
    monkeypatch.setattr(Erasing, "is_erased", never)
    assert finds("I15", "I16", shape=shape("leave"), seeds=SEEDS)


def test_a_shelf_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(self: ApplicationShelves, order: Any) -> list[Any]:
        return []

    monkeypatch.setattr(ApplicationShelves, "_cards", nothing)
    assert finds("I16", shape=shape("leave"), seeds=SEEDS)


def test_an_order_that_counts_at_each_delivery_is_told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = Erasing.ordered

    async def again(self: Erasing, event: Any, envelope: Any) -> None:
        known = await self._store.get(ERASURE, event.erasure_id)
        if known is not None:
            await self._store.remove(ERASURE, known)
        await ordered(self, event, envelope)

    monkeypatch.setattr(Erasing, "ordered", again)
    assert finds("I17", shape=shape("leave"), seeds=SEEDS)


def test_a_hold_that_is_not_looked_at_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(self: LegalHolds, subjects: Any) -> bool:
        return False

    monkeypatch.setattr(LegalHolds, "hold", never)
    assert finds("I18", shape=shape("held"), seeds=SEEDS)


def test_an_undoing_that_is_only_said_erases_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async def say(self: Leavings, record: Any) -> Any:
        return replace(record, state=replace(record.state, state=LeavingState.UNDONE))

    monkeypatch.setattr(Leavings, "_undo", say)
    assert finds("I19", shape=shape("undo"), seeds=SEEDS)


def test_an_order_about_more_than_was_asked_takes_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """One applicant was to go, and the account goes with them."""
    find = Leavings._find_people

    async def everybody(self: Leavings, leaving: Any) -> Any:
        return await find(
            self, replace(leaving, wish=replace(leaving.wish, what=LeavingKind.ACCOUNT, applicant_ids=()))
        )

    monkeypatch.setattr(Leavings, "_find_people", everybody)
    assert finds("I19", shape=replace(shape("one_applicant"), citizens=6), seeds=SEEDS)


def test_money_that_comes_in_the_grace_time_is_lost_where_billing_does_not_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(billing_leavings, "is_money_under_way", lambda *_: False)
    assert finds("I20", shape=shape("pay_meanwhile", paying="never"), seeds=SEEDS)


def test_a_live_application_is_cut_off_where_application_does_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application_leavings, "objections_to_leaving", lambda _: ())
    assert finds("I20", shape=shape("leave"), seeds=SEEDS)
