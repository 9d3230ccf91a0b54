"""Confirmation of an applicant: the person behind the NIK, and the messages that tell of it."""

from __future__ import annotations

from dataclasses import replace

from services.identity.applicants.applicant import Applicant
from services.identity.applicants.errors import NikOfAnotherPerson
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.person import Person
from services.identity.applicants.repository import PERSON, ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext
from shared.events.identity import ApplicantConfirmed
from shared.events.message import Message
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict


class Confirmations:
    """Finds or mints persons, and makes the messages of a confirmed applicant."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._applicants = ApplicantRepository(context)
        self._applicant_vault = ApplicantVault(context.seals)

    async def find_person(self, nik_fingerprints: tuple[str, ...]) -> str:
        """Return the id of the person of this NIK, minted if there is none.

        It is written before the applicant: a repeat finds it again.
        """
        known = await self._applicants.person_with(nik_fingerprints)
        if known is not None:
            await self._keep(known)
            return known.id
        person_id, now = self._context.ids.new(), self._context.now()
        try:
            await self._context.store.insert(PERSON, person_id, Person(nik_fingerprints, now), now=now)
        except AlreadyExists:
            known = await self._applicants.person_with(nik_fingerprints)
            if known is None:
                raise VersionConflict("the person was minted by somebody else and is gone again") from None
            return known.id
        return person_id

    async def _keep(self, known: Record[Person]) -> None:
        """Keep a person who was about to be removed.

        Raises:
            VersionConflict: they were removed just now; the caller's command or deadline is tried again.
        """
        if known.state.leaving:
            store = self._context.store
            await store.save(PERSON, known, replace(known.state, leaving=False), now=self._context.now())

    async def add_nik(self, person_id: str, nik_fingerprints: tuple[str, ...]) -> None:
        """Let a person have a further NIK: its number was corrected, and they stay the same person everywhere.

        Raises:
            NikOfAnotherPerson: somebody else was confirmed with it.
        """

        def decide(person: Person) -> Decision[Person] | None:
            if not set(person.nik_fingerprints).isdisjoint(nik_fingerprints):
                return None
            return Decision(replace(person, nik_fingerprints=(*person.nik_fingerprints, *nik_fingerprints)))

        try:
            await change(self._context.store, self._context.clock, PERSON, person_id, decide)
        except AlreadyExists:
            raise NikOfAnotherPerson(field="/nik") from None

    async def messages(self, applicant_id: str, applicant: Applicant, particulars: Particulars) -> list[Message]:
        """Return the event of a confirmed applicant, and the card for application."""
        guardian_id = applicant.guardian_applicant_id
        guardian = await self._applicants.applicant(guardian_id) if guardian_id is not None else None
        event = ApplicantConfirmed(
            account_id=applicant.account_id,
            applicant_id=applicant_id,
            person_id=applicant.person_id or "",
            guardian_applicant_id=guardian_id,
            guardian_person_id=guardian.state.person_id if guardian is not None else None,
        )
        return [event, self.card(applicant_id, applicant, particulars)]

    def card(self, applicant_id: str, applicant: Applicant, particulars: Particulars) -> Message:
        """Return the command that hands the particulars of a confirmed applicant to application."""
        person_id = applicant.person_id or ""
        return self._applicant_vault.identity_card(applicant.account_id, applicant_id, person_id, particulars)
