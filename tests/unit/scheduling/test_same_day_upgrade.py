"""The surcharge bought at the counter takes a place in the day's same-day quota: never more than there are (F74)."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import time, timedelta
from functools import partial
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import (
    Appointment,
    ClaimFate,
    MoveCause,
    fate_of_claim,
    has_seat,
)
from services.scheduling.booking.appointments.errors import BeingMoved, TooLateToMove
from services.scheduling.booking.appointments.same_day_place import SameDayPlaceState
from services.scheduling.booking.same_day import upgrade_transitions
from services.scheduling.booking.same_day.errors import CannotUpgradeToSameDay, SameDayFull
from services.scheduling.booking.same_day.rules import cut_off
from services.scheduling.errors import NotYourOffice
from services.scheduling.visit.bulk_jobs.job import BulkState
from services.scheduling.visit.counter.check_in import VisitorLookup
from shared.events import billing
from shared.events.scheduling import SameDaySeatReserved, SeatUnavailable
from shared.store import Record
from tests.unit.scheduling.faulty_stores import Dying, Killed, Shuffling, UnguardedClaims, Wrapper, kept
from tests.unit.scheduling.test_http import Office, _loopback_allowed, office
from tests.unit.scheduling.world import (
    BOSS,
    FRONT,
    NORTH,
    SOUTH,
    START,
    TUESDAY,
    Actor,
    World,
    make_world,
    plan,
    weekly,
)

__all__ = ["_loopback_allowed", "office"]

ENDS = [
    (billing.BillExpired, {}),
    (billing.BillFailed, {"cause": "cut_off_passed"}),
    (billing.BillCancelled, {}),
]


async def visited(
    people: int = 1, same_day: int = 1, sessions: tuple[str, ...] = ("08:00",), **changes: Any
) -> tuple[World, list[str]]:
    """Tuesday, 08:00 in Jakarta; people with paid regular visits of that morning."""
    plans = [plan(people, time.fromisoformat(start), same_day=same_day) for start in sessions]
    world = make_world(templates=weekly(*plans), offices=[SOUTH], **changes)
    await world.parts.start()  # type: ignore[misc]
    ids = [(await world.paid(f"p{number}")).id for number in range(people)]
    world.clock.set(START + timedelta(hours=23))
    return world, ids


async def reserve(world: World, visit: str, key: str = "") -> Record[Appointment]:
    return await world.service.same_day_upgrades.reserve(visit, FRONT, key or f"hurry-{visit}")


def surcharge(record: Record[Appointment], fact: Any, reservation_id: str | None = None, **rest: Any) -> Any:
    hurry = record.state.hurry
    return fact(
        bill_id="surcharge",
        application_id=record.state.application_id,
        account_id=record.state.account_id,
        appointment_id=None,
        purpose="same_day",
        reservation_id=reservation_id or (hurry.reservation_id if hurry else "gone"),
        **rest,
    )


def billed(record: Record[Appointment]) -> Any:
    return surcharge(record, billing.BillRequested, amount=1_000_000, legal_basis="PP 45/2024")


def paid_surcharge(world: World, record: Record[Appointment]) -> Any:
    return surcharge(record, billing.BillPaid, amount=1_000_000, paid_at=world.clock.now())


async def no_places(world: World) -> list[tuple[str, str]]:
    """Of which bills it was said that their place is gone, and why."""
    said: list[Any] = await world.said(SeatUnavailable)
    assert all(each.asked_for == "same_day" for each in said)
    return [(each.bill_id, each.reason) for each in said]


async def pools(world: World) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for seat in await world.seats():
        found.setdefault(seat.pool, []).append(seat.status.value)
    return found


@pytest.mark.acceptance("F74.list_at_noon")
async def test_a_paid_visitor_takes_a_place_pays_and_is_on_the_list() -> None:
    world, (visit,) = await visited()
    record = await reserve(world, visit)
    hurry = record.state.hurry
    assert hurry is not None and hurry.slot is not None
    assert (hurry.state, hurry.pay_until) == (SameDayPlaceState.RESERVED, cut_off(TUESDAY, "12:00"))
    assert record.state.seat.pool == "regular"
    (said,) = await world.said(SameDaySeatReserved)
    assert (said.reservation_id, said.pay_until) == (hurry.reservation_id, hurry.pay_until)  # type: ignore[attr-defined]
    assert (await reserve(world, visit, "again")).state.hurry == hurry
    paid = surcharge(record, billing.BillPaid, amount=1_000_000, paid_at=world.clock.now())
    for message in ("one", "one", "two"):
        await world.hear(paid, message)
    after = await world.appointment(visit)
    assert after.state.hurry is not None and after.state.hurry.state is SameDayPlaceState.PAID
    await world.hear(surcharge(record, billing.BillExpired))
    await world.service.visits.check_in(VisitorLookup(appointment_id=visit), FRONT, "in")
    world.clock.set(hurry.pay_until)
    await world.worker.run_due()
    _day, listed = await world.service.same_day_lists.make(SOUTH.office_id, None, FRONT)
    assert [each.id for each in listed] == [visit]
    await world.rules_hold()
    await world.recover()
    await world.rules_hold()


@pytest.mark.acceptance("F74.quota_kept")
async def test_a_full_quota_is_said_and_the_visit_stays_as_it_was() -> None:
    world, (first, second) = await visited(people=2)
    await reserve(world, first)
    before = (await world.appointment(second)).state
    with pytest.raises(SameDayFull) as refused:
        await reserve(world, second)
    assert (refused.value.code, bool(refused.value.next_action)) == ("same_day_full", True)
    assert (await world.appointment(second)).state == before
    await world.rules_hold()


@pytest.mark.acceptance("F74.quota_kept")
async def test_an_office_without_quota_sells_none() -> None:
    world, (visit,) = await visited(same_day=0)
    with pytest.raises(SameDayFull):
        await reserve(world, visit)


@pytest.mark.acceptance("F74.quota_kept")
async def test_what_applicants_hold_online_and_what_is_bought_at_the_counter_share_one_quota() -> None:
    world, (visit,) = await visited()
    seat = next(
        each
        for each in await world.service.repositories.seats.seats_of(world.session_id())
        if each.state.pool == "same_day"
    )
    taken = await world.service.inventory.claim_this(seat.id, "an-online-hold", starts_from=START)
    assert taken is not None
    with pytest.raises(SameDayFull):
        await reserve(world, visit)


@pytest.mark.parametrize(("end", "rest"), ENDS)
async def test_an_unpaid_place_goes_back_and_is_for_the_next(end: Any, rest: dict[str, Any]) -> None:
    world, (first, second) = await visited(people=2)
    record = await reserve(world, first)
    said = surcharge(record, end, **rest)
    await world.hear(said, "end")
    await world.hear(said, "end")
    assert (await world.appointment(first)).state.hurry is None
    assert (await world.appointment(first)).state.live
    await world.pass_time(301)
    assert (await reserve(world, second)).state.hurry is not None
    await world.hear(surcharge(record, billing.BillExpired, "another"))
    await world.rules_hold()


async def test_an_old_bill_ends_no_new_place() -> None:
    world, (visit,) = await visited()
    old = await reserve(world, visit, "first")
    await world.hear(surcharge(old, billing.BillExpired))
    await world.pass_time(301)
    new = await reserve(world, visit, "second")
    await world.hear(surcharge(old, billing.BillExpired), "late repeat")
    assert (await world.appointment(visit)).state.hurry == new.state.hurry


async def test_a_place_that_nobody_pays_and_nobody_ends_goes_back_after_its_session() -> None:
    world, (visit,) = await visited()
    record = await reserve(world, visit)
    await world.service.visits.check_in(VisitorLookup(appointment_id=visit), FRONT, "in")
    long_stop = timedelta(seconds=world.service.context.rules.long_stop_seconds)
    assert record.state.hurry is not None
    late = max(record.state.seat.ends_at, record.state.hurry.pay_until) + long_stop
    await world.hear(billed(record))
    world.clock.set(late - timedelta(seconds=1))
    await world.worker.run_due()
    assert (await world.appointment(visit)).state.hurry is not None, "its bill may still be paid, or heard of late"
    world.clock.set(late)
    await world.worker.run_due()
    assert (await world.appointment(visit)).state.hurry is None
    assert await no_places(world) == [("surcharge", "not_heard_of")]
    await world.rules_hold()


@pytest.mark.parametrize("heard_before", [False, True])
async def test_a_visit_that_is_given_up_gives_its_place_up_and_its_bill_hears_of_it(heard_before: bool) -> None:
    world, (visit,) = await visited()
    record = await reserve(world, visit)
    if heard_before:
        await world.hear(billed(record))
    await world.service.specials.interrupt(visit, "system_fault", FRONT, "stop")
    assert (await world.appointment(visit)).state.hurry is None
    await world.pass_time(301)
    assert (await pools(world))["same_day"] == ["free"]
    if not heard_before:
        assert await no_places(world) == []
        await world.hear(billed(record))
    told = [("surcharge", "system_fault" if heard_before else "place_gone")]
    assert await no_places(world) == told
    for _ in range(2):
        await world.hear(paid_surcharge(world, record), "money")
    assert await no_places(world) == [*told, ("surcharge", "place_gone")]
    await world.rules_hold()


async def test_a_paid_visit_that_its_holder_cancels_says_which_surcharge_has_no_place() -> None:
    world, (visit,) = await visited()
    record = await reserve(world, visit)
    await world.hear(paid_surcharge(world, record), "money")
    await world.service.holds.cancel(visit, Actor(record.state.account_id), "cancel", fee_is_lost=True)
    await world.hear(paid_surcharge(world, record), "money")
    assert await no_places(world) == [("surcharge", "cancelled")]


async def moved(world: World, visit: str, session_id: str) -> Record[Appointment]:
    """The office closes the visit's session and sends everybody there."""
    job = await world.service.bulk_moves.begin(world.session_id(), "closed", BOSS, session_id)
    while (job := await world.service.bulk_moves.run(job)).state.state is BulkState.RUNNING:
        if job.state.run_at is not None and job.state.run_at > world.clock.now():
            break
    return await world.appointment(visit)


