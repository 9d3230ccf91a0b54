"""Openings: tickets, the draw, the line behind it, turns, and the rules in themselves."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.scheduling.booking.appointments.priority import Need
from services.scheduling.context import Actor
from services.scheduling.errors import ApplicationIsWithdrawn
from services.scheduling.openings import cache as opening_board
from services.scheduling.openings import draw
from services.scheduling.openings import opening as waiting_room
from services.scheduling.openings import repository as kept_openings
from services.scheduling.openings.admission import Line
from services.scheduling.openings.errors import (
    DoorsNotOpen,
    NotYourTurn,
    OpeningIsOver,
    OpeningNotFound,
    PersonHasTicket,
    TicketNeeded,
    TurnMissed,
)
from services.scheduling.openings.opening import (
    OPENING_TRANSITIONS,
    OpeningCommand,
    OpeningPlan,
    OpeningProblem,
    OpeningRules,
    OpeningStatus,
    TicketStanding,
)
from services.scheduling.openings.repository import LIST_PAGE, OPENING_TICKET
from services.scheduling.terms import Pool
from shared.errors import NotFound
from shared.store.decision import Decision
from shared.store.transitions import IllegalTransition
from tests.unit.scheduling.faulty_stores import Counting, Wrapper
from tests.unit.scheduling.opening_world import CLOSES, DOORS, OPENS, make_hall, replica
from tests.unit.scheduling.world import NORTH, SOUTH, START, World, make_world, plan, weekly


class TestTickets:
    async def test_before_the_doors_nobody_gets_one(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS - timedelta(seconds=1))
        with pytest.raises(DoorsNotOpen) as refused:
            await hall.ticket("ani")
        assert refused.value.retry_after_seconds == 1
        await hall.until(DOORS)
        assert (await hall.ticket("ani")).standing is TicketStanding.IN_DRAW

    async def test_one_for_each_person_whatever_the_account(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        first = await hall.ticket("ani")
        assert (await hall.ticket("ani")).ticket == first.ticket
        await hall.world.submitted("ani", account="account-broker", application_id="application-x")
        room = hall.world.service.waiting_room
        with pytest.raises(PersonHasTicket):
            await room.take_ticket(hall.opening_id, "application-x", Actor("account-broker"))
        await hall.until(CLOSES)
        with pytest.raises(PersonHasTicket):
            await room.take_ticket(hall.opening_id, "application-x", Actor("account-broker"))
        assert (await hall.ticket("ani")).ticket == first.ticket, "it stays the one that is drawn"

    async def test_only_for_an_own_live_application(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        with pytest.raises(NotFound):
            await hall.ticket("ani", account="account-budi")
        with pytest.raises(OpeningNotFound):
            await hall.world.service.waiting_room.take_ticket("unknown", "application-ani", Actor("account-ani"))
        await hall.world.service.repositories.applications.change_application(
            "application-ani", lambda copy: Decision(replace(copy, withdrawn=True)), hall.world.clock
        )
        with pytest.raises(ApplicationIsWithdrawn):
            await hall.ticket("ani")

    async def test_only_its_holder_sees_it(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        place = await hall.ticket("ani")
        room = hall.world.service.waiting_room
        for opening_id, ticket_id, account in (
            (hall.opening_id, place.ticket_id, "account-budi"),
            (hall.opening_id, "unknown", "account-ani"),
        ):
            with pytest.raises(NotFound):
                await room.find_place(opening_id, ticket_id, Actor(account))
        with pytest.raises(OpeningNotFound):
            await room.find_place("unknown", place.ticket_id, Actor("account-ani"))

    async def test_the_last_moment_of_the_doors_counts(self) -> None:
        hall = await make_hall()
        await hall.until(CLOSES - timedelta(milliseconds=1))
        early = await hall.ticket("ani")
        await hall.until(CLOSES)
        late = await hall.ticket("budi")
        assert (early.ticket.late, late.ticket.late) == (False, True)
        assert (early.standing, late.standing, late.number) == (TicketStanding.IN_DRAW, TicketStanding.WAITING, None)
        with pytest.raises(NotYourTurn):
            await hall.world.hold("budi")


class TestDraw:
    @pytest.mark.acceptance("F13.drawn", "F13.later_in_order")
    async def test_those_present_are_drawn_and_later_ones_stand_behind_in_order(self) -> None:
        hall = await make_hall(30)
        await hall.until(DOORS)
        names = [f"p{number}" for number in range(12)]
        present = {name: await hall.ticket(name) for name in names}
        await hall.until(CLOSES)
        late = [await hall.ticket(f"late{number}") for number in range(4)]
        await hall.until(OPENS - timedelta(seconds=1))
        numbers = {name: (await hall.look(place)).number for name, place in present.items()}
        assert sorted(number for number in numbers.values() if number is not None) == list(range(12))
        assert [(await hall.look(place)).number for place in late] == [12, 13, 14, 15]
        made = await hall.record()
        assert draw.first_mistake(json.loads(json.dumps(made, default=str))) is None
        assert [made["order"][number] for number in numbers.values() if number is not None] == [
            place.ticket.commitment for place in present.values()
        ]
        assert made["late"] == [place.ticket.commitment for place in late]
        assert list(numbers.values()) != sorted(number or 0 for number in numbers.values()), "coming early wins nothing"

    async def test_the_root_is_public_before_the_seed_is(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        place = await hall.ticket("ani")
        early = await hall.record()
        assert (early["root"], early["seed"], early["tickets"], early["order"]) == (None, None, [], [])
        await hall.until(CLOSES + timedelta(seconds=3))
        closed = await hall.record()
        assert (closed["state"], closed["seed"], closed["order"]) == ("closed", None, [])
        assert closed["root"] == draw.root_of([place.ticket.commitment])
        with pytest.raises(draw.NotDrawnYet):
            draw.first_mistake(closed)
        await hall.until(CLOSES + timedelta(seconds=13))
        shown = await hall.record()
        assert (shown["state"], shown["root"], shown["order"]) == ("drawn", closed["root"], closed["tickets"])

    async def test_the_record_names_nobody(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        place = await hall.ticket("ani")
        await hall.until(OPENS)
        text = json.dumps(await hall.record(), default=str)
        ticket = place.ticket
        for secret in (ticket.person_id, ticket.account_id, ticket.application_id, ticket.salt, place.ticket_id):
            assert secret not in text
        assert draw.ticket_commitment(place.ticket_id, ticket.salt) in text

    async def test_a_long_list_is_read_and_kept_page_by_page(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kept_openings, "PAGE", 4)
        monkeypatch.setattr(opening_board, "HASHED_AT_ONCE", 3)
        hall = await make_hall()
        await hall.until(DOORS)
        for number in range(9):
            await hall.ticket(f"p{number}")
        await hall.until(OPENS)
        for number in range(9):
            await hall.ticket(f"late{number}")
        made = await hall.record()
        assert (len(made["tickets"]), len(made["late"])) == (9, 9)
        assert draw.first_mistake(made) is None
        assert len(hall.world.base._documents[LIST_PAGE.name]) == 3

    async def test_nobody_came(self) -> None:
        hall = await make_hall()
        await hall.until(OPENS)
        assert draw.first_mistake(await hall.record()) is None
        late = await hall.ticket("ani")
        await hall.turns(6)
        assert (await hall.look(late)).standing is TicketStanding.ADMITTED

    async def test_a_ticket_that_was_written_too_late_for_the_list_stands_behind(self) -> None:
        """Its write hung while the list was fixed; its holder was told to wait for the draw."""
        hall = await make_hall()
        await hall.until(DOORS)
        await hall.ticket("ani")
        await hall.until(CLOSES - timedelta(seconds=1))
        stalled = Stalled(hall.world.base)
        other = replica(World(stalled, hall.world.clock, hall.world.parts, hall.world.base, hall.world.worker))
        await hall.world.submitted("budi")
        hanging = asyncio.ensure_future(hall.ticket("budi", other))
        await stalled.reached.wait()
        await hall.until(CLOSES + timedelta(seconds=5))
        stalled.go_on.set()
        place = await hanging
        await hall.until(OPENS - timedelta(seconds=1))
        seen = await hall.look(place, other)
        assert (seen.number, seen.standing, seen.ticket.late) == (1, TicketStanding.WAITING, True)
        assert draw.first_mistake(await hall.record()) is None
        assert (await hall.look(place)).number == 1


class Stalled(Wrapper):
    """Holds the insert of a ticket back."""

    def __init__(self, base: Any) -> None:
        super().__init__(base)
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def insert(self, kind: Any, *given: Any, **named: Any) -> Any:
        if kind is OPENING_TICKET and not self.reached.is_set():
            self.reached.set()
            await self.go_on.wait()
        return await self.base.insert(kind, *given, **named)


class TestTurns:
    async def test_without_an_opening_nothing_is_asked_for_and_nothing_is_read(self) -> None:
        world = make_world(wrap=Counting, templates=weekly(plan(3)))
        assert world.parts.start is not None
        await world.parts.start()
        counting = world.store
        assert isinstance(counting, Counting)
        await world.hold("ani")
        counting.seen.clear()
        await world.hold("budi")
        assert [kind for _, kind in counting.seen if kind.startswith("opening")] == []

    async def test_a_seat_of_an_opening_needs_a_ticket_and_a_turn(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        with pytest.raises(TicketNeeded):
            await hall.world.hold("budi")
        place = await hall.ticket("ani")
        with pytest.raises(NotYourTurn):
            await hall.world.hold("ani")
        await hall.until(OPENS)
        assert (await hall.look(place)).standing is TicketStanding.ADMITTED
        held = await hall.world.hold("ani")
        assert (await hall.look(place)).standing is TicketStanding.SERVED
        assert (await hall.world.hold("ani")).id == held.id, "a repeat needs no turn"
        await hall.world.rules_hold()

    async def test_a_repeat_of_a_won_hold_is_answered_after_the_turn(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        await hall.ticket("ani")
        await hall.until(OPENS)
        held = await hall.world.hold("ani")
        await hall.world.pass_time(200)
        await hall.world.pass_time(110)
        assert (await hall.opening()).line.lapsed == 1
        assert (await hall.world.hold("ani")).id == held.id
        with pytest.raises(TurnMissed):
            await hall.world.hold("ani", "another")

    async def test_other_pools_have_no_line(self) -> None:
        hall = await make_hall()
        front = Actor("front-account", SOUTH.office_id, is_staff=True)
        with pytest.raises(TicketNeeded):
            await hall.world.hold("budi", actor=front)
        assert (await hall.world.hold("budi", pool=Pool.PRIORITY, need=Need.PREGNANT, actor=front)).state.live

    async def test_a_declared_need_passes_nobody_by_and_a_proven_one_needs_no_line(self) -> None:
        hall = await make_hall()
        await hall.until(OPENS)
        with pytest.raises(TicketNeeded):
            await hall.world.hold("budi", pool=Pool.PRIORITY, need=Need.PREGNANT)
        await hall.world.submitted("kakek", age="61+")
        held = await hall.world.service.booking.hold(hall.world.wish("kakek", pool=Pool.PRIORITY))
        assert held.state.live

    async def test_moving_into_an_opening_needs_a_turn_too(self) -> None:
        hall = await make_hall()
        target = hall.world.session_id()
        elsewhere = await hall.world.paid("ani", session_id=hall.world.session_id(NORTH))
        await hall.world.pass_time(1)
        with pytest.raises(TicketNeeded):
            await hall.world.service.moves.reschedule(hall.world.move(elsewhere, target))

    async def test_who_misses_a_turn_may_stand_at_the_end_again(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        place = await hall.ticket("ani")
        await hall.until(OPENS)
        waiting = [await hall.ticket(f"late{number}") for number in range(2)]
        await hall.world.pass_time(6)
        await hall.world.pass_time(300)
        assert (await hall.look(place)).standing is TicketStanding.MISSED
        with pytest.raises(TurnMissed):
            await hall.world.hold("ani")
        again = await hall.ticket("ani")
        assert (again.number, again.ticket_id) == (3, place.ticket_id)
        assert (await hall.ticket("ani")).number == 3, "asking twice moves nobody back"
        await hall.turns(6)
        assert (await hall.look(again)).standing is TicketStanding.ADMITTED
        assert (await hall.world.hold("ani")).state.live
        assert waiting[0].number == 1

    async def test_who_lost_the_seat_again_may_stand_at_the_end_again(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        await hall.ticket("ani")
        await hall.until(OPENS)
        await hall.world.hold("ani")
        assert (await hall.ticket("ani")).standing is TicketStanding.SERVED
        await hall.world.pass_time(150)
        await hall.ticket("budi")
        await hall.world.pass_time(160)
        again = await hall.ticket("ani")
        assert (again.number, again.ticket.served) == (2, False)

    async def test_it_ends_and_the_rest_is_anybodys(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        place = await hall.ticket("ani")
        await hall.until(OPENS)
        late = await hall.ticket("late")
        hall.world.clock.advance(4 * 3600)
        await hall.world.worker.run_due()
        state = await hall.opening()
        assert (state.status, state.live) == (OpeningStatus.OVER, False)
        await hall.world.pass_time(2)
        assert (await hall.look(late)).standing is TicketStanding.OUTSIDE
        assert (await hall.look(place)).standing is TicketStanding.OUTSIDE
        with pytest.raises(OpeningIsOver):
            await hall.ticket("citra")
        assert (await hall.world.hold("dewi")).state.live

    async def test_it_ends_by_itself_once_nobody_came_for_a_turns_time(self) -> None:
        hall = await make_hall()
        await hall.until(OPENS)
        for _ in range(62):
            await hall.world.pass_time(5)
        assert (await hall.opening()).status is OpeningStatus.OVER

    async def test_sold_out_nobody_is_let_in_until_a_seat_comes_back(self) -> None:
        hall = await make_hall(2)
        await hall.until(DOORS)
        for name in ("ani", "budi", "citra"):
            await hall.ticket(name)
        await hall.until(OPENS)
        seen = [await hall.ticket(name) for name in ("ani", "budi", "citra")]
        order = sorted(seen, key=lambda each: each.number or 0)
        first, second, third = (place.ticket.person_id.removeprefix("person-") for place in order)
        held = await hall.world.hold(first)
        await hall.world.hold(second)
        await hall.turns(20)
        assert (await hall.look(order[2])).standing is TicketStanding.WAITING
        with pytest.raises(NotYourTurn) as refused:
            await hall.world.hold(third)
        assert (refused.value.status, refused.value.facts["people_ahead"]) == (429, 0)
        actor = Actor(held.state.account_id)
        await hall.world.service.holds.cancel(held.id, actor, "cancel", fee_is_lost=False)
        for _ in range(70):
            await hall.world.pass_time(5)
        assert (await hall.look(order[2])).standing is TicketStanding.ADMITTED
        assert (await hall.world.hold(third)).state.live


class TestRules:
    plan = OpeningPlan(SOUTH.office_id, ("s",), DOORS, CLOSES, OPENS)

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({}, None),
            ({"doors_at": START}, OpeningProblem.DOORS_IN_THE_PAST),
            ({"doors_at": CLOSES - timedelta(seconds=300)}, None),
            ({"doors_at": CLOSES - timedelta(seconds=299)}, OpeningProblem.DOORS_OPEN_TOO_SHORT),
            ({"tickets_close_at": OPENS}, None),
            ({"tickets_close_at": OPENS + timedelta(seconds=1)}, OpeningProblem.CLOSES_AFTER_IT_OPENS),
            ({"opens_at": START + timedelta(days=92)}, None),
            ({"opens_at": START + timedelta(days=92, seconds=1)}, OpeningProblem.TOO_FAR_AHEAD),
            (
                {"tickets_close_at": DOORS + timedelta(hours=24, seconds=1), "opens_at": START + timedelta(days=3)},
                OpeningProblem.DOORS_OPEN_TOO_LONG,
            ),
        ],
    )
    def test_plans(self, changes: dict[str, Any], problem: OpeningProblem | None) -> None:
        assert waiting_room.plan_problem(replace(self.plan, **changes), START, OpeningRules()) is problem

    def test_what_is_not_in_the_table_is_refused(self) -> None:
        for status in OpeningStatus:
            for command in OpeningCommand:
                if (status, command) not in OPENING_TRANSITIONS:
                    with pytest.raises(IllegalTransition):
                        OPENING_TRANSITIONS.after(status, command)

    def test_what_falls_due(self) -> None:
        begins = waiting_room.announced(
            self.plan, by="boss", seed_commitment="c", sealed_seed="s", now=START, rules=OpeningRules()
        )
        names = [next(iter(waiting_room.opening_deadlines(begins)))]
        state = waiting_room.doors_opened(begins)
        names += waiting_room.opening_deadlines(state)
        state = waiting_room.closed(state, root="r", present=3, now=CLOSES, rules=OpeningRules())
        names += waiting_room.opening_deadlines(state)
        state = waiting_room.drawn(state, "seed")
        names += waiting_room.opening_deadlines(state)
        state = waiting_room.begun(state, 10, OPENS)
        names += waiting_room.opening_deadlines(state)
        assert names == ["doors", "close", "draw", "begin", "admit"]
        off = waiting_room.called_off(begins)
        assert list(waiting_room.opening_deadlines(off)) == ["forget"]
        assert waiting_room.opening_deadlines(waiting_room.forgotten(off, OPENS)) == {}

    def test_when_to_come_and_when_to_look(self) -> None:
        rules = OpeningRules().admission
        opening = waiting_room.announced(
            self.plan, by="boss", seed_commitment="c", sealed_seed="s", now=START, rules=OpeningRules()
        )
        drawn = replace(opening, status=OpeningStatus.DRAWN, present=1000)
        assert waiting_room.expected_at(drawn, 99, DOORS, rules) == OPENS
        assert waiting_room.expected_at(drawn, 400, DOORS, rules) == OPENS + timedelta(seconds=2)
        moving = replace(drawn, status=OpeningStatus.ADMITTING, line=Line(admitted=100, a_second=10.0, ticked_at=OPENS))
        assert waiting_room.expected_at(moving, 200, OPENS, rules) == OPENS + timedelta(seconds=10)
        stands = replace(moving, line=replace(moving.line, a_second=0.04))
        assert waiting_room.expected_at(stands, 200, OPENS, rules) is None
        assert waiting_room.next_look_at(stands, None, OPENS, 0.5) == OPENS + timedelta(seconds=15)
        near = OPENS + timedelta(seconds=10)
        assert waiting_room.next_look_at(moving, near, OPENS, 0.5) == OPENS + timedelta(seconds=5)
        assert waiting_room.next_look_at(moving, OPENS, OPENS, 0.0) == OPENS + timedelta(seconds=2)
        crowd = replace(moving, present=10_100)
        later = waiting_room.next_look_at(crowd, OPENS + timedelta(hours=1), OPENS, 0.5)
        assert later == OPENS + timedelta(seconds=100), "ten thousand look 100 times a second together"
        before, after = CLOSES - timedelta(seconds=7), CLOSES + timedelta(seconds=4)
        assert waiting_room.next_look_at(opening, None, before, 0.5) == CLOSES + timedelta(seconds=3 + 7.5)
        assert waiting_room.next_look_at(opening, None, after, 0.0) == CLOSES + timedelta(seconds=8)
        assert waiting_room.next_look_at(opening, None, DOORS, 0.5) == DOORS + timedelta(seconds=127.5)

    def test_where_a_ticket_stands(self) -> None:
        opening = waiting_room.announced(
            self.plan, by="boss", seed_commitment="c", sealed_seed="s", now=START, rules=OpeningRules()
        )
        ticket = waiting_room.OpeningTicket("o", "p", "a", "acc", "salt", "c", START)
        admitting = replace(opening, status=OpeningStatus.ADMITTING, line=Line(admitted=5, lapsed=2))
        over = replace(admitting, status=OpeningStatus.OVER)
        assert waiting_room.standing(opening, ticket, None) is TicketStanding.IN_DRAW
        assert waiting_room.standing(admitting, ticket, None) is TicketStanding.OUTSIDE
        assert [waiting_room.standing(admitting, ticket, number) for number in (1, 2, 4, 5)] == [
            TicketStanding.MISSED,
            TicketStanding.ADMITTED,
            TicketStanding.ADMITTED,
            TicketStanding.WAITING,
        ]
        assert waiting_room.standing(over, ticket, 5) is TicketStanding.OUTSIDE
        assert waiting_room.standing(admitting, waiting_room.served(ticket, 1, "x"), 1) is TicketStanding.SERVED
        assert waiting_room.number_of(opening, ticket, None) is None
        assert waiting_room.number_of(replace(admitting, present=7), waiting_room.joined_late(ticket, 3), None) == 10
