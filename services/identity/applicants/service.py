"""Applicants of an account: added, corrected, confirmed, asked about again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from services.identity.accounts import account as accounts
from services.identity.accounts.errors import AccountLeaving
from services.identity.accounts.repository import AccountRepository
from services.identity.applicants import applicant as rules
from services.identity.applicants.applicant import Applicant, IdentityState
from services.identity.applicants.confirmation import Confirmations
from services.identity.applicants.errors import (
    ChildCameOfAgeAlready,
    DataFixedBySubmission,
    IdentityAlreadyConfirmed,
    NothingShownBack,
    TooManyApplicants,
    TooManyChildren,
    TooManyIdentityTries,
)
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.particulars_check import WIB, CheckedParticulars, ParticularsChecks
from services.identity.applicants.repository import APPLICANT, ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext
from services.identity.errors import moment
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events.application import ApplicationSubmitted
from shared.events.identity import ApplicantAdded, ApplicantReopened
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.retry import again
from shared.store.transitions import IllegalTransition


@dataclass(frozen=True)
class ApplicantSeen:
    """An applicant with the particulars in the open, for the owner of the account."""

    applicant_id: str
    applicant: Applicant
    particulars: Particulars = field(repr=False)
    grown: bool = False
    """They were added as a child and are 17 or married today."""


class Applicants:
    """The use cases of an account's applicants."""

    def __init__(self, context: UseCaseContext, checks: ParticularsChecks) -> None:
        self._context = context
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)
        self._applicant_vault = ApplicantVault(context.seals)
        self._checks = checks
        self._confirmations = Confirmations(context)

    async def add(
        self, account_id: str, particulars: Particulars, guardian_applicant_id: str | None, command_id: str
    ) -> ApplicantSeen:
        """Take one of the account's five places, or one for a child on the guardian's family card; the check starts.

        Raises:
            NikNotSixteenDigits, NikStructureWrong, NikNeeded, BirthDateImpossible: the data cannot be right.
            GuardianNeeded, GuardianUnusable: a child needs a confirmed adult of the same account.
            ApplicantAlreadyAdded, TooManyApplicants, TooManyChildren, TooManyIdentityTries: a limit is met.
            AccountLeaving: the account is being closed.
        """
        applicant_id = derived_id("applicant", command_id)
        earlier = await self._applicants.applicant(applicant_id)
        if earlier is not None:
            return await self._seen(earlier)
        checked = await self._checks.check(account_id, applicant_id, particulars, guardian_applicant_id)
        await self._refuse_probing(account_id, checked.nik_fingerprints)
        await again(lambda: self._take_place(account_id, applicant_id, child=checked.by_family_card))
        return await self._write_new(account_id, applicant_id, checked, guardian_applicant_id)

    async def correct(
        self, account_id: str, applicant_id: str, particulars: Particulars, guardian_applicant_id: str | None
    ) -> ApplicantSeen:
        """Replace the particulars and check them again; of a confirmed applicant until an application is submitted.

        Data that a confirmed applicant has already change nothing.

        Raises:
            NotFound: no such applicant of this account.
            ChildCameOfAgeAlready: they were added as a child, and decide themselves now.
            DataFixedBySubmission: an application was submitted with these data.
            IdentityAlreadyConfirmed: another NIK for a confirmed applicant.
            TooManyIdentityTries: as many checks failed as a day allows.
        """
        known = await self._own(account_id, applicant_id)
        checked = await self._checks.check(account_id, applicant_id, particulars, guardian_applicant_id)
        await self._refuse_probing(account_id, checked.nik_fingerprints)
        if known.state.by_family_card is not checked.by_family_card:
            self._refuse_correction(known.state, checked)
            self._refuse_too_many(known.state)
            await again(lambda: self._take_place(account_id, applicant_id, child=checked.by_family_card))
        unlocked = await self._applicant_vault.unlock(applicant_id)
        sealed = unlocked.seal_particulars(checked.particulars)

        def decide(applicant: Applicant) -> Decision[Applicant] | None:
            self._refuse_correction(applicant, checked)
            is_confirmed = applicant.identity.state is IdentityState.PASSED
            known = (unlocked.particulars(applicant.particulars), applicant.guardian_applicant_id)
            if is_confirmed and known == (checked.particulars, guardian_applicant_id):
                return None
            self._refuse_too_many(applicant)
            corrected = rules.correct(
                applicant,
                sealed,
                checked.nik_fingerprints,
                checked.warnings,
                self._context.now(),
                guardian_applicant_id=guardian_applicant_id,
                minor=checked.minor,
                by_family_card=checked.by_family_card,
            )
            watched = rules.watch_age(corrected, applicant_id, self._context.now())
            return self._reopened(applicant_id, applicant, watched)

        return await self._change(account_id, applicant_id, decide)

    async def keep_as_typed(self, account_id: str, applicant_id: str) -> ApplicantSeen:
        """Confirm data that the registry writes differently, as they were typed; again is no error.

        Raises:
            NotFound: no such applicant of this account.
            NothingShownBack: there is no difference to decide about.
        """
        record = await self._own(account_id, applicant_id)
        if record.state.identity.state is IdentityState.PASSED:
            return await self._seen(record)
        if record.state.identity.state is not IdentityState.SHOWN_BACK:
            raise NothingShownBack()
        particulars = await self._applicant_vault.particulars(record.state.particulars, applicant_id)
        person_id = await self._confirmations.find_person(record.state.nik_fingerprints)
        kept = rules.keep_as_typed(record.state, person_id)
        messages = await self._confirmations.messages(applicant_id, kept, particulars)

        def decide(applicant: Applicant) -> Decision[Applicant] | None:
            if applicant.identity.state is IdentityState.PASSED:
                return None
            if applicant != record.state:
                raise SomeoneElseChangedIt()
            return Decision(kept, tuple(messages))

        return await self._change(account_id, applicant_id, decide)

    async def ask_again(self, account_id: str, applicant_id: str, command_id: str) -> ApplicantSeen:
        """Check the same particulars once more, now.

        Raises:
            NotFound: no such applicant of this account.
            IdentityAlreadyConfirmed: nothing is left to check.
            TooManyIdentityTries: as many checks failed as a day allows.
        """
        record = await self._own(account_id, applicant_id)
        if record.state.identity.asked_by != command_id:
            await self._refuse_probing(account_id, record.state.nik_fingerprints)

        def decide(applicant: Applicant) -> Decision[Applicant] | None:
            if applicant.identity.asked_by == command_id:
                return None
            self._refuse_too_many(applicant)
            try:
                asked = rules.ask_again(applicant, command_id, self._context.now())
            except IllegalTransition:
                raise IdentityAlreadyConfirmed() from None
            return self._reopened(applicant_id, applicant, asked)

        return await self._change(account_id, applicant_id, decide)

    async def get_applicant(self, account_id: str, applicant_id: str) -> ApplicantSeen:
        """Return one applicant of the account.

        Raises:
            NotFound: no such applicant of this account.
        """
        return await self._seen(await self._own(account_id, applicant_id))

    async def list_applicants(self, account_id: str) -> list[ApplicantSeen]:
        """Return all applicants of the account, oldest first."""
        found = {record.id: record.state for record in await self._applicants.applicants_of(account_id)}
        opened = await self._applicant_vault.particulars_of_all(
            {applicant_id: applicant.particulars for applicant_id, applicant in found.items()}
        )
        return [
            self._seen_as(applicant_id, applicant, opened[applicant_id])
            for applicant_id, applicant in found.items()
            if applicant_id in opened
        ]

    # Facts of application

    async def note_submission(self, fact: ApplicationSubmitted) -> None:
        """An application was submitted: from now on only officers correct the applicant's data."""
        await self._note(fact.applicant_id, lambda applicant: rules.submitted(applicant, fact.application_id))

    async def note_end(self, account_id: str, person_id: str, application_id: str) -> None:
        """An application has ended: the applicant may correct their data for the next one."""
        found = await self._applicants.applicants_of(account_id)
        holder = await self._accounts.open_account(account_id)
        if holder is not None and holder.id != account_id:  # moved there, or about to be
            found += await self._applicants.applicants_of(holder.id)
        for record in found:
            if application_id in record.state.applications or record.state.person_id == person_id:
                await self._note(record.id, lambda applicant: rules.application_ended(applicant, application_id))

    async def _note(self, applicant_id: str, note: Callable[[Applicant], Applicant]) -> None:
        store, clock = self._context.store, self._context.clock
        await change(store, clock, APPLICANT, applicant_id, lambda applicant: Decision(note(applicant)))

    # Writing

    @staticmethod
    def _reopened(applicant_id: str, before: Applicant, after: Applicant) -> Decision[Applicant]:
        """Return the further check, and the news of it where an answer was told before."""
        reopened = ApplicantReopened(account_id=before.account_id, applicant_id=applicant_id)
        return Decision(after, (reopened,) if rules.has_answer(before) else ())

    async def _take_place(self, account_id: str, applicant_id: str, *, child: bool) -> None:
        now = self._context.now()
        record = await self._accounts.account(account_id)
        if record is None or record.state.joined_into is not None:
            raise NotFound()
        account = record.state
        if account.leaving is not None and account.leaving.whole_account:
            raise AccountLeaving(leaving_id=account.leaving.leaving_id)
        if accounts.has_place(account, applicant_id, child=child):
            return
        if not accounts.places_left(account, child=child):
            existing = {applicant.id for applicant in await self._applicants.applicants_of(account_id)}
            account = accounts.without_empty_places(account, existing, now)
        if not accounts.places_left(account, child=child):
            if child:
                raise TooManyChildren(limit=accounts.MOST_CHILDREN)
            raise TooManyApplicants(limit=accounts.MOST_APPLICANTS)
        await self._accounts.save_account(record, accounts.take_place(account, applicant_id, now, child=child), now)

    async def _write_new(
        self, account_id: str, applicant_id: str, checked: CheckedParticulars, guardian_applicant_id: str | None
    ) -> ApplicantSeen:
        unlocked = await self._applicant_vault.unlock(applicant_id, is_new=True)
        applicant = rules.add_applicant(
            account_id,
            unlocked.seal_particulars(checked.particulars),
            checked.nik_fingerprints,
            checked.warnings,
            self._context.now(),
            guardian_applicant_id=guardian_applicant_id,
            minor=checked.minor,
            by_family_card=checked.by_family_card,
        )
        applicant = rules.watch_age(applicant, applicant_id, self._context.now())
        event = ApplicantAdded(
            account_id=account_id, applicant_id=applicant_id, guardian_applicant_id=guardian_applicant_id
        )
        store = self._context.store
        try:
            record = await store.insert(APPLICANT, applicant_id, applicant, now=self._context.now(), events=[event])
        except AlreadyExists:
            record = await self._own(account_id, applicant_id)
        return await self._seen(record)

    async def _change(
        self, account_id: str, applicant_id: str, decide: Callable[[Applicant], Decision[Applicant] | None]
    ) -> ApplicantSeen:
        def decide_own(applicant: Applicant) -> Decision[Applicant] | None:
            if applicant.account_id != account_id:
                raise NotFound()
            return decide(applicant)

        store, clock = self._context.store, self._context.clock
        return await self._seen(await change(store, clock, APPLICANT, applicant_id, decide_own))

    # Checking

    def _refuse_correction(self, applicant: Applicant, checked: CheckedParticulars) -> None:
        if applicant.came_of_age:
            raise ChildCameOfAgeAlready()
        if rules.is_fixed(applicant):
            raise DataFixedBySubmission()
        confirmed_nik = rules.confirmed_nik(applicant)
        if confirmed_nik and set(confirmed_nik).isdisjoint(checked.nik_fingerprints):
            raise IdentityAlreadyConfirmed(
                "Another NIK is another person: add them as an applicant.",
                detail_id="NIK lain berarti orang lain: tambahkan sebagai pemohon.",
                field="/nik",
                next_action="Add the other person with the NIK on their own identity card.",
                next_action_id="Tambahkan orang itu dengan NIK pada KTP miliknya sendiri.",
                step="another_nik",
            )

    async def _refuse_probing(self, account_id: str, nik_fingerprints: tuple[str, ...]) -> None:
        limits, now = self._context.settings.check_rules, self._context.now()
        found = await self._applicants.applicants_failed_with(nik_fingerprints, since=now - rules.DAY)
        own = await self._applicants.applicants_of(account_id)
        failed_at, own_failed_at = (
            rules.failed_at((record.state for record in records), nik_fingerprints) for records in (found, own)
        )
        self._refuse_until(rules.next_try_of_account(own_failed_at, failed_at, limits, now))

    def _refuse_too_many(self, applicant: Applicant) -> None:
        limits, check, now = self._context.settings.check_rules, applicant.identity, self._context.now()
        self._refuse_until(rules.next_try_at(check.failed_at, limits.failed_tries_per_day, now))
        self._refuse_until(rules.next_try_at(check.asked_at, limits.checks_per_day, now))

    def _refuse_until(self, next_try_at: datetime | None) -> None:
        if next_try_at is not None:
            seconds = max(1, round((next_try_at - self._context.now()).total_seconds() + 0.5))
            raise TooManyIdentityTries(retry_after_seconds=seconds, next_try_at=moment(next_try_at))

    # Reading

    async def _own(self, account_id: str, applicant_id: str) -> Record[Applicant]:
        record = await self._applicants.applicant(applicant_id)
        if record is None or record.state.account_id != account_id:
            raise NotFound()
        return record

    async def _seen(self, record: Record[Applicant]) -> ApplicantSeen:
        particulars = await self._applicant_vault.particulars(record.state.particulars, record.id)
        return self._seen_as(record.id, record.state, particulars)

    def _seen_as(self, applicant_id: str, applicant: Applicant, particulars: Particulars) -> ApplicantSeen:
        today = self._context.now().astimezone(WIB).date()
        needs_one = rules.needs_guardian(particulars.birth_date, particulars.married, today)
        return ApplicantSeen(applicant_id, applicant, particulars, grown=rules.is_ward(applicant) and not needs_one)
