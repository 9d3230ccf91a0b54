"""An earlier passport is asked for before money is taken: told, never blocked, and followed in one call (X2)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.application.applications.application import Application, Status, deadlines
from services.application.applications.correction import Corrected
from services.application.applications.earlier_book_findings import answers_bind
from services.application.applications.earlier_books import (
    QUESTION_TRANSITIONS,
    BookState,
    EarlierBookQuestion,
    QuestionCommand,
    QuestionState,
    find_difference,
    fit_answers,
    list_fitting_reasons,
    suggest_reason,
)
from services.application.applications.repository import APPLICATION
from services.application.corrections.errors import PriceNotKnownYet
from services.application.corrections.service import Why, refuse_unpaid
from services.application.earlier_books import service as service_module
from services.application.earlier_books import transitions
from services.application.earlier_books.answer import EarlierBook, contradicts_itself, sort_newest_first
from services.application.earlier_books.client import mask_number
from services.application.earlier_books.errors import AnswersBind
from services.application.earlier_books.ports import BooksContradict
from services.application.erasures.transitions import has_earlier_books, without_earlier_books
from services.application.requirements.answers import Answers, ZeroTariff
from shared.errors import UpstreamDown
from shared.events.application import EarlierBookDiffers, KindCorrected
from shared.events.codes import ApplicationReason, EarlierBookFinding
from shared.events.identity import DataExportAsked
from shared.store.decision import Decision
from shared.store.port import StoreUnavailable
from shared.tokens import Role
from tests.unit.application import make
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.world import FRONT, OWNER, TheBooks, World

Reason, Finding = ApplicationReason, EarlierBookFinding
NUMBER = "*****678"
TODAY = make.NOW.date()
REPLACEMENT = replace(make.ADULT, has_held_passport=True, reason=Reason.EXPIRED)
ANSWERS = {
    "has_held_passport": False,
    "reason": "new",
    "passport_kind": "electronic",
    "validity_years": 10,
    "purpose": "tourism",
}


def book(state: BookState = BookState.VALID, **changes: Any) -> EarlierBook:
    """A book of five years: issued a year ago, or six where it has expired."""
    years = 6 if state is BookState.EXPIRED else 1
    issued = TODAY - timedelta(days=365 * years)
    return replace(EarlierBook("ordinary", state, issued, issued + timedelta(days=365 * 5), NUMBER), **changes)


def question(*states: BookState, **changes: Any) -> EarlierBookQuestion:
    given = {"state": QuestionState.ANSWERED, "next_try_at": None, "books": states} | changes
    return EarlierBookQuestion("person", make.NOW, **given)


def answers(reason: ApplicationReason) -> Answers:
    return replace(make.ADULT, reason=reason, has_held_passport=reason is not Reason.NEW)


@pytest.fixture
def books() -> TheBooks:
    return TheBooks()


@pytest.fixture
def world(books: TheBooks) -> World:
    return World(books=books)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


async def drafted(browser: Browser, world: World, **changed: Any) -> str:
    """A draft with its questionnaire answered; its path."""
    await world.meet()
    _, view = await browser.ask("POST", "/v1/applications", json={"applicant_id": "appl"})
    path = f"/v1/applications/{view['application_id']}"
    status, view = await browser.ask("PUT", f"{path}/questionnaire", json=ANSWERS | changed)
    assert status == 200, view
    return path


async def decide(browser: Browser, path: str, status: int = 200, role: Role = Role.APPLICANT, **body: Any) -> Any:
    words = {"headers": body.pop("headers")} if "headers" in body else {}
    given, view = await browser.ask("POST", f"{path}/earlier-books/decision", role, json=body, **words)
    assert given == status, view
    return view


async def state_of(world: World, path: str) -> Application:
    return (await world.service.applications.application(path.rsplit("/", 1)[1])).state


async def pay(world: World, application_id: str) -> None:
    await world.tell(make.held(application_id=application_id), 1)
    await world.tell(make.bill_issued(application_id=application_id), 2)
    await world.tell(make.bill_paid(application_id=application_id), 3)
    await world.tell(make.confirmed(application_id=application_id), 3)


# what an answer means


@pytest.mark.parametrize(
    ("states", "reason", "found"),
    [
        ((), Reason.NEW, None),
        ((), Reason.EXPIRED, Finding.REPLACEMENT_BUT_NONE),
        ((BookState.VALID,), Reason.NEW, Finding.NEW_BUT_HELD),
        ((BookState.EXPIRED,), Reason.NEW, Finding.NEW_BUT_HELD),
        ((BookState.VALID,), Reason.EXPIRED, None),
        ((BookState.VALID,), Reason.LOST, Finding.LOST_BUT_VALID),
        ((BookState.EXPIRED,), Reason.LOST, None),
        ((BookState.REPORTED_LOST,), Reason.LOST, None),
        ((BookState.REPORTED_LOST,), Reason.PAGES_FULL, Finding.REPORTED_LOST),
        ((BookState.DAMAGED,), Reason.DATA_CHANGE, Finding.NOTED_DAMAGED),
        ((BookState.DAMAGED,), Reason.LOST, None),
        ((BookState.CANCELLED,), Reason.NEW, None),
        ((BookState.CANCELLED,), Reason.EXPIRED, None),
        ((BookState.CANCELLED, BookState.EXPIRED), Reason.NEW, Finding.NEW_BUT_HELD),
        ((BookState.VALID, BookState.REPORTED_LOST), Reason.EXPIRED, None),
    ],
)
def test_the_newest_book_that_counts_is_held_against_the_reason(
    states: tuple[BookState, ...], reason: ApplicationReason, found: EarlierBookFinding | None
) -> None:
    assert find_difference(question(*states), answers(reason)) is found
    assert (reason in list_fitting_reasons(question(*states))) is (found is None)


def test_before_an_answer_nothing_differs_and_a_contradicting_one_is_unclear() -> None:
    assert find_difference(None, make.ADULT) is None
    assert find_difference(question(BookState.VALID), None) is None
    assert find_difference(question(BookState.VALID, state=QuestionState.ASKED), make.ADULT) is None
    unclear = question(BookState.VALID, unclear=True)
    assert find_difference(unclear, make.ADULT) is Finding.UNCLEAR
    assert list_fitting_reasons(unclear) == ()


@pytest.mark.acceptance("X2.own_records")
def test_our_own_records_come_first() -> None:
    known = question(on_record=True)
    assert find_difference(known, REPLACEMENT) is None
    assert suggest_reason(known) is None


@pytest.mark.parametrize(
    ("states", "suggested"),
    [
        ((), Reason.NEW),
        ((BookState.VALID,), None),
        ((BookState.EXPIRED,), Reason.EXPIRED),
        ((BookState.REPORTED_LOST,), Reason.LOST),
        ((BookState.DAMAGED,), Reason.DAMAGED),
        ((BookState.CANCELLED,), None),
    ],
)
def test_one_reason_is_suggested_where_the_book_tells_it(
    states: tuple[BookState, ...], suggested: ApplicationReason | None
) -> None:
    assert suggest_reason(question(*states)) is suggested


def test_a_replacement_loses_the_zero_tariff_of_a_first_passport_alone() -> None:
    first = replace(make.ADULT, zero_tariff=ZeroTariff.MIGRANT_WORKER_FIRST)
    fitted = fit_answers(first, Reason.EXPIRED)
    assert (fitted.zero_tariff, fitted.has_held_passport) == (None, True)
    other = replace(make.ADULT, zero_tariff=ZeroTariff.FORCE_MAJEURE)
    assert fit_answers(other, Reason.LOST).zero_tariff is ZeroTariff.FORCE_MAJEURE
    back = fit_answers(replace(first, reason=Reason.EXPIRED, has_held_passport=True), Reason.NEW)
    assert (back.zero_tariff, back.has_held_passport) == (ZeroTariff.MIGRANT_WORKER_FIRST, False)


@pytest.mark.parametrize(
    "found",
    [
        (book(), book(masked_number="*****999")),
        (book(expires_on=TODAY - timedelta(days=1)),),
        (book(BookState.EXPIRED, expires_on=TODAY),),
        (book(BookState.REPORTED_LOST, expires_on=TODAY - timedelta(days=400)),),
        (book(issued_on=TODAY + timedelta(days=1)),),
    ],
    ids=["two valid", "valid and over", "expired and not over", "over before its issue", "issued tomorrow"],
)
def test_books_that_cannot_all_be_so(found: tuple[EarlierBook, ...]) -> None:
    assert contradicts_itself(found, TODAY)


def test_sound_books_and_their_order() -> None:
    old, new = book(BookState.EXPIRED), book(expires_on=TODAY)
    electronic = book(kind="electronic")
    assert not contradicts_itself((old, new, electronic), TODAY)
    assert sort_newest_first((old, new, electronic)) == (electronic, new, old)


@pytest.mark.parametrize(
    ("number", "masked"), [("X1234567", "*****567"), ("*****567", "*****567"), ("1234", "*234"), ("123", "***")]
)
def test_all_but_three_characters_are_hidden(number: str, masked: str) -> None:
    assert mask_number(number) == masked


# the way of a citizen


@pytest.mark.acceptance("X2.asked_before_billing", "F60.wrong_kind")
async def test_a_first_passport_with_an_earlier_book_is_told_and_changed_in_one_call(
    browser: Browser, world: World, books: TheBooks
) -> None:
    books.books = (book(),)
    path = await drafted(browser, world)
    _, view = await browser.ask("GET", path)
    assert (view["earlier_books"]["state"], view["next_action_code"]) == ("asked", "upload_documents")
    await world.run_due()
    assert books.asked == ["3174014502900001"]
    _, view = await browser.ask("GET", path)
    told = view["earlier_books"]
    assert (told["state"], told["finding"], told["can_change"]) == ("answered", "new_but_held", True)
    assert told["suggested_reason"] is None
    assert (view["next_action_code"], view["current_step"]) == ("check_earlier_book", "documents")
    assert view["next_action"].startswith("The issuance system knows an earlier passport")
    assert view["next_action_id"].startswith("Sistem penerbitan mencatat paspor sebelumnya")
    assert view["next_call"] == {"method": "POST", "href": f"{path}/earlier-books/decision"}
    (event,) = world.events(EarlierBookDiffers)
    assert (event.finding, event.answers_bind) == ("new_but_held", False)
    _, shown = await browser.ask("GET", f"{path}/earlier-books")
    hidden = {"issued_on": None, "expires_on": None, "masked_number": None}
    assert shown["books"] == [{"kind": "ordinary", "state": "valid", **hidden}], "anybody can type a stranger's NIK"
    before = await state_of(world, path)
    problem = await decide(browser, path, 422, decision="change")
    assert (problem["code"], problem["field"]) == ("reason_does_not_fit", "/reason")
    assert "expired" in problem["fitting_reasons"] and "new" not in problem["fitting_reasons"]
    assert (await decide(browser, path, 422, decision="change", reason="new"))["code"] == "reason_does_not_fit"
    assert await state_of(world, path) == before, "a refusal changes nothing"
    key = {"Idempotency-Key": "6f1f3f4e-3d3c-4f38-9a29-0d9a6b6f1d11"}
    for _ in range(2):
        view = await decide(browser, path, decision="change", reason="expired", headers=dict(key))
    assert (view["answers"]["reason"], view["answers"]["has_held_passport"]) == ("expired", True)
    assert "old_passport" in {item["code"] for item in view["requirements"]}
    assert (view["earlier_books"]["finding"], view["next_action_code"]) == (None, "upload_documents")
    assert (await decide(browser, path, 409, decision="change", reason="lost"))["code"] == "nothing_differs"
    assert world.events(KindCorrected) == [], "a draft is known to its author alone"


@pytest.mark.acceptance("X2.asked_before_billing")
@pytest.mark.parametrize(
    ("state", "typed", "finding", "reason"),
    [
        (BookState.REPORTED_LOST, "expired", "reported_lost", "lost"),
        (BookState.DAMAGED, "pages_full", "noted_damaged", "damaged"),
        (BookState.EXPIRED, "new", "new_but_held", "expired"),
        (None, "expired", "replacement_but_none", "new"),
    ],
)
async def test_the_suggested_reason_needs_no_word(
    browser: Browser, world: World, books: TheBooks, state: BookState | None, typed: str, finding: str, reason: str
) -> None:
    books.books = (book(state),) if state else ()
    path = await drafted(browser, world, reason=typed, has_held_passport=typed != "new")
    await world.run_due()
    _, view = await browser.ask("GET", path)
    assert (view["earlier_books"]["finding"], view["earlier_books"]["suggested_reason"]) == (finding, reason)
    assert (await decide(browser, path, decision="change"))["answers"]["reason"] == reason


@pytest.mark.acceptance("X2.asked_before_billing", "X2.different_fee")
async def test_a_submission_that_is_not_paid_follows_too_and_keeps_its_seat(world: World, books: TheBooks) -> None:
    books.books = (book(BookState.REPORTED_LOST),)
    application_id = await world.submitted()
    await world.tell(make.held(application_id=application_id), 1)
    await world.tell(make.bill_issued(application_id=application_id), 2)
    await world.run_due()
    seen = await world.look(application_id)
    assert seen.progress.next_action.code == "check_earlier_book"
    assert "820261123000001" in seen.progress.next_action.en, "the code that is out is still told"
    command = world.command()
    for _ in range(2):
        seen = await world.service.earlier_books.change_answers(application_id, None, OWNER, command)
    (fact,) = world.events(KindCorrected)
    assert (fact.reason, fact.by_applicant) == ("lost", True)
    assert seen.application.visits.seat is not None
    assert [correction.reason_code for correction in seen.application.corrections] == ["earlier_book_found"]
    with pytest.raises(PriceNotKnownYet):
        refuse_unpaid(seen.application)


@pytest.mark.acceptance("X2.asked_before_billing")
async def test_who_keeps_their_answers_goes_on_and_the_office_sees_both(
    browser: Browser, world: World, books: TheBooks
) -> None:
    books.books = (book(),)
    application_id = await world.submitted()
    path = f"/v1/applications/{application_id}"
    await world.run_due()
    for _ in range(2):
        view = await decide(browser, path, decision="keep")
    assert (view["next_action_code"], view["earlier_books"]["kept"]) == ("choose_seat", True)
    assert [line["what"] for line in view["timeline"]].count("answers_kept") == 1
    await pay(world, application_id)
    world.clock.set(make.VISIT)
    _, view = await browser.ask("GET", path, Role.INTERVIEWER)
    told = view["earlier_books"]
    assert (told["finding"], told["kept"]) == ("new_but_held", True)
    assert told["text"].startswith("A first passport was applied for, and there is an earlier book: ask for it")
    assert len(world.events(EarlierBookDiffers)) == 1


@pytest.mark.acceptance("X2.corrected_at_equal_fee")
async def test_an_answer_after_the_payment_changes_nothing_and_an_officer_corrects(
    browser: Browser, world: World, books: TheBooks
) -> None:
    books.down()
    books.books = (book(),)
    application_id = await world.submitted()
    path = f"/v1/applications/{application_id}"
    await world.run_due()
    await pay(world, application_id)
    typed = (await world.look(application_id)).application.answers
    await world.after(60)
    (event,) = world.events(EarlierBookDiffers)
    assert event.answers_bind
    state = await state_of(world, path)
    assert (state.answers, world.events(KindCorrected)) == (typed, [])
    _, view = await browser.ask("GET", path)
    assert (view["next_action_code"], view["earlier_books"]["can_change"]) == ("come", False)
    assert "An officer corrects it at the visit without a new application" in view["next_action"]
    assert "Petugas memperbaikinya saat kunjungan" in view["earlier_books"]["text_in_indonesian"]
    problem = await decide(browser, path, 409, decision="change", reason="expired")
    assert (problem["code"], "next_call" in problem) == ("answers_bind", False)
    assert (await state_of(world, path)).answers == typed
    body = {"passport_kind": "electronic", "validity_years": 10, "reason": "expired", "reason_code": "held_before"}
    status, view = await browser.ask("POST", f"{path}/kind-correction", Role.FRONT_OFFICER, json=body)
    assert (status, view["earlier_books"]["finding"]) == (200, None)
    assert view["earlier_books"]["text"] == "The records of earlier passports fit the answers."
    assert [fact.by_applicant for fact in world.events(KindCorrected)] == [False]


@pytest.mark.acceptance("X2.asked_before_billing")
async def test_a_system_that_is_down_blocks_nothing_and_is_asked_until_the_visit(
    browser: Browser, world: World, books: TheBooks
) -> None:
    books.down(1000)
    application_id = await world.submitted()
    path = f"/v1/applications/{application_id}"
    await world.run_due()
    _, view = await browser.ask("GET", path)
    assert (view["earlier_books"]["state"], view["next_action_code"]) == ("could_not_be_asked", "choose_seat")
    assert "could not be asked about earlier passports yet" in view["next_action"]
    assert "belum dapat ditanya tentang paspor sebelumnya" in view["next_action_id"]
    first = (await state_of(world, path)).earlier_books
    assert first is not None
    assert first.next_try_at == world.clock.now() + world.settings.pace.retry_after(1)
    await world.after(world.settings.pace.first_retry_seconds)
    again = (await state_of(world, path)).earlier_books
    assert again is not None
    assert (again.tries, again.problem, again.next_try_at) == (
        2,
        "upstream_down",
        world.clock.now() + world.settings.pace.retry_after(2),
    )
    await pay(world, application_id)
    _, view = await browser.ask("GET", path)
    assert "could not be asked" not in view["next_action"], "the fee is paid: there is nothing to check any more"
    assert "earlier_books" in deadlines(await state_of(world, path))
    await world.tell(make.checked_in(application_id=application_id), 5)
    assert "earlier_books" not in deadlines(await state_of(world, path))


@pytest.mark.acceptance("X2.asked_before_billing")
@pytest.mark.parametrize("said", [BooksContradict(), (book(), book())], ids=["says both", "two valid books"])
async def test_an_answer_that_contradicts_itself_is_told_and_blocks_nothing(
    browser: Browser, world: World, books: TheBooks, said: Any
) -> None:
    books.says = [said]
    application_id = await world.submitted()
    path = f"/v1/applications/{application_id}"
    await world.run_due()
    _, view = await browser.ask("GET", path)
    assert (view["earlier_books"]["finding"], view["next_action_code"]) == ("unclear", "choose_seat")
    assert "contradict each other" in view["earlier_books"]["text"]
    assert world.events(EarlierBookDiffers) == []
    for decision in ("change", "keep"):
        assert (await decide(browser, path, 409, decision=decision))["code"] == "nothing_differs"
    await pay(world, application_id)
    world.clock.set(make.VISIT)
    _, view = await browser.ask("GET", path, Role.INTERVIEWER)
    assert view["earlier_books"]["text"].endswith("look them up by hand.")


async def test_answers_that_are_changed_after_the_answer_are_held_against_it(
    browser: Browser, world: World, books: TheBooks
) -> None:
    books.books = (book(),)
    path = await drafted(browser, world, reason="expired", has_held_passport=True)
    await world.run_due()
    assert world.events(EarlierBookDiffers) == []
    await browser.ask("PUT", f"{path}/questionnaire", json=ANSWERS | {"reason": "lost", "has_held_passport": True})
    await browser.ask("PUT", f"{path}/questionnaire", json=ANSWERS)
    assert [event.finding for event in world.events(EarlierBookDiffers)] == ["lost_but_valid", "new_but_held"]
    assert books.asked == ["3174014502900001"], "the person was asked for once"


async def test_a_person_whom_the_registry_has_not_confirmed_is_asked_for_once_it_has(
    world: World, books: TheBooks
) -> None:
    await world.add()
    application_id = await world.draft()
    await world.service.drafting.answer(application_id, replace(make.ADULT, validity_years=5), OWNER)
    await world.run_due()
    assert (books.asked, (await world.look(application_id)).application.earlier_books) == ([], None)
    await world.meet()
    await world.run_due()
    assert books.asked == ["3174014502900001"]


async def test_another_person_is_asked_for_anew_and_an_answer_about_the_first_counts_for_nothing(
    world: World, books: TheBooks
) -> None:
    books.books = (book(),)
    await world.meet()
    application_id = await world.draft()
    await world.service.drafting.answer(application_id, make.ADULT, OWNER)

    async def other_person() -> None:
        def moved(state: Application) -> Decision[Application]:
            return Decision(transitions.with_question(replace(state, person_id="somebody"), world.clock.now()))

        await world.service.applications.change(application_id, moved)

    books.meanwhile = [other_person]
    record = await world.service.applications.application(application_id)
    await world.service.earlier_books.ask_due(record, "earlier_books")
    asked = (await world.look(application_id)).application.earlier_books
    assert asked is not None
    assert (asked.person_id, asked.state, world.events(EarlierBookDiffers)) == ("somebody", QuestionState.ASKED, [])


async def test_an_answer_to_an_application_that_was_given_up_is_not_kept(world: World, books: TheBooks) -> None:
    books.books = (book(),)
    application_id = await world.complete()

    async def withdraw() -> None:
        await world.service.drafting.withdraw(application_id, OWNER, world.command())

    books.meanwhile = [withdraw]
    await world.run_due()
    asked = (await world.look(application_id)).application.earlier_books
    assert asked is not None
    assert (asked.state, asked.books_sealed, world.events(EarlierBookDiffers)) == (QuestionState.ASKED, None, [])


async def test_a_submission_whose_list_has_grown_asks_for_the_paper(
    browser: Browser, world: World, books: TheBooks
) -> None:
    books.books = (book(BookState.EXPIRED),)
    path = f"/v1/applications/{await world.submitted()}"
    await world.run_due()
    view = await decide(browser, path, decision="change")
    assert (view["next_action_code"], view["state"]) == ("upload_documents", "submitted")
    assert view["next_action"].startswith("A document is missing or was refused: upload it again.")


# races, repeats and crashes


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "twin"])
async def test_one_answer_counts(world: World, books: TheBooks, monkeypatch: pytest.MonkeyPatch, guarded: bool) -> None:
    """The twin takes the second answer too, which says something else, and tells of it."""
    if not guarded:
        monkeypatch.setattr(transitions, "_open_question", lambda application, _: application.earlier_books)
        answered = (QuestionState.ANSWERED, QuestionCommand.ANSWER)
        monkeypatch.setitem(QUESTION_TRANSITIONS._table, answered, QuestionState.ANSWERED)
    application_id = await world.complete()
    record = await world.service.applications.application(application_id)

    async def asked_elsewhere() -> None:
        await world.service.earlier_books.ask_due(record, "earlier_books")

    books.says = [(book(BookState.REPORTED_LOST),), ()]
    books.meanwhile = [asked_elsewhere]
    await world.service.earlier_books.ask_due(record, "earlier_books")
    after = (await world.look(application_id)).application.earlier_books
    assert after is not None
    assert (after.books == ()) is guarded
    assert len(world.events(EarlierBookDiffers)) == (0 if guarded else 1)


@pytest.mark.acceptance("X2.asked_before_billing")
async def test_a_failure_after_an_answer_changes_nothing(world: World, books: TheBooks) -> None:
    application_id = await world.complete()
    record = await world.service.applications.application(application_id)

    async def asked_elsewhere() -> None:
        await world.service.earlier_books.ask_due(record, "earlier_books")

    books.says = [UpstreamDown("dpri_books", "timeout"), (book(),)]
    books.meanwhile = [asked_elsewhere]
    await world.service.earlier_books.ask_due(record, "earlier_books")
    after = (await world.look(application_id)).application.earlier_books
    assert after is not None
    assert (after.state, after.next_try_at) == (QuestionState.ANSWERED, None)


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "twin"])
async def test_an_answer_that_comes_while_the_applicant_submits_and_pays_is_held_against_what_is_now(
    world: World, books: TheBooks, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """The twin decides on the application as it was when the question went out: it promises a change that the payment
    has ended.
    """
    books.books = (book(),)
    application_id = await world.complete()
    before = (await world.look(application_id)).application
    if not guarded:
        monkeypatch.setattr(transitions, "answers_bind", lambda _: answers_bind(before))

    async def submit_and_pay() -> None:
        await world.service.drafting.submit(application_id, True, OWNER, world.command())
        await pay(world, application_id)

    books.meanwhile = [submit_and_pay]
    await world.run_due()
    (event,) = world.events(EarlierBookDiffers)
    assert event.answers_bind is guarded
    state = (await world.look(application_id)).application
    assert (state.status, state.answers) == (Status.SUBMITTED, make.ADULT)


async def test_an_answer_that_comes_while_the_answers_are_changed_to_fit_tells_of_nothing(
    world: World, books: TheBooks
) -> None:
    books.books = (book(),)
    application_id = await world.complete()

    async def answer_again() -> None:
        await world.service.drafting.answer(application_id, REPLACEMENT, OWNER)

    books.meanwhile = [answer_again]
    await world.run_due()
    assert world.events(EarlierBookDiffers) == []
    assert (await world.look(application_id)).progress.next_action.code == "upload_documents"


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "twin"])
async def test_a_payment_that_comes_before_the_change_is_written_ends_it(
    world: World, books: TheBooks, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """The twin changes what was paid for without an officer."""
    books.books = (book(),)
    application_id = await world.submitted()
    await world.run_due()
    questions = world.service.earlier_books
    real = questions._refuse_others

    async def paid_meanwhile(*asked: Any) -> None:
        await real(*asked)
        await pay(world, application_id)

    monkeypatch.setattr(questions, "_refuse_others", paid_meanwhile)
    if guarded:
        with pytest.raises(AnswersBind):
            await questions.change_answers(application_id, Reason.EXPIRED, OWNER, world.command())
        assert world.events(KindCorrected) == []
    else:
        monkeypatch.setattr(service_module, "answers_bind", lambda _: False)
        await questions.change_answers(application_id, Reason.EXPIRED, OWNER, world.command())
        assert len(world.events(KindCorrected)) == 1, "the paid kind was changed without an officer"


async def test_after_a_crash_between_answer_and_write_it_is_asked_again(world: World, books: TheBooks) -> None:
    books.books = (book(),)
    application_id = await world.complete()
    record = await world.service.applications.application(application_id)
    real = world.store.save

    async def cut(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("power cut")

    world.store.save = cut  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        await world.service.earlier_books.ask_due(record, "earlier_books")
    world.store.save = real  # type: ignore[method-assign]
    assert world.events(EarlierBookDiffers) == []
    await world.run_due()
    assert len(books.asked) == 2
    assert len(world.events(EarlierBookDiffers)) == 1


# who sees it, and what is kept


async def test_strangers_and_other_offices_see_and_change_nothing(
    browser: Browser, world: World, books: TheBooks
) -> None:
    books.books = (book(),)
    application_id = await world.submitted()
    path = f"/v1/applications/{application_id}"
    await world.run_due()
    status, _ = await browser.ask("GET", f"{path}/earlier-books", account="other")
    assert status == 404
    keep = {"decision": "keep"}
    status, problem = await browser.ask("POST", f"{path}/earlier-books/decision", account="other", json=keep)
    assert (status, problem["code"]) == (404, "not_found")
    assert (await decide(browser, path, 403, Role.FRONT_OFFICER, decision="keep"))["code"] == "not_your_office"
    status, _ = await browser.ask("GET", f"{path}/earlier-books", Role.INTERVIEWER, office="medan")
    assert status == 403
    status, _ = await browser.ask("POST", f"{path}/earlier-books/decision", json={"decision": "perhaps"})
    assert status == 422
    await pay(world, application_id)
    status, problem = await browser.ask("GET", f"{path}/earlier-books", Role.INTERVIEWER)
    assert (status, problem["code"]) == (422, "read_reason_needed")
    world.clock.set(make.VISIT)
    status, shown = await browser.ask("GET", f"{path}/earlier-books", Role.INTERVIEWER)
    assert (status, shown["books"][0]["masked_number"]) == (200, NUMBER)
    assert (await decide(browser, path, 403, Role.FRONT_OFFICER, decision="keep"))["code"] == "assistance_needed"
    assert (await browser.ask("GET", f"{path}/earlier-books"))[1]["books"][0]["masked_number"] is None
    await world.tell(make.checked_in(application_id=application_id), 5)
    body = {"requirements": ["ktp"]}
    assert (await browser.ask("POST", f"{path}/originals", Role.INTERVIEWER, json=body))[0] == 200
    _, shown = await browser.ask("GET", f"{path}/earlier-books")
    assert (shown["books"][0]["masked_number"], shown["books"][0]["expires_on"]) == (
        NUMBER,
        books.books[0].expires_on.isoformat(),
    )


async def test_an_officer_with_consent_decides_for_the_applicant(
    browser: Browser, world: World, books: TheBooks
) -> None:
    books.books = (book(),)
    path = await drafted(browser, world)
    await world.run_due()
    await world.consent()
    query = "on_behalf_of=acc&assistance=assistance-1"
    status, view = await browser.ask(
        "POST",
        f"{path}/earlier-books/decision?{query}",
        Role.FRONT_OFFICER,
        json={"decision": "change", "reason": "expired"},
    )
    assert (status, view["answers"]["reason"]) == (200, "expired")


async def test_before_the_questionnaire_nothing_is_asked_and_after_the_end_nothing_is_decided(
    browser: Browser, world: World, books: TheBooks
) -> None:
    await world.meet()
    path = f"/v1/applications/{await world.draft()}"
    status, shown = await browser.ask("GET", f"{path}/earlier-books")
    assert (status, shown["question"], shown["books"]) == (200, None, [])
    assert (await decide(browser, path, 409, decision="keep"))["code"] == "nothing_differs"
    await browser.ask("POST", f"{path}/withdrawal")
    assert (await decide(browser, path, 409, decision="keep"))["code"] == "application_ended"


async def test_no_event_no_log_and_no_open_field_tells_a_number_or_a_date(world: World, books: TheBooks) -> None:
    found = book(masked_number="*****417")
    books.books = (found,)
    with capture_logs() as logs:
        application_id = await world.submitted()
        await world.run_due()
    stored = json.dumps(world.store._documents[APPLICATION.name][application_id], default=str)
    told = json.dumps([envelope.data.model_dump(mode="json") for envelope in world.said], default=str)
    for text in (stored, told, str(logs), repr(found)):
        assert found.masked_number not in text
        assert found.issued_on.isoformat() not in text
        assert found.expires_on.isoformat() not in text


async def test_without_a_port_nothing_is_asked() -> None:
    world = World()
    application_id = await world.complete()
    assert (await world.look(application_id)).application.earlier_books is None
    record = await world.service.applications.application(application_id)
    await world.service.earlier_books.ask_due(record, "earlier_books")


async def test_the_books_are_turned_to_the_key_of_their_person_and_erased(world: World, books: TheBooks) -> None:
    books.books = (book(),)
    application_id = await world.complete()
    await world.run_due()
    record = await world.service.applications.application(application_id)
    assert has_earlier_books(record.state)
    turned = await world.service.applications.vault.application_turned(application_id, record.state)
    assert turned.earlier_books is not None
    assert turned.earlier_books.books_sealed is not None
    bare = without_earlier_books(record.state)
    assert not has_earlier_books(bare)
    assert bare.earlier_books is not None
    assert bare.earlier_books.state is QuestionState.ANSWERED, "that it was asked stays"
    assert without_earlier_books(make.draft()) == make.draft()


async def test_an_export_has_the_books_and_their_dates_once_the_holder_was_seen(world: World, books: TheBooks) -> None:
    books.books = (book(),)
    application_id = await world.submitted()
    await world.run_due()
    parts = world.own_parts()
    asked = DataExportAsked(
        export_id="export-1",
        account_id="acc",
        account_ids=("acc",),
        applicant_ids=("appl",),
        application_ids=(application_id,),
        session_id="session",
        public_key="",
        ends_at=world.clock.now(),
    )
    (before,) = (await parts.collect(asked)).applications
    assert [(own.state, own.masked_number) for own in before.earlier_books] == [("valid", None)]

    def seen(state: Application) -> Decision[Application]:
        return Decision(replace(state, originals=("ktp",)))

    await world.service.applications.change(application_id, seen)
    (after,) = (await parts.collect(asked)).applications
    assert [(own.state, own.masked_number) for own in after.earlier_books] == [("valid", NUMBER)]


async def test_a_correction_at_the_counter_answers_what_was_found(world: World, books: TheBooks) -> None:
    books.books = (book(),)
    application_id = await world.submitted()
    await world.run_due()
    await pay(world, application_id)
    why = Why(FRONT, "held_passport_before", None, world.command())
    wanted = Corrected("electronic", 10, Reason.EXPIRED)
    seen = await world.service.corrections.correct_kind(application_id, wanted, why)
    assert find_difference(seen.application.earlier_books, seen.application.answers) is None


def test_nothing_is_kept_where_nothing_differs() -> None:
    assert transitions.answers_kept(make.draft(answers=make.ADULT)) is None
    bound = make.draft(status=Status.IDENTITY_PENDING)
    assert answers_bind(bound)
