"""From a held seat to a code, and from the code to money or an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.billing.bills.claims import NewClaim
from services.billing.bills.model import BillOutcome, ClaimState, RenewalState
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from shared.bus.dispatch import Outcome
from shared.calendar.working_days import JAKARTA
from shared.events.subscriptions import commands_for, events_for
from tests.unit.billing.make import at
from tests.unit.billing.world import APPOINTMENT, make_world


def test_handlers_cover_exactly_what_billing_hears() -> None:
    parts = make_world().parts
    assert set(parts.events) == set(events_for("billing"))
    assert set(parts.commands) == set(commands_for("billing"))


def test_every_deadline_that_can_fall_due_has_a_handler() -> None:
    names = {name for kind, name in make_world().parts.deadlines if kind == "bill"}
    assert names == {"ask", "delay", "alert", "remind", "poll", "expire", "claim", "case"}


@pytest.mark.acceptance("F53.issued_or_failed")
async def test_a_held_seat_is_priced_and_gets_its_code() -> None:
    world = make_world()
    bill = await world.issued_bill()
    assert bill.state == BillState.ISSUED
    assert world.names() == ["BillRequested", "BillIssued"]
    assert bill.amount == 650_000
    assert bill.expires_at == at(7200)
    assert world.simponi.asked == [bill.bill_id]


async def test_a_hold_before_the_submission_waits() -> None:
    world = make_world()
    assert await world.seat_held() == Outcome.LATER
    await world.submitted()
    assert await world.seat_held() == Outcome.DONE
    assert len(world.all(BILLS)) == 1


@pytest.mark.parametrize("message_id", ["same", None])
async def test_a_repeated_hold_makes_no_second_bill(message_id: str | None) -> None:
    world = make_world()
    await world.submitted()
    for _ in range(3):
        await world.seat_held(message_id=message_id)
    await world.work()
    assert len(world.all(BILLS)) == 1
    assert world.names().count("BillRequested") == 1


async def test_a_later_submission_replaces_an_earlier_one_and_never_the_other_way() -> None:
    world = make_world()
    await world.submitted(version=3, validity_years=10)
    await world.submitted(version=2, validity_years=5)
    await world.seat_held()
    assert world.bill().amount == 950_000


@pytest.mark.acceptance("X9.fee_of_the_day", "X9.frozen")
async def test_the_price_is_that_of_the_day_in_jakarta_and_stays() -> None:
    last_second = datetime(2024, 12, 16, 23, 59, 59, tzinfo=JAKARTA).astimezone(UTC)
    world = make_world(start=last_second)
    await world.submitted(validity_years=10)
    await world.seat_held()
    world.clock.advance(1)
    await world.submitted("application-2", validity_years=10)
    await world.seat_held("appointment-2", application_id="application-2")
    await world.work()
    assert (world.bill().amount, world.bill().price.legal_basis) == (650_000, "PP 28/2019")
    assert (world.bill("appointment-2").amount, world.bill("appointment-2").price.legal_basis) == (
        950_000,
        "PP 45/2024",
    )


async def test_a_same_day_seat_carries_the_surcharge() -> None:
    world = make_world()
    await world.submitted()
    await world.seat_held(pool="same_day")
    assert world.bill().amount == 1_650_000


async def test_a_zero_tariff_needs_no_code() -> None:
    world = make_world()
    await world.submitted(passport_kind="ordinary", zero_tariff="government_scholarship")
    await world.seat_held()
    await world.work()
    assert world.bill().state == BillState.WAIVED
    assert world.names() == ["BillRequested", "BillWaived"]
    assert world.simponi.asked == []
    await world.confirmed(world.bill().bill_id, "waived")
    await world.released("cancelled", version=6, was_confirmed=True)
    assert world.bill().closed_reason == "cancelled"
    await world.rules_hold()


async def test_an_order_without_a_tariff_is_poison_and_leaves_nothing() -> None:
    world = make_world()
    await world.submitted(passport_kind="diplomatic")
    assert await world.seat_held() == Outcome.POISON
    assert world.all(BILLS) == []


# -- SIMPONI is slow, down, forgetful --------------------------------------------------------------------------------


@pytest.mark.acceptance("F53.validity_from_issue")
async def test_simponi_down_is_retried_told_and_alerted_and_validity_counts_from_the_issue() -> None:
    world = make_world()
    world.simponi.down = True
    await world.issued_bill()
    await world.pass_time(119, step=1)
    assert "BillDelayed" not in world.names()
    await world.pass_time(2, step=1)
    assert world.names().count("BillDelayed") == 1
    await world.pass_time(900)
    assert "alert" not in world.bill().due
    assert world.bill().state == BillState.REQUESTED
    world.simponi.down = False
    await world.pass_time(60)
    bill = world.bill()
    assert bill.state == BillState.ISSUED
    assert bill.issued_at is not None
    assert bill.expires_at is not None
    assert timedelta(seconds=7199) < bill.expires_at - bill.issued_at <= timedelta(seconds=7200)
    assert world.names().count("BillDelayed") == 1


@pytest.mark.acceptance("F53.issued_or_failed")
async def test_a_code_that_never_comes_fails_with_its_cause() -> None:
    world = make_world()
    world.simponi.down = True
    await world.issued_bill()
    await world.pass_time(21_600, step=60)
    bill = world.bill()
    assert (bill.state, bill.cause) == (BillState.FAILED, "simponi_unreachable")
    assert world.heard("BillFailed")[0].cause == "simponi_unreachable"
    assert bill.due == {}


async def test_the_search_for_a_code_ends_when_the_session_begins() -> None:
    world = make_world()
    world.simponi.down = True
    await world.issued_bill(starts_at=at(3600))
    await world.pass_time(3600, step=60)
    assert (world.bill().state, world.bill().cause) == (BillState.FAILED, "session_started")


async def test_refusals_fail_the_bill_with_simponis_word() -> None:
    world = make_world()
    world.simponi.refusal = "expiry_passed"
    await world.issued_bill()
    await world.pass_time(60, step=2)
    assert (world.bill().state, world.bill().cause) == (BillState.FAILED, "refused_expiry_passed")


async def test_a_code_over_another_amount_is_refused() -> None:
    world = make_world()
    world.simponi.loses_answer = True
    await world.issued_bill()
    code, billing = next(iter(world.simponi.codes.items()))
    world.simponi.codes[code] = type(billing)(code, billing.reference, 1, billing.expires_at)
    await world.pass_time(60, step=2)
    assert world.bill().cause == "refused_amount_differs"


@pytest.mark.acceptance("F53.issued_or_failed")
async def test_a_lost_answer_gets_the_same_code_again() -> None:
    world = make_world()
    world.simponi.loses_answer = True
    await world.issued_bill()
    assert world.bill().state == BillState.REQUESTED
    await world.pass_time(5, step=1)
    assert world.bill().state == BillState.ISSUED
    assert len(world.simponi.codes) == 1


async def test_a_code_that_died_unseen_is_replaced_by_a_fresh_one() -> None:
    world = make_world(bill_validity_seconds=60)
    world.simponi.loses_answer = True
    await world.issued_bill()
    world.simponi.down = True
    await world.pass_time(90)
    world.simponi.down = False
    await world.pass_time(120, step=10)
    bill = world.bill()
    assert bill.codes[1:] == (bill.billing_code,)
    assert world.simponi.codes[bill.billing_code or ""].reference == f"{bill.bill_id}.2"


async def test_money_before_the_answer_pays_the_bill_at_once() -> None:
    world = make_world()
    await world.submitted()
    await world.seat_held()
    world.simponi.pays_before_answer = world.payment(world.bill())
    await world.work()
    assert world.bill().state == BillState.PAID
    await world.rules_hold()


@pytest.mark.acceptance("X7.never_passed")
async def test_the_year_end_shortens_a_code_and_warns() -> None:
    evening = datetime(2026, 12, 31, 22, 0, tzinfo=JAKARTA).astimezone(UTC)
    world = make_world(start=evening)
    bill = await world.issued_bill()
    assert bill.expires_at == datetime(2026, 12, 31, 23, 0, tzinfo=JAKARTA).astimezone(UTC)
    assert world.heard("BillIssued")[0].shortened_by_year_end


@pytest.mark.acceptance("X7.never_passed")
async def test_after_the_cut_off_the_code_waits_for_the_new_year() -> None:
    evening = datetime(2026, 12, 31, 23, 30, tzinfo=JAKARTA).astimezone(UTC)
    world = make_world(start=evening)
    await world.issued_bill()
    assert world.simponi.asked == []
    await world.pass_time(1800)
    assert world.bill().state == BillState.ISSUED
    assert not world.bill().shortened_by_year_end


# -- reminder, end, doubt --------------------------------------------------------------------------------------------


async def test_a_reminder_goes_out_at_half_time() -> None:
    world = make_world()
    await world.issued_bill()
    await world.pass_time(3580)
    assert "BillReminderDue" not in world.names()
    await world.pass_time(20)
    assert world.names().count("BillReminderDue") == 1
    await world.pass_time(3600)
    assert world.names().count("BillReminderDue") == 1


@pytest.mark.acceptance("F58.grace")
async def test_the_seat_stays_for_the_grace_and_the_last_question() -> None:
    world = make_world()
    await world.issued_bill()
    await world.pass_time(7200 + 1199, step=60)
    assert world.bill().state == BillState.ISSUED
    await world.pass_time(1)
    assert world.bill().state == BillState.EXPIRED
    assert world.names()[-1] == "BillExpired"


@pytest.mark.acceptance("F58.pay_time_decides", "F58.last_poll")
async def test_money_in_the_last_second_counts_though_its_notice_is_late() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pass_time(7200, step=60)
    payment = world.payment(bill, paid_at=at(7200))
    await world.pass_time(1190)
    world.simponi.add(payment)
    await world.pass_time(10)
    assert world.bill().state == BillState.PAID
    assert "BillExpired" not in world.names()
    await world.rules_hold()


@pytest.mark.acceptance("F58.last_poll")
async def test_silence_at_the_end_leaves_the_seat_and_asks_on() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pass_time(7200, step=60)
    world.simponi.down = True
    await world.pass_time(1200, step=60)
    assert world.bill().state == BillState.EXPIRY_UNCONFIRMED
    assert world.names()[-1] == "BillExpiryUnconfirmed"
    await world.pass_time(600, step=60)
    assert world.names().count("BillExpiryUnconfirmed") == 1
    world.simponi.down = False
    world.simponi.add(world.payment(bill, paid_at=at(7100)))
    await world.pass_time(60)
    assert world.bill().state == BillState.PAID


async def test_silence_for_a_day_ends_the_bill() -> None:
    world = make_world()
    await world.issued_bill()
    await world.pass_time(7200, step=60)
    world.simponi.down = True
    await world.pass_time(1200 + 86_400, step=300)
    assert world.bill().state == BillState.EXPIRED


async def test_a_code_that_simponi_does_not_know_leaves_the_seat_for_now() -> None:
    world = make_world()
    await world.issued_bill()
    world.simponi.codes.clear()
    await world.pass_time(8400, step=60)
    assert world.bill().state == BillState.EXPIRY_UNCONFIRMED


# -- seats that go, applications that end ----------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["hold_lapsed", "cancelled"])
async def test_a_released_seat_gives_the_bill_up(reason: str) -> None:
    world = make_world()
    await world.issued_bill()
    await world.released(reason)
    assert (world.bill().state, world.bill().cause) == (BillState.CANCELLED, reason)
    assert world.names()[-1] == "BillCancelled"


async def test_a_release_heard_before_its_hold_gives_the_bill_up() -> None:
    world = make_world()
    await world.submitted()
    await world.released("hold_lapsed", version=2)
    await world.released("hold_lapsed", version=2)
    await world.seat_held(version=1)
    assert world.bill().state == BillState.CANCELLED
    assert world.names() == ["BillRequested", "BillCancelled"]


async def test_a_release_of_an_earlier_hold_does_not_touch_a_later_one() -> None:
    world = make_world()
    await world.submitted()
    await world.released("hold_lapsed", version=2)
    await world.released("hold_lapsed", version=1)
    await world.seat_held(version=3)
    await world.released("hold_lapsed", version=2)
    assert world.bill().state == BillState.REQUESTED


@pytest.mark.parametrize("reason", ["bill_expired", "bill_failed", "bill_cancelled"])
async def test_the_echo_of_a_bills_own_end_changes_nothing(reason: str) -> None:
    world = make_world()
    before = await world.expired_bill()
    await world.released(reason)
    assert world.bill() == before


async def test_a_withdrawn_application_gives_its_bills_up_and_gets_no_more() -> None:
    world = make_world()
    await world.issued_bill()
    await world.withdrawn()
    assert (world.bill().state, world.bill().cause) == (BillState.CANCELLED, "withdrawn")
    await world.seat_held("appointment-2")
    assert len(world.all(BILLS)) == 1


async def test_a_withdrawal_heard_before_the_submission_is_remembered() -> None:
    world = make_world()
    await world.withdrawn(version=2)
    await world.submitted(version=1)
    assert await world.seat_held() == Outcome.DONE
    assert world.all(BILLS) == []


async def test_a_confirmed_visit_that_is_given_up_closes_the_paid_bill() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pay(bill)
    await world.confirmed(bill.bill_id, "paid", version=4)
    await world.released("cancelled", version=5, was_confirmed=True)
    assert (world.bill().state, world.bill().standing) == (BillState.PAID, BillOutcome.CLOSED)
    await world.confirmed(bill.bill_id, "paid", version=4)
    assert world.bill().standing == BillOutcome.CLOSED, "old news changes nothing"
    await world.rules_hold()


async def test_news_of_an_unknown_bill_waits() -> None:
    world = make_world()
    assert await world.confirmed("bill-unknown", "paid") == Outcome.LATER
    assert await world.no_seat("bill-unknown") == Outcome.LATER
    assert await world.no_seat("bill-unknown", "renewal") == Outcome.LATER


# -- a new code ------------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F55.no_retyping", "X1.without_retyping")
async def test_a_renewed_bill_gets_a_new_code_without_typing() -> None:
    world = make_world()
    old = await world.expired_bill()
    await world.seat_held("appointment-2", replaces_bill_id=old.bill_id)
    await world.seat_held("appointment-2", replaces_bill_id=old.bill_id)
    await world.work()
    new = world.bill("appointment-2")
    assert (new.state, new.replaces_bill_id) == (BillState.ISSUED, old.bill_id)
    assert new.billing_code != old.billing_code
    renewal = world.bill_by_id(old.bill_id).renewal
    assert renewal is not None
    assert (renewal.state, renewal.bill_id) == (RenewalState.GRANTED, new.bill_id)


async def test_a_seat_that_is_gone_is_told() -> None:
    world = make_world()
    old = await world.expired_bill()
    await world.no_seat(old.bill_id, "renewal")
    renewal = world.bill().renewal
    assert renewal is not None
    assert (renewal.state, renewal.reason) == (RenewalState.REFUSED, "sold_out")


# -- deadlines that are overtaken ------------------------------------------------------------------------------------


async def test_a_code_for_a_bill_that_was_given_up_meanwhile_changes_nothing() -> None:
    world = make_world()
    await world.submitted()
    await world.seat_held()
    due = await world.store.claim_due(BILLS, now=world.clock.now(), owner="other", lease_seconds=30)
    assert due is not None
    await world.released("hold_lapsed")
    await world.billing.code_requests.ask_due(due.record)
    assert world.bill().state == BillState.CANCELLED
    assert "BillIssued" not in world.names()


async def test_claims_without_confirmation_become_cases() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.billing.claims.claim(_caller(), bill.bill_id, NewClaim(None, "999999999999"), "command-1")
    await world.pass_time(3600, step=60)
    assert [claim.state for claim in world.bill(APPOINTMENT).claims] == [ClaimState.CASE_OPEN]


def _caller():
    from shared.tokens import Caller, Role

    return Caller("account-1", Role.APPLICANT, "session-1")
