"""Applicants of an account: added, corrected, confirmed, asked about again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Final

from services.identity.accounts import account as accounts
from services.identity.accounts.repository import AccountRepository
from services.identity.applicants import applicant as rules
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.errors import (
    ApplicantAlreadyAdded,
    BirthDateImpossible,
    GuardianNeeded,
    GuardianUnusable,
    IdentityAlreadyConfirmed,
    NikNotSixteenDigits,
    NikStructureWrong,
    TooManyApplicants,
    TooManyIdentityTries,
)
from services.identity.applicants.nik import NikFault, NikWrong, nik_warnings, parse_nik
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.repository import APPLICANT, ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext
from services.identity.errors import moment
from shared.errors import NotFound
from shared.events.identity import ApplicantAdded
from shared.ids import derived_id
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.retry import again
from shared.store.transitions import IllegalTransition

WIB: Final = timezone(timedelta(hours=7))
"""The day changes with Jakarta's clock, as at the civil registry."""

EARLIEST_BIRTH_YEAR: Final = 1900


@dataclass(frozen=True)
class ApplicantSeen:
    """An applicant with the particulars in the open, for the owner of the account."""

    applicant_id: str
    applicant: Applicant
    particulars: Particulars = field(repr=False)


@dataclass(frozen=True)
class _Checked:
    particulars: Particulars = field(repr=False)
    nik_fingerprints: tuple[str, ...]
    warnings: tuple[str, ...]
    minor: bool


