"""Looks up the person behind a NIK; the endpoint audits it as a read."""

from __future__ import annotations

from dataclasses import dataclass

from services.identity.applicants.errors import NikNotSixteenDigits, PersonNotKnown
from services.identity.applicants.nik import NikWrong, parse_nik
from services.identity.applicants.repository import ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext


@dataclass(frozen=True)
class FoundPerson:
    """The person with a NIK, and the accounts that speak for them."""

    person_id: str
    account_ids: tuple[str, ...]


class PersonLookups:
    """The use case of staff who need a person's id."""

    def __init__(self, context: UseCaseContext) -> None:
        self._applicants = ApplicantRepository(context)
        self._applicant_vault = ApplicantVault(context.seals)

    async def look_up_person(self, nik: str) -> FoundPerson:
        """Return the person with this NIK, once an account has proven it.

        Raises:
            NikNotSixteenDigits: it is no NIK.
            PersonNotKnown: no applicant was confirmed with it here.
        """
        try:
            digits = parse_nik(nik).digits
        except NikWrong:
            raise NikNotSixteenDigits(field="/nik") from None
        fingerprints = self._applicant_vault.nik_fingerprints(digits)
        person = await self._applicants.person_with(fingerprints)
        if person is None:
            raise PersonNotKnown()
        theirs = await self._applicants.applicants_with(fingerprints)
        accounts = (record.state.account_id for record in theirs if record.state.person_id == person.id)
        return FoundPerson(person.id, tuple(dict.fromkeys(accounts)))
