"""A family books together: all of them or nobody, whoever is faster and wherever it dies."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import product
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.errors import PersonHasAppointment
from services.scheduling.booking.parties import party as domain
from services.scheduling.booking.parties.errors import PartyBroken, SamePersonTwice
from services.scheduling.booking.parties.party import LARGEST_PARTY, PartyBreak, PartyCommand, PartyStatus
from services.scheduling.booking.parties.service import PartyWish, Seated
from services.scheduling.context import Actor
from services.scheduling.errors import ApplicationIsWithdrawn
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed, SessionNotFound, SessionSoldOut
from services.scheduling.terms import Pool
from shared.errors import NotFound, Refusal
from shared.events import application, billing
from shared.events import scheduling as said
from shared.service import NotYet
from shared.store.port import AlreadyExists
from shared.store.transitions import IllegalTransition
from tests.unit.scheduling.faulty_stores import Dying, Killed, Shuffling, Wrapper, kept
from tests.unit.scheduling.world import NORTH, SOUTH, World, make_world, plan, weekly

FAMILY = ("ani", "budi", "citra")
PARENTS = Actor("account-family")
MOST_WRITES = 16


async def started(seats: int = 4, **given: Any) -> World:
    chosen: dict[str, Any] = {"templates": weekly(plan(seats)), "offices": [SOUTH, NORTH], "horizon_days": 2}
    world = make_world(**(chosen | given))
    assert world.parts.start is not None
    await world.parts.start()
    for person in FAMILY:
        await world.submitted(person, account=PARENTS.account_id)
    return world


def wish(world: World, *people: str, key: str = "party", **changes: Any) -> PartyWish:
    given: dict[str, Any] = {
        "application_ids": tuple(f"application-{person}" for person in people or FAMILY),
        "session_id": world.session_id(),
        "pool": Pool.REGULAR,
        "actor": PARENTS,
        "command_id": key,
    }
    return PartyWish(**(given | changes))


async def book(world: World, *people: str, **changes: Any) -> Seated:
    return await world.service.parties.book(wish(world, *people, **changes))


async def standing(world: World) -> list[str]:
    """Where the family's appointments stand, without tombstones and what broke off."""
    found = [each.state for person in FAMILY for each in await world.of(f"application-{person}")]
    return [state.status.value for state in found if state.status not in (Status.RELEASED, Status.ABANDONED)]


async def test_a_family_gets_its_seats_together() -> None:
    world = await started()
    seated = await book(world)
    assert seated.record.state.status is PartyStatus.HELD
    assert [each.state.application_id for each in seated.appointments] == [f"application-{each}" for each in FAMILY]
    assert {each.state.status for each in seated.appointments} == {Status.HELD}
    assert len({each.state.seat.seat_id for each in seated.appointments}) == 3
    events: list[Any] = await world.said(said.SeatHeld)
    assert {event.party_id for event in events} == {seated.record.id}
    assert await world.buckets() == {"held": 3, "free": 1}
    await world.rules_hold()
    again = await book(world)
    assert [each.id for each in again.appointments] == [each.id for each in seated.appointments]
    assert len(await world.said(said.SeatHeld)) == 3
    assert (await world.service.parties.get(seated.record.id, PARENTS)).record.id == seated.record.id
    for party_id, actor in ((seated.record.id, Actor("stranger")), ("nothing", PARENTS)):
        with pytest.raises(NotFound):
            await world.service.parties.get(party_id, actor)


async def test_once_held_each_lives_alone() -> None:
    world = await started()
    first, second, third = (await book(world)).appointments
    await world.hear(world.bill(billing.BillPaid, first, amount=1, paid_at=world.clock.now()))
    await world.service.holds.cancel(second.id, PARENTS, "cancel", fee_is_lost=False)
    await world.pass_time(300)
    states = [(await world.appointment(each.id)).state.status for each in (first, second, third)]
    assert states == [Status.CONFIRMED, Status.RELEASED, Status.RELEASED]


async def test_too_few_seats_are_not_even_reached_for() -> None:
    world = await started(seats=2)
    with pytest.raises(SessionSoldOut):
        await book(world)
    assert await world.buckets() == {"free": 2}
    assert await standing(world) == []


