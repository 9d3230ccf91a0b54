"""Passports: what a book is, how it comes here, and how it follows its application."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from structlog.testing import capture_logs

from services.application.alerts import PASSPORT_NUMBER_TAKEN
from services.application.applications.book import (
    BookFacts,
    BookKind,
    expected_book,
    months_before,
    told_book,
    years_after,
)
from services.application.applications.repository import APPLICATION
from services.application.issuance.ports import DpriState
from services.application.passports import passport as rules
from services.application.passports.passport import (
    IN_HAND,
    Passport,
    PassportCommand,
    PassportSource,
    PassportState,
)
from services.application.passports.repository import PASSPORT
from services.application.requirements.answers import ZeroTariff
from shared.crypto.keyring import Keyring
from shared.events.application import (
    ApplicationLeavingAnswered,
    ChildPassportPassedOn,
    PassportPassedToHolder,
    PassportReported,
)
from shared.events.codes import PassportReport
from shared.events.identity import DataExportAsked, LeavingAsked
from shared.key_turn.steps import DocumentsStep
from shared.person_keys.errors import PersonErased
from shared.retention.shelf import Order
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition
from tests.conftest import START
from tests.unit.application import make
from tests.unit.application.world import CARD, FRONT, World

NUMBER = "X1234567"
BOOK = BookFacts(BookKind.ELECTRONIC, date(2026, 11, 30), date(2036, 11, 30))


def passport(**changes: object) -> Passport:
    """A book in its holder's hands."""
    base = Passport("person", "acc", "appl", BOOK, PassportSource.PRINTED, START, "sealed", ("k1:0",))
    return replace(base, **changes)  # type: ignore[arg-type]


async def passports(world: World) -> list[Record[Passport]]:
    return [record async for record in world.store.scan(PASSPORT)]


async def only_passport(world: World) -> Record[Passport]:
    (record,) = await passports(world)
    return record


# the aggregate


@pytest.mark.parametrize("state", list(PassportState))
@pytest.mark.parametrize("command", list(PassportCommand))
def test_every_pair_outside_the_table_is_refused(state: PassportState, command: PassportCommand) -> None:
    moves = {
        PassportCommand.COLLECT: lambda book: rules.collected(book, START).state,
        PassportCommand.CANCEL: lambda book: rules.cancelled(book, START).state,
        PassportCommand.REPLACE: lambda book: rules.replaced(book, "newer", START).state,
        PassportCommand.REPORT_LOST: lambda book: _after(rules.reported("p", book, PassportReport.LOST, "acc", START)),
        PassportCommand.REPORT_DAMAGED: lambda book: _after(
            rules.reported("p", book, PassportReport.DAMAGED, "acc", START)
        ),
        PassportCommand.UNDO_REPORT: lambda book: _after(rules.report_undone("p", book)),
    }
    following = rules.PASSPORT_TRANSITIONS.get((state, command))
    is_repeat = (state, command) in {
        (PassportState.LOST, PassportCommand.REPORT_LOST),
        (PassportState.DAMAGED, PassportCommand.REPORT_DAMAGED),
        (PassportState.COLLECTED, PassportCommand.UNDO_REPORT),
    }
    if following is None and not is_repeat:
        with pytest.raises(IllegalTransition):
            moves[command](passport(state=state))
    else:
        assert moves[command](passport(state=state)) is following


def _after(decision: Decision[Passport] | None) -> PassportState | None:
    return decision.state.state if decision is not None else None


def test_a_report_says_who_and_when_and_tells_it() -> None:
    decision = rules.reported("p", passport(), PassportReport.LOST, "acc", START)
    assert decision is not None
    assert (decision.state.reported_at, decision.state.reported_by) == (START, "acc")
    assert decision.events == (PassportReported(passport_id="p", account_id="acc", person_id="person", report="lost"),)
    undone = rules.report_undone("p", decision.state)
    assert undone is not None
    assert (undone.state.reported_at, undone.state.reported_by) == (None, None)


