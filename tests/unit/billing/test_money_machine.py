"""Bills, receipts, expiry and refunds in random order, against a small model; the rules of money hold after every step.

Messages come twice, late, out of order and in the middle of other work; the process dies before and after any write.
Each guard has a twin: the same machine without it, which finds the rule that is broken.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.payment import Payment
from services.billing.receipts import model as receipts
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.service import NewRefund, StepDetails
from services.billing.refunds.treasury import Payee
from services.billing.settlement.model import SettlementState
from services.billing.settlement.repository import SETTLEMENTS
from services.billing.simponi import SimponiBilling
from shared.errors import Refusal
from shared.store.kinds import Kind, Record
from shared.store.memory import MemoryStore
from shared.store.port import StoreUnavailable, VersionConflict
from shared.tokens import Caller, Role
from tests.scale import MONEY_MACHINE_EXAMPLES
from tests.unit.billing.test_settlement import booked, pieces
from tests.unit.billing.world import ACCOUNT, World, make_world

MOST_BILLS = 4
MOST_PAYMENTS = 7
HOURS = 3600
APPLICANT = Caller(ACCOUNT, Role.APPLICANT, "session-1")
STAFF = [
    Caller(f"{role.value}-{number}", role, "session-2")
    for role in (Role.TREASURER, Role.OFFICE_ADMIN, Role.OPERATOR)
    for number in (1, 2)
]
SHAPES = ("right", "right", "right", "more", "ntb")
WORDS = ("seat", "none", "offer", "offer_ended")
BINDING = frozenset({"approved", "released", "ordered", "paid", "credited"})
"""States of a refund case that has its money."""

STEPS = ("find_complete", "research", "recommend", "approve", "refuse", "credit")


LOOP = asyncio.new_event_loop()
"""One for every machine: making one costs more than a run."""


async def made(store: MemoryStore) -> World:
    """A world on this store."""
    return make_world(store)


class RestlessStore(MemoryStore):
    """Dies around a chosen write, and lets other work in before a chosen one. ``guarded`` off: no versions compared."""

    def __init__(self, *, guarded: bool = True) -> None:
        super().__init__("billing")
        self.guarded = guarded
        self.dies_in: int | None = None
        self.dies_after = False
        self.lets_in: tuple[int, Callable[[], Coroutine[Any, Any, None]]] | None = None

    async def insert(self, kind: Kind[Any], record_id: str, state: Any, **words: Any) -> Record[Any]:
        await self._before()
        inserted = await super().insert(kind, record_id, state, **words)
        self._after()
        return inserted

    async def save(self, kind: Kind[Any], record: Record[Any], state: Any, **words: Any) -> Record[Any]:
        await self._before()
        if not self.guarded:
            stored = self._documents[kind.name][record.id]
            record = Record(record.id, stored["version"], record.state, record.received)
        saved = await super().save(kind, record, state, **words)
        self._after()
        return saved

    async def _before(self) -> None:
        if self.lets_in is not None:
            left, work = self.lets_in
            self.lets_in = (left - 1, work) if left else None
            if not left:
                await work()
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in == 0 and not self.dies_after:
                self._die("before")

    def _after(self) -> None:
        if self.dies_in == 0 and self.dies_after:
            self._die("after")

    def _die(self, when: str) -> None:
        self.dies_in = None
        raise StoreUnavailable(f"died {when} the write")


class Money(RuleBasedStateMachine):
    """One application, its bills, everybody's messages."""

    guarded = True

    def __init__(self) -> None:
        super().__init__()
        self.world: Any = None

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return LOOP.run_until_complete(work)

    @initialize(first=st.sampled_from([*SHAPES, "none", "two"]), told=st.booleans(), after=st.integers(0, 2))
    def begin(self, first: str, told: bool, after: int) -> None:
        self.store = RestlessStore(guarded=self.guarded)
        self.world = self.run(made(self.store))
        self.payments: list[Payment] = []
        self.told: set[str] = set()
        """The model: numbers that billing has taken note of, by its own word."""
        self.appointments = 0
        self.version = 1
        self.commands = 0
        self.run(self.world.submitted())
        self.hold()
        if first == "two":
            self.two_are_told_of_at_once(0, after)
        elif first != "none":
            self.pay(0, first, told)

    # -- what happens

    def bills(self) -> list[Bill]:
        return sorted(self.world.all(BILLS), key=lambda bill: (bill.requested_at, bill.bill_id))

    def some_bill(self, number: int) -> Bill | None:
        known = [bill for bill in self.bills() if bill.billing_code]
        return known[number % len(known)] if known else None

    def try_(self, work: Coroutine[Any, Any, Any]) -> bool:
        """Whether it went through; who died or was refused comes again, or not."""
        try:
            self.run(work)
        except (StoreUnavailable, VersionConflict, Refusal):
            return False
        return True

    @rule()
    def hold(self) -> None:
        if self.appointments < MOST_BILLS:
            self.appointments += 1
            self.try_(self.world.seat_held(f"appointment-{self.appointments}"))
            self.try_(self.world.work())

    @rule(
        number=st.integers(0, 9), shape=st.sampled_from(["right", "right", "right", "more", "ntb"]), told=st.booleans()
    )
    def pay(self, number: int, shape: str, told: bool) -> None:
        bill = self.some_bill(number)
        if bill is None or len(self.payments) >= MOST_PAYMENTS:
            return
        payment = self.world.payment(bill, amount=bill.amount + (1 if shape == "more" else 0))
        self.world.simponi.add(payment)
        self.payments.append(payment)
        if shape == "ntb":
            self.try_(self.world.push(Payment(**{**vars(payment), "ntpn": None})))
        elif told:
            self.push(payment)

    @rule(number=st.integers(0, 9), after=st.integers(0, 2))
    def two_are_told_of_at_once(self, number: int, after: int) -> None:
        """Two payments on one code, the second taken before one of the first one's writes."""
        bill = self.some_bill(number)
        if bill is not None and len(self.payments) + 2 <= MOST_PAYMENTS:
            first, second = self.world.payment(bill), self.world.payment(bill)
            self.payments += [first, second]
            self.store.lets_in = (after, self.taking(second))
            self.push(first)

    def push(self, payment: Payment) -> None:
        if self.try_(self.world.push(payment)):
            self.told.add(payment.ntpn or "")

    @rule(number=st.integers(0, 9))
    def a_notice_comes_again_or_late(self, number: int) -> None:
        if self.payments:
            self.push(self.payments[number % len(self.payments)])

    @rule(number=st.integers(0, 9), after=st.integers(0, 4))
    def a_notice_comes_amid_other_work(self, number: int, after: int) -> None:
        """Before one of the next writes of whoever writes next, another process takes this notice."""
        if self.payments:
            self.store.lets_in = (after, self.taking(self.payments[number % len(self.payments)]))

    def taking(self, payment: Payment) -> Callable[[], Coroutine[Any, Any, None]]:
        async def take() -> None:
            await self.world.push(payment)
            self.told.add(payment.ntpn or "")

        return take

    @rule(writes=st.integers(1, 4), after=st.booleans())
    def die_soon(self, writes: int, after: bool) -> None:
        self.store.dies_in, self.store.dies_after = writes, after

    @rule(seconds=st.sampled_from([5, 60, 7200, 8400, 3 * HOURS]))
    def time_passes(self, seconds: int) -> None:
        for _ in range(3):
            self.world.clock.advance(seconds / 3)
            self.try_(self.world.work())

    @rule(
        number=st.integers(0, 9),
        word=st.sampled_from(["seat", "none", "offer", "offer_ended"]),
        times=st.integers(1, 2),
    )
    def scheduling_answers(self, number: int, word: str, times: int) -> None:
        asked = [bill for bill in self.bills() if bill.late_receipt_id is not None]
        if not asked:
            return
        bill = asked[number % len(asked)]
        self.version += 1
        for _ in range(times):
            match word:
                case "seat":
                    self.try_(self.world.confirmed(bill.bill_id, "late_same_seat", version=self.version))
                case "none":
                    self.try_(self.world.no_seat(bill.bill_id))
                case "offer":
                    self.try_(self.world.offered(bill.bill_id, 600))
                case _:
                    self.try_(self.world.offer_ended(bill.bill_id))

    @rule(number=st.integers(0, 9), confirmed=st.booleans())
    def a_seat_goes_back(self, number: int, confirmed: bool) -> None:
        appointment = f"appointment-{number % self.appointments + 1}"
        self.version += 1
        self.try_(self.world.released("cancelled", appointment, self.version, was_confirmed=confirmed))

    @rule()
    def the_settlement_file_comes(self) -> None:
        if self.payments:
            shown = {payment.ntpn or "" for payment in self.payments}
            self.try_(self.world.billing.reconciliation.take_file(pieces(booked(self.payments)), "treasurer-1"))
            self.try_(self.world.work())
            for file in self.world.all(SETTLEMENTS):
                if file.state == SettlementState.COMPARED and file.lines == len(shown):
                    self.told |= shown

    @rule(number=st.integers(0, 9))
    def the_payer_asks_for_money_back(self, number: int) -> None:
        bill = self.some_bill(number)
        if bill is not None:
            self.commands += 1
            wish = NewRefund(bill.bill_id, "force_majeure", "flooded")
            self.try_(self.world.billing.refunds.request(APPLICANT, wish, f"command-{self.commands}"))

    @rule(number=st.integers(0, 9), name=st.sampled_from(STEPS), who=st.sampled_from(STAFF))
    def staff_move_a_refund(self, number: int, name: str, who: Caller) -> None:
        cases = sorted(self.world.all(REFUNDS), key=lambda case: case.refund_id)
        if cases:
            self.commands += 1
            case, taken = cases[number % len(cases)], StepDetails(rule="outside_table")
            self.try_(
                self.world.billing.refunds.give_account(APPLICANT, case.refund_id, Payee("008", "1234567890", "Ani"))
            )
            self.try_(self.world.billing.refunds.step(who, case.refund_id, name, taken, f"command-{self.commands}"))

    # -- what must be true

    @invariant()
    def every_rupiah_is_where_the_model_says(self) -> None:
        made = {payment.ntpn: payment for payment in self.payments}
        known = {receipt.ntpn: receipt for receipt in self.world.all(RECEIPTS)}
        assert set(known) <= set(made), "money without a payment"
        assert self.told <= set(known), "money that was told of and is not booked"
        for ntpn, receipt in known.items():
            paid = made[ntpn]
            is_as_paid = (receipt.amount, receipt.billing_code) == (paid.amount, paid.billing_code)
            assert is_as_paid, "money that is booked otherwise than it was paid"

    @invariant()
    def one_payment_settles_one_bill(self) -> None:
        settled = Counter(
            receipt.settles_bill_id
            for receipt in self.world.all(RECEIPTS)
            if receipt.state == ReceiptState.SETTLES_BILL
        )
        assert all(count == 1 for count in settled.values()), f"two payments settle one bill: {settled}"
        said = Counter(event.bill_id for event in self.world.heard("BillPaid"))
        assert all(count == 1 for count in said.values()), f"a bill is told to be paid twice: {said}"

    @invariant()
    def no_money_is_given_back_twice(self) -> None:
        """One question about a receipt may be asked beside another; only one of them gets the money."""
        bound = Counter(case.receipt_id for case in self.world.all(REFUNDS) if case.state in BINDING)
        assert all(count == 1 for count in bound.values()), f"two refunds have the same money: {bound}"
        orders = Counter(order.receipt_id for order in self.world.treasury.orders.values())
        assert all(count == 1 for count in orders.values()), f"money is ordered back twice: {orders}"

    @invariant()
    def the_rules_of_money_hold(self) -> None:
        for name, check in self.world.parts.invariants.items():
            report = self.run(check())
            assert report.holds, f"{name} is broken: {report.broken}"

    def teardown(self) -> None:
        """No process dies any more and time goes on: every rupiah comes to rest, and nothing is paid but expired."""
        if self.world is not None:
            self.come_to_rest()

    def come_to_rest(self) -> None:
        """See `teardown`."""
        self.store.dies_in = self.store.lets_in = None
        for _ in range(24):
            self.world.clock.advance(0.5 * HOURS)
            self.run(self.world.work())
        for receipt in self.world.all(RECEIPTS):
            assert receipt.at_rest, f"money that never comes to rest: {receipt}"
            assert receipt.state != ReceiptState.AWAITS_SEAT, f"money that waits for a seat for ever: {receipt}"
        for bill in self.world.all(BILLS):
            assert not bill.live or bill.state == BillState.PAID_UNSETTLED, f"a bill that never ends: {bill}"
            assert bill.state != BillState.PAID or bill.standing != BillOutcome.SEAT_SOUGHT, f"a seat sought: {bill}"
        self.the_rules_of_money_hold()


