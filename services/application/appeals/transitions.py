"""Objections to a refusal, and the grounds on which the interviewer's note is kept from the applicant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.application.applications.application import Appeal, Application
from services.application.texts import Text
from shared.calendar.national import NATIONAL_CALENDAR
from shared.events.application import AppealLodged
from shared.store.decision import Decision

OBJECTION_DAYS: Final = 21
"""Working days after a decision within which it may be objected to (UU 30/2014 art. 77)."""

ANSWER_DAYS: Final = 10
"""Working days within which an objection is answered (UU 30/2014 art. 77)."""


class NoteGround(StrEnum):
    """Grounds on which a note may be kept from the applicant."""

    LAW_ENFORCEMENT = "law_enforcement"
    THIRD_PERSON = "third_person"


NOTE_GROUNDS: Final[Mapping[NoteGround, Text]] = {
    NoteGround.LAW_ENFORCEMENT: Text(
        "The note would hamper an investigation (UU 14/2008 art. 17 letter a).",
        "Catatan dapat menghambat proses penegakan hukum (UU 14/2008 pasal 17 huruf a).",
    ),
    NoteGround.THIRD_PERSON: Text(
        "The note tells of another person's private matters (UU 14/2008 art. 17 letter h).",
        "Catatan memuat rahasia pribadi orang lain (UU 14/2008 pasal 17 huruf h).",
    ),
}


def object_until(refused_at: datetime) -> datetime:
    """Return the moment at which the time for an objection is over."""
    return NATIONAL_CALENDAR.after(refused_at, OBJECTION_DAYS)


def lodged(
    application_id: str, application: Application, by: str, text_sealed: str, now: datetime
) -> Decision[Application]:
    """Note the objection of a refused applicant."""
    appeal = Appeal(now, by, NATIONAL_CALENDAR.after(now, ANSWER_DAYS), text_sealed)
    event = AppealLodged(
        application_id=application_id,
        account_id=application.account_id,
        office_id=application.office_id or "",
        answer_due=appeal.answer_due,
    )
    return Decision(replace(application, appeal=appeal), (event,))


def with_note_withheld(application: Application, ground: NoteGround | None) -> Application:
    """Return the application whose interviewer's note is kept from the applicant on this ground; None opens it."""
    interview = application.interview
    if interview is None:
        return application
    return replace(application, interview=replace(interview, note_withheld=ground.value if ground else None))
