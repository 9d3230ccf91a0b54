"""The issuance system: file before the visit, approval after the interview, then the wait for the book.

Every try is a deadline, so a crash, a silent system or a lost answer only means another try; the delivery id is made of
the content, so a repeat is the same delivery there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from services.application.alerts import APPROVAL_REFUSED, HAND_OVER_REFUSED, alert
from services.application.applications import application as rules
from services.application.applications.access import refuse_other_offices
from services.application.applications.applicant import IdentityCard
from services.application.applications.application import Application, Author, Status
from services.application.applications.document import Document
from services.application.applications.errors import StepIsOver
from services.application.applications.hand_over import MOST_REFUSALS, Handed, HandOver
from services.application.applications.next_step import Step
from services.application.applications.service import Applications, Seen
from services.application.applications.timeline import add_to_timeline, author_of, with_line
from services.application.context import Actor, UseCaseContext
from services.application.issuance.ports import Dpri, DpriFile, DpriRefuses
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
from services.application.printing.service import note_stage
from services.application.voided_book.service import alert_of_book, note_voided_book
from shared.errors import UpstreamDown
from shared.ids import derived_id
from shared.service import InvariantReport
from shared.store.decision import Decision
from shared.store.kinds import Record

ACKNOWLEDGED: Final = frozenset({"acknowledged", "queued", "printed"})
PRINTED: Final = "printed"
NOT_ACCEPTED: Final = "documents_not_accepted"
UPSTREAM_DOWN: Final = "upstream_down"
NOT_ACKNOWLEDGED: Final = "file_not_acknowledged"
REJECTED: Final = "rejected"
MOMENTARY: Final = frozenset(
    {
        NOT_ACKNOWLEDGED,
        "status_401",
        "status_403",
        "status_404",
        "status_408",
        "status_425",
        "status_429",
        "not_authenticated",
        "not_authorized",
        "forbidden",
        "not_found",
        "too_many_requests",
    }
)
"""Refusals that pass by themselves, or are of our login or address: they say nothing of the file."""

Outcome = tuple[str | None, bool]
DPRI: Final = Author("dpri")
SYSTEM: Final = Author("application")
MOST_BROKEN: Final = 100


class Issuance:
    """The use cases around the issuance system."""

    def __init__(self, context: UseCaseContext, applications: Applications, dpri: Dpri) -> None:
        self._context = context
        self._applications = applications
        self._dpri = dpri

    async def hand_over_due(self, record: Record[Application], _name: str) -> None:
        """Try to hand the file over; held back while a document that must go is not accepted."""
        application = record.state
        hand_over = application.hand_over
        if hand_over is None:
            return
        compulsory = [item.code for item in self._applications.items(application) if item.compulsory]
        documents = rules.to_hand_over(application, compulsory)
        if documents is None:
            await self._update(record.id, hand_over.visit_key, lambda state: held_back(state, NOT_ACCEPTED))
            return
        card = await self._applications.card(application.applicant_id)
        file = file_for(record.id, application, card, documents)
        problem, refused = await self._give(application.number, file)
        now, pace = self._context.now(), self._context.settings.pace

        def decide(state: Application) -> Decision[Application] | None:
            if was_asked_again(hand_over, state.hand_over):
                return None  # the next try hands over what holds now
            if problem is None:
                done = acknowledged(record.id, state, delivery_id=file.delivery_id, documents=documents, now=now)
                return with_line(done, f"handed:{file.delivery_id}", now, "file_handed_over", DPRI)
            return handed(
                state,
                delivery_id=file.delivery_id,
                documents=documents,
                problem=problem,
                pace=pace,
                now=now,
                refused=refused,
            )

        saved = (await self._update(record.id, hand_over.visit_key, decide)).state.hand_over
        if saved is not None and saved.refusals >= MOST_REFUSALS:
            alert(HAND_OVER_REFUSED, application_id=record.id, problem=saved.problem, tries=saved.tries)

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
        not count: it waits for the fee.
        """
        application = record.state
        if application.approval is None or application.interview is None or application.visits.unpaid:
            return
        content = {
            "outcome": application.interview.outcome,
            "approved_at": application.approval.approved_at.isoformat(),
            "originals": sorted(application.originals),
        }
        problem, refused = await self._approve(application, content)
        now, pace = self._context.now(), self._context.settings.pace

        def decide(state: Application) -> Decision[Application] | None:
            if state.approval is None or state.approval.acknowledged_at is not None:
                return None
            if problem is None:
                decision = approval_acknowledged(record.id, state, pace, now)
                done = with_line(decision, "approval_handed_over", now, "approval_handed_over", DPRI)
                return Decision(note_voided_book(done.state, now), done.events)
            waiting = approval_waits(state, problem, pace, now, refused=refused).state
            lost = state.hand_over is not None and state.hand_over.next_try_at is None
            if problem == NOT_ACKNOWLEDGED and lost and waiting.approval is not None:
                # With the approval's own pause, so that two systems that disagree do not ask each other without end.
                waiting = rules.hand_over_again(waiting, pace, now, at=waiting.approval.next_try_at)
            return Decision(waiting)

        saved = await self._applications.change(record.id, decide)
        alert_of_book(saved)
        approval = saved.state.approval
        if approval is not None and approval.refusals >= MOST_REFUSALS:
            alert(APPROVAL_REFUSED, application_id=record.id, problem=approval.problem, tries=approval.tries)

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
            if state.status is not Status.APPROVED:
                return None
            if number is None:
                return note_stage(record.id, not_printed_yet(state, pace, now), seen.state if seen else None, now)
            decision = printed(record.id, state, number, now)
            return with_line(decision, "passport_printed", now, "passport_printed", DPRI)

        await self._applications.change(record.id, decide)

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

    async def _give(self, number: str, file: DpriFile) -> Outcome:
        """The problem, none once acknowledged, and whether it was a no that will not change by itself."""
        try:
            state = await self._dpri.hand_over(number, file)
        except UpstreamDown:
            return UPSTREAM_DOWN, False
        except DpriRefuses as refuses:
            return refuses.code, refuses.code not in MOMENTARY
        return (None, False) if state.state in ACKNOWLEDGED else (state.state, state.state == REJECTED)

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


