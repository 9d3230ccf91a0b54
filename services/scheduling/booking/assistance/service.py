"""Officers who act for a person: the letter as a sign of consent, and the consent that a hold by an officer needs."""

from __future__ import annotations

from typing import Final

from services.scheduling.applications import ApplicationRepository
from services.scheduling.booking.appointments.access import find_visible
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.errors import NotPossibleNow, QueueCodeNotValid, QueueCodeReplaced
from services.scheduling.booking.appointments.queue_codes import QueueCodeInvalid, QueueCodes
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.assistance.errors import LetterUsedUp
from services.scheduling.booking.assistance.repository import LetterRepository, ShownLetter
from services.scheduling.context import Actor, UseCaseContext
from shared.assistance import Assistances
from shared.errors import SomeoneElseChangedIt
from shared.events.scheduling import LetterShown
from shared.ids import derived_id
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.tokens import Caller

_SHOWN_BY: Final = (Status.CONFIRMED, Status.CHECKED_IN)
"""Visits whose letter is good: paid for and not over."""


class Assisting:
    """The use cases of consent in scheduling."""

    def __init__(
        self,
        context: UseCaseContext,
        letters: LetterRepository,
        codes: QueueCodes,
        applications: ApplicationRepository,
        appointments: AppointmentRepository,
        assistances: Assistances,
    ) -> None:
        self._context = context
        self._codes = codes
        self._applications = applications
        self._appointments = appointments
        self._letters = letters
        self._assistances = assistances

    async def show_letter(self, queue_code: str, actor: Actor, command_id: str) -> ShownLetter:
        """Note that a person had their letter scanned to be assisted; identity begins the assistance on hearing it.

        A letter begins one assistance, so that a copy of its code cannot be used again. The same command meets
        the assistance that it began.

        Raises:
            QueueCodeNotValid, QueueCodeReplaced, NotFound, NotYourOffice: it is not a letter of this office.
            NotPossibleNow: the visit is not paid for, or over.
            LetterUsedUp: it has begun an assistance before.
        """
        record = await self._by_code(queue_code, actor)
        visit, now, office_id = record.state, self._context.now(), actor.office_id or ""
        assistance_id = derived_id("assistance", command_id)
        known = await self._letters.shown_letter(record.id, visit.code_version)
        if known is None:
            letter = ShownLetter(record.id, visit.code_version, office_id, actor.account_id, assistance_id, now)
            event = LetterShown(
                assistance_id=assistance_id,
                appointment_id=record.id,
                application_id=visit.application_id,
                account_id=visit.account_id,
                person_id=visit.person_id,
                office_id=office_id,
                officer_id=actor.account_id,
                shown_at=now,
            )
            try:
                await self._letters.keep_shown_letter(letter, event)
            except AlreadyExists:
                raise SomeoneElseChangedIt from None
            return letter
        if known.state.assistance_id != assistance_id:
            raise LetterUsedUp(field="/queue_code")
        return known.state

    async def refuse_unassisted(self, caller: Caller, application_id: str, assistance_id: str | None) -> None:
        """Refuse officers without this person's consent; waits for the application as a hold does.

        Raises:
            AssistanceNeeded, AssistanceOver, AssistanceOfAnother, NotKnownYet.
        """
        copy = await self._applications.wait_for_submitted(application_id, self._context.clock)
        assistance = await self._assistances.require(caller, copy.account_id, assistance_id)
        assistance.refuse_uncovered(copy.person_id)

    async def _by_code(self, text: str, actor: Actor) -> Record[Appointment]:
        try:
            ticket = self._codes.verify(text)
        except QueueCodeInvalid:
            raise QueueCodeNotValid(field="/queue_code") from None
        record = await find_visible(self._appointments, ticket.appointment_id, actor)
        if record.state.code_version != ticket.version:
            raise QueueCodeReplaced(field="/queue_code")
        if record.state.status not in _SHOWN_BY or record.state.walk_in is not None:
            raise NotPossibleNow(state=record.state.status.value)
        return record
