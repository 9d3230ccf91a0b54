"""Removal of a person for whom no applicant speaks any more."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from services.identity.applicants.applicant import IdentityState
from services.identity.applicants.person import Person
from services.identity.applicants.repository import PERSON, ApplicantRepository
from services.identity.context import UseCaseContext
from shared.errors import NotFound
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record


class PersonRemoval:
    """Removes persons whose applicants are gone."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._applicants = ApplicantRepository(context)

    async def remove_person(self, person_id: str, applicant_ids: tuple[str, ...] = ()) -> bool:
        """Remove the person unless another applicant than these is them; return whether they are gone.

        The mark comes before the look: whoever is confirmed with the same NIK after the look takes the mark away, and
        then nothing is removed.
        """

        def mark(person: Person) -> Decision[Person]:
            return Decision(replace(person, leaving=True))

        with suppress(NotFound):
            marked = await change(self._context.store, self._context.clock, PERSON, person_id, mark)
            if await self.others_speak_for(marked, applicant_ids):
                return False
            return await self._context.store.remove(PERSON, marked)
        return True

    async def others_speak_for(self, person: Record[Person], applicant_ids: tuple[str, ...]) -> bool:
        """Return whether another applicant than these has the person's NIK, or is being checked with it.

        One whose check failed is somebody who typed it: a stranger keeps no person here.
        """
        found = await self._applicants.applicants_with(person.state.nik_fingerprints)
        others = [record.state for record in found if record.id not in applicant_ids]
        return any(other.identity.state is not IdentityState.FAILED for other in others)
