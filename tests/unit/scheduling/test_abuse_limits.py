"""Limits against hoarding at their edges, what replicas know of each other, and what is flagged to the office."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from services.scheduling.booking.abuse import activity_counters as book_module
from services.scheduling.booking.abuse import flag as flags
from services.scheduling.booking.abuse import limits
from services.scheduling.booking.abuse.activity_counters import NOWHERE, ActivityCounters, Origin
from services.scheduling.booking.abuse.errors import (
    FlagNotFound,
    FlagReviewed,
    TooManyHolds,
    TooManyMoves,
    TooManyPeopleOnDevice,
    TooManySeatsGivenUp,
)
from services.scheduling.booking.abuse.flag import FlagCommand, FlagStatus
from services.scheduling.booking.abuse.limits import (
    ANYTHING,
    LIMITS,
    Act,
    Activity,
    ActivityDay,
    Counted,
    CountedSubject,
    Limit,
    Pattern,
    Wish,
)
from services.scheduling.booking.abuse.repository import ACTIVITY_DAY, FLAG
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.seats.seat import Slot
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice
from shared.crypto.fingerprints import Fingerprints
from shared.crypto.keyring import Keyring
from shared.errors import Refusal
from shared.events import billing
from shared.events.scheduling import PatternFlagged
from shared.ids import SeededIds
from shared.store.port import StoreUnavailable
from shared.store.transitions import IllegalTransition
from tests.unit.scheduling.faulty_stores import Counting, kept
from tests.unit.scheduling.world import BOSS, FRONT, KEYS, NORTH, SOUTH, START, World, make_world, plan, weekly

TODAY = limits.day_of(START)
PHONE = "9d2f0c1e-device"


def book_of(world: World, seed: int = 9) -> ActivityCounters:
    """The book of another replica on the same store."""
    prints = Fingerprints(Keyring.parse(KEYS))
    return ActivityCounters(world.service.repositories.activity, world.clock, SeededIds(random.Random(seed)), prints)


def did(subject: str, day: int = 0, **counts: Any) -> ActivityDay:
    return ActivityDay(subject, TODAY + timedelta(days=day), **counts)


def reached(days: list[ActivityDay], act: Act, wish: Wish = ANYTHING, scale: int = 1) -> Any:
    return limits.limit_reached(days, act, wish, today=TODAY, scale=scale)


def day_with(limit: Limit, count: int, day: int = 0) -> ActivityDay:
    if limit.counted is Counted.OF_SESSION:
        return did(f"{limit.subject.value}:x", day, sessions={"s": count, "t": 1})
    if limit.counted is Counted.PERSONS:
        return did(f"{limit.subject.value}:x", day, persons=tuple(str(number) for number in range(count)))
    return did(f"{limit.subject.value}:x", day, **{limit.counted.value: count})


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_every_limit_at_its_edge(limit: Limit) -> None:
    below, at = [day_with(limit, limit.most - 1)], [day_with(limit, limit.most)]
    wish = Wish("somebody", "s")
    assert reached(below, limit.stops, wish) is None
    assert not limits.is_over(below, today=TODAY, scale=1)
    stopped = reached(at, limit.stops, wish)
    assert stopped.limit is limit
    assert limits.is_over(at, today=TODAY, scale=1)
    assert limits.day_of(stopped.until) == TODAY + timedelta(days=limit.days)
    assert reached(at, limit.stops, wish, scale=2) is None
    assert reached(at, Act.MOVE if limit.stops is Act.HOLD else Act.HOLD, wish) is None


def test_a_week_is_seven_days_and_the_wait_is_until_enough_of_it_is_over() -> None:
    week = [did("person:x", -6, releases=1), did("person:x", -2, releases=1), did("person:x", 0, releases=1)]
    assert limits.day_of(reached(week, Act.HOLD).until) == TODAY + timedelta(days=1)
    older = [replace(week[0], day=TODAY - timedelta(days=7)), *week[1:]]
    assert reached(older, Act.HOLD) is None
    assert reached([], Act.HOLD) is None


def test_a_person_counted_before_is_not_one_more_of_them() -> None:
    days = [did("device:x", persons=tuple(str(number) for number in range(10)))]
    for person_id, stopped in (("3", False), ("new", True)):
        assert (reached(days, Act.HOLD, Wish(person_id)) is not None) is stopped


def test_a_family_asks_for_all_of_its_holds_at_once() -> None:
    days = [did("account:x", holds=11)]
    assert reached(days, Act.HOLD, Wish(asked=4)) is None
    assert reached(days, Act.HOLD, Wish(asked=5)) is not None


def test_what_is_kept_apart_is_bounded() -> None:
    activities = [
        Activity(Act.HOLD, f"account-{number}", f"person-{number}", "office", "session", START)
        for number in range(limits.MOST_ACCOUNTS_COUNTED + 5)
    ]
    day = limits.with_activities(did("address:x"), activities)
    assert (day.holds, len(day.accounts), len(day.persons)) == (
        105,
        limits.MOST_ACCOUNTS_COUNTED,
        limits.MOST_PERSONS_KEPT,
    )
    assert limits.patterns_of([], TODAY) == []


def visit(account_id: str, person_id: str) -> Appointment:
    """Somebody's hold at the southern office."""
    times: dict[str, Any] = {"date": TODAY, "starts_at": START, "ends_at": START}
    slot = Slot("seat", "token", "session", SOUTH.office_id, "regular", 1, "A", **times)
    return Appointment(Status.HELD, True, "application", account_id, person_id, START, slot)


