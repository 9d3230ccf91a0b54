"""Checks of typed particulars before the civil registry is asked: form, guardian, twins within the account."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, timedelta, timezone
from typing import Final

from services.identity.applicants import applicant as rules
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.errors import (
    ApplicantAlreadyAdded,
    BirthDateImpossible,
    GuardianNeeded,
    GuardianUnusable,
    NikNeeded,
    NikNotSixteenDigits,
    NikStructureWrong,
)
from services.identity.applicants.nik import Nik, NikFault, NikWarning, NikWrong, nik_warnings, parse_nik
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.repository import ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext
from shared.store.kinds import Record

WIB: Final = timezone(timedelta(hours=7))
"""The day changes with Jakarta's clock, as at the civil registry."""

EARLIEST_BIRTH_YEAR: Final = 1900


@dataclass(frozen=True)
class CheckedParticulars:
    """Particulars that can be right, with what follows from them."""

    particulars: Particulars = field(repr=False)
    nik_fingerprints: tuple[str, ...]
    warnings: tuple[str, ...]
    minor: bool
    by_family_card: bool
    """A child who is on the guardian's family card."""


class ParticularsChecks:
    """Refuses particulars that cannot be right."""

    def __init__(self, context: UseCaseContext, regions: Collection[str]) -> None:
        self._context = context
        self._applicants = ApplicantRepository(context)
        self._applicant_vault = ApplicantVault(context.seals)
        self._regions = regions

    async def check(
        self, account_id: str, applicant_id: str, particulars: Particulars, guardian_applicant_id: str | None
    ) -> CheckedParticulars:
        """Return the particulars with the NIK's digits, fingerprints and warnings.

        Raises:
            BirthDateImpossible: in the future, or before 1900.
            NikNotSixteenDigits, NikStructureWrong: it is no NIK. NikNeeded: there is none, and this is no child.
            GuardianNeeded, GuardianUnusable: a child needs a confirmed adult of the same account.
            ApplicantAlreadyAdded: another applicant of the account has this NIK; ``applicant_id`` says which.
        """
        today = self._context.now().astimezone(WIB).date()
        if not date(EARLIEST_BIRTH_YEAR, 1, 1) <= particulars.birth_date <= today:
            raise BirthDateImpossible(field="/birth_date")
        nik = _nik_of(particulars)
        minor = rules.needs_guardian(particulars.birth_date, particulars.married, today)
        guardian = await self._guardian(account_id, applicant_id, guardian_applicant_id, minor=minor)
        if nik is None and (guardian is None or not minor):
            raise NikNeeded(field="/nik")
        checked = CheckedParticulars(
            particulars=replace(particulars, nik=nik.digits if nik is not None else None),
            nik_fingerprints=self._fingerprints(nik, particulars, guardian),
            warnings=self._warnings(nik, particulars),
            minor=minor,
            by_family_card=minor and await self._is_on_card_of(guardian, particulars),
        )
        await self._refuse_twin(account_id, checked, applicant_id)
        return checked

    def _fingerprints(
        self, nik: Nik | None, particulars: Particulars, guardian: Record[Applicant] | None
    ) -> tuple[str, ...]:
        if nik is not None:
            return self._applicant_vault.nik_fingerprints(nik.digits)
        guardian_person_id = guardian.state.person_id if guardian is not None else None
        return self._applicant_vault.child_fingerprints(guardian_person_id or "", particulars)

    def _warnings(self, nik: Nik | None, particulars: Particulars) -> tuple[str, ...]:
        if nik is None:
            return (NikWarning.MISSING.value,)
        found = nik_warnings(nik, birth_date=particulars.birth_date, sex=particulars.sex, regions=self._regions)
        return tuple(warning.value for warning in found)

    async def _is_on_card_of(self, guardian: Record[Applicant] | None, particulars: Particulars) -> bool:
        if guardian is None or particulars.family_card_number is None:
            return False
        theirs = await self._applicant_vault.particulars(guardian.state.particulars, guardian.id)
        return theirs.family_card_number == particulars.family_card_number

    async def _guardian(
        self, account_id: str, applicant_id: str, guardian_applicant_id: str | None, *, minor: bool
    ) -> Record[Applicant] | None:
        if guardian_applicant_id is None:
            if minor:
                raise GuardianNeeded(field="/guardian_applicant_id", age_limit=rules.GUARDIAN_NEEDED_BELOW_YEARS)
            return None
        guardian = await self._applicants.applicant(guardian_applicant_id)
        is_own = guardian is not None and guardian.state.account_id == account_id and guardian.id != applicant_id
        if guardian is None or not is_own or not rules.can_be_guardian(guardian.state):
            raise GuardianUnusable(field="/guardian_applicant_id")
        return guardian

    async def _refuse_twin(self, account_id: str, checked: CheckedParticulars, applicant_id: str) -> None:
        for record in await self._applicants.applicants_of(account_id):
            is_same = not set(record.state.nik_fingerprints).isdisjoint(checked.nik_fingerprints)
            if is_same and record.id != applicant_id:
                raise ApplicantAlreadyAdded(field="/nik", applicant_id=record.id)


def _nik_of(particulars: Particulars) -> Nik | None:
    if particulars.nik is None:
        return None
    try:
        return parse_nik(particulars.nik)
    except NikWrong as wrong:
        if wrong.fault is NikFault.NOT_SIXTEEN_DIGITS:
            raise NikNotSixteenDigits(field="/nik") from None
        raise NikStructureWrong(field="/nik", part=wrong.fault.value) from None
