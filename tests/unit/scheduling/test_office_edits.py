"""Quota: what offices are and plan, and how staff edit it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from services.scheduling.app import read_offices, read_templates
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.offices.errors import (
    QuotaAboveCapacity,
)
from services.scheduling.offices.facts import (
    GeoPoint,
    Hours,
    OfferedProduct,
    PriorityGroup,
    Product,
    age_on,
    distance_km,
    limits_on,
    offers,
    place_of,
    plan_capacity,
    priority_group,
    with_facts,
)
from services.scheduling.offices.release_rule import OpeningRule, RuleKind
from services.scheduling.offices.session import PlanProblem, SessionPlan
from services.scheduling.offices.weekly_template import (
    OfficeTemplate,
    TemplateFault,
    TemplateProblem,
    TemplateSession,
    as_delivered,
    difference,
    template_problem,
    week_of,
)
from services.scheduling.quota.change import ChangeState
from services.scheduling.quota.errors import (
    EditedMeanwhile,
    FactsWrong,
    NothingChanges,
    OfficeExists,
    TemplateWrong,
)
from services.scheduling.quota.office_edits import template_subject
from services.scheduling.terms import Pool
from tests.unit.scheduling.faulty_stores import Shuffling
from tests.unit.scheduling.quota_edits import FACTS, MORNING, SECOND, TABLE, THEIRS, edit, started
from tests.unit.scheduling.world import BOSS, NORTH, SOUTH, TUESDAY, World, make_world, plan


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
        later = replace(facts, products=(OfferedProduct(Product.ORDINARY, since=last),))
        assert not offers(later, Product.ORDINARY, last - timedelta(days=1))

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
        assert round(distance_km(GeoPoint(0, 0), GeoPoint(0, 180))) == 20015
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
        wrong = TemplateFault(0, PlanProblem.QUOTA_ABOVE_CAPACITY, 4, 12)
        assert template_problem(OfficeTemplate("x", (MORNING,)), few, override=False) == wrong
        assert template_problem(OfficeTemplate("x", (MORNING,)), few, override=True) is None
        assert template_problem(OfficeTemplate("x", (replace(MORNING, pools={}),)), FACTS, override=True) is not None

    def test_two_sessions_do_not_start_together(self) -> None:
        twice = OfficeTemplate("x", (MORNING, replace(MORNING, weekdays=(4,))))
        assert template_problem(twice, FACTS, override=False) == TemplateFault(
            1, TemplateProblem.TWO_SESSIONS_START_TOGETHER
        )

    def test_moving_seats_between_pools_is_a_raise_and_a_cut(self) -> None:
        before = week_of(OfficeTemplate("x", (MORNING,)))
        after = week_of(OfficeTemplate("x", (replace(MORNING, pools={Pool.REGULAR: 8, Pool.PRIORITY: 4}),)))
        assert before.total() == 60
        assert difference(before, after) == (10, 10)


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
        history = await world.service.changes.find_by_subject(SOUTH.office_id, template_subject(SOUTH.office_id), BOSS)
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
        edits, book = world.service.office_edits, world.service.facts_cache
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
        await other.service.facts_cache.load()
        assert other.service.facts_cache.facts(SOUTH.office_id).state.booths == 7

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"opening": OpeningRule(RuleKind.MONTHLY)}, "/opening"),
            ({"hours": (Hours(0, time(9), time(9)),)}, "/hours"),
            ({"products": (OfferedProduct(Product.ORDINARY, date(2026, 2, 1), date(2026, 1, 1)),)}, "/products"),
            ({"latitude": None}, "/latitude"),
        ],
    )
    async def test_facts_that_contradict_each_other(self, world: World, changes: dict[str, Any], field: str) -> None:
        world_facts = replace(FACTS, **changes)
        with pytest.raises(FactsWrong) as refused:
            await world.service.office_edits.put_facts(edit(expected_version=1), world_facts)
        assert refused.value.field == field

    def test_an_office_has_the_address_and_telephone_of_its_facts(self) -> None:
        facts = replace(FACTS, address="Jalan Contoh 1", telephone="+62215550100")
        office = with_facts(SOUTH, facts)
        assert (office.address, office.telephone, office.latitude) == ("Jalan Contoh 1", "+62215550100", FACTS.latitude)
        assert with_facts(SOUTH, None) == SOUTH

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
        approved = await world.service.changes.find_by_office("mpp-contoh", SECOND, proposed=True)
        assert approved == []
        await world.parts.chores[0].run()
        sessions = await world.service.bookable_sessions.list_bookable("mpp-contoh", None, None)
        assert [(each.session.date, each.free) for each in sessions] == [(saturday, {"regular": 12})]
        with pytest.raises(NotYourOffice):
            await edits.put_template(edit("theirs", office_id="mpp-contoh", actor=THEIRS), (week,))
        with pytest.raises(OfficeExists):
            await edits.open_outreach(edit("again"), "MPP Contoh", "Kota Contoh", facts)
        with pytest.raises(OfficeExists):
            await edits.open_outreach(edit("an office"), "Jakarta Utara", "Kota Contoh", facts)
        assert world.service.context.offices[NORTH.office_id].city == NORTH.city