def test_books_that_can_be_replaced_are_those_in_hand() -> None:
    assert set(IN_HAND) == {PassportState.COLLECTED, PassportState.LOST, PassportState.DAMAGED}


@pytest.mark.parametrize(
    ("on", "expiring", "expired"),
    [
        (date(2035, 11, 29), False, False),
        (date(2035, 11, 30), True, False),
        (date(2036, 11, 30), True, False),
        (date(2036, 12, 1), True, True),
    ],
)
def test_a_book_expires_after_its_last_day(on: date, expiring: bool, expired: bool) -> None:
    assert (passport().expiring(on), passport().expired(on)) == (expiring, expired)


def test_a_childs_book_is_passed_on_once_and_to_its_holder_once() -> None:
    child = passport(of_child=True)
    told = rules.passed_on("p", child, START)
    assert told is not None
    assert told.events == (ChildPassportPassedOn(passport_id="p", account_id="acc", applicant_id="appl"),)
    assert rules.passed_on("p", told.state, START) is None
    assert rules.passed_on("p", passport(), START) is None
    given = rules.passed_to_holder("p", told.state, "own", "self", START)
    assert given is not None
    assert given.events == (PassportPassedToHolder(passport_id="p", account_id="own", applicant_id="self"),)
    assert (given.state.account_id, given.state.applicant_id, given.state.of_child) == ("own", "self", False)
    assert rules.passed_to_holder("p", given.state, "own", "self", START) is None
    both = rules.passed_to_holder("p", child, "own", "self", START)
    assert both is not None
    assert [type(event) for event in both.events] == [ChildPassportPassedOn, PassportPassedToHolder]


# kind and dates


@pytest.mark.parametrize(
    ("changes", "minor", "kind", "years"),
    [
        ({}, False, BookKind.ELECTRONIC, 10),
        ({"validity_years": 5}, False, BookKind.ELECTRONIC, 5),
        ({}, True, BookKind.ELECTRONIC, 5),
        ({"zero_tariff": ZeroTariff.MIGRANT_WORKER_FIRST}, False, BookKind.MIGRANT_WORKER, 5),
        ({"zero_tariff": ZeroTariff.FORCE_MAJEURE}, False, BookKind.ELECTRONIC, 10),
    ],
)
def test_kind_and_expiry_follow_from_the_answers(
    changes: dict[str, object], minor: bool, kind: BookKind, years: int
) -> None:
    book = expected_book(replace(make.ADULT, **changes), minor=minor, printed_on=date(2026, 11, 30))  # type: ignore[arg-type]
    assert book == BookFacts(kind, date(2026, 11, 30), date(2026 + years, 11, 30))


def test_without_answers_a_book_is_taken_for_an_ordinary_one_of_five_years() -> None:
    assert expected_book(None, minor=False, printed_on=date(2024, 2, 29)) == BookFacts(
        BookKind.ORDINARY, date(2024, 2, 29), date(2029, 3, 1)
    )


def test_what_the_issuance_system_tells_counts_and_a_contradiction_does_not() -> None:
    told = told_book(BOOK, "ordinary", date(2026, 12, 1), date(2031, 12, 1))
    assert told == BookFacts(BookKind.ORDINARY, date(2026, 12, 1), date(2031, 12, 1))
    assert told_book(BOOK, "golden", date(2026, 12, 1), date(2026, 12, 1)) == BOOK
    assert told_book(BOOK, None, date(2026, 12, 1), None) == BOOK
    assert told_book(BOOK, None, None, date(2030, 1, 1)) == BOOK
    pmi = replace(BOOK, kind=BookKind.MIGRANT_WORKER)
    assert told_book(pmi, "ordinary", None, None) == pmi


def test_days_and_months_at_the_ends_of_months() -> None:
    assert years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert months_before(date(2027, 3, 31), 1) == date(2027, 2, 28)
    assert months_before(date(2027, 1, 15), 1) == date(2026, 12, 15)
    assert months_before(date(2027, 12, 31), 12) == date(2026, 12, 31)


# from the issuance system


