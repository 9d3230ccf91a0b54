"""Objections to a refusal, and the interviewer's note: opened by the head of the office, and in an appeal."""

from __future__ import annotations

from dataclasses import dataclass

from services.application import errors
from services.application.appeals.errors import (
    AppealComesFirst,
    AppealLodgedAlready,
    AppealTooLate,
    NoNoteWritten,
    NoteWithheld,
)
from services.application.appeals.transitions import NoteGround, lodged, object_until, with_note_withheld
from services.application.applications.access import refuse_other_offices, refuse_strangers, refuse_unassisted
from services.application.applications.application import Application, Interview, Status
from services.application.applications.errors import ApplicationNotRefused
from services.application.applications.service import Applications, Seen
from services.application.applications.timeline import add_to_timeline, author_of, with_line
from services.application.context import Actor, UseCaseContext
from shared.store.decision import Decision
from shared.tokens import Role


@dataclass(frozen=True)
class OpenedNote:
    """A note in the open, with the application that it is about."""

    application: Application
    interview: Interview
    note: str | None
    """None where the interviewer wrote none: the objection is read all the same."""
    appeal_text: str | None


class Appeals:
    """The use cases of objections and notes."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def lodge(self, application_id: str, text: str, who: Actor, command_id: str) -> Seen:
        """Note the applicant's objection; the same text again, and any once its time of keeping is over, is no error.

        Raises:
            NotFound, NotYourOffice, AssistanceNeeded. ApplicationNotRefused. AppealTooLate.
            AppealLodgedAlready: there is one with another text.
        """
        record = await self._applications.application(application_id)
        refuse_unassisted(record.state, who)
        refused_interview(record.state)
        sealed = await self._applications.vault.seal_appeal(text, application_id, record.state.applicant_id)
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            until = object_until(refused_interview(application).at)
            if application.appeal is not None:
                return None
            if now >= until:
                raise AppealTooLate(until=until.isoformat())
            decision = lodged(application_id, application, who.account_id, sealed, now)
            return with_line(decision, "appeal", now, "appeal_lodged", author_of(who))

        saved = await self._applications.change(application_id, decide, received=command_id)
        if await self._applications.vault.appeal_text(application_id, saved.state) not in (None, text):
            raise AppealLodgedAlready(field="/text")
        return self._applications.seen(saved, who)

    async def open_note(self, application_id: str, who: Actor, region_offices: tuple[str, ...] = ()) -> OpenedNote:
        """Return the interviewer's note with the objection, if there is one.

        The head of the office reads it at any time; once an objection was lodged so do the office above, which decides
        a further appeal, and the applicant, unless the head withheld the note.

        Raises:
            NotFound, NotYourOffice. AppealComesFirst. NoteWithheld. NoNoteWritten: there is no objection either.
        """
        application = (await self._applications.application(application_id)).state
        if who.role is Role.REGIONAL_OFFICER:
            if application.office_id not in region_offices:
                raise errors.NotYourOffice
        elif who.is_staff:
            refuse_other_offices(application, who)
        else:
            refuse_strangers(application, who)
        if application.appeal is None and who.role is not Role.OFFICE_ADMIN:
            raise AppealComesFirst
        interview, vault = application.interview, self._applications.vault
        appeal_text = await vault.appeal_text(application_id, application)
        if interview is None or (interview.note_sealed is None and appeal_text is None):
            raise NoNoteWritten
        if interview.note_withheld is not None and not who.is_staff:
            raise NoteWithheld(interview.note_withheld)
        sealed = interview.note_sealed
        note = await vault.open_note(sealed, application_id, application.applicant_id) if sealed is not None else None
        return OpenedNote(application, interview, note, appeal_text)

    async def withhold_note(self, application_id: str, ground: NoteGround | None, who: Actor, command_id: str) -> Seen:
        """Keep the note from the applicant on a ground of the law, or open it again.

        Raises:
            NotFound, NotYourOffice. NoNoteWritten.
        """
        record = await self._applications.application(application_id)
        refuse_other_offices(record.state, who)
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            interview = application.interview
            if interview is None or interview.note_sealed is None:
                raise NoNoteWritten
            if interview.note_withheld == ground:
                return None
            line, detail = ("note_withheld", ground.value) if ground else ("note_opened", None)
            state = with_note_withheld(application, ground)
            return Decision(add_to_timeline(state, f"note:{command_id}", now, line, author_of(who), detail))

        return self._applications.seen(
            await self._applications.change(application_id, decide, received=command_id), who
        )


def refused_interview(application: Application) -> Interview:
    """Return the interview that ended in a refusal.

    Raises:
        ApplicationNotRefused: there is none.
    """
    if application.status is not Status.REFUSED or application.interview is None:
        raise ApplicationNotRefused
    return application.interview
