"""Quota: facts of offices, templates, edits under four eyes, pools, offline quota, the public board, notices."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as some

from services.scheduling.app import read_facts, read_offices, read_templates
from services.scheduling.booking.seats import seat as seats
from services.scheduling.booking.seats.seat import SeatStatus, seats_of
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.offices.errors import (
    QuotaAboveCapacity,
    SessionClosed,
    SessionExists,
    SessionPlanWrong,
    SessionSoldOut,
)
from services.scheduling.offices.facts import (
    Hours,
    Offer,
    OfficeKind,
    Place,
    PriorityGroup,
    Product,
    age_on,
    distance_km,
    limits_on,
    offers,
    place_of,
    plan_capacity,
    priority_group,
    receives_on,
    within_hours,
)
from services.scheduling.offices.offline_quota import OfflineGrant, OfflineQuota, granted
from services.scheduling.offices.release_rule import OpeningRule, RuleKind
from services.scheduling.offices.repository import offline_quota_id
from services.scheduling.offices.session import PlanProblem, SessionPlan, batches_of, plan_problem
from services.scheduling.offices.weekly_template import (
    OfficeTemplate,
    TemplateProblem,
    TemplateSession,
    Wrong,
    as_delivered,
    difference,
    template_problem,
    week_of,
)
from services.scheduling.openings.errors import NotOpenYet, OpensEveryDay, TooManyNotices
from services.scheduling.openings.notice import OpeningNotice
from services.scheduling.openings.repository import OPENING_NOTICE
from services.scheduling.quota import change as quota_changes
from services.scheduling.quota.change import ChangeState, FourEyes, needs_second
from services.scheduling.quota.errors import (
    ChangeDecided,
    ChangeFailed,
    ChangeNotFound,
    CutBelowBooked,
    DayNotPossible,
    EditedMeanwhile,
    FactsWrong,
    NothingChanges,
    OfficeExists,
    OutsideOpeningHours,
    SecondPersonNeeded,
    TemplateWrong,
)
from services.scheduling.quota.office_edits import Edit, NewSession, template_subject
from services.scheduling.quota.public_board import FIRST_FREE_KEPT_SECONDS
from services.scheduling.quota.repository import QUOTA_CHANGE
from services.scheduling.quota.session_edits import Transfer
from services.scheduling.terms import Pool
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events.scheduling import AppointmentRescheduled, OpeningAnnounced
from shared.store import Record
from tests.unit.scheduling.stores import Dying, Killed, Shuffling
from tests.unit.scheduling.world import BOSS, EAST, NORTH, SOUTH, START, TUESDAY, World, make_world, plan, weekly

SECOND = Actor("second-admin", SOUTH.office_id, is_staff=True)
THEIRS = Actor("other-admin", NORTH.office_id, is_staff=True)
MORNING = TemplateSession((0, 1, 2, 3, 4), time(8), time(10), 4, 30, 4, {Pool.REGULAR: 10, Pool.PRIORITY: 2})
TABLE = read_facts()
FACTS = TABLE.facts_of(SOUTH)


def edit(key: str = "edit", **changes: Any) -> Edit:
    given: dict[str, Any] = {
        "office_id": SOUTH.office_id,
        "actor": BOSS,
        "reason": "fitted to staff",
        "command_id": key,
    }
    return Edit(**(given | changes))


async def session_edit(world: World, key: str = "edit", **changes: Any) -> Edit:
    record = await world.service.calendar.session(world.session_id())
    return edit(key, office_id="", expected_version=record.version, **changes)


async def put(
    world: World, pools: Mapping[str, int], key: str = "edit", *, bulk_move: bool = False, **changes: Any
) -> Any:
    wanted = {Pool(pool): size for pool, size in pools.items()}
    asked = await session_edit(world, key, **changes)
    return await world.service.session_edits.put(world.session_id(), asked, wanted, bulk_move=bulk_move)


async def started(*plans: SessionPlan, **changes: Any) -> World:
    world = make_world(templates=weekly(*plans), **changes)
    await world.parts.start()  # type: ignore[misc]
    return world


class TestFacts:
    """What an office is and offers."""

    def test_every_office_has_a_place_and_facts(self) -> None:
        offices = read_offices()
        assert set(TABLE.places) == {office.office_id for office in offices}
        for office in offices:
            facts = TABLE.facts_of(office)
            assert facts.booths and facts.staff and place_of(facts)
            assert offers(facts, Product.ELECTRONIC, date(2026, 1, 1))

    def test_names_in_the_product_file_exist(self) -> None:
        offices = read_offices()
        ids, provinces = {each.office_id for each in offices}, {each.province for each in offices}
        for _since, named, wide in TABLE.electronic_only:
            assert named <= ids
            assert wide <= provinces

    @pytest.mark.acceptance("X10.per_office", "X10.dated")
    @pytest.mark.parametrize(
        ("office_id", "last"),
        [
            ("semarang", date(2024, 9, 30)),
            ("jakarta-selatan", date(2024, 11, 30)),
            ("batam", date(2024, 11, 30)),
            ("pekanbaru", date(2025, 4, 30)),
            ("samarinda", date(2025, 6, 30)),
            ("parepare", date(2025, 9, 30)),
        ],
    )
    def test_products_have_dates(self, office_id: str, last: date) -> None:
        facts = next(TABLE.facts_of(each) for each in read_offices() if each.office_id == office_id)
        assert offers(facts, Product.ORDINARY, last)
        assert not offers(facts, Product.ORDINARY, last + timedelta(days=1))
        bandung = next(TABLE.facts_of(each) for each in read_offices() if each.office_id == "bandung")
        assert offers(bandung, Product.ORDINARY, date(2026, 11, 1))
        later = replace(facts, products=(Offer(Product.ORDINARY, since=last),))
        assert not offers(later, Product.ORDINARY, last - timedelta(days=1))

    def test_hours_holidays_and_own_dates(self) -> None:
        monday, saturday = date(2026, 11, 23), date(2026, 11, 28)
        assert within_hours(FACTS, monday, time(8), time(16))
        assert not within_hours(FACTS, monday, time(7, 30), time(9))
        assert not within_hours(FACTS, monday, time(15), time(16, 30))
        assert not within_hours(FACTS, saturday, time(8), time(9))
        closed = replace(FACTS, holidays=(monday,))
        assert not receives_on(closed, monday)
        assert not within_hours(closed, monday, time(8), time(9))
        outreach = replace(FACTS, kind=OfficeKind.OUTREACH, own_dates=(saturday,))
        assert receives_on(outreach, saturday) and not receives_on(outreach, monday)
        assert within_hours(outreach, saturday, time(19), time(21))

    @pytest.mark.acceptance("F67.derived")
    def test_capacity_is_limited_by_booths_and_staff_of_plan_and_office(self) -> None:
        planned = SessionPlan(time(8), time(10), 4, 30, 3, {})
        assert plan_capacity(planned, FACTS) == 3 * 4
        assert plan_capacity(planned, replace(FACTS, booths=2)) == 2 * 4
        assert plan_capacity(planned, replace(FACTS, staff=1)) == 1 * 4
        assert plan_capacity(replace(planned, end=time(7)), FACTS) == 0

    def test_distance(self) -> None:
        jakarta, bandung = TABLE.places["jakarta-pusat"], TABLE.places["bandung"]
        assert 100 < distance_km(jakarta, bandung) < 140
        assert distance_km(jakarta, jakarta) == 0
        assert round(distance_km(Place(0, 0), Place(0, 180))) == 20015
        assert place_of(replace(FACTS, latitude=None)) is None

    @pytest.mark.acceptance("F69.age_limits")
    def test_age_limits_have_dates(self) -> None:
        old, now = limits_on(TABLE.priority, date(2021, 6, 1)), limits_on(TABLE.priority, date(2026, 11, 24))
        assert limits_on(TABLE.priority, date(2017, 12, 31)) is None
        assert (old.child_below_years, now.child_below_years) == (5, 12)  # type: ignore[union-attr]
        assert [priority_group(age, old) for age in (4, 5, 11)] == [PriorityGroup.CHILD, None, None]
        assert [priority_group(age, now) for age in (11, 12, 60, 61)] == [
            PriorityGroup.CHILD,
            None,
            None,
            PriorityGroup.ELDERLY,
        ]
        assert priority_group(30, now, disabled=True) is PriorityGroup.DISABLED
        assert priority_group(4, None) is None
        birth = date(2014, 11, 24)
        assert [age_on(birth, day) for day in (date(2026, 11, 23), date(2026, 11, 24))] == [11, 12]


class TestTemplates:
    """A week and its changes, as data."""

    def test_what_is_delivered_can_be_edited(self) -> None:
        for office in read_offices():
            weekly_template = read_templates().offices.get(office.office_id, read_templates().default)
            template = as_delivered(office.office_id, weekly_template)
            assert template_problem(template, TABLE.facts_of(office), override=False) is None, office.office_id

    def test_a_day_has_its_sessions(self) -> None:
        friday = replace(MORNING, weekdays=(4,), start=time(14), end=time(16))
        template = OfficeTemplate("x", (MORNING, friday))
        assert [each.start.hour for each in template.plans_for(date(2026, 11, 27))] == [8, 14]
        assert [each.start.hour for each in template.plans_for(date(2026, 11, 26))] == [8]
        assert template.plans_for(date(2026, 11, 28)) == ()
        assert len(template.every_plan()) == 2

    @pytest.mark.parametrize(
        ("session", "problem"),
        [
            (replace(MORNING, weekdays=()), TemplateProblem.NO_WEEKDAY),
            (replace(MORNING, start=time(8, 15)), "not_on_a_half_hour"),
            (replace(MORNING, pools={}), "no_seats"),
            (replace(MORNING, booths=2), "quota_above_capacity"),
        ],
    )
    def test_what_is_wrong_is_named(self, session: TemplateSession, problem: str) -> None:
        wrong = template_problem(OfficeTemplate("x", (session,)), FACTS, override=False)
        assert wrong is not None and (wrong.index, wrong.problem) == (0, problem)

    def test_an_override_lets_only_capacity_through(self) -> None:
        assert template_problem(OfficeTemplate("x", (replace(MORNING, booths=2),)), FACTS, override=True) is None
        few = replace(FACTS, booths=1)
        wrong = Wrong(0, PlanProblem.QUOTA_ABOVE_CAPACITY, 4, 12)
        assert template_problem(OfficeTemplate("x", (MORNING,)), few, override=False) == wrong
        assert template_problem(OfficeTemplate("x", (MORNING,)), few, override=True) is None
        assert template_problem(OfficeTemplate("x", (replace(MORNING, pools={}),)), FACTS, override=True) is not None

    def test_two_sessions_do_not_start_together(self) -> None:
        twice = OfficeTemplate("x", (MORNING, replace(MORNING, weekdays=(4,))))
        assert template_problem(twice, FACTS, override=False) == Wrong(1, TemplateProblem.TWO_SESSIONS_START_TOGETHER)

    def test_moving_seats_between_pools_is_a_raise_and_a_cut(self) -> None:
        before = week_of(OfficeTemplate("x", (MORNING,)))
        after = week_of(OfficeTemplate("x", (replace(MORNING, pools={Pool.REGULAR: 8, Pool.PRIORITY: 4}),)))
        assert before.total() == 60
        assert difference(before, after) == (10, 10)


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
        with pytest.raises(quota_changes.IllegalChangeStep):
            quota_changes.step(ChangeState.APPLIED, quota_changes.ChangeCommand.APPROVE)

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
        record = await world.service.calendar.session(world.session_id())
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
        record = await world.service.calendar.session(world.session_id())
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
        assert (await world.service.calendar.session(world.session_id())).state.capacity == 0
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
        record = await world.service.calendar.session(world.session_id())
        with pytest.raises(EditedMeanwhile):
            await world.service.session_edits.put(
                world.session_id(), edit("late", expected_version=1), {Pool.REGULAR: 5}
            )
        with pytest.raises(SomeoneElseChangedIt):
            await put(world, {"regular": 3}, "late")
        world.clock.set(record.state.starts_at)
        await world.service.changes.run(await world.service.changes.read(change.id, BOSS))
        assert (await world.service.changes.read(change.id, BOSS)).state.state is ChangeState.APPLIED
        assert (await world.service.calendar.session(world.session_id())).state.capacity == 2

    @pytest.mark.acceptance("F69.no_borrowing")
    async def test_a_transfer_between_pools_is_asked_for_and_kept(self) -> None:
        world = await started(plan(4, priority=2))
        edits = world.service.session_edits
        change = await edits.transfer(
            world.session_id(), await session_edit(world), Transfer(Pool.PRIORITY, Pool.REGULAR, 1)
        )
        assert change.state.after == {"pools": {"regular": 5, "priority": 1}}
        assert (change.state.raised, change.state.cut, change.state.subject) == (1, 1, "transfer")
        history = await world.service.changes.of_subject(SOUTH.office_id, world.session_id(), BOSS)
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
            await world.service.holds.hold(world.wish("budi"))
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
            await world.service.changes.of_office(SOUTH.office_id, THEIRS, proposed=False)

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
        record = await world.service.calendar.session(world.session_id())
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
        assert [each.id for each in await changes.of_office(SOUTH.office_id, BOSS, proposed=True)] == [proposed.id]
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
        assert await changes.of_office(SOUTH.office_id, BOSS, proposed=True) == []

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


class TestTemplateEdits:
    """The week, over versions."""

    @pytest.mark.acceptance("F68.quotas", "F68.versioned")
    async def test_the_week_is_edited_with_author_reason_and_version(self) -> None:
        world = await started(plan(10, priority=2))
        edits = world.service.office_edits
        before, version = await edits.template(SOUTH.office_id, BOSS)
        assert (version, before.sessions[0].pools) == (0, {Pool.REGULAR: 10, Pool.PRIORITY: 2})
        wanted = (replace(before.sessions[0], pools={Pool.REGULAR: 11, Pool.PRIORITY: 2}),)
        first = await edits.put_template(edit("first"), wanted)
        assert (first.state.state, first.state.raised) == (ChangeState.APPLIED, 7)
        assert await edits.put_template(edit("first"), wanted) == first
        with pytest.raises(NothingChanges):
            await edits.put_template(edit("same", expected_version=1), wanted)
        with pytest.raises(EditedMeanwhile):
            await edits.put_template(edit("stale"), before.sessions)
        await edits.put_template(edit("second", expected_version=1, reason="as it was"), before.sessions)
        history = await world.service.changes.of_subject(SOUTH.office_id, template_subject(SOUTH.office_id), BOSS)
        assert sorted(each.state.reason for each in history) == ["as it was", "fitted to staff"]
        assert (await edits.template(SOUTH.office_id, BOSS))[1] == 2

    async def test_new_days_follow_the_new_week_and_opened_ones_stay(self) -> None:
        world = await started(plan(10))
        before, _version = await world.service.office_edits.template(SOUTH.office_id, BOSS)
        wanted = (replace(before.sessions[0], pools={Pool.REGULAR: 11}),)
        await world.service.office_edits.put_template(edit(), wanted)
        world.clock.advance(24 * 3600)
        await world.parts.chores[0].run()
        assert len(await world.seats()) == 10
        assert len(await world.seats(world.session_id(day=TUESDAY + timedelta(days=4)))) == 11
        assert len(await world.seats(world.session_id(NORTH, TUESDAY + timedelta(days=4)))) == 10

    async def test_two_first_templates_at_once(self) -> None:
        world = await started(plan(10), wrap=lambda base: Shuffling(base, 5))
        before, _version = await world.service.office_edits.template(SOUTH.office_id, BOSS)
        sizes = ({Pool.REGULAR: 11}, {Pool.REGULAR: 10, Pool.WALK_IN: 1})
        wishes = [(replace(before.sessions[0], pools=pools),) for pools in sizes]
        ends = await asyncio.gather(
            *(world.service.office_edits.put_template(edit(str(each[0].pools)), each) for each in wishes),
            return_exceptions=True,
        )
        assert sum(isinstance(each, EditedMeanwhile) for each in ends) == 1

    async def test_what_a_template_refuses(self, world: World) -> None:
        edits = world.service.office_edits
        with pytest.raises(QuotaAboveCapacity) as refused:
            await edits.put_template(edit(), (replace(MORNING, booths=1),))
        assert (refused.value.field, refused.value.facts) == ("/sessions/0/pools", {"capacity": 4, "asked": 12})
        with pytest.raises(TemplateWrong):
            await edits.put_template(edit(), (replace(MORNING, end=time(7)),))
        with pytest.raises(OfficeNotFound):
            await edits.put_template(edit(office_id="nowhere"), (MORNING,))
        signed = await edits.put_template(edit(override=True), (replace(MORNING, booths=1),))
        assert signed.state.state is ChangeState.PROPOSED


class TestFactsEdits:
    """What an office says of itself."""

    async def test_facts_are_edited_with_versions(self, world: World) -> None:
        edits, book = world.service.office_edits, world.service.book
        wanted = replace(book.facts(SOUTH.office_id).state, booths=7, holidays=(TUESDAY + timedelta(days=4),))
        change = await edits.put_facts(edit(expected_version=1), wanted)
        assert change.state.before["booths"] == 20
        assert (book.facts(SOUTH.office_id).state.booths, book.facts(SOUTH.office_id).version) == (7, 2)
        assert await edits.put_facts(edit(expected_version=1), wanted) == change
        with pytest.raises(NothingChanges):
            await edits.put_facts(edit("same", expected_version=2), wanted)
        with pytest.raises(EditedMeanwhile):
            await edits.put_facts(edit("stale", expected_version=1), replace(wanted, booths=8))
        world.clock.advance(24 * 3600)
        await world.parts.chores[0].run()
        assert await world.seats(world.session_id(day=TUESDAY + timedelta(days=4))) == []
        other = make_world()
        other.base._documents = world.base._documents
        await other.service.book.load()
        assert other.service.book.facts(SOUTH.office_id).state.booths == 7

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"opening": OpeningRule(RuleKind.MONTHLY)}, "/opening"),
            ({"hours": (Hours(0, time(9), time(9)),)}, "/hours"),
            ({"products": (Offer(Product.ORDINARY, date(2026, 2, 1), date(2026, 1, 1)),)}, "/products"),
            ({"latitude": None}, "/latitude"),
        ],
    )
    async def test_facts_that_contradict_each_other(self, world: World, changes: dict[str, Any], field: str) -> None:
        world_facts = replace(FACTS, **changes)
        with pytest.raises(FactsWrong) as refused:
            await world.service.office_edits.put_facts(edit(expected_version=1), world_facts)
        assert refused.value.field == field

    @pytest.mark.acceptance("F77.outreach")
    async def test_an_outreach_has_its_own_days_and_quota(self, world: World) -> None:
        edits, saturday = world.service.office_edits, date(2026, 11, 28)
        world.clock.advance(24 * 3600)  # Tuesday: Saturday is in sight
        facts = replace(FACTS, own_dates=(saturday,))
        opened = await edits.open_outreach(edit(), "MPP Contoh", "Kota Contoh", facts)
        assert opened.state.state is ChangeState.APPLIED
        outreach = world.service.context.offices["mpp-contoh"]
        assert (outreach.timezone, outreach.city) == (SOUTH.timezone, "Kota Contoh")
        week = replace(MORNING, weekdays=(0,), pools={Pool.REGULAR: 12})
        await edits.put_template(edit("week", office_id="mpp-contoh"), (week,))
        approved = await world.service.changes.of_office("mpp-contoh", SECOND, proposed=True)
        assert approved == []
        await world.parts.chores[0].run()
        sessions = await world.service.calendar.listing("mpp-contoh", None, None)
        assert [(each.session.date, each.free) for each in sessions] == [(saturday, {"regular": 12})]
        with pytest.raises(NotYourOffice):
            await edits.put_template(edit("theirs", office_id="mpp-contoh", actor=THEIRS), (week,))
        with pytest.raises(OfficeExists):
            await edits.open_outreach(edit("again"), "MPP Contoh", "Kota Contoh", facts)
        with pytest.raises(OfficeExists):
            await edits.open_outreach(edit("an office"), "Jakarta Utara", "Kota Contoh", facts)
        assert world.service.context.offices[NORTH.office_id] == NORTH


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
        found = await edits.offline_quotas(SOUTH.office_id, BOSS, None, None)
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
        world = make_world(templates=replace(weekly(plan()), closed_days=frozenset({(12, 25)})))
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
        found = await world.service.quota_board.of_office(SOUTH.office_id, TUESDAY, TUESDAY)
        assert [(each.session.start, each.free) for each in found] == [
            ("08:00", {"regular": 2, "priority": 2}),
            ("13:00", {"regular": 5}),
        ]

    @pytest.mark.acceptance("F77.by_distance", "F77.by_first_free")
    async def test_the_nearest_and_the_first_free(self) -> None:
        world = await started(plan(1), offices=[SOUTH, NORTH, EAST])
        board = world.service.quota_board
        offices = world.service.calendar.search(province=None, timezone=None, text=None)
        near = board.listed(offices, near=Place(-8.4, 140.3), product=Product.ORDINARY, on=None)
        assert [each.office.office_id for each in near] == ["merauke", "jakarta-utara", "jakarta-selatan"]
        assert near[0].distance_km is not None and near[0].distance_km < 20
        assert [each.offers_product for each in near] == [True, False, False]
        await world.hold()
        ids = [SOUTH.office_id, NORTH.office_id]
        free = await board.first_free(ids, Pool.REGULAR)
        assert {office_id: each.starts_at.date().day for office_id, each in free.items() if each} == {
            SOUTH.office_id: 25,
            NORTH.office_id: 24,
        }
        await world.hold("budi", session_id=world.session_id(NORTH))
        assert await board.first_free(ids, Pool.REGULAR) == free
        world.clock.advance(FIRST_FREE_KEPT_SECONDS)
        assert (await board.first_free(ids, Pool.REGULAR))[NORTH.office_id] != free[NORTH.office_id]
        assert (await board.first_free(ids, Pool.PRIORITY)) == {SOUTH.office_id: None, NORTH.office_id: None}

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
    await world.service.calendar.load_offices([SOUTH, NORTH, EAST])
    facts = replace(world.service.book.facts(SOUTH.office_id).state, opening=rule)
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
        this_week = await board.of_office(SOUTH.office_id, None, None)
        assert {each.session.date.isocalendar().week for each in this_week} == {48}
        assert {each.session.opens_at for each in this_week} == {None}
        opening = datetime(2026, 11, 27, 7, tzinfo=UTC)
        coming = board.next_opening(SOUTH)
        assert coming is not None and (coming.at, coming.first) == (opening, date(2026, 11, 30))
        world.clock.set(opening - timedelta(days=2))
        await world.parts.chores[0].run()
        monday = world.session_id(day=date(2026, 11, 30))
        record = await world.service.calendar.session(monday)
        assert record.state.opens_at == opening
        assert {each.session.opens_at for each in await board.of_office(NORTH.office_id, None, None)} == {None}
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
        facts = replace(world.service.book.facts(SOUTH.office_id).state, opening=WEEKLY)
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
    with pytest.raises(seats.IllegalSeatChange):
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
