"""Paid and given up in the same moment: in whatever order the words come, money and visit agree in the end."""

from __future__ import annotations

from typing import Any

import pytest

from services.billing.bills import model as bills
from services.billing.bills.model import BillOutcome, VisitState
from services.billing.bills.repository import BILLS
from services.billing.receipts.repository import RECEIPTS
from services.billing.refunds.states import RefundState
from shared.bus.dispatch import Outcome
from shared.events import scheduling
from shared.store.decision import Decision
from shared.store.port import StoreUnavailable
from tests.unit.billing.test_money import late_money
from tests.unit.billing.world import ACCOUNT, APPLICATION, APPOINTMENT, PERSON, World, make_world

OTHER = "appointment-2"
"""The seat that scheduling finds for the money when its first one was given up."""


async def paid(world: World) -> tuple[str, str]:
    bill = await world.issued_bill()
    payment = await world.pay(bill)
    return bill.bill_id, payment.ntpn or ""


async def answered_again(world: World, bill_id: str, outcome: str, version: int = 9, **facts: Any) -> Outcome:
    """Scheduling repeats its answer."""
    seat = {} if outcome == "unavailable" else world.visit(OTHER)
    event = scheduling.SeatAnswerRepeated(
        **{
            "application_id": APPLICATION,
            "account_id": ACCOUNT,
            "person_id": PERSON,
            **seat,
            "bill_id": bill_id,
            "asked_for": "late_payment",
            "outcome": outcome,
            **facts,
        }
    )
    return await world.hear(event, version=version)


