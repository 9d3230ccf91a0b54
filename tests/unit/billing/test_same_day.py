"""The surcharge for the same day: with the fee or alone for a paid visitor; its cut-off is noon WIB (F74, X8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.billing.bills import model as bills
from services.billing.bills.errors import BillCannotBeRenewed
from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.errors import NotYourOffice
from services.billing.extra_charges.errors import CutOffPassed, NotTheDayOfTheVisit, NoVisitToHurry, SameDayPlaceNeeded
from services.billing.receipts.states import ReceiptState
from services.billing.rules import BillPolicy, cut_off
from shared.bus.dispatch import Outcome
from shared.errors import NotFound
from shared.events.codes import BillPurpose
from shared.events.scheduling import SameDaySeatReserved, SeatHeld, SeatUnavailable
from shared.tokens import Caller, Role
from tests.unit.billing.make import POLICY, T0, a_price, a_seat
from tests.unit.billing.world import ACCOUNT, APPLICATION, APPOINTMENT, World, make_world

ZONES = ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Jakarta"))
OFFICER = Caller("officer-1", Role.FRONT_OFFICER, "s", office_id="office-1")


async def same_day_fee(world: World, zone: str = "Asia/Jakarta", **changes: Any) -> Bill:
    """A same-day seat of this morning, whose session has begun."""
    await world.submitted()
    starts = world.clock.now() - timedelta(minutes=30)
    seat = {"pool": "same_day", "starts_at": starts, "ends_at": starts + timedelta(hours=4), "office_timezone": zone}
    held = {**world.visit(**seat), "hold_until": NOON, "pay_until": NOON, "if_unpaid": "regular", **changes}
    await world.hear(SeatHeld(**held))
    await world.work()
    return world.bill()


@pytest.mark.acceptance("F74.paid_before_noon")
@pytest.mark.parametrize("zone", ZONES)
async def test_a_same_day_code_ends_before_noon_in_jakarta_in_every_zone(zone: str) -> None:
    world = make_world(start=NOON - timedelta(minutes=40))
    bill = await same_day_fee(world, zone)
    assert bill.amount == 1_650_000
    assert [line.code for line in bill.price.lines] == ["passport", "same_day"]
    assert bill.expires_at == NOON - timedelta(seconds=1)
    assert bill.shortened_by_year_end is False


@pytest.mark.acceptance("F74.paid_before_noon", "X8.both_sides_of_noon")
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("clock", "state"), [("11:59", BillState.PAID), ("12:00", BillState.EXPIRED)])
async def test_paid_at_1159_it_holds_and_at_1200_it_is_late(zone: str, clock: str, state: BillState) -> None:
    world = make_world(start=NOON - timedelta(minutes=40))
    bill = await same_day_fee(world, zone)
    world.clock.set(NOON if clock == "12:00" else NOON - timedelta(minutes=1))
    payment = await world.pay(bill)
    await world.pass_time(POLICY.grace_seconds + 60, step=300)
    assert world.bill_by_id(bill.bill_id).state == state
    if state == BillState.EXPIRED:
        assert "PaymentArrivedLate" in world.names(), "late money asks for its outcome"
        await world.no_seat(bill.bill_id)
        assert world.receipt(payment.ntpn).state == ReceiptState.IN_REFUND
    await world.rules_hold()


async def test_a_code_that_lives_shorter_than_the_morning_keeps_its_two_hours() -> None:
    world = make_world(start=NOON - timedelta(hours=4))
    assert (await same_day_fee(world)).expires_at == NOON - timedelta(hours=2)


async def test_without_a_code_by_noon_the_bill_fails_with_the_cause() -> None:
    world = make_world(start=NOON - timedelta(minutes=10))
    world.simponi.down = True
    await same_day_fee(world)
    await world.pass_time(660, step=30)
    assert (world.bill().state, world.bill().cause) == (BillState.FAILED, "cut_off_passed")


async def test_the_fallback_is_priced_without_the_surcharge_and_replaces_the_old_bill() -> None:
    world = make_world(start=NOON - timedelta(minutes=40))
    old = await same_day_fee(world)
    await world.pass_time(2400 + POLICY.grace_seconds, step=300)
    await world.seat_held("appointment-2", replaces_bill_id=old.bill_id)
    new = world.bill("appointment-2")
    assert (new.amount, new.pay_until, new.replaces_bill_id) == (650_000, None, old.bill_id)
    renewed = world.bill_by_id(old.bill_id)
    assert renewed.state == BillState.EXPIRED
    assert renewed.renewal is not None
    assert renewed.renewal.bill_id == new.bill_id
    late = await world.pay(old)
    await world.no_seat(old.bill_id)
    assert world.receipt(late.ntpn).state == ReceiptState.IN_REFUND
    assert world.bill_by_id(new.bill_id).live


def test_silence_at_the_cut_off_keeps_the_seat_until_the_session_is_over_and_never_a_day() -> None:
    starts = NOON - timedelta(hours=1)
    seat = a_seat(starts_at=starts, ends_at=starts + timedelta(hours=5), pay_until=NOON)
    bill = bills.request("b", a_payer(), BillPurpose.FEE, a_price(), seat, NOON - timedelta(hours=1), POLICY).state
    bill = bills.issue(bill, bills.Code("826112300000001", NOON - timedelta(seconds=1)), False, starts, POLICY).state
    doubted = bills.doubt(bill, NOON + timedelta(minutes=20), POLICY).state
    assert doubted.unconfirmed_until == starts + timedelta(hours=5)
    over = a_seat(starts_at=starts, ends_at=starts + timedelta(minutes=30), pay_until=NOON)
    early = bills.request("b", a_payer(), BillPurpose.FEE, a_price(), over, starts, POLICY).state
    early = bills.issue(early, bills.Code("826112300000001", NOON - timedelta(seconds=1)), False, starts, POLICY).state
    assert bills.doubt(early, NOON, POLICY).state.unconfirmed_until == NOON + timedelta(seconds=POLICY.grace_seconds)


def a_payer() -> bills.Payer:
    return bills.Payer(APPLICATION, ACCOUNT, "person-1")


async def visiting(world: World, zone: str = "Asia/Jakarta", **changes: Any) -> Bill:
    """A paid visitor of today."""
    await world.submitted()
    starts = world.clock.now() + timedelta(hours=5)
    await world.seat_held(starts_at=starts, ends_at=starts + timedelta(hours=1), office_timezone=zone, **changes)
    await world.work()
    await world.pay(world.bill())
    await world.confirmed(world.bill().bill_id, "paid")
    return world.bill()


async def reserved(world: World, reservation_id: str = "place-1", zone: str = "Asia/Jakarta") -> Outcome:
    """Scheduling gave the visit a place in today's same-day quota."""
    facts = world.visit(APPOINTMENT)
    names = ("appointment_id", "application_id", "account_id", "person_id", "office_id", "session_id")
    event = SameDaySeatReserved(
        **{name: facts[name] for name in names},
        reservation_id=reservation_id,
        pay_until=NOON,
        office_timezone=zone,
    )
    return await world.hear(event)


