"""A passport reminds its account of its expiry for as long as it is valid, years after it was collected."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.application.applications.application import Status
from services.application.applications.book import BookFacts, BookKind, months_before
from services.application.context import Actor
from services.application.passports.expiry import (
    LOOK_AGAIN,
    REMINDER_MONTHS,
    deadlines,
    expiry_postponed,
    expiry_reminded,
)
from services.application.passports.passport import (
    Passport,
    PassportSource,
    PassportState,
    passed_to_holder,
    replaced,
    reported,
)
from services.application.passports.repository import PASSPORT
from shared.deadlines import DeadlineWorker
from shared.events.application import PassportExpiryReminderDue
from shared.events.codes import PassportReport
from shared.events.identity import ChildCameOfAge
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.tokens import Role
from tests.conftest import START
from tests.unit.application.world import CARD, CHILD, OWNER, World

DAY = timedelta(days=1)
NUMBER = "A7654321"
EXPIRY = date(2036, 11, 30)


def nine(on: date) -> datetime:
    """Nine in the morning of a day in Jakarta."""
    return datetime(on.year, on.month, on.day, 2, tzinfo=UTC)


def due_at(months: int, expires_on: date = EXPIRY) -> datetime:
    return nine(months_before(expires_on, months))


def passport(expires_on: date = EXPIRY, **changes: object) -> Passport:
    """A book in its holder's hands."""
    book = BookFacts(BookKind.ELECTRONIC, date(2026, 11, 30), expires_on)
    base = Passport("person-appl", "acc", "appl", book, PassportSource.IMPORTED, START, "sealed", ("k1:0",))
    return replace(base, **changes)  # type: ignore[arg-type]


async def recorded(world: World, number: str = NUMBER, **changes: object) -> str:
    """A passport that is on record; its id."""
    record = await world.service.passport_records.record(number, passport(**changes))  # type: ignore[arg-type]
    assert record is not None
    return record.id


async def run_due(world: World, moment: datetime | None = None) -> None:
    """Let years pass until a moment, and do what is due to passports then."""
    if moment is not None:
        world.clock.set(moment)
    await DeadlineWorker(world.store, (PASSPORT,), world.parts.deadlines, world.clock, "test").run_due()


def reminders(world: World) -> list[int]:
    return [event.months for event in world.events(PassportExpiryReminderDue)]


async def existing(world: World, passport_id: str) -> Record[Passport]:
    return await world.service.passport_records.repository.existing(passport_id)


@pytest.mark.acceptance(
    "F49.reminder_12_months", "F49.reminder_9_months", "F49.reminder_6_months", "F51.reminders_go_on"
)
async def test_a_collected_passport_is_reminded_of_three_times_years_later(world: World) -> None:
    application_id = await world.collected()
    record = await world.service.passport_records.repository.of_application(application_id)
    assert record is not None
    expires_on = record.state.book.expires_on
    assert expires_on.year == record.state.book.issued_on.year + 10
    for number, months in enumerate(REMINDER_MONTHS):
        await run_due(world, due_at(months, expires_on) - timedelta(milliseconds=1))
        assert len(reminders(world)) == number
        await run_due(world, due_at(months, expires_on))
        await run_due(world, world.clock.now() + DAY)
    assert reminders(world) == [12, 9, 6]
    told = world.events(PassportExpiryReminderDue)
    assert {(event.account_id, event.passport_id, event.expires_on) for event in told} == {
        ("acc", record.id, expires_on)
    }
    assert (await world.look(application_id)).application.status is Status.COLLECTED
    await run_due(world, nine(expires_on) + 400 * DAY)
    assert reminders(world) == [12, 9, 6]


@pytest.mark.parametrize(
    ("left", "told"), [(400, []), (364, [12]), (250, [9]), (100, [6]), (1, [6]), (-1, []), (-900, [])]
)
async def test_of_an_imported_book_the_newest_due_reminder_alone_is_told(
    world: World, left: int, told: list[int]
) -> None:
    await world.meet()
    expires_on = (world.clock.now() + left * DAY).date()
    await recorded(world, expires_on=expires_on)
    for _ in range(3):
        await run_due(world)
    assert reminders(world) == told


async def test_after_a_long_stop_the_newest_alone_is_told_and_the_next_one_later(world: World) -> None:
    await world.meet()
    await recorded(world)
    await run_due(world, due_at(9) + 20 * DAY)
    assert reminders(world) == [9]
    await run_due(world, due_at(6))
    assert reminders(world) == [9, 6]


async def test_a_repeat_after_a_crash_tells_nothing_again(world: World) -> None:
    await world.meet()
    stale = await existing(world, await recorded(world))
    world.clock.set(due_at(12))
    remind = world.service.expiry_reminders.remind_due
    await asyncio.gather(*(remind(stale, "expiry_reminder") for _ in range(3)))
    await remind(stale, "expiry_reminder")
    assert reminders(world) == [12]


