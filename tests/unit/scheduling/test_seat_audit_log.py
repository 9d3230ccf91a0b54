"""Provable quota: each seat's life is on a chain per office and day that anybody can re-compute and recount."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.booking.seats.audit_log_facts import seat_facts_of
from services.scheduling.booking.seats.repository import SEAT
from services.scheduling.booking.seats.seat import SeatStatus
from services.scheduling.visit.counter.check_in import VisitorLookup
from shared.audit import Audit
from shared.chain import ChainName
from shared.chain.feed import SECOND_LOOK_SECONDS
from shared.chain.lines import AuditExportLine, SeatChainLine
from shared.chain.verify import ExportWrong, read_roots, verify
from shared.events import scheduling as events
from shared.events.billing import BillPaid
from shared.tokens import Caller, Role
from tests.unit.scheduling.world import FRONT, NORTH, SOUTH, START, TUESDAY, World, make_world, plan, weekly
from tests.unit.shared_chain.described import assert_described


@pytest.fixture
async def world() -> World:
    """Three seats at 08:00 each day."""
    made = make_world(templates=weekly(plan(3)))
    assert made.parts.start is not None
    await made.parts.start()
    return made


async def lines_of(stream: AsyncIterator[bytes]) -> list[bytes]:
    return b"".join([lines async for lines in stream]).splitlines()


async def chained(world: World) -> None:
    """What was said is published, and old enough to be linked."""
    waiting = await world.base.outbox_waiting(APPOINTMENT, before=world.clock.now() + timedelta(days=1), limit=10_000)
    await world.base.mark_published(APPOINTMENT, waiting, now=world.clock.now())
    world.clock.advance(6)
    await world.service.seat_chains.kept.drain()


async def exported(world: World, day: date = TUESDAY, office_id: str = SOUTH.office_id) -> list[bytes]:
    return await lines_of(world.service.seat_chains.export(office_id, day))


def acts(lines: list[bytes]) -> list[str]:
    return [json.loads(line)["fact"]["act"] for line in lines[1:-1]]


async def a_days_life(world: World) -> None:
    """Two holds, one paid, one lapsed; a move to the next day; a visit."""
    paid = await world.paid("ani")
    await world.hold("budi")
    await world.pass_time(3600)
    moving = await world.paid("citra")
    await world.service.moves.reschedule(world.move(moving, world.session_id(day=TUESDAY + timedelta(days=1))))
    world.clock.set(paid.state.seat.starts_at)
    await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "c")


async def test_a_seats_life_is_on_the_chain_and_verifies_with_the_export_alone(world: World) -> None:
    await a_days_life(world)
    await chained(world)
    lines = await exported(world)
    assert_described(lines, SeatChainLine)
    told = acts(lines)
    assert told[0] == "session"
    assert sorted(told[1:]) == sorted(
        ["held", "confirmed", "held", "released", "held", "confirmed", "moved_out", "checked_in"]
    )
    assert verify(lines).links == len(told)
    next_day = await exported(world, TUESDAY + timedelta(days=1))
    assert acts(next_day) == ["session", "moved_in"]
    verify(next_day)
    assert (await world.service.seat_chains.kept.checks.only_grow_and_miss_nothing()).holds
    await world.rules_hold()


async def test_no_name_and_no_id_of_a_person_is_on_the_chain(world: World) -> None:
    await a_days_life(world)
    await chained(world)
    lines = b"\n".join(await exported(world)).decode()
    said = [
        envelope.data for envelope in await world.base.archived(since=world.clock.now() - timedelta(days=9), limit=99)
    ]
    private = {getattr(event, name) for event in said for name in ("appointment_id", "person_id", "account_id")}
    assert len(private) > 3
    assert not [each for each in private if each in lines]
    holders = [json.loads(line)["commitment"] for line in lines.splitlines()[1:-1]]
    assert len({each for each in holders if each}) == 3  # one per appointment, on every line of its life


async def test_the_chain_may_be_kept_by_many_in_any_order_and_misses_nothing(world: World) -> None:
    await a_days_life(world)
    await chained(world)
    again = await world.base.archived(since=world.clock.now() - timedelta(days=9), limit=99)
    await world.service.seat_chains._chains.append(
        await world.service.seat_chains.facts_of(again[::-1]), world.clock.now()
    )
    assert len(acts(await exported(world))) == 9
    world.clock.advance(SECOND_LOOK_SECONDS + 60)
    await world.service.seat_chains.kept.look_again()
    report = await world.service.seat_chains.kept.checks.only_grow_and_miss_nothing()
    assert report.holds and report.checked > 10


async def test_a_seat_sold_twice_shows_on_the_chain(world: World) -> None:
    first = await world.paid("ani")
    await world.paid("budi")
    await world.paid("citra")
    stolen = await world.seat_of(first)
    record = await world.base.get(SEAT, first.state.seat.seat_id)
    assert record is not None and stolen.status is not SeatStatus.FREE
    await world.base.save(
        SEAT, record, type(stolen)(**{**stolen.__dict__, "status": SeatStatus.FREE}), now=world.clock.now()
    )
    fourth = await world.paid("dewi")
    assert fourth.state.status is Status.CONFIRMED
    await chained(world)
    with pytest.raises(ExportWrong, match="with it 4 hold a seat of session"):
        verify(await exported(world))


async def test_sessions_are_told_on_the_eve_booked_or_not(world: World) -> None:
    await world.service.seat_chains.tell_sessions()
    await world.service.seat_chains.tell_sessions()
    for office_id in (SOUTH.office_id, NORTH.office_id):
        lines = await exported(world, office_id=office_id)
        assert [json.loads(line)["fact"]["pools"] for line in lines[1:-1]] == [{"regular": 3}]
        verify(lines)
    assert acts(await exported(world, TUESDAY + timedelta(days=3))) == []


async def test_roots_of_a_day_bind_its_chains(world: World) -> None:
    await a_days_life(world)
    await chained(world)
    before = await exported(world)
    world.clock.advance(86_400)
    await world.service.seat_chains.kept.publish_roots()
    day = world.clock.now().date() - timedelta(days=1)
    roots = read_roots(await lines_of(world.service.seat_chains.roots(day)))
    name = ChainName("seats", SOUTH.office_id, TUESDAY).text
    assert list(roots[name]) == [json.loads(before[0])["chains"][name]["seq"]]
    verify(await exported(world), roots=roots)
    assert read_roots(await lines_of(world.service.seat_chains.roots(day - timedelta(days=1)))) == {}


def test_events_about_anything_else_are_no_step() -> None:
    facts = {name: "x" for name in ("bill_id", "application_id", "account_id", "appointment_id", "purpose")}
    assert seat_facts_of(BillPaid.model_validate(facts | {"amount": 1, "paid_at": START})) == ()
    assert seat_facts_of(events.PatternFlagged(flag_id="f", office_id="o", pattern="many_holds")) == ()


def test_a_same_day_seat_that_was_not_paid_is_left() -> None:
    names = ("appointment_id", "application_id", "account_id", "person_id", "session_id", "pool", "office_name")
    facts = dict.fromkeys((*names, "office_id", "office_timezone"), "x") | {"starts_at": START, "ends_at": START}
    lost = events.SameDaySeatLost.model_validate(facts | {"previous_session_id": "s", "previous_starts_at": START})
    (step,) = seat_facts_of(lost)
    assert (step.act, step.session_id) == ("moved_out", "s")


def test_a_seat_kept_for_the_waiting_list_is_a_step() -> None:
    names = ("account_id", "application_id", "person_id", "office_name", "office_timezone")
    facts = dict.fromkeys(names, "x") | {"waiting_id": "w", "office_id": "o", "session_id": "s"}
    event = events.WaitingSeatOffered.model_validate(facts | {"starts_at": START, "offer_until": START})
    [step] = seat_facts_of(event)
    assert (step.act, step.holder, step.session_id) == ("waiting_offered", "w", "s")


@pytest.mark.acceptance("F21.logged", "F21.daily_list", "F82.append_only", "F82.export")
async def test_the_audit_is_chained_and_exported_to_those_who_may(world: World) -> None:
    audit, book = world.service.audit, world.service.audit_book
    assert isinstance(audit, Audit)
    for office in (SOUTH, NORTH):
        officer = Caller(f"officer-{office.office_id}", Role.FRONT_OFFICER, "s", office_id=office.office_id)
        await audit.note(
            officer, "visit.walk_in", subject="a-1", reason="system_fault", override=True, words="Ani waits"
        )
    world.clock.advance(6)
    await book.kept.drain()
    day = book.today()
    everybody = await lines_of(book.export(day, day, None))
    ours = await lines_of(book.export(day, day, SOUTH.office_id))
    assert (len(everybody), len(ours)) == (4, 3)
    verify(everybody)
    assert_described(everybody, AuditExportLine)
    verify(ours)
    assert json.loads(ours[1])["actor_id"] == f"officer-{SOUTH.office_id}"
    assert b"Ani" not in b"".join(everybody)
    [line] = await book.overrides(SOUTH.office_id, day)
    assert line.state.reason == "system_fault"
    assert await book.overrides(SOUTH.office_id, day - timedelta(days=1)) == []
    tampered = [ours[0], ours[1].replace(b"system_fault", b"visitor_wish"), ours[2]]
    with pytest.raises(ExportWrong, match="Line 2 is wrong"):
        verify(tampered)