def surcharges(world: World) -> list[Bill]:
    return [bill for bill in world.all(BILLS) if bill.purpose == BillPurpose.SAME_DAY]


@pytest.mark.parametrize("zone", ZONES)
async def test_a_paid_visitor_adds_the_surcharge_at_the_office(zone: str) -> None:
    world = make_world(start=NOON - timedelta(hours=3))
    fee = await visiting(world, zone)
    service = world.billing.same_day
    with pytest.raises(SameDayPlaceNeeded) as needed:
        await service.ask_same_day(OFFICER, APPLICATION)
    assert needed.value.facts == {"appointment_id": APPOINTMENT}
    for _ in range(2):
        assert await reserved(world, zone=zone) == Outcome.DONE
    asked = await service.ask_same_day(OFFICER, APPLICATION)
    assert asked.reservation_id == "place-1"
    await world.work()
    (bill,) = surcharges(world)
    assert (bill.amount, bill.state, bill.seat, bill.timezone) == (1_000_000, BillState.ISSUED, None, zone)
    assert bill.expires_at is not None
    assert bill.expires_at < NOON
    await world.pay(bill)
    (bill,) = surcharges(world)
    assert (bill.state, bill.standing) == (BillState.PAID, BillOutcome.CLOSED)
    assert (await service.ask_same_day(OFFICER, APPLICATION)).bill_id == bill.bill_id, "once only"
    assert world.bill_by_id(fee.bill_id) == fee
    await world.rules_hold()


