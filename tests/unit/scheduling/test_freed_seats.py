"""A seat that comes back: for how long nobody has it, who gets it, and that it stays one person's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.errors import PersonHasAppointment, QueueCodeNotValid
from services.scheduling.booking.appointments.views import appointment_view
from services.scheduling.booking.seats.seat import SeatStatus, cooling_until
from services.scheduling.booking.waiting_list.entry import WaitingStatus
from services.scheduling.context import Actor
from services.scheduling.offices.errors import SessionSoldOut
from services.scheduling.visit.counter.check_in import VisitorLookup
from shared.errors import NotFound
from shared.events import billing
from tests.unit.scheduling.test_waiting_list import COOLED, entry_of, started, waits
from tests.unit.scheduling.world import FRONT, NORTH, START, World, make_world, plan, weekly


@given(
    shortest=st.integers(0, 86_400),
    spread=st.integers(0, 86_400),
    fraction=st.floats(0, 1, exclude_max=True),
    later=st.integers(0, 10**9),
)
@settings(max_examples=60, deadline=None)
def test_a_seat_cools_for_a_random_while_within_its_bounds(
    shortest: int, spread: int, fraction: float, later: int
) -> None:
    now = START + timedelta(seconds=later)
    free_at = cooling_until(now, shortest_seconds=shortest, longest_seconds=shortest + spread, fraction=fraction)
    assert now + timedelta(seconds=shortest) <= free_at <= now + timedelta(seconds=shortest + spread)


async def test_nobody_can_know_when_a_freed_seat_is_free() -> None:
    """Whoever gives a seat up cannot tell a friend when to reach for it: the while differs from seat to seat."""
    world = make_world(templates=weekly(plan(40)), horizon_days=2)
    assert world.parts.start is not None
    await world.parts.start()
    for number in range(40):
        held = await world.hold(f"p{number}")
        await world.service.holds.cancel(held.id, Actor(f"account-p{number}"), f"no-{number}", fee_is_lost=False)
    whiles = [(seat.free_at or START) - world.clock.now() for seat in await world.seats()]
    assert {seat.status for seat in await world.seats()} == {SeatStatus.COOLING}
    assert min(whiles) >= timedelta(seconds=60) and max(whiles) <= timedelta(seconds=300)
    assert len({each // timedelta(seconds=1) for each in whiles}) > 20
    await world.submitted("quick")
    with pytest.raises(SessionSoldOut):
        await world.service.booking.hold(world.wish("quick"))


async def unpaid(world: World) -> str:
    """A hold whose bill ends unpaid, deadline and grace being over."""
    held = await world.hold("late-payer")
    await world.hear(world.requested(held))
    await world.pass_time(7200)
    await world.hear(world.bill(billing.BillExpired, held))
    return held.id


@pytest.mark.acceptance("F65.unpaid_back_in_1_minute")
async def test_an_unpaid_hold_is_back_within_a_minute_of_the_bills_end() -> None:
    world = await started()
    await world.paid("first")
    appointment_id = await unpaid(world)
    assert (await world.appointment(appointment_id)).state.status is Status.RELEASED
    assert await world.buckets() == {"confirmed": 1, "cooling": 1}
    await world.pass_time(COOLED)
    assert await world.buckets() == {"confirmed": 1, "free": 1}


@pytest.mark.acceptance("F65.waiting_list")
async def test_an_unpaid_hold_is_offered_to_who_waits_before_it_is_free() -> None:
    world = await started()
    await world.paid("first")
    budi = await waits(world, "budi")
    await unpaid(world)
    await world.pass_time(COOLED)
    assert (await entry_of(world, budi)).status is WaitingStatus.OFFERED
    await world.submitted("quick")
    with pytest.raises(SessionSoldOut):
        await world.service.booking.hold(world.wish("quick"))


@pytest.mark.acceptance("F75.one_booking_per_nik", "F75.not_transferable")
async def test_a_booking_is_one_persons_and_stays_theirs() -> None:
    """No command puts another person on a seat: not the account, not another application, not a move."""
    world = await started()
    paid = await world.paid("ani")
    await world.submitted("citra", account="account-ani")
    wish = world.wish("ani", application_id="application-citra", key="swap", session_id=paid.state.seat.session_id)
    other = await world.service.booking.hold(wish)
    assert (other.state.person_id, other.id == paid.id) == ("person-citra", False)
    for stranger in (Actor("account-budi"), Actor("account-citra")):
        with pytest.raises(NotFound):
            await world.service.holds.cancel(paid.id, stranger, "mine", fee_is_lost=True)
    await world.submitted("ani", account="account-broker", application_id="application-again")
    door = world.session_id(NORTH)
    again = {"application_id": "application-again", "actor": Actor("account-broker"), "session_id": door}
    with pytest.raises(PersonHasAppointment):
        await world.service.booking.hold(world.wish("ani", key="again", **again))
    assert (await world.appointment(paid.id)).state.person_id == "person-ani"


@pytest.mark.acceptance("F75.qr_bound")
async def test_the_qr_code_is_bound_to_its_person() -> None:
    """A code names one appointment, an appointment names one person; a forged or foreign one checks nobody in."""
    world = await started(check_in_any_day=True)
    ani, budi = await world.paid("ani"), await world.paid("budi")
    for record, person in ((ani, "person-ani"), (budi, "person-budi")):
        ticket = world.service.codes.verify(record.state.queue_code or "")
        assert ticket.appointment_id == record.id
        assert appointment_view(record, world.service.context).person_id == person
    head, _, _ = (ani.state.queue_code or "").rpartition(".")
    _, _, signature = (budi.state.queue_code or "").rpartition(".")
    with pytest.raises(QueueCodeNotValid):
        await world.service.visits.check_in(VisitorLookup(queue_code=f"{head}.{signature}"), FRONT, "forged")
    seen = await world.service.visits.check_in(VisitorLookup(queue_code=ani.state.queue_code), FRONT, "real")
    assert (seen.id, seen.state.person_id) == (ani.id, "person-ani")
