"""Reschedule: who may, when, how often; what a deadline does with a half-done one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.errors import (
    BeingMoved,
    NoMovesLeft,
    NotPossibleNow,
    SameSession,
    TooFarToMove,
    TooLateToMove,
)
from services.scheduling.booking.appointments.reschedule import MoveWish
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice
from services.scheduling.offices.bookable_sessions import OpenWish
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed, SessionNotFound, SessionSoldOut
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events import scheduling as said
from shared.store import Record
from tests.unit.scheduling.faulty_stores import Wrapper
from tests.unit.scheduling.world import BOSS, EAST, FRONT, NORTH, SOUTH, TUESDAY, World, make_world, plan, weekly

WEDNESDAY = TUESDAY + timedelta(days=1)


async def test_a_visit_moves_to_another_office_in_one_step(world: World) -> None:
    paid = await world.paid()
    target = world.session_id(EAST, WEDNESDAY)
    moved = await world.service.moves.reschedule(world.move(paid, target))
    state = moved.state
    assert (state.status, state.seat.session_id, state.moves_made) == (Status.CONFIRMED, target, 1)
    (event,) = await world.said(said.AppointmentRescheduled)
    assert isinstance(event, said.AppointmentRescheduled)
    assert (event.office_id, event.previous_office_id) == (EAST.office_id, SOUTH.office_id)
    assert event.previous_session_id == world.session_id()
    assert event.office_timezone == "Asia/Jayapura"
    assert await world.buckets() == {"cooling": 1, "free": 1}
    assert await world.buckets(target) == {"confirmed": 1, "free": 1}
    await world.recover()
    assert await world.buckets() == {"free": 2}
    await world.rules_hold()


async def test_the_old_queue_code_is_void_and_the_new_one_counts(world: World) -> None:
    paid = await world.paid()
    moved = await world.service.moves.reschedule(world.move(paid, world.session_id(SOUTH, WEDNESDAY)))
    assert moved.state.queue_code is not None and paid.state.queue_code is not None
    codes = world.service.codes
    assert codes.verify(moved.state.queue_code).version == codes.verify(paid.state.queue_code).version + 1
    assert moved.state.miss_at == moved.state.seat.ends_at + timedelta(minutes=30)


async def test_a_repeat_meets_the_finished_move(world: World) -> None:
    paid = await world.paid()
    wish = world.move(paid, world.session_id(NORTH))
    first = await world.service.moves.reschedule(wish)
    again = await world.service.moves.reschedule(wish)
    assert first.version == again.version
    assert len(await world.said(said.AppointmentRescheduled)) == 1


async def test_a_full_session_leaves_the_visit_where_it_was(world: World) -> None:
    paid = await world.paid()
    target = world.session_id(NORTH)
    await world.hold("budi", session_id=target)
    await world.hold("citra", session_id=target)
    with pytest.raises(SessionSoldOut):
        await world.service.moves.reschedule(world.move(paid, target))
    record = await world.appointment(paid.id)
    assert (record.state.status, record.state.seat) == (Status.CONFIRMED, paid.state.seat)
    moved = await world.service.moves.reschedule(world.move(paid, world.session_id(EAST)))
    assert moved.state.moves_made == 1


async def refused(world: World, paid: Record[Appointment], refusal: type[Exception], **changes: Any) -> None:
    given = {
        "appointment_id": paid.id,
        "session_id": world.session_id(NORTH, WEDNESDAY),
        "actor": Actor("account-ani"),
        "command_id": "refused",
    }
    with pytest.raises(refusal):
        await world.service.moves.reschedule(MoveWish(**(given | changes)))
    assert (await world.appointment(paid.id)).state == paid.state


async def test_what_is_refused(world: World) -> None:
    paid = await world.paid()
    await refused(world, paid, NotFound, actor=Actor("stranger"))
    await refused(world, paid, SessionNotFound, session_id="unknown")
    await refused(world, paid, SameSession, session_id=world.session_id())
    await refused(world, paid, NotYourOffice, actor=Actor("staff", NORTH.office_id, is_staff=True))
    held = await world.hold("budi", session_id=world.session_id(EAST))
    await refused(world, held, NotPossibleNow, actor=Actor("account-budi"))


async def test_the_last_moment_is_the_end_of_the_day_before(world: World) -> None:
    paid = await world.paid()
    world.clock.set(datetime(2026, 11, 23, 17, 0, tzinfo=UTC))
    await refused(world, paid, TooLateToMove)
    world.clock.set(datetime(2026, 11, 23, 16, 59, 59, tzinfo=UTC))
    await world.service.moves.reschedule(world.move(paid, world.session_id(NORTH, WEDNESDAY)))


async def test_once_only(world: World) -> None:
    paid = await world.paid(session_id=world.session_id(SOUTH, WEDNESDAY))
    moved = await world.service.moves.reschedule(world.move(paid, world.session_id(NORTH, WEDNESDAY)))
    await refused(world, moved, NoMovesLeft, session_id=world.session_id(EAST, WEDNESDAY))


async def test_not_further_than_allowed() -> None:
    world = make_world(move_within_days=1, horizon_days=5)
    await world.parts.start()  # type: ignore[misc]
    paid = await world.paid()
    await refused(world, paid, TooFarToMove, session_id=world.session_id(NORTH, date(2026, 11, 26)))


async def test_a_session_that_closed() -> None:
    world = make_world(templates=weekly(plan(1, priority=1)))
    await world.parts.start()  # type: ignore[misc]
    paid = await world.paid(session_id=world.session_id(SOUTH, WEDNESDAY))
    early = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    world.clock.set(early)
    await refused(world, paid, SessionClosed, session_id=world.session_id(NORTH, TUESDAY))


async def test_a_session_without_the_pool(world: World) -> None:
    paid = await world.paid()
    wish = OpenWish(SOUTH.office_id, WEDNESDAY, plan(0, time(13), priority=2), BOSS, "open")
    opened = await world.service.bookable_sessions.open(wish)
    await refused(world, paid, PoolNotOpen, session_id=opened.session_id)


async def test_a_deadline_that_comes_too_late_changes_nothing(world: World) -> None:
    paid = await world.paid()
    for name in ("lapse", "offer", "move", "leave"):
        await world.parts.deadlines["appointment", name](paid, name)
    assert await world.appointment(paid.id) == paid


class TestHalfDone:
    async def begun(self, world: World) -> tuple[Record[Appointment], Record[Appointment]]:
        paid = await world.paid()
        return paid, await world.begin_move(paid, world.session_id(NORTH))

    async def test_it_is_rolled_back_without_a_seat(self, world: World) -> None:
        paid, _ = await self.begun(world)
        await world.pass_time(15)
        record = await world.appointment(paid.id)
        assert (record.state.status, record.state.seat, record.state.moves_made) == (
            Status.CONFIRMED,
            paid.state.seat,
            0,
        )
        await world.rules_hold()

    async def test_it_is_rolled_on_with_one(self, world: World) -> None:
        paid, moving = await self.begun(world)
        assert moving.state.move is not None
        await world.service.inventory.claim_any(
            world.session_id(NORTH), "regular", paid.id, token=moving.state.move.token
        )
        await world.pass_time(20)
        record = await world.appointment(paid.id)
        assert record.state.seat.session_id == world.session_id(NORTH)
        assert len(await world.said(said.AppointmentRescheduled)) == 1
        again = await world.service.moves.reschedule(world.move(paid, world.session_id(NORTH)))
        assert again.state.moves_made == 1
        await world.recover()
        await world.rules_hold()

    async def test_meanwhile_nothing_else_happens_to_it(self, world: World) -> None:
        paid, _ = await self.begun(world)
        with pytest.raises(BeingMoved):
            await world.service.moves.reschedule(world.move(paid, world.session_id(EAST), "another"))
        with pytest.raises(BeingMoved):
            await world.service.holds.cancel(paid.id, Actor("account-ani"), "cancel", fee_is_lost=True)

    async def test_a_seat_reached_for_after_the_roll_back_is_put_back(self) -> None:
        class Slow(Wrapper):
            async def claim_one(self, *given: Any, **named: Any) -> Any:
                if armed:
                    await world.pass_time(15)
                return await self.base.claim_one(*given, **named)

        armed: list[bool] = []
        world = make_world(wrap=Slow)
        await world.parts.start()  # type: ignore[misc]
        paid = await world.paid()
        armed.append(True)
        with pytest.raises(SomeoneElseChangedIt):
            await world.service.moves.reschedule(world.move(paid, world.session_id(NORTH)))
        assert await world.buckets(world.session_id(NORTH)) == {"free": 2}
        await world.rules_hold()

    async def test_a_deadline_may_finish_it_first(self) -> None:
        class Slow(Wrapper):
            async def claim_one(self, *given: Any, **named: Any) -> Any:
                claimed = await self.base.claim_one(*given, **named)
                if armed and claimed is not None:
                    armed.clear()
                    await world.pass_time(15)
                return claimed

        armed: list[bool] = []
        world = make_world(wrap=Slow)
        await world.parts.start()  # type: ignore[misc]
        paid = await world.paid()
        armed.append(True)
        moved = await world.service.moves.reschedule(world.move(paid, world.session_id(NORTH)))
        assert moved.state.seat.session_id == world.session_id(NORTH)
        assert len(await world.said(said.AppointmentRescheduled)) == 1
        await world.recover()
        await world.rules_hold()


async def test_staff_of_the_office_see_but_the_desk_knows_whose_it_is(world: World) -> None:
    paid = await world.paid()
    assert (await world.service.holds.get(paid.id, FRONT)).id == paid.id