def test_a_reminder_at_the_end_of_a_month_and_at_nine_in_jakarta() -> None:
    assert deadlines(passport(date(2037, 2, 28))) == {"expiry_reminder": datetime(2036, 2, 28, 2, tzinfo=UTC)}
    ended = passport(date(2037, 5, 31), expiry_reminded_months=9)
    assert deadlines(ended) == {"expiry_reminder": datetime(2036, 11, 30, 2, tzinfo=UTC)}
    assert deadlines(passport(expiry_reminded_months=6)) == {}


@pytest.mark.parametrize("state", [state for state in PassportState if state is not PassportState.COLLECTED])
def test_a_book_that_is_not_in_use_is_not_reminded_of(state: PassportState) -> None:
    book = passport(state=state)
    assert deadlines(book) == {}
    assert expiry_reminded("p", book, due_at(6)) is None and expiry_postponed(book, due_at(6)) is None


async def test_a_book_that_was_reported_or_replaced_meanwhile_is_not_reminded_of(world: World) -> None:
    await world.meet()
    lost = await recorded(world)
    older = await recorded(world, "B7654321")
    stale = [await existing(world, lost), await existing(world, older)]
    repository = world.service.passport_records.repository
    now = world.clock.now()
    await repository.change(lost, lambda book: reported(lost, book, PassportReport.LOST, "acc", now))
    await repository.change(older, lambda book: Decision(replaced(book, "newer", now)))
    world.clock.set(due_at(12))
    for record in stale:
        await world.service.expiry_reminders.remind_due(record, "expiry_reminder")
    assert reminders(world) == []


# a replacement that is under way


async def test_a_reminder_waits_while_a_replacement_is_under_way(world: World) -> None:
    await world.meet()
    passport_id = await recorded(world)
    world.clock.set(due_at(12))
    application_id = await world.draft()
    await run_due(world)
    assert reminders(world) == []
    assert (await existing(world, passport_id)).state.expiry_look_at is not None
    await world.service.drafting.withdraw(application_id, OWNER, world.command())
    await run_due(world, due_at(12) + LOOK_AGAIN + timedelta(minutes=1))
    assert reminders(world) == [12]
    assert (await existing(world, passport_id)).state.expiry_look_at is None


async def test_a_draft_in_a_strangers_account_keeps_no_reminder_back(world: World) -> None:
    await world.meet()
    await world.meet("stranger", account_id="acc-9", person_id="person-appl")
    await recorded(world)
    world.clock.set(due_at(12))
    await world.draft("stranger", Actor("acc-9", Role.APPLICANT))
    await run_due(world)
    assert reminders(world) == [12]


async def test_a_submission_in_another_account_keeps_it_back(world: World) -> None:
    await world.submitted()
    await world.meet("other", account_id="acc-2", person_id="person-appl")
    await recorded(world, account_id="acc-2", applicant_id="other")
    await run_due(world, due_at(12))
    assert reminders(world) == []


# children


async def of_child(world: World) -> str:
    await world.meet()
    await world.meet("kid", CHILD, guardian_applicant_id="appl", guardian_person_id="person-appl")
    return await recorded(
        world, applicant_id="kid", person_id="person-kid", of_child=True, expires_on=date(2032, 12, 1)
    )


async def test_the_guardian_is_told_of_a_childs_until_the_seventeenth_birthday(world: World) -> None:
    passport_id = await of_child(world)
    await run_due(world, due_at(12, date(2032, 12, 1)))
    await run_due(world, due_at(9, date(2032, 12, 1)))
    assert [(event.account_id, event.months) for event in world.events(PassportExpiryReminderDue)] == [
        ("acc", 12),
        ("acc", 9),
    ]
    world.clock.set(datetime(2032, 6, 10, 2, tzinfo=UTC))  # the birthday; six months before came earlier in June
    repository = world.service.passport_records.repository
    await repository.change(passport_id, lambda book: Decision(replace(book, expiry_reminded_months=9)))
    await run_due(world)
    assert len(reminders(world)) == 2


async def test_from_the_birthday_on_the_holders_own_account_is_told(world: World) -> None:
    passport_id = await of_child(world)
    await run_due(world, datetime(2032, 6, 10, 2, tzinfo=UTC))
    assert reminders(world) == []
    await world.meet("grown", CHILD, account_id="acc-kid", person_id="person-kid")
    repository = world.service.passport_records.repository
    now = world.clock.now()
    await repository.change(passport_id, lambda book: passed_to_holder(passport_id, book, "acc-kid", "grown", now))
    await run_due(world, now + LOOK_AGAIN + timedelta(minutes=1))
    (told,) = world.events(PassportExpiryReminderDue)
    assert (told.account_id, told.applicant_id, told.months) == ("acc-kid", "grown", 6)
    assert CARD["full_name"] not in str(told)


async def test_a_guardian_of_a_child_who_married_is_told_nothing(world: World) -> None:
    await of_child(world)
    await world.tell(ChildCameOfAge(account_id="acc", applicant_id="kid", guardian_applicant_id="appl"), 9)
    await run_due(world, due_at(12, date(2032, 12, 1)))
    assert reminders(world) == []


async def test_an_account_that_no_longer_has_the_person_is_told_nothing(world: World) -> None:
    await recorded(world)
    await run_due(world, due_at(12))
    assert reminders(world) == []