async def test_unpaid_the_visit_stays_regular_and_late_money_goes_back() -> None:
    world = make_world(start=NOON - timedelta(hours=1))
    fee = await visiting(world)
    await reserved(world)
    await world.pass_time(3600 + POLICY.grace_seconds + 10, step=300)
    (bill,) = surcharges(world)
    assert bill.state == BillState.EXPIRED
    assert [event.reservation_id for event in world.heard("BillExpired")] == ["place-1"]
    assert world.bill_by_id(fee.bill_id).standing == BillOutcome.APPOINTMENT
    late = await world.pay(bill)
    assert world.receipt(late.ntpn).state == ReceiptState.IN_REFUND
    assert [case.reason for case in world.refunds()] == ["late_payment"]
    with pytest.raises(BillCannotBeRenewed):
        await world.billing.bills.renew(Caller(ACCOUNT, Role.APPLICANT, "s"), bill.bill_id, "r1")
    await world.rules_hold()


@pytest.mark.acceptance("X8.both_sides_of_noon")
@pytest.mark.parametrize("zone", ZONES)
async def test_at_1159_it_can_be_asked_for_and_at_1200_not(zone: str) -> None:
    world = make_world(start=NOON - timedelta(hours=1))
    await visiting(world, zone)
    world.clock.set(NOON)
    with pytest.raises(CutOffPassed):
        await world.billing.same_day.ask_same_day(OFFICER, APPLICATION)
    world.clock.set(NOON - timedelta(minutes=1))
    await reserved(world, zone=zone)
    asked = await world.billing.same_day.ask_same_day(OFFICER, APPLICATION)
    assert asked.pay_until == NOON


async def test_an_ended_code_has_another_while_there_is_time() -> None:
    world = make_world(start=NOON - timedelta(hours=4, minutes=30))
    await visiting(world)
    await reserved(world)
    first = await world.billing.same_day.ask_same_day(OFFICER, APPLICATION)
    await world.work()
    await world.pass_time(7200 + POLICY.grace_seconds + 60, step=600)
    with pytest.raises(SameDayPlaceNeeded):
        await world.billing.same_day.ask_same_day(OFFICER, APPLICATION)
    await reserved(world, "place-2")
    again = await world.billing.same_day.ask_same_day(OFFICER, APPLICATION)
    assert again.bill_id != first.bill_id
    assert again.state == BillState.REQUESTED


async def place_gone(world: World, bill: Bill, reason: str) -> Outcome:
    """Scheduling gave the place of a surcharge up."""
    gone = SeatUnavailable(
        application_id=APPLICATION, account_id=ACCOUNT, bill_id=bill.bill_id, asked_for="same_day", reason=reason
    )
    return await world.hear(gone)


@pytest.mark.parametrize("issued", [False, True])
async def test_an_unpaid_surcharge_whose_place_is_gone_ends_and_later_money_goes_back(issued: bool) -> None:
    world = make_world(start=NOON - timedelta(hours=3))
    await visiting(world)
    await reserved(world)
    if issued:
        await world.work()
    (bill,) = surcharges(world)
    for _ in range(2):
        assert await place_gone(world, bill, "moved_by_office") == Outcome.DONE
    (bill,) = surcharges(world)
    assert (bill.state, bill.cause) == (BillState.CANCELLED, "place_moved_by_office")
    if issued:
        late = await world.pay(bill)
        assert world.receipt(late.ntpn).state == ReceiptState.IN_REFUND
    await reserved(world, "place-2")
    assert [bill.state for bill in surcharges(world) if bill.live] == [BillState.REQUESTED], "bought again"
    await world.rules_hold()