@pytest.mark.parametrize("paid", [False, True])
async def test_moved_within_the_day_a_visit_keeps_its_place(paid: bool) -> None:
    world, (visit,) = await visited(sessions=("08:00", "13:00"))
    record = await reserve(world, visit)
    await world.hear(paid_surcharge(world, record) if paid else billed(record))
    before = (await world.appointment(visit)).state.hurry
    record = await moved(world, visit, world.session_id(start="13:00"))
    assert record.state.seat.session_id == world.session_id(start="13:00")
    assert (record.state.hurry, await no_places(world)) == (before, [])
    await world.recover()
    assert (await pools(world))["same_day"] == ["taken"]
    await world.rules_hold()


@pytest.mark.parametrize("paid", [False, True])
async def test_moved_to_another_day_it_leaves_its_place_for_the_next_and_its_money_goes_back(paid: bool) -> None:
    world, (visit,) = await visited()
    record = await reserve(world, visit)
    await world.hear(paid_surcharge(world, record) if paid else billed(record))
    record = await moved(world, visit, world.session_id(day=TUESDAY + timedelta(days=1)))
    assert (record.state.seat.date, record.state.hurry) == (TUESDAY + timedelta(days=1), None)
    assert await no_places(world) == [("surcharge", "moved_by_office")]
    await world.pass_time(301)
    assert (await pools(world))["same_day"] == ["free"]
    await world.rules_hold()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", range(4))
