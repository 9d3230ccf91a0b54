"""The waiting list: whom a freed seat is offered to, and what becomes of the offer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.errors import BeingMoved, PersonHasAppointment
from services.scheduling.booking.seats import seat as domain_seats
from services.scheduling.booking.seats.seat import SeatStatus
from services.scheduling.booking.waiting_list import entry as domain
from services.scheduling.booking.waiting_list.entry import Waiting, WaitingCommand, WaitingEnd, WaitingStatus
from services.scheduling.booking.waiting_list.errors import (
    AlreadyWaiting,
    NoSeatOffered,
    WaitingOfferOver,
    WaitingWishWrong,
)
from services.scheduling.booking.waiting_list.repository import LINE_PAGE, WAITING
from services.scheduling.booking.waiting_list.rules import (
    LONGEST_WAIT_DAYS,
    MOST_OFFICES_WAITED_FOR,
    MOST_UNUSED_OFFERS,
    wish_problem,
)
from services.scheduling.booking.waiting_list.service import WaitingWish
from services.scheduling.context import Actor
from services.scheduling.errors import ApplicationIsWithdrawn, OfficeNotFound
from services.scheduling.offices.errors import PoolNotOpen, SessionSoldOut
from services.scheduling.terms import Applying, Pool
from shared.errors import NotFound
from shared.events import application, billing
from shared.events import scheduling as said
from shared.service import NotYet
from shared.store import Record
from shared.store.decision import Decision
from shared.store.transitions import IllegalTransition
from tests.unit.scheduling.world import EAST, NORTH, SOUTH, START, TUESDAY, World, make_world, plan, weekly

COOLED = 301
"""Seconds after which every freed seat has cooled down."""


async def started(**given: Any) -> World:
    chosen: dict[str, Any] = {"templates": weekly(plan(2)), "offices": [SOUTH, NORTH, EAST]}
    world = make_world(**(chosen | given))
    assert world.parts.start is not None
    await world.parts.start()
    return world


async def waits(world: World, person: str, *, pause: float = 0.001, **changes: Any) -> Record[Waiting]:
    """The person is at the end of the line of the southern office for Tuesday."""
    await world.submitted(person)
    given: dict[str, Any] = {
        "application_id": f"application-{person}",
        "office_ids": (SOUTH.office_id,),
        "first": TUESDAY,
        "last": TUESDAY,
        "pool": Pool.REGULAR,
        "actor": Actor(f"account-{person}"),
        "command_id": f"wait-{person}",
    }
    entry = await world.service.waiting_list.enter(WaitingWish(**(given | changes)))
    world.clock.advance(pause)
    return entry


async def freed(world: World, person: str = "ani", cooled: bool = True) -> None:
    """The person holds the seats of the session with another one and gives theirs up; it has cooled down."""
    held = await world.hold(person)
    await world.service.holds.cancel(held.id, Actor(f"account-{person}"), "cancel", fee_is_lost=False)
    if cooled:
        await world.pass_time(COOLED)


async def full(world: World) -> Record[Any]:
    """Both seats of Tuesday are paid for; gives the appointment that may be given up."""
    await world.paid("first")
    return await world.paid("second")


async def give_up(world: World, record: Record[Any], key: str = "give-up") -> None:
    await world.service.holds.cancel(record.id, Actor(record.state.account_id), key, fee_is_lost=True)


async def entry_of(world: World, entry: Record[Waiting]) -> Waiting:
    record = await world.service.repositories.waiting_list.waiting(entry.id)
    assert record is not None
    return record.state


async def offered(world: World, *people: str) -> list[Record[Waiting]]:
    """These people wait, in this order, and the first has an offer."""
    taken = await full(world)
    entries = [await waits(world, person) for person in people]
    await give_up(world, taken)
    await world.pass_time(COOLED)
    return entries


def accept(world: World, person: str, entry: Record[Waiting], key: str = "yes") -> Any:
    return world.service.waiting_list.accept(entry.id, Actor(f"account-{person}"), key)


async def told(world: World, kind: Any = WAITING) -> list[Any]:
    waiting = await world.base.outbox_waiting(kind, before=world.clock.now() + timedelta(days=1), limit=1000)
    return [envelope.data for envelope in waiting]


@pytest.mark.acceptance("F65.waiting_list")
async def test_a_freed_seat_goes_to_the_first_in_line_and_to_nobody_else() -> None:
    world = await started()
    taken = await full(world)
    budi, citra = await waits(world, "budi"), await waits(world, "citra")
    await give_up(world, taken)
    assert await world.buckets() == {"confirmed": 1, "cooling": 1}
    await world.pass_time(COOLED)
    assert await world.buckets() == {"confirmed": 1, "offered": 1}
    (event,) = await told(world)
    assert isinstance(event, said.WaitingSeatOffered)
    assert (event.waiting_id, event.person_id, event.office_name) == (budi.id, "person-budi", SOUTH.name)
    assert event.offer_until == world.clock.now() + timedelta(seconds=1800)
    for person in ("citra", "dewi"):
        await world.submitted(person)
        with pytest.raises(SessionSoldOut):
            await world.service.booking.hold(world.wish(person))
    assert (await entry_of(world, citra)).status is WaitingStatus.WAITING
    await world.rules_hold()


async def test_with_nobody_waiting_the_seat_is_free_for_all() -> None:
    world = await started()
    await freed(world)
    assert await world.buckets() == {"free": 2}
    assert await told(world) == []


async def test_a_taken_offer_is_a_hold_like_any_other() -> None:
    world = await started()
    (budi,) = await offered(world, "budi")
    held = await accept(world, "budi", budi)
    assert (held.state.status, held.state.person_id) == (Status.HELD, "person-budi")
    assert held.state.hold_until == world.clock.now() + timedelta(seconds=300)
    assert (await accept(world, "budi", budi)).id == held.id
    assert (await accept(world, "budi", budi, "again")).id == held.id
    assert [type(event) for event in await told(world)] == [said.WaitingSeatOffered, said.WaitingOfferEnded]
    (event,) = [each for each in await world.said(said.SeatHeld) if each.person_id == "person-budi"]  # type: ignore[attr-defined]
    assert event.appointment_id == held.id  # type: ignore[attr-defined]
    assert (await entry_of(world, budi)).status is WaitingStatus.TAKEN
    await world.rules_hold()
    await world.pass_time(20)
    seat = await world.seat_of(held)
    assert (seat.status, seat.kept_for, seat.claimed_by) == (SeatStatus.TAKEN, None, held.id)
    await world.hear(world.bill(billing.BillPaid, held, amount=1, paid_at=world.clock.now()))
    assert await world.buckets() == {"confirmed": 2}


@pytest.mark.acceptance("F75.not_transferable")
async def test_an_offer_is_not_transferable() -> None:
    world = await started()
    (budi,) = await offered(world, "budi")
    await world.submitted("citra")
    for name in ("accept", "decline"):
        with pytest.raises(NotFound):
            await getattr(world.service.waiting_list, name)(budi.id, Actor("account-citra"), "mine")
    with pytest.raises(NotFound):
        await world.service.waiting_list.leave(budi.id, Actor("account-citra"))
    assert (await accept(world, "budi", budi)).state.person_id == "person-budi"


@pytest.mark.parametrize("how", ["declined", "lapsed"])
async def test_what_one_does_not_use_goes_to_the_next_and_then_to_all(how: str) -> None:
    world = await started()
    budi, citra = await offered(world, "budi", "citra")
    if how == "declined":
        again = [await world.service.waiting_list.decline(budi.id, Actor("account-budi"), "no") for _ in range(2)]
        assert again[0].state.passed_seats == again[1].state.passed_seats
    else:
        await world.pass_time(1800)
    assert (await entry_of(world, budi)).status is WaitingStatus.WAITING
    assert await world.buckets() == {"confirmed": 1, "cooling": 1}
    await world.pass_time(COOLED)
    assert (await entry_of(world, citra)).status is WaitingStatus.OFFERED
    await world.service.waiting_list.decline(citra.id, Actor("account-citra"), "no")
    await world.pass_time(COOLED)
    assert await world.buckets() == {"confirmed": 1, "free": 1}
    ends = [event.reason for event in await told(world) if isinstance(event, said.WaitingOfferEnded)]
    assert ends == [how, "declined"]
    assert (await entry_of(world, citra)).status is WaitingStatus.WAITING
    await world.rules_hold()


async def test_the_offer_lasts_as_long_as_it_says() -> None:
    world = await started()
    (budi,) = await offered(world, "budi")
    until = (await entry_of(world, budi)).kept.until
    world.clock.set(until - timedelta(milliseconds=1))
    await world.worker.run_due()
    assert await world.buckets() == {"confirmed": 1, "offered": 1}
    world.clock.set(until)
    with pytest.raises(WaitingOfferOver):
        await accept(world, "budi", budi)
    await world.worker.run_due()
    with pytest.raises(NoSeatOffered):
        await accept(world, "budi", budi)
    assert await world.buckets() == {"confirmed": 1, "cooling": 1}


async def test_unused_offers_run_out() -> None:
    world = await started(templates=weekly(plan(MOST_UNUSED_OFFERS)), offices=[SOUTH])
    taken = [await world.paid(f"t{number}") for number in range(MOST_UNUSED_OFFERS)]
    budi = await waits(world, "budi")
    for number, record in enumerate(taken, start=1):
        await give_up(world, record)
        await world.pass_time(COOLED)
        assert (await entry_of(world, budi)).status is WaitingStatus.OFFERED
        await world.service.waiting_list.decline(budi.id, Actor("account-budi"), f"no-{number}")
    entry = await entry_of(world, budi)
    assert (entry.status, entry.live, entry.ended_for) == (WaitingStatus.ENDED, False, WaitingEnd.OFFERS_UNUSED)
    assert (await waits(world, "budi", command_id="again")).state.live


async def test_only_what_fits_is_offered() -> None:
    world = await started()
    taken = await full(world)
    wednesday = TUESDAY + timedelta(days=1)
    others = [
        await waits(world, "north", office_ids=(NORTH.office_id,)),
        await waits(world, "later", first=wednesday, last=wednesday),
    ]
    both = await waits(world, "both", office_ids=(NORTH.office_id, SOUTH.office_id), last=wednesday)
    await give_up(world, taken)
    await world.pass_time(COOLED)
    assert (await entry_of(world, both)).status is WaitingStatus.OFFERED
    assert {(await entry_of(world, each)).status for each in others} == {WaitingStatus.WAITING}


async def test_a_long_line_is_walked_to_its_end() -> None:
    world = await started()
    taken = await full(world)
    wednesday = TUESDAY + timedelta(days=1)
    for number in range(LINE_PAGE + 3):
        await waits(world, f"w{number}", first=wednesday, last=wednesday, pause=0 if number else 0.001)
    world.clock.advance(0.001)
    last = await waits(world, "last")
    assert await world.service.waiting_list.ahead(last) == {SOUTH.office_id: LINE_PAGE + 3}
    await give_up(world, taken)
    await world.pass_time(COOLED)
    assert (await entry_of(world, last)).status is WaitingStatus.OFFERED


async def test_a_line_that_wants_other_days_throughout_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.scheduling.booking.waiting_list.service.MOST_LOOKED_AT", 2)
    world = await started()
    taken = await full(world)
    wednesday = TUESDAY + timedelta(days=1)
    for person in ("one", "two"):
        await waits(world, person, first=wednesday, last=wednesday)
    third = await waits(world, "third")
    await give_up(world, taken)
    await world.pass_time(COOLED)
    assert (await entry_of(world, third)).status is WaitingStatus.WAITING
    assert await world.buckets() == {"confirmed": 1, "free": 1}


@pytest.mark.parametrize(("before_closing", "kept"), [(600, True), (599, False)])
async def test_a_seat_that_could_hardly_be_answered_for_is_free_at_once(before_closing: int, kept: bool) -> None:
    world = await started()
    taken = await full(world)
    await waits(world, "budi")
    await give_up(world, taken)
    closes = taken.state.seat.starts_at - timedelta(hours=3)
    world.clock.set(closes - timedelta(seconds=before_closing))
    await world.worker.run_due()
    assert await world.buckets() == {"confirmed": 1, "offered" if kept else "free": 1}


async def test_who_has_a_seat_or_gave_up_is_passed_over() -> None:
    world = await started()
    taken = await full(world)
    budi, citra, dewi = await waits(world, "budi"), await waits(world, "citra"), await waits(world, "dewi")
    await world.hold("budi", session_id=world.session_id(NORTH))
    repository = world.service.repositories
    await repository.applications.change_application(
        "application-citra", lambda copy: Decision(replace(copy, withdrawn=True)), world.clock
    )
    await give_up(world, taken)
    await world.pass_time(COOLED)
    assert (await entry_of(world, budi)).ended_for is WaitingEnd.HAS_APPOINTMENT
    assert (await entry_of(world, citra)).ended_for is WaitingEnd.WITHDRAWN
    assert (await entry_of(world, dewi)).status is WaitingStatus.OFFERED


def withdrawn(person: str) -> application.ApplicationWithdrawn:
    return application.ApplicationWithdrawn(
        application_id=f"application-{person}", account_id=f"account-{person}", person_id=f"person-{person}"
    )


async def test_a_withdrawal_ends_the_waiting_and_passes_the_offer_on() -> None:
    world = await started()
    budi, citra = await offered(world, "budi", "citra")
    await world.hear(withdrawn("budi"))
    await world.hear(withdrawn("budi"))
    entry = await entry_of(world, budi)
    assert (entry.status, entry.ended_for, entry.leaving) == (WaitingStatus.LEFT, WaitingEnd.WITHDRAWN, ())
    await world.pass_time(COOLED)
    assert (await entry_of(world, citra)).status is WaitingStatus.OFFERED
    await world.hear(withdrawn("nobody"))


async def test_a_withdrawal_waits_for_an_offer_that_is_being_taken() -> None:
    world = await started()
    (budi,) = await offered(world, "budi")
    record = await world.service.repositories.waiting_list.waiting(budi.id)
    assert record is not None
    taking = domain.take(record.state, now=world.clock.now(), rules=world.service.context.rules)
    await world.service.repositories.waiting_list.change_waiting(record, lambda _: taking, world.clock)
    with pytest.raises(NotYet):
        await world.hear(withdrawn("budi"))
    with pytest.raises(BeingMoved):
        await world.service.waiting_list.leave(budi.id, Actor("account-budi"))
    await world.pass_time(15)
    assert (await entry_of(world, budi)).status is WaitingStatus.TAKEN
    await world.hear(withdrawn("budi"))
    assert (await world.appointment((await entry_of(world, budi)).kept.appointment_id)).state.status is Status.RELEASED
    await world.rules_hold()


async def test_an_offer_is_refused_to_who_withdrew_or_holds_another_seat() -> None:
    world = await started()
    (budi,) = await offered(world, "budi")
    await world.hold("budi", session_id=world.session_id(NORTH))
    with pytest.raises(PersonHasAppointment):
        await accept(world, "budi", budi)
    assert (await entry_of(world, budi)).status is WaitingStatus.OFFERED


async def test_leaving() -> None:
    world = await started()
    budi, citra = await offered(world, "budi", "citra")
    assert (await world.service.waiting_list.leave(citra.id, Actor("account-citra"))).state.status is WaitingStatus.LEFT
    left = await world.service.waiting_list.leave(budi.id, Actor("account-budi"))
    assert (left.state.status, left.state.leaving) == (WaitingStatus.LEFT, ())
    assert (await world.service.waiting_list.leave(budi.id, Actor("account-budi"))).version == left.version
    await world.pass_time(COOLED)
    assert await world.buckets() == {"confirmed": 1, "free": 1}
    with pytest.raises(NoSeatOffered):
        await world.service.waiting_list.decline(budi.id, Actor("account-budi"), "no")


async def test_the_waiting_ends_with_its_last_day() -> None:
    world = await started()
    budi = await waits(world, "budi")
    world.clock.set(budi.state.ends_at - timedelta(milliseconds=1))
    await world.worker.run_due()
    assert (await entry_of(world, budi)).status is WaitingStatus.WAITING
    world.clock.set(budi.state.ends_at)
    await world.worker.run_due()
    assert (await entry_of(world, budi)).ended_for is WaitingEnd.TIME_OVER


async def test_a_person_waits_once() -> None:
    world = await started()
    budi = await waits(world, "budi")
    assert (await waits(world, "budi")).id == budi.id
    with pytest.raises(AlreadyWaiting) as refused:
        await waits(world, "budi", command_id="another")
    assert refused.value.facts == {"waiting_id": budi.id}
    await world.submitted("budi", account="account-other", application_id="application-other")
    with pytest.raises(AlreadyWaiting) as refused:
        other: dict[str, Any] = {
            "application_id": "application-other",
            "actor": Actor("account-other"),
            "command_id": "other",
        }
        await waits(world, "x", **other)
    assert refused.value.facts == {}
    assert [each.id for each in await world.service.waiting_list.find_by_account(Actor("account-budi"))] == [budi.id]


async def test_who_may_not_wait() -> None:
    world = await started()
    await world.hold("ani")
    with pytest.raises(PersonHasAppointment):
        await waits(world, "ani")
    with pytest.raises(NotFound):
        await waits(world, "budi", actor=Actor("stranger"))
    with pytest.raises(PoolNotOpen):
        await waits(world, "budi", pool=Pool.PRIORITY)
    with pytest.raises(OfficeNotFound):
        await waits(world, "budi", office_ids=("nowhere",))
    with pytest.raises(WaitingWishWrong) as refused:
        await waits(world, "budi", office_ids=(SOUTH.office_id, SOUTH.office_id))
    assert refused.value.facts == {"problem": "office_twice"}
    await world.hear(withdrawn("citra"))
    with pytest.raises(ApplicationIsWithdrawn):
        await waits(world, "citra")


@pytest.mark.parametrize(
    ("offices", "first", "last", "problem"),
    [
        (MOST_OFFICES_WAITED_FOR, 0, 0, None),
        (MOST_OFFICES_WAITED_FOR + 1, 0, 0, "too_many_offices"),
        (0, 0, 0, "too_many_offices"),
        (1, 1, 0, "ends_before_it_starts"),
        (1, -2, -1, "in_the_past"),
        (1, 0, LONGEST_WAIT_DAYS, None),
        (1, 0, LONGEST_WAIT_DAYS + 1, "too_far_ahead"),
    ],
)
def test_the_edges_of_a_wish(offices: int, first: int, last: int, problem: str | None) -> None:
    ids = tuple(str(number) for number in range(offices))
    days = [TUESDAY + timedelta(days=shift) for shift in (first, last)]
    assert wish_problem(ids, *days, today=TUESDAY) == problem


def test_what_is_not_in_the_table_is_refused() -> None:
    for pair in product(WaitingStatus, WaitingCommand):
        if pair not in domain.WAITING_TRANSITIONS:
            with pytest.raises(IllegalTransition):
                domain.WAITING_TRANSITIONS.after(*pair)


async def test_an_offer_whose_seat_is_gone_is_seen() -> None:
    world = await started()
    (budi,) = await offered(world, "budi")
    check = world.parts.invariants["I1_offers"]
    assert (await check()).holds
    repository = world.service.repositories
    seat = await repository.seats.seat((await entry_of(world, budi)).kept.slot.seat_id)
    assert seat is not None
    await repository.seats.replace_seat(seat, domain_seats.let_go(seat.state, START), world.clock)
    assert (await check()).broken == (budi.id,)


def test_an_entry_without_an_offer_has_none() -> None:
    entry = domain.enter(Applying("a", "b", "c"), ("x",), date(2026, 1, 1), date(2026, 1, 1), "regular", now=START)
    with pytest.raises(LookupError):
        _ = entry.kept
    assert domain.kept_until(entry, "token") is None
