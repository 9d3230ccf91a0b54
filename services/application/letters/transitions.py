"""Transitions of the cover letter of an application."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.application.applications.application import Application, Letter, LetterTrouble, refer_to_files
from shared.events.application import LetterReady
from shared.store.decision import Decision

MOST_LETTER_TRIES: Final = 3
"""Of one visit's letter. Typesetting asks nothing of the outside: what fails three times fails always."""


LETTER_PAUSE: Final = timedelta(seconds=60)
"""Between two tries of a letter."""


def lettered(application_id: str, application: Application, letter: Letter) -> Decision[Application]:
    """The letter is stored."""
    seat = application.visits.seat
    state = refer_to_files(replace(application, letter=letter, letter_due_at=None, letter_trouble=None))
    if seat is None or seat.visit_key != letter.visit_key:
        return Decision(replace(application, letter_due_at=None))
    event = LetterReady(
        application_id=application_id, account_id=application.account_id, appointment_id=seat.appointment_id
    )
    return Decision(state, (event,))


def letter_failed(application: Application, visit_key: str, problem: str, now: datetime) -> Application:
    """A try to make the visit's letter failed: tried again after a pause, given up after `MOST_LETTER_TRIES`."""
    known = application.letter_trouble
    tries = known.tries + 1 if known is not None and known.visit_key == visit_key else 1
    given_up = tries >= MOST_LETTER_TRIES
    trouble = LetterTrouble(visit_key, tries, problem, failed_at=now if given_up else None)
    return replace(application, letter_trouble=trouble, letter_due_at=None if given_up else now + LETTER_PAUSE)


def letter_again(application: Application, now: datetime) -> Application:
    """The letter is due now, with all its tries."""
    return replace(application, letter_trouble=None, letter_due_at=now)