async def test_wherever_a_move_breaks_off_the_place_has_one_owner_and_one_word_is_said(write: int, after: bool) -> None:
    made: list[Dying] = []

    def wrap(base: Any) -> Any:
        made.append(Dying(base))
        return made[0]

    world, (visit,) = await visited(wrap=wrap)
    record = await reserve(world, visit)
    await world.hear(paid_surcharge(world, record))
    await world.pass_time(20)
    there = world.session_id(day=TUESDAY + timedelta(days=1))
    made[0].arm(write, after=after)
    with contextlib.suppress(Killed):
        await world.service.bulk_moves._relocation.reach(
            await world.appointment(visit), there, MoveCause.MOVED_BY_OFFICE, "by-office"
        )
    made[0].disarm()
    await world.rules_hold()
    await world.recover()
    await world.rules_hold()
    record = await world.appointment(visit)
    gone = record.state.hurry is None
    assert (record.state.seat.session_id == there) == gone
    assert (await pools(world))["same_day"] == (["free"] if gone else ["taken"])
    assert await no_places(world) == ([("surcharge", "moved_by_office")] if gone else [])


async def test_on_the_day_of_a_place_nobody_moves_a_visit_by_wish() -> None:
    """So a move by wish never meets a place: one is sold on the very days on which the other is refused."""
    world, (visit,) = await visited()
    record = await reserve(world, visit)
    there = world.session_id(day=TUESDAY + timedelta(days=1))
    for at in (world.clock.now(), cut_off(TUESDAY, "00:00"), cut_off(TUESDAY, "11:59")):
        world.clock.set(at)
        with pytest.raises(TooLateToMove) as refused:
            await world.service.moves.reschedule(world.move(record, there))
        assert "special reschedule" in str(refused.value.next_action)
    assert (await world.appointment(visit)).state.hurry == record.state.hurry
    early = cut_off(TUESDAY, "00:00") - timedelta(seconds=1)
    rules = world.service.context.rules
    assert (
        upgrade_transitions.upgrade_problem(record.state, timezone=SOUTH.timezone, now=early, rules=rules)
        == "not_today"
    )


