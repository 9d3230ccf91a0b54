"""The shelves of each service find and erase evidence, bank accounts, notes, words of staff, a passport's number."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.application.applications import application as applications
from services.application.applications.application import Application, Entry, Interview, Status
from services.application.applications.correction import Correction
from services.application.applications.hand_over import Handed, HandOver
from services.application.applications.repository import APPLICATION
from services.application.erasures import transitions
from services.billing.bills.application_facts import KnownApplication
from services.billing.bills.application_repository import APPLICATIONS
from services.billing.cases.model import CaseNote, CaseState, Subject, open_case
from services.billing.cases.repository import CASES
from services.billing.refunds.model import BankAccount, Paper, Refund
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.states import RefundState
from services.billing.rules import CasePolicy
from services.identity.applicants.repository import PERSON
from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.appointment import Status as VisitStatus
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.booking.appointments.special_reschedule_right import Special, SpecialState
from services.scheduling.booking.appointments.walk_in import WalkIn, WalkInReason
from services.scheduling.visit.offline.offline_day import LineKind, OfflineDay, RecordedLine
from services.scheduling.visit.offline.repository import OFFLINE_DAY
from shared.audit import AUDIT_WORDS
from shared.events.codes import PaymentCaseKind, SpecialCause
from shared.retention.erasure import LOOK_AGAIN_AFTER
from shared.retention.sweep import ROUND_EVERY
from shared.store.decision import Decision
from shared.tokens import Caller, Role
from tests.assembled import Suite
from tests.contract.test_erasure import order_of, person_of, tell
from tests.walking import Citizen

DAY = timedelta(days=1)
ACCOUNT, PERSON_ID = "account-1", "person-1"


@pytest.fixture
async def suite() -> Suite:
    return Suite()


async def erase(suite: Suite, service: str, **changes: Any) -> None:
    """Order the erasure of the account in one service, and let it look twice."""
    citizen = Citizen.__new__(Citizen)
    citizen.account_id, citizen.applicant_id = ACCOUNT, "applicant-1"
    order = order_of(citizen, PERSON_ID).model_copy(update=changes)
    await tell(suite, order, (service,))
    await suite.later(LOOK_AGAIN_AFTER.total_seconds())


async def sweep(suite: Suite, service: str) -> None:
    """Run the job through every shelf of a service that has something."""
    await suite.services[service].parts.service.retention.sweeping.begin()
    await suite.later(ROUND_EVERY.total_seconds())


def a_visit(now: datetime, **changes: Any) -> Appointment:
    special = Special(SpecialState.REFUSED, SpecialCause.ILLNESS, asked_at=now, evidence="k1.sealed-letter")
    walk_in = WalkIn(WalkInReason.URGENT, "officer-1", now, "k1.sealed-paper")
    visit = Appointment(VisitStatus.USED, False, "application-1", ACCOUNT, PERSON_ID, now, special=special)
    return replace(visit, walk_in=walk_in, **changes)


async def visit_of(suite: Suite, appointment_id: str = "visit-1") -> Appointment:
    record = await suite.services["scheduling"].store.get(APPOINTMENT, appointment_id)
    state: Appointment = record.state
    return state


def evidence_of(visit: Appointment) -> list[str | None]:
    assert visit.special is not None and visit.walk_in is not None
    return [visit.special.evidence, visit.walk_in.evidence]


async def test_an_order_erases_the_evidence_of_visits_and_keeps_the_decision(suite: Suite) -> None:
    store, now = suite.services["scheduling"].store, suite.clock.now()
    await store.insert(APPOINTMENT, "visit-1", a_visit(now), now=now)
    await store.insert(APPOINTMENT, "visit-2", a_visit(now, account_id="account-2", person_id="p-2"), now=now)
    await erase(suite, "scheduling")
    assert evidence_of(await visit_of(suite)) == [None, None]
    assert (await visit_of(suite)).special == Special(SpecialState.REFUSED, SpecialCause.ILLNESS, asked_at=now)
    assert None not in evidence_of(await visit_of(suite, "visit-2")), "another account's stays"


async def test_an_order_for_one_person_leaves_the_others_of_the_account(suite: Suite) -> None:
    store, now = suite.services["scheduling"].store, suite.clock.now()
    await store.insert(APPOINTMENT, "visit-1", a_visit(now), now=now)
    await store.insert(APPOINTMENT, "visit-2", a_visit(now, person_id="person-2"), now=now)
    await erase(suite, "scheduling", whole_account=False)
    assert evidence_of(await visit_of(suite)) == [None, None]
    assert None not in evidence_of(await visit_of(suite, "visit-2"))


async def test_evidence_of_a_live_visit_stays_while_it_is_needed(suite: Suite) -> None:
    store, now = suite.services["scheduling"].store, suite.clock.now()
    live = a_visit(now, status=VisitStatus.CONFIRMED, live=True)
    await store.insert(APPOINTMENT, "visit-1", live, now=now)
    await erase(suite, "scheduling")
    assert None not in evidence_of(await visit_of(suite))


@pytest.mark.parametrize(("age", "left"), [(179, True), (181, False)])
async def test_evidence_ends_by_its_time(suite: Suite, age: int, left: bool) -> None:
    store, now = suite.services["scheduling"].store, suite.clock.now()
    given = now - age * DAY
    await store.insert(APPOINTMENT, "visit-1", a_visit(given), now=given)
    lines = {"l1": RecordedLine(LineKind.COUNTER, given, "officer-1", given, evidence="k1.sealed")}
    await store.insert(OFFLINE_DAY, "day-1", OfflineDay("jakarta", given.date(), lines), now=given)
    await suite.services["scheduling"].parts.service.retention.sweeping.begin()
    await suite.settle()
    assert (None not in evidence_of(await visit_of(suite))) is left
    day = (await store.get(OFFLINE_DAY, "day-1")).state
    assert (day.lines["l1"].evidence is not None) is left


def test_a_visit_without_evidence_is_left_as_it_is() -> None:
    from services.scheduling.erasures import shelves

    bare = Appointment(VisitStatus.USED, False, "application-1", ACCOUNT, PERSON_ID, datetime(2026, 1, 1, tzinfo=UTC))
    assert shelves.without_special_evidence(bare) is bare and shelves.without_counter_evidence(bare) is bare
    assert shelves.special_given_at(bare) is None and shelves.shown_at(bare) is None


def a_refund(ended_at: datetime | None, now: datetime) -> Refund:
    return Refund(
        refund_id="refund-1",
        receipt_id="receipt-1",
        amount=650_000,
        state=RefundState.PAID if ended_at else RefundState.ORDERED,
        reason="no_service",
        legal_basis="PMK",
        decided_by="treasurer",
        opened_at=now,
        application_id="application-1",
        account_id=ACCOUNT,
        bill_id="bill-1",
        note_sealed="k1.sealed-note",
        account=BankAccount("014", "k1.sealed-number", "k1.sealed-holder", now),
        papers=(Paper(now, "k1.sealed-words"),),
        ended_at=ended_at,
    )


async def refund_in(suite: Suite, ended_at: datetime | None) -> None:
    store, now = suite.services["billing"].store, suite.clock.now()
    known = KnownApplication("application-1", ACCOUNT, PERSON_ID, None, 1)
    await store.insert(APPLICATIONS, "application-1", known, now=now)
    await store.insert(REFUNDS, "refund-1", a_refund(ended_at, now), now=now)


async def refund(suite: Suite) -> Refund:
    record = await suite.services["billing"].store.get(REFUNDS, "refund-1")
    state: Refund = record.state
    return state


async def test_a_payees_account_is_kept_for_its_money_and_then_erased(suite: Suite) -> None:
    now = suite.clock.now()
    await refund_in(suite, now)
    await erase(suite, "billing")
    state = await refund(suite)
    assert state.account is not None and state.note_sealed is None and state.papers == ()
    report = [envelope.data for envelope in suite.published if envelope.type.endswith("billing.erasure.done.v1")]
    assert [item.kept for item in report] == [("refund_accounts",)]  # type: ignore[union-attr]
    await suite.later((now + 90 * DAY - suite.clock.now()).total_seconds())
    assert (await refund(suite)).account is None


async def test_a_refund_under_way_keeps_its_account(suite: Suite) -> None:
    await refund_in(suite, None)
    await erase(suite, "billing")
    state = await refund(suite)
    assert state.account is not None and state.note_sealed is not None


async def test_refund_papers_and_accounts_end_by_their_time(suite: Suite) -> None:
    await refund_in(suite, suite.clock.now() - 91 * DAY)
    await sweep(suite, "billing")
    state = await refund(suite)
    assert state.account is None and state.note_sealed is not None and state.amount == 650_000


async def test_an_order_for_another_person_of_the_account_finds_no_refund(suite: Suite) -> None:
    await refund_in(suite, suite.clock.now())
    await erase(suite, "billing", whole_account=False, person_ids=("person-2",))
    assert (await refund(suite)).note_sealed is not None


async def test_words_of_staff_about_a_payment_go_and_the_outcome_stays(suite: Suite) -> None:
    await refund_in(suite, suite.clock.now())
    store, now = suite.services["billing"].store, suite.clock.now()
    about = Subject(application_id="application-1", account_id=ACCOUNT)
    opened = open_case("case-1", PaymentCaseKind.CLAIM_UNCONFIRMED, about, now, CasePolicy()).state
    notes = (*opened.notes, CaseNote(now, "officer-1", "note", "Bapak Contoh menelepon."))
    closed = replace(opened, notes=notes, state=CaseState.CLOSED, live=False, closed_at=now, due={})
    live = replace(closed, case_id="case-2", closed_at=None)
    await store.insert(CASES, "case-1", closed, now=now)
    await store.insert(CASES, "case-2", live, now=now)
    await erase(suite, "billing")
    assert [note.text for note in (await store.get(CASES, "case-1")).state.notes] == ["claim_unconfirmed", ""]
    assert "Bapak Contoh menelepon." in [note.text for note in (await store.get(CASES, "case-2")).state.notes]


async def test_words_about_a_payment_end_by_their_time(suite: Suite) -> None:
    store, now = suite.services["billing"].store, suite.clock.now()
    opened = open_case("case-1", PaymentCaseKind.CLAIM_UNCONFIRMED, Subject(), now, CasePolicy()).state
    old = replace(opened, notes=(CaseNote(now, "officer-1", "note", "words"),), closed_at=now - 1826 * DAY, due={})
    await store.insert(CASES, "case-1", old, now=now)
    await sweep(suite, "billing")
    assert [note.text for note in (await store.get(CASES, "case-1")).state.notes] == [""]


NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def an_application(**changes: Any) -> Application:
    interview = Interview("approved", NOW, "officer-1", note_sealed="k1.note")
    correction = Correction("correction-1", NOW, "officer-1", "typing", note_sealed="k1.words")
    hand_over = HandOver("visit", NOW, None, documents=(Handed("document-1", "ab12"),))
    base = Application("2026000000000001", ACCOUNT, "applicant-1", PERSON_ID, NOW, status=Status.COLLECTED)
    return replace(
        base,
        interview=interview,
        corrections=(correction,),
        hand_over=hand_over,
        passport_number_sealed="k1.number",
        closed_at=NOW,
        **changes,
    )


async def test_a_passports_number_is_kept_while_the_passport_may_be_valid(suite: Suite) -> None:
    store = suite.services["application"].store
    await store.insert(APPLICATION, "application-1", an_application(), now=NOW)
    await erase(suite, "application")
    state = (await store.get(APPLICATION, "application-1")).state
    assert (transitions.has_notes(state), transitions.has_documents(state)) == (False, False)
    assert state.passport_number_sealed is not None
    await suite.later((NOW + 3653 * DAY - suite.clock.now()).total_seconds())
    state = (await store.get(APPLICATION, "application-1")).state
    assert state.passport_number_sealed is None and state.status is Status.COLLECTED


async def test_a_draft_is_closed_by_an_order(suite: Suite) -> None:
    store = suite.services["application"].store
    draft = replace(an_application(), status=Status.DRAFT, closed_at=None, started_at=suite.clock.now())
    await store.insert(APPLICATION, "application-1", draft, now=NOW)
    await erase(suite, "application")
    state = (await store.get(APPLICATION, "application-1")).state
    assert state.status is Status.CLOSED and state.closed_at is not None and not transitions.has_notes(state)


async def test_an_application_under_way_is_left_alone(suite: Suite) -> None:
    store = suite.services["application"].store
    live = replace(an_application(), status=Status.APPROVED, closed_at=None)
    await store.insert(APPLICATION, "application-1", live, now=NOW)
    await erase(suite, "application")
    assert transitions.has_notes((await store.get(APPLICATION, "application-1")).state)


async def test_documents_and_notes_end_by_their_time(suite: Suite) -> None:
    store, now = suite.services["application"].store, suite.clock.now()
    await store.insert(APPLICATION, "application-1", replace(an_application(), closed_at=now - 366 * DAY), now=NOW)
    await sweep(suite, "application")
    state = (await store.get(APPLICATION, "application-1")).state
    assert not transitions.has_notes(state) and state.passport_number_sealed is not None


def test_the_end_of_an_application_is_noted_once_and_of_an_older_one_it_is_its_last_line() -> None:
    live = replace(an_application(), status=Status.APPROVED, closed_at=None)
    assert transitions.ended_at(live) is None
    assert applications.with_end(Decision(live), NOW).state.closed_at is None
    older = replace(an_application(), closed_at=None, timeline=(Entry("l1", NOW + DAY, "collected", "officer"),))
    assert transitions.ended_at(older) == NOW + DAY
    assert applications.with_end(Decision(older), NOW + 2 * DAY).state.closed_at == NOW + 2 * DAY
    assert applications.with_end(Decision(an_application()), NOW + 2 * DAY).state.closed_at == NOW
    assert transitions.ended_at(an_application()) == NOW


def test_what_was_never_there_stays_away() -> None:
    bare = replace(an_application(), interview=None, corrections=(), hand_over=None)
    assert not transitions.has_notes(bare)
    assert transitions.without_notes(bare) == bare
    assert transitions.without_documents(bare) == bare


async def test_words_of_staff_about_the_person_go_and_the_lines_stay(suite: Suite) -> None:
    identity = suite.services["identity"].parts.service
    officer = Caller("officer-1", Role.OPERATOR, "session-1", None)
    mine = await identity.audit.note(officer, "person_seen", subject="applicant-1", words="Ibu Contoh di loket.")
    other = await identity.audit.note(officer, "person_seen", subject="applicant-2", words="Bapak Contoh di loket.")
    await erase(suite, "identity")
    store = suite.services["identity"].store
    assert await store.get(AUDIT_WORDS, mine) is None
    assert await store.get(AUDIT_WORDS, other) is not None
    now = suite.clock.now()
    assert len(await identity.audit.between(now - DAY, now + DAY)) == 2


async def test_words_of_staff_end_by_their_time(suite: Suite) -> None:
    identity = suite.services["identity"].parts.service
    officer = Caller("officer-1", Role.OPERATOR, "session-1", None)
    line_id = await identity.audit.note(officer, "person_seen", subject="applicant-1", words="Ibu Contoh di loket.")
    await identity.audit.note(officer, "person_seen", subject="applicant-1")
    suite.clock.advance(1826 * 86400)
    await sweep(suite, "identity")
    assert await suite.services["identity"].store.get(AUDIT_WORDS, line_id) is None


async def test_a_person_stays_while_another_account_speaks_for_them() -> None:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen, Citizen(suite) as other:
        await citizen.register()
        await citizen.become_applicant()
        await other.register("lain.contoh@example.org")
        await other.become_applicant()
        person_id = await person_of(suite, citizen)
        store = suite.services["identity"].store
        await tell(suite, order_of(citizen, person_id))
        assert await store.get(PERSON, person_id) is not None
        await tell(suite, order_of(other, person_id, "erasure-2"))
        assert await store.get(PERSON, person_id) is None
        await suite.later(LOOK_AGAIN_AFTER.total_seconds())
        seen = await citizen.call("identity", "GET", "/v1/account")  # the last token still lives for some minutes
        assert seen.status == 404, "its key is destroyed"


async def test_who_left_may_come_again_as_somebody_new() -> None:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        before, person_id = citizen.account_id, await person_of(suite, citizen)
        await tell(suite, order_of(citizen, person_id))
        await suite.later(LOOK_AGAIN_AFTER.total_seconds())
        await citizen.register()
        await citizen.become_applicant()
        assert citizen.account_id != before and await person_of(suite, citizen) != person_id