async def test_a_printed_book_is_a_passport_and_its_number_is_sealed(world: World) -> None:
    application_id = await world.printed()
    record = await only_passport(world)
    state = record.state
    assert (state.state, state.source, state.application_id) == ("printed", "printed", application_id)
    assert (state.person_id, state.account_id, state.applicant_id) == ("person-appl", "acc", "appl")
    assert state.office_id == make.OFFICE
    assert state.book.kind is BookKind.ELECTRONIC
    assert state.book.expires_on == years_after(state.book.issued_on, 10)
    assert NUMBER not in str(state)
    assert await world.service.passport_records.vault.number(record.id, state) == NUMBER


async def test_kind_and_dates_come_from_the_issuance_system(world: World) -> None:
    await world.approved()
    await world.run_due()
    world.dpri.says = [DpriState("printed", NUMBER, "ordinary", date(2026, 12, 1), date(2031, 12, 1))]
    await world.after(world.settings.print_poll_seconds)
    await world.hear_own()
    book = (await only_passport(world)).state.book
    assert book == BookFacts(BookKind.ORDINARY, date(2026, 12, 1), date(2031, 12, 1))


async def test_the_event_that_a_crash_held_up_makes_it_good_and_a_repeat_changes_nothing(world: World) -> None:
    application_id = await world.approved()
    world.dpri.printed = True
    await world.run_due()
    await world.after(world.settings.print_poll_seconds)
    assert await passports(world) == []  # the application is written, the passport is not: the process died here
    await world.service.counter.hand_out(application_id, "self", FRONT, world.command())
    await world.hear_own()
    first = await only_passport(world)
    assert first.state.state is PassportState.COLLECTED
    await world.hear_own()
    assert await only_passport(world) == first


async def test_a_book_of_before_these_facts_were_kept_is_recorded_at_its_collection(world: World) -> None:
    application_id = await world.approved()
    world.dpri.printed = True
    await world.run_due()
    await world.after(world.settings.print_poll_seconds)
    await world.service.applications.change(application_id, lambda state: Decision(replace(state, printed_book=None)))
    await world.service.counter.hand_out(application_id, "self", FRONT, world.command())
    await world.hear_own()
    state = (await only_passport(world)).state
    assert (state.state, state.book.kind) == ("collected", BookKind.ELECTRONIC)


async def test_an_application_that_ends_without_a_book_has_no_passport(world: World) -> None:
    application_id = await world.at_the_counter()
    await world.service.counter.record_interview(
        application_id, "refused", "identity_not_proven", None, FRONT, world.command()
    )
    await world.hear_own()
    assert await passports(world) == []


async def test_a_book_that_is_not_collected_is_cancelled(world: World) -> None:
    await world.printed()
    await world.after(30 * 86400)
    await world.hear_own()
    state = (await only_passport(world)).state
    assert state.state is PassportState.CANCELLED
    assert state.cancelled_at == world.clock.now()


async def test_collection_replaces_the_older_books_of_the_person(world: World) -> None:
    records = world.service.passport_records
    older = BookFacts(BookKind.ORDINARY, date(2020, 1, 1), date(2025, 1, 1))
    await world.approved()
    lost = await records.record("A7654321", passport(person_id="person-appl", book=older, state=PassportState.LOST))
    other = await records.record("B7654321", passport(person_id="somebody", book=older))
    assert lost is not None and other is not None
    world.dpri.printed = True
    await world.run_due()
    await world.after(world.settings.print_poll_seconds)
    await world.hear_own()
    assert (await records.repository.existing(lost.id)).state.state is PassportState.LOST
    (application,) = [record async for record in world.store.scan(APPLICATION)]
    await world.service.counter.hand_out(application.id, "self", FRONT, world.command())
    await world.hear_own()
    replaced = (await records.repository.existing(lost.id)).state
    assert replaced.state is PassportState.REPLACED
    newest = await records.repository.of_application(application.id)
    assert newest is not None and replaced.replaced_by == newest.id
    assert newest.state.state is PassportState.COLLECTED
    assert (await records.repository.existing(other.id)).state.state is PassportState.COLLECTED


