"""Transitions of an application whose applicant's particulars were corrected by identity."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from services.application.applications.application import Application, Author, Entry, hand_over_again, with_entry
from services.application.rules import Pace
from shared.store.decision import Decision

IDENTITY: Final = Author("identity")


def particulars_corrected(
    application: Application, line_id: str, pace: Pace, now: datetime
) -> Decision[Application] | None:
    """Make letter and file again with the corrected particulars; the same correction changes nothing twice.

    The letter of a visit that is still to come is due again. The file is handed over again until the issuance system
    has the approval: from then on the book is made, and the timeline says that the correction came too late for it.
    """
    if any(entry.id == line_id for entry in application.timeline):
        return None
    is_too_late = application.approval is not None and application.approval.acknowledged_at is not None
    what = "particulars_corrected_late" if is_too_late else "particulars_corrected"
    state = with_entry(application, Entry(line_id, now, what, IDENTITY.who))
    has_letter = application.letter is not None or application.letter_due_at is not None
    if has_letter and application.interview is None:
        state = replace(state, letter_due_at=now, letter_trouble=None)
    return Decision(state if is_too_late else hand_over_again(state, pace, now))
