"""Checks of typed particulars before the civil registry is asked: form, twins within the account, guardian."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, timedelta, timezone
from typing import Final

from services.identity.applicants import applicant as rules
from services.identity.applicants.errors import (
    ApplicantAlreadyAdded,
    BirthDateImpossible,
    GuardianNeeded,
    GuardianUnusable,
    NikNotSixteenDigits,
    NikStructureWrong,
)
from services.identity.applicants.nik import NikFault, NikWrong, nik_warnings, parse_nik
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.repository import ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext

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


class ParticularsChecks:
    """Refuses particulars that cannot be right."""

    def __init__(self, context: UseCaseContext, regions: Collection[str]) -> None:
        self._context = context
        self._applicants = ApplicantRepository(context)
        self._applicant_vault = ApplicantVault(context.seals)
        self._regions = regions

    def check(self, particulars: Particulars) -> CheckedParticulars:
        """Return the particulars with the NIK's digits, fingerprints and warnings.

        Raises:
            BirthDateImpossible: in the future, or before 1900.
            NikNotSixteenDigits, NikStructureWrong: it is no NIK.
        """
        today = self._context.now().astimezone(WIB).date()
        if not date(EARLIEST_BIRTH_YEAR, 1, 1) <= particulars.birth_date <= today:
            raise BirthDateImpossible(field="/birth_date")
        try:
            nik = parse_nik(particulars.nik)
        except NikWrong as wrong:
            if wrong.fault is NikFault.NOT_SIXTEEN_DIGITS:
                raise NikNotSixteenDigits(field="/nik") from None
            raise NikStructureWrong(field="/nik", part=wrong.fault.value) from None
        warnings = nik_warnings(nik, birth_date=particulars.birth_date, sex=particulars.sex, regions=self._regions)
        return CheckedParticulars(
            particulars=replace(particulars, nik=nik.digits),
            nik_fingerprints=self._applicant_vault.nik_fingerprints(nik.digits),
            warnings=tuple(warning.value for warning in warnings),
            minor=rules.needs_guardian(particulars.birth_date, particulars.married, today),
        )

    async def refuse_twin(self, account_id: str, checked: CheckedParticulars, applicant_id: str) -> None:
        """Return if no other applicant of the account has this NIK.

        Raises:
            ApplicantAlreadyAdded: one has; ``applicant_id`` says which.
        """
        for record in await self._applicants.applicants_of(account_id):
            is_same = not set(record.state.nik_fingerprints).isdisjoint(checked.nik_fingerprints)
            if is_same and record.id != applicant_id:
                raise ApplicantAlreadyAdded(field="/nik", applicant_id=record.id)

    async def refuse_guardian(
        self, account_id: str, guardian_applicant_id: str | None, checked: CheckedParticulars, applicant_id: str
    ) -> None:
        """Return if no guardian is needed, or a confirmed adult of the account is named.

        Raises:
            GuardianNeeded, GuardianUnusable.
        """
        if guardian_applicant_id is None:
            if checked.minor:
                raise GuardianNeeded(field="/guardian_applicant_id", age_limit=rules.GUARDIAN_NEEDED_BELOW_YEARS)
            return
        guardian = await self._applicants.applicant(guardian_applicant_id)
        is_own = guardian is not None and guardian.state.account_id == account_id and guardian.id != applicant_id
        if guardian is None or not is_own or not rules.can_be_guardian(guardian.state):
            raise GuardianUnusable(field="/guardian_applicant_id")
