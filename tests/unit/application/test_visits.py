"""What others tell, in any order: steps, letter, hand-over, approval, book, collection."""

from __future__ import annotations

import base64
import itertools
from datetime import timedelta

import pytest

from services.application import errors
from services.application.applications.application import Application, Status
from services.application.applications.errors import ApplicationEnded, StepComesFirst, StepIsOver
from services.application.applications.hand_over import MOST_REFUSALS, HandOver
from services.application.applications.next_step import Step
from services.application.applications.repository import APPLICATION
from services.application.applications.schemas import ApplicationView
from services.application.counter.errors import DocumentsUndecided, OriginalsNotSeen
from services.application.counter.schemas import OfficeDayView
from services.application.documents.decisions import DocumentVerdict
from services.application.issuance import transitions as issuance_transitions
from services.application.issuance.ports import DpriState
from services.application.issuance.problems import MOMENTARY, NOT_ACKNOWLEDGED
from services.application.letters import transitions as letter_transitions
from services.application.letters.errors import LetterNotMade
from services.application.letters.ports import LetterContent, RefusalContent
from services.application.letters.service import LARGEST_LETTER_BYTES, LetterTooLarge
from services.application.letters.transitions import MOST_LETTER_TRIES
from services.application.requirements.errors import DocumentNotAsked
from shared.assistance import AssistanceNeeded
from shared.errors import NotFound, NotKnownYet, Unavailable
from shared.events import billing, scheduling
from shared.events.application import (
    ApplicationRefused,
    ApprovalHandedOver,
    FileHandedOver,
    HandOverOverdue,
    InterviewRecorded,
    LetterReady,
    PassportCollected,
    PassportPrinted,
)
from shared.events.message import Command, Event
from shared.events.notification import DeliveryFailed, DeliverySent, SendLetter
from shared.events.subscriptions import commands_for, events_for
from shared.service import NotYet
from shared.typesetting.typesetter import NotTypeset
from tests.unit.application import make
from tests.unit.application.world import (
    COUNTER,
    ELSEWHERE,
    FRONT,
    INTERVIEWER,
    OWNER,
    STRANGER,
    World,
    picture,
)

EVENING = make.VISIT - timedelta(hours=14)
"""18:00 in Jakarta, the day before the visit."""


async def state_of(world: World, application_id: str) -> Application:
    return (await world.look(application_id)).application


# facts


def test_everything_that_is_heard_has_a_handler(world: World) -> None:
    heard: set[type[Event]] = set(events_for("application"))
    taken: set[type[Command]] = set(commands_for("application"))
    assert set(world.parts.events) == heard
    assert set(world.parts.commands) == taken


@pytest.mark.acceptance("F31.current_step", "F31.remaining_steps", "F31.deadline")
async def test_the_view_tells_step_next_action_deadline_and_timeline_through_the_whole_way(world: World) -> None:
    application_id = await world.submitted()
    held = make.held(application_id=application_id)
    issued = make.bill_issued(application_id=application_id)
    walk = [
        (held, 1, Step.PAY, held.hold_until),
        (issued, 1, Step.PAY, issued.expires_at),
        (make.bill_paid(application_id=application_id), 2, Step.PAY, None),
        (make.confirmed(application_id=application_id), 3, Step.COME, make.VISIT),
        (make.checked_in(application_id=application_id), 4, Step.INTERVIEW, None),
    ]
    for fact, version, step, deadline in walk:
        await world.tell(fact, version)
        seen = await world.look(application_id)
        assert (seen.progress.current_step, seen.progress.next_action.deadline) == (step, deadline)
        assert seen.progress.remaining[0] is step
    lines = [(entry.what, entry.who) for entry in seen.application.timeline]
    assert ("seat_held", "scheduling") in lines
    assert ("bill_issued", "billing") in lines
    assert [entry.at for entry in seen.application.timeline] == sorted(e.at for e in seen.application.timeline)


async def test_facts_in_any_order_and_twice_end_in_the_same_state() -> None:
    facts = [
        (make.held(), 1, "m1"),
        (make.bill_issued(), 2, "m2"),
        (make.bill_paid(), 3, "m3"),
        (make.confirmed(), 3, "m4"),
    ]
    pictures = set()
    for order in itertools.permutations(facts):
        world = World()
        application_id = await world.submitted()
        at = world.clock.now()
        for fact, version, message_id in (*order, *order):
            told = fact.model_copy(update={"application_id": application_id})
            await world.tell(told, version, message_id=message_id, at=at + timedelta(seconds=int(message_id[1:])))
            await world.forget_inbox(application_id)
        state = await state_of(world, application_id)
        seat, bill = state.visits.seat, state.visits.bill
        pictures.add((seat, bill, state.office_id, state.visit_at, len(state.timeline), state.letter_due_at is None))
    assert len(pictures) == 1


