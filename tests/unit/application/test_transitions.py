"""States, moves and what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.application.applications import application as domain
from services.application.applications import document as papers
from services.application.applications.application import (
    FINAL,
    LARGEST_TIMELINE,
    TRANSITIONS,
    Command,
    Entry,
    Interview,
    Letter,
    Status,
)
from services.application.applications.document import (
    DOCUMENT_TRANSITIONS,
    FINAL_DOCUMENT_STATES,
    DocumentCommand,
    DocumentState,
    Picture,
)
from services.application.applications.hand_over import Handed, alert_time, issue_due, replacing_ends
from services.application.applications.visit import Visits
from services.application.counter.transitions import collected, interviewed, lapsed
from services.application.drafts.transitions import answered, drafted, submitted, withdrawn
from services.application.issuance.transitions import (
    acknowledged,
    approval_acknowledged,
    approval_waits,
    handed,
    held_back,
    not_printed_yet,
    overdue,
    printed,
)
from services.application.letters.transitions import lettered
from services.application.requirements.answers import ZeroTariff
from shared.events import application as events
from shared.store.transitions import IllegalTransition
from tests.unit.application import make
from tests.unit.application.make import ADULT, APPLICATION, NOW, PACE, VISIT

SUBMITTED = make.draft(answers=ADULT, status=Status.SUBMITTED, submitted_at=NOW)
PICTURE = Picture("f-new", "image/jpeg", "1" * 64, 900, 800, 600)


def booked(**changes: object) -> domain.Application:
    """A submitted application with a certain visit and the work that it asks for."""
    state = make.with_seats(SUBMITTED, make.held(), make.confirmed())
    return replace(domain.settled(state, PACE, NOW), **changes)  # type: ignore[arg-type]


def test_every_state_is_final_or_can_be_left_and_every_state_can_be_reached() -> None:
    left = {status for status, _ in TRANSITIONS}
    assert left.isdisjoint(FINAL)
    assert left | FINAL == set(Status)
    assert set(TRANSITIONS.values()) | {Status.DRAFT} == set(Status)
    assert {command for _, command in TRANSITIONS} == set(Command)
    assert {state for state, _ in DOCUMENT_TRANSITIONS}.isdisjoint(FINAL_DOCUMENT_STATES)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("command", Command)
def test_only_the_table_moves_an_application(status: Status, command: Command) -> None:
    state = make.draft(status=status)
    if (status, command) in TRANSITIONS:
        assert domain.allows(state, command)
        assert domain.moved(state, command).status is TRANSITIONS[status, command]
    else:
        assert not domain.allows(state, command)
        with pytest.raises(IllegalTransition):
            domain.moved(state, command)


@pytest.mark.parametrize("state", DocumentState)
@pytest.mark.parametrize("command", DocumentCommand)
def test_only_the_table_moves_a_document(state: DocumentState, command: DocumentCommand) -> None:
    document = make.document(state=state)
    if (state, command) in DOCUMENT_TRANSITIONS:
        assert papers.moved(document, command).state is DOCUMENT_TRANSITIONS[state, command]
    else:
        with pytest.raises(IllegalTransition):
            papers.moved(document, command)


def test_a_number_has_sixteen_digits_begins_with_the_year_and_differs_by_attempt() -> None:
    numbers = {domain.application_number(APPLICATION, 2026, attempt) for attempt in range(10)}
    assert len(numbers) == 10
    assert all(len(number) == 16 and number.isdigit() and number.startswith("2026") for number in numbers)
    assert domain.application_number(APPLICATION, 2026, 0) in numbers


def test_a_draft_is_told_of_by_ids_alone() -> None:
    event = drafted(APPLICATION, make.draft()).events[0]
    assert isinstance(event, events.ApplicationDrafted)
    assert event.person_id == "person"


def test_submitting_says_kind_and_reason_and_needs_answers() -> None:
    state = answered(make.draft(), ADULT, minor=False, rules_version="1").state
    decision = submitted(APPLICATION, state, NOW)
    event = decision.events[0]
    assert isinstance(event, events.ApplicationSubmitted)
    assert (event.reason, event.passport_kind, event.zero_tariff) == ("new", "electronic", None)
    assert decision.state.status is Status.SUBMITTED
    with pytest.raises(IllegalTransition):
        submitted(APPLICATION, make.draft(), NOW)


def test_a_zero_tariff_is_told_by_its_ground() -> None:
    answers = replace(ADULT, zero_tariff=ZeroTariff.GOVERNMENT_SCHOLARSHIP)
    event = submitted(APPLICATION, make.draft(answers=answers), NOW).events[0]
    assert isinstance(event, events.ApplicationSubmitted)
    assert event.zero_tariff == "government_scholarship"


def test_documents_are_found_counted_and_referred_to() -> None:
    ktp = make.document()
    flagged = make.document("birth_proof", DocumentState.FLAGGED)
    refused = make.document("family_card", DocumentState.REFUSED, file_id=None)
    state = domain.with_documents(make.draft(), (ktp, flagged, refused))
    assert set(state.present()) == {"ktp", "birth_proof"}
    assert state.document("d-ktp") == ktp
    assert state.document("d-other") is None
    assert state.file_ids == ("f-ktp", "f-birth_proof")
    letter = domain.refer_to_files(replace(state, letter=Letter("v", "f-letter", NOW, 10)))
    assert letter.file_ids == ("f-ktp", "f-birth_proof", "f-letter")
    changed = domain.with_document(state, replace(ktp, file_id="f-2"))
    assert len(changed.documents) == 3
    assert "f-2" in changed.file_ids


def test_an_inspected_document_is_accepted_or_flagged() -> None:
    uploading = make.document(state=DocumentState.UPLOADING, accepted_at=None)
    good = papers.inspected(uploading, PICTURE, NOW)
    assert (good.state, good.file_id, good.accepted_at) == (DocumentState.ACCEPTED, "f-new", NOW)
    doubtful = papers.inspected(uploading, replace(PICTURE, flags=("odd_shape",)), NOW)
    assert (doubtful.state, doubtful.accepted_at, doubtful.flags) == (DocumentState.FLAGGED, None, ("odd_shape",))
    settled = papers.accepted(doubtful, "front_officer", VISIT)
    assert (settled.state, settled.accepted_at) == (DocumentState.ACCEPTED, VISIT)
    assert papers.accepted(good, "front_officer", VISIT).accepted_at == NOW
    gone = papers.refused(good, "wrong_picture", "front_officer", VISIT)
    assert (gone.state, gone.file_id, gone.reason) == (DocumentState.REFUSED, None, "wrong_picture")


def test_a_newer_upload_stands_in_for_the_older_one_only_once_it_is_there() -> None:
    old = make.document()
    stale = make.document(state=DocumentState.UPLOADING, document_id="d-stale")
    other = make.document("family_card")
    uploading = make.document(state=DocumentState.UPLOADING, document_id="d-new")
    begun = papers.replaced_by_newer((old, stale, other, uploading), uploading)
    assert [document.state for document in begun] == [
        DocumentState.ACCEPTED,
        DocumentState.REPLACED,
        DocumentState.ACCEPTED,
        DocumentState.UPLOADING,
    ]
    there = papers.inspected(uploading, PICTURE, NOW)
    after = papers.replaced_by_newer((old, other, there), there)
    assert [document.state for document in after] == [
        DocumentState.REPLACED,
        DocumentState.ACCEPTED,
        DocumentState.ACCEPTED,
    ]


def test_the_timeline_keeps_order_repeats_nothing_and_has_a_limit() -> None:
    state = make.draft()
    late = Entry("2", NOW + timedelta(hours=1), "submitted", "applicant")
    early = Entry("1", NOW, "drafted", "applicant")
    state = domain.with_entry(domain.with_entry(domain.with_entry(state, late), early), late)
    assert [line.id for line in state.timeline] == ["1", "2"]
    for number in range(LARGEST_TIMELINE):
        state = domain.with_entry(state, Entry(f"n{number}", NOW + timedelta(days=1, seconds=number), "x", "y"))
    assert len(state.timeline) == LARGEST_TIMELINE
    assert state.timeline[0].id == "1"
    assert state.timeline[-1].id == f"n{LARGEST_TIMELINE - 1}"


def test_a_certain_visit_asks_for_letter_hand_over_and_alert_whatever_the_order_of_facts() -> None:
    straight = make.with_seats(SUBMITTED, make.held(), make.confirmed())
    wanted = domain.settled(straight, PACE, NOW)
    assert wanted.letter_due_at == NOW
    assert wanted.hand_over is not None
    assert wanted.hand_over.next_try_at == NOW
    assert (wanted.office_id, wanted.visit_at) == (make.OFFICE, VISIT)
    assert domain.settled(wanted, PACE, NOW + timedelta(hours=1)) == wanted
    only_checked_in = make.with_seats(SUBMITTED, make.checked_in())
    assert domain.settled(only_checked_in, PACE, NOW).letter_due_at is None
    due = domain.deadlines(wanted)
    assert set(due) == {"letter", "hand_over", "hand_over_alert"}


def test_a_released_seat_takes_its_work_with_it_and_a_move_asks_for_it_anew() -> None:
    state = booked()
    gone = make.with_seats(state, make.held(), make.confirmed(), make.released(), start=NOW)
    assert domain.settled(gone, PACE, NOW).hand_over is None
    state = lettered(APPLICATION, state, _letter(state)).state
    assert domain.settled(state, PACE, NOW).letter_due_at is None
    moved = make.with_seats(state, make.held(), make.confirmed(), make.rescheduled())
    moved = domain.settled(moved, PACE, VISIT)
    assert moved.letter_due_at == VISIT
    assert moved.hand_over is not None
    assert moved.hand_over.visit_key != state.hand_over.visit_key  # type: ignore[union-attr]


def test_after_the_interview_seats_ask_for_nothing_but_the_file_that_never_went() -> None:
    refused = make.with_seats(make.draft(status=Status.REFUSED), make.held(), make.confirmed())
    assert domain.settled(refused, PACE, NOW).hand_over is None
    told_late = make.with_seats(make.draft(status=Status.APPROVED), make.held(), make.confirmed(), make.checked_in())
    settled = domain.settled(told_late, PACE, NOW)
    assert settled.hand_over is not None
    assert settled.letter_due_at is None
    assert domain.settled(settled, PACE, NOW + timedelta(hours=1)) == settled
    not_told = make.with_seats(make.draft(status=Status.APPROVED), make.checked_in())
    assert domain.settled(not_told, PACE, NOW).hand_over is None
    assert domain.settled(make.draft(), PACE, NOW) == make.draft()


def _letter(state: domain.Application) -> Letter:
    seat = state.visits.seat
    assert seat is not None
    return Letter(seat.visit_key, "f-letter", NOW, 20_000)


def test_a_letter_is_told_of_unless_the_visit_has_changed_meanwhile() -> None:
    state = booked()
    decision = lettered(APPLICATION, state, _letter(state))
    assert isinstance(decision.events[0], events.LetterReady)
    assert decision.state.file_ids == ("f-letter",)
    stale = lettered(APPLICATION, state, replace(_letter(state), visit_key="old"))
    assert stale.events == ()
    assert stale.state.letter is None
    assert lettered(APPLICATION, SUBMITTED, Letter("v", "f", NOW, 1)).state.letter is None


@pytest.mark.acceptance("F47.alert_by_18")
def test_the_alert_is_at_18_office_time_the_day_before_or_after_the_grace() -> None:
    evening = datetime(2026, 11, 29, 11, 0, tzinfo=UTC)
    assert alert_time(VISIT, "Asia/Jakarta", NOW, 600) == evening
    assert alert_time(VISIT, "Asia/Jayapura", NOW, 600) == evening - timedelta(hours=2)
    late = VISIT - timedelta(hours=2)
    assert alert_time(VISIT, "Asia/Jakarta", late, 600) == late + timedelta(minutes=10)


def test_documents_may_be_replaced_until_the_end_of_the_day_before() -> None:
    assert replacing_ends(VISIT, "Asia/Jakarta") == datetime(2026, 11, 29, 17, 0, tzinfo=UTC)


def test_a_book_is_due_four_working_days_after_the_interview() -> None:
    monday = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    assert issue_due(monday) == datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
    assert issue_due(monday + timedelta(days=3)) == datetime(2026, 12, 2, 3, 0, tzinfo=UTC)
    before_christmas = datetime(2026, 12, 23, 3, 0, tzinfo=UTC)  # 24 is joint leave, 25 Christmas
    assert issue_due(before_christmas) == datetime(2026, 12, 31, 3, 0, tzinfo=UTC)


def test_the_pause_doubles_up_to_the_longest() -> None:
    pauses = [PACE.retry_after(tries).total_seconds() for tries in (1, 2, 3, 8, 50)]
    assert pauses == [10, 20, 40, 900, 900]


def test_a_file_is_tried_again_until_it_is_acknowledged() -> None:
    documents = (Handed("d-ktp", "0" * 64),)
    state = handed(booked(), delivery_id="x", documents=documents, problem="upstream_down", pace=PACE, now=NOW).state
    assert state.hand_over is not None
    assert (state.hand_over.tries, state.hand_over.next_try_at) == (1, NOW + timedelta(seconds=10))
    decision = acknowledged(APPLICATION, state, delivery_id="x", documents=documents, now=VISIT)
    assert isinstance(decision.events[0], events.FileHandedOver)
    assert set(domain.deadlines(decision.state)) == {"letter"}
    again = domain.hand_over_again(decision.state, PACE, VISIT)
    assert set(domain.deadlines(again)) == {"letter", "hand_over", "hand_over_alert"}
    assert domain.deadlines(again)["hand_over_alert"] == VISIT + timedelta(seconds=PACE.alert_grace_seconds)
    assert domain.hand_over_again(SUBMITTED, PACE, NOW) == SUBMITTED


def test_an_approval_that_waits_for_its_file_goes_with_it() -> None:
    state = interviewed(APPLICATION, booked(), Interview("approved", NOW, "i"), NOW).state
    state = approval_waits(state, "file_not_acknowledged", PACE, NOW).state
    done = acknowledged(APPLICATION, state, delivery_id="x", documents=(), now=NOW).state
    assert domain.deadlines(done)["approval"] == NOW


def test_only_accepted_documents_go_and_none_while_one_that_must_is_not() -> None:
    accepted, flagged = make.document(), make.document("family_card", DocumentState.FLAGGED)
    state = domain.with_documents(make.draft(), (accepted, flagged))
    assert domain.to_hand_over(state, ["ktp"]) == (Handed("d-ktp", "0" * 64),)
    assert domain.to_hand_over(state, ["ktp", "family_card"]) is None
    assert domain.to_hand_over(state, ["birth_proof"]) is None


def test_a_file_that_needs_a_person_waits_and_is_told_as_overdue_once() -> None:
    state = held_back(booked(), "documents_not_accepted").state
    assert "hand_over" not in domain.deadlines(state)
    decision = overdue(APPLICATION, state, VISIT)
    event = decision.events[0]
    assert isinstance(event, events.HandOverOverdue)
    assert event.office_id == make.OFFICE
    assert "hand_over_alert" not in domain.deadlines(decision.state)


def test_what_belongs_to_a_visit_is_refused_without_one() -> None:
    with pytest.raises(IllegalTransition):
        held_back(SUBMITTED, "x")
    with pytest.raises(IllegalTransition):
        not_printed_yet(SUBMITTED, PACE, NOW)


def test_events_name_no_appointment_where_none_was_seen() -> None:
    bare = replace(booked(), visits=Visits(), office_id=None)
    file = acknowledged(APPLICATION, bare, delivery_id="x", documents=(), now=NOW).events[0]
    alert = overdue(APPLICATION, bare, NOW).events[0]
    recorded = interviewed(APPLICATION, bare, Interview("approved", NOW, "i"), NOW).events[0]
    assert isinstance(file, events.FileHandedOver)
    assert isinstance(alert, events.HandOverOverdue)
    assert isinstance(recorded, events.InterviewRecorded)
    assert file.appointment_id == alert.appointment_id == recorded.appointment_id == ""


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("approved", Status.APPROVED), ("incomplete", Status.INCOMPLETE), ("refused", Status.REFUSED)],
)
def test_an_interview_ends_in_one_of_three_ways(outcome: str, status: Status) -> None:
    until = NOW + timedelta(days=7)
    interview = Interview(outcome, NOW, "i", complete_until=until if outcome == "incomplete" else None)
    decision = interviewed(APPLICATION, booked(), interview, NOW)
    assert decision.state.status is status
    names = [type(event).__name__ for event in decision.events]
    assert names == ["InterviewRecorded", *(["ApplicationRefused"] if outcome == "refused" else [])]
    due = domain.deadlines(decision.state)
    assert ("approval" in due) == (outcome == "approved")
    assert ("papers" in due) == (outcome == "incomplete")
    assert ("hand_over" in due) == (outcome != "refused")


def test_from_approval_to_the_collected_book() -> None:
    state = interviewed(APPLICATION, booked(), Interview("approved", NOW, "i"), NOW).state
    state = approval_waits(state, "upstream_down", PACE, NOW).state
    assert domain.deadlines(state)["approval"] == NOW + timedelta(seconds=10)
    decision = approval_acknowledged(APPLICATION, state, PACE, NOW)
    assert isinstance(decision.events[0], events.ApprovalHandedOver)
    state = not_printed_yet(decision.state, PACE, NOW + timedelta(hours=1)).state
    assert domain.deadlines(state)["printing"] == NOW + timedelta(hours=1, seconds=60)
    decision = printed(APPLICATION, state, "sealed", VISIT)
    assert isinstance(decision.events[0], events.PassportPrinted)
    assert domain.deadlines(decision.state)["collection"] == VISIT + timedelta(days=30)
    done = collected(APPLICATION, decision.state, "self")
    assert isinstance(done.events[0], events.PassportCollected)
    assert not done.state.live
    assert domain.deadlines(done.state) == {}
    closed = lapsed(APPLICATION, decision.state, "not_collected")
    assert closed.state.status is Status.CLOSED
    assert isinstance(closed.events[0], events.ApplicationRefused)


def test_an_acknowledged_file_is_remembered_to_the_end() -> None:
    handed = acknowledged(APPLICATION, booked(), delivery_id="x", documents=(), now=NOW).state
    refused = interviewed(APPLICATION, handed, Interview("refused", NOW, "i", "forged"), NOW)
    assert refused.state.hand_over is not None
    event = refused.events[1]
    assert isinstance(event, events.ApplicationRefused)
    assert event.reason_code == "forged"


def test_withdrawing_ends_the_work() -> None:
    decision = withdrawn(APPLICATION, booked(), NOW)
    assert isinstance(decision.events[0], events.ApplicationWithdrawn)
    assert domain.deadlines(decision.state) == {}
    assert not decision.state.live
    assert make.draft().live


def test_an_upload_under_way_has_its_deadline() -> None:
    state = domain.with_documents(make.draft(), (make.document(state=DocumentState.UPLOADING), make.document("x")))
    assert domain.deadlines(state)["uploads"] == NOW + timedelta(hours=24)
