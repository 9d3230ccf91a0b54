"""Same-day seats: the morning of the day, the cut-off in WIB for every zone, and what follows when nobody pays."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.booking.appointments.appointment import Appointment, Status, deadlines
from services.scheduling.booking.appointments.errors import PersonHasAppointment
from services.scheduling.booking.same_day import downgrade_transitions
from services.scheduling.booking.same_day.errors import SameDayChoiceMissing, SameDayIsToday, SameDayTooLate
from services.scheduling.booking.same_day.rules import (
    SameDayProblem,
    cut_off,
    pay_until,
    same_day_problem,
    still_payable,
)
from services.scheduling.context import Actor
from services.scheduling.errors import ApplicationIsWithdrawn
from services.scheduling.office import Office
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed, SessionSoldOut
from services.scheduling.offices.session import Session, session_from
from services.scheduling.rules import Rules
from services.scheduling.terms import Pool
from shared.errors import NotFound
from shared.events import billing, scheduling
from shared.events.codes import IfUnpaid, ReleaseReason
from shared.service import NotYet
from shared.store.kinds import Record
from shared.store.port import StoreUnavailable
from tests.unit.scheduling.world import EAST, FRONT, SOUTH, START, TUESDAY, World, make_world, plan, weekly

MIDDLE = Office("makassar", "Makassar", "I", True, "Makassar", "7371", "Sulawesi Selatan", "WITA", "Asia/Makassar")
ZONES = [SOUTH, MIDDLE, EAST]
JAKARTA = ZoneInfo("Asia/Jakarta")
RULES = Rules()
TODAY = START.astimezone(JAKARTA).date()


def a_session(office: Office = SOUTH, hour: int = 8) -> Session:
    opened = plan(2, time(hour), same_day=2)
    return session_from(opened, office_id=office.office_id, timezone=office.timezone, day=TUESDAY, opened_by="template")


def wib(clock: str) -> datetime:
    return datetime.combine(TUESDAY, time.fromisoformat(clock), JAKARTA).astimezone(UTC)


@pytest.mark.acceptance("F74.morning_only")
@pytest.mark.parametrize("office", ZONES, ids=lambda office: office.zone)
def test_the_cut_offs_are_in_jakarta_whatever_the_zone(office: Office) -> None:
    session = a_session(office, hour=12)
    assert pay_until(session, RULES) == wib("12:00") == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    asked = [same_day_problem(session, timezone=office.timezone, now=wib(at), rules=RULES) for at in ("09:59", "10:00")]
    assert asked == [None, SameDayProblem.TOO_LATE]


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        (wib("08:30"), None),
        (wib("08:30") - timedelta(days=1), SameDayProblem.NOT_TODAY),
        (wib("08:30") + timedelta(days=1), SameDayProblem.NOT_TODAY),
        (cut_off(TUESDAY, "10:00"), SameDayProblem.TOO_LATE),
    ],
)
def test_it_is_asked_for_in_the_morning_of_the_day(now: datetime, problem: SameDayProblem | None) -> None:
    assert same_day_problem(a_session(), timezone=SOUTH.timezone, now=now, rules=RULES) == problem


def test_a_session_that_is_over_takes_nobody() -> None:
    early = a_session(hour=5)
    assert same_day_problem(early, timezone=SOUTH.timezone, now=wib("07:00"), rules=RULES) == SameDayProblem.OVER


def test_the_day_is_the_one_of_the_office() -> None:
    just_after_midnight = datetime(2026, 11, 24, 0, 5, tzinfo=ZoneInfo("Asia/Jayapura"))
    assert same_day_problem(a_session(EAST), timezone=EAST.timezone, now=just_after_midnight, rules=RULES) is None


async def a_world(**changes: Any) -> World:
    """Same-day and regular seats in each of three zones; it is half past eight in Jakarta."""
    changes.setdefault("templates", weekly(plan(1, time(8), same_day=1), plan(1, time(13), same_day=1)))
    world = make_world(offices=ZONES, **changes)
    assert world.parts.start is not None
    await world.parts.start()
    world.clock.set(wib("08:30"))
    return world


async def hold(world: World, person: str = "ani", *, if_unpaid: IfUnpaid | None = IfUnpaid.REGULAR, **changes: Any):
    await world.submitted(person)
    wish = world.wish(person, pool=Pool.SAME_DAY, **changes)
    return await world.service.same_day.hold(wish, if_unpaid)


async def awaiting(world: World, person: str = "ani", **changes: Any) -> Record[Appointment]:
    """A same-day seat whose bill was asked for."""
    held = await hold(world, person, **changes)
    await world.hear(world.requested(held))
    return await world.appointment(held.id)


@pytest.mark.parametrize("office", ZONES, ids=lambda office: office.zone)
async def test_a_same_day_seat_carries_its_cut_off_and_the_choice(office: Office) -> None:
    world = await a_world()
    held = await hold(world, session_id=world.session_id(office, start="13:00"))
    said = (await world.said(scheduling.SeatHeld))[-1]
    assert (held.state.seat.pool, held.state.status) == ("same_day", Status.HELD)
    assert (said.pay_until, said.if_unpaid) == (wib("12:00"), "regular")  # type: ignore[attr-defined]
    assert held.state.hold_until == world.clock.now() + timedelta(seconds=RULES.hold_seconds)
    await world.rules_hold()


async def test_a_repeat_meets_the_same_hold() -> None:
    world = await a_world()
    assert (await hold(world)).id == (await hold(world)).id
    with pytest.raises(PersonHasAppointment) as refused:
        await hold(world, command_id="another", session_id=world.session_id(start="13:00"))
    assert refused.value.facts["appointment_id"]


@pytest.mark.acceptance("F74.morning_only")
async def test_what_is_refused() -> None:
    world = await a_world()
    with pytest.raises(SameDayChoiceMissing):
        await hold(world, if_unpaid=None)
    with pytest.raises(PoolNotOpen):
        await hold(world, actor=FRONT)
    with pytest.raises(NotFound):
        await hold(world, actor=Actor("somebody-else"))
    with pytest.raises(SameDayIsToday):
        await hold(world, session_id=world.session_id(day=TUESDAY + timedelta(days=1)))
    await hold(world, "budi")
    with pytest.raises(SessionSoldOut):
        await hold(world)
    world.clock.set(wib("10:00"))
    with pytest.raises(SameDayTooLate):
        await hold(world, session_id=world.session_id(start="13:00"))


async def test_an_office_without_the_quota_gives_none() -> None:
    world = await a_world(templates=weekly(plan(2)))
    with pytest.raises(PoolNotOpen):
        await hold(world)


async def test_a_withdrawn_application_gets_none_and_a_session_that_is_over_neither() -> None:
    world = await a_world(templates=weekly(plan(1, time(6), same_day=1)))
    with pytest.raises(SessionClosed):
        await hold(world, session_id=world.session_id(start="06:00"))
    from shared.events.application import ApplicationWithdrawn

    gone = ApplicationWithdrawn(application_id="application-ani", account_id="account-ani", person_id="person-ani")
    await world.hear(gone)
    with pytest.raises(ApplicationIsWithdrawn):
        await hold(world)


@pytest.mark.acceptance("F74.unpaid_choice")
async def test_unpaid_it_becomes_the_nearest_regular_seat_with_a_new_bill() -> None:
    world = await a_world()
    held = await awaiting(world)
    world.clock.set(wib("12:00"))
    await world.hear(world.bill(billing.BillExpired, held))
    (again,) = await world.of("application-ani")
    assert again.id == held.id, "one appointment, which moved"
    assert (again.state.status, again.state.seat.pool, again.state.if_unpaid) == (Status.HELD, "regular", None)
    lost, new = (await world.said(scheduling.SameDaySeatLost))[-1], (await world.said(scheduling.SeatHeld))[-1]
    assert lost.previous_session_id == held.state.seat.session_id  # type: ignore[attr-defined]
    assert (new.appointment_id, new.replaces_bill_id) == (held.id, f"bill-{held.id}")  # type: ignore[attr-defined]
    assert not await world.said(scheduling.AppointmentReleased)
    assert again.state.replaces_bill_id == f"bill-{held.id}"
    assert again.state.pay_until is None
    assert again.state.seat.starts_at == min(
        each.starts_at for each in await world.seats(again.state.seat.session_id) if each.pool == "regular"
    )
    await world.rules_hold()
    await world.recover()
    await world.rules_hold()


@pytest.mark.acceptance("F74.unpaid_choice")
@pytest.mark.parametrize("end", [billing.BillExpired, billing.BillFailed])
async def test_unpaid_it_ends_where_that_was_chosen(end: Any) -> None:
    world = await a_world()
    held = await awaiting(world, if_unpaid=IfUnpaid.CANCEL)
    await world.hear(world.bill(end, held, **({"cause": "cut_off_passed"} if end is billing.BillFailed else {})))
    assert (await world.appointment(held.id)).state.released_for is ReleaseReason.SAME_DAY_UNPAID
    assert [each.state.live for each in await world.of("application-ani")] == [False]
    await world.rules_hold()


async def test_whoever_gives_the_bill_up_gets_no_other_seat() -> None:
    world = await a_world()
    held = await awaiting(world)
    await world.hear(world.bill(billing.BillCancelled, held))
    assert (await world.appointment(held.id)).state.released_for is ReleaseReason.BILL_CANCELLED
    assert len(await world.of("application-ani")) == 1


async def test_without_a_regular_seat_the_answer_is_a_no() -> None:
    world = await a_world(templates=weekly(plan(0, time(8), same_day=1)))
    held = await awaiting(world)
    await world.hear(world.bill(billing.BillExpired, held))
    said = (await world.said(scheduling.SeatUnavailable))[-1]
    assert (said.asked_for, said.reason) == ("renewal", "no_seat")  # type: ignore[attr-defined]


async def test_paid_in_time_it_is_a_visit() -> None:
    world = await a_world()
    held = await awaiting(world)
    world.clock.set(wib("11:59"))
    await world.hear(world.bill(billing.BillPaid, held, amount=1_650_000, paid_at=world.clock.now()))
    assert (await world.appointment(held.id)).state.status is Status.CONFIRMED
    await world.hear(world.bill(billing.BillExpired, held))
    assert len(await world.of("application-ani")) == 1


@pytest.mark.parametrize(("clock", "status"), [("11:59", Status.HELD), ("12:00", Status.UNAVAILABLE)])
async def test_a_new_code_for_the_same_seat_only_before_the_cut_off(clock: str, status: Status) -> None:
    world = await a_world()
    held = await awaiting(world, if_unpaid=IfUnpaid.CANCEL)
    await world.hear(world.bill(billing.BillExpired, held))
    world.clock.set(wib(clock))
    await world.hear(world.bill(billing.BillRenewalRequested, held))
    newest = next(each for each in await world.of("application-ani") if each.id != held.id)
    assert newest.state.status is status
    assert newest.state.pay_until == (wib("12:00") if status is Status.HELD else None)


class Breaking:
    """A store that breaks before or after its n-th write."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.left: int | None = None
        self.after = False

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._inner, name)
        if name not in ("insert", "save", "claim_one"):
            return verb

        async def write(*args: Any, **words: Any) -> Any:
            if self.left is not None:
                self.left -= 1
            broken = self.left == 0
            if broken and not self.after:
                raise StoreUnavailable("power cut")
            written = await verb(*args, **words)
            if broken:
                raise StoreUnavailable("power cut")
            return written

        return write