def search(machine: type[Money], examples: int, steps: int = 20) -> None:
    """Run it, the same way each time."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
            report_multiple_bugs=False,
        ),
    )


@pytest.mark.acceptance("X3.no_second_booking")
def test_money_in_any_order_comes_to_one_outcome() -> None:
    search(Money, examples=MONEY_MACHINE_EXAMPLES)


class WithoutVersions(Money):
    """No write looks whether another came before it."""

    guarded = False


def test_twin_without_versions_money_is_lost_or_doubled() -> None:
    with pytest.raises(AssertionError, match=r"^I3 is broken"):
        search(WithoutVersions, examples=40)


MOST_EXAMPLES = 400
"""Orders tried by a twin; it stops at the first that breaks its rule, within some dozens as a rule."""


def broken_by(
    machine: type[Money], monkeypatch: pytest.MonkeyPatch, where: Any, name: str, instead: Any, *, rule: str
) -> None:
    """Assert that without a guard the machine finds this rule broken, and no other first."""
    monkeypatch.setattr(where, name, instead)
    with pytest.raises(AssertionError, match=f"^{rule}"):
        search(machine, examples=MOST_EXAMPLES)


def test_twin_without_the_amounts_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any amount pays a bill."""

    def takes(receipt: receipts.Receipt, bill: Bill) -> bool:
        return bill.live and bill.in_time(receipt.paid_at)

    decide = receipts._decide

    def careless(receipt: receipts.Receipt, bill: Bill, facts: receipts.Facts) -> receipts.Intent:
        if takes(receipt, bill):
            return receipts.Intent(receipts.IntentKind.SETTLE, bill.bill_id)
        return decide(receipt, bill, facts)

    monkeypatch.setattr(receipts, "_takes_in_time", takes)
    broken_by(Money, monkeypatch, receipts, "_decide", careless, rule="I4 is broken")