async def test_a_fact_about_an_application_that_is_not_here_yet_comes_again(world: World) -> None:
    with pytest.raises(NotYet):
        await world.tell(make.held())


async def test_refunds_deliveries_and_missing_seats_are_told(world: World) -> None:
    application_id = await world.booked()
    ids = {"application_id": application_id, "account_id": "acc"}
    await world.tell(billing.RefundOpened(refund_id="r", receipt_id="x", amount=5, reason="second_payment", **ids))
    await world.tell(billing.RefundOpened(refund_id="r2", receipt_id="x", amount=5, reason="unknown_code"))
    sent = {"delivery_id": "d", "template": "bill_issued", "channel": "email"}
    await world.tell(DeliverySent(**sent, **ids))
    await world.tell(DeliveryFailed(**sent, reason="bounced", **ids))
    await world.tell(DeliverySent(**sent, account_id="acc"))
    await world.tell(scheduling.SeatUnavailable(bill_id=make.BILL, asked_for="late_payment", reason="sold_out", **ids))
    state = await state_of(world, application_id)
    assert [refund.refund_id for refund in state.visits.refunds] == ["r"]
    assert state.visits.bill is not None
    assert state.visits.bill.seat_unavailable == "late_payment"
    lines = [entry.what for entry in state.timeline]
    assert lines[-4:] == ["refund_opened", "delivery_sent", "delivery_failed", "seat_unavailable"]


# the letter


@pytest.mark.acceptance("F73.made_when_paid", "F73.downloads")
async def test_the_letter_is_made_kept_sent_and_downloaded_as_often_as_wanted(world: World) -> None:
    application_id = await world.submitted()
    letters = world.service.letters
    with pytest.raises(StepComesFirst) as early:
        await letters.read(application_id, OWNER)
    assert early.value.facts["step"] == Step.CHOOSE_SEAT
    await world.tell(make.held(application_id=application_id), 1)
    with pytest.raises(StepComesFirst) as unpaid:
        await letters.read(application_id, OWNER)
    assert unpaid.value.facts["step"] == Step.PAY
    await world.tell(make.confirmed(application_id=application_id), 2)
    with pytest.raises(NotKnownYet):
        await letters.read(application_id, OWNER)
    await world.run_due()
    downloads = []
    for _ in range(3):
        name, pieces = await letters.read(application_id, OWNER)
        downloads.append(b"".join([piece async for piece in pieces]))
    assert name.startswith("surat-pengantar-2026")
    assert len(set(downloads)) == 1
    content = world.writer.written[0]
    assert (content.full_name, content.queue_number, content.queue_code) == (
        "SARI CONTOH LATIHAN",
        "R-001",
        "PSP1.signed",
    )
    assert ("Kartu tanda penduduk (KTP)", "Identity card (KTP)") in content.bring
    assert len(world.events(LetterReady)) == 1
    send = world.events(SendLetter)[0]
    opened = world.open_letter(send.sealed, application_id)
    assert base64.b64decode(opened["content"]) == downloads[0]
    assert opened["file_name"] == name
    with pytest.raises(NotFound):
        await letters.read(application_id, STRANGER)
    assert (await letters.read(application_id, COUNTER))[0] == name
    with pytest.raises(AssistanceNeeded):
        await letters.read(application_id, FRONT)


