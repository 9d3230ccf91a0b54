"""Transitions of an application between the hand-over of its file and the printed book."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.application.applications.application import Application, Command, moved
from services.application.applications.book import BookFacts
from services.application.applications.hand_over import (
    MOST_REFUSALS,
    PICTURE_REFUSED,
    PICTURES_UNDER_WAY,
    RECALL_TRANSITIONS,
    Approval,
    Handed,
    HandOver,
    Recall,
    RecallCommand,
    RecallState,
)
from services.application.rules import Pace
from shared.events.application import (
    ApprovalHandedOver,
    FileHandedOver,
    HandOverOverdue,
    PassportPrinted,
    PrintingRecalled,
    RecallCameTooLate,
)
from shared.store.decision import Decision
from shared.store.transitions import IllegalTransition

COLLECTION_DAYS: Final = 30
"""A passport that is not collected within a month of issue is cancelled (Permenkumham 8/2014 art. 30)."""


def handed(
    application: Application,
    *,
    delivery_id: str,
    documents: tuple[Handed, ...],
    problem: str | None,
    pace: Pace,
    now: datetime,
    refused: bool = False,
) -> Decision[Application]:
    """A try to hand the file over ended without an acknowledgement, for the coded reason; it is tried again.

    What was ``refused`` `MOST_REFUSALS` times in a row is not: the office's alert is due at once, and its staff (or a
    changed document) has it handed over again.
    """
    hand_over = _hand_over(application)
    tries = hand_over.tries + 1
    refusals = hand_over.refusals + 1 if refused else 0
    given_up = refusals >= MOST_REFUSALS
    again = replace(
        hand_over,
        tries=tries,
        refusals=refusals,
        delivery_id=delivery_id,
        documents=documents,
        handed_at=now,
        problem=problem,
        next_try_at=None if given_up else now + pace.retry_after(tries),
        alert_at=min(hand_over.alert_at, now) if given_up else hand_over.alert_at,
    )
    return Decision(replace(application, hand_over=again))


def pictures_wait(
    application: Application,
    *,
    delivery_id: str,
    documents: tuple[Handed, ...],
    pace: Pace,
    now: datetime,
    has_more: bool = False,
) -> Decision[Application]:
    """The issuance system has the file, and not all its pictures yet: those go on, at once where only the time of one
    try was over (``has_more``).

    Where all that lacks is refused, the office's alert is due at once, and its staff (or a changed document) has it
    handed over again.
    """
    hand_over = _hand_over(application)
    waiting = [document for document in documents if document.waiting]
    tries = hand_over.tries if has_more else hand_over.tries + 1
    next_try_at = now if has_more else now + pace.retry_after(tries)
    problems = [document.problem for document in documents if document.problem is not None]
    is_refused = any(document.refused for document in documents)
    again = replace(
        hand_over,
        tries=tries,
        refusals=0,
        delivery_id=delivery_id,
        documents=documents,
        handed_at=now,
        problem=PICTURE_REFUSED if is_refused else next(iter(problems), PICTURES_UNDER_WAY),
        next_try_at=next_try_at if waiting else None,
        alert_at=min(hand_over.alert_at, now) if is_refused else hand_over.alert_at,
    )
    return Decision(replace(application, hand_over=again))


def acknowledged(
    application_id: str, application: Application, *, delivery_id: str, documents: tuple[Handed, ...], now: datetime
) -> Decision[Application]:
    """The issuance system has the file and all its pictures."""
    hand_over = _hand_over(application)
    done = replace(
        hand_over,
        tries=hand_over.tries + 1,
        refusals=0,
        delivery_id=delivery_id,
        documents=documents,
        handed_at=now,
        acknowledged_at=now,
        next_try_at=None,
        problem=None,
        overdue_since=None,
    )
    approval = application.approval
    if approval is not None and approval.acknowledged_at is None:
        application = replace(application, approval=replace(approval, next_try_at=now, refusals=0))
    seat = application.visits.last_seat
    event = FileHandedOver(
        application_id=application_id,
        account_id=application.account_id,
        appointment_id=seat.appointment_id if seat else "",
    )
    return Decision(replace(application, hand_over=done), (event,))


def held_back(application: Application, problem: str) -> Decision[Application]:
    """The file cannot be handed over until a person acts: nothing is tried until then, the alert stays."""
    return Decision(replace(application, hand_over=replace(_hand_over(application), next_try_at=None, problem=problem)))


def overdue(application_id: str, application: Application, now: datetime) -> Decision[Application]:
    """The visit is tomorrow and the file is not acknowledged."""
    hand_over, seat = _hand_over(application), application.visits.last_seat
    state = replace(application, hand_over=replace(hand_over, overdue_since=now))
    event = HandOverOverdue(
        application_id=application_id,
        appointment_id=seat.appointment_id if seat else "",
        office_id=application.office_id or "",
    )
    return Decision(state, (event,))


def approval_waits(
    application: Application, problem: str, pace: Pace, now: datetime, *, refused: bool = False
) -> Decision[Application]:
    """A try to hand the approval over failed, for the coded reason; it is tried again, unless it was ``refused``
    `MOST_REFUSALS` times in a row: then it goes with the file, once the office has that handed over again."""
    approval = _approval(application)
    tries = approval.tries + 1
    refusals = approval.refusals + 1 if refused else 0
    next_try_at = None if refusals >= MOST_REFUSALS else now + pace.retry_after(tries)
    again = replace(approval, tries=tries, refusals=refusals, problem=problem, next_try_at=next_try_at)
    return Decision(replace(application, approval=again))


def approval_acknowledged(
    application_id: str, application: Application, pace: Pace, now: datetime
) -> Decision[Application]:
    """The issuance system has the approval; from now on it is asked whether the book is printed."""
    approval = _approval(application)
    done = replace(
        approval,
        tries=approval.tries + 1,
        acknowledged_at=now,
        next_try_at=None,
        problem=None,
        next_poll_at=now + timedelta(seconds=pace.print_poll_seconds),
    )
    event = ApprovalHandedOver(application_id=application_id, account_id=application.account_id)
    return Decision(replace(application, approval=done), (event,))


def not_printed_yet(application: Application, pace: Pace, now: datetime) -> Decision[Application]:
    """The book is not printed: ask again later."""
    approval = _approval(application)
    later = now + timedelta(seconds=pace.print_poll_seconds)
    return Decision(replace(application, approval=replace(approval, polls=approval.polls + 1, next_poll_at=later)))


def printed(
    application_id: str,
    application: Application,
    passport_number_sealed: str,
    now: datetime,
    book: BookFacts | None = None,
) -> Decision[Application]:
    """The book is printed and waits for its holder."""
    found = recall_too_late(application_id, application, now)
    collect_until = now + timedelta(days=COLLECTION_DAYS)
    state = replace(
        moved(found.state, Command.PRINT),
        approval=replace(_approval(found.state), next_poll_at=None, printed_at=now),
        passport_number_sealed=passport_number_sealed,
        printed_book=book,
        collect_until=collect_until,
    )
    event = PassportPrinted(
        application_id=application_id,
        account_id=application.account_id,
        office_id=application.office_id or "",
        collect_until=collect_until,
        office_timezone=application.office_timezone,
    )
    return Decision(state, (*found.events, event))


def recall_waits(
    application: Application, problem: str, pace: Pace, now: datetime, *, is_refused: bool
) -> Decision[Application]:
    """A try to recall the order failed, for the coded reason; it is tried again without end."""
    recall = _recall(application)
    tries = recall.tries + 1
    refusals = recall.refusals + 1 if is_refused else 0
    next_try_at = now + pace.retry_after(tries)
    return _with_recall(
        application, replace(recall, tries=tries, refusals=refusals, problem=problem, next_try_at=next_try_at)
    )


def recall_confirmed(application_id: str, application: Application, now: datetime) -> Decision[Application]:
    """The issuance system does not print: the order is taken back, and the approval waits for the fee."""
    decision = _with_recall(application, _ended_recall(application, RecallCommand.CONFIRM, now))
    approval = replace(
        _approval(decision.state), acknowledged_at=None, next_try_at=None, next_poll_at=None, problem=None
    )
    event = PrintingRecalled(
        application_id=application_id, account_id=application.account_id, office_id=application.office_id or ""
    )
    return Decision(replace(decision.state, approval=approval), (event,))


def recall_too_late(application_id: str, application: Application, now: datetime) -> Decision[Application]:
    """The book was printed before the recall came: the office keeps it. Nothing where no recall is asked for.

    So the order had arrived, whether its acknowledgement came or not, and the book is looked for.
    """
    approval = _approval(application)
    if approval.recall is None or approval.recall.state is not RecallState.ASKED:
        return Decision(application)
    ended = _ended_recall(application, RecallCommand.FIND_PRINTED, now)
    arrived = replace(
        approval,
        recall=ended,
        acknowledged_at=approval.acknowledged_at or now,
        next_try_at=None,
        next_poll_at=approval.next_poll_at or now,
    )
    event = RecallCameTooLate(
        application_id=application_id, account_id=application.account_id, office_id=application.office_id or ""
    )
    return Decision(replace(application, approval=arrived), (event,))


def _ended_recall(application: Application, command: RecallCommand, now: datetime) -> Recall:
    recall = _recall(application)
    state = RECALL_TRANSITIONS.after(recall.state, command)
    return replace(recall, state=state, tries=recall.tries + 1, problem=None, next_try_at=None, ended_at=now)


def _with_recall(application: Application, recall: Recall) -> Decision[Application]:
    return Decision(replace(application, approval=replace(_approval(application), recall=recall)))


def _hand_over(application: Application) -> HandOver:
    if application.hand_over is None:
        raise IllegalTransition(application.status, Command.APPROVE)
    return application.hand_over


def _approval(application: Application) -> Approval:
    if application.approval is None:
        raise IllegalTransition(application.status, Command.PRINT)
    return application.approval


def _recall(application: Application) -> Recall:
    recall = _approval(application).recall
    if recall is None:
        raise IllegalTransition(application.status, Command.PRINT)
    return recall
