"""Quota: changes with four eyes, edits of sessions and transfers between pools."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as some

from services.scheduling.booking.seats.seat import SeatStatus
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice
from services.scheduling.offices.errors import (
    QuotaAboveCapacity,
    SessionClosed,
    SessionPlanWrong,
    SessionSoldOut,
)
from services.scheduling.offices.facts import (
    plan_capacity,
)
from services.scheduling.offices.offline_quota import OfflineGrant, OfflineQuota, granted
from services.scheduling.offices.session import SessionPlan, plan_problem
from services.scheduling.quota import change as quota_changes
from services.scheduling.quota.change import ChangeState, FourEyes, needs_second
from services.scheduling.quota.errors import (
    ChangeDecided,
    ChangeFailed,
    ChangeNotFound,
    CutBelowBooked,
    EditedMeanwhile,
    NothingChanges,
    SecondPersonNeeded,
)
from services.scheduling.quota.session_edits import Transfer
from services.scheduling.terms import Pool
from shared.errors import SomeoneElseChangedIt
from shared.events.scheduling import AppointmentRescheduled
from shared.store.transitions import IllegalTransition
from tests.unit.scheduling.faulty_stores import Dying, Killed
from tests.unit.scheduling.quota_edits import FACTS, MORNING, SECOND, THEIRS, edit, put, session_edit, started
from tests.unit.scheduling.world import BOSS, SOUTH, START, TUESDAY, World, plan


class TestFourEyes:
    """From where on a second administrator must agree."""

    @pytest.mark.parametrize(
        ("raised", "cut", "before", "needed"),
        [
            (50, 0, 1000, False),
            (51, 0, 1000, True),
            (0, 51, 1000, True),
            (20, 0, 100, False),
            (21, 0, 100, True),
            (0, 21, 100, True),
            (5, 0, 8, False),
            (6, 0, 8, True),
            (50, 0, 0, False),
            (51, 0, 0, True),
        ],
    )
    def test_at_the_edges(self, raised: int, cut: int, before: int, needed: bool) -> None:
        assert needs_second(raised, cut, before, FourEyes()) is needed

    def test_what_cannot_happen_to_a_change(self) -> None:
        with pytest.raises(IllegalTransition):
            quota_changes.CHANGE_TRANSITIONS.after(ChangeState.APPLIED, quota_changes.ChangeCommand.APPROVE)

    def test_offline_seats_are_granted_once(self) -> None:
        grant = OfflineGrant(10, "boss", START, "outage", "change-1")
        quota = granted(OfflineQuota("x", TUESDAY, used=3), grant)
        assert (quota.seats, quota.left) == (10, 7)
        assert granted(quota, grant) == quota


@pytest.mark.acceptance("F67.derived")
@how(max_examples=150, deadline=None)
@given(
    booths=some.integers(1, 30),
    staff=some.integers(1, 30),
    minutes=some.integers(1, 600),
    service=some.integers(1, 120),
    pools=some.dictionaries(some.sampled_from(Pool), some.integers(0, 60)),
    office=some.tuples(some.integers(1, 30), some.integers(1, 30)),
)
def test_no_plan_serves_more_than_booths_staff_and_time(
    booths: int, staff: int, minutes: int, service: int, pools: dict[Pool, int], office: tuple[int, int]
) -> None:
    end = time(8 + minutes // 60, minutes % 60)
    planned = SessionPlan(time(8), end, booths, service, staff, pools)
    possible = plan_capacity(planned, replace(FACTS, booths=office[0], staff=office[1]))
    busy = possible * service
    assert busy <= minutes * min(booths, staff, *office)
    assert minutes * min(booths, staff, *office) - busy < service * min(booths, staff, *office)
    if plan_problem(planned) is None:
        assert 0 < planned.seats <= min(booths, staff) * (minutes // service)


@pytest.mark.acceptance("F69.no_borrowing")
@how(max_examples=60, deadline=None)
@given(
    edits=some.lists(
        some.dictionaries(some.sampled_from(Pool), some.integers(0, 6), min_size=1), min_size=1, max_size=5
    ),
    held=some.integers(0, 3),
)
def test_pools_hold_what_was_asked_and_never_borrow(edits: list[dict[Pool, int]], held: int) -> None:
    async def run() -> None:
        world = await started(plan(4, priority=2), offices=[SOUTH])
        for number in range(held):
            await world.hold(f"person-{number}")
        expected = Counter({Pool.REGULAR: 4, Pool.PRIORITY: 2})
        for number, wanted in enumerate(edits):
            refused = False
            try:
                change = await put(world, {each.value: size for each, size in wanted.items()}, f"edit-{number}")
                refused = change.state.state is not ChangeState.APPLIED
            except (CutBelowBooked, NothingChanges):
                refused = True
            if not refused:
                expected = +Counter(wanted)
            live = [each for each in await world.seats() if each.status is not SeatStatus.WITHDRAWN]
            assert Counter(Pool(each.pool) for each in live) == expected
            taken = Counter(Pool(each.pool) for each in live if each.status is not SeatStatus.FREE)
            assert taken == +Counter({Pool.REGULAR: held})
            numbers = [each.number for each in await world.seats()]
            assert len(set(numbers)) == len(numbers)
            await world.rules_hold()

    asyncio.run(run())


class TestSessions:
    """Seats raised, cut and passed on."""

    @pytest.mark.acceptance("F68.quotas")
    async def test_a_raise_adds_free_seats_with_numbers_of_their_own(self) -> None:
        world = await started(plan(10))
        held = await world.hold()
        change = await put(world, {"regular": 12, "walk_in": 2})
        assert (change.state.state, change.state.raised, change.state.cut) == (ChangeState.APPLIED, 4, 0)
        assert change.state.before == {"pools": {"regular": 10}}
        assert (change.state.author, change.state.reason) == (BOSS.account_id, "fitted to staff")
        assert await world.buckets() == {"held": 1, "free": 13}
        assert [each.number for each in await world.seats()] == list(range(1, 15))
        assert (await world.seat_of(held)).number == held.state.seat.number
        assert await put(world, {"regular": 12, "walk_in": 2}) == change
        await world.rules_hold()

    @pytest.mark.acceptance("F68.quotas")
    async def test_a_cut_withdraws_free_seats_only(self) -> None:
        world = await started(plan(10))
        await world.hold()
        change = await put(world, {"regular": 8})
        assert change.state.cut == 2
        assert await world.buckets() == {"held": 1, "free": 7, "withdrawn": 2}
        gone = [each for each in await world.seats() if each.status is SeatStatus.WITHDRAWN]
        assert {each.withdrawn_by for each in gone} == {change.id}
        record = await world.service.bookable_sessions.session(world.session_id())
        assert (record.state.capacity, record.state.written) == (8, 10)
        await world.rules_hold()

    @pytest.mark.acceptance("F68.cut_refused_or_moved")
    async def test_a_cut_below_what_is_booked_is_refused_with_the_count(self) -> None:
        world = await started(plan(3))
        for person in ("ani", "budi"):
            await world.hold(person)
        with pytest.raises(CutBelowBooked) as refused:
            await put(world, {"regular": 1})
        assert refused.value.facts == {"pool": "regular", "booked": 2}
        assert await world.buckets() == {"held": 2, "free": 1}
        await put(world, {"regular": 2}, "smaller")
        assert await world.buckets() == {"held": 2, "withdrawn": 1}

    @pytest.mark.acceptance("F68.cut_refused_or_moved")
    async def test_who_books_while_seats_are_withdrawn_keeps_the_seat(self) -> None:
        world = await started(plan(3))
        edits = world.service.session_edits
        checked = edits._refuse_below_booked

        async def somebody_books(*given: Any) -> None:
            await checked(*given)
            for person in ("ani", "budi"):
                await world.hold(person)

        edits._refuse_below_booked = somebody_books  # type: ignore[method-assign,assignment]
        with pytest.raises(CutBelowBooked):
            await put(world, {"regular": 1})
        assert await world.buckets() == {"held": 2, "free": 1, "withdrawn": 1}
        record = await world.service.bookable_sessions.session(world.session_id())
        assert (record.state.capacity, record.state.written, record.state.edited_by) == (3, 4, None)
        with pytest.raises(ChangeFailed):
            await put(world, {"regular": 1})
        await world.rules_hold()

    @pytest.mark.acceptance("F68.cut_refused_or_moved")
    async def test_a_bulk_move_takes_the_last_booked_to_the_nearest_later_seats(self) -> None:
        world = await started(plan(3))
        paid = []
        for person in ("ani", "budi", "citra"):
            paid.append(await world.paid(person))
            world.clock.advance(1)
        change = await put(world, {"regular": 1}, bulk_move=True)
        assert change.state.state is ChangeState.APPROVED
        for _ in range(3):
            await world.pass_time(quota_changes.APPLY_AGAIN_SECONDS + 61)
        assert (await world.service.changes.read(change.id, BOSS)).state.state is ChangeState.APPLIED
        stays, *moved = [await world.appointment(each.id) for each in paid]
        assert stays.state.seat.session_id == world.session_id()
        tomorrow = world.session_id(day=TUESDAY + timedelta(days=1))
        assert {each.state.seat.session_id for each in moved} == {tomorrow}
        assert await world.buckets() == {"confirmed": 1, "withdrawn": 2}
        said = await world.said(AppointmentRescheduled)
        assert {each.cause for each in said} == {"moved_by_office"}  # type: ignore[attr-defined]
        await world.rules_hold()

    @pytest.mark.acceptance("F68.cut_refused_or_moved")
    async def test_a_closed_session_moves_everybody_and_leaves_nobody_without_a_right(self) -> None:
        world = await started(plan(2), offices=[SOUTH])
        paid = [await world.paid(person) for person in ("ani", "budi")]
        tomorrow = world.session_id(day=TUESDAY + timedelta(days=1))
        await world.hold("citra", session_id=tomorrow)
        for ahead in (2, 3):
            for number in range(2):
                await world.hold(f"p{ahead}{number}", session_id=world.session_id(day=TUESDAY + timedelta(days=ahead)))
        change = await put(world, {}, bulk_move=True)
        for _ in range(4):
            await world.pass_time(quota_changes.APPLY_AGAIN_SECONDS + 61)
        assert (await world.service.changes.read(change.id, BOSS)).state.state is ChangeState.APPLIED
        ends = [await world.appointment(each.id) for each in paid]
        assert sorted(each.state.status.value for each in ends) == ["confirmed", "special_open"]
        assert await world.buckets() == {"withdrawn": 2}
        assert (await world.service.bookable_sessions.session(world.session_id())).state.capacity == 0
        await world.rules_hold()

    async def test_a_bulk_move_without_later_seats_ends_with_the_day(self) -> None:
        world = await started(plan(2), offices=[SOUTH])
        for person in ("ani", "budi"):
            await world.paid(person)
        for ahead in range(1, 4):
            for number in range(2):
                await world.hold(f"p{ahead}{number}", session_id=world.session_id(day=TUESDAY + timedelta(days=ahead)))
        change = await put(world, {"regular": 1}, bulk_move=True)
        assert change.state.state is ChangeState.APPROVED
        record = await world.service.bookable_sessions.session(world.session_id())
        with pytest.raises(EditedMeanwhile):
            await world.service.session_edits.put(
                world.session_id(), edit("late", expected_version=1), {Pool.REGULAR: 5}
            )
        with pytest.raises(SomeoneElseChangedIt):
            await put(world, {"regular": 3}, "late")
        world.clock.set(record.state.starts_at)
        await world.service.changes.run(await world.service.changes.read(change.id, BOSS))
        assert (await world.service.changes.read(change.id, BOSS)).state.state is ChangeState.APPLIED
        assert (await world.service.bookable_sessions.session(world.session_id())).state.capacity == 2

    @pytest.mark.acceptance("F69.no_borrowing")
    async def test_a_transfer_between_pools_is_asked_for_and_kept(self) -> None:
        world = await started(plan(4, priority=2))
        edits = world.service.session_edits
        change = await edits.transfer(
            world.session_id(), await session_edit(world), Transfer(Pool.PRIORITY, Pool.REGULAR, 1)
        )
        assert change.state.after == {"pools": {"regular": 5, "priority": 1}}
        assert (change.state.raised, change.state.cut, change.state.subject) == (1, 1, "transfer")
        history = await world.service.changes.find_by_subject(SOUTH.office_id, world.session_id(), BOSS)
        assert [each.id for each in history] == [change.id]
        with pytest.raises(NothingChanges):
            await edits.transfer(
                world.session_id(), await session_edit(world, "same"), Transfer(Pool.REGULAR, Pool.REGULAR, 1)
            )
        with pytest.raises(CutBelowBooked):
            await edits.transfer(
                world.session_id(), await session_edit(world, "much"), Transfer(Pool.PRIORITY, Pool.REGULAR, 2)
            )
        assert await world.buckets() == {"free": 6, "withdrawn": 1}

    @pytest.mark.acceptance("F69.no_borrowing")
    async def test_a_full_pool_borrows_from_none(self) -> None:
        world = await started(plan(1, priority=3, same_day=2))
        await world.hold("ani")
        await world.submitted("budi")
        with pytest.raises(SessionSoldOut):
            await world.service.booking.hold(world.wish("budi"))
        assert await world.buckets() == {"held": 1, "free": 5}

    @pytest.mark.acceptance("F68.another_office_403")
    async def test_another_offices_administrator_may_not(self, world: World) -> None:
        with pytest.raises(NotYourOffice):
            await put(world, {"regular": 3}, actor=THEIRS)
        with pytest.raises(NotYourOffice):
            await world.service.office_edits.put_template(edit(actor=THEIRS), (MORNING,))
        with pytest.raises(NotYourOffice):
            await world.service.office_edits.put_facts(edit(actor=THEIRS), FACTS)
        with pytest.raises(NotYourOffice):
            await world.service.office_edits.open_offline_quota(edit(actor=THEIRS), TUESDAY, 5)
        with pytest.raises(NotYourOffice):
            await world.service.changes.find_by_office(SOUTH.office_id, THEIRS, proposed=False)

    @pytest.mark.acceptance("F68.versioned")
    async def test_an_edit_names_the_version_it_has_seen(self, world: World) -> None:
        seen = await session_edit(world, "slow")
        await put(world, {"regular": 3}, "fast")
        with pytest.raises(EditedMeanwhile) as refused:
            await world.service.session_edits.put(world.session_id(), seen, {Pool.REGULAR: 4})
        assert refused.value.facts["version"] > seen.expected_version  # type: ignore[operator]
        with pytest.raises(NothingChanges):
            await put(world, {"regular": 3}, "same")

    @pytest.mark.acceptance("F67.override_signed")
    async def test_more_than_booths_and_staff_serve_needs_the_heads_signature(self) -> None:
        small = SessionPlan(time(8), time(10), 1, 30, 1, {Pool.REGULAR: 4})
        world = await started(small)
        with pytest.raises(QuotaAboveCapacity) as refused:
            await put(world, {"regular": 5})
        assert refused.value.facts == {"capacity": 4, "asked": 5}
        signed = await put(world, {"regular": 5}, "signed", override=True, reason="two more officers lent by HQ")
        assert signed.state.override
        begins, ends = START, START + timedelta(days=1)
        signatures = await world.service.audit.overrides(SOUTH.office_id, begins, ends)
        assert [(each.state.act, each.state.actor_id, each.state.reason) for each in signatures] == [
            ("quota.session", BOSS.account_id, "above_capacity")
        ]
        assert await world.buckets() == {"free": 5}
        assert (await put(world, {"regular": 4}, "down")).state.state is ChangeState.APPLIED

    async def test_a_session_has_room_for_so_many(self) -> None:
        world = await started(plan(10), four_eyes_seats=10_000, four_eyes_percent=100_000)
        with pytest.raises(SessionPlanWrong):
            await put(world, {"regular": 1001}, override=True)
        record = await world.service.bookable_sessions.session(world.session_id())
        world.clock.set(record.state.starts_at)
        with pytest.raises(SessionClosed):
            await put(world, {"regular": 5})

    async def test_a_crash_at_any_write_of_an_edit_leaves_nothing_half_done(self) -> None:
        for write in range(8):
            made: list[Dying] = []

            def wrap(base: Any, made: list[Dying] = made) -> Dying:
                made.append(Dying(base))
                return made[0]

            world = await started(plan(4, priority=2), offices=[SOUTH], wrap=wrap)
            made[0].arm(write, after=bool(write % 2))
            try:
                await put(world, {"regular": 3, "priority": 3})
            except Killed:
                await world.recover()
            made[0].disarm()
            await world.rules_hold()
            change = await world.service.repositories.quota_changes.changes_of_subject(world.session_id())
            if change:
                assert change[0].state.state is ChangeState.APPLIED
                assert await world.buckets() == {"free": 6, "withdrawn": 1}
            else:
                assert await world.buckets() == {"free": 6}


class TestChanges:
    """Proposals and decisions."""

    async def test_a_large_change_waits_for_another_administrator(self) -> None:
        world = await started(plan(40))
        changes = world.service.changes
        proposed = await put(world, {"regular": 49})
        assert proposed.state.state is ChangeState.PROPOSED
        assert await world.buckets() == {"free": 40}
        assert [each.id for each in await changes.find_by_office(SOUTH.office_id, BOSS, proposed=True)] == [proposed.id]
        with pytest.raises(SecondPersonNeeded):
            await changes.approve(proposed.id, BOSS, None)
        with pytest.raises(NotYourOffice):
            await changes.approve(proposed.id, THEIRS, None)
        with pytest.raises(ChangeNotFound):
            await changes.approve("unknown", SECOND, None)
        done = await changes.approve(proposed.id, SECOND, "agreed")
        assert (done.state.state, done.state.decided_by) == (ChangeState.APPLIED, SECOND.account_id)
        assert await world.buckets() == {"free": 49}
        assert await changes.approve(proposed.id, SECOND, "agreed") == done
        with pytest.raises(ChangeDecided):
            await changes.reject(proposed.id, SECOND, "no")
        assert await changes.find_by_office(SOUTH.office_id, BOSS, proposed=True) == []

    async def test_a_rejected_change_never_takes_effect(self) -> None:
        world = await started(plan(40))
        proposed = await put(world, {"regular": 49})
        rejected = await world.service.changes.reject(proposed.id, SECOND, "no staff")
        assert rejected.state.state is ChangeState.REJECTED
        assert await world.service.changes.reject(proposed.id, SECOND, "no staff") == rejected
        with pytest.raises(ChangeDecided):
            await world.service.changes.approve(proposed.id, SECOND, None)
        assert await world.buckets() == {"free": 40}

    async def test_what_changed_while_it_waited_is_not_overwritten(self) -> None:
        world = await started(plan(40))
        proposed = await put(world, {"regular": 49}, "large")
        await put(world, {"regular": 41}, "small")
        with pytest.raises(EditedMeanwhile):
            await world.service.changes.approve(proposed.id, SECOND, None)
        failed = await world.service.changes.read(proposed.id, SECOND)
        assert (failed.state.state, failed.state.failure) == (ChangeState.FAILED, "edited_meanwhile")
        assert await world.buckets() == {"free": 41}

    async def test_two_who_decide_at_once_decide_once(self) -> None:
        world = await started(plan(40))
        proposed = await put(world, {"regular": 49})
        third = Actor("third-admin", SOUTH.office_id, is_staff=True)
        changes = world.service.changes
        ends = await asyncio.gather(
            changes.approve(proposed.id, SECOND, None), changes.reject(proposed.id, third, None), return_exceptions=True
        )
        assert sum(isinstance(each, ChangeDecided) for each in ends) == 1
