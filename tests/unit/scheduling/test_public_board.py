"""Quota: outreach and offline days, what everybody may see, and openings by rule with their notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from services.scheduling.app import read_templates
from services.scheduling.booking.seats import seat as seats
from services.scheduling.booking.seats.seat import SeatStatus, seats_of
from services.scheduling.context import Actor
from services.scheduling.offices.errors import (
    QuotaAboveCapacity,
    SessionExists,
)
from services.scheduling.offices.facts import (
    GeoPoint,
    Product,
)
from services.scheduling.offices.release_rule import OpeningRule, RuleKind
from services.scheduling.offices.repository import offline_quota_id
from services.scheduling.offices.session import batches_of
from services.scheduling.openings.errors import NotOpenYet, OpensEveryDay, TooManyNotices
from services.scheduling.openings.notice import OpeningNotice
from services.scheduling.openings.repository import OPENING_NOTICE
from services.scheduling.quota.change import ChangeState
from services.scheduling.quota.errors import (
    DayNotPossible,
    OutsideOpeningHours,
)
from services.scheduling.quota.office_edits import NewSession
from services.scheduling.quota.public_board import FIRST_FREE_KEPT_SECONDS
from services.scheduling.quota.repository import QUOTA_CHANGE
from services.scheduling.terms import Pool
from shared.calendar.national import NATIONAL_CALENDAR
from shared.errors import NotFound
from shared.events.scheduling import OpeningAnnounced
from shared.store import Record
from shared.store.transitions import IllegalTransition
from tests.unit.scheduling.quota_edits import SECOND, edit, put, started
from tests.unit.scheduling.world import BOSS, EAST, NORTH, SOUTH, START, TUESDAY, World, make_world, plan, weekly


class TestOutOfTheOrdinary:
    """Offline quota and sessions out of hours (F9)."""

    @pytest.mark.acceptance("F9.offline_quota")
    async def test_the_head_opens_offline_quota_for_a_day_with_a_reason(self, world: World) -> None:
        edits, repository = world.service.office_edits, world.service.repositories
        change = await edits.open_offline_quota(edit(reason="servers are down"), TUESDAY, 30)
        assert change.state.state is ChangeState.APPLIED
        assert await edits.open_offline_quota(edit(reason="servers are down"), TUESDAY, 30) == change
        await edits.open_offline_quota(edit("more", reason="still down"), TUESDAY, 10)
        record = await repository.offline_quotas.offline_quota(SOUTH.office_id, TUESDAY)
        assert record is not None and record.id == offline_quota_id(SOUTH.office_id, TUESDAY)
        assert (record.state.seats, [each.reason for each in record.state.grants]) == (
            40,
            ["servers are down", "still down"],
        )
        found = await edits.list_offline_quotas(SOUTH.office_id, BOSS, None, None)
        assert [each.id for each in found] == [record.id]
        assert await repository.offline_quotas.offline_quota(NORTH.office_id, TUESDAY) is None
        large = await edits.open_offline_quota(edit("large"), TUESDAY, 51)
        assert large.state.state is ChangeState.PROPOSED

    async def test_offline_quota_is_for_today_and_later_on_the_offices_clock(self, world: World) -> None:
        edits = world.service.office_edits
        boss = Actor("east-admin", EAST.office_id, is_staff=True)
        world.clock.set(datetime(2026, 11, 24, 14, 59, 59, tzinfo=UTC))  # 23:59:59 in Jayapura
        await edits.open_offline_quota(edit("a", office_id=EAST.office_id, actor=boss), date(2026, 11, 24), 5)
        world.clock.advance(1)
        with pytest.raises(DayNotPossible):
            await edits.open_offline_quota(edit("b", office_id=EAST.office_id, actor=boss), date(2026, 11, 24), 5)
        await edits.open_offline_quota(edit("c"), date(2026, 11, 24), 5)  # still that day in Jakarta
        with pytest.raises(DayNotPossible):
            await edits.open_offline_quota(edit("d"), date(2027, 11, 24), 5)

    @pytest.mark.acceptance("F9.out_of_hours")
    async def test_a_session_out_of_hours_needs_a_reason(self) -> None:
        world = make_world(templates=replace(weekly(plan()), calendar=NATIONAL_CALENDAR))
        await world.parts.start()  # type: ignore[misc]
        edits, saturday = world.service.office_edits, date(2026, 11, 28)
        evening = NewSession(TUESDAY, replace(plan(4), start=time(18), end=time(20)))
        for key, new in (("evening", evening), ("weekend", NewSession(saturday, plan(4, time(10))))):
            with pytest.raises(OutsideOpeningHours):
                await edits.open_session(edit(key, reason=""), new)
            change = await edits.open_session(edit(key, reason="the backlog of the outage"), new)
            assert change.state.state is ChangeState.APPLIED
            assert len(await world.seats(change.state.subject_id)) == 4
        with pytest.raises(OutsideOpeningHours):
            await edits.open_session(edit("holiday", reason=""), NewSession(date(2026, 12, 25), plan(4, time(10))))

    @pytest.mark.acceptance("F67.override_signed")
    async def test_a_session_above_capacity_needs_a_signature_and_a_large_one_a_second(self, world: World) -> None:
        edits = world.service.office_edits
        new = NewSession(TUESDAY, replace(plan(90, time(13)), booths=100, staff=100))
        with pytest.raises(QuotaAboveCapacity) as refused:
            await edits.open_session(edit("a"), new)  # 20 booths and officers serve 80 in two hours
        assert refused.value.facts == {"capacity": 80, "asked": 90}
        assert (await edits.open_session(edit("b", override=True), new)).state.state is ChangeState.APPLIED
        large = NewSession(TUESDAY, replace(plan(131, time(15)), end=time(17)))
        waits = await edits.open_session(edit("c", override=True), large)
        assert waits.state.state is ChangeState.PROPOSED
        await world.service.changes.approve(waits.id, SECOND, None)
        assert len(await world.seats(waits.state.subject_id)) == 131

    async def test_a_session_may_open_later(self, world: World) -> None:
        opening = world.clock.now() + timedelta(hours=1)
        new = NewSession(TUESDAY, plan(4, time(13)), opening)
        change = await world.service.office_edits.open_session(edit(), new)
        with pytest.raises(NotOpenYet):
            await world.hold(session_id=change.state.subject_id)
        with pytest.raises(SessionExists):
            await world.service.office_edits.open_session(edit("again"), new)

    @pytest.mark.acceptance("F74.default_0")
    def test_same_day_quota_is_zero_unless_an_office_sets_it(self) -> None:
        templates = read_templates()
        assert all(Pool.SAME_DAY not in each.pools for each in templates.default.sessions)
        named = [
            name for name, week in templates.offices.items() for each in week.sessions if Pool.SAME_DAY in each.pools
        ]
        assert set(named) == {"batam"}  # its same-day quota was published


class TestBoard:
    """What anybody may know."""

    @pytest.mark.acceptance("F43.date_session_category")
    async def test_an_offices_quota_by_session_and_pool(self) -> None:
        world = await started(plan(3, priority=2), plan(5, time(13)))
        await world.hold()
        found = await world.service.quota_board.find_by_office(SOUTH.office_id, TUESDAY, TUESDAY)
        assert [(each.session.start, each.free) for each in found] == [
            ("08:00", {"regular": 2, "priority": 2}),
            ("13:00", {"regular": 5}),
        ]

    @pytest.mark.acceptance("F77.by_distance", "F77.by_first_free")
    async def test_the_nearest_and_the_first_free(self) -> None:
        world = await started(plan(1), offices=[SOUTH, NORTH, EAST])
        board = world.service.quota_board
        offices = world.service.bookable_sessions.search(province=None, timezone=None, text=None)
        near = board.list_offices(offices, near=GeoPoint(-8.4, 140.3), product=Product.ORDINARY, on=None)
        assert [each.office.office_id for each in near] == ["merauke", "jakarta-utara", "jakarta-selatan"]
        assert near[0].distance_km is not None and near[0].distance_km < 20
        assert [each.offers_product for each in near] == [True, False, False]
        await world.hold()
        ids = [SOUTH.office_id, NORTH.office_id]
        free = await board.find_first_free(ids, Pool.REGULAR)
        assert {office_id: each.starts_at.date().day for office_id, each in free.items() if each} == {
            SOUTH.office_id: 25,
            NORTH.office_id: 24,
        }
        await world.hold("budi", session_id=world.session_id(NORTH))
        assert await board.find_first_free(ids, Pool.REGULAR) == free
        world.clock.advance(FIRST_FREE_KEPT_SECONDS)
        assert (await board.find_first_free(ids, Pool.REGULAR))[NORTH.office_id] != free[NORTH.office_id]
        assert (await board.find_first_free(ids, Pool.PRIORITY)) == {SOUTH.office_id: None, NORTH.office_id: None}

    def test_a_count_of_free_seats_reads_the_index_alone(self) -> None:
        from services.scheduling.booking.seats.repository import SEAT, SEAT_FREE

        index = SEAT.index(SEAT_FREE)
        assert index.keys[0] == "state.session_id"
        assert set(index.where) | {"state.session_id", "state.pool"} <= set(index.paths())


MONTHLY = OpeningRule(RuleKind.MONTHLY, time(9), month_days=(30,), announced_days=2)
WEEKLY = OpeningRule(RuleKind.WEEKLY, time(14), weekday=4, announced_days=2)


async def ruled(rule: OpeningRule, **changes: Any) -> World:
    """A world in which the southern office opens by this rule from its first day on."""
    world = make_world(**changes)
    await world.service.bookable_sessions.load_offices([SOUTH, NORTH, EAST])
    facts = replace(world.service.facts_cache.facts(SOUTH.office_id).state, opening=rule)
    await world.service.office_edits.put_facts(edit("rule", expected_version=1), facts)
    await world.parts.start()  # type: ignore[misc]
    await world.parts.chores[0].run()
    return world


class TestOpenings:
    """A rule, its sessions and who is told."""

    @pytest.mark.acceptance("F66.rule_is_data")
    async def test_sessions_are_announced_then_open_by_the_offices_rule(self) -> None:
        world = await ruled(WEEKLY)
        board = world.service.quota_board
        this_week = await board.find_by_office(SOUTH.office_id, None, None)
        assert {each.session.date.isocalendar().week for each in this_week} == {48}
        assert {each.session.opens_at for each in this_week} == {None}
        opening = datetime(2026, 11, 27, 7, tzinfo=UTC)
        coming = board.next_opening(SOUTH)
        assert coming is not None and (coming.at, coming.first) == (opening, date(2026, 11, 30))
        world.clock.set(opening - timedelta(days=2))
        await world.parts.chores[0].run()
        monday = world.session_id(day=date(2026, 11, 30))
        record = await world.service.bookable_sessions.session(monday)
        assert record.state.opens_at == opening
        assert {each.session.opens_at for each in await board.find_by_office(NORTH.office_id, None, None)} == {None}
        with pytest.raises(NotOpenYet):
            await world.hold(session_id=monday)
        world.clock.set(opening)
        await world.hold(session_id=monday)

    async def test_who_asked_is_told_once(self) -> None:
        world = await ruled(MONTHLY)
        notices = world.service.opening_notices
        for person in ("ani", "budi", "citra"):
            await notices.ask(SOUTH.office_id, Actor(f"account-{person}"))
        await notices.ask(SOUTH.office_id, Actor("account-ani"))
        await notices.stop(SOUTH.office_id, Actor("account-citra"))
        await notices.stop(SOUTH.office_id, Actor("account-citra"))
        with pytest.raises(NotFound):
            await notices.stop(SOUTH.office_id, Actor("account-dewi"))
        opening = datetime(2026, 11, 30, 2, tzinfo=UTC)
        world.clock.set(opening - timedelta(days=2, milliseconds=1))
        await world.worker.run_due()
        assert await told(world) == []
        world.clock.set(opening - timedelta(days=2))
        await world.worker.run_due()
        assert [(each.account_id, each.opens_at) for each in await told(world)] == [
            ("account-ani", opening),
            ("account-budi", opening),
        ]
        await world.parts.chores[0].run()
        await world.pass_time(3600)
        assert len(await told(world)) == 2
        await notices.ask(SOUTH.office_id, Actor("account-citra"))
        record = await world.base.get(OPENING_NOTICE, (await notices._ask(SOUTH.office_id, "account-citra")).id)
        assert record is not None and record.state.live

    async def test_a_changed_rule_takes_its_word_back(self) -> None:
        world = await ruled(MONTHLY)
        await world.service.opening_notices.ask(SOUTH.office_id, Actor("account-ani"))
        facts = replace(world.service.facts_cache.facts(SOUTH.office_id).state, opening=WEEKLY)
        await world.service.office_edits.put_facts(edit("weekly", expected_version=2), facts)
        world.clock.set(datetime(2026, 11, 28, 2, tzinfo=UTC))
        await world.worker.run_due()
        assert await told(world) == []

    async def test_what_was_not_told_before_the_opening_is_not_told_after(self) -> None:
        world = await ruled(MONTHLY)
        await world.service.opening_notices.ask(SOUTH.office_id, Actor("account-ani"))
        world.clock.set(datetime(2026, 11, 30, 2, tzinfo=UTC))
        await world.worker.run_due()
        assert await told(world) == []

    async def test_an_office_that_opens_every_day_needs_no_notice(self, world: World) -> None:
        with pytest.raises(OpensEveryDay):
            await world.service.opening_notices.ask(NORTH.office_id, Actor("account-ani"))
        assert world.service.quota_board.next_opening(NORTH) is not None

    async def test_one_account_follows_so_many_offices(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.scheduling.openings.notices.MOST_NOTICES", 1)
        world = await ruled(MONTHLY)
        await world.service.repositories.notices.begin_notice("other", OpeningNotice("x", "account-ani", START), START)
        with pytest.raises(TooManyNotices):
            await world.service.opening_notices.ask(SOUTH.office_id, Actor("account-ani"))


async def told(world: World) -> list[OpeningAnnounced]:
    later = world.clock.now() + timedelta(days=1)
    waiting = await world.base.outbox_waiting(OPENING_NOTICE, before=later, limit=100)
    said = [each.data for each in waiting if isinstance(each.data, OpeningAnnounced)]
    return sorted(said, key=lambda each: each.account_id)


def test_a_withdrawn_seat_is_nobodys() -> None:
    session = _session()
    seat = seats_of("s", session)[0]
    gone = seats.withdrawn(seat, "change")
    assert (gone.status, gone.withdrawn_by) == (SeatStatus.WITHDRAWN, "change")
    cooling = replace(seat, status=SeatStatus.COOLING, free_at=START)
    assert seats.withdrawn(cooling, "change").free_at is None
    taken = replace(seat, status=SeatStatus.TAKEN)
    with pytest.raises(IllegalTransition):
        seats.withdrawn(taken, "change")


def _session() -> Any:
    from services.scheduling.offices.session import session_from

    session = session_from(plan(3), office_id="x", timezone="Asia/Jakarta", day=TUESDAY, opened_by="template")
    assert [each.seats for each in batches_of(session)] == [3]
    return session


async def test_a_change_left_under_way_is_finished_by_its_deadline(world: World) -> None:
    change = await put(world, {"regular": 3})
    record: Record[Any] = await world.service.changes.read(change.id, BOSS)
    begun = replace(record.state, state=ChangeState.APPROVED, apply_at=world.clock.now())
    await world.base.save(QUOTA_CHANGE, record, begun, now=world.clock.now())
    await world.pass_time(1)
    assert (await world.service.changes.read(change.id, BOSS)).state.state is ChangeState.APPLIED
    assert await world.buckets() == {"free": 3}
