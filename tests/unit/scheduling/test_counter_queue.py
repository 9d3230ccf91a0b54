"""The queue at the counter: the fair rule, the wait, the display, and visitors without a booking."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.walk_in import OVERRIDES, POOL_OF_REASON, WalkInReason
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.visit.counter import queue as counter
from services.scheduling.visit.counter.check_in import VisitorLookup
from services.scheduling.visit.counter.check_in_errors import VisitOnAnotherDay
from services.scheduling.visit.counter.queue import (
    CALLS_BEFORE_MISSED,
    COMMANDS_KEPT,
    COUNTER_TRANSITIONS,
    MOST_VISITORS,
    SHOWN_CALLS,
    WHEEL,
    CounterCommand,
    CounterDay,
    CounterFull,
    Lane,
    Visitor,
    VisitorState,
)
from services.scheduling.visit.counter.queue_errors import (
    EvidenceNeeded,
    NobodyWaits,
    NotPossibleAtCounter,
    NoWalkInSeat,
)
from services.scheduling.visit.counter.queue_service import Registration
from shared.audit import AUDIT
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events import billing
from shared.events import scheduling as said
from shared.events.application import InterviewRecorded
from shared.store.decision import Decision
from shared.store.transitions import IllegalTransition
from tests.unit.scheduling.faulty_stores import Dying, Killed
from tests.unit.scheduling.world import FRONT, NORTH, SOUTH, START, TUESDAY, World, make_world, plan, weekly

NTPN = "0A1B2C3D4E5F6G7H"
OTHER = Actor("front", NORTH.office_id, is_staff=True)


def visitor(name: str, lane: Lane = Lane.BOOKED, minute: int = 0) -> Visitor:
    at = START + timedelta(minutes=minute)
    return Visitor(name, name.upper(), lane, VisitorState.WAITING, arrived_at=at, order=at)


def day_of(visitors: Iterable[Visitor]) -> CounterDay:
    day = CounterDay("office", TUESDAY)
    for each in visitors:
        day = counter.joined(day, each)
    return day


def calls_of(day: CounterDay, count: int) -> tuple[CounterDay, list[Visitor]]:
    made = []
    for number in range(count):
        found = counter.called_next(day, "1", START + timedelta(seconds=number))
        assert found is not None
        day, called = found
        made.append(called)
    return day, made


class TestTheRule:
    def test_every_place_is_final_or_can_be_left_and_every_command_counts(self) -> None:
        assert {place for place, _ in COUNTER_TRANSITIONS} == set(VisitorState) - {VisitorState.SERVED}
        assert {command for _, command in COUNTER_TRANSITIONS} == set(CounterCommand)
        assert set(WHEEL) == set(Lane)

    def test_priority_and_walk_ins_are_called_between_bookings(self) -> None:
        day = day_of(visitor(f"{lane}{n}", lane, n) for lane in Lane for n in range(6))
        _, called = calls_of(day, len(WHEEL))
        assert [each.lane for each in called] == list(WHEEL)

    def test_nobody_starves_whoever_else_comes(self) -> None:
        chance = random.Random(7)
        for _ in range(50):
            day = day_of([visitor("last", Lane.WALK_IN, 99)])
            day = replace(day, turn=chance.randrange(len(WHEEL)))
            for number in range(len(WHEEL)):
                for lane in (Lane.PRIORITY, Lane.BOOKED):
                    day = counter.joined(day, visitor(f"{lane}{number}", lane, number))
                found = counter.called_next(day, "1", START)
                assert found is not None
                day, called = found
                if called.visit_id == "last":
                    break
            assert day.visitors["last"].place is VisitorState.CALLED

    def test_an_empty_lane_is_passed_over(self) -> None:
        day = day_of([visitor("a", Lane.WALK_IN), visitor("b", Lane.WALK_IN, 1)])
        _, called = calls_of(day, 2)
        assert [each.visit_id for each in called] == ["a", "b"]
        assert counter.called_next(CounterDay("office", TUESDAY), "1", START) is None

    def test_who_comes_early_for_a_later_session_does_not_overtake(self) -> None:
        early = replace(visitor("early", minute=0), order=START + timedelta(hours=2))
        day = day_of([early, visitor("due", minute=30)])
        assert [each.visit_id for each in counter.line(day)] == ["due", "early"]

    def test_the_line_is_the_order_of_the_calls(self) -> None:
        chance = random.Random(3)
        day = day_of(visitor(f"v{n}", chance.choice(list(Lane)), n) for n in range(30))
        expected = [each.visit_id for each in counter.line(day)]
        _, called = calls_of(day, 30)
        assert [each.visit_id for each in called] == expected

    def test_the_wait_grows_by_rounds_of_the_booths(self) -> None:
        day = day_of(visitor(f"v{n}", minute=n) for n in range(5))
        waits = counter.waits(day, booths=2, service_minutes=10)
        assert [waits[f"v{n}"].minutes for n in range(5)] == [0, 0, 10, 10, 20]
        assert counter.wait_of_office(day, booths=2, service_minutes=10) == counter.Wait(5, 20)
        assert counter.wait_of_office(day, booths=0, service_minutes=10).minutes == 50

    def test_joining_again_changes_nothing_and_the_queue_is_bounded(self) -> None:
        day = day_of([visitor("a")])
        assert counter.joined(day, visitor("a", Lane.PRIORITY)) is day
        full = replace(day, visitors={str(n): visitor("a") for n in range(MOST_VISITORS)})
        with pytest.raises(CounterFull):
            counter.joined(full, visitor("one too many"))
        almost = replace(day, visitors={str(n): visitor("a") for n in range(MOST_VISITORS - 1)})
        assert len(counter.joined(almost, visitor("the last")).visitors) == MOST_VISITORS


class TestCommands:
    def called(self) -> CounterDay:
        return calls_of(day_of([visitor("a"), visitor("b", minute=1)]), 1)[0]

    def act(self, day: CounterDay, *commands: CounterCommand) -> CounterDay:
        for command in commands:
            day = counter.changed(day, "a", command, START)
        return day

    def test_park_and_resume_keep_the_place(self) -> None:
        day = self.act(self.called(), CounterCommand.PARK, CounterCommand.RESUME)
        assert [each.visit_id for each in counter.line(day)] == ["a", "b"]
        assert day.visitors["a"].booth is None
        waiting = self.act(day_of([visitor("a")]), CounterCommand.PARK)
        assert counter.waiting(waiting) == []

    def test_missed_only_after_it_was_called_twice(self) -> None:
        assert CALLS_BEFORE_MISSED == 2
        with pytest.raises(IllegalTransition):
            self.act(self.called(), CounterCommand.MISS)
        day = self.act(self.called(), CounterCommand.RECALL, CounterCommand.MISS)
        assert day.visitors["a"].place is VisitorState.MISSED
        assert self.act(day, CounterCommand.RESUME).visitors["a"].place is VisitorState.WAITING

    def test_served_is_the_end(self) -> None:
        day = self.act(self.called(), CounterCommand.SERVE)
        assert (day.visitors["a"].place, day.visitors["a"].served_at) == (VisitorState.SERVED, START)
        for command in CounterCommand:
            with pytest.raises(IllegalTransition):
                self.act(day, command)

    def test_the_display_shows_the_newest_calls(self) -> None:
        day, called = calls_of(day_of(visitor(f"v{n}", minute=n) for n in range(20)), SHOWN_CALLS + 1)
        shown = counter.on_display(day)
        assert [each.visit_id for each in shown] == [each.visit_id for each in called[::-1]][:SHOWN_CALLS]

    def test_old_commands_are_forgotten(self) -> None:
        day = self.called()
        for number in range(COMMANDS_KEPT + 1):
            day = counter.remembered(day, f"c{number}", "a")
        assert counter.visit_of(day, "c0") is None
        assert counter.visit_of(day, "c1") == "a"


async def busy(**pools: Any) -> World:
    world = make_world(templates=weekly(plan(4, **pools)))
    assert world.parts.start is not None
    await world.parts.start()
    return world


async def come(world: World, *people: str) -> list[str]:
    """They paid, it is the morning of their visit, and they check in a minute apart; gives their visits."""
    paid = [await world.paid(person) for person in people]
    world.clock.set(paid[0].state.seat.starts_at)
    for each in paid:
        await world.service.visits.check_in(VisitorLookup(appointment_id=each.id), FRONT, f"in {each.id}")
        world.clock.advance(60)
    return [each.id for each in paid]


async def test_who_checks_in_is_called_recalled_parked_and_served() -> None:
    world = await busy()
    first, second = await come(world, "ani", "budi")
    service = world.service.counter
    hall = await service.find_own_queue(SOUTH.office_id, FRONT)
    assert [hall.waits[each].ahead for each in (first, second)] == [0, 1]
    assert (hall.booths, hall.service_minutes) == (100, 30)
    called = await service.call_next(SOUTH.office_id, "3", FRONT, "call")
    assert (called.visit_id, called.booth) == (first, "3")
    assert (await service.call_next(SOUTH.office_id, "3", FRONT, "call")).visit_id == first
    again = await service.change(SOUTH.office_id, first, CounterCommand.RECALL, FRONT, "recall")
    assert again.calls == 2
    assert (await service.change(SOUTH.office_id, first, CounterCommand.RECALL, FRONT, "recall")).calls == 2
    await service.change(SOUTH.office_id, first, CounterCommand.PARK, FRONT, "park")
    with pytest.raises(NotPossibleAtCounter):
        await service.change(SOUTH.office_id, first, CounterCommand.SERVE, FRONT, "serve")
    other = await service.call_next(SOUTH.office_id, "4", FRONT, "call 2")
    assert other.visit_id == second
    done = await service.change(SOUTH.office_id, second, CounterCommand.SERVE, FRONT, "serve 2")
    assert done.place is VisitorState.SERVED
    with pytest.raises(NobodyWaits):
        await service.call_next(SOUTH.office_id, "4", FRONT, "call 3")
    assert (await world.appointment(second)).state.status is Status.CHECKED_IN, "the interview says that it was used"


async def test_two_booths_never_call_the_same_number() -> None:
    world = await busy()
    visits = await come(world, "ani", "budi", "citra")
    called = await asyncio.gather(
        *(world.service.counter.call_next(SOUTH.office_id, str(n), FRONT, f"call {n}") for n in range(3))
    )
    assert sorted(each.visit_id for each in called) == sorted(visits)


async def test_only_officers_of_the_office() -> None:
    world = await busy()
    (visit,) = await come(world, "ani")
    service = world.service.counter
    with pytest.raises(NotYourOffice):
        await service.call_next(SOUTH.office_id, "1", OTHER, "c")
    with pytest.raises(NotYourOffice):
        await service.change(SOUTH.office_id, visit, CounterCommand.PARK, OTHER, "c")
    with pytest.raises(NotYourOffice):
        await service.find_own_queue(SOUTH.office_id, OTHER)
    with pytest.raises(OfficeNotFound):
        await service.find_own_queue("unknown", FRONT)
    with pytest.raises(NotFound):
        await service.change(SOUTH.office_id, "unknown", CounterCommand.PARK, FRONT, "c")
    with pytest.raises(NotFound):
        await service.change(NORTH.office_id, visit, CounterCommand.PARK, OTHER, "c")


async def test_who_died_between_check_in_and_queue_is_queued_by_a_deadline() -> None:
    for write in range(1, 5):
        for after in (False, True):
            made: list[Dying] = []
            world = make_world(wrap=lambda base, made=made: made.append(Dying(base)) or made[0])
            await world.parts.start()  # type: ignore[misc]
            paid = await world.paid()
            world.clock.set(paid.state.seat.starts_at)
            made[0].arm(write, after=after)
            with contextlib.suppress(Killed):
                await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "in")
            made[0].disarm()
            await world.pass_time(6)
            record = await world.appointment(paid.id)
            hall = await world.service.counter.find_queue(SOUTH.office_id)
            assert (record.state.status is Status.CHECKED_IN) == (paid.id in hall.day.visitors)
            assert record.state.enqueue_at is None
            await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "in")
            assert list((await world.service.counter.find_queue(SOUTH.office_id)).day.visitors) == [paid.id]


async def test_a_busy_queue_does_not_refuse_the_check_in(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await busy()
    paid = await world.paid()
    world.clock.set(paid.state.seat.starts_at)

    async def conflict(*_: Any) -> Any:
        raise SomeoneElseChangedIt

    with monkeypatch.context() as patched:
        patched.setattr(world.service.repositories.counter_days, "change_counter_day", conflict)
        record = await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "in")
    assert record.state.status is Status.CHECKED_IN and record.state.enqueue_at is not None
    await world.pass_time(6)
    assert paid.id in (await world.service.counter.find_queue(SOUTH.office_id)).day.visitors


async def test_who_was_used_before_the_queue_knew_is_not_queued(world: World) -> None:
    paid = await world.paid()
    state = replace(paid.state, enqueue_at=world.clock.now(), status=Status.USED)
    record = await world.service.repositories.appointments.save(paid, Decision(state), world.clock.now())
    cleared = await world.service.counter.enqueue(record)
    assert cleared.state.enqueue_at is None
    assert (await world.service.counter.find_queue(SOUTH.office_id)).day.visitors == {}
    assert (await world.service.counter.enqueue(cleared)).version == cleared.version


def walk_in(reason: WalkInReason = WalkInReason.WALK_IN, key: str = "w", **changes: Any) -> Registration:
    given: dict[str, Any] = {
        "office_id": SOUTH.office_id,
        "reason": reason,
        "evidence": "KTP lama no. 7",
        "actor": FRONT,
        "command_id": key,
    }
    return Registration(**(given | changes))


class TestWalkIns:
    @pytest.mark.acceptance("F20.walk_in_quota", "F20.officer_stored", "F20.evidence_stored", "F21.logged")
    async def test_who_cannot_be_verified_is_received_in_the_walk_in_quota(self) -> None:
        world = await busy(walk_in=1, priority=1)
        world.clock.set(datetime(2026, 11, 24, 1, 30, tzinfo=START.tzinfo))
        record = await world.service.counter.register(walk_in(WalkInReason.VERIFICATION_UNAVAILABLE))
        state = record.state
        assert (state.status, state.seat.pool) == (Status.CHECKED_IN, "walk_in")
        assert state.walk_in is not None
        assert (state.walk_in.registered_by, state.walk_in.reason) == (FRONT.account_id, "verification_unavailable")
        assert "KTP lama" not in str(state), "evidence is kept sealed"
        assert await world.service.counter.evidence(record) == "KTP lama no. 7"
        lines = await world.base.find(AUDIT, "overrides", {"state.office_id": SOUTH.office_id, "state.override": True})
        assert [(each.state.actor_id, each.state.reason) for each in lines] == [
            (FRONT.account_id, "verification_unavailable")
        ]
        assert (await world.service.counter.register(walk_in(WalkInReason.VERIFICATION_UNAVAILABLE))).id == record.id
        with pytest.raises(NoWalkInSeat):
            await world.service.counter.register(walk_in(key="second"))
        assert (await world.buckets())["confirmed"] == 1
        assert record.id in (await world.service.counter.find_queue(SOUTH.office_id)).day.visitors
        assert await world.said(said.VisitorCheckedIn) == [], "no other service knows of it"
        await world.rules_hold()

    async def test_an_override_without_evidence_is_refused(self) -> None:
        world = await busy(walk_in=1)
        for reason in OVERRIDES:
            for evidence in (None, ""):
                with pytest.raises(EvidenceNeeded):
                    await world.service.counter.register(walk_in(reason, evidence=evidence))
        assert await world.base.find(AUDIT, "office", {"state.office_id": SOUTH.office_id}) == []

    async def test_priority_takes_its_own_quota_and_its_own_lane(self) -> None:
        world = await busy(walk_in=1, priority=1)
        (booked,) = await come(world, "ani")
        plain = await world.service.counter.register(walk_in(evidence=None))
        elderly = await world.service.counter.register(walk_in(WalkInReason.ELDERLY, key="e", evidence=None))
        assert (elderly.state.seat.pool, await world.service.counter.evidence(elderly)) == ("priority", None)
        called = [
            (await world.service.counter.call_next(SOUTH.office_id, "1", FRONT, f"c{n}")).visit_id for n in range(3)
        ]
        assert called == [elderly.id, booked, plain.id]
        await world.service.counter.change(SOUTH.office_id, plain.id, CounterCommand.SERVE, FRONT, "served")
        assert (await world.appointment(plain.id)).state.status is Status.USED
        await world.rules_hold()

    async def test_a_session_that_is_over_takes_nobody(self) -> None:
        world = await busy(walk_in=1)
        world.clock.set(datetime(2026, 11, 24, 3, 0, tzinfo=START.tzinfo))
        with pytest.raises(NoWalkInSeat):
            await world.service.counter.register(walk_in())
        with pytest.raises(NotYourOffice):
            await world.service.counter.register(walk_in(actor=OTHER))

    async def test_killed_at_any_write_every_seat_is_accounted_for(self) -> None:
        for write in range(1, 8):
            for after in (False, True):
                made: list[Dying] = []
                world = make_world(
                    wrap=lambda base, made=made: made.append(Dying(base)) or made[0],
                    templates=weekly(plan(1, walk_in=1)),
                )
                await world.parts.start()  # type: ignore[misc]
                world.clock.set(datetime(2026, 11, 24, 1, 0, tzinfo=START.tzinfo))
                made[0].arm(write, after=after)
                with contextlib.suppress(Killed):
                    await world.service.counter.register(walk_in())
                made[0].disarm()
                await world.rules_hold()
                await world.recover()
                world.clock.set(datetime(2026, 11, 24, 1, 0, tzinfo=START.tzinfo))
                record = await world.service.counter.register(walk_in())
                assert record.state.status is Status.CHECKED_IN
                await world.rules_hold()

    def test_each_reason_has_its_pool(self) -> None:
        assert set(POOL_OF_REASON) == set(WalkInReason)


class TestOnProof:
    async def waits_for_payment(self, world: World) -> Any:
        held = await world.hold()
        await world.hear(world.requested(held))
        world.clock.set(held.state.seat.starts_at)
        return held

    @pytest.mark.acceptance("X6.check_in_on_proof")
    async def test_who_has_proof_is_let_in_and_the_payment_is_found_later(self, world: World) -> None:
        held = await self.waits_for_payment(world)
        visits = world.service.visits
        record = await visits.arrive_on_proof(VisitorLookup(application_id="application-ani"), NTPN, FRONT, "proof")
        assert (record.state.status, record.state.proof) == (Status.ON_PROOF, NTPN)
        assert (await visits.arrive_on_proof(VisitorLookup(appointment_id=held.id), NTPN, FRONT, "again")).id == held.id
        (event,) = await world.said(said.ArrivedOnProof)
        assert isinstance(event, said.ArrivedOnProof) and event.ntpn == NTPN
        assert len(await world.said(said.VisitorCheckedIn)) == 1
        assert held.id in (await world.service.counter.find_queue(SOUTH.office_id)).day.visitors
        await world.hear(world.bill(billing.BillExpired, held))
        assert (await world.appointment(held.id)).state.status is Status.ON_PROOF, "an expiry does not turn them out"
        await world.hear(world.late(held))
        record = await world.appointment(held.id)
        assert (record.state.status, record.state.cause) == (Status.CHECKED_IN, "late_same_seat")
        assert len(await world.said(said.AppointmentConfirmed)) == 1
        await world.rules_hold()

    async def test_the_payment_may_show_after_the_interview(self, world: World) -> None:
        held = await self.waits_for_payment(world)
        await world.service.visits.arrive_on_proof(VisitorLookup(appointment_id=held.id), NTPN, FRONT, "proof")
        await world.hear(
            InterviewRecorded(
                application_id="application-ani",
                account_id="account-ani",
                appointment_id=held.id,
                office_id=SOUTH.office_id,
                outcome="approved",
            )
        )
        assert (await world.appointment(held.id)).state.status is Status.USED_ON_PROOF
        await world.hear(world.bill(billing.BillPaid, held, amount=1, paid_at=world.clock.now()))
        assert (await world.appointment(held.id)).state.status is Status.USED
        await world.rules_hold()

    async def test_who_is_paid_for_is_checked_in_as_usual(self, world: World) -> None:
        paid = await world.paid()
        world.clock.set(paid.state.seat.starts_at)
        record = await world.service.visits.arrive_on_proof(VisitorLookup(appointment_id=paid.id), NTPN, FRONT, "proof")
        assert record.state.status is Status.CHECKED_IN
        assert await world.said(said.ArrivedOnProof) == []

    async def test_the_wrong_day_counts_here_too(self, world: World) -> None:
        held = await world.hold()
        with pytest.raises(VisitOnAnotherDay):
            await world.service.visits.arrive_on_proof(VisitorLookup(appointment_id=held.id), NTPN, FRONT, "proof")

    async def test_the_audit_has_it(self, world: World) -> None:
        held = await self.waits_for_payment(world)
        await world.service.visits.arrive_on_proof(VisitorLookup(appointment_id=held.id), NTPN, FRONT, "proof")
        (line,) = await world.base.find(
            AUDIT, "overrides", {"state.office_id": SOUTH.office_id, "state.override": True}
        )
        assert (line.state.act, line.state.subject) == ("visit.let_in_on_proof", held.id)


class TestByNumber:
    async def test_the_queue_number_of_today_is_enough_at_the_own_office(self, world: World) -> None:
        paid = await world.paid()
        number = paid.state.seat.queue_number
        with pytest.raises(NotFound):
            await world.service.visits.check_in(VisitorLookup(number=number), FRONT, "the day before")
        world.clock.set(paid.state.seat.starts_at)
        with pytest.raises(NotFound):
            await world.service.visits.check_in(VisitorLookup(number=number), OTHER, "elsewhere")
        with pytest.raises(NotFound):
            await world.service.visits.check_in(
                VisitorLookup(number=number), Actor("treasurer", is_staff=True), "nowhere"
            )
        with pytest.raises(NotFound):
            await world.service.visits.check_in(VisitorLookup(number="Z-999"), FRONT, "unknown")
        record = await world.service.visits.check_in(VisitorLookup(number=number), FRONT, "in")
        assert record.id == paid.id
        assert (
            await world.service.visits.check_in(VisitorLookup(number=number), FRONT, "in 2")
        ).version == record.version


async def test_the_queue_of_a_day_begins_with_its_first_visitor(world: World) -> None:
    with pytest.raises(NobodyWaits):
        await world.service.counter.call_next(SOUTH.office_id, "1", FRONT, "early")
    assert await world.service.repositories.counter_days.counter_day(SOUTH.office_id, TUESDAY) is None
    paid = await world.paid()
    world.clock.set(paid.state.seat.starts_at)
    await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "in")
    begun = await world.service.repositories.counter_days.counter_day(SOUTH.office_id, TUESDAY)
    assert begun is not None and (begun.version, list(begun.state.visitors)) == (1, [paid.id])
