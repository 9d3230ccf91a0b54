"""Offices that do not make what is applied for: refused before a seat is promised, with the nearest that do (X10)."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.scheduling.applications import ApplicationCopy, fresher
from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.reschedule import MoveWish
from services.scheduling.booking.parties.service import PartyWish
from services.scheduling.booking.waiting_list.entry import WaitingStatus
from services.scheduling.booking.waiting_list.service import WaitingWish
from services.scheduling.context import Actor
from services.scheduling.office import Office
from services.scheduling.offices.errors import ProductNotOffered, SessionNotFound, SessionSoldOut
from services.scheduling.offices.facts import OfferedProduct, OfficeFacts, OfficeKind, Product
from services.scheduling.offices.products import lacks, nearest_offering
from services.scheduling.terms import Pool
from services.scheduling.visit.special_reschedule.service import NewDate
from shared.events import billing
from shared.events.application import ApplicationSubmitted, KindCorrected
from shared.events.scheduling import SeatOffered
from shared.service import NotYet
from tests.unit.scheduling.faulty_stores import Counting
from tests.unit.scheduling.quota_edits import edit
from tests.unit.scheduling.world import EAST, FRONT, NORTH, SOUTH, START, TUESDAY, World, make_world

FACTS = OfficeFacts("here", OfficeKind.OFFICE, 1, 1, (), (OfferedProduct(Product.ELECTRONIC),))
BOTH = replace(FACTS, products=(OfferedProduct(Product.ORDINARY), OfferedProduct(Product.ELECTRONIC)))


async def wants(world: World, person: str = "ani", product: str = "ordinary", account: str = "") -> str:
    said = ApplicationSubmitted(
        application_id=f"application-{person}",
        account_id=account or f"account-{person}",
        applicant_id=f"applicant-{person}",
        person_id=f"person-{person}",
        passport_kind=product,
        validity_years=5,
        reason="new",
        submitted_at=world.clock.now(),
    )
    await world.hear(said)
    return said.application_id


async def drop(world: World, product: Product, office: Office = SOUTH) -> None:
    """The office's administrator takes the product off its list."""
    known = world.service.facts_cache.facts(office.office_id).state
    await offer(world, tuple(each for each in known.products if each.product is not product), office)


async def offer(world: World, products: tuple[OfferedProduct, ...], office: Office) -> None:
    known = world.service.facts_cache.facts(office.office_id)
    actor = Actor("administrator", office.office_id, is_staff=True)
    given: dict[str, Any] = {"office_id": office.office_id, "actor": actor, "reason": "blanks are out of stock"}
    asked = edit(f"facts of {office.office_id} after {known.version}", expected_version=known.version, **given)
    await world.service.office_edits.put_facts(asked, replace(known.state, products=products))
    await world.service.facts_cache.refresh()


def test_an_office_lacks_only_what_is_known_and_not_offered_that_day() -> None:
    assert lacks(FACTS, "ordinary", TUESDAY)
    assert not lacks(FACTS, "electronic", TUESDAY)
    assert not lacks(FACTS, None, TUESDAY)
    assert not lacks(FACTS, "sea_book", TUESDAY)


def test_the_nearest_come_first_and_those_without_a_place_last() -> None:
    placed = replace(BOTH, latitude=-6.2, longitude=106.8)
    far = replace(BOTH, latitude=-8.5, longitude=140.4)
    outreach = replace(placed, kind=OfficeKind.OUTREACH)
    others = [(EAST, far), (SOUTH, placed), (NORTH, FACTS), (replace(NORTH, office_id="bus"), outreach)]
    here = replace(FACTS, latitude=-6.1, longitude=106.8)
    near = nearest_offering(NORTH, here, others, {Product.ORDINARY}, TUESDAY)
    assert [each.office for each in near] == [SOUTH, EAST]
    assert near[0].distance_km == pytest.approx(11.1, abs=0.1)
    nowhere = nearest_offering(NORTH, FACTS, others, {Product.ORDINARY}, TUESDAY)
    assert [(each.office, each.distance_km) for each in nowhere] == [(SOUTH, None), (EAST, None)]


