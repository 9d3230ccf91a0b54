"""The issuance system: file before the visit, approval after the interview, then the wait for the book.

Every try is a deadline, so a crash, a silent system or a lost answer only means another try; the delivery id is made of
the content, so a repeat is the same delivery there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.application.alerts import APPROVAL_REFUSED, HAND_OVER_REFUSED, alert
from services.application.applications import application as rules
from services.application.applications.access import refuse_other_offices
from services.application.applications.application import Application, Author, Status
from services.application.applications.book import BookFacts, expected_book, told_book
from services.application.applications.document import Document
from services.application.applications.errors import StepIsOver
from services.application.applications.hand_over import (
    MOST_REFUSALS,
    PICTURE_REFUSED,
    Handed,
    HandOver,
    with_known_pictures,
)
from services.application.applications.next_step import Step
from services.application.applications.service import Applications, Seen
from services.application.applications.timeline import add_to_timeline, author_of, with_line
from services.application.context import Actor, UseCaseContext
from services.application.issuance.file_content import file_for
from services.application.issuance.pictures import PictureHandOver
from services.application.issuance.ports import Dpri, DpriFile, DpriRefuses, DpriState
from services.application.issuance.problems import (
    ACKNOWLEDGED,
    DPRI,
    LOST_THERE,
    MOMENTARY,
    NOT_ACCEPTED,
    NOT_ACKNOWLEDGED,
    PRINTED,
    REJECTED,
    UPSTREAM_DOWN,
)
from services.application.issuance.recalls import order_id
from services.application.issuance.transitions import (
    acknowledged,
    approval_acknowledged,
    approval_waits,
    handed,
    held_back,
    not_printed_yet,
    overdue,
    pictures_wait,
    printed,
)
from services.application.printing.service import note_stage
from services.application.requirements.requirement import day_at_capital
from services.application.voided_book.service import alert_of_book, note_voided_book
from shared.errors import UpstreamDown
from shared.service import InvariantReport
from shared.store.decision import Decision
from shared.store.kinds import Record

Outcome = tuple[str | None, bool]
SYSTEM: Final = Author("application")
MOST_BROKEN: Final = 100


class Issuance:
    """The use cases around the issuance system."""

    def __init__(self, context: UseCaseContext, applications: Applications, dpri: Dpri) -> None:
        self._context = context
        self._applications = applications
        self._dpri = dpri
        self._pictures = PictureHandOver(context, dpri)

    async def hand_over_due(self, record: Record[Application], _name: str) -> None:
        """Try to hand the file and then its pictures over; held back while a document that must go is not accepted.

        The issuance system's answer to the file names the pictures that it has: only the others are sent.
        """
        application = record.state
        hand_over = application.hand_over
        if hand_over is None:
            return
        compulsory = [item.code for item in self._applications.items(application) if item.compulsory]
        documents = rules.to_hand_over(application, compulsory)
        if documents is None:
            await self._update(record.id, hand_over.visit_key, lambda state: held_back(state, NOT_ACCEPTED))
            return
        documents = with_known_pictures(documents, hand_over.documents)
        file = await self._file(record.id, application, documents)
        problem, refused, there = await self._give(application.number, file)
        has_more = False
        if there is not None:
            documents, has_more = await self._pictures.give(application, file.delivery_id, documents, there.pictures)
        now, pace = self._context.now(), self._context.settings.pace
        tried: dict[str, Any] = {"delivery_id": file.delivery_id, "documents": documents, "now": now}

        def decide(state: Application) -> Decision[Application] | None:
            if was_asked_again(hand_over, state.hand_over):
                return None  # the next try hands over what holds now
            if problem is not None:
                return handed(state, problem=problem, pace=pace, refused=refused, **tried)
            if all(document.acknowledged_at is not None for document in documents):
                done = acknowledged(record.id, state, **tried)
                return with_line(done, f"handed:{file.delivery_id}", now, "file_handed_over", DPRI)
            waiting = pictures_wait(state, pace=pace, has_more=has_more, **tried)
            return Decision(self._with_refused_pictures(waiting.state, hand_over, now), waiting.events)

        saved = (await self._update(record.id, hand_over.visit_key, decide)).state.hand_over
        if saved is not None and (saved.refusals >= MOST_REFUSALS or _newly_refused(hand_over, saved)):
            alert(HAND_OVER_REFUSED, application_id=record.id, problem=saved.problem, tries=saved.tries)

    @staticmethod
    def _with_refused_pictures(application: Application, tried: HandOver, now: datetime) -> Application:
        """The application with a line for each picture that is refused from now on, which names its item."""
        assert application.hand_over is not None  # noqa: S101 - it was just tried
        for handed_document in _newly_refused(tried, application.hand_over):
            known = application.document(handed_document.document_id)
            line_id = f"picture_refused:{handed_document.document_id}:{now.isoformat()}"
            item = known.requirement if known else None
            application = add_to_timeline(application, line_id, now, PICTURE_REFUSED, DPRI, item)
        return application

    async def alert_due(self, record: Record[Application], _name: str) -> None:
        """The evening before the visit has come and the file is not acknowledged: tell the office."""
        now = self._context.now()

        def decide(state: Application) -> Decision[Application] | None:
            hand_over = state.hand_over
            if hand_over is None or hand_over.acknowledged_at or hand_over.overdue_since or now < hand_over.alert_at:
                return None
            decision = overdue(record.id, state, now)
            return with_line(decision, f"overdue:{hand_over.visit_key}", now, "hand_over_overdue", SYSTEM)

        await self._applications.change(record.id, decide)

    async def resend(self, application_id: str, who: Actor, command_id: str) -> Seen:
        """The office has the file handed over now; the same content is the same delivery there.

        Raises:
            NotYourOffice. StepComesFirst: no visit is certain. StepIsOver: the approval is there already.
        """
        record = await self._applications.application(application_id)
        refuse_other_offices(record.state, who)
        now = self._context.now()

        def decide(state: Application) -> Decision[Application]:
            if state.hand_over is None:
                self._applications.refuse_early(state, Step.COME)
                raise StepIsOver(state=state.status.value)
            if state.approval is not None and state.approval.acknowledged_at is not None:
                raise StepIsOver(state=state.status.value)
            again = rules.hand_over_again(state, self._context.settings.pace, now)
            return Decision(
                add_to_timeline(again, f"resend:{command_id}", now, "hand_over_asked_again", author_of(who))
            )

        return self._applications.seen(
            await self._applications.change(application_id, decide, received=command_id), who
        )

    async def approve_due(self, record: Record[Application], _name: str) -> None:
        """Hand the approval over; where the file itself is not there yet, that comes first. Not for a visit that does
        not count, which waits for the fee, nor while its order is being recalled.
        """
        application = record.state
        approval = application.approval
        if approval is None or application.interview is None or application.visits.unpaid or approval.recall:
            return
        content = {
            "order_id": order_id(record.id, approval),
            "outcome": application.interview.outcome,
            "approved_at": approval.approved_at.isoformat(),
            "originals": sorted(application.originals),
        }
        problem, refused = await self._approve(application, content)
        now, pace = self._context.now(), self._context.settings.pace

        def decide(state: Application) -> Decision[Application] | None:
            known = state.approval
            if known is None or known.acknowledged_at is not None or known.order != approval.order:
                return None
            if known.recall is not None and known.recall.ended_at is not None:
                return None  # taken back meanwhile, whichever came first there
            if problem is None:
                decision = approval_acknowledged(record.id, state, pace, now)
                done = with_line(decision, "approval_handed_over", now, "approval_handed_over", DPRI)
                return Decision(note_voided_book(done.state, now), done.events)
            waiting = approval_waits(state, problem, pace, now, refused=refused).state
            lost = state.hand_over is not None and state.hand_over.next_try_at is None
            if problem in LOST_THERE and lost and waiting.approval is not None:
                # With the approval's own pause, so that two systems that disagree do not ask each other without end.
                waiting = rules.hand_over_again(waiting, pace, now, at=waiting.approval.next_try_at)
            return Decision(waiting)

        saved = await self._applications.change(record.id, decide)
        alert_of_book(saved)
        kept = saved.state.approval
        if kept is not None and kept.refusals >= MOST_REFUSALS:
            alert(APPROVAL_REFUSED, application_id=record.id, problem=kept.problem, tries=kept.tries)

    async def look_for_book(self, record: Record[Application], _name: str) -> None:
        """Ask whether the book is printed."""
        try:
            seen = await self._dpri.get_state(record.state.number)
        except (UpstreamDown, DpriRefuses):
            seen = None
        now, pace = self._context.now(), self._context.settings.pace
        number: str | None = None
        if seen is not None and seen.state == PRINTED:
            vault, applicant_id = self._applications.vault, record.state.applicant_id
            number = await vault.seal_passport_number(seen.passport_number or "", record.id, applicant_id)

        def decide(state: Application) -> Decision[Application] | None:
            if state.status is not Status.APPROVED or state.approval is None or state.approval.acknowledged_at is None:
                return None
            if number is None:
                return note_stage(record.id, not_printed_yet(state, pace, now), seen.state if seen else None, now)
            decision = printed(record.id, state, number, now, _book_of(state, seen, now))
            done = with_line(decision, "passport_printed", now, "passport_printed", DPRI)
            return Decision(note_voided_book(done.state, now), done.events)

        saved = await self._applications.change(record.id, decide)
        if number is not None:
            alert_of_book(saved)

    async def only_accepted_documents_were_handed_over(self) -> InvariantReport:
        """I9: every document that was handed over had been accepted by then."""
        checked = 0
        broken: list[str] = []
        async for record in self._applications.repository.all_applications():
            hand_over = record.state.hand_over
            if hand_over is None or hand_over.handed_at is None:
                continue
            checked += 1
            documents = [(record.state.document(document.document_id), document) for document in hand_over.documents]
            if not all(_was_accepted(document, handed) for document, handed in documents) and len(broken) < MOST_BROKEN:
                broken.append(record.id)
        return InvariantReport(checked, tuple(broken))

    async def _file(self, application_id: str, application: Application, documents: tuple[Handed, ...]) -> DpriFile:
        applicants = self._applications
        card = await applicants.card(application.applicant_id)
        return file_for(application_id, application, card, await applicants.guardian_card(application), documents)

    async def _give(self, number: str, file: DpriFile) -> tuple[str | None, bool, DpriState | None]:
        """The problem, whether it was a no that will not change by itself, and the state once it is acknowledged."""
        try:
            state = await self._dpri.hand_over(number, file)
        except UpstreamDown:
            return UPSTREAM_DOWN, False, None
        except DpriRefuses as refuses:
            return refuses.code, refuses.code not in MOMENTARY, None
        if state.state in ACKNOWLEDGED:
            return None, False, state
        return state.state, state.state == REJECTED, None

    async def _approve(self, application: Application, content: Mapping[str, Any]) -> Outcome:
        if application.hand_over is None or application.hand_over.acknowledged_at is None:
            return NOT_ACKNOWLEDGED, False
        try:
            await self._dpri.approve(application.number, content)
        except UpstreamDown:
            return UPSTREAM_DOWN, False
        except DpriRefuses as refuses:
            return refuses.code, refuses.code not in MOMENTARY
        return None, False

    async def _update(self, application_id: str, visit_key: str, decide: rules.Decide) -> Record[Application]:
        """Change what belongs to this visit's file; nothing if another visit has taken its place meanwhile."""

        def guarded(state: Application) -> Decision[Application] | None:
            if state.hand_over is None or state.hand_over.visit_key != visit_key:
                return None
            return decide(state)

        return await self._applications.change(application_id, guarded)


def was_asked_again(tried: HandOver, newest: HandOver | None) -> bool:
    """Return whether the file was asked for while a try was under way: that try does not count."""
    return newest is not None and newest.next_try_at != tried.next_try_at


def _newly_refused(tried: HandOver, newest: HandOver) -> list[Handed]:
    """Return the pictures that the last try has found refused for good."""
    before = {document.document_id for document in tried.documents if document.refused}
    return [document for document in newest.documents if document.refused and document.document_id not in before]


def _was_accepted(document: Document | None, handed: Handed) -> bool:
    return document is not None and document.accepted_at is not None and document.sha256 == handed.sha256


def _book_of(application: Application, seen: DpriState | None, now: datetime) -> BookFacts:
    expected = expected_book(application.answers, minor=application.minor, printed_on=day_at_capital(now))
    return told_book(expected, seen.passport_kind, seen.issued_on, seen.expires_on) if seen is not None else expected