@pytest.mark.acceptance("F74.unpaid_choice")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", range(1, 8))
async def test_wherever_it_breaks_the_fallback_ends_with_one_regular_seat(point: int, after: bool) -> None:
    made: list[Breaking] = []

    def wrap(store: Any) -> Breaking:
        made.append(Breaking(store))
        return made[0]

    world = await a_world(wrap=wrap)
    held = await awaiting(world)
    said = world.bill(billing.BillExpired, held)
    made[0].left, made[0].after = point, after
    with contextlib.suppress(StoreUnavailable, NotYet):
        await world.hear(said, message_id="the-end")
    made[0].left = None
    await world.recover()
    await world.hear(said, message_id="the-end")  # the broker delivers again what was not acknowledged
    await world.recover()
    (record,) = await world.of("application-ani")
    assert (record.id, record.state.status, record.state.seat.pool) == (held.id, record.state.status, "regular")
    assert len(await world.said(scheduling.SameDaySeatLost)) == 1
    assert record.state.move is None
    await world.rules_hold()


async def test_what_is_said_of_the_old_bill_later_changes_nothing() -> None:
    world = await a_world()
    held = await awaiting(world)
    await world.hear(world.bill(billing.BillExpired, held))
    moved = (await world.appointment(held.id)).state
    for said in (
        world.bill(billing.BillExpired, held),
        world.requested(held),
        world.bill(billing.BillPaid, held, amount=1_650_000, paid_at=world.clock.now()),
        world.bill(billing.BillCancelled, held),
    ):
        await world.hear(said)
    assert (await world.appointment(held.id)).state == moved
    await world.hear(world.late(held))
    await world.hear(world.bill(billing.BillRenewalRequested, held))
    asked = [(each.asked_for, each.reason) for each in await world.said(scheduling.SeatUnavailable)]  # type: ignore[attr-defined]
    assert asked == [("late_payment", "already_has_appointment"), ("renewal", "already_has_appointment")]
    new = world.bill(billing.BillRequested, held, "new-bill", amount=650_000, legal_basis="PP 45/2024")
    await world.hear(new)
    await world.hear(world.bill(billing.BillPaid, held, "new-bill", amount=650_000, paid_at=world.clock.now()))
    assert (await world.appointment(held.id)).state.status is Status.CONFIRMED
    await world.rules_hold()