async def holds(world: World, person: str, times: int, origin: Origin = NOWHERE, account: str = "") -> None:
    """Hold and let lapse, so many times."""
    account = account or f"account-{person}"
    await world.submitted(person, account=account)
    for number in range(times):
        key = f"{person}-{number}-{world.clock.now()}"
        actor = Actor(account)
        await world.service.booking.hold(world.wish(person, actor=actor, command_id=key, origin=origin))
        await world.pass_time(301)


async def gives_up(world: World, person: str, times: int, origin: Origin = NOWHERE) -> None:
    actor = Actor(f"account-{person}")
    await world.submitted(person)
    for number in range(times):
        key = f"{person}-{number}-{world.clock.now()}"
        held = await world.service.booking.hold(world.wish(person, actor=actor, command_id=key, origin=origin))
        await world.service.holds.cancel(held.id, actor, f"no-{key}", fee_is_lost=False, origin=origin)
        world.clock.advance(301)
        await world.worker.run_due()


async def started(seats: int = 30, **given: Any) -> World:
    chosen: dict[str, Any] = {"templates": weekly(plan(seats)), "offices": [SOUTH, NORTH], "horizon_days": 3}
    world = make_world(**(chosen | given))
    assert world.parts.start is not None
    await world.parts.start()
    return world


async def test_holds_of_a_person_and_a_day() -> None:
    world = await started()
    await holds(world, "ani", 5)
    with pytest.raises(TooManyHolds) as refused:
        await holds(world, "ani", 1)
    assert refused.value.facts["limit"] == "holds_per_person_day"
    assert refused.value.retry_after_seconds == (
        limits._midnight(TODAY + timedelta(days=1)) - world.clock.now()
    ) // timedelta(seconds=1)
    assert "held" not in await world.buckets()
    world.clock.set(limits._midnight(TODAY + timedelta(days=1)))
    await world.worker.run_due()
    await world.service.booking.hold(world.wish("ani", key="tomorrow", session_id=world.session_id(NORTH)))


async def test_who_gives_seats_up_again_and_again_must_wait_but_may_always_give_up() -> None:
    world = await started()
    await gives_up(world, "ani", 3)
    with pytest.raises(TooManySeatsGivenUp) as refused:
        await gives_up(world, "ani", 1)
    assert refused.value.facts["limit"] == "releases_per_person_week"
    assert (refused.value.retry_after_seconds or 0) > 6 * 86_400