def test_twin_without_the_number_as_the_receipts_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each notice makes a receipt of its own."""
    seen = Counter[str]()
    receive = receipts.receive

    def received_twice(payment: Payment, *words: Any) -> receipts.Receipt:
        seen[payment.ntpn or ""] += 1
        ntpn = f"{(payment.ntpn or '')[:-1]}{chr(ord('A') + seen[payment.ntpn or ''] % 26)}"
        return receive(Payment(**{**vars(payment), "ntpn": ntpn}), *words)

    broken_by(Money, monkeypatch, receipts, "receive", received_twice, rule="money without a payment")


def test_twin_without_the_last_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a look at SIMPONI, money whose notice was lost is never known: the machine's own eyes are open."""

    class Blind(Money):
        def come_to_rest(self) -> None:
            super().come_to_rest()
            known = {receipt.ntpn for receipt in self.world.all(RECEIPTS)}
            assert {payment.ntpn for payment in self.payments} <= known, "money that is never known"

    from tests.unit.billing.world import FakeSimponi

    async def sees_no_payment(self: FakeSimponi, code: str) -> SimponiBilling | None:
        known = self.codes.get(code)
        return replace(known, payments=()) if known is not None else None

    async def see_no_payment(self: FakeSimponi, codes: Sequence[str]) -> dict[str, SimponiBilling]:
        return {code: replace(self.codes[code], payments=()) for code in codes if code in self.codes}

    monkeypatch.setattr(FakeSimponi, "statuses", see_no_payment)
    broken_by(Blind, monkeypatch, FakeSimponi, "status", sees_no_payment, rule="money that is never known")