async def test_a_number_that_another_person_has_is_told_to_operators_and_changes_nothing(
    world: World,
) -> None:
    records = world.service.passport_records
    other = await records.record(NUMBER.lower() + " ", passport(person_id="somebody"))
    assert other is not None
    with capture_logs() as logs:
        await world.collected()
    assert await only_passport(world) == other
    assert {line["passport_id"] for line in logs if line["event"] == PASSPORT_NUMBER_TAKEN} == {other.id}


async def test_one_number_is_one_passport_under_turned_keys_too(world: World) -> None:
    records = world.service.passport_records
    first = await records.record(NUMBER, passport())
    assert first is not None
    assert records.vault.is_current(first.id, first.state)
    old = world.settings.fingerprint_keyring()
    records.vault.fingerprints = type(records.vault.fingerprints)(
        Keyring.parse("k2:AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=," + _text(world))
    )
    assert len(list(old)) == 1
    assert not records.vault.is_current(first.id, first.state)
    again = await records.record(NUMBER, passport(person_id="other"))
    assert again is not None and again.id == first.id
    turned = await records.vault.turned(first.id, first.state)
    assert records.vault.is_current(first.id, turned)
    assert len(turned.fingerprints) == 2


def _text(world: World) -> str:
    return world.settings.fingerprint_keys.get_secret_value()


async def test_an_erased_number_comes_back_as_nothing(world: World) -> None:
    records = world.service.passport_records
    first = await records.record(NUMBER, passport())
    assert first is not None
    assert await records.repository.remove(first)
    await world.platform.person_keys.destroy(first.id)
    assert await records.record(NUMBER, passport()) is None
    await world.collected()
    assert await passports(world) == []


async def test_a_race_for_one_number_has_one_winner(world: World) -> None:
    records = world.service.passport_records
    prints = records.vault.prints_of(NUMBER)
    winner: list[Record[Passport] | None] = []
    find = records.repository.holder_of_number

    async def find_late(wanted: tuple[str, ...]) -> Record[Passport] | None:
        found = await find(wanted)
        if found is None and not winner:
            winner.append(None)
            winner.append(await records.record(NUMBER, passport(person_id="faster")))
        return found

    records.repository.holder_of_number = find_late  # type: ignore[method-assign]
    loser = await records.record(NUMBER, passport(person_id="slower"))
    assert loser is not None and loser == winner[1]
    assert loser.state.person_id == "faster"
    assert len(await passports(world)) == 1
    assert await find(prints) == loser


# export, leaving, erasure, retention


def asked_for(*accounts: str) -> DataExportAsked:
    return DataExportAsked(
        export_id="export-1",
        account_id=accounts[0],
        account_ids=accounts,
        applicant_ids=("appl",),
        application_ids=(),
        session_id="s",
        public_key="",
        ends_at=START,
    )


def order_for(**changes: object) -> Order:
    base = Order("erasure-1", "acc", ("appl",), ("person-appl",), whole_account=False)
    return replace(base, **changes)  # type: ignore[arg-type]


async def test_a_copy_of_ones_data_has_the_whole_number(world: World) -> None:
    await world.meet()
    first = await world.service.passport_records.record(NUMBER, passport(person_id="person-appl"))
    assert first is not None
    part = await world.own_parts().collect(asked_for("acc"))
    assert [(own.passport_id, own.number, own.kind) for own in part.passports] == [(first.id, NUMBER, "electronic")]
    assert (await world.own_parts().collect(asked_for("other"))).passports == []
    await world.platform.person_keys.destroy(first.id)
    assert [own.number for own in (await world.own_parts().collect(asked_for("acc"))).passports] == [None]


async def test_a_guardians_copy_has_no_book_of_a_grown_child(world: World) -> None:
    await world.meet()
    born = {"birth_date": "2009-11-23", "nik": "3174012311090003"}
    await world.meet("teen", CARD | born, guardian_applicant_id="appl")
    await world.service.passport_records.record(
        NUMBER, passport(person_id="person-teen", applicant_id="teen", of_child=True)
    )
    assert (await world.own_parts().collect(asked_for("acc"))).passports == []


