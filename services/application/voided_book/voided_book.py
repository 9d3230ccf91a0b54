"""A book that was approved at a visit which does not count, because its proof of payment was not valid.

The issuance system knows no way back: what it was told to print, it prints. So an approval that it does not have yet
waits, and a book that it was told of stays at the office, until the fee is paid after all.
"""

from __future__ import annotations

from services.application.applications.application import Application, Status

HELD_BACK = "approval_held_back"
"""The issuance system was not told to print."""
BOOK_KEPT = "book_kept_back"
"""It was: the book must not leave the office."""
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
    if application.status not in (Status.APPROVED, Status.PRINTED):
        return None
    approval = application.approval
    return HELD_BACK if approval is None or approval.acknowledged_at is None else BOOK_KEPT