def file_for(
    application_id: str, application: Application, card: IdentityCard, documents: tuple[Handed, ...]
) -> DpriFile:
    """The file as the issuance system takes it; the same content always has the same delivery id."""
    answers, seat = application.answers, application.visits.last_seat
    by_id = {document.document_id: document for document in application.documents}
    content = {
        "kind": answers.passport_kind.value if answers else "",
        "applicant": {
            "full_name": card.full_name,
            "nik": card.nik,
            "birth_place": card.birth_place,
            "birth_date": card.birth_date.isoformat(),
            "sex": card.sex,
        },
        "reason": answers.reason.value if answers else "",
        "validity_years": answers.validity_years if answers else 0,
        "minor": application.minor,
        "office_id": application.office_id,
        "visit_at": application.visit_at.isoformat() if application.visit_at else None,
        "appointment_id": seat.appointment_id if seat else None,
        "documents": [
            {
                "document_id": document.document_id,
                "requirement": by_id[document.document_id].requirement,
                "paper": by_id[document.document_id].paper,
                "page": by_id[document.document_id].page,
                "media_type": by_id[document.document_id].media_type,
                "sha256": document.sha256,
            }
            for document in documents
        ],
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return DpriFile(derived_id("delivery", application_id, digest), content)


def was_asked_again(tried: HandOver, newest: HandOver | None) -> bool:
    """Return whether the file was asked for while a try was under way: that try does not count."""
    return newest is not None and newest.next_try_at != tried.next_try_at


def _was_accepted(document: Document | None, handed: Handed) -> bool:
    return document is not None and document.accepted_at is not None and document.sha256 == handed.sha256