def test_of_an_application_the_newest_word_on_its_product_counts() -> None:
    first = ApplicationCopy("a", "p", submitted=True, product="ordinary", product_as_of=START)
    second = replace(first, product="electronic", product_as_of=START + timedelta(seconds=1))
    assert fresher(first, second) == second
    assert fresher(second, first) == second
    assert fresher(first, replace(first, withdrawn=True)).withdrawn
    old = ApplicationCopy("a", "p", submitted=True)
    assert fresher(old, first) == first
    assert fresher(first, replace(old, withdrawn=True)) == replace(first, withdrawn=True)


@pytest.mark.acceptance("X10.per_office")
async def test_a_hold_is_refused_where_the_office_lacks_the_product(world: World) -> None:
    await wants(world)
    with pytest.raises(ProductNotOffered) as refused:
        await world.service.booking.hold(world.wish())
    said = refused.value
    assert (said.code, said.status, said.field) == ("product_not_offered", 409, "/session_id")
    assert said.facts["product"] == "ordinary"
    assert [each["office_id"] for each in said.facts["nearest"]] == [EAST.office_id]  # type: ignore[attr-defined]
    assert "Merauke (" in said.next_action and "km)" in said.next_action and "Merauke" in said.next_action_id
    assert await world.of("application-ani") == []
    held = await world.service.booking.hold(world.wish(session_id=world.session_id(EAST)))
    assert held.state.status is Status.HELD


@pytest.mark.acceptance("X10.per_office")
async def test_where_no_office_offers_it_the_refusal_says_what_else_can_be_done(world: World) -> None:
    await drop(world, Product.ORDINARY, EAST)
    await wants(world)
    with pytest.raises(ProductNotOffered) as refused:
        await world.service.booking.hold(world.wish())
    assert refused.value.facts["nearest"] == []
    assert "another kind" in refused.value.next_action


@pytest.mark.acceptance("X10.per_office")
async def test_who_won_a_seat_before_the_office_dropped_the_product_keeps_it(world: World) -> None:
    held = await world.hold()
    await drop(world, Product.ELECTRONIC)
    assert (await world.service.booking.hold(world.wish())).id == held.id
    with pytest.raises(ProductNotOffered):
        await world.hold("budi")


async def test_a_hold_reads_no_more_for_it() -> None:
    world = make_world(wrap=Counting)
    await world.parts.start()  # type: ignore[misc]
    await world.hold("ani")
    await world.submitted("budi")
    store: Any = world.store
    store.seen.clear()
    await world.service.booking.hold(world.wish("budi"))
    assert set(store.seen) == {("get", "application_copy"), ("claim_one", "seat"), ("insert", "appointment")}
    assert store.seen.count(("get", "application_copy")) == 1


async def test_a_session_that_is_not_there_is_refused_as_before(world: World) -> None:
    await wants(world)
    with pytest.raises(SessionNotFound):
        await world.service.booking.hold(world.wish(session_id="none"))


@pytest.mark.acceptance("X10.per_office")
async def test_a_visit_moves_to_no_office_that_lacks_the_product(world: World) -> None:
    await wants(world)
    held = await world.service.booking.hold(world.wish(session_id=world.session_id(EAST)))
    await world.hear(world.bill(billing.BillPaid, held, amount=350_000, paid_at=world.clock.now()))
    wish = MoveWish(held.id, world.session_id(NORTH), Actor("account-ani"), "move")
    with pytest.raises(ProductNotOffered):
        await world.service.moves.reschedule(wish)
    assert (await world.appointment(held.id)).state.status is Status.CONFIRMED
    later = world.session_id(EAST, TUESDAY + timedelta(days=1))
    moved = await world.service.moves.reschedule(replace(wish, session_id=later))
    assert moved.state.seat.office_id == EAST.office_id


@pytest.mark.acceptance("X10.per_office")
async def test_a_family_is_refused_with_the_application_that_does_not_fit(world: World) -> None:
    ids = (await wants(world, "ani", "electronic", "family"), await wants(world, "budi", "ordinary", "family"))
    wish = PartyWish(ids, world.session_id(), Pool.REGULAR, Actor("family"), "party")
    with pytest.raises(ProductNotOffered) as refused:
        await world.service.parties.book(wish)
    assert refused.value.facts["application_id"] == "application-budi"
    assert await world.of(ids[0]) == []


def waits(offices: tuple[str, ...], person: str = "ani") -> WaitingWish:
    last = TUESDAY + timedelta(days=2)
    actor = Actor(f"account-{person}")
    return WaitingWish(f"application-{person}", offices, TUESDAY, last, Pool.REGULAR, actor, f"wait-{person}")