async def test_a_moved_visit_gets_a_new_letter_and_the_old_one_goes(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    old = (await state_of(world, application_id)).letter
    await world.tell(make.rescheduled(application_id=application_id), 4)
    with pytest.raises(NotKnownYet):
        await world.service.letters.read(application_id, OWNER)
    await world.run_due()
    new = (await state_of(world, application_id)).letter
    assert old is not None
    assert new is not None
    assert new.file_id != old.file_id
    assert old.file_id not in await world.file_ids()
    assert world.writer.written[-1].queue_number == "R-007"
    assert len(world.events(SendLetter)) == 2
    assert await world.run_due() == 0


async def test_the_letter_carries_the_way_to_the_office_and_what_was_paid(world: World) -> None:
    application_id = await world.submitted()
    way = {"office_address": "Jalan Contoh 1", "office_telephone": "+62215550100"}
    position = {"office_latitude": -6.26, "office_longitude": 106.81}
    await world.tell(make.bill_paid(application_id=application_id), 3)
    await world.tell(make.confirmed(application_id=application_id, **way, **position), 3)
    await world.run_due()
    content = world.writer.written[-1]
    assert (content.office_address, content.office_telephone) == ("Jalan Contoh 1", "+62215550100")
    assert content.office_position == (-6.26, 106.81)
    assert content.paid == (("Biaya paspor", "Passport fee", 950_000),)
    elsewhere = make.rescheduled(application_id=application_id, office_id="medan", office_name="Medan")
    await world.tell(elsewhere, 4)
    await world.run_due()
    content = world.writer.written[-1]
    assert (content.office_name, content.office_address, content.office_position) == ("Medan", None, None)


async def test_what_is_free_of_charge_is_printed_as_nothing_to_pay(world: World) -> None:
    application_id = await world.submitted()
    waived = billing.BillWaived(**make.bill_fields(application_id=application_id, legal_basis="x"))
    await world.tell(waived, 3)
    await world.tell(make.confirmed(application_id=application_id), 3)
    await world.run_due()
    assert world.writer.written[-1].paid == (("Biaya paspor", "Passport fee", 0),)


async def test_a_released_seat_has_no_letter(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    await world.tell(make.released(application_id=application_id, reason="cancelled"), 9)
    with pytest.raises(StepComesFirst) as gone:
        await world.service.letters.read(application_id, OWNER)
    assert gone.value.facts["step"] == Step.CHOOSE_SEAT
    assert (await state_of(world, application_id)).hand_over is None


async def test_a_letter_whose_visit_went_while_it_was_written_is_thrown_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await world.booked()
    record = await world.service.applications.application(application_id)
    original = world.writer.letter

    async def overtaken(content: object) -> bytes:
        await world.tell(make.released(application_id=application_id, reason="cancelled"), 9)
        return await original(content)  # type: ignore[arg-type]

    monkeypatch.setattr(world.writer, "letter", overtaken)
    before = await world.file_ids()
    await world.service.letters.write_due(record, "letter")
    assert (await state_of(world, application_id)).letter is None
    assert await world.file_ids() == before
    gone = await world.service.applications.application(application_id)
    await world.service.letters.write_due(gone, "letter")
    assert world.events(SendLetter) == []


async def test_a_letter_that_was_written_by_another_replica_is_not_sent_twice(world: World) -> None:
    application_id = await world.booked()
    record = await world.service.applications.application(application_id)
    await world.service.letters.write_due(record, "letter")
    await world.service.letters.write_due(record, "letter")
    assert len(world.events(SendLetter)) == 1


async def test_a_letter_that_fits_into_no_message_is_a_fault(world: World) -> None:
    application_id = await world.booked()
    record = await world.service.applications.application(application_id)
    world.writer.size_bytes = LARGEST_LETTER_BYTES
    await world.service.letters.write_due(record, "letter")
    other = World()
    application_id = await other.booked()
    other.writer.size_bytes = LARGEST_LETTER_BYTES + 1
    await other.service.letters.write_due(await other.service.applications.application(application_id), "letter")
    trouble = (await other.look(application_id)).application.letter_trouble
    assert trouble is not None and trouble.problem == LetterTooLarge.__name__


async def let_pass(world: World, hours: float) -> None:
    for _ in range(round(hours * 12)):
        await world.after(300)


class CannotTypeset:
    """A typesetter that knows no such character."""

    def __init__(self) -> None:
        self.tries = 0

    async def letter(self, content: LetterContent) -> bytes:
        self.tries += 1
        raise RuntimeError("no font has this character")

    async def refusal(self, content: RefusalContent) -> bytes:
        self.tries += 1
        raise RuntimeError("no font has this character")

    async def form(self, requirement: str, title: str) -> bytes:
        return b"%PDF"


class NoTypesetter(CannotTypeset):
    """A typesetter whose process cannot be started, or does not finish what it began."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def letter(self, content: LetterContent) -> bytes:
        self.tries += 1
        raise self._error

    async def form(self, requirement: str, title: str) -> bytes:
        raise self._error


async def test_while_there_is_no_typesetter_a_letter_stays_due_and_no_try_is_counted(world: World) -> None:
    application_id = await world.booked()
    away = NoTypesetter(Unavailable())
    world.service.letters._writer = away
    await let_pass(world, 1)
    assert away.tries > MOST_LETTER_TRIES
    state = await state_of(world, application_id)
    assert (state.letter, state.letter_trouble) == (None, None)
    world.service.letters._writer = world.writer
    await let_pass(world, 1)
    assert (await state_of(world, application_id)).letter is not None


async def test_a_letter_whose_typesetter_is_lost_counts_its_tries_by_name(world: World) -> None:
    application_id = await world.booked()
    world.service.letters._writer = NoTypesetter(NotTypeset("WorkerLost"))
    await let_pass(world, 1)
    trouble = (await state_of(world, application_id)).letter_trouble
    assert trouble is not None and (trouble.problem, trouble.tries) == ("WorkerLost", MOST_LETTER_TRIES)
    with pytest.raises(Unavailable):
        await world.service.letters.form("parents_statement")


async def test_a_letter_that_cannot_be_typeset_is_given_up_and_made_again_when_asked(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    application_id = await world.booked()
    broken = CannotTypeset()
    world.service.letters._writer = broken
    await let_pass(world, 24)
    assert broken.tries == MOST_LETTER_TRIES
    assert capsys.readouterr().out.count("application.letter_not_made") == 1
    with pytest.raises(LetterNotMade):
        await world.service.letters.read(application_id, OWNER)
    seen = await world.look(application_id)
    assert "letter_not_made" in [entry.what for entry in seen.application.timeline]
    view = ApplicationView.from_seen(seen, world.service.applications.rules)
    assert (view.letter_state, view.letter_url) == ("not_made", None)
    assert OfficeDayView.from_visits([seen]).letters_not_made == 1
    with pytest.raises(errors.NotYourOffice):
        await world.service.letters.make_again(application_id, ELSEWHERE, world.command())
    world.service.letters._writer = world.writer
    await world.service.letters.make_again(application_id, FRONT, world.command())
    await world.run_due()
    assert (await world.service.letters.read(application_id, OWNER))[0]
    again = await world.service.letters.make_again(application_id, FRONT, world.command())
    assert again.application.letter_due_at is None


async def test_twin_a_letter_without_an_end_of_tries_is_tried_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letter_transitions, "MOST_LETTER_TRIES", 10**9)
    await world.booked()
    broken = CannotTypeset()
    world.service.letters._writer = broken
    await let_pass(world, 6)
    assert broken.tries > 10 * MOST_LETTER_TRIES


async def test_a_file_that_is_refused_again_and_again_waits_for_the_office(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    application_id = await world.booked()
    for _ in range(100):
        world.dpri.refuse("malformed")
    await let_pass(world, 4)
    assert len(world.dpri.deliveries) == MOST_REFUSALS
    assert capsys.readouterr().out.count("application.hand_over_refused") == 1
    assert len(world.events(HandOverOverdue)) == 1
    hand_over = (await world.look(application_id)).application.hand_over
    assert hand_over is not None
    assert (hand_over.problem, hand_over.next_try_at) == ("malformed", None)
    world.dpri.says.clear()
    await world.service.issuance.resend(application_id, FRONT, world.command())
    await world.run_due()
    hand_over = (await world.look(application_id)).application.hand_over
    assert hand_over is not None and hand_over.acknowledged_at is not None


async def test_twin_a_file_without_an_end_of_refusals_is_handed_over_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuance_transitions, "MOST_REFUSALS", 10**9)
    await world.booked()
    for _ in range(100):
        world.dpri.refuse("malformed")
    await let_pass(world, 4)
    assert len(world.dpri.deliveries) > 2 * MOST_REFUSALS


async def test_a_silent_issuance_system_is_asked_without_end(world: World) -> None:
    await world.booked()
    world.dpri.down(10 * MOST_REFUSALS)
    await let_pass(world, 24)
    assert len(world.dpri.deliveries) > 10 * MOST_REFUSALS


async def test_the_letter_stays_after_the_interview_and_after_the_end(world: World) -> None:
    application_id = await world.approved()
    assert (await world.service.letters.read(application_id, OWNER))[0]
    never = World()
    application_id = await never.booked()
    await never.tell(make.checked_in(application_id=application_id), 5)
    await never.service.counter.record_interview(
        application_id, "refused", "documents_not_genuine", None, INTERVIEWER, never.command()
    )
    with pytest.raises(NotFound):
        await never.service.letters.read(application_id, OWNER)


@pytest.mark.acceptance("F29.statement_form")
async def test_the_parents_statement_has_a_form(world: World) -> None:
    assert b"parents_statement" in await world.service.letters.form("parents_statement")
    with pytest.raises(NotFound):
        await world.service.letters.form("ktp")


# the hand-over


@pytest.mark.acceptance("F45.accepted_only", "F47.outbox_acknowledged")
async def test_the_file_is_handed_over_with_accepted_documents_and_acknowledged(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    state = await state_of(world, application_id)
    assert state.hand_over is not None
    assert state.hand_over.acknowledged_at is not None
    file = world.dpri.files[state.number]
    assert file.content["applicant"]["nik"] == "3174014502900001"
    assert {document["requirement"] for document in file.content["documents"]} == {"ktp", "family_card", "birth_proof"}
    assert len(world.events(FileHandedOver)) == 1
    assert "3174014502900001" not in repr(file)
    await world.at(EVENING + timedelta(hours=1))
    assert world.events(HandOverOverdue) == []


@pytest.mark.acceptance("F45.accepted_only", "F45.flagged_refused")
async def test_a_flagged_document_is_never_handed_over(world: World) -> None:
    application_id = await world.submitted()
    await world.upload(application_id, "ktp", content=picture(2000, 400))
    await world.upload(application_id, "supporting_document", content=picture(2000, 400))
    await world.tell(make.held(application_id=application_id), 1)
    await world.tell(make.confirmed(application_id=application_id), 2)
    await world.run_due()
    state = await state_of(world, application_id)
    assert world.dpri.deliveries == []
    assert state.hand_over is not None
    assert state.hand_over.problem == "documents_not_accepted"
    flagged = state.present()["ktp"]
    await world.service.officer_decisions.decide(
        application_id, DocumentVerdict(flagged.document_id, True), FRONT, world.command()
    )
    await world.run_due()
    file = world.dpri.files[state.number]
    assert {document["requirement"] for document in file.content["documents"]} == {"ktp", "family_card", "birth_proof"}
    report = await world.parts.invariants["I9"]()
    assert (report.checked, report.broken) == (1, ())


async def test_the_rule_that_only_accepted_documents_go_is_watched(world: World) -> None:
    application_id = await world.booked()
    assert (await world.parts.invariants["I9"]()).checked == 0
    await world.run_due()
    assert (await world.parts.invariants["I9"]()).holds
    stored = world.store._documents[APPLICATION.name][application_id]["state"]
    stored["documents"][0]["accepted_at"] = None
    assert (await world.parts.invariants["I9"]()).broken == (application_id,)


@pytest.mark.acceptance("F47.outbox_acknowledged")
async def test_a_silent_system_is_asked_again_with_the_same_delivery(world: World) -> None:
    world.dpri.down(2)
    application_id = await world.booked()
    await world.run_due()
    hand_over = (await state_of(world, application_id)).hand_over
    assert hand_over is not None
    assert (hand_over.problem, hand_over.tries) == ("upstream_down", 1)
    await world.after(world.settings.hand_over_retry_seconds)
    await world.after(world.settings.hand_over_retry_seconds * 2)
    hand_over = (await state_of(world, application_id)).hand_over
    assert hand_over is not None
    assert hand_over.acknowledged_at is not None
    assert len(world.dpri.deliveries) == 3
    assert len(set(world.dpri.deliveries)) == 1


@pytest.mark.parametrize(
    ("says", "problem"), [(DpriState("received"), "received"), (DpriState("rejected"), "rejected")]
)
async def test_what_is_not_acknowledged_is_tried_again(world: World, says: DpriState, problem: str) -> None:
    world.dpri.says.append(says)
    application_id = await world.booked()
    await world.run_due()
    hand_over = (await state_of(world, application_id)).hand_over
    assert hand_over is not None
    assert hand_over.problem == problem
    await world.after(world.settings.hand_over_retry_seconds)
    assert len(world.events(FileHandedOver)) == 1


async def refused_until_it_stops(world: World, code: str) -> HandOver:
    """The file of one visit after DPRI has said no to it as often as is borne, each time when the next try is due."""
    for _ in range(MOST_REFUSALS):
        world.dpri.refuse(code)
    application_id = await world.booked()
    for _ in range(MOST_REFUSALS):
        hand_over = (await state_of(world, application_id)).hand_over
        assert hand_over is not None and hand_over.next_try_at is not None
        await world.at(max(hand_over.next_try_at, world.clock.now()))
    hand_over = (await state_of(world, application_id)).hand_over
    assert hand_over is not None and hand_over.problem == code
    return hand_over


@pytest.mark.parametrize("code", sorted(MOMENTARY - {NOT_ACKNOWLEDGED}))
async def test_a_refusal_that_says_nothing_of_the_file_is_tried_on(world: World, code: str) -> None:
    hand_over = await refused_until_it_stops(world, code)
    assert hand_over.refusals == 0
    assert hand_over.next_try_at is not None
    await world.at(hand_over.next_try_at)
    assert len(world.events(FileHandedOver)) == 1


async def test_a_file_that_is_refused_for_what_it_says_waits_for_a_person(world: World) -> None:
    """The twin: were a refused login counted among these, every file of the day would stop like this one."""
    hand_over = await refused_until_it_stops(world, "file_unreadable")
    assert (hand_over.refusals, hand_over.next_try_at) == (MOST_REFUSALS, None)


@pytest.mark.acceptance("F47.alert_by_18", "F47.office_resends", "F47.resend_idempotent")
async def test_tomorrows_visit_without_acknowledgement_is_an_alert_at_18_and_the_office_can_resend(
    world: World,
) -> None:
    application_id = await world.booked()
    world.dpri.refuse("file_unreadable")
    world.dpri.down(10_000)
    await world.at(EVENING - timedelta(seconds=1))
    assert world.events(HandOverOverdue) == []
    for _ in range(5):
        await world.run_due()
    await world.at(EVENING)
    for _ in range(5):
        await world.run_due()
    alert = world.events(HandOverOverdue)
    assert [(event.office_id, event.application_id) for event in alert] == [(make.OFFICE, application_id)]
    assert (await world.service.counter.day(make.OFFICE, make.VISIT.date(), FRONT))[0].application.hand_over
    world.dpri.says.clear()
    with pytest.raises(errors.NotYourOffice):
        await world.service.issuance.resend(application_id, ELSEWHERE, world.command())
    for _ in range(2):
        await world.service.issuance.resend(application_id, FRONT, "once")
        await world.run_due()
    state = await state_of(world, application_id)
    assert state.hand_over is not None
    assert state.hand_over.acknowledged_at is not None
    assert state.hand_over.overdue_since is None
    assert len(world.events(FileHandedOver)) == 1
    assert len(set(world.dpri.deliveries)) == 1
    await world.service.issuance.resend(application_id, FRONT, "a second time")
    await world.run_due()
    assert len(set(world.dpri.deliveries)) == 1
    assert len(world.events(HandOverOverdue)) == 1


async def test_an_alert_that_is_no_longer_true_is_not_given(world: World) -> None:
    application_id = await world.booked()
    record = await world.service.applications.application(application_id)
    await world.service.issuance.alert_due(record, "hand_over_alert")
    await world.run_due()
    await world.at(EVENING)
    await world.service.issuance.alert_due(record, "hand_over_alert")
    assert world.events(HandOverOverdue) == []


async def test_there_is_nothing_to_resend_without_a_visit_or_after_the_approval(world: World) -> None:
    application_id = await world.submitted()
    await world.tell(make.held(application_id=application_id), 1)
    with pytest.raises(StepComesFirst) as unpaid:
        await world.service.issuance.resend(application_id, FRONT, world.command())
    assert unpaid.value.facts["step"] == Step.PAY
    other = World()
    approved = await other.approved()
    await other.run_due()
    with pytest.raises(StepIsOver):
        await other.service.issuance.resend(approved, FRONT, other.command())


async def test_a_hand_over_whose_visit_moved_meanwhile_changes_nothing(world: World) -> None:
    application_id = await world.booked()
    record = await world.service.applications.application(application_id)
    await world.tell(make.rescheduled(application_id=application_id), 4)
    await world.service.issuance.hand_over_due(record, "hand_over")
    hand_over = (await state_of(world, application_id)).hand_over
    assert hand_over is not None
    assert hand_over.acknowledged_at is None
    await world.run_due()
    assert len(set(world.dpri.deliveries)) == 2
    bare = await world.service.applications.application(await another_draft(world))
    await world.service.issuance.hand_over_due(bare, "hand_over")
    await world.service.issuance.approve_due(bare, "approval")


async def another_draft(world: World) -> str:
    await world.meet("appl-9")
    return await world.draft("appl-9")


# the interview and after


@pytest.mark.acceptance("F48.originals", "F48.outcome", "F48.approval_refused")
async def test_an_approval_needs_check_in_and_every_original(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    counter = world.service.counter
    with pytest.raises(StepComesFirst) as early:
        await counter.record_interview(application_id, "approved", None, None, INTERVIEWER, world.command())
    assert early.value.facts["step"] == Step.COME
    with pytest.raises(StepComesFirst):
        await counter.see_originals(application_id, ("ktp",), INTERVIEWER, world.command())
    await world.tell(make.checked_in(application_id=application_id), 5)
    await counter.see_originals(application_id, ("ktp",), INTERVIEWER, world.command())
    with pytest.raises(OriginalsNotSeen) as unseen:
        await counter.record_interview(application_id, "approved", None, None, INTERVIEWER, world.command())
    assert unseen.value.facts["items"] == ["family_card", "birth_proof"]
    with pytest.raises(DocumentNotAsked):
        await counter.see_originals(application_id, ("police_report",), INTERVIEWER, world.command())
    await counter.see_originals(application_id, ("family_card", "birth_proof"), FRONT, world.command())
    with pytest.raises(errors.NotYourOffice):
        await counter.record_interview(application_id, "approved", None, None, ELSEWHERE, world.command())
    seen = await counter.record_interview(application_id, "approved", None, "kept sealed", INTERVIEWER, "once")
    assert seen.progress.current_step == Step.PRINT
    again = await counter.record_interview(application_id, "approved", None, None, INTERVIEWER, "once")
    assert again.application == seen.application
    assert "kept sealed" not in str(seen.application)
    with pytest.raises(StepIsOver):
        await counter.record_interview(application_id, "refused", "other", None, INTERVIEWER, world.command())
    with pytest.raises(StepIsOver):
        await counter.see_originals(application_id, ("ktp",), INTERVIEWER, world.command())
    assert [event.outcome for event in world.events(InterviewRecorded)] == ["approved"]


async def test_a_check_in_that_is_on_its_way_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    application_id = await world.booked()
    original = world.clock.sleep

    async def meanwhile(seconds: float) -> None:
        await original(seconds)
        await world.tell(make.checked_in(application_id=application_id), 5, message_id="the check-in")

    monkeypatch.setattr(world.clock, "sleep", meanwhile)
    seen = await world.service.counter.see_originals(application_id, ("ktp",), INTERVIEWER, world.command())
    assert seen.application.originals == ("ktp",)


async def test_an_approval_waits_for_doubtful_documents_to_be_settled(world: World) -> None:
    application_id = await world.at_the_counter()
    await world.upload(application_id, "ktp", COUNTER, picture(2000, 400))
    codes = ("ktp", "family_card", "birth_proof")
    counter = world.service.counter
    await counter.see_originals(application_id, codes, INTERVIEWER, world.command())
    with pytest.raises(DocumentsUndecided):
        await counter.record_interview(application_id, "approved", None, None, INTERVIEWER, world.command())
    ktp = (await state_of(world, application_id)).present()["ktp"]
    await world.service.officer_decisions.decide(
        application_id, DocumentVerdict(ktp.document_id, True), INTERVIEWER, world.command()
    )
    await counter.record_interview(application_id, "approved", None, None, INTERVIEWER, world.command())


async def test_missing_papers_have_seven_days(world: World) -> None:
    application_id = await world.at_the_counter()
    counter = world.service.counter
    with pytest.raises(errors.ReasonCodeMissing):
        await counter.record_interview(application_id, "incomplete", None, None, INTERVIEWER, world.command())
    seen = await counter.record_interview(
        application_id, "incomplete", "papers_missing", None, INTERVIEWER, world.command(), missing=("ktp",)
    )
    assert seen.progress.next_action.deadline == world.clock.now() + timedelta(days=7)
    record = await world.service.applications.application(application_id)
    await counter.papers_overdue(record, "papers")
    assert (await state_of(world, application_id)).status is Status.INCOMPLETE
    await world.after(7 * 86400)
    assert (await state_of(world, application_id)).status is Status.CLOSED
    assert [event.reason_code for event in world.events(ApplicationRefused)] == ["papers_not_completed"]
    await counter.papers_overdue(record, "papers")


async def test_completed_papers_lead_to_approval(world: World) -> None:
    application_id = await world.at_the_counter()
    counter = world.service.counter
    await counter.record_interview(
        application_id, "incomplete", "papers", None, INTERVIEWER, world.command(), missing=("ktp",)
    )
    await world.upload(application_id, "ktp")
    codes = ("ktp", "family_card", "birth_proof")
    await counter.see_originals(application_id, codes, INTERVIEWER, world.command())
    seen = await counter.record_interview(application_id, "approved", None, None, INTERVIEWER, world.command())
    assert seen.application.status is Status.APPROVED


async def test_a_refused_application_names_its_reason_and_frees_the_person(world: World) -> None:
    application_id = await world.at_the_counter()
    seen = await world.service.counter.record_interview(
        application_id, "refused", "identity_not_proven", None, INTERVIEWER, world.command()
    )
    assert seen.progress.current_step == "finished"
    assert [event.reason_code for event in world.events(ApplicationRefused)] == ["identity_not_proven"]
    assert await world.draft()


async def test_from_approval_to_the_book_in_the_holders_hand(world: World) -> None:
    application_id = await world.approved()
    world.dpri.down()
    await world.run_due()
    approval = (await state_of(world, application_id)).approval
    assert approval is not None
    assert approval.problem == "upstream_down"
    await world.after(world.settings.hand_over_retry_seconds)
    assert len(world.events(ApprovalHandedOver)) == 1
    assert len(world.dpri.approvals) == 1
    counter = world.service.counter
    with pytest.raises(StepComesFirst) as early:
        await counter.hand_out(application_id, "self", FRONT, world.command())
    assert early.value.facts["step"] == Step.PRINT
    world.dpri.down()
    await world.after(world.settings.print_poll_seconds)
    await world.after(world.settings.print_poll_seconds)
    assert world.events(PassportPrinted) == []
    world.dpri.printed = True
    await world.after(world.settings.print_poll_seconds)
    assert [event.office_id for event in world.events(PassportPrinted)] == [make.OFFICE]
    seen = await world.look(application_id)
    assert seen.progress.current_step == Step.COLLECT
    assert "X1234567" not in str(seen.application)
    with pytest.raises(errors.NotYourOffice):
        await counter.hand_out(application_id, "self", ELSEWHERE, world.command())
    done = await counter.hand_out(application_id, "self", FRONT, world.command())
    again = await counter.hand_out(application_id, "self", FRONT, world.command())
    assert done.application == again.application
    assert done.application.status is Status.COLLECTED
    assert len(world.events(PassportCollected)) == 1
    assert await world.run_due() == 0


async def test_a_book_that_nobody_collects_is_cancelled_after_a_month(world: World) -> None:
    application_id = await world.approved()
    world.dpri.printed = True
    await world.run_due()
    await world.after(world.settings.print_poll_seconds)
    await world.after(30 * 86400)
    assert (await state_of(world, application_id)).status is Status.CLOSED
    with pytest.raises(ApplicationEnded):
        await world.service.counter.hand_out(application_id, "self", FRONT, world.command())


async def test_an_approval_whose_file_got_lost_brings_the_file_first(world: World) -> None:
    application_id = await world.approved()
    world.dpri.refuse("file_not_acknowledged")
    await world.run_due()
    state = await state_of(world, application_id)
    assert state.approval is not None
    assert state.approval.problem == "file_not_acknowledged"
    assert world.events(ApprovalHandedOver) == []
    await world.after(world.settings.hand_over_retry_seconds)
    assert len(world.events(FileHandedOver)) == 2
    assert len(world.events(ApprovalHandedOver)) == 1
    record = await world.service.applications.application(application_id)
    await world.service.issuance.approve_due(record, "approval")
    assert len(world.events(ApprovalHandedOver)) == 1
    other = await world.service.applications.application(await another_draft(world))
    await world.service.issuance.look_for_book(other, "printing")


async def test_an_approval_waits_for_its_file(world: World) -> None:
    world.dpri.down(3)
    application_id = await world.booked()
    await world.run_due()
    await world.tell(make.checked_in(application_id=application_id), 5)
    codes = ("ktp", "family_card", "birth_proof")
    counter = world.service.counter
    await counter.see_originals(application_id, codes, INTERVIEWER, world.command())
    await counter.record_interview(application_id, "approved", None, None, INTERVIEWER, world.command())
    await world.run_due()
    assert world.dpri.approvals == []
    for _ in range(12):
        await world.after(world.settings.hand_over_retry_seconds)
    assert len(world.events(FileHandedOver)) == 1
    assert len(world.events(ApprovalHandedOver)) == 1


# the office's list


async def test_an_office_sees_its_own_day(world: World) -> None:
    application_id = await world.booked()
    counter = world.service.counter
    day = make.VISIT.date()
    assert [seen.application_id for seen in await counter.day(make.OFFICE, day, FRONT)] == [application_id]
    assert await counter.day(make.OFFICE, day + timedelta(days=1), FRONT) == []
    assert await counter.day(make.OFFICE, None, FRONT) == []
    world.clock.set(make.VISIT)
    assert len(await counter.day(make.OFFICE, None, FRONT)) == 1
    with pytest.raises(errors.NotYourOffice):
        await counter.day("medan", None, FRONT)
    with pytest.raises(errors.NotYourOffice):
        await counter.day(make.OFFICE, None, OWNER)


async def test_a_payers_case_is_on_the_timeline_and_the_treasurys_own_are_not(world: World) -> None:
    application_id = await world.booked()
    ids = {"case_id": "case-1", "application_id": application_id, "account_id": "acc"}
    before = len((await state_of(world, application_id)).timeline)
    await world.tell(billing.PaymentCaseOpened(kind="double_line", due_at=world.clock.now(), **ids))
    await world.tell(billing.PaymentCaseOpened(kind="unknown_code", due_at=world.clock.now(), case_id="case-2"))
    await world.tell(billing.PaymentCaseOpened(kind="claim_unconfirmed", due_at=world.clock.now(), **ids))
    await world.tell(billing.PaymentCaseClosed(kind="claim_unconfirmed", outcome="confirmed", **ids))
    lines = [(entry.what, entry.detail) for entry in (await state_of(world, application_id)).timeline[before:]]
    assert lines == [("payment_case_opened", "claim_unconfirmed"), ("payment_case_closed", "confirmed")]
