"""Payments at the deadline, in the long form a hundred thousand, none paid but expired; SIMPONI away for a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import structlog

from services.billing.bills import model as bills
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.bills.writes import change_unless_moved_on
from shared.store.decision import Decision
from tests.sim import money
from tests.unit.billing.world import make_world

PARTS = 2
"""So that two workers share them."""

RACES_PER_WORLD = 500


@pytest.fixture(autouse=True)
def quiet() -> Any:
    """Thousands of races write no log."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


@pytest.mark.acceptance("F58.pay_time_decides")
@pytest.mark.parametrize("part", range(PARTS))
async def test_money_at_the_deadline_is_never_paid_but_expired(part: int) -> None:
    world = money.new_world()
    for number, seed in enumerate(money.races(part, PARTS)):
        if number % RACES_PER_WORLD == RACES_PER_WORLD - 1:
            world = money.new_world()
        faults = await money.run(world, seed)
        assert not faults, f"race {seed}: {faults}; replay with {money.replay(seed)}"


async def test_money_races_replay() -> None:
    """The same number is the same race."""

    async def told(seed: int) -> list[str]:
        world = money.new_world()
        race = money.Race(world, money.draw(seed))
        await race.run()
        return [f"{at - race.told[0][0]} {type(event).__name__}" for at, event in race.told]

    for seed in (3, 4, 5):
        assert await told(seed) == await told(seed)


async def test_money_without_the_last_question_ends_paid_but_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: a bill that expires by the clock alone, and is not looked at afterwards, loses money that was paid."""

    async def expire_blindly(self: Any, record: Any) -> None:
        await change_unless_moved_on(self._aggregates, record, lambda state: self._end(state, bills.expire))

    def never_looked_at(bill: Any, *_: Any, **__: Any) -> Any:
        return Decision(bills.replace(bill, due={name: at for name, at in bill.due.items() if name != "poll"}))

    monkeypatch.setattr("services.billing.receipts.simponi_polling.SimponiPolling.expire_due", expire_blindly)
    monkeypatch.setattr("services.billing.bills.model.polled", never_looked_at)
    world = money.new_world()
    found = [fault for seed in range(60) for fault in await money.run(world, seed)]
    assert any("never learnt of" in fault for fault in found)
    assert any("paid in time, yet" in fault for fault in found)


@pytest.mark.acceptance("F53.issued_or_failed")
async def test_money_simponi_down_for_a_day_leaves_every_code_issued_or_closed_with_its_cause() -> None:
    """Bills are asked for all day long while SIMPONI is away; when it is back, none is left without an answer."""
    world = make_world()
    world.simponi.down = True
    for number in range(24):
        await world.submitted(f"application-{number}")
        await world.seat_held(f"appointment-{number}", application_id=f"application-{number}")
        await world.pass_time(3600, step=300)
    requested = [bill for bill in world.all(BILLS) if bill.state == BillState.REQUESTED]
    assert len(requested) <= 6, "after six hours without a code a bill ends, and its seat goes back"
    world.simponi.down = False
    await world.pass_time(120)
    everyone = world.all(BILLS)
    assert len(everyone) == 24
    assert {bill.state for bill in everyone} == {BillState.ISSUED, BillState.FAILED}
    assert {bill.cause for bill in everyone if bill.state == BillState.FAILED} == {"simponi_unreachable"}
    assert all(bill.billing_code for bill in everyone if bill.state == BillState.ISSUED)
    assert len(world.heard("BillDelayed")) == 24
    for bill in (each for each in everyone if each.state == BillState.ISSUED):
        assert bill.expires_at >= world.clock.now() - timedelta(seconds=120)
    await world.rules_hold()