@pytest.mark.acceptance("X10.per_office")
async def test_nobody_waits_at_an_office_that_lacks_the_product(world: World) -> None:
    await wants(world)
    with pytest.raises(ProductNotOffered) as refused:
        await world.service.waiting_list.enter(waits((EAST.office_id, SOUTH.office_id)))
    assert refused.value.field == "/office_ids"
    entry = await world.service.waiting_list.enter(waits((EAST.office_id,)))
    assert entry.state.status is WaitingStatus.WAITING


@pytest.mark.acceptance("X10.per_office")
async def test_a_freed_seat_passes_by_who_wants_what_the_office_dropped(world: World) -> None:
    held = await world.hold("siti")
    await world.hold("tono")
    await world.submitted("ani")
    await world.submitted("budi")
    first = await world.service.waiting_list.enter(waits((SOUTH.office_id,), "ani"))
    await world.pass_time(1)
    second = await world.service.waiting_list.enter(waits((SOUTH.office_id,), "budi"))
    corrected = KindCorrected(
        application_id="application-ani",
        account_id="account-ani",
        person_id="person-ani",
        passport_kind="ordinary",
        validity_years=5,
        reason="new",
        corrected_at=world.clock.now(),
    )
    await world.hear(corrected)
    await world.service.holds.cancel(held.id, Actor("account-siti"), "cancel", fee_is_lost=False)
    await world.pass_time(301)
    line = world.service.waiting_list
    assert (await line.get(first.id, Actor("account-ani"))).state.status is WaitingStatus.WAITING
    assert (await line.get(second.id, Actor("account-budi"))).state.status is WaitingStatus.OFFERED
    await drop(world, Product.ELECTRONIC)
    with pytest.raises(ProductNotOffered):
        await line.accept(second.id, Actor("account-budi"), "accept")


@pytest.mark.acceptance("X10.per_office")
async def test_late_money_is_offered_no_day_on_which_the_office_stopped_making_it(world: World) -> None:
    held = await world.hold()
    await world.hear(world.requested(held))
    await world.hear(world.bill(billing.BillExpired, held))
    await world.pass_time(301)
    await world.hold("budi")
    await world.hold("tono")
    await drop(world, Product.ELECTRONIC)
    await world.hear(world.late(held))
    assert not await world.said(SeatOffered)


async def test_a_corrected_kind_counts_from_then_on_and_waits_for_its_application(world: World) -> None:
    corrected = KindCorrected(
        application_id="application-ani",
        account_id="account-ani",
        person_id="person-ani",
        passport_kind="electronic",
        validity_years=5,
        reason="new",
        corrected_at=START,
    )
    with pytest.raises(NotYet):
        await world.hear(corrected)
    await wants(world)
    await world.hear(corrected)
    await world.hear(corrected)
    assert (await world.service.booking.hold(world.wish())).state.status is Status.HELD


@pytest.mark.acceptance("X10.dated")
async def test_products_have_days(world: World) -> None:
    await offer(world, (OfferedProduct(Product.ORDINARY, until=TUESDAY),), EAST)
    await wants(world)
    wednesday = world.session_id(EAST, date(2026, 11, 25))
    with pytest.raises(ProductNotOffered):
        await world.service.booking.hold(world.wish(session_id=wednesday))
    assert (await world.service.booking.hold(world.wish(session_id=world.session_id(EAST)))).state.live


@pytest.mark.acceptance("X10.per_office")
async def test_what_is_named_instead_of_a_full_session_makes_the_product_too(world: World) -> None:
    await offer(world, (OfferedProduct(Product.ORDINARY),), NORTH)
    await world.hold("siti")
    await world.hold("tono")
    await world.submitted("ani")
    with pytest.raises(SessionSoldOut) as refused:
        await world.service.booking.hold(world.wish())
    assert refused.value.facts["earliest"] and not refused.value.facts["nearest"]


async def sold_out(world: World, asked: Awaitable[object]) -> list[str]:
    """Which sessions a refusal names instead: here and nearby."""
    with pytest.raises(SessionSoldOut) as refused:
        await asked
    facts: Any = refused.value.facts
    return [each["session_id"] for each in (*facts["earliest"], *facts["nearest"])]


