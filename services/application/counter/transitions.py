"""Transitions of an application by interview, collection and missed time limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from services.application.applications.application import Application, Command, Interview, moved, without_work
from services.application.applications.hand_over import Approval, issue_due
from shared.events.application import ApplicationRefused, InterviewRecorded, PassportCollected
from shared.events.codes import InterviewOutcome
from shared.store.decision import Decision

PAPERS_DAYS: Final = 7
"""Missing papers must be completed within seven days of the interview."""

COMMANDS: Final[dict[str, Command]] = {
    InterviewOutcome.APPROVED: Command.APPROVE,
    InterviewOutcome.INCOMPLETE: Command.FIND_INCOMPLETE,
    InterviewOutcome.REFUSED: Command.REFUSE,
}


def interviewed(
    application_id: str, application: Application, interview: Interview, now: datetime
) -> Decision[Application]:
    """Record the outcome of the interview: approved, incomplete or refused."""
    state = replace(moved(application, COMMANDS[interview.outcome]), interview=interview, letter_due_at=None)
    seat = application.visits.last_seat
    recorded = InterviewRecorded(
        application_id=application_id,
        account_id=application.account_id,
        appointment_id=seat.appointment_id if seat else "",
        office_id=application.office_id or "",
        outcome=interview.outcome,
        reason_code=interview.reason_code,
        missing=interview.missing,
        complete_until=interview.complete_until,
        issue_due=issue_due(now) if interview.outcome == InterviewOutcome.APPROVED else None,
        office_timezone=seat.office_timezone if seat else None,
    )
    if interview.outcome == InterviewOutcome.APPROVED:
        return Decision(replace(state, approval=Approval(approved_at=now, next_try_at=now)), (recorded,))
    if interview.outcome == InterviewOutcome.INCOMPLETE:
        return Decision(state, (recorded,))
    ended = _ended(application_id, application, interview.reason_code or "interview_refused")
    return Decision(replace(without_work(state), refusal_letter_due_at=now), (recorded, ended))


def collected(
    application_id: str, application: Application, by: str, collector_sealed: str | None = None
) -> Decision[Application]:
    """Hand the book out: to its holder, or to a person who collects it for them."""
    state = replace(moved(application, Command.COLLECT), collected_by=by, collector_sealed=collector_sealed)
    event = PassportCollected(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        collected_by=by,
    )
    return Decision(without_work(state), (event,))


def lapsed(application_id: str, application: Application, reason_code: str) -> Decision[Application]:
    """Close the application: papers were not completed, or the book was not collected, in time."""
    state = without_work(moved(application, Command.CLOSE))
    return Decision(state, (_ended(application_id, application, reason_code),))


def _ended(application_id: str, application: Application, reason_code: str) -> ApplicationRefused:
    return ApplicationRefused(
        application_id=application_id,
        account_id=application.account_id,
        person_id=application.person_id,
        reason_code=reason_code,
    )
