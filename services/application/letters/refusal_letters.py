"""The letter of refusal: reason, rule and ways of redress in writing, sent by email and downloaded."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from services.application.appeals.service import refused_interview
from services.application.appeals.transitions import object_until
from services.application.applications.access import refuse_other_offices, refuse_unassisted
from services.application.applications.appeal_texts import grounds_of, ways
from services.application.applications.application import (
    Application,
    Author,
    Interview,
    RefusalLetter,
    refer_to_files,
)
from services.application.applications.service import Applications
from services.application.applications.timeline import with_line
from services.application.context import Actor, UseCaseContext
from services.application.letters.ports import LetterWriter, RefusalContent
from services.application.letters.service import PDF
from services.application.requirements.requirement import CAPITAL_ZONE
from shared.errors import NotKnownYet
from shared.events.codes import LetterKind
from shared.events.notification import SendLetter
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.tokens import Role

SYSTEM: Final = Author("application")


class RefusalLetters:
    """The use cases of letters of refusal."""

    def __init__(self, context: UseCaseContext, applications: Applications, writer: LetterWriter) -> None:
        self._context = context
        self._applications = applications
        self._writer = writer

    async def write_due(self, record: Record[Application], _name: str) -> None:
        """Write, keep and send the letter of a refusal; one that is there is not written again.

        Raises:
            NotTypeset, Unavailable: it stays due; operators are told of one that fails again and again.
        """
        pdf = await self._writer.refusal(await self._content(record.state))
        file_id = await self._applications.keep_file(pdf, PDF, record.state.applicant_id)
        letter = RefusalLetter(file_id, self._context.now())
        send = self._send(record.id, record.state, pdf)

        def decide(application: Application) -> Decision[Application] | None:
            if application.refusal_letter_due_at is None:
                return None
            state = refer_to_files(replace(application, refusal_letter=letter, refusal_letter_due_at=None))
            return with_line(Decision(state, (send,)), "refusal_letter", letter.made_at, "refusal_letter_ready", SYSTEM)

        saved = await self._applications.change(record.id, decide)
        if saved.state.refusal_letter != letter:
            await self._context.files.delete(file_id)

    async def read(self, application_id: str, who: Actor) -> tuple[Application, AsyncIterator[bytes]]:
        """Return the refused application and the bytes of its letter.

        The head of the office, to whom an objection goes, reads it too.

        Raises:
            NotFound, NotYourOffice, AssistanceNeeded. ApplicationNotRefused. NotKnownYet: the letter is being made.
        """
        application = (await self._applications.application(application_id)).state
        (refuse_other_offices if who.role is Role.OFFICE_ADMIN else refuse_unassisted)(application, who)
        refused_interview(application)
        if application.refusal_letter is None:
            raise NotKnownYet("The letter is being made.", detail_id="Surat sedang dibuat.")
        return application, self._applications.read_file(application.refusal_letter.file_id)

    async def _content(self, application: Application) -> RefusalContent:
        interview: Interview = refused_interview(application)
        card = await self._applications.card(application.applicant_id)
        seat, refused = application.visits.last_seat, grounds_of(application)
        assert refused is not None  # noqa: S101 - `refused_interview` says so
        grounds = refused[1]
        return RefusalContent(
            full_name=card.full_name,
            number=application.number,
            office_name=(seat.office_name if seat else None) or "",
            office_timezone=(seat.office_timezone if seat else None) or CAPITAL_ZONE,
            office_address=seat.office_address if seat else None,
            office_telephone=seat.office_telephone if seat else None,
            refused_at=interview.at,
            reason=(grounds.reason_id, grounds.reason),
            rule=grounds.rule,
            redress=tuple((way.text_id, way.text, way.rule) for way in ways()),
            object_until=object_until(interview.at),
            made_at=self._context.now(),
        )

    def _send(self, application_id: str, application: Application, pdf: bytes) -> SendLetter:
        seat = application.visits.last_seat
        content = {"file_name": refusal_file_name(application), "content": base64.b64encode(pdf).decode()}
        return SendLetter(
            account_id=application.account_id,
            application_id=application_id,
            appointment_id=seat.appointment_id if seat else "",
            kind=LetterKind.REFUSAL.value,
            sealed=self._applications.vault.box_for_notification(content, application_id),
        )


def refusal_file_name(application: Application) -> str:
    """Return the file name of the letter of refusal."""
    return f"surat-penolakan-{application.number}.pdf"