WEDNESDAY, THURSDAY = TUESDAY + timedelta(days=1), TUESDAY + timedelta(days=2)


async def south_is_full(world: World) -> list[str]:
    """Tuesday in the south is sold out, the north stopped making electronic passports; what may still be named."""
    await offer(world, (OfferedProduct(Product.ORDINARY),), NORTH)
    await world.hold("siti")
    await world.hold("tono")
    return [world.session_id(SOUTH, WEDNESDAY + timedelta(days=more)) for more in range(3)]


@pytest.mark.acceptance("X10.per_office")
async def test_what_a_family_is_named_instead_makes_everybody_their_passport(world: World) -> None:
    fitting = await south_is_full(world)
    ids = (await wants(world, "ani", "electronic", "family"), await wants(world, "budi", "electronic", "family"))
    wish = PartyWish(ids, world.session_id(), Pool.REGULAR, Actor("family"), "party")
    assert await sold_out(world, world.service.parties.book(wish)) == fitting
    await world.hold("rina", session_id=fitting[0])
    assert await sold_out(world, world.service.parties.book(replace(wish, command_id="later"))) == fitting
    await world.pass_time(3)
    named = await sold_out(world, world.service.parties.book(replace(wish, command_id="again")))
    assert named == fitting[1:], "one seat is not for two"


@pytest.mark.acceptance("X10.per_office")
async def test_a_family_that_got_too_few_seats_is_named_what_fits_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitting = await south_is_full(world)
    ids = (await wants(world, "ani", "electronic", "family"),)

    async def passes(*_given: object) -> None:
        """Somebody takes the last seat after the look for free ones."""

    monkeypatch.setattr(world.service.parties, "_refuse_session", passes)
    wish = PartyWish(ids, world.session_id(), Pool.REGULAR, Actor("family"), "party")
    assert await sold_out(world, world.service.parties.book(wish)) == fitting


@pytest.mark.acceptance("X10.per_office")
async def test_a_family_is_named_the_offices_that_make_all_of_its_passports(world: World) -> None:
    await offer(world, (OfferedProduct(Product.ORDINARY),), NORTH)
    ids = (await wants(world, "ani", "electronic", "family"), await wants(world, "budi", "ordinary", "family"))
    wish = PartyWish(ids, world.session_id(), Pool.REGULAR, Actor("family"), "party")
    with pytest.raises(ProductNotOffered) as refused:
        await world.service.parties.book(wish)
    facts: Any = refused.value.facts
    assert [each["office_id"] for each in facts["nearest"]] == [EAST.office_id]
    await wants(world, "rina")
    with pytest.raises(ProductNotOffered) as alone:
        await world.service.booking.hold(world.wish("rina"))
    facts = alone.value.facts
    assert {each["office_id"] for each in facts["nearest"]} == {NORTH.office_id, EAST.office_id}


@pytest.mark.acceptance("X10.per_office")
async def test_who_moves_is_named_what_makes_the_product(world: World) -> None:
    fitting = await south_is_full(world)
    paid = await world.paid("ani", session_id=fitting[0])
    await world.hold("rina", session_id=fitting[0])
    moved = world.service.moves.reschedule(world.move(paid, world.session_id()))
    assert await sold_out(world, moved) == fitting[1:]


@pytest.mark.acceptance("X10.per_office")
async def test_who_has_a_new_date_is_named_what_makes_the_product(world: World) -> None:
    fitting = await south_is_full(world)
    paid = await world.paid("ani", session_id=fitting[0])
    await world.service.specials.interrupt(paid.id, "system_fault", FRONT, "stop")
    wish = NewDate(paid.id, world.session_id(), Actor("account-ani"), "new date")
    assert await sold_out(world, world.service.specials.use(wish)) == fitting


@pytest.mark.acceptance("X10.dated")
async def test_what_is_named_makes_the_product_on_its_own_day(world: World) -> None:
    fitting = await south_is_full(world)
    await offer(world, (OfferedProduct(Product.ELECTRONIC, until=WEDNESDAY),), SOUTH)
    await offer(world, (OfferedProduct(Product.ELECTRONIC, since=THURSDAY),), NORTH)
    await world.submitted("ani")
    north = [world.session_id(NORTH, THURSDAY + timedelta(days=more)) for more in range(2)]
    assert await sold_out(world, world.service.booking.hold(world.wish())) == [fitting[0], *north]
