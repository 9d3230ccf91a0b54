"""What billing says, in every order and more than once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.errors import NotPossibleNow, OfferOver
from services.scheduling.booking.appointments.payments import Payments
from services.scheduling.context import Actor
from shared.errors import NotFound
from shared.events import billing
from shared.events import scheduling as said
from shared.ids import derived_id
from shared.service import NotYet
from shared.store.kinds import Record
from tests.unit.scheduling.world import SOUTH, World

ANI = Actor("account-ani")


def paying(world: World, held: Record[Appointment], bill_id: str = "") -> billing.BillPaid:
    fact: billing.BillPaid = world.bill(billing.BillPaid, held, bill_id, amount=350_000, paid_at=world.clock.now())
    return fact


async def test_a_paid_visit_has_a_queue_number_and_a_code(world: World) -> None:
    held = await world.hold()
    await world.hear(world.requested(held))
    await world.hear(paying(world, held))
    (event,) = await world.said(said.AppointmentConfirmed)
    assert isinstance(event, said.AppointmentConfirmed)
    assert (event.cause, event.bill_id) == ("paid", f"bill-{held.id}")
    assert event.queue_number.startswith("A-00")
    ticket = world.service.codes.verify(event.queue_code)
    assert (ticket.appointment_id, ticket.office_id, ticket.version) == (held.id, SOUTH.office_id, 1)
    assert await world.buckets() == {"confirmed": 1, "free": 1}


async def test_nothing_to_pay_confirms_too(world: World) -> None:
    held = await world.hold()
    await world.hear(world.bill(billing.BillWaived, held, legal_basis="PP 45/2024"))
    (event,) = await world.said(said.AppointmentConfirmed)
    assert event.cause == "waived"  # type: ignore[attr-defined]


async def test_money_before_the_word_of_its_bill(world: World) -> None:
    held = await world.hold()
    await world.hear(paying(world, held))
    await world.hear(world.requested(held))
    await world.hear(world.bill(billing.BillExpired, held))
    await world.pass_time(3600)
    assert (await world.appointment(held.id)).state.status is Status.CONFIRMED
    assert await world.said(said.AppointmentReleased) == []


@pytest.mark.parametrize("same_message", [True, False])
async def test_every_word_twice_changes_nothing(world: World, same_message: bool) -> None:
    held = await world.hold()
    words = [world.requested(held), paying(world, held), world.bill(billing.BillExpired, held)]
    for number, word in enumerate(words):
        await world.hear(word, f"word-{number}")
        await world.hear(word, f"word-{number}" if same_message else None)
    assert len(await world.said()) == 2
    assert (await world.appointment(held.id)).state.status is Status.CONFIRMED


@pytest.mark.parametrize(
    ("fact", "rest", "reason"),
    [
        (billing.BillExpired, {}, "bill_expired"),
        (billing.BillFailed, {"cause": "rejected"}, "bill_failed"),
        (billing.BillCancelled, {}, "bill_cancelled"),
    ],
)
@pytest.mark.parametrize("requested_first", [True, False])
async def test_the_end_of_a_bill_frees_the_seat(
    world: World, fact: type[Any], rest: dict[str, Any], reason: str, requested_first: bool
) -> None:
    held = await world.hold()
    ending = world.bill(fact, held, **rest)
    if requested_first:
        await world.hear(world.requested(held))
    await world.hear(ending, "ending")
    await world.hear(ending, "ending")
    await world.hear(world.requested(held))
    (event,) = await world.said(said.AppointmentReleased)
    assert (event.reason, event.was_confirmed) == (reason, False)  # type: ignore[attr-defined]
    assert await world.buckets() == {"cooling": 1, "free": 1}
    await world.recover()
    assert await world.buckets() == {"free": 2}


async def test_the_end_of_another_bill_frees_nothing(world: World) -> None:
    held = await world.hold()
    await world.hear(world.requested(held))
    await world.hear(world.bill(billing.BillExpired, held, "another bill"))
    assert (await world.appointment(held.id)).state.status is Status.AWAITING_PAYMENT


async def test_bills_that_wait_on_no_seat_are_passed_over(world: World) -> None:
    held = await world.hold()
    top_up = paying(world, held).model_copy(update={"purpose": "top_up"})
    await world.hear(top_up)
    await world.hear(paying(world, held).model_copy(update={"appointment_id": None}))
    assert (await world.appointment(held.id)).state.status is Status.HELD
    with pytest.raises(NotYet):
        await world.hear(paying(world, held).model_copy(update={"appointment_id": "unknown"}))


class TestLateMoney:
    async def expired(self, world: World, person: str = "ani") -> Record[Appointment]:
        held = await world.hold(person)
        await world.hear(world.requested(held))
        await world.hear(world.bill(billing.BillExpired, held))
        return held

    async def full(self, world: World) -> Record[Appointment]:
        """Ani's bill expired and others took her session's seats."""
        held = await self.expired(world)
        await world.recover()
        await world.hold("budi")
        await world.hold("citra")
        return held

    async def answer(self, world: World) -> Record[Appointment]:
        newest, _lost = await world.of("application-ani")
        return newest

    @pytest.mark.parametrize("cooled", [True, False])
    async def test_the_same_seat_if_nobody_has_it(self, world: World, cooled: bool) -> None:
        held = await self.expired(world)
        if cooled:
            await world.recover()
        late = world.late(held)
        await world.hear(late, "late")
        await world.hear(late, "late")
        await world.hear(late)
        (event,) = await world.said(said.AppointmentConfirmed)
        assert isinstance(event, said.AppointmentConfirmed)
        assert (event.cause, event.bill_id) == ("late_same_seat", f"bill-{held.id}")
        again = await self.answer(world)
        assert event.appointment_id == again.id != held.id
        assert again.state.seat.seat_id == held.state.seat.seat_id
        assert again.state.seat.token != held.state.seat.token
        assert (await world.appointment(held.id)).state.status is Status.RELEASED
        await world.recover()
        await world.rules_hold()

    async def test_before_the_word_of_the_expiry_it_keeps_the_seat(self, world: World) -> None:
        held = await world.hold()
        await world.hear(world.requested(held))
        await world.hear(world.late(held))
        await world.hear(world.bill(billing.BillExpired, held))
        await world.hear(world.late(held))
        (event,) = await world.said(said.AppointmentConfirmed, said.SeatUnavailable, said.AppointmentReleased)
        assert event.cause == "late_same_seat"  # type: ignore[attr-defined]

    async def test_another_seat_is_offered_and_taken(self, world: World) -> None:
        held = await self.full(world)
        await world.hear(world.late(held))
        (offer,) = await world.said(said.SeatOffered)
        assert isinstance(offer, said.SeatOffered)
        assert offer.bill_id == f"bill-{held.id}"
        assert offer.offer_until == world.clock.now() + timedelta(hours=24)
        assert offer.office_id == SOUTH.office_id
        assert await world.buckets(offer.session_id) == {"offered": 1, "free": 1}
        taken = await world.service.payments.accept_offer(offer.appointment_id, ANI, "accept")
        again = await world.service.payments.accept_offer(offer.appointment_id, ANI, "accept")
        assert taken.state.status is again.state.status is Status.CONFIRMED
        (event,) = await world.said(said.AppointmentConfirmed)
        assert (event.cause, event.bill_id) == ("late_offer", f"bill-{held.id}")  # type: ignore[attr-defined]
        with pytest.raises(NotPossibleNow):
            await world.service.payments.decline_offer(offer.appointment_id, ANI, "decline")

    async def test_billing_echo_of_a_paid_bill_is_no_new_question(self, world: World) -> None:
        held = await self.expired(world)
        await world.hear(world.late(held))
        await world.hear(paying(world, held))
        assert await world.said(said.SeatUnavailable) == []
        assert len(await world.said(said.AppointmentConfirmed)) == 1

    @pytest.mark.parametrize("cancelled", [True, False])
    async def test_an_offer_is_declined(self, world: World, cancelled: bool) -> None:
        await world.hear(world.late(await self.full(world)))
        offered = await self.answer(world)
        if cancelled:
            ended = await world.service.holds.cancel(offered.id, ANI, "decline", fee_is_lost=False)
        else:
            ended = await world.service.payments.decline_offer(offered.id, ANI, "decline")
            await world.service.payments.decline_offer(offered.id, ANI, "decline")
        assert ended.state.status is Status.RELEASED
        (event,) = await world.said(said.OfferEnded)
        assert event.reason == "declined"  # type: ignore[attr-defined]
        assert (await world.seat_of(offered)).status == "cooling"
        with pytest.raises(NotPossibleNow):
            await world.service.payments.accept_offer(offered.id, ANI, "accept")

    async def test_an_offer_lapses(self, world: World) -> None:
        await world.hear(world.late(await self.full(world)))
        offered = await self.answer(world)
        world.clock.advance(24 * 3600 + 0.001)
        with pytest.raises(OfferOver):
            await world.service.payments.accept_offer(offered.id, ANI, "accept")
        await world.worker.run_due()
        (event,) = await world.said(said.OfferEnded)
        assert event.reason == "lapsed"  # type: ignore[attr-defined]

    async def test_an_offer_is_for_its_payer_only(self, world: World) -> None:
        await world.hear(world.late(await self.full(world)))
        offered = await self.answer(world)
        for act in (world.service.payments.accept_offer, world.service.payments.decline_offer):
            with pytest.raises(NotFound):
                await act(offered.id, Actor("account-budi"), "theft")

    async def test_no_seat_in_time_is_said_once(self, world: World) -> None:
        held = await self.full(world)
        world.clock.advance(30 * 24 * 3600)
        late = world.late(held)
        for _ in range(3):
            await world.hear(late)
        (event,) = await world.said(said.SeatUnavailable)
        assert isinstance(event, said.SeatUnavailable)
        assert (event.asked_for, event.reason, event.bill_id) == ("late_payment", "no_seat", f"bill-{held.id}")

    async def test_who_has_another_appointment_gets_the_money_back(self, world: World) -> None:
        held = await self.expired(world)
        await world.hold("ani", "again")
        await world.hear(world.late(held))
        (event,) = await world.said(said.SeatUnavailable)
        assert event.reason == "another_appointment_is_live"  # type: ignore[attr-defined]
        await world.recover()
        await world.rules_hold()

    async def test_money_for_what_is_paid_already_goes_back(self, world: World) -> None:
        paid = await world.paid()
        await world.hear(world.late(paid))
        (event,) = await world.said(said.SeatUnavailable)
        assert event.reason == "already_has_appointment"  # type: ignore[attr-defined]

    async def test_a_second_late_payment_of_one_bill_has_its_own_answer(self, world: World) -> None:
        held = await self.expired(world)
        await world.hear(world.late(held, "first"))
        await world.hear(world.late(held, "second"))
        assert [type(event) for event in await world.said(said.AppointmentConfirmed, said.SeatUnavailable)] == [
            said.AppointmentConfirmed,
            said.SeatUnavailable,
        ]

    async def test_a_withdrawn_application_gets_the_money_back(self, world: World) -> None:
        held = await self.expired(world)
        from tests.unit.scheduling.test_holds import withdrawn

        await world.hear(withdrawn())
        await world.hear(world.late(held))
        (event,) = await world.said(said.SeatUnavailable)
        assert event.reason == "application_withdrawn"  # type: ignore[attr-defined]

    async def test_the_offer_of_an_application_that_an_officer_closed_is_not_told_as_declined(
        self, world: World
    ) -> None:
        from tests.unit.scheduling.test_holds import withdrawn

        await world.hear(world.late(await self.full(world)))
        await world.hear(withdrawn().model_copy(update={"closed_for_person": True}))
        (event,) = await world.said(said.OfferEnded)
        assert event.closed_for_person  # type: ignore[attr-defined]

    async def test_money_in_time_for_a_hold_that_lapsed_meanwhile(self, world: World) -> None:
        held = await world.hold()
        await world.pass_time(300)
        assert (await world.appointment(held.id)).state.status is Status.RELEASED
        word = paying(world, held)
        await world.hear(word)
        await world.hear(word)
        (event,) = await world.said(said.AppointmentConfirmed)
        assert event.cause == "late_same_seat"  # type: ignore[attr-defined]
        assert await world.said(said.SeatUnavailable) == []

    async def test_the_same_money_asked_for_twice_has_one_answer(self, world: World) -> None:
        held = await world.hold()
        await world.pass_time(300)
        word = paying(world, held).model_copy(update={"receipt_id": "receipt-1"})
        await world.hear(word)
        await world.hear(world.late(held, "receipt-1"))
        assert len(await world.said(said.AppointmentConfirmed, said.SeatUnavailable)) == 1

    async def test_money_for_a_visit_given_up_after_payment_is_no_question(self, world: World) -> None:
        paid = await world.paid()
        await world.service.holds.cancel(paid.id, ANI, "cancel", fee_is_lost=True)
        await world.hear(paying(world, paid))
        assert len(await world.said(said.AppointmentConfirmed)) == 1

    async def test_a_buried_answer_is_given_under_another_id(self, world: World) -> None:
        held = await self.expired(world)
        late = world.late(held)
        first = derived_id("appointment", "late_payment", late.bill_id, late.receipt_id, "0")
        await world.service.inventory.claim_this(held.state.seat.seat_id, first)
        await world.pass_time(20)
        await world.hear(late)
        (event,) = await world.said(said.AppointmentConfirmed)
        assert event.appointment_id != first  # type: ignore[attr-defined]
        await world.recover()
        await world.rules_hold()


class TestRenewal:
    def renewal(self, world: World, held: Record[Appointment]) -> billing.BillRenewalRequested:
        fact: billing.BillRenewalRequested = world.bill(billing.BillRenewalRequested, held)
        return fact

    @pytest.mark.acceptance("F55.no_retyping", "F55.slot_kept_if_free")
    async def test_the_same_seat_is_held_again_without_a_word_of_the_applicant(self, world: World) -> None:
        held = await TestLateMoney().expired(world)
        await world.hear(self.renewal(world, held), "renewal")
        await world.hear(self.renewal(world, held), "renewal")
        await world.hear(self.renewal(world, held))
        _, again = await world.said(said.SeatHeld)
        assert isinstance(again, said.SeatHeld)
        assert again.replaces_bill_id == f"bill-{held.id}"
        assert again.appointment_id != held.id
        renewed = await world.appointment(again.appointment_id)
        assert renewed.state.seat.seat_id == held.state.seat.seat_id
        await world.hear(paying(world, renewed, "new bill"))
        assert (await world.appointment(renewed.id)).state.status is Status.CONFIRMED
        await world.rules_hold()

    async def test_a_seat_that_is_gone_is_said(self, world: World) -> None:
        held = await TestLateMoney().full(world)
        await world.hear(self.renewal(world, held))
        (event,) = await world.said(said.SeatUnavailable)
        assert (event.asked_for, event.reason) == ("renewal", "no_seat")  # type: ignore[attr-defined]

    async def test_it_waits_for_the_end_of_the_bill(self, world: World) -> None:
        held = await world.hold()
        await world.hear(world.requested(held))
        with pytest.raises(NotYet):
            await world.hear(self.renewal(world, held))

    async def test_a_visit_that_is_certain_needs_none(self, world: World) -> None:
        await world.hear(self.renewal(world, await world.paid()))
        (event,) = await world.said(said.SeatUnavailable)
        assert event.reason == "already_has_appointment"  # type: ignore[attr-defined]


class TestAQuestionThatIsAskedAgain:
    """Billing may not have understood the answer when it came: the same answer is said again, to billing only."""

    async def gave_up(self, world: World) -> Record[Appointment]:
        held = await world.hold()
        await world.hear(world.requested(held))
        await world.service.holds.cancel(held.id, ANI, "cancel", fee_is_lost=False)
        return held

    async def answers(self, world: World) -> list[tuple[Any, ...]]:
        said_again = await world.said(said.SeatAnswerRepeated)
        return [(each.outcome, each.asked_for, each.reason) for each in said_again]  # type: ignore[attr-defined]

    async def test_a_found_seat_is_told_again(self, world: World) -> None:
        held = await self.gave_up(world)
        await world.hear(world.paid_fact(held, "receipt"))
        (won,) = await world.said(said.AppointmentConfirmed)
        await world.hear(world.late(held), "m1")
        await world.hear(world.late(held), "m1")
        assert await self.answers(world) == [("confirmed", "late_payment", None)]
        (again,) = await world.said(said.SeatAnswerRepeated)
        facts = ("appointment_id", "session_id", "starts_at", "office_id", "bill_id", "person_id")
        assert [getattr(again, name) for name in facts] == [getattr(won, name) for name in facts]
        assert len(await world.said(said.AppointmentConfirmed)) == 1, "others hear of it once"

    async def test_its_own_seat_is_told_again(self, world: World) -> None:
        held = await world.hold()
        await world.hear(world.requested(held))
        await world.hear(world.late(held))
        await world.hear(world.late(held))
        assert await self.answers(world) == [("confirmed", "late_payment", None)]

    async def test_no_seat_is_told_again(self, world: World) -> None:
        held = await self.gave_up(world)
        world.clock.advance(30 * 24 * 3600)
        await world.hear(world.late(held))
        await world.hear(world.late(held))
        assert await self.answers(world) == [("unavailable", "late_payment", "no_seat")]

    async def test_a_found_seat_that_went_back_is_told_so(self, world: World) -> None:
        held = await self.gave_up(world)
        await world.hear(world.paid_fact(held, "receipt"))
        (won,) = await world.said(said.AppointmentConfirmed)
        await world.service.holds.cancel(won.appointment_id, ANI, "again", fee_is_lost=True)  # type: ignore[attr-defined]
        await world.hear(world.late(held))
        assert await self.answers(world) == [("released", "late_payment", "cancelled")]

    async def test_an_open_offer_is_told_again(self, world: World) -> None:
        held = await TestLateMoney().full(world)
        await world.hear(world.late(held))
        await world.hear(world.late(held))
        assert await self.answers(world) == [("offered", "late_payment", None)]
        (offer,), (again,) = await world.said(said.SeatOffered), await world.said(said.SeatAnswerRepeated)
        assert again.offer_until == offer.offer_until  # type: ignore[attr-defined]

    async def test_a_renewed_hold_says_the_rest_by_its_bill(self, world: World) -> None:
        held = await world.hold()
        await world.hear(world.requested(held))
        await world.hear(world.bill(billing.BillExpired, held))
        await world.hear(world.bill(billing.BillRenewalRequested, held))
        await world.hear(world.bill(billing.BillRenewalRequested, held))
        assert await self.answers(world) == []
        assert len(await world.said(said.SeatHeld)) == 2

    async def test_a_withdrawal_that_overlaps_the_search_takes_its_seat_back(self, world: World) -> None:
        from tests.unit.scheduling.test_holds import withdrawn

        held = await self.gave_up(world)
        repository = world.service.repositories
        begin = repository.appointments.begin

        async def withdrawn_just_before(*words: Any, **named: Any) -> Any:
            repository.appointments.begin = begin
            await world.hear(withdrawn().model_copy(update={"closed_for_person": True}))
            return await begin(*words, **named)

        repository.appointments.begin = withdrawn_just_before
        await world.hear(world.paid_fact(held, "receipt"))
        assert [each.state.live for each in await repository.appointments.appointments_of("application-ani")] == [
            False,
            False,
        ]
        released = [
            (event.reason, event.closed_for_person)  # type: ignore[attr-defined]
            for event in await world.said(said.AppointmentReleased)
        ]
        assert released == [("cancelled", False), ("withdrawn", True)]
        await world.recover()
        await world.rules_hold()

    async def test_twin_without_looking_again_a_withdrawn_application_keeps_a_visit(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from tests.unit.scheduling.test_holds import withdrawn

        async def looks_no_more(*_: Any) -> None:
            return None

        monkeypatch.setattr(Payments, "_release_if_withdrawn", looks_no_more)
        held = await self.gave_up(world)
        repository = world.service.repositories
        begin = repository.appointments.begin

        async def withdrawn_just_before(*words: Any, **named: Any) -> Any:
            repository.appointments.begin = begin
            await world.hear(withdrawn())
            return await begin(*words, **named)

        repository.appointments.begin = withdrawn_just_before
        await world.hear(world.paid_fact(held, "receipt"))
        assert [each for each in await repository.appointments.appointments_of("application-ani") if each.state.live]

    async def test_a_renewal_that_was_paid_since_is_its_new_bills(self, world: World) -> None:
        held = await TestLateMoney().expired(world)
        await world.hear(world.bill(billing.BillRenewalRequested, held), "m1")
        _, again = await world.said(said.SeatHeld)
        renewed = await world.appointment(again.appointment_id)  # type: ignore[attr-defined]
        await world.hear(paying(world, renewed, "new bill"))
        await world.hear(world.bill(billing.BillRenewalRequested, held), "m2")
        assert await self.answers(world) == []
