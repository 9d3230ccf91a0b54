"""Objections to a refusal, and the interviewer's note: opened by the head of the office, and in an appeal."""

from __future__ import annotations

from dataclasses import dataclass

from services.application import errors
from services.application.appeals.errors import AppealComesFirst, AppealTooLate, NoNoteWritten, NoteWithheld
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
    note: str
    appeal_text: str | None


class Appeals:
    """The use cases of objections and notes."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def lodge(self, application_id: str, text: str, who: Actor, command_id: str) -> Seen:
        """Note the applicant's objection; a second one changes nothing.

        Raises:
            NotFound, NotYourOffice, AssistanceNeeded. ApplicationNotRefused. AppealTooLate.
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

        return self._applications.seen(
            await self._applications.change(application_id, decide, received=command_id), who
        )

    async def open_note(self, application_id: str, who: Actor, region_offices: tuple[str, ...] = ()) -> OpenedNote:
        """Return the interviewer's note: for the head of the office at any time; once an objection was lodged also for
        the office above, which decides a further appeal, and for the applicant, unless the head withheld it.

        Raises:
            NotFound, NotYourOffice. AppealComesFirst. NoteWithheld. NoNoteWritten.
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
        if interview is None or interview.note_sealed is None:
            raise NoNoteWritten
        if interview.note_withheld is not None and not who.is_staff:
            raise NoteWithheld(interview.note_withheld)
        return OpenedNote(
            application,
            interview,
            await vault.open_note(interview.note_sealed, application_id, application.applicant_id),
            await vault.appeal_text(application_id, application),
        )

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
