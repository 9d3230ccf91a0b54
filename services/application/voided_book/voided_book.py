"""A book that was approved at a visit which does not count, because its proof of payment was not valid.

An approval that waits is not handed over. One that was is recalled, and ordered again once the fee is paid; where the
book was printed before the recall came, it stays at the office until then.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.application.applications.application import Application, Status
from services.application.applications.hand_over import Approval, Recall, RecallState

HELD_BACK = "approval_held_back"
"""The issuance system was not told to print, or prints no more."""
RECALL_ASKED = "printing_recall_asked"
"""It was told to print; the order is being recalled."""
BOOK_KEPT = "book_kept_back"
"""It has printed: the book must not leave the office."""
BOOK_GONE = "book_left_unpaid"
"""The book was handed out before the proof turned out not to be valid."""


def consequence(application: Application) -> str | None:
    """Return what a visit that does not count means for the book, as a code.

    None where no book was approved, or one visit is paid.
    """
    if not application.visits.unpaid:
        return None
    if application.status is Status.COLLECTED:
        return BOOK_GONE
    if application.status is Status.PRINTED:
        return BOOK_KEPT
    if application.status is not Status.APPROVED:
        return None
    approval = application.approval
    if approval is not None and approval.recall is not None and approval.recall.state is RecallState.TOO_LATE:
        return BOOK_KEPT
    return HELD_BACK if approval is None or approval.acknowledged_at is None else RECALL_ASKED


def settle_order(application: Application, now: datetime) -> Application:
    """The application with the recall that its visit asks for, or with the order again that its fee allows.

    An approval is recalled even if no acknowledgement of its order came: the order may have arrived all the same.
    A recall that is asked for is ended first, whatever is paid meanwhile.
    """
    approval, is_unpaid = application.approval, application.visits.unpaid
    if application.status is not Status.APPROVED or approval is None:
        return application
    recall = approval.recall
    if recall is None and is_unpaid:
        return replace(application, approval=replace(approval, recall=Recall(now, next_try_at=now)))
    if recall is not None and recall.state is RecallState.RECALLED and not is_unpaid:
        again = Approval(approval.approved_at, next_try_at=now, order=approval.order + 1)
        return replace(application, approval=again)
    return application
