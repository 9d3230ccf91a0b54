"""A day without the service: what was written down is imported exactly once, within the quota that was opened (F9)."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.offices.offline_quota import OfflineGrant, OfflineQuota, granted, used_up
from services.scheduling.visit.counter.check_in import VisitorLookup
from services.scheduling.visit.day_sheets.errors import OfflineDayAhead
from services.scheduling.visit.offline import offline_day as offline
from services.scheduling.visit.offline.import_service import ImportResult, OfflineFile
from services.scheduling.visit.offline.offline_day import (
    MOST_LINES,
    LineKind,
    LineOutcome,
    OfflineDay,
    OfflineLine,
    RecordedLine,
    TriedLine,
)
from shared.events import scheduling as said
from shared.store.decision import Decision
from tests.unit.scheduling.faulty_stores import Dying, Killed
from tests.unit.scheduling.world import FRONT, NORTH, SOUTH, START, TUESDAY, World, make_world, plan, weekly

WEDNESDAY = TUESDAY + timedelta(days=1)
ARRIVED = START + timedelta(days=1)


def booked(line_id: str = "b1", **changes: Any) -> OfflineLine:
    return OfflineLine(line_id, LineKind.BOOKED, ARRIVED, **changes)


def unbooked(line_id: str) -> OfflineLine:
    return OfflineLine(line_id, LineKind.COUNTER, ARRIVED, reason="system_down", evidence="KTP lama no. 7")


async def brought(world: World, *lines: OfflineLine, key: str = "file", **changes: Any) -> ImportResult:
    given: dict[str, Any] = {
        "office_id": SOUTH.office_id,
        "day": TUESDAY,
        "lines": lines,
        "actor": FRONT,
        "command_id": key,
    }
    return await world.service.offline_visits.import_file(OfflineFile(**(given | changes)))


async def opened(world: World, seats: int) -> None:
    """The office head opened offline quota for Tuesday."""
    await world.service.repositories.offline_quotas.change_offline_quota(
        SOUTH.office_id, TUESDAY, lambda quota: Decision(granted(quota, make_grant(seats))), world.clock
    )


def make_grant(seats: int) -> OfflineGrant:
    fields = OfflineGrant.__dataclass_fields__
    known: dict[str, Any] = {"seats": seats, "change_id": "change", "reason": "outage", "at": START, "by": "admin"}
    return OfflineGrant(**{name: known.get(name, "x") for name in fields})


def only(done: ImportResult) -> LineOutcome:
    ((_, outcome),) = done.outcomes
    return outcome


@pytest.mark.acceptance("F9.import_as_file", "F9.import_idempotent")
async def test_a_booked_visitor_is_recorded_once_by_code_number_or_appointment(world: World) -> None:
    first, second = await world.paid("ani"), await world.paid("budi")
    third = await world.paid("citra", session_id=world.session_id(SOUTH, WEDNESDAY))
    world.clock.set(ARRIVED + timedelta(hours=8))
    await world.worker.run_due()
    assert (await world.appointment(first.id)).state.status is Status.NO_SHOW, "the service thought that they missed it"
    done = await brought(
        world,
        booked("1", queue_code=first.state.queue_code),
        booked("2", number=second.state.seat.queue_number),
        booked("3", appointment_id=third.id),
    )
    assert [outcome for _, outcome in done.outcomes] == [
        LineOutcome.RECORDED,
        LineOutcome.RECORDED,
        LineOutcome.OTHER_DAY,
    ]
    for each in (first, second):
        state = (await world.appointment(each.id)).state
        assert (state.status, state.checked_in_at) == (Status.CHECKED_IN, ARRIVED)
    again = await brought(world, booked("1", queue_code=first.state.queue_code), key="again")
    assert only(again) is LineOutcome.ALREADY_RECORDED
    assert len(await world.said(said.VisitorCheckedIn)) == 2
    await world.rules_hold()


@pytest.mark.acceptance("F9.import_as_file", "F9.import_idempotent", "F9.within_quota")
async def test_visitors_without_a_booking_only_within_the_quota_that_was_opened(world: World) -> None:
    world.clock.set(ARRIVED + timedelta(hours=1))
    assert only(await brought(world, unbooked("c1"))) is LineOutcome.OVER_QUOTA
    await opened(world, 2)
    done = await brought(world, unbooked("c1"), unbooked("c2"), unbooked("c3"), key="second")
    assert [outcome for _, outcome in done.outcomes] == [
        LineOutcome.RECORDED,
        LineOutcome.RECORDED,
        LineOutcome.OVER_QUOTA,
    ]
    assert (done.seats, done.used) == (2, 2)
    again = await brought(world, unbooked("c1"), unbooked("c2"), unbooked("c3"), key="third")
    assert [outcome for _, outcome in again.outcomes] == [
        LineOutcome.ALREADY_RECORDED,
        LineOutcome.ALREADY_RECORDED,
        LineOutcome.OVER_QUOTA,
    ]
    quota = await world.service.repositories.offline_quotas.offline_quota(SOUTH.office_id, TUESDAY)
    assert quota is not None and quota.state.used == 2
    day = await world.service.repositories.offline_days.offline_day(SOUTH.office_id, TUESDAY)
    assert day is not None and "KTP lama" not in str(day.state), "evidence is kept sealed"
    assert day.state.lines["c1"].recorded_by == FRONT.account_id


def test_of_two_counts_the_quota_shows_the_higher_whichever_is_told_last() -> None:
    quota = granted(OfflineQuota(SOUTH.office_id, TUESDAY), make_grant(3))
    assert used_up(used_up(quota, 2), 1).used == used_up(used_up(quota, 1), 2).used == 2
    assert used_up(quota, 2).left == 1


@pytest.mark.acceptance("F9.import_idempotent")
async def test_killed_at_any_write_the_file_counts_once() -> None:
    for write in range(1, 7):
        for after in (False, True):
            made: list[Dying] = []
            world = make_world(wrap=lambda base, made=made: made.append(Dying(base)) or made[0])
            await world.parts.start()  # type: ignore[misc]
            paid = await world.paid()
            await opened(world, 1)
            world.clock.set(ARRIVED)
            lines = (booked("b", queue_code=paid.state.queue_code), unbooked("c"))
            made[0].arm(write, after=after)
            with contextlib.suppress(Killed):
                await brought(world, *lines)
            made[0].disarm()
            await brought(world, *lines)
            assert len(await world.said(said.VisitorCheckedIn)) == 1
            quota = await world.service.repositories.offline_quotas.offline_quota(SOUTH.office_id, TUESDAY)
            assert quota is not None and quota.state.used == 1
            day = await world.service.repositories.offline_days.offline_day(SOUTH.office_id, TUESDAY)
            assert day is not None and set(day.state.lines) == {"b", "c"}
            await world.rules_hold()


async def test_what_is_wrong_with_a_line_is_told_of_that_line() -> None:
    world = make_world(templates=weekly(plan(4)))
    await world.parts.start()  # type: ignore[misc]
    held = await world.hold("held")
    moved = await world.paid("moved")
    old_code = moved.state.queue_code
    await world.service.moves.reschedule(world.move(moved, world.session_id(NORTH, TUESDAY)))
    given_up = await world.paid("gone", session_id=world.session_id(SOUTH, TUESDAY))
    await world.service.holds.cancel(given_up.id, Actor("account-gone"), "cancel", fee_is_lost=True)
    world.clock.set(ARRIVED)
    cases: dict[LineOutcome, dict[str, Any]] = {
        LineOutcome.NOT_PAID: {"appointment_id": held.id},
        LineOutcome.CODE_REPLACED: {"queue_code": old_code},
        LineOutcome.CODE_NOT_VALID: {"queue_code": "PSP1.made.up.code"},
        LineOutcome.UNKNOWN_VISIT: {"appointment_id": "unknown"},
        LineOutcome.OTHER_OFFICE: {"appointment_id": moved.id},
        LineOutcome.NOT_POSSIBLE: {"appointment_id": given_up.id},
    }
    for outcome, named in cases.items():
        assert only(await brought(world, booked("x", **named), key=outcome.value)) is outcome
    assert only(await brought(world, booked("x", number="Z-999"), key="n")) is LineOutcome.UNKNOWN_VISIT
    day = await world.service.repositories.offline_days.offline_day(SOUTH.office_id, TUESDAY)
    assert day is None, "what was refused may be sent again"


async def test_who_was_checked_in_otherwise_counts_as_recorded(world: World) -> None:
    paid = await world.paid()
    world.clock.set(paid.state.seat.starts_at)
    await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "in")
    assert only(await brought(world, booked("1", appointment_id=paid.id))) is LineOutcome.RECORDED
    assert len(await world.said(said.VisitorCheckedIn)) == 1


async def test_who_has_another_visit_by_now_is_told_to_be_looked_at(world: World) -> None:
    paid = await world.paid()
    world.clock.set(paid.state.seat.ends_at + timedelta(minutes=30))
    await world.worker.run_due()
    await world.submitted("ani", application_id="another")
    await world.service.booking.hold(
        world.wish("ani", "again", application_id="another", session_id=world.session_id(SOUTH, WEDNESDAY))
    )
    assert only(await brought(world, booked("1", appointment_id=paid.id))) is LineOutcome.NOT_POSSIBLE


async def test_who_may_and_for_which_day(world: World) -> None:
    with pytest.raises(NotYourOffice):
        await brought(world, unbooked("c"), office_id=NORTH.office_id)
    with pytest.raises(OfficeNotFound):
        await brought(world, unbooked("c"), office_id="unknown")
    with pytest.raises(OfflineDayAhead):
        await brought(world, unbooked("c"))
    world.clock.set(START + timedelta(hours=15))
    assert only(await brought(world, unbooked("c"))) is LineOutcome.OVER_QUOTA, "Tuesday began in Jakarta"


def test_a_day_holds_so_many_lines_and_no_more() -> None:
    line = RecordedLine(LineKind.BOOKED, ARRIVED, "front", ARRIVED)
    day = OfflineDay("office", TUESDAY, {str(number): line for number in range(MOST_LINES - 1)})
    day, outcomes = offline.imported(day, [TriedLine("last", line), TriedLine("one too many", line)], 0)
    assert [outcome for _, outcome in outcomes] == [LineOutcome.RECORDED, LineOutcome.DAY_FULL]
    _, outcomes = offline.imported(day, [TriedLine("why", None)], 0)
    assert outcomes == (("why", LineOutcome.NOT_POSSIBLE),)
