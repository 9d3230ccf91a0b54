"""Holding, lapsing and giving up a seat."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.booking_path import appointment_id_of
from services.scheduling.booking.appointments.errors import FeeWouldBeLost, NotPossibleNow, PersonHasAppointment
from services.scheduling.booking.appointments.priority import Need
from services.scheduling.booking.seats import seat as seats
from services.scheduling.booking.seats.repository import SEAT, Claim
from services.scheduling.booking.seats.seat import SeatStatus
from services.scheduling.context import Actor
from services.scheduling.errors import ApplicationIsWithdrawn, NotYourOffice
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed, SessionNotFound, SessionSoldOut
from services.scheduling.terms import Pool
from shared.errors import NotFound, NotKnownYet
from shared.events import application, billing
from shared.events import scheduling as said
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Range
from tests.unit.scheduling.world import FRONT, NORTH, SOUTH, World, make_world, plan, weekly


async def test_a_hold_is_said_and_its_seat_is_nobody_elses(world: World) -> None:
    held = await world.hold()
    assert held.state.status is Status.HELD
    (event,) = await world.said(said.SeatHeld)
    assert isinstance(event, said.SeatHeld)
    assert (event.appointment_id, event.office_id, event.pool) == (held.id, SOUTH.office_id, "regular")
    assert event.hold_until == world.clock.now() + timedelta(seconds=300)
    assert await world.buckets() == {"held": 1, "free": 1}
    seat = await world.seat_of(held)
    assert (seat.claimed_by, seat.token) == (held.id, held.state.seat.token)
    await world.rules_hold()


async def test_the_conditional_write_does_what_the_rule_says(world: World) -> None:
    until = world.clock.now() + timedelta(seconds=15)
    before = (await world.seats())[0]
    record = await world.service.repositories.seats.claim_free_seat(
        world.session_id(),
        "regular",
        Claim("appointment", "token", until),
        places=Range(low=0),
        starts_from=world.clock.now(),
        now=world.clock.now(),
    )
    assert record is not None
    assert record.state == seats.claimed(before, by="appointment", token="token", until=until)
    due = await world.base.claim_due(SEAT, now=until, owner="test", lease_seconds=1)
    assert due is not None and due.names == ("claim",)


async def test_a_repeat_meets_the_first_hold(world: World) -> None:
    held = await world.hold()
    again = await world.service.booking.hold(world.wish())
    assert again.id == held.id
    assert len(await world.said(said.SeatHeld)) == 1
    assert await world.buckets() == {"held": 1, "free": 1}


async def test_a_repeat_meets_the_first_hold_even_when_all_is_taken(world: World) -> None:
    held = await world.hold()
    await world.hold("budi")
    again = await world.service.booking.hold(world.wish())
    assert again.id == held.id


async def test_the_sold_out_name_alternatives(world: World) -> None:
    await world.hold("ani")
    await world.hold("budi")
    await world.submitted("citra")
    with pytest.raises(SessionSoldOut) as refused:
        await world.service.booking.hold(world.wish("citra"))
    earliest, nearest = refused.value.facts["earliest"], refused.value.facts["nearest"]
    assert [each["office_id"] for each in earliest] == [SOUTH.office_id] * 3  # type: ignore[attr-defined, index]
    assert world.session_id() not in [each["session_id"] for each in earliest]  # type: ignore[attr-defined, index]
    assert {each["office_id"] for each in nearest} == {NORTH.office_id}  # type: ignore[attr-defined, index]
    assert nearest[0]["session_id"] == world.session_id(NORTH)  # type: ignore[index]


async def test_one_live_appointment_for_a_person_whoever_asks(world: World) -> None:
    held = await world.hold("ani")
    await world.submitted("ani", application_id="second", account="stranger")
    wish = world.wish("ani", "again", application_id="second", actor=Actor("stranger"))
    with pytest.raises(PersonHasAppointment) as refused:
        await world.service.booking.hold(wish)
    assert refused.value.facts == {}
    own = world.wish("ani", "third")
    with pytest.raises(PersonHasAppointment) as refused:
        await world.service.booking.hold(own)
    assert refused.value.facts == {"appointment_id": held.id}
    assert await world.buckets() == {"held": 1, "free": 1}
    await world.rules_hold()


async def test_somebody_elses_application_is_not_found(world: World) -> None:
    await world.submitted("ani")
    with pytest.raises(NotFound):
        await world.service.booking.hold(world.wish("ani", actor=Actor("stranger")))
    assert await world.buckets() == {"free": 2}


async def test_an_unknown_application_is_waited_for_a_second_and_then_not_known_yet(world: World) -> None:
    asking = asyncio.ensure_future(world.service.booking.hold(world.wish()))
    for _ in range(20):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not asking.done()
        world.clock.advance(0.05)
    with pytest.raises(NotKnownYet):
        await asking


async def test_an_application_that_arrives_meanwhile_is_served(world: World) -> None:
    asking = asyncio.ensure_future(world.service.booking.hold(world.wish()))
    for _ in range(4):
        await asyncio.sleep(0)
    await world.submitted()
    world.clock.advance(0.05)
    assert (await asking).state.status is Status.HELD


@pytest.mark.parametrize("pool", [Pool.WALK_IN, Pool.SAME_DAY])
async def test_an_applicant_takes_regular_seats_only(world: World, pool: Pool) -> None:
    await world.submitted()
    with pytest.raises(PoolNotOpen):
        await world.service.booking.hold(world.wish(pool=pool))


async def test_pools_never_borrow() -> None:
    world = make_world(templates=weekly(plan(1, priority=1)))
    await world.parts.start()  # type: ignore[misc]
    await world.hold("ani")
    await world.submitted("budi")
    with pytest.raises(SessionSoldOut):
        await world.service.booking.hold(world.wish("budi"))
    held = await world.service.booking.hold(world.wish("budi", actor=FRONT, pool=Pool.PRIORITY, need=Need.PREGNANT))
    assert held.state.seat.pool == "priority"
    assert held.state.account_id == "account-budi"


async def test_staff_book_at_their_own_office_only(world: World) -> None:
    await world.submitted()
    with pytest.raises(NotYourOffice):
        await world.service.booking.hold(world.wish(actor=FRONT, session_id=world.session_id(NORTH)))
    with pytest.raises(PoolNotOpen):
        await world.service.booking.hold(world.wish(actor=FRONT, pool=Pool.WALK_IN))


async def test_a_session_that_is_not_there_or_too_near(world: World) -> None:
    await world.submitted()
    with pytest.raises(SessionNotFound):
        await world.service.booking.hold(world.wish(session_id="nowhere"))
    starts_at = (await world.seats())[0].starts_at
    world.clock.set(starts_at - timedelta(hours=3) + timedelta(milliseconds=1))
    with pytest.raises(SessionClosed):
        await world.service.booking.hold(world.wish())
    world.clock.set(starts_at - timedelta(hours=3))
    assert (await world.service.booking.hold(world.wish())).state.status is Status.HELD


async def test_an_unpaid_hold_lapses_and_its_seat_cools_then_is_free(world: World) -> None:
    held = await world.hold()
    await world.pass_time(299)
    assert (await world.appointment(held.id)).state.status is Status.HELD
    await world.pass_time(1)
    assert (await world.appointment(held.id)).state.status is Status.RELEASED
    (event,) = await world.said(said.AppointmentReleased)
    assert event.reason == "hold_lapsed"  # type: ignore[attr-defined]
    assert await world.buckets() == {"cooling": 1, "free": 1}
    await world.pass_time(59)
    assert await world.buckets() == {"cooling": 1, "free": 1}
    await world.pass_time(242)
    assert await world.buckets() == {"free": 2}
    await world.rules_hold()
    assert (await world.hold("ani", "again")).state.status is Status.HELD


async def test_a_requested_bill_keeps_the_seat_beyond_the_hold(world: World) -> None:
    held = await world.hold()
    await world.hear(world.requested(held))
    await world.pass_time(24 * 3600)
    assert (await world.appointment(held.id)).state.status is Status.AWAITING_PAYMENT
    await world.pass_time(3 * 3600)
    record = await world.appointment(held.id)
    assert record.state.status is Status.AWAITING_PAYMENT
    assert record.state.long_stop_at is not None and record.state.long_stop_at > world.clock.now()


async def test_giving_a_hold_up(world: World) -> None:
    held = await world.hold()
    owner = Actor("account-ani")
    released = await world.service.holds.cancel(held.id, owner, "cancel", fee_is_lost=False)
    assert released.state.status is Status.RELEASED
    assert released.state.leaving == ()
    again = await world.service.holds.cancel(held.id, owner, "cancel", fee_is_lost=False)
    assert again.version == released.version
    with pytest.raises(NotPossibleNow):
        await world.service.holds.cancel(held.id, owner, "another", fee_is_lost=False)
    with pytest.raises(NotFound):
        await world.service.holds.cancel(held.id, Actor("stranger"), "foreign", fee_is_lost=False)


async def test_giving_a_paid_visit_up_must_be_said_knowingly(world: World) -> None:
    paid = await world.paid()
    owner = Actor("account-ani")
    with pytest.raises(FeeWouldBeLost):
        await world.service.holds.cancel(paid.id, owner, "cancel", fee_is_lost=False)
    await world.service.holds.cancel(paid.id, owner, "cancel", fee_is_lost=True)
    (event,) = await world.said(said.AppointmentReleased)
    assert (event.reason, event.was_confirmed) == ("cancelled", True)  # type: ignore[attr-defined]


def withdrawn(person: str = "ani") -> application.ApplicationWithdrawn:
    return application.ApplicationWithdrawn(
        application_id=f"application-{person}", account_id=f"account-{person}", person_id=f"person-{person}"
    )


async def test_a_deadline_of_an_earlier_hold_leaves_a_later_one_alone(world: World) -> None:
    """The hold was renewed after the deadline was leased; it is decided again on the newest state."""
    earlier = await world.hold()
    assert earlier.state.hold_until is not None
    renewed = replace(earlier.state, hold_until=earlier.state.hold_until + timedelta(minutes=5))
    await world.service.repositories.appointments.save(earlier, Decision(renewed), world.clock.now())
    await world.parts.deadlines["appointment", "lapse"](earlier, "lapse")
    assert (await world.appointment(earlier.id)).state == renewed


async def test_an_alert_that_was_overtaken_by_the_payment_changes_nothing(world: World) -> None:
    held = await world.hold()
    await world.hear(world.requested(held))
    waiting = await world.appointment(held.id)
    await world.hear(world.paid_fact(held))
    paid = await world.appointment(held.id)
    await world.parts.deadlines["appointment", "long_stop"](waiting, "long_stop")
    assert await world.appointment(held.id) == paid


async def test_a_withdrawn_application_gives_its_seat_back_and_gets_no_other(world: World) -> None:
    held = await world.hold()
    await world.hear(withdrawn(), "withdrawal")
    await world.hear(withdrawn(), "withdrawal")
    assert (await world.appointment(held.id)).state.status is Status.RELEASED
    assert len(await world.said(said.AppointmentReleased)) == 1
    with pytest.raises(ApplicationIsWithdrawn):
        await world.service.booking.hold(world.wish(key="again"))


@pytest.mark.parametrize("closed_for_person", [True, False])
async def test_a_released_seat_tells_whether_an_officer_closed_its_application(
    world: World, closed_for_person: bool
) -> None:
    await world.hold()
    await world.hear(withdrawn().model_copy(update={"closed_for_person": closed_for_person}))
    (event,) = await world.said(said.AppointmentReleased)
    assert event.closed_for_person is closed_for_person  # type: ignore[attr-defined]


async def test_a_withdrawal_that_overtakes_the_submission_stays(world: World) -> None:
    await world.hear(withdrawn())
    await world.submitted()
    with pytest.raises(ApplicationIsWithdrawn):
        await world.service.booking.hold(world.wish())


async def test_a_withdrawal_waits_for_a_move_and_leaves_a_visitor_alone(world: World) -> None:
    paid = await world.paid()
    await world.begin_move(paid, world.session_id(NORTH))
    with pytest.raises(NotYet):
        await world.hear(withdrawn())
    await world.recover()
    await world.hear(withdrawn())
    assert (await world.appointment(paid.id)).state.status is Status.RELEASED


async def test_a_withdrawal_ends_an_offer(world: World) -> None:
    held = await world.hold("ani")
    await world.hear(world.bill(billing.BillExpired, held))
    await world.recover()
    await world.hold("budi")
    await world.hold("citra")
    await world.hear(world.late(held))
    await world.hear(withdrawn())
    assert [type(event) for event in await world.said(said.SeatOffered, said.OfferEnded)] == [
        said.SeatOffered,
        said.OfferEnded,
    ]
    await world.rules_hold()


async def test_what_strangers_see(world: World) -> None:
    held = await world.hold()
    holds = world.service.holds
    assert (await holds.get(held.id, Actor("account-ani"))).id == held.id
    assert (await holds.get(held.id, FRONT)).id == held.id
    for stranger, refusal in (
        (Actor("stranger"), NotFound),
        (Actor("staff", NORTH.office_id, is_staff=True), NotYourOffice),
    ):
        with pytest.raises(refusal):
            await holds.get(held.id, stranger)
        assert await holds.find_by_application("application-ani", stranger) == []
    assert [each.id for each in await holds.find_by_application("application-ani", FRONT)] == [held.id]


class TestClaims:
    """Seats reached for by somebody who never came back."""

    async def reach(self, world: World, by: str) -> None:
        seat = await world.service.inventory.claim_any(world.session_id(), "regular", by)
        assert seat is not None

    async def test_an_overdue_claim_is_freed_behind_a_tombstone(self, world: World) -> None:
        await self.reach(world, "vanished")
        await world.pass_time(14)
        assert await world.buckets() == {"held": 1, "free": 1}
        await world.pass_time(1)
        assert await world.buckets() == {"free": 2}
        assert (await world.appointment("vanished")).state.status is Status.ABANDONED
        await world.rules_hold()

    async def test_a_command_whose_first_try_was_buried_gets_another_id(self, world: World) -> None:
        await self.reach(world, appointment_id_of("hold-ani", 0))
        await world.pass_time(15)
        held = await world.hold()
        assert held.id == appointment_id_of("hold-ani", 1)
        assert await world.buckets() == {"held": 1, "free": 1}
        assert (await world.service.booking.hold(world.wish())).id == held.id

    async def test_a_repeat_of_a_buried_command_when_all_is_taken_is_told_so(self, world: World) -> None:
        await self.reach(world, appointment_id_of("hold-ani", 0))
        await world.pass_time(15)
        await world.hold("budi")
        await world.hold("citra")
        await world.submitted("ani")
        with pytest.raises(SessionSoldOut):
            await world.service.booking.hold(world.wish())

    async def test_a_holder_keeps_its_seat_when_its_claim_is_looked_at(self, world: World) -> None:
        held = await world.hold()
        await world.pass_time(20)
        assert (await world.seat_of(held)).status is SeatStatus.TAKEN
        await world.rules_hold()

    async def test_a_second_claim_of_the_same_command_is_freed(self, world: World) -> None:
        held = await world.hold()
        await self.reach(world, held.id)
        assert await world.buckets() == {"held": 2}
        await world.pass_time(20)
        assert await world.buckets() == {"held": 1, "free": 1}
        await world.rules_hold()
