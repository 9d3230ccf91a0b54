"""Twins: with one guard switched off the simulation finds the harm, so a green run means something.

And the other way round: with the inbox switched off alone nothing happens, because states and natural keys guard too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from services.billing.bills import model as bills
from services.billing.bills.model import Bill, BillOutcome
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.refunds import transitions as refund_steps
from services.billing.refunds.model import Refund
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.payments import Payments
from services.scheduling.booking.appointments.refund_release import Releases
from services.scheduling.booking.seats.inventory import SeatInventory
from shared.bus.relay import Relay
from shared.store.decision import Decision
from shared.store.kinds import Record
from tests.scale import GIVES_UP_SEEDS, INBOX_SEEDS, SIMULATION_CRASHES
from tests.sim import money, sim
from tests.sim.chaos import CALM, Rates
from tests.sim.store import CrashPlan, KeptStore

CROWDED = sim.SHAPES["crowded"]
MINDS_CHANGE = sim.SHAPES["minds_change"]
GIVES_UP = sim.SHAPES["gives_up"]

SEEDS = range(40)
"""Where a twin looks, until it has found its harm: within the first four seeds today."""


def finds(*rules: str, shape: sim.Shape = CROWDED, seeds: Iterable[int] = SEEDS) -> bool:
    """Whether the seeds, one after the other until all are found, break each of these rules; none: any rule."""
    left = set(rules or ("",))
    for seed in seeds:
        violations = sim.run(seed, shape=shape).violations
        left -= {rule for rule in left if any(each.startswith(rule) for each in violations)}
        if not left:
            return True
    return False


def test_a_claim_without_its_condition_oversells(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seat is taken whether or not it is free."""
    claim = KeptStore.claim_one

    async def claim_anything(self: KeptStore, kind: Any, index: str, equals: Any, change: Any, **named: Any) -> Any:
        for document in self.documents(kind.name).values():
            if document["state"].get("session_id") == equals.get("state.session_id"):
                document["state"] = {**document["state"], "status": "free"}
        return await claim(self, kind, index, equals, change, **named)

    monkeypatch.setattr(KeptStore, "claim_one", claim_anything)
    assert finds("I1")


def test_a_claim_that_is_freed_without_a_tombstone_oversells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was slow still writes the appointment on a seat that is somebody else's by then."""

    async def free_at_once(self: SeatInventory, record: Any) -> None:
        holder = await self._appointments.appointment(record.state.claimed_by or "")
        fate = appointments.ClaimFate.FREE if holder is None else appointments.fate_of_claim(record.state, holder.state)
        await self._seats.replace_seat(record, self._judged(record.state, fate), self._context.clock)

    monkeypatch.setattr(SeatInventory, "judge_claim", free_at_once)
    slow = replace(CROWDED, rates=replace(CALM, pause=0.02, slow=0.5))
    assert finds("I1", shape=slow)


def test_a_pay_time_that_is_not_looked_at_expires_what_was_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Money is in time when it is learnt in time, not when the bank took it."""
    monkeypatch.setattr(Bill, "in_time", lambda self, paid_at: False)
    assert finds("paid but expired", seeds=range(5))


def test_the_payment_and_the_withdrawal_of_one_second_meet() -> None:
    """With the guard on nobody keeps what was paid from the withdrawal on, and such payments do happen."""
    results = [sim.run(seed, shape=MINDS_CHANGE) for seed in range(2)]
    for result in results:
        assert not result.violations, sim.report(result)
    assert sum(result.counts.get("paid from the withdrawal on", 0) for result in results) >= 4


def test_a_withdrawal_that_is_not_looked_at_afterwards_keeps_what_was_paid_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which was heard first decides, not which was first."""

    async def nothing(self: ReceiptProcessing, bill_id: str) -> None:
        return None

    monkeypatch.setattr(ReceiptProcessing, "give_back_if_withdrawn_before", nothing)
    assert finds("paid after withdrawal", shape=MINDS_CHANGE, seeds=range(12))


@pytest.fixture
def without_release_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch off that a refund waits for its visit's release, and that a lost seat is asked for by its appointment."""

    def seek_whichever_was_lost(bill: Bill, _appointment_id: str, _version: int) -> Decision[Bill]:
        lost = {"late_receipt_id": bill.settled_by, "standing": BillOutcome.SEAT_SOUGHT}
        return Decision(replace(bill, **lost) if bill.standing == BillOutcome.APPOINTMENT else bill)  # type: ignore[arg-type]

    def seat_of_a_known_visit(refund: Refund, bill: Bill | None) -> Any:
        visits = (BillOutcome.APPOINTMENT, BillOutcome.SPECIAL_RESCHEDULE)
        known = bill is not None and refund_steps.concerns(refund, bill) and bill.standing in visits
        return bill.seat if bill is not None and known else None

    async def say_nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(bills, "lose_seat", seek_whichever_was_lost)
    monkeypatch.setattr(bills, "visit_confirmed", bills.seat_confirmed)
    monkeypatch.setattr(refund_steps, "seat_to_release", seat_of_a_known_visit)
    monkeypatch.setattr(Payments, "_repeat", say_nothing)
    monkeypatch.setattr(Releases, "_close_search", say_nothing)