async def test_a_bill_that_nobody_pays_counts_as_given_up() -> None:
    world = await started()
    await world.submitted()
    for number in range(3):
        held = await world.service.booking.hold(world.wish(key=str(number)))
        await world.hear(world.bill(billing.BillExpired, held))
    with pytest.raises(TooManySeatsGivenUp):
        await world.service.booking.hold(world.wish(key="more"))


async def test_moves_of_a_person_and_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await started(moves_max=9)
    paid = await world.paid()
    doors = [world.session_id(NORTH), world.session_id(SOUTH)]
    for number in range(3):
        await world.service.moves.reschedule(world.move(paid, doors[number % 2], f"move-{number}"))
    with pytest.raises(TooManyMoves):
        await world.service.moves.reschedule(world.move(paid, doors[1], "once more"))
    assert (await world.service.moves.reschedule(world.move(paid, doors[0], "move-2"))).state.moves_made == 3


async def test_people_on_one_device() -> None:
    world = await started()
    phone = world.service.activity.origin(PHONE, "127.0.0.1")
    for number in range(10):
        await holds(world, f"p{number}", 1, phone)
    with pytest.raises(TooManyPeopleOnDevice):
        await holds(world, "one-more", 1, phone)
    await holds(world, "p3", 1, phone)
    await holds(world, "one-more", 1)


async def test_a_repeat_of_a_won_hold_is_under_no_limit() -> None:
    world = await started()
    await holds(world, "ani", 4)
    wish = world.wish("ani", key="last", actor=Actor("account-ani"))
    held = await world.service.booking.hold(wish)
    assert (await world.service.booking.hold(wish)).id == held.id


async def test_the_office_helps_without_limit() -> None:
    world = await started()
    await holds(world, "ani", 5)
    held = await world.service.booking.hold(world.wish("ani", actor=FRONT, key="counter"))
    assert held.state.person_id == "person-ani"


async def test_a_hold_costs_no_more_reads_or_writes() -> None:
    made: list[Counting] = []
    world = await started(wrap=lambda base: kept(made, Counting(base)))
    await world.hold("first")
    await world.submitted("ani")
    made[0].seen.clear()
    phone = world.service.activity.origin(PHONE, "8.8.8.8")
    await world.service.booking.hold(world.wish("ani", origin=phone))
    assert [kind for _, kind in made[0].seen] == [
        "application_copy",
        *(["seat"] * (len(made[0].seen) - 2)),
        "appointment",
    ]
    assert len(made[0].seen) <= 4  # a claim looks on both sides of its random start at most


@pytest.mark.parametrize(
    ("device", "address", "known"),
    [
        (PHONE, "8.8.8.8", (True, True)),
        (None, "127.0.0.1", (False, False)),
        ("x" * 7, "10.0.0.1", (False, False)),
        ("x" * 8, "unknown", (True, False)),
        ("x" * 128, "192.168.1.1", (True, False)),
        ("x" * 129, "2001:4860:4860::8888", (False, True)),
    ],
)
async def test_where_a_request_came_from(device: str | None, address: str, known: tuple[bool, bool]) -> None:
    world = await started(seats=1)
    origin = world.service.activity.origin(device, address)
    assert (origin.device is not None, origin.address is not None) == known
    told = f"{origin.device}{origin.address}"
    assert address not in told and (device is None or device not in told)


async def test_one_subscriber_of_version_six_is_one_address() -> None:
    book = (await started(seats=1)).service.activity
    one, same, other = (book.origin(None, f"2001:4860:{part}").address for part in ("1::1", "1:0::9", "2::1"))
    assert one == same != other


class Unread(dict[Any, Any]):
    """What nobody may go through."""

    def __iter__(self) -> Any:
        raise AssertionError("looked through")

    keys = values = items = __iter__


