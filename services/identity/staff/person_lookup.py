"""Looking up who stands behind a NIK at the counter; every look-up is audited."""

from __future__ import annotations

from services.identity.applicants.errors import NikNotSixteenDigits, PersonNotKnown
from services.identity.applicants.nik import NikWrong, parse_nik
from services.identity.applicants.repository import ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import NOBODY, UseCaseContext
from services.identity.staff.member import StaffAct
from shared.audit import Audit
from shared.tokens import Caller


class PersonLookups:
    """The use case of staff who need a person's id."""

    def __init__(self, context: UseCaseContext, audit: Audit) -> None:
        self._applicants = ApplicantRepository(context)
        self._applicant_vault = ApplicantVault(context.seals)
        self._audit = audit

    async def look_up_person(self, caller: Caller, nik: str, reason: str | None = None) -> str:
        """The id of the person with this NIK, once an account has proven it. Each look-up is audited with its reason.

        Raises:
            NikNotSixteenDigits: it is no NIK.
            PersonNotKnown: no applicant was confirmed with it here.
        """
        try:
            digits = parse_nik(nik).digits
        except NikWrong:
            raise NikNotSixteenDigits(field="/nik") from None
        person = await self._applicants.person_with(self._applicant_vault.nik_fingerprints(digits))
        outcome = "found" if person is not None else "not_found"
        subject = person.id if person is not None else NOBODY
        await self._audit.note(caller, StaffAct.PERSON_LOOKED_UP, subject=subject, reason=reason, detail=outcome)
        if person is None:
            raise PersonNotKnown()
        return person.id