class SellsOut(Wrapper):
    """After so many claims the last free seat is gone."""

    def __init__(self, base: Any, claims: int) -> None:
        super().__init__(base)
        self.left = claims

    async def claim_one(self, *given: Any, **named: Any) -> Any:
        if self.left <= 0:
            return None
        won = await self.base.claim_one(*given, **named)
        self.left -= won is not None
        return won


async def test_sold_out_halfway_gives_all_seats_back_and_nobody_hears_of_it() -> None:
    made: list[SellsOut] = []
    world = await started(wrap=lambda base: kept(made, SellsOut(base, 2)))
    for _ in range(2):
        with pytest.raises(SessionSoldOut):
            await book(world)
    assert await standing(world) == []
    assert await world.buckets() == {"cooling": 2, "free": 2}
    assert await world.said() == []
    await world.pass_time(301)
    assert await world.buckets() == {"free": 4}
    await world.rules_hold()
    made[0].left = 10
    assert len((await book(world, key="once more")).appointments) == 3


async def test_one_who_has_an_appointment_keeps_all_from_booking() -> None:
    world = await started()
    await world.service.booking.hold(world.wish("citra", actor=PARENTS, session_id=world.session_id(NORTH)))
    with pytest.raises(PersonHasAppointment) as refused:
        await book(world)
    assert refused.value.facts == {"application_id": "application-citra"}
    assert await world.buckets() == {"free": 4}