@pytest.mark.acceptance("F74.unpaid_choice")
async def test_a_hold_that_lapses_while_its_new_seat_is_reached_for_leaves_none_behind() -> None:
    world = await a_world()
    held = await awaiting(world)
    repositories, rules = world.service.repositories, world.service.context.rules
    target = world.session_id(day=held.state.seat.date + timedelta(days=1), start="08:00")
    reaching = downgrade_transitions.reach_for(
        held.state, target, "token", f"bill-{held.id}", now=world.clock.now(), rules=rules
    )
    record = await repositories.appointments.save(held, reaching, world.clock.now())
    assert "move" in deadlines(record.state)
    await world.pass_time(rules.move_seconds + 1)
    assert (await world.appointment(held.id)).state.move is None
    await world.hear(world.bill(billing.BillExpired, held))
    assert (await world.appointment(held.id)).state.seat.pool == "regular"
    await world.rules_hold()


def test_only_a_choice_of_regular_falls_back() -> None:
    made = Appointment(Status.HELD, True, "a", "b", "c", START)
    assert downgrade_transitions.wants_regular(replace(made, if_unpaid="regular"))
    assert not downgrade_transitions.wants_regular(replace(made, if_unpaid="cancel"))
    assert not downgrade_transitions.wants_regular(made)
    replaced = replace(made, replaces_bill_id="old")
    assert downgrade_transitions.is_replaced(replaced, "old") and not downgrade_transitions.is_replaced(replaced, "new")
    assert not downgrade_transitions.is_replaced(replace(replaced, bill_id="old"), "old")
    assert still_payable(made, START)