@pytest.mark.parametrize("reason", ["moved_by_office", "system_fault", "illness", "refund_approved", "place_gone"])
async def test_a_paid_surcharge_whose_place_is_gone_is_a_refund_case_by_itself(reason: str) -> None:
    world = make_world(start=NOON - timedelta(hours=3))
    fee = await visiting(world)
    await reserved(world)
    await world.work()
    (bill,) = surcharges(world)
    paid = await world.pay(bill)
    for _ in range(2):
        assert await place_gone(world, bill, reason) == Outcome.DONE
    (bill,) = surcharges(world)
    assert (bill.standing, bill.closed_reason) == (BillOutcome.REFUND, reason)
    assert [(case.reason, case.amount) for case in world.refunds()] == [("service_not_delivered", 1_000_000)]
    assert world.receipt(paid.ntpn).state == ReceiptState.IN_REFUND
    assert world.bill_by_id(fee.bill_id) == fee, "the fee stays with the visit"
    await reserved(world, "place-2")
    assert [bill.state for bill in surcharges(world) if bill.live] == [BillState.REQUESTED], "bought again"
    await world.rules_hold()


@pytest.mark.parametrize("reason", ["cancelled", "withdrawn"])
async def test_who_gives_the_visit_up_gives_the_surcharge_up(reason: str) -> None:
    world = make_world(start=NOON - timedelta(hours=3))
    await visiting(world)
    await reserved(world)
    await world.work()
    (bill,) = surcharges(world)
    await world.pay(bill)
    await place_gone(world, bill, reason)
    (bill,) = surcharges(world)
    assert (bill.standing, bill.closed_reason, world.refunds()) == (BillOutcome.CLOSED, reason, [])
    await world.rules_hold()


async def test_what_became_of_a_surcharge_before_is_not_touched() -> None:
    world = make_world(start=NOON - timedelta(hours=1))
    await visiting(world)
    await reserved(world)
    await world.pass_time(3600 + POLICY.grace_seconds + 10, step=300)
    (bill,) = surcharges(world)
    await place_gone(world, bill, "not_heard_of")
    assert surcharges(world) == [bill]
    assert await place_gone(world, replace(bill, bill_id="unknown"), "place_gone") == Outcome.LATER


async def test_what_is_refused() -> None:
    world = make_world(start=NOON - timedelta(hours=3))
    service = world.billing.same_day
    with pytest.raises(NotFound):
        await service.ask_same_day(OFFICER, APPLICATION)
    await world.issued_bill()
    with pytest.raises(NoVisitToHurry):
        await service.ask_same_day(OFFICER, APPLICATION)
    await world.pay(world.bill())
    with pytest.raises(NotYourOffice):
        await service.ask_same_day(Caller("o", Role.FRONT_OFFICER, "s", office_id="elsewhere"), APPLICATION)
    with pytest.raises(NotTheDayOfTheVisit):
        await service.ask_same_day(OFFICER, APPLICATION)
    other = make_world(start=NOON - timedelta(hours=3))
    await other.pay(await same_day_fee(other))
    with pytest.raises(NoVisitToHurry):
        await other.billing.same_day.ask_same_day(OFFICER, APPLICATION)


def test_the_cut_off_is_a_setting() -> None:
    assert cut_off(NOON.date(), BillPolicy().same_day_pay_until) == NOON
    assert make_world(start=T0, bill_same_day_pay_until="11:30").billing.same_day._policy.same_day_pay_until == "11:30"


async def test_a_place_waits_for_its_paid_visit_and_a_second_one_has_no_second_bill() -> None:
    world = make_world(start=NOON - timedelta(hours=3))
    assert await reserved(world) == Outcome.LATER
    await visiting(world)
    assert await reserved(world) == Outcome.DONE
    assert await reserved(world, "place-2") == Outcome.DONE
    assert [bill.reservation_id for bill in surcharges(world)] == ["place-1"]


async def test_a_place_that_is_heard_of_after_noon_ends_with_its_bill() -> None:
    world = make_world(start=NOON - timedelta(minutes=1))
    await visiting(world)
    world.clock.set(NOON)
    await reserved(world)
    await world.pass_time(60, step=10)
    (bill,) = surcharges(world)
    assert bill.state == BillState.FAILED
    assert [event.reservation_id for event in world.heard("BillFailed")] == ["place-1"]