async def test_one_who_gets_an_appointment_meanwhile_breaks_the_party(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await started()

    async def nobody(_person_id: str) -> None:
        return None

    await world.service.booking.hold(world.wish("citra", actor=PARENTS, session_id=world.session_id(NORTH)))
    monkeypatch.setattr(world.service.repositories.appointments, "live_appointment_of", nobody)
    for _ in range(2):
        with pytest.raises(PersonHasAppointment):
            await book(world)
    assert await world.buckets() == {"cooling": 2, "free": 2}
    await world.rules_hold()


async def test_who_may_not_book_together() -> None:
    world = await started()
    await world.submitted("dewi")
    await world.submitted("ani", account=PARENTS.account_id, application_id="application-second")
    with pytest.raises(NotFound):
        await book(world, "ani", "dewi")
    with pytest.raises(SamePersonTwice):
        await book(world, "ani", "second")
    with pytest.raises(PoolNotOpen):
        await book(world, pool=Pool.PRIORITY)
    with pytest.raises(SessionNotFound):
        await book(world, session_id="nowhere")
    world.clock.set((await world.seats())[0].starts_at)
    with pytest.raises(SessionClosed):
        await book(world)
    gone = application.ApplicationWithdrawn(
        application_id="application-ani", account_id=PARENTS.account_id, person_id="person-ani"
    )
    await world.hear(gone)
    with pytest.raises(ApplicationIsWithdrawn):
        await book(world)


async def crash(write: int, after: bool, twice: int | None, seats: int, claims: int) -> tuple[World, bool]:
    made: list[Dying] = []

    def wrap(base: Any) -> Dying:
        made.append(Dying(SellsOut(base, claims)))
        return made[0]

    world = await started(seats=seats, wrap=wrap, offices=[SOUTH])
    made[0].arm(write, after=after)
    with contextlib.suppress(Killed, Refusal):
        await book(world)
    unharmed = made[0].disarm()
    await world.rules_hold()
    if twice is not None:
        made[0].arm(twice, after=after)
        with contextlib.suppress(Killed):
            await world.pass_time(46)
        made[0].disarm()
        await world.rules_hold()
    return world, unharmed


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("twice", [None, 0, 2])
@pytest.mark.parametrize("claims", [100, 2], ids=["enough", "sold-out"])
async def test_all_or_none_wherever_it_dies(claims: int, twice: int | None, after: bool) -> None:
    outcomes = set()
    for write in range(MOST_WRITES):
        world, unharmed = await crash(write, after, twice, 4, claims)
        for _ in range(4):
            await world.pass_time(46)
        found = await standing(world)
        assert found in ([], ["held"] * 3), (write, found)
        outcomes.add(len(found))
        assert len({each.party_id for each in await world.said(said.SeatHeld)}) <= 1  # type: ignore[attr-defined]
        assert len(await world.said(said.SeatHeld)) in (0, 3)
        await world.rules_hold()
        await world.recover()
        assert await world.buckets() == {"free": 4}, write
        async for record in world.service.repositories.appointments.every_appointment():
            assert record.state.status in (Status.RELEASED, Status.ABANDONED)
            assert record.state.leaving == ()
        if unharmed:
            assert outcomes == ({0, 3} if claims == 100 else {0})
            return
    raise AssertionError(f"a party writes more than {MOST_WRITES} times")


@pytest.mark.parametrize("after", [False, True])
async def test_a_party_that_died_is_asked_for_again(after: bool) -> None:
    for write in range(MOST_WRITES):
        world, unharmed = await crash(write, after, None, 4, 100)
        seated = await book(world)
        assert {each.state.status for each in seated.appointments} == {Status.HELD}
        assert len(await world.said(said.SeatHeld)) == 3
        await world.pass_time(46)
        assert await world.buckets() == {"held": 3, "free": 1}
        await world.rules_hold()
        if unharmed:
            return


@pytest.mark.parametrize("seed", range(5))
async def test_two_families_want_the_same_four_seats(seed: int) -> None:
    world = await started(wrap=lambda base: Shuffling(base, seed), offices=[SOUTH])
    for person in ("xena", "yudi", "zaki"):
        await world.submitted(person, account="account-others")
    others = wish(world, "xena", "yudi", "zaki", key="others", actor=Actor("account-others"))
    results = await asyncio.gather(book(world), book(world), world.service.parties.book(others), return_exceptions=True)
    for _ in range(3):
        await world.pass_time(20)
    live = [each async for each in world.service.repositories.appointments.every_appointment() if each.state.live]
    accounts = {each.state.account_id for each in live}
    assert len(live) in (0, 3) and len(accounts) <= 1
    assert all(isinstance(each, Seated | Refusal) for each in results)
    await world.rules_hold()


class Unguarded(Wrapper):
    """The guard is off: each member's word is said at once, as if it were a hold of its own."""

    async def insert(self, kind: Any, record_id: str, state: Any, **named: Any) -> Any:
        if kind.name == "appointment" and state.status is Status.GATHERING:
            state = type(state)(**(vars(state) | {"status": Status.HELD}))
        return await self.base.insert(kind, record_id, state, **named)


async def test_twin_without_the_party_as_commit_point_some_hold_and_some_do_not() -> None:
    world = await started(wrap=lambda base: SellsOut(Unguarded(base), 2))
    with pytest.raises(SessionSoldOut):
        await book(world)
    assert await standing(world) == ["held", "held"]


async def test_a_member_looks_what_became_of_its_party() -> None:
    world = await started()
    repository, parties = world.service.repositories, world.service.parties
    members = await parties._members("family", wish(world))
    record = await parties._begin("family", wish(world), members)
    assert await parties._seat(record, members[0]) is None
    assert (await parties._begin("family", wish(world), members)).id == record.id
    member = await world.appointment(members[0].appointment_id)
    with pytest.raises(NotYet):
        await parties.decide_member(member)
    gone = application.ApplicationWithdrawn(
        application_id="application-ani", account_id=PARENTS.account_id, person_id="person-ani"
    )
    with pytest.raises(NotYet):
        await world.hear(gone)
    await world.pass_time(15)
    decided = await repository.parties.party("family")
    assert decided is not None and decided.state.broken_for is PartyBreak.TOO_SLOW
    assert await standing(world) == []
    await parties.decide(decided)
    with pytest.raises(PartyBroken):
        raise await parties._refusal(decided.state)
    # a member that comes when all is over goes back too
    seat = await world.service.inventory.claim_any(world.session_id(), "regular", members[1].appointment_id)
    assert seat is not None
    with contextlib.suppress(AlreadyExists):
        await parties._seat(record, members[1])
    await world.pass_time(30)
    await world.rules_hold()
    assert await standing(world) == []


def test_what_is_not_in_the_table_is_refused() -> None:
    for pair in product(PartyStatus, PartyCommand):
        if pair not in domain.PARTY_TRANSITIONS:
            with pytest.raises(IllegalTransition):
                domain.PARTY_TRANSITIONS.after(*pair)
    assert LARGEST_PARTY == 5
