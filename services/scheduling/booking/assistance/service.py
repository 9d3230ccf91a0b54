"""Officers who act for a person: the letter as a sign of consent, and the consent that a hold by an officer needs."""

from __future__ import annotations

from typing import Final

from services.scheduling import errors
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.queue_codes import QueueCodeInvalid
from services.scheduling.booking.assistance.repository import ShownLetter
from services.scheduling.context import Desk, Who
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

    def __init__(self, desk: Desk, assistances: Assistances) -> None:
        self._desk = desk
        self._repository = desk.repository
        self._assistances = assistances

    async def show_letter(self, queue_code: str, who: Who, command_id: str) -> ShownLetter:
        """Note that a person had their letter scanned to be assisted; identity begins the assistance on hearing it.

        A letter begins one assistance, so that nobody who once scanned it can use it again. The same command meets
        what it began.

        Raises:
            QueueCodeNotValid, QueueCodeReplaced, NotFound, NotYourOffice: it is not a letter of this office.
            NotPossibleNow: the visit is not paid for, or over.
            LetterUsedUp: it has begun an assistance before.
        """
        record = await self._by_code(queue_code, who)
        visit, now, office_id = record.state, self._desk.now(), who.office_id or ""
        assistance_id = derived_id("assistance", command_id)
        known = await self._repository.shown_letter(record.id, visit.code_version)
        if known is None:
            letter = ShownLetter(record.id, visit.code_version, office_id, who.account_id, assistance_id, now)
            event = LetterShown(
                assistance_id=assistance_id,
                appointment_id=record.id,
                application_id=visit.application_id,
                account_id=visit.account_id,
                person_id=visit.person_id,
                office_id=office_id,
                officer_id=who.account_id,
                shown_at=now,
            )
            try:
                await self._repository.keep_shown_letter(letter, event)
            except AlreadyExists:
                raise SomeoneElseChangedIt from None
            return letter
        if known.state.assistance_id != assistance_id:
            raise errors.LetterUsedUp(field="/queue_code")
        return known.state

    async def refuse_unassisted(self, caller: Caller, application_id: str, assistance_id: str | None) -> None:
        """Nothing for an officer with this person's consent; waits for the application as a hold does.

        Raises:
            AssistanceNeeded, AssistanceOver, AssistanceOfAnother, NotKnownYet.
        """
        copy = await self._desk.known_application(application_id)
        assistance = await self._assistances.require(caller, copy.account_id, assistance_id)
        assistance.refuse_uncovered(copy.person_id)

    async def _by_code(self, text: str, who: Who) -> Record[Appointment]:
        try:
            ticket = self._desk.codes.verify(text)
        except QueueCodeInvalid:
            raise errors.QueueCodeNotValid(field="/queue_code") from None
        record = await self._desk.visible(ticket.appointment_id, who)
        if record.state.code_version != ticket.version:
            raise errors.QueueCodeReplaced(field="/queue_code")
        if record.state.status not in _SHOWN_BY or record.state.walk_in is not None:
            raise errors.NotPossibleNow(state=record.state.status.value)
        return record