async def test_a_seat_lost_after_another_was_won_is_not_the_bills() -> None:
    world = make_world()
    bill_id, ntpn = await paid(world)
    await world.confirmed(bill_id, "late_same_seat", OTHER, version=1)
    await world.released("cancelled", version=3)
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    await world.rules_hold()


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_release_that_overlaps_the_new_confirmation(guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release looks up its bills; the confirmation of another seat is written before the release writes."""
    world = make_world()
    bill_id, ntpn = await paid(world)
    if not guarded:
        unguarded(monkeypatch)
    look = world.billing.seat_events._bills.bills_at

    async def another_seat_is_won_meanwhile(appointment_id: str) -> Any:
        found = await look(appointment_id)
        await world.confirmed(bill_id, "late_same_seat", OTHER, version=1)
        return found

    world.billing.seat_events._bills.bills_at = another_seat_is_won_meanwhile
    await world.released("cancelled", version=3)
    standing = BillOutcome.APPOINTMENT if guarded else BillOutcome.SEAT_SOUGHT
    assert world.bill_by_id(bill_id).standing == standing, "a seat is sought beside a confirmed visit"
    if guarded:
        assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
        await world.rules_hold()


def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was: whichever appointment went back, a bill that stands on one seeks a seat."""

    def seek_whatever_was_lost(bill: bills.Bill, _appointment_id: str, _version: int) -> Decision[bills.Bill]:
        sought = {"late_receipt_id": bill.settled_by, "standing": BillOutcome.SEAT_SOUGHT}
        return Decision(bills.replace(bill, **sought) if bill.standing == BillOutcome.APPOINTMENT else bill)

    monkeypatch.setattr(bills, "lose_seat", seek_whatever_was_lost)


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_confirmation_that_overlaps_the_loss(guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The confirmation reads the bill; its seat is lost before the confirmation writes."""
    world = make_world()
    bill_id, ntpn = await paid(world)
    if not guarded:
        # as it was: whether a seat is sought was decided on what had been read
        monkeypatch.setattr(bills, "visit_confirmed", bills.seat_confirmed)
    look, seen = world.billing.seat_events._bills.bill, []

    async def lost_after_it_was_read(bill_id: str) -> Any:
        record = await look(bill_id)
        if not seen:
            seen.append(True)
            await world.released("cancelled", version=3)
        return record

    world.billing.seat_events._bills.bill = lost_after_it_was_read
    await world.confirmed(bill_id, "late_same_seat", OTHER, version=1)
    assert world.bill_by_id(bill_id).standing == (BillOutcome.APPOINTMENT if guarded else BillOutcome.SEAT_SOUGHT)
    if guarded:
        assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
        await world.rules_hold()


async def test_an_answer_that_was_not_understood_is_understood_when_it_is_repeated() -> None:
    world = make_world()
    bill_id, ntpn = await paid(world)
    await world.released("cancelled", version=3)
    assert await world.outcome(ntpn) == ("awaits_seat", "paid", BillOutcome.SEAT_SOUGHT)
    await world.pass_time(120, step=10)
    assert world.names()[-1] == "PaymentArrivedLate", "the question is repeated"
    for _ in range(2):
        assert await answered_again(world, bill_id, "confirmed") == Outcome.DONE
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    seat = world.bill_by_id(bill_id).seat
    assert seat is not None
    assert (seat.appointment_id, seat.version) == (OTHER, 0), "whatever else is told of it is newer"
    await world.rules_hold()


async def test_a_bill_that_an_older_build_left_seeking_beside_its_visit_is_put_right() -> None:
    world = make_world()
    bill_id, ntpn = await paid(world)
    await world.released("cancelled", version=3)

    def as_it_was_left(bill: bills.Bill) -> Decision[bills.Bill]:
        assert bill.seat is not None
        return Decision(bills.replace(bill, seat=bills.replace(bill.seat, appointment_id=OTHER, version=1, visit=None)))

    await world.billing.receipts._aggregates.change(BILLS, bill_id, as_it_was_left)
    await answered_again(world, bill_id, "confirmed")
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)


async def test_a_repeated_offer_and_a_repeated_no() -> None:
    world = make_world()
    bill_id, ntpn = await late_money(world)
    await answered_again(world, bill_id, "offered", offer_until=world.visit()["starts_at"])
    assert world.receipt(ntpn).offer_until is not None
    await answered_again(world, bill_id, "unavailable", reason="no_seat")
    assert await world.outcome(ntpn) == ("in_refund", "expired", BillOutcome.REFUND)


async def test_a_repeated_no_to_a_renewal() -> None:
    world = make_world()
    bill = await world.expired_bill()
    await answered_again(world, bill.bill_id, "unavailable", reason="no_seat", asked_for="renewal")
    renewal = world.bill_by_id(bill.bill_id).renewal
    assert renewal is not None
    assert (renewal.state, renewal.reason) == ("refused", "no_seat")


async def test_a_seat_that_was_won_and_given_up_closes_the_bill() -> None:
    world = make_world()
    bill_id, ntpn = await paid(world)
    await world.released("cancelled", version=3)
    await answered_again(world, bill_id, "released", reason="cancelled")
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.CLOSED)
    await world.rules_hold()


async def test_the_end_of_a_visit_that_overtakes_its_confirmation_is_not_forgotten() -> None:
    world = make_world()
    bill_id, ntpn = await paid(world)
    await world.released("cancelled", version=3)
    await world.released("cancelled", OTHER, version=2, was_confirmed=True)
    await world.confirmed(bill_id, "late_same_seat", OTHER, version=1)
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.CLOSED)
    await world.rules_hold()


async def test_a_found_seat_without_a_time_is_a_fault() -> None:
    world = make_world()
    bill_id, _ = await paid(world)
    assert await answered_again(world, bill_id, "confirmed", starts_at=None) != Outcome.DONE


@pytest.mark.parametrize("first", ["seat", "refund"])
async def test_the_seat_and_the_way_back_meet_on_the_receipt(first: str) -> None:
    """The first writer on the receipt has the money; the other one reads it again."""
    world = make_world()
    bill_id, ntpn = await late_money(world)
    money = world.billing.receipts
    change, met = money._aggregates.change, []

    async def the_other_in_between(kind: Any, record_id: str, decide: Any, **named: Any) -> Any:
        if kind is RECEIPTS and not met:
            met.append(True)
            if first == "refund":
                await world.no_seat(bill_id)
        return await change(kind, record_id, decide, **named)

    money._aggregates.change = the_other_in_between
    await world.confirmed(bill_id, "late_same_seat", OTHER, version=1)
    if first == "seat":
        await world.no_seat(bill_id)
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    assert all(case.state == RefundState.WITHDRAWN for case in world.refunds())
    await world.rules_hold()


async def test_a_slow_worker_of_a_withdrawn_refund_changes_nothing() -> None:
    """It recorded the refund of money that has won a seat since: neither the case nor the bill goes back."""
    world = make_world()
    bill_id, ntpn = await late_money(world)
    money = world.billing.receipts
    slow = await world.billing.receipts._receipts.receipt(ntpn)
    entering = await money.enter_refund(slow, bills_refund(bill_id))
    await money.drive(ntpn)
    await world.confirmed(bill_id, "late_same_seat", OTHER, version=1)
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    with pytest.raises(Exception, match="receipt"):
        await money._record_refund(entering)
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    assert [case.state for case in world.refunds()] == [RefundState.WITHDRAWN]


def bills_refund(bill_id: str) -> Any:
    from services.billing.receipts.model import Intent, IntentKind

    return Intent(IntentKind.REFUND, bill_id, "late_payment")


async def test_held_confirmed_and_released_are_followed() -> None:
    world = make_world()
    bill_id, _ = await paid(world)

    def visit() -> VisitState | None:
        seat = world.bill_by_id(bill_id).seat
        return seat.visit if seat else None

    assert visit() == VisitState.HELD
    await world.confirmed(bill_id, "paid", APPOINTMENT)
    assert visit() == VisitState.CONFIRMED
    await world.released("cancelled", version=7, was_confirmed=True)
    assert visit() == VisitState.RELEASED


@pytest.mark.parametrize("same_message", [True, False])
async def test_a_loss_that_a_crash_left_on_the_bill_alone_reaches_the_receipt(same_message: bool) -> None:
    """The bill says that a seat is sought; the word that it was lost comes again and the money follows."""
    world = make_world()
    _, ntpn = await paid(world)
    money = world.billing.receipts
    change = money._aggregates.change

    async def dies_at_the_receipt(kind: Any, *words: Any, **named: Any) -> Any:
        if kind is RECEIPTS:
            money._aggregates.change = change
            raise StoreUnavailable("died")
        return await change(kind, *words, **named)

    money._aggregates.change = dies_at_the_receipt
    facts = {name: world.visit()[name] for name in ("appointment_id", "application_id", "account_id", "person_id")}
    lost = scheduling.AppointmentReleased(**facts, office_id="office-1", session_id="session-1", reason="cancelled")
    assert await world.hear(lost, version=3, message_id="lost") == Outcome.LATER
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.SEAT_SOUGHT)
    assert await world.hear(lost, version=3, message_id="lost" if same_message else "again") == Outcome.DONE
    assert await world.outcome(ntpn) == ("awaits_seat", "paid", BillOutcome.SEAT_SOUGHT)
    await world.rules_hold()