async def test_who_cannot_hurry_is_told_why() -> None:
    world, (visit,) = await visited()
    held = await world.hold("held", session_id=world.session_id(day=TUESDAY + timedelta(days=1)))
    for appointment_id, problem in ((held.id, "no_paid_visit"),):
        with pytest.raises(CannotUpgradeToSameDay) as refused:
            await reserve(world, appointment_id)
        assert refused.value.facts["problem"] == problem
    state, rules = (await world.appointment(visit)).state, world.service.context.rules
    ask = {"timezone": SOUTH.timezone, "rules": rules}
    noon = cut_off(TUESDAY, "12:00")
    assert upgrade_transitions.upgrade_problem(state, now=noon, **ask) == "too_late"  # type: ignore[arg-type]
    assert upgrade_transitions.upgrade_problem(state, now=noon - timedelta(seconds=1), **ask) is None  # type: ignore[arg-type]
    assert upgrade_transitions.upgrade_problem(state, now=START, **ask) == "not_today"  # type: ignore[arg-type]
    with pytest.raises(NotYourOffice):
        await world.service.same_day_upgrades.reserve(visit, Actor("x", NORTH.office_id, is_staff=True), "k")


async def race(world: World, ids: list[str]) -> list[str]:
    """All officers ask at the same moment; whose visits have a place afterwards, by seat."""
    await asyncio.gather(*(reserve(world, each) for each in ids), return_exceptions=True)
    states = [(await world.appointment(each)).state for each in ids]
    return [each.hurry.slot.seat_id for each in states if each.hurry is not None and each.hurry.slot is not None]


@pytest.mark.acceptance("F74.quota_kept")
@pytest.mark.parametrize("seed", range(5))
async def test_officers_who_ask_at_once_never_sell_more_than_there_are(seed: int) -> None:
    world, ids = await visited(people=12, same_day=3, wrap=lambda base: Shuffling(base, seed))
    seats = await race(world, ids)
    assert (len(seats), len(set(seats))) == (3, 3)
    await world.recover()
    await world.rules_hold()


async def test_twin_without_the_conditional_claim_it_oversells() -> None:
    made: list[UnguardedClaims] = []

    def wrap(base: Any) -> Any:
        made.append(UnguardedClaims(Shuffling(base, 1)))
        return made[0]

    world, ids = await visited(people=12, same_day=3, wrap=wrap)
    seats = await race(world, ids)
    assert len(seats) > len(set(seats))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", range(3))
async def test_wherever_it_breaks_the_place_is_whole_or_not_there(write: int, after: bool) -> None:
    made: list[Dying] = []

    def wrap(base: Any) -> Any:
        made.append(Dying(base))
        return made[0]

    world, (visit,) = await visited(wrap=wrap)
    made[0].arm(write, after=after)
    with pytest.raises(Killed):
        await reserve(world, visit)
    made[0].disarm()
    if write and not after:
        with pytest.raises(BeingMoved):
            await reserve(world, visit, "meanwhile")
    await world.pass_time(100)
    await world.pass_time(100)
    hurry = (await world.appointment(visit)).state.hurry
    assert hurry is None or hurry.state is SameDayPlaceState.RESERVED
    assert len(await world.said(SameDaySeatReserved)) == (hurry is not None)
    assert (await reserve(world, visit, "afterwards")).state.hurry is not None
    await world.rules_hold()


class Overtaken(Wrapper):
    """Lets the deadline of a half taken place run before the chosen verb, once."""

    def __init__(self, base: Any) -> None:
        super().__init__(base)
        self.deadline: Any = None
        self.before = ""

    async def _overtake(self, verb: str) -> None:
        if verb == self.before:
            self.before = ""
            await self.deadline()

    async def claim_one(self, *given: Any, **named: Any) -> Any:
        await self._overtake("claim_one")
        return await self.base.claim_one(*given, **named)

    async def save(self, kind: Any, record: Any, state: Any, **named: Any) -> Any:
        hurry = getattr(state, "hurry", None)
        if hurry is not None and hurry.state is SameDayPlaceState.RESERVED:
            await self._overtake("save")
        return await self.base.save(kind, record, state, **named)


