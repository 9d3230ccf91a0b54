"""Openings: tickets, the draw, the line behind it, turns, and every way in which it says no."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.scheduling.app import build
from services.scheduling.booking.appointments.priority import Need
from services.scheduling.context import Actor
from services.scheduling.errors import ApplicationIsWithdrawn, NotYourOffice, OfficeNotFound
from services.scheduling.offices.errors import SessionNotFound, SessionSoldOut
from services.scheduling.offices.release_rule import OpeningRule, RuleKind
from services.scheduling.openings import cache as opening_board
from services.scheduling.openings import draw
from services.scheduling.openings import opening as waiting_room
from services.scheduling.openings import repository as kept_openings
from services.scheduling.openings.admission import Line
from services.scheduling.openings.announcing import OpeningWish
from services.scheduling.openings.errors import (
    DoorsNotOpen,
    NotYourTurn,
    OpeningHasBegun,
    OpeningIsOver,
    OpeningNotFound,
    OpeningPlanWrong,
    PersonHasTicket,
    SessionHasOpening,
    TicketNeeded,
    TurnMissed,
)
from services.scheduling.openings.opening import (
    OPENING_TRANSITIONS,
    IllegalOpeningChange,
    Opening,
    OpeningCommand,
    OpeningPlan,
    OpeningProblem,
    OpeningRules,
    OpeningStatus,
    Standing,
)
from services.scheduling.openings.repository import LIST_PAGE, OPENING, OPENING_TICKET
from services.scheduling.openings.waiting_room import Place
from services.scheduling.terms import Pool
from services.scheduling.use_cases import Scheduling
from shared.crypto.keyring import Keyring
from shared.errors import NotFound
from shared.files.memory import MemoryFiles
from shared.ids import SeededIds
from shared.randomness import SeededRandomness
from shared.service import Platform
from shared.store import Record
from tests.unit.scheduling.stores import Counting, Dying, Killed, Shuffling, Wrapper
from tests.unit.scheduling.world import BOSS, EAST, KEYS, NORTH, SOUTH, START, World, make_world, plan, settings, weekly

DOORS = START + timedelta(minutes=30)
CLOSES = START + timedelta(minutes=59)
OPENS = START + timedelta(hours=1)
MILESTONES = (DOORS, CLOSES + timedelta(seconds=3), CLOSES + timedelta(seconds=13), OPENS)
"""Doors, list, draw, admission."""


@dataclass
class Hall:
    """A world with an opening announced, and people."""

    world: World
    opening_id: str

    async def until(self, moment: datetime) -> None:
        """Let time go by up to a moment, with everything on its way done in its time."""
        for each in (*(each for each in MILESTONES if each < moment), moment):
            await self.world.pass_time(max(0.0, (each - self.world.clock.now()).total_seconds()))

    async def ticket(self, person: str, at: Scheduling | None = None, **changes: Any) -> Place:
        """Take a ticket."""
        await self.world.submitted(person)
        service = at or self.world.service
        account = changes.pop("account", f"account-{person}")
        return await service.waiting_room.take_ticket(self.opening_id, f"application-{person}", Actor(account))

    async def look(self, place: Place, at: Scheduling | None = None) -> Place:
        """Look at a ticket."""
        service = at or self.world.service
        return await service.waiting_room.look(self.opening_id, place.ticket_id, Actor(place.ticket.account_id))

    async def opening(self) -> Opening:
        record = await self.world.service.repositories.openings.opening(self.opening_id)
        assert record is not None
        return record.state

    async def record(self) -> dict[str, Any]:
        return await self.world.service.openings.record(self.opening_id)

    async def turns(self, seconds: int) -> None:
        for _ in range(seconds):
            await self.world.pass_time(1)


def wish(world: World, key: str = "announce", actor: Actor = BOSS, **changes: Any) -> OpeningWish:
    given: dict[str, Any] = {
        "office_id": SOUTH.office_id,
        "session_ids": (world.session_id(),),
        "doors_at": DOORS,
        "tickets_close_at": CLOSES,
        "opens_at": OPENS,
    }
    return OpeningWish(OpeningPlan(**(given | changes)), actor, key)


async def make_hall(seats: int = 6, **changes: Any) -> Hall:
    world = make_world(templates=weekly(plan(seats, priority=1)), **changes)
    assert world.parts.start is not None
    await world.parts.start()
    record = await world.service.openings.announce(wish(world))
    return Hall(world, record.id)


def replica(world: World, seed: int = 99) -> Scheduling:
    """Another process on the same store."""
    platform = Platform(
        world.store,
        MemoryFiles(Keyring.parse(KEYS), world.clock),
        world.clock,
        SeededIds(random.Random(seed)),
        SeededRandomness(seed),
    )
    service: Scheduling = build(settings(), platform, offices=[SOUTH, NORTH, EAST], templates=weekly(plan())).service
    service.context.offices.fill([SOUTH, NORTH, EAST])
    return service


class TestAnnouncing:
    async def test_the_seed_is_committed_to_and_not_shown(self) -> None:
        hall = await make_hall()
        state = await hall.opening()
        assert (state.status, state.seed, state.root) == (OpeningStatus.ANNOUNCED, None, None)
        stored = json.dumps(hall.world.base._documents[OPENING.name][hall.opening_id], default=str)
        await hall.until(OPENS)
        seed = (await hall.opening()).seed
        assert seed is not None
        assert draw.hash_of(seed) == state.seed_commitment
        assert seed not in stored, "the seed lies sealed in the store until it is shown"

    async def test_a_repeat_meets_the_first(self) -> None:
        hall = await make_hall()
        again = await hall.world.service.openings.announce(wish(hall.world))
        assert (again.id, again.state) == (hall.opening_id, await hall.opening())

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"office_id": NORTH.office_id}, NotYourOffice),
            ({"session_ids": ("unknown",)}, SessionNotFound),
            ({"doors_at": START}, OpeningPlanWrong),
            ({"opens_at": START + timedelta(days=2)}, OpeningPlanWrong),
        ],
    )
    async def test_what_it_refuses(self, changes: dict[str, Any], refusal: type[Exception]) -> None:
        hall = await make_hall()
        with pytest.raises(refusal):
            await hall.world.service.openings.announce(wish(hall.world, "other", **changes))

    async def test_a_session_of_another_office_or_of_another_opening(self) -> None:
        hall = await make_hall()
        foreign = (hall.world.session_id(NORTH),)
        with pytest.raises(NotYourOffice):
            await hall.world.service.openings.announce(wish(hall.world, "other", session_ids=foreign))
        with pytest.raises(SessionHasOpening):
            await hall.world.service.openings.announce(wish(hall.world, "other"))

    async def test_calling_off(self) -> None:
        hall = await make_hall()
        openings = hall.world.service.openings
        with pytest.raises(OpeningNotFound):
            await openings.call_off("unknown", BOSS)
        with pytest.raises(NotYourOffice):
            await openings.call_off(hall.opening_id, Actor("other", NORTH.office_id, is_staff=True))
        ended = await openings.call_off(hall.opening_id, BOSS)
        assert ended == await openings.call_off(hall.opening_id, BOSS)
        assert ended.state.status is OpeningStatus.CALLED_OFF
        with pytest.raises(OpeningIsOver):
            await hall.ticket("ani")
        assert (await openings.announce(wish(hall.world, "again"))).state.live, "its sessions are free for another"
        await hall.world.service.openings.get(hall.opening_id)
        with pytest.raises(OpeningNotFound):
            await openings.get("unknown")

    async def test_not_after_the_doors_opened(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        with pytest.raises(OpeningHasBegun):
            await hall.world.service.openings.call_off(hall.opening_id, BOSS)

    async def test_openings_are_listed_by_office(self) -> None:
        hall = await make_hall()
        listed = await hall.world.service.openings.of_office(SOUTH.office_id)
        assert [each.id for each in listed] == [hall.opening_id]
        assert await hall.world.service.openings.of_office(NORTH.office_id) == []
        with pytest.raises(OfficeNotFound):
            await hall.world.service.openings.of_office("nowhere")


class TestByRule:
    async def book(self, hall: Hall, at: datetime | None, kind: RuleKind = RuleKind.MONTHLY) -> Any:
        """Offices that open then; the sessions of the office in the north wait for it."""
        repository = hall.world.service.repositories
        for office in (SOUTH, NORTH):
            session = await repository.sessions.session(hall.world.session_id(office))
            assert session is not None
            await repository.sessions.save_session(session, replace(session.state, opens_at=at), hall.world.clock.now())
        coming = None if at is None else SimpleNamespace(at=at)
        return SimpleNamespace(
            rule=lambda office_id: OpeningRule(kind) if office_id != EAST.office_id else OpeningRule(),
            next_opening=lambda _office, _now: coming,
        )

    async def test_an_opening_by_rule_is_announced_once_and_in_time(self) -> None:
        hall = await make_hall()
        openings = hall.world.service.openings
        book = await self.book(hall, START + timedelta(hours=21))
        assert await openings.announce_by_rule(book) == 1, "the south has announced its own opening for that session"
        assert await openings.announce_by_rule(book) == 0
        assert await replica(hall.world).openings.announce_by_rule(book) == 0
        (made,) = await openings.of_office(NORTH.office_id)
        assert (made.state.announced_by, made.state.session_ids) == ("rule", (hall.world.session_id(NORTH),))
        assert made.state.opens_at - made.state.doors_at == timedelta(minutes=30)
        assert timedelta() < made.state.opens_at - made.state.tickets_close_at < timedelta(minutes=1)

    async def test_not_for_those_who_open_every_day_nor_too_early_nor_too_late(self) -> None:
        hall = await make_hall()
        openings = hall.world.service.openings
        for at, kind in (
            (START + timedelta(hours=20), RuleKind.ROLLING),
            (START + timedelta(hours=24, seconds=1), RuleKind.MONTHLY),
            (START + timedelta(minutes=5), RuleKind.MONTHLY),
            (None, RuleKind.MONTHLY),
        ):
            assert await openings.announce_by_rule(await self.book(hall, at, kind)) == 0

    async def test_every_replica_does_so_again_and_again(self) -> None:
        hall = await make_hall()
        (chore,) = [each for each in hall.world.parts.chores if each.name == "announce_openings"]
        await chore.run()


class TestTickets:
    async def test_before_the_doors_nobody_gets_one(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS - timedelta(seconds=1))
        with pytest.raises(DoorsNotOpen) as refused:
            await hall.ticket("ani")
        assert refused.value.retry_after_seconds == 1
        await hall.until(DOORS)
        assert (await hall.ticket("ani")).standing is Standing.IN_DRAW

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
        copy = await hall.world.service.repositories.applications.application("application-ani")
        assert copy is not None
        gone = replace(copy.state, withdrawn=True)
        await hall.world.service.repositories.applications.save_application(copy, gone, hall.world.clock.now())
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
                await room.look(opening_id, ticket_id, Actor(account))
        with pytest.raises(OpeningNotFound):
            await room.look("unknown", place.ticket_id, Actor("account-ani"))

    async def test_the_last_moment_of_the_doors_counts(self) -> None:
        hall = await make_hall()
        await hall.until(CLOSES - timedelta(milliseconds=1))
        early = await hall.ticket("ani")
        await hall.until(CLOSES)
        late = await hall.ticket("budi")
        assert (early.ticket.late, late.ticket.late) == (False, True)
        assert (early.standing, late.standing, late.number) == (Standing.IN_DRAW, Standing.WAITING, None)
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
        assert (await hall.look(late)).standing is Standing.ADMITTED

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
        assert (seen.number, seen.standing, seen.ticket.late) == (1, Standing.WAITING, True)
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
        assert (await hall.look(place)).standing is Standing.ADMITTED
        held = await hall.world.hold("ani")
        assert (await hall.look(place)).standing is Standing.SERVED
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
        held = await hall.world.service.holds.hold(hall.world.wish("kakek", pool=Pool.PRIORITY))
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
        assert (await hall.look(place)).standing is Standing.MISSED
        with pytest.raises(TurnMissed):
            await hall.world.hold("ani")
        again = await hall.ticket("ani")
        assert (again.number, again.ticket_id) == (3, place.ticket_id)
        assert (await hall.ticket("ani")).number == 3, "asking twice moves nobody back"
        await hall.turns(6)
        assert (await hall.look(again)).standing is Standing.ADMITTED
        assert (await hall.world.hold("ani")).state.live
        assert waiting[0].number == 1

    async def test_who_lost_the_seat_again_may_stand_at_the_end_again(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        await hall.ticket("ani")
        await hall.until(OPENS)
        await hall.world.hold("ani")
        assert (await hall.ticket("ani")).standing is Standing.SERVED
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
        assert (await hall.look(late)).standing is Standing.OUTSIDE
        assert (await hall.look(place)).standing is Standing.OUTSIDE
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
        assert (await hall.look(order[2])).standing is Standing.WAITING
        with pytest.raises(NotYourTurn) as refused:
            await hall.world.hold(third)
        assert (refused.value.status, refused.value.facts["people_ahead"]) == (429, 0)
        actor = Actor(held.state.account_id)
        await hall.world.service.holds.cancel(held.id, actor, "cancel", fee_is_lost=False)
        for _ in range(70):
            await hall.world.pass_time(5)
        assert (await hall.look(order[2])).standing is Standing.ADMITTED
        assert (await hall.world.hold(third)).state.live


class TestSeveralReplicas:
    async def test_both_tell_the_same_and_let_in_the_same(self) -> None:
        hall = await make_hall(10, opening_room_smallest=3)
        other = replica(hall.world)
        await hall.until(DOORS)
        places = [await hall.ticket(f"p{number}", [None, other][number % 2]) for number in range(8)]
        await hall.until(OPENS)
        await hall.world.pass_time(1)
        for place in places:
            here, there = await hall.look(place), await hall.look(place, other)
            assert (here.number, here.standing, here.people_ahead) == (there.number, there.standing, there.people_ahead)
        assert [(await hall.look(place)).standing for place in places].count(Standing.ADMITTED) == 3

    async def test_a_reload_at_another_replica_keeps_the_place(self) -> None:
        hall = await make_hall()
        await hall.until(OPENS)
        await hall.ticket("ani")
        place = await hall.ticket("budi")
        assert (await hall.ticket("budi", replica(hall.world))).number == place.number == 1

    async def test_who_was_let_in_a_moment_ago_is_let_in_everywhere(self) -> None:
        hall = await make_hall()
        other = replica(hall.world)
        await hall.until(DOORS)
        await hall.ticket("ani")
        await hall.until(OPENS - timedelta(milliseconds=1))
        assert await other.waiting_room._board.of_session(hall.world.session_id()) is not None
        await hall.until(OPENS)
        assert (await other.holds.hold(hall.world.wish("ani"))).state.live

    async def test_a_look_while_waiting_reads_nothing_but_the_opening_once_a_second(self) -> None:
        hall = await make_hall(wrap=Counting)
        counting = hall.world.store
        assert isinstance(counting, Counting)
        await hall.until(DOORS)
        places = [await hall.ticket(f"p{number}") for number in range(5)]
        await hall.world.pass_time(2)
        counting.seen.clear()
        for place in places * 3:
            await hall.look(place)
        assert counting.seen == [("find", OPENING.name)]

    async def test_memory_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kept: opening_board.Kept[int] = opening_board.Kept(2)
        for number, key in enumerate("abc"):
            kept.put(key, number)
            kept.get("a")
        assert (len(kept), kept.get("a"), kept.get("b"), kept.get("c")) == (2, 0, None, 2)
        hall = await make_hall()
        board = hall.world.service.waiting_room._board
        monkeypatch.setattr(opening_board, "MOST_PLACES_KEPT", 3)
        for name in "abc":
            board._keep_places(name, {"x": 1, "y": 2})
        assert list(board._places) == ["c"]
        with pytest.raises(LookupError):
            await board._draw(Record("x", 1, await hall.opening()))


class TestRaces:
    async def test_all_who_rush_in_late_get_numbers_of_their_own(self) -> None:
        hall = await make_hall(wrap=lambda base: Shuffling(base, 5))
        await hall.until(OPENS)
        people = [f"p{number}" for number in range(30)]
        places = await asyncio.gather(*(hall.ticket(name) for name in people))
        assert sorted(place.ticket.late_number for place in places) == list(range(30))

    async def test_twin_with_numbers_that_are_counted_instead_they_share_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hall = await make_hall(wrap=lambda base: Shuffling(base, 5))
        repository = hall.world.service.repositories

        async def counted(opening_id: str, _now: datetime) -> int:
            return len(await repository.openings.late_tickets(opening_id))

        monkeypatch.setattr(repository.openings, "next_late_number", counted)
        await hall.until(OPENS)
        places = await asyncio.gather(*(hall.ticket(f"p{number}") for number in range(30)))
        assert len({place.ticket.late_number for place in places}) < 30

    @pytest.mark.parametrize("moment", [DOORS, OPENS], ids=["present", "late"])
    async def test_one_person_at_many_doors_has_one_place(self, moment: datetime) -> None:
        hall = await make_hall(wrap=lambda base: Shuffling(base, 3))
        await hall.until(moment)
        await hall.world.submitted("ani")
        actor = Actor("account-ani")
        replicas = [hall.world.service, replica(hall.world, 7), replica(hall.world, 8)]
        places = await asyncio.gather(
            *(each.waiting_room.take_ticket(hall.opening_id, "application-ani", actor) for each in replicas * 3)
        )
        assert len({(place.ticket_id, place.ticket.salt, place.ticket.late_number) for place in places}) == 1

    async def test_one_announcement_however_often_it_is_sent_at_once(self) -> None:
        world = make_world(wrap=lambda base: Shuffling(base, 2))
        assert world.parts.start is not None
        await world.parts.start()
        made = await asyncio.gather(*(world.service.openings.announce(wish(world)) for _ in range(4)))
        assert len({each.state.seed_commitment for each in made}) == 1

    async def test_who_asks_twice_at_once_after_a_missed_turn_is_moved_once(self) -> None:
        hall = await make_hall(wrap=lambda base: Shuffling(base, 4))
        await hall.until(DOORS)
        await hall.ticket("ani")
        await hall.ticket("budi")
        await hall.until(OPENS)
        await hall.world.pass_time(299)
        await hall.world.pass_time(5)
        again = await asyncio.gather(*(hall.ticket("ani", each) for each in (None, replica(hall.world)) * 2))
        assert len({place.number for place in again}) == 1
        assert again[0].ticket.late

    async def test_a_record_is_made_once_for_all_who_read_it_at_the_time(self) -> None:
        hall = await make_hall(wrap=Counting)
        counting = hall.world.store
        assert isinstance(counting, Counting)
        await hall.until(OPENS)
        first = await hall.record()
        counting.seen.clear()
        assert await hall.record() is first
        assert counting.seen == []
        await hall.world.pass_time(11)
        assert await hall.record() is not first

    @pytest.mark.acceptance("F13.later_in_order")
    async def test_seats_go_by_the_line_and_not_by_speed(self) -> None:
        assert await self.robots_seats(guarded=True) == 0

    async def test_twin_without_the_turn_seats_go_to_whoever_is_fast(self) -> None:
        assert await self.robots_seats(guarded=False) == 4

    async def robots_seats(self, *, guarded: bool) -> int:
        """What robots get that come late and never wait, before a line of people who wait for their turn."""
        hall = await make_hall(4)
        world = hall.world
        await hall.until(DOORS)
        people = [f"p{number}" for number in range(6)]
        for name in people:
            await hall.ticket(name)
        if not guarded:
            world.service.waiting_room.turn = _nobodys_turn  # type: ignore[method-assign,assignment]
        await hall.until(OPENS)
        won = 0
        for name in (f"robot{number}" for number in range(8)):
            await hall.ticket(name)
            try:
                await world.hold(name)
                won += 1
            except (NotYourTurn, SessionSoldOut):
                continue
        await hall.turns(1)
        for name in people:
            with contextlib.suppress(NotYourTurn, SessionSoldOut):
                await world.hold(name)
        assert (await world.buckets())["held"] == 4
        return won

    async def test_a_turn_that_was_counted_meanwhile_is_not_counted_again(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        await hall.ticket("ani")
        await hall.until(OPENS)
        room = hall.world.service.waiting_room
        turn = await room.turn(hall.world.session_id(), Pool.REGULAR, "person-ani")
        assert turn is not None
        await room.took(turn, "one")
        await room.took(turn, "another")
        kept = await hall.world.service.repositories.openings.ticket(turn.ticket.id)
        assert kept is not None
        assert (kept.state.appointment_id, kept.state.served_number) == ("one", 0)
        again = await room.turn(hall.world.session_id(), Pool.REGULAR, "person-ani")
        assert again is not None
        await room.took(again, "a second seat in the same turn")
        assert await hall.world.service.repositories.openings.ticket(turn.ticket.id) == kept


async def _nobodys_turn(*_asked: object) -> None:
    return None


STEPS: dict[str, tuple[datetime, int]] = dict(
    zip(("doors", "close", "draw", "begin"), zip(MILESTONES, (1, 3, 1, 2), strict=True), strict=True)
)
"""When each step falls due, and its writes; admission begins in the same moment as the instant."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("name", "write"), [(name, write) for name, (_, count) in STEPS.items() for write in range(count)]
)
async def test_a_crash_at_any_write_changes_nothing_of_the_outcome(
    name: str, write: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies at a write of a step; another takes the step again, and one more ticket came in between."""
    monkeypatch.setattr(kept_openings, "PAGE", 3)
    hall = await make_hall(wrap=Dying)
    dying = hall.world.store
    assert isinstance(dying, Dying)
    moment = STEPS[name][0]
    if name != "doors":
        await hall.until(DOORS)
        places = [await hall.ticket(f"p{number}") for number in range(5)]
        await hall.until(moment - timedelta(milliseconds=1))
    else:
        places = []
    hall.world.clock.set(moment)
    dying.arm(write, after=after)
    with pytest.raises(Killed):
        await hall.world.worker.run_due()
    dying.disarm()
    if name == "close" and not (await hall.opening()).root:
        straggler = waiting_room.OpeningTicket(hall.opening_id, "p", "a", "account-x", "s", draw.hash_of("x"), moment)
        await hall.world.service.repositories.openings.begin_ticket("straggler", straggler, moment)
    await hall.until(max(OPENS, moment))
    for _ in range(15):
        await hall.world.pass_time(10)
    made = await hall.record()
    assert draw.first_mistake(made) is None
    assert (await hall.opening()).status is OpeningStatus.ADMITTING
    numbers = {(await hall.look(place)).number for place in places}
    assert len(numbers) == len(places)
    assert {place.ticket.commitment for place in places} <= set(made["tickets"])


@pytest.mark.acceptance("F13.drawn", "F13.later_in_order", "F13.place_not_error")
async def test_ten_times_the_normal_load_and_everybody_has_a_place_or_a_seat() -> None:
    """400 people for 40 seats, a third of them late and impatient, in virtual time over two replicas."""
    hall = await make_hall(40, opening_room_smallest=10)
    world = hall.world
    other = replica(world)
    chance = random.Random(371)
    await hall.until(DOORS)
    people = [f"p{number}" for number in range(400)]
    early, late = people[:270], people[270:]
    places = {name: await hall.ticket(name, chance.choice([None, other])) for name in early}
    await hall.until(OPENS)
    for name in late:
        places[name] = await hall.ticket(name, chance.choice([None, other]))
    seats: dict[str, str] = {}
    refused = 0
    for _ in range(40):
        for name in chance.sample(people, 60):
            place = await hall.look(places[name], chance.choice([None, other]))
            service = chance.choice([world.service, other])
            if name in seats:
                continue
            try:
                held = await service.holds.hold(world.wish(name))
            except NotYourTurn:
                assert place.standing in (Standing.WAITING, Standing.ADMITTED)
                refused += 1
            else:
                seats[name] = held.state.seat.seat_id
        await world.pass_time(1)
    assert len(seats) == len(set(seats.values())) == 40
    assert refused > 0
    standings = [(await hall.look(places[name])).standing for name in people if name not in seats]
    assert set(standings) == {Standing.WAITING}
    drawn = {name: (await hall.look(places[name])).number or 0 for name in people}
    assert max(drawn[name] for name in early) < min(drawn[name] for name in late)
    assert [drawn[name] for name in late] == sorted(drawn[name] for name in late)
    assert max(drawn[name] for name in seats) < 60, "seats went to the front of the line"
    await world.rules_hold()


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
                    with pytest.raises(IllegalOpeningChange):
                        waiting_room.after(status, command)

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
        assert waiting_room.standing(opening, ticket, None) is Standing.IN_DRAW
        assert waiting_room.standing(admitting, ticket, None) is Standing.OUTSIDE
        assert [waiting_room.standing(admitting, ticket, number) for number in (1, 2, 4, 5)] == [
            Standing.MISSED,
            Standing.ADMITTED,
            Standing.ADMITTED,
            Standing.WAITING,
        ]
        assert waiting_room.standing(over, ticket, 5) is Standing.OUTSIDE
        assert waiting_room.standing(admitting, waiting_room.served(ticket, 1, "x"), 1) is Standing.SERVED
        assert waiting_room.number_of(opening, ticket, None) is None
        assert waiting_room.number_of(replace(admitting, present=7), waiting_room.joined_late(ticket, 3), None) == 10