async def test_a_book_whose_holders_card_was_erased_is_not_the_guardians_any_more(world: World) -> None:
    await world.meet("teen", CARD, guardian_applicant_id="appl")
    await world.service.passport_records.record(
        NUMBER, passport(person_id="person-teen", applicant_id="teen", of_child=True)
    )
    await world.platform.person_keys.destroy("teen")
    assert (await world.own_parts().collect(asked_for("acc"))).passports == []


@pytest.mark.parametrize(
    ("applicant_ids", "whole_account", "stays"),
    [(("appl",), False, ("issuance_record",)), (("somebody",), False, ()), ((), True, ("issuance_record",))],
)
async def test_a_leaving_is_told_that_a_recorded_passport_stays(
    world: World, applicant_ids: tuple[str, ...], whole_account: bool, stays: tuple[str, ...]
) -> None:
    await world.service.passport_records.record(NUMBER, passport(source=PassportSource.IMPORTED))
    asked = LeavingAsked(
        leaving_id="l-1", account_id="acc", applicant_ids=applicant_ids, person_ids=(), whole_account=whole_account
    )
    await world.tell(asked)
    assert [event.stays for event in world.events(ApplicationLeavingAnswered)] == [stays]


async def test_an_order_finds_the_passports_of_whom_it_covers_and_erasing_destroys_the_key(world: World) -> None:
    records = world.service.passport_records
    own = await records.record(NUMBER, passport())
    other = await records.record("A7654321", passport(applicant_id="sister"))
    assert own is not None and other is not None
    (shelf,) = (shelf for shelf in world.service.retention.shelves if shelf.name == "passports")
    assert shelf.rule == "issued_passports" and shelf.of is not None and shelf.between is not None
    (item,) = await shelf.of(order_for())
    assert item.subjects == {own.id, "acc", "appl", "person"}
    assert {found.item_id for found in await shelf.of(order_for(whole_account=True))} == {own.id, other.id}
    assert {found.item_id for found in await shelf.between(None, START + timedelta(days=1), 10)} == {own.id, other.id}
    assert await shelf.between(None, START, 10) == []
    assert await item.erase()
    assert not await item.erase()
    assert [record.id for record in await passports(world)] == [other.id]
    with pytest.raises(PersonErased):
        await world.platform.person_keys.cipher(own.id)


async def test_an_erasure_that_meets_a_change_is_tried_again(world: World) -> None:
    records = world.service.passport_records
    own = await records.record(NUMBER, passport())
    assert own is not None
    remove, tries = records.repository.remove, []

    async def remove_late(record: Record[Passport]) -> bool:
        tries.append(record.version)
        return len(tries) > 1 and await remove(record)

    records.repository.remove = remove_late  # type: ignore[method-assign]
    assert await records.erase(own.id)
    assert (len(tries), await passports(world)) == (2, [])


async def test_a_turn_of_keys_knows_the_passports(world: World) -> None:
    first = await world.service.passport_records.record(NUMBER, passport())
    assert first is not None
    kinds = {
        step._how.kind.name: step._how for step in world.service.key_turns._steps if isinstance(step, DocumentsStep)
    }
    assert kinds["passport"].is_current(first.id, first.state)
    assert not kinds["passport"].is_current(first.id, replace(first.state, fingerprints=("k0:0",)))


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (PassportState.PRINTED, "collect"),
        (PassportState.COLLECTED, "keep"),
        (PassportState.LOST, "replace"),
        (PassportState.DAMAGED, "replace"),
        (PassportState.REPLACED, "see_newer"),
        (PassportState.CANCELLED, "begin_again"),
    ],
)
def test_every_state_has_a_next_step(state: PassportState, step: str) -> None:
    book = passport(state=state)
    assert rules.next_step(book, book.book.issued_on) == step