class Applicants:
    """The use cases of an account's applicants."""

    def __init__(self, context: UseCaseContext, regions: Collection[str]) -> None:
        self._context = context
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)
        self._applicant_vault = ApplicantVault(context.seals)
        self._regions = regions

    async def add(
        self, account_id: str, particulars: Particulars, guardian_applicant_id: str | None, command_id: str
    ) -> ApplicantSeen:
        """Take one of the account's five places; the check with the registry starts by itself.

        Raises:
            NikNotSixteenDigits, NikStructureWrong, BirthDateImpossible: the data cannot be right.
            GuardianNeeded, GuardianUnusable: a child needs a confirmed adult of the same account.
            ApplicantAlreadyAdded, TooManyApplicants, TooManyIdentityTries: a limit is met.
        """
        applicant_id = derived_id("applicant", command_id)
        earlier = await self._applicants.applicant(applicant_id)
        if earlier is not None:
            return self._seen(earlier)
        checked = self._check(particulars)
        await self._refuse_twin(account_id, checked, applicant_id)
        await self._refuse_probing(checked.nik_fingerprints)
        await self._refuse_guardian(account_id, guardian_applicant_id, checked, applicant_id)
        await again(lambda: self._take_place(account_id, applicant_id))
        return await self._write_new(account_id, applicant_id, checked, guardian_applicant_id)

    async def correct(
        self, account_id: str, applicant_id: str, particulars: Particulars, guardian_applicant_id: str | None
    ) -> ApplicantSeen:
        """Replace the particulars of an applicant who is not confirmed yet, and check them again.

        Raises:
            NotFound: no such applicant of this account.
            IdentityAlreadyConfirmed: the registry has confirmed the data.
            TooManyIdentityTries: as many checks failed as a day allows.
        """
        checked = self._check(particulars)
        await self._refuse_twin(account_id, checked, applicant_id)
        await self._refuse_guardian(account_id, guardian_applicant_id, checked, applicant_id)
        return await again(lambda: self._correct(account_id, applicant_id, checked, guardian_applicant_id))

    async def ask_again(self, account_id: str, applicant_id: str, command_id: str) -> ApplicantSeen:
        """Check the same particulars once more, now.

        Raises:
            NotFound: no such applicant of this account.
            IdentityAlreadyConfirmed: nothing is left to check.
            TooManyIdentityTries: as many checks failed as a day allows.
        """

        async def attempt() -> ApplicantSeen:
            record = await self._own(account_id, applicant_id)
            if record.state.identity.asked_by == command_id:
                return self._seen(record)
            self._refuse_too_many(record.state)
            await self._refuse_probing(record.state.nik_fingerprints)
            try:
                asked = rules.ask_again(record.state, command_id, self._context.now())
            except IllegalTransition:
                raise IdentityAlreadyConfirmed() from None
            return await self._save(record, asked)

        return await again(attempt)

    async def get_applicant(self, account_id: str, applicant_id: str) -> ApplicantSeen:
        """Return one applicant of the account.

        Raises:
            NotFound: no such applicant of this account.
        """
        return self._seen(await self._own(account_id, applicant_id))

    async def list_applicants(self, account_id: str) -> list[ApplicantSeen]:
        """Return all applicants of the account, oldest first."""
        return [self._seen(record) for record in await self._applicants.applicants_of(account_id)]

    # Writing

    async def _take_place(self, account_id: str, applicant_id: str) -> None:
        now = self._context.now()
        record = await self._accounts.account(account_id)
        if record is None:
            raise NotFound()
        account = record.state
        if accounts.has_place(account, applicant_id):
            return
        if accounts.is_full(account):
            existing = {applicant.id for applicant in await self._applicants.applicants_of(account_id)}
            account = accounts.without_empty_places(account, existing, now)
        if accounts.is_full(account):
            raise TooManyApplicants(limit=accounts.MOST_APPLICANTS)
        await self._accounts.save_account(record, accounts.take_place(account, applicant_id, now), now)

    async def _write_new(
        self, account_id: str, applicant_id: str, checked: _Checked, guardian_applicant_id: str | None
    ) -> ApplicantSeen:
        applicant = rules.add_applicant(
            account_id,
            self._applicant_vault.seal_particulars(checked.particulars, applicant_id),
            checked.nik_fingerprints,
            checked.warnings,
            self._context.now(),
            guardian_applicant_id=guardian_applicant_id,
            minor=checked.minor,
        )
        event = ApplicantAdded(
            account_id=account_id, applicant_id=applicant_id, guardian_applicant_id=guardian_applicant_id
        )
        store = self._context.store
        try:
            record = await store.insert(APPLICANT, applicant_id, applicant, now=self._context.now(), events=[event])
        except AlreadyExists:
            record = await self._own(account_id, applicant_id)
        return self._seen(record)

    async def _correct(
        self, account_id: str, applicant_id: str, checked: _Checked, guardian_applicant_id: str | None
    ) -> ApplicantSeen:
        record = await self._own(account_id, applicant_id)
        self._refuse_too_many(record.state)
        await self._refuse_probing(checked.nik_fingerprints)
        try:
            corrected = rules.correct(
                record.state,
                self._applicant_vault.seal_particulars(checked.particulars, applicant_id),
                checked.nik_fingerprints,
                checked.warnings,
                self._context.now(),
                guardian_applicant_id=guardian_applicant_id,
                minor=checked.minor,
            )
        except IllegalTransition:
            raise IdentityAlreadyConfirmed() from None
        return await self._save(record, corrected)

    async def _save(self, record: Record[Applicant], applicant: Applicant) -> ApplicantSeen:
        store = self._context.store
        return self._seen(await store.save(APPLICANT, record, applicant, now=self._context.now()))

    # Checking

    def _check(self, particulars: Particulars) -> _Checked:
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
        return _Checked(
            particulars=replace(particulars, nik=nik.digits),
            nik_fingerprints=self._applicant_vault.nik_fingerprints(nik.digits),
            warnings=tuple(warning.value for warning in warnings),
            minor=rules.needs_guardian(particulars.birth_date, particulars.married, today),
        )

    async def _refuse_twin(self, account_id: str, checked: _Checked, applicant_id: str) -> None:
        for record in await self._applicants.applicants_of(account_id):
            is_same = not set(record.state.nik_fingerprints).isdisjoint(checked.nik_fingerprints)
            if is_same and record.id != applicant_id:
                raise ApplicantAlreadyAdded(field="/nik", applicant_id=record.id)

    async def _refuse_probing(self, nik_fingerprints: tuple[str, ...]) -> None:
        found = await self._applicants.applicants_with(nik_fingerprints)
        failed = tuple(at for record in found for at in record.state.identity.failed_at)
        most = self._context.settings.check_rules.failed_tries_per_nik_per_day
        self._refuse_until(rules.next_try_at(failed, most, self._context.now()))

    def _refuse_too_many(self, applicant: Applicant) -> None:
        most = self._context.settings.check_rules.failed_tries_per_day
        self._refuse_until(rules.next_try_at(applicant.identity.failed_at, most, self._context.now()))

    def _refuse_until(self, next_try_at: datetime | None) -> None:
        if next_try_at is not None:
            seconds = max(1, round((next_try_at - self._context.now()).total_seconds() + 0.5))
            raise TooManyIdentityTries(retry_after_seconds=seconds, next_try_at=moment(next_try_at))

    async def _refuse_guardian(
        self, account_id: str, guardian_applicant_id: str | None, checked: _Checked, applicant_id: str
    ) -> None:
        if guardian_applicant_id is None:
            if checked.minor:
                raise GuardianNeeded(field="/guardian_applicant_id", age_limit=rules.GUARDIAN_NEEDED_BELOW_YEARS)
            return
        guardian = await self._applicants.applicant(guardian_applicant_id)
        is_own = guardian is not None and guardian.state.account_id == account_id and guardian.id != applicant_id
        if guardian is None or not is_own or not rules.can_be_guardian(guardian.state):
            raise GuardianUnusable(field="/guardian_applicant_id")

    # Reading

    async def _own(self, account_id: str, applicant_id: str) -> Record[Applicant]:
        record = await self._applicants.applicant(applicant_id)
        if record is None or record.state.account_id != account_id:
            raise NotFound()
        return record

    def _seen(self, record: Record[Applicant]) -> ApplicantSeen:
        particulars = self._applicant_vault.particulars(record.state.particulars, record.id)
        return ApplicantSeen(record.id, record.state, particulars)
