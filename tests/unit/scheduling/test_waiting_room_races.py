"""Openings: several replicas, races, crashes at any write, and a crowd of ten times the seats."""

from __future__ import annotations

import asyncio
import contextlib
import random
from datetime import datetime, timedelta

import pytest

from services.scheduling.context import Actor
from services.scheduling.offices.errors import SessionSoldOut
from services.scheduling.openings import cache as opening_board
from services.scheduling.openings import draw
from services.scheduling.openings import opening as waiting_room
from services.scheduling.openings import repository as kept_openings
from services.scheduling.openings.errors import (
    NotYourTurn,
)
from services.scheduling.openings.opening import (
    OpeningStatus,
    TicketStanding,
)
from services.scheduling.openings.repository import OPENING
from services.scheduling.terms import Pool
from shared.store import Record
from tests.unit.scheduling.faulty_stores import Counting, Dying, Killed, Shuffling
from tests.unit.scheduling.opening_world import DOORS, MILESTONES, OPENS, make_hall, replica, wish
from tests.unit.scheduling.world import make_world


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
        assert [(await hall.look(place)).standing for place in places].count(TicketStanding.ADMITTED) == 3

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
        assert await other.waiting_room._cache.find_by_session(hall.world.session_id()) is not None
        await hall.until(OPENS)
        assert (await other.booking.hold(hall.world.wish("ani"))).state.live

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
        kept: opening_board.RecentlyUsed[int] = opening_board.RecentlyUsed(2)
        for number, key in enumerate("abc"):
            kept.put(key, number)
            kept.get("a")
        assert (len(kept), kept.get("a"), kept.get("b"), kept.get("c")) == (2, 0, None, 2)
        hall = await make_hall()
        board = hall.world.service.waiting_room._cache
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
                held = await service.booking.hold(world.wish(name))
            except NotYourTurn:
                assert place.standing in (TicketStanding.WAITING, TicketStanding.ADMITTED)
                refused += 1
            else:
                seats[name] = held.state.seat.seat_id
        await world.pass_time(1)
    assert len(seats) == len(set(seats.values())) == 40
    assert refused > 0
    standings = [(await hall.look(places[name])).standing for name in people if name not in seats]
    assert set(standings) == {TicketStanding.WAITING}
    drawn = {name: (await hall.look(places[name])).number or 0 for name in people}
    assert max(drawn[name] for name in early) < min(drawn[name] for name in late)
    assert [drawn[name] for name in late] == sorted(drawn[name] for name in late)
    assert max(drawn[name] for name in seats) < 60, "seats went to the front of the line"
    await world.rules_hold()