def test_a_refund_that_does_not_wait_for_the_release_is_found(without_release_first: None) -> None:
    """Who pays and cancels within a tenth of a second has the money back and the passport, in either order."""
    assert finds("I11", "I12", shape=GIVES_UP)


async def test_money_races_find_a_refund_of_a_confirmed_visit(without_release_first: None) -> None:
    """Billing alone, with others between read and write: the bill seeks a seat that its appointment has."""
    world = money.new_world()
    faults = [fault for seed in range(300) for fault in await money.run(world, seed)]
    assert any(each.startswith("I11") for each in faults)


def test_who_pays_and_gives_up_at_once_has_the_money_or_the_visit() -> None:
    """With the guards on the same seeds hold, and both ends do come."""
    results = [sim.run(seed, shape=GIVES_UP) for seed in range(GIVES_UP_SEEDS)]
    for result in results:
        assert not result.violations, sim.report(result)
    assert sum(result.counts["certain visits"] for result in results) > 0
    assert sum(result.counts["refunded receipts"] for result in results) > 0


def test_an_end_without_a_last_question_expires_what_was_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notices are lost and nobody asks SIMPONI before the seat is given away."""
    from services.billing.bills.writes import change_unless_moved_on
    from services.billing.receipts.simponi_polling import SimponiPolling

    async def unasked(self: Any, record: Any) -> None:
        await change_unless_moved_on(self._aggregates, record, lambda state: self._end(state, bills.expire))

    async def never(self: Any, record: Any) -> None:
        await change_unless_moved_on(self._aggregates, record, lambda state: replace_due(state))

    def replace_due(state: Any) -> Any:
        return bills.without_due(state, "poll")

    monkeypatch.setattr(SimponiPolling, "expire_due", unasked)
    monkeypatch.setattr(SimponiPolling, "poll_due", never)
    assert finds("paid but expired", shape=replace(CROWDED, rates=replace(CALM, notice_lost=0.8)), seeds=range(5))


def test_a_write_that_ignores_the_version_loses_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load, decide, save without asking whether somebody else saved meanwhile."""
    save = KeptStore.save

    async def save_anyway(self: KeptStore, kind: Any, record: Any, state: Any, **named: Any) -> Any:
        stored = self.documents(kind.name).get(record.id)
        if stored is not None:
            record = replace(record, version=stored["version"], fence=None)
        return await save(self, kind, record, state, **named)

    monkeypatch.setattr(KeptStore, "save", save_anyway)
    assert finds()


def test_a_relay_that_believes_every_send_loses_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the broker did not confirm is taken out of the outbox all the same."""
    original = Relay._send

    async def hopeful(self: Relay, grouped: Any) -> Any:
        await original(self, grouped)
        return list(grouped.values())

    monkeypatch.setattr(Relay, "_send", hopeful)
    assert finds("citizen", seeds=range(5)), "who waits for a lost message is never done"


@pytest.mark.parametrize("seed", range(INBOX_SEEDS))
def test_an_inbox_that_forgets_everything_harms_nobody(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeated message is a no-op by state and natural key, even with an empty inbox."""
    remembers = Record.has_received
    monkeypatch.setattr(Record, "has_received", lambda self, each: _is_a_command(each) and remembers(self, each))
    often = replace(Rates(), duplicate=0.3, ack_lost=0.2)
    result = sim.run(seed, shape=replace(CROWDED, seats=2, rates=often))
    told = [each for each in result.violations if not each.startswith("I7")]
    assert not told, sim.report(result)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("part", range(4))
def test_a_crash_around_a_write_of_one_journey_changes_nothing(part: int, after: bool) -> None:
    """A share of the writes of one quiet journey, a crash at each of them."""
    writes = writes_of_one_journey()
    every = max(1, writes // SIMULATION_CRASHES)
    for at in range(1 + part * every, writes + 1, every * 4):
        result = sim.run(JOURNEY_SEED, shape=JOURNEY, plan=CrashPlan(at, after=after))
        assert not result.violations, f"crash {'after' if after else 'before'} write {at}\n{sim.report(result)}"


@cache
def writes_of_one_journey() -> int:
    """Counted once per test process."""
    return sim.run(JOURNEY_SEED, shape=JOURNEY).writes


JOURNEY = sim.Shape(citizens=1, seats=2, rates=CALM)
JOURNEY_SEED = 3
ROUGH_SEED = 40
"""Its processes die while they do several things at once."""


def test_a_seed_replays_in_another_process() -> None:
    """Whatever the order of sets there: the same seed does the same."""
    code = f"from tests.sim import sim; print(sim.run({ROUGH_SEED}).digest)"
    digests = {_output(code, hash_seed) for hash_seed in ("1", "2")}
    assert len(digests) == 1


def _is_a_command(message_id: str | None) -> bool:
    """Whether the id is that of somebody's request: those are derived, the ids of messages are random."""
    return message_id is not None and message_id.count("-") == 4 and uuid.UUID(message_id[:36]).version == 5


def _output(code: str, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()