@pytest.mark.parametrize("verb", ["save", "claim_one"])
async def test_a_faster_deadline_is_met_and_one_that_gave_up_is_obeyed(verb: str) -> None:
    """Before the last write the deadline has reserved the place itself; before the claim it has given it up."""
    made: list[Overtaken] = []
    world, (visit,) = await visited(wrap=lambda base: kept(made, Overtaken(base)))
    made[0].deadline, made[0].before = partial(world.pass_time, 16), verb
    record = await reserve(world, visit)
    assert made[0].before == ""
    assert record.state.hurry is not None and record.state.hurry.state is SameDayPlaceState.RESERVED
    assert len(await world.said(SameDaySeatReserved)) == 1
    await world.recover()
    assert (await world.appointment(visit)).state.hurry == record.state.hurry
    await world.rules_hold()


async def test_a_place_that_another_request_reaches_for_by_now_is_left_to_it() -> None:
    made: list[Overtaken] = []
    world, (served, visit) = await visited(2, wrap=lambda base: kept(made, Overtaken(base)))
    await reserve(world, served)

    async def another() -> None:
        await world.pass_time(16)
        record, rules = await world.appointment(visit), world.service.context.rules
        assert record.state.hurry is None
        reaching = upgrade_transitions.reach(
            record.state, "other", world.session_id(), "theirs", by="officer", now=world.clock.now(), rules=rules
        )
        await world.service.repositories.appointments.save(record, reaching, world.clock.now())

    made[0].deadline, made[0].before = another, "claim_one"
    with pytest.raises(BeingMoved):
        await reserve(world, visit)
    hurry = (await world.appointment(visit)).state.hurry
    assert hurry is not None and hurry.token == "theirs"
    await world.recover()
    await world.rules_hold()


async def test_a_place_that_goes_while_its_bill_is_noted_is_answered_with_a_no() -> None:
    made: list[Overtaken] = []
    world, (visit,) = await visited(wrap=lambda base: kept(made, Overtaken(base)))
    record = await reserve(world, visit)
    owner = Actor(record.state.account_id)
    made[0].deadline = partial(world.service.holds.cancel, visit, owner, "cancel", fee_is_lost=True)
    made[0].before = "save"
    await world.hear(surcharge(record, billing.BillRequested, amount=1_000_000, legal_basis="PP 45/2024"))
    assert made[0].before == ""
    answers = await world.said(SeatUnavailable)
    assert [(answer.asked_for, answer.reason) for answer in answers] == [("same_day", "place_gone")]  # type: ignore[attr-defined]
    assert (await world.appointment(visit)).state.hurry is None
    await world.rules_hold()


async def test_a_claim_is_judged_by_the_place_that_it_was_for() -> None:
    world, (visit,) = await visited()
    record = await reserve(world, visit)
    hurry = record.state.hurry
    assert hurry is not None and hurry.slot is not None
    seat = await world.service.repositories.seats.seat(hurry.slot.seat_id)
    assert seat is not None and has_seat(record.state, seat.state)
    assert fate_of_claim(seat.state, record.state) is ClaimFate.SETTLE
    reaching = upgrade_transitions.reach(
        record.state, "r", "s", hurry.token, by="o", now=START, rules=world.service.context.rules
    )
    assert fate_of_claim(seat.state, reaching.state) is ClaimFate.WAIT
    ended = upgrade_transitions.end(reaching.state, now=START, rules=world.service.context.rules)
    assert (ended.state.hurry, ended.state.leaving) == (None, ())
    with pytest.raises(LookupError):
        upgrade_transitions.paid(ended.state, "surcharge")


async def test_over_http_an_officer_asks_and_an_applicant_does_not(office: Office) -> None:
    paid = await office.paid()
    path = f"/v1/appointments/{paid.id}/same-day"
    assert (await office.post(path, {}, office.ani()))[0] == 403
    office.world.clock.set(paid.state.seat.starts_at)
    status, problem = await office.post(path, None, office.front())
    assert (status, problem["code"]) == (409, "same_day_full")
    status, problem = await office.post(path, None, office.front(NORTH.office_id))
    assert (status, problem["code"]) == (403, "not_your_office")
