"""Corrections by an officer: equal fee nothing, higher fee a bill, lower fee money back; penalties; new codes (X2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.billing.bills.errors import BillCannotBeRenewed, BillIsOwed
from services.billing.bills.model import Bill
from services.billing.bills.states import BillState
from services.billing.extra_charges import correction as corrections
from services.billing.extra_charges.correction import Correction, CorrectionState
from services.billing.extra_charges.repository import CORRECTIONS
from services.billing.receipts.states import ReceiptState
from shared.bus.dispatch import Outcome
from shared.events import application, scheduling
from shared.events.codes import BillPurpose
from shared.store.port import StoreUnavailable
from shared.tokens import Caller, Role
from tests.unit.billing.world import ACCOUNT, APPLICATION, APPOINTMENT, PERSON, World, make_world

OWNER = Caller(ACCOUNT, Role.APPLICANT, "session")
PEOPLE = {"application_id": APPLICATION, "account_id": ACCOUNT, "person_id": PERSON}


async def paid(world: World, **changes: Any) -> Bill:
    """A visit that is paid for: an electronic passport of five years, 650,000 rupiah, unless changed."""
    await world.submitted(**changes)
    await world.seat_held()
    await world.work()
    bill = world.bill()
    if bill.live:
        await world.pay(bill)
    await world.confirmed(bill.bill_id, "paid")
    return world.bill()


async def corrected(world: World, version: int = 2, message_id: str | None = None, **changes: Any) -> Outcome:
    """An officer corrects the kind; an electronic passport of ten years costs 950,000."""
    facts = {"passport_kind": "electronic", "validity_years": 10, "reason": "new", "correction_id": f"c-{version}"}
    said = application.KindCorrected(**PEOPLE, **{**facts, **changes}, corrected_at=world.clock.now())
    return await world.hear(said, version=version, message_id=message_id)


async def found(world: World, version: int = 3, *, ground: str = "lost", force_majeure: bool = False) -> Outcome:
    """An interviewer finds a lost or damaged book."""
    said = application.PenaltyFound(**PEOPLE, ground=ground, force_majeure=force_majeure, correction_id=f"p-{version}")
    return await world.hear(said, version=version)


def of_purpose(world: World, purpose: BillPurpose) -> list[Bill]:
    """The bills of a purpose, oldest first."""
    from services.billing.bills.repository import BILLS

    return sorted((bill for bill in world.all(BILLS) if bill.purpose == purpose), key=lambda bill: bill.requested_at)


def priced(world: World) -> list[Any]:
    """The answers to corrections."""
    return world.heard("CorrectionPriced")


@pytest.mark.acceptance("X2.different_fee")
async def test_a_higher_fee_is_asked_for_as_a_difference_and_disturbs_no_seat() -> None:
    world = make_world()
    fee = await paid(world)
    await corrected(world)
    await world.work()
    (more,) = of_purpose(world, BillPurpose.TOP_UP)
    assert (more.amount, more.state, more.seat, more.timezone) == (300_000, BillState.ISSUED, None, "Asia/Makassar")
    assert more.price.lines[0].legal_basis == "PP 45/2024"
    assert [(correction.difference, correction.bill_ids) for correction in priced(world)] == [
        (300_000, (more.bill_id,))
    ]
    await world.pay(more)
    assert of_purpose(world, BillPurpose.TOP_UP)[0].state == BillState.PAID
    assert world.bill_by_id(fee.bill_id) == fee
    await world.rules_hold()


@pytest.mark.acceptance("X2.corrected_at_equal_fee")
async def test_an_equal_fee_changes_nothing() -> None:
    world = make_world()
    await paid(world)
    await corrected(world, passport_kind="ordinary", validity_years=10)
    assert [(correction.difference, correction.bill_ids) for correction in priced(world)] == [(0, ())]
    assert of_purpose(world, BillPurpose.TOP_UP) == []
    assert world.refunds() == []


@pytest.mark.acceptance("X2.different_fee")
async def test_a_lower_fee_goes_back_as_a_part_of_what_was_paid() -> None:
    world = make_world()
    fee = await paid(world)
    await corrected(world, passport_kind="ordinary", validity_years=5)
    (case,) = world.refunds()
    assert (case.amount, case.reason) == (300_000, "wrong_amount")
    assert priced(world)[0].difference == -300_000
    receipt = world.receipt(fee.settled_by)
    assert (receipt.state, receipt.remaining) == (ReceiptState.SETTLES_BILL, 350_000)
    await world.rules_hold()


@pytest.mark.acceptance("X2.different_fee")
async def test_a_repeat_has_no_further_effect() -> None:
    world = make_world()
    await paid(world)
    for message in ("m-1", "m-1", "m-2"):
        await corrected(world, message_id=message)
    assert len(of_purpose(world, BillPurpose.TOP_UP)) == 1
    assert len(priced(world)) == 1


async def test_a_correction_of_a_correction_is_reckoned_from_what_was_asked_for() -> None:
    world = make_world()
    await paid(world)
    await corrected(world)
    await world.work()
    await corrected(world, version=3, validity_years=5)
    (first,) = of_purpose(world, BillPurpose.TOP_UP)
    assert (first.state, first.cause) == (BillState.CANCELLED, "not_owed")
    await corrected(world, version=4, passport_kind="ordinary", validity_years=5)
    await corrected(world, version=5, passport_kind="ordinary", validity_years=10)
    assert [correction.difference for correction in priced(world)] == [300_000, 0, -300_000, 300_000]
    assert [refund.amount for refund in world.refunds()] == [300_000]
    await world.rules_hold()


async def test_what_was_paid_on_top_goes_back_first() -> None:
    world = make_world()
    fee = await paid(world)
    await corrected(world)
    await world.work()
    await world.pay(of_purpose(world, BillPurpose.TOP_UP)[0])
    await corrected(world, version=3, passport_kind="ordinary", validity_years=5)
    assert sorted(refund.amount for refund in world.refunds()) == [300_000, 300_000]
    assert world.receipt(fee.settled_by).remaining == 350_000
    await world.rules_hold()


async def test_an_older_correction_that_comes_late_changes_nothing() -> None:
    world = make_world()
    await paid(world)
    await corrected(world, version=5, passport_kind="ordinary", validity_years=10)
    await corrected(world, version=4)
    assert of_purpose(world, BillPurpose.TOP_UP) == []


async def test_before_the_application_is_known_it_waits() -> None:
    world = make_world()
    assert await corrected(world) == Outcome.LATER
    assert await found(world) == Outcome.LATER


async def test_before_a_bill_is_asked_for_nothing_is_reckoned_and_the_bill_has_the_new_price() -> None:
    world = make_world()
    await world.submitted()
    await corrected(world)
    assert [correction.difference for correction in priced(world)] == [0]
    await world.seat_held()
    assert world.bill().amount == 950_000


@pytest.mark.acceptance("X2.corrected_at_equal_fee")
async def test_a_correction_at_an_equal_fee_leaves_the_bill_that_is_out() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await corrected(world, passport_kind="ordinary", reason="expired")
    assert [(correction.difference, correction.bill_ids) for correction in priced(world)] == [(0, ())]
    assert world.bill() == bill


@pytest.mark.acceptance("X2.different_fee")
@pytest.mark.parametrize(
    ("change", "purpose", "amount"),
    [
        ({"validity_years": 10}, BillPurpose.TOP_UP, 300_000),
        ({"validity_years": 5, "reason": "lost"}, BillPurpose.PENALTY, 1_000_000),
    ],
    ids=["fee", "penalty"],
)
async def test_a_correction_of_another_price_waits_for_the_bill_that_is_out(
    change: dict[str, Any], purpose: BillPurpose, amount: int
) -> None:
    world = make_world()
    bill = await world.issued_bill()
    assert await corrected(world, message_id="m-1", **change) == Outcome.LATER
    assert (priced(world), of_purpose(world, purpose)) == ([], [])
    await world.pay(bill)
    for _ in range(2):
        assert await corrected(world, message_id="m-1", **change) == Outcome.DONE
    assert [more.amount for more in of_purpose(world, purpose)] == [amount]
    assert [correction.difference for correction in priced(world)] == [amount]
    await world.rules_hold()


@pytest.mark.acceptance("X2.different_fee")
async def test_what_a_paid_bill_has_too_much_goes_back_although_it_was_corrected_before_the_payment() -> None:
    world = make_world()
    bill = await world.issued_bill()
    less = {"passport_kind": "ordinary", "validity_years": 5}
    assert await corrected(world, message_id="m-1", **less) == Outcome.LATER
    await world.pay(bill)
    assert await corrected(world, message_id="m-1", **less) == Outcome.DONE
    assert [refund.amount for refund in world.refunds()] == [300_000]
    await world.rules_hold()


async def test_after_the_end_of_the_bill_the_next_one_has_the_price() -> None:
    world = make_world()
    await world.expired_bill()
    assert await corrected(world) == Outcome.DONE
    assert [correction.difference for correction in priced(world)] == [0]


async def test_twin_without_the_wait_a_difference_is_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "awaits_payment", lambda *_: False)
    world = make_world()
    bill = await world.issued_bill()
    await corrected(world, message_id="m-1")
    await world.pay(bill)
    await corrected(world, message_id="m-1")
    assert of_purpose(world, BillPurpose.TOP_UP) == [], "the passport of ten years was had for the price of five"


async def test_a_withdrawn_application_owes_nothing_more() -> None:
    world = make_world()
    await paid(world)
    await world.withdrawn()
    await corrected(world, version=3)
    assert of_purpose(world, BillPurpose.TOP_UP) == []


async def test_two_corrections_are_worked_out_one_after_the_other() -> None:
    world = make_world()
    await paid(world)
    first = Correction("c-0", APPLICATION, ACCOUNT, PERSON, world.clock.now())
    record = await world.store.insert(CORRECTIONS, "c-0", first, now=world.clock.now())
    assert await corrected(world) == Outcome.LATER
    done = corrections.finished(corrections.planned(first, corrections.CorrectionEffects(), ()).state).state
    await world.store.save(CORRECTIONS, record, done, now=world.clock.now())
    assert await corrected(world) == Outcome.DONE
    assert len(of_purpose(world, BillPurpose.TOP_UP)) == 1


@pytest.mark.acceptance("Y4.penalty")
@pytest.mark.parametrize(("ground", "amount"), [("lost", 1_000_000), ("damaged", 500_000)])
async def test_a_penalty_that_the_interview_finds_is_asked_for(ground: str, amount: int) -> None:
    world = make_world()
    await paid(world)
    await found(world, ground=ground)
    await world.work()
    (penalty,) = of_purpose(world, BillPurpose.PENALTY)
    assert (penalty.amount, penalty.state) == (amount, BillState.ISSUED)
    assert priced(world)[0].bill_ids == (penalty.bill_id,)
    await found(world, version=4, ground=ground)
    assert len(of_purpose(world, BillPurpose.PENALTY)) == 1


async def test_force_majeure_makes_the_penalty_zero_with_its_legal_basis() -> None:
    world = make_world()
    await paid(world)
    await found(world, force_majeure=True)
    (penalty,) = of_purpose(world, BillPurpose.PENALTY)
    assert (penalty.amount, penalty.state, penalty.price.legal_basis) == (0, BillState.WAIVED, "PMK 51/PMK.02/2020")
    assert (penalty.standing, penalty.closed_reason) == ("closed", "settled")
    await world.rules_hold()


async def test_a_penalty_of_the_fee_bill_is_not_asked_for_twice_and_goes_back_by_force_majeure() -> None:
    world = make_world()
    fee = await paid(world, reason="lost")
    assert fee.amount == 1_650_000
    await found(world)
    assert of_purpose(world, BillPurpose.PENALTY) == []
    await found(world, version=4, force_majeure=True)
    assert [refund.amount for refund in world.refunds()] == [1_000_000]


async def test_a_corrected_reason_brings_its_penalty() -> None:
    world = make_world()
    await paid(world)
    await corrected(world, reason="damaged")
    assert {
        bill.purpose: bill.amount
        for bill in (*of_purpose(world, BillPurpose.TOP_UP), *of_purpose(world, BillPurpose.PENALTY))
    } == {
        BillPurpose.TOP_UP: 300_000,
        BillPurpose.PENALTY: 500_000,
    }
    assert priced(world)[0].difference == 800_000


async def test_a_lost_book_found_to_be_damaged_costs_the_difference() -> None:
    world = make_world()
    await paid(world, reason="damaged")
    await found(world, ground="lost")
    (more,) = of_purpose(world, BillPurpose.PENALTY)
    assert more.amount == 500_000


async def ended(world: World) -> Bill:
    """A difference whose code ended unpaid."""
    await paid(world)
    await corrected(world)
    await world.work()
    await world.pass_time(7200 + 1200 + 60, step=600)
    (more,) = of_purpose(world, BillPurpose.TOP_UP)
    assert more.state == BillState.EXPIRED
    return more


@pytest.mark.acceptance("F55.no_retyping")
async def test_what_is_owed_has_a_new_code_at_once_and_cannot_be_given_up() -> None:
    world = make_world()
    old = await ended(world)
    answer = await world.billing.bills.renew(OWNER, old.bill_id, "r1")
    assert answer.renewal is not None
    assert answer.renewal.state == "granted"
    new = world.bill_by_id(answer.renewal.bill_id or "")
    assert (new.amount, new.state, new.replaces_bill_id) == (old.amount, BillState.REQUESTED, old.bill_id)
    assert answer.state == BillState.SUPERSEDED
    assert await world.billing.bills.renew(OWNER, old.bill_id, "r2") == answer
    await world.work()
    with pytest.raises(BillIsOwed):
        await world.billing.bills.cancel(OWNER, new.bill_id, "x1")
    late = await world.pay(old)
    assert await world.outcome(late.ntpn) == ("settles_bill", "superseded", None)
    assert world.bill_by_id(new.bill_id).state == BillState.PAID
    second = await world.pay(old)
    assert world.receipt(second.ntpn).state == ReceiptState.IN_REFUND
    await world.rules_hold()


async def test_late_money_pays_what_is_owed_and_goes_back_where_nothing_is() -> None:
    world = make_world()
    old = await ended(world)
    late = await world.pay(old)
    assert await world.outcome(late.ntpn) == ("settles_bill", "paid", "closed")
    other = make_world()
    dropped = await ended(other)
    await corrected(other, version=3, validity_years=5)
    assert other.bill_by_id(dropped.bill_id).state == BillState.CANCELLED
    too_much = await other.pay(dropped)
    assert other.receipt(too_much.ntpn).state == ReceiptState.IN_REFUND
    assert [refund.reason for refund in other.refunds()] == ["wrong_amount"]
    with pytest.raises(BillCannotBeRenewed):
        await other.billing.bills.renew(OWNER, dropped.bill_id, "r1")


async def test_money_that_comes_while_a_difference_is_dropped_goes_back_as_excess() -> None:
    world = make_world()
    await paid(world)
    await corrected(world)
    await world.work()
    (more,) = of_purpose(world, BillPurpose.TOP_UP)
    real = world.billing.corrections._drop

    async def paid_first(bill_id: str) -> None:
        if world.bill_by_id(more.bill_id).live:
            await world.pay(more)
        await real(bill_id)

    world.billing.corrections._drop = paid_first
    await corrected(world, version=3, validity_years=5)
    assert [refund.amount for refund in world.refunds()] == [300_000]
    assert priced(world)[-1].difference == -300_000
    await world.rules_hold()


@pytest.mark.acceptance("X2.different_fee")
@pytest.mark.parametrize("point", range(1, 9))
async def test_wherever_it_breaks_one_difference_is_asked_for(point: int) -> None:
    world = make_world()
    await paid(world)
    writes = {"left": point}
    verbs = {name: getattr(world.store, name) for name in ("insert", "save")}

    def breaking(name: str) -> Any:
        async def write(*args: Any, **words: Any) -> Any:
            writes["left"] -= 1
            if writes["left"] == 0:
                raise StoreUnavailable("power cut")
            return await verbs[name](*args, **words)

        return write

    for name in verbs:
        setattr(world.store, name, breaking(name))
    for message in ("m-1", "m-1", "m-1"):
        try:
            await corrected(world, message_id=message)
        except StoreUnavailable:
            continue
    assert [bill.amount for bill in of_purpose(world, BillPurpose.TOP_UP)] == [300_000]
    assert [correction.difference for correction in priced(world)] == [300_000]
    assert [correction.state for correction in world.all(CORRECTIONS)] == [CorrectionState.DONE]


async def test_a_moved_visit_is_known_by_its_newest_news() -> None:
    world = make_world()
    fee = await paid(world)
    assert fee.seat is not None
    later = fee.seat.starts_at + timedelta(days=3)
    facts = world.visit(APPOINTMENT, starts_at=later, ends_at=later + timedelta(hours=1))
    moved = scheduling.AppointmentRescheduled(
        **facts,
        queue_number="A-001",
        queue_code="signed",
        previous_session_id="session-1",
        previous_starts_at=fee.seat.starts_at,
        previous_office_id="office-1",
    )
    await world.hear(moved, version=9)
    known = world.bill().seat
    assert known is not None
    assert (known.starts_at, known.version) == (later, 9)
    await world.hear(moved.model_copy(update={"starts_at": fee.seat.starts_at}), version=8)
    seat = world.bill().seat
    assert seat is not None
    assert seat.starts_at == later