class TestReplicas:
    """Two processes on one store."""

    async def test_what_one_counted_stops_the_other(self) -> None:
        world = await started()
        other = book_of(world)
        for _ in range(5):
            world.service.activity.note(Act.HOLD, visit("account-x", "person-x"))
        other.check_limits(Act.HOLD, "account-x", Wish("person-x"), NOWHERE)
        await world.service.activity.flush()
        await other.flush()
        with pytest.raises(TooManyHolds):
            other.check_limits(Act.HOLD, "account-x", Wish("person-x"), NOWHERE)

    async def test_what_both_counted_is_added_up(self) -> None:
        world = await started()
        books = [world.service.activity, book_of(world), book_of(world, 10)]
        for _ in range(2):
            for book in books:
                book.note(Act.HOLD, visit("account-x", "person-x"))
        for book in books:
            await book.flush()
        for book in books:
            await book.flush()
            with pytest.raises(TooManyHolds):
                book.check_limits(Act.HOLD, "account-x", Wish("person-x"), NOWHERE)
        (day,) = [each async for each in world.base.scan(ACTIVITY_DAY) if each.state.subject == "person:person-x"]
        assert (day.state.holds, day.state.over) == (6, True)

    async def test_accounts_that_were_joined_are_counted_together(self) -> None:
        world = await started()
        book = world.service.activity
        accounts = ("account-x", "account-y")
        for number in range(14):
            book.note(Act.HOLD, visit(accounts[number % 2], f"person-{number}"))
        await book.flush()
        await book.check_joined(Act.HOLD, accounts, Wish("person-z"))
        book.note(Act.HOLD, visit("account-y", "person-z"))
        for account_id in accounts:
            book.check_limits(Act.HOLD, account_id, Wish("person-z"), NOWHERE)
            await book.check_joined(Act.HOLD, (account_id,), Wish("person-z"))
        with pytest.raises(TooManyHolds):
            await book_of(world).check_joined(Act.HOLD, accounts, Wish("person-z", asked=2))
        with pytest.raises(TooManyHolds):
            await book.check_joined(Act.HOLD, accounts, Wish("person-z"))

    async def test_two_that_write_a_new_day_at_one_moment_lose_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = await started()
        one, other = world.service.activity, book_of(world)
        for book in (one, other):
            book.note(Act.HOLD, visit("account-x", "person-x"))

        async def nothing_yet(_subjects: Any, _since: Any) -> list[Any]:
            return []

        await other.flush()
        with monkeypatch.context() as blind:
            blind.setattr(world.service.repositories.activity, "activity_days_since", nothing_yet)
            await one.flush()
        days = [each.state.holds async for each in world.base.scan(ACTIVITY_DAY)]
        assert days == [2, 2]

    async def test_the_one_thing_that_somebody_did_waits_its_time_and_no_longer(self) -> None:
        world = await started()
        book = world.service.activity
        book.note(Act.HOLD, visit("account-x", "person-x"))
        await book.keep_up()
        assert [each async for each in world.base.scan(ACTIVITY_DAY)] == []
        world.clock.advance(book_module.SINGLE_ACTIVITY_WAITS.total_seconds() - 0.001)
        await book.keep_up()
        assert [each async for each in world.base.scan(ACTIVITY_DAY)] == []
        world.clock.advance(0.001)
        await book.keep_up()
        assert [each.state.holds async for each in world.base.scan(ACTIVITY_DAY)] == [1, 1]

    async def test_a_second_thing_is_written_at_once_and_so_is_what_follows(self) -> None:
        world = await started()
        book = world.service.activity
        for person in ("person-x", "person-y"):
            book.note(Act.HOLD, visit("account-x", person))
        await book.keep_up()
        assert [(each.state.subject, each.state.holds) async for each in world.base.scan(ACTIVITY_DAY)] == [
            ("account:account-x", 2)
        ]
        book.note(Act.RELEASE, visit("account-x", "person-x"))
        await book.keep_up()
        written = {each.state.subject: each.state async for each in world.base.scan(ACTIVITY_DAY)}
        assert written["account:account-x"].releases == 1
        assert written["person:person-x"].holds == 1
        assert "person:person-y" not in written

    async def test_who_turns_out_to_be_known_waits_no_longer(self) -> None:
        world = await started()
        book, other = world.service.activity, book_of(world)
        book.note(Act.HOLD, visit("account-x", "person-x"))
        for _ in range(5):
            other.note(Act.HOLD, visit("account-y", "person-x"))
        await other.flush()
        await book.keep_up()
        await book.keep_up()
        written = {each.state.subject: each.state.holds async for each in world.base.scan(ACTIVITY_DAY)}
        assert written == {"account:account-y": 5, "person:person-x": 6}

    async def test_what_waits_is_not_looked_through(self) -> None:
        """In an opening thousands wait; every second only what is due is read."""
        world = await started()
        book = world.service.activity
        for number in range(100):
            book.note(Act.HOLD, visit(f"account-{number}", f"person-{number}"))
        await book.keep_up()
        book._pending, book._known = Unread(book._pending), Unread(book._known)
        book.note(Act.RELEASE, visit("account-7", "person-7"))
        await book.keep_up()
        written = {each.state.subject async for each in world.base.scan(ACTIVITY_DAY)}
        assert written == {"account:account-7", "person:person-7"}
        world.clock.advance(book_module.SINGLE_ACTIVITY_WAITS.total_seconds())
        await book.keep_up()
        assert len([each async for each in world.base.scan(ACTIVITY_DAY)]) == 200
        assert not book._single and len(book._pending) == 0

    async def test_what_could_not_be_written_is_tried_again_with_the_next_second(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = await started()
        book = world.service.activity
        book.note(Act.HOLD, visit("account-x", "person-x"))
        world.clock.advance(book_module.SINGLE_ACTIVITY_WAITS.total_seconds())

        async def away(*_given: Any) -> Any:
            raise StoreUnavailable("away")

        with monkeypatch.context() as broken, pytest.raises(StoreUnavailable):
            broken.setattr(world.service.repositories.activity, "begin_activity_days", away)
            await book.keep_up()
        await book.keep_up()
        assert [each.state.holds async for each in world.base.scan(ACTIVITY_DAY)] == [1, 1]

    async def test_what_is_remembered_is_counted_as_it_is(self) -> None:
        world = await started()
        book = world.service.activity
        for days in range(12):
            for _ in range(2):
                book.note(Act.HOLD, visit("account-x", f"person-{days % 2}"))
            await book.keep_up()
            assert book._days_known == sum(map(len, book._known.values())) > 0
            await world.pass_time(86_400)

    async def test_a_flush_that_fails_is_made_up_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = await started()
        book = world.service.activity
        book.note(Act.HOLD, visit("account-x", "person-x"))

        async def away(*_given: Any) -> Any:
            raise StoreUnavailable("away")

        with monkeypatch.context() as broken, pytest.raises(StoreUnavailable):
            broken.setattr(world.service.repositories.activity, "begin_activity_days", away)
            await book.flush()
        await book.flush()
        assert [each.state.holds async for each in world.base.scan(ACTIVITY_DAY)] == [1, 1]

    async def test_memory_is_bounded_and_days_are_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = await started()
        book = world.service.activity
        monkeypatch.setattr(book_module, "MOST_REMEMBERED", 3)
        for number in range(2):
            book.note(Act.HOLD, visit(f"account-{number}", f"person-{number}"))
        await book.flush()
        assert book._known == {}
        await world.pass_time(9 * 86_400)
        assert [each async for each in world.base.scan(ACTIVITY_DAY)] == []


class TestFlags:
    """Patterns are shown to the office with their evidence."""

    async def flags(self, world: World, status: FlagStatus = FlagStatus.OPEN) -> list[Any]:
        await world.service.activity.flush()
        return await world.service.flags.find_by_office(SOUTH.office_id, status, BOSS)

    @pytest.mark.acceptance("F75.book_cancel_book")
    async def test_book_cancel_book(self) -> None:
        world = await started()
        await gives_up(world, "ani", 2)
        assert await self.flags(world) == []
        await gives_up(world, "ani", 1)
        await world.service.activity.flush()
        found = await self.flags(world)
        assert {(each.state.pattern, each.state.subject) for each in found} == {
            (Pattern.BOOK_CANCEL_BOOK, CountedSubject.ACCOUNT),
            (Pattern.BOOK_CANCEL_BOOK, CountedSubject.PERSON),
        }
        (evidence,) = found[0].state.evidence
        assert (evidence.account_id, evidence.holds, evidence.releases) == ("account-ani", 3, 3)
        assert evidence.first_at == START and evidence.last_at > START
        waiting = await world.base.outbox_waiting(FLAG, before=world.clock.now() + timedelta(days=1), limit=9)
        assert {each.data.pattern for each in waiting if isinstance(each.data, PatternFlagged)} == {"book_cancel_book"}

    @pytest.mark.acceptance("F75.accounts_per_device", "F75.accounts_per_address")
    async def test_many_accounts_on_one_device_and_one_address(self) -> None:
        world = await started(seats=40)
        home = world.service.activity.origin(PHONE, "8.8.8.8")
        for number in range(limits.ACCOUNTS_OF_A_DEVICE):
            await holds(world, f"p{number}", 1, home)
        (flag,) = await self.flags(world)
        assert (flag.state.pattern, len(flag.state.evidence)) == (Pattern.MANY_ACCOUNTS_ONE_DEVICE, 4)
        assert flag.state.persons == 4 and PHONE not in flag.state.subject_id
        street = world.service.activity.origin(None, "8.8.8.8")
        for number in range(limits.ACCOUNTS_OF_A_DEVICE, limits.ACCOUNTS_OF_AN_ADDRESS):
            world.service.activity.note(Act.HOLD, visit(f"account-p{number}", f"person-p{number}"), street)
        patterns = {each.state.pattern for each in await self.flags(world)}
        assert patterns == {Pattern.MANY_ACCOUNTS_ONE_DEVICE, Pattern.MANY_ACCOUNTS_ONE_ADDRESS}

    async def test_many_holds_of_one_account(self) -> None:
        world = await started()
        for number in range(limits.HOLDS_OF_AN_ACCOUNT):
            await holds(world, f"p{number % 5}", 1, account="account-x")
        assert [each.state.pattern for each in await self.flags(world)] == [Pattern.MANY_HOLDS]

    async def test_a_flag_is_judged_once_by_its_own_office(self) -> None:
        world = await started()
        await gives_up(world, "ani", 3)
        flag = (await self.flags(world))[0]
        context, stranger = world.service.flags, Actor("boss", NORTH.office_id, is_staff=True)
        with pytest.raises(NotYourOffice):
            await context.find_by_office(SOUTH.office_id, FlagStatus.OPEN, stranger)
        with pytest.raises(NotYourOffice):
            await context.review(SOUTH.office_id, flag.id, FlagCommand.CONFIRM, stranger, "review")
        with pytest.raises(FlagNotFound):
            await context.review(NORTH.office_id, flag.id, FlagCommand.CONFIRM, stranger, "review")
        judged = await context.review(SOUTH.office_id, flag.id, FlagCommand.DISMISS, BOSS, "review")
        assert (judged.state.status, judged.state.reviewed_by) == (FlagStatus.HARMLESS, BOSS.account_id)
        assert (
            await context.review(SOUTH.office_id, flag.id, FlagCommand.DISMISS, BOSS, "review")
        ).version == judged.version
        with pytest.raises(FlagReviewed):
            await context.review(SOUTH.office_id, flag.id, FlagCommand.CONFIRM, BOSS, "again")
        assert [each.id for each in await self.flags(world, FlagStatus.HARMLESS)] == [flag.id]


def test_what_may_be_said_of_a_flag() -> None:
    for status, command in product(FlagStatus, FlagCommand):
        if (status, command) not in flags.FLAG_TRANSITIONS:
            with pytest.raises(IllegalTransition):
                flags.FLAG_TRANSITIONS.after(status, command)


def test_every_refusal_of_a_limit_says_until_when() -> None:
    for limit in LIMITS:
        refusal = book_module.refusal_for(limits.LimitReached(limit, START + timedelta(seconds=1.2)), START)
        assert isinstance(refusal, Refusal) and refusal.status == 429
        assert (refusal.retry_after_seconds, refusal.facts["limit"]) == (2, limit.name)
