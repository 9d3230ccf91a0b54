"""Consents of an account: seen, given and withdrawn; what is free takes effect elsewhere by an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.identity.accounts.account import Agreement
from services.identity.accounts.repository import AccountRepository
from services.identity.applicants.applicant import GUARDIAN_NEEDED_BELOW_YEARS, Applicant, birthday_in
from services.identity.applicants.repository import ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.consents import consent as rules
from services.identity.consents.consent import CHILD_DATA, ConsentAct, ConsentRecord, How
from services.identity.consents.errors import NotAskedYet, PurposeIsNeeded, TooManyChoices
from services.identity.consents.repository import ConsentRepository
from services.identity.context import UseCaseContext
from services.identity.privacy_notice.errors import NoticeHasChanged, PurposeUnknown
from services.identity.privacy_notice.notice import Choice, Notice, Notices
from shared.errors import NotFound
from shared.events.identity import ConsentsChanged
from shared.store.decision import Decision
from shared.store.kinds import Record


@dataclass(frozen=True)
class ChildConsent:
    """A child's data, agreed to by their guardian, until the grown child says so themselves."""

    applicant_id: str
    guardian_applicant_id: str
    act: ConsentAct
    asked_from: date
    is_to_be_asked: bool


@dataclass(frozen=True)
class ConsentsSeen:
    """The consents of an account beside the notice in force."""

    notices: Notices
    notice: Notice
    record: ConsentRecord
    children: tuple[ChildConsent, ...]


class Consents:
    """The use cases of consents."""

    def __init__(self, context: UseCaseContext, notices: Notices) -> None:
        self._context = context
        self._notices = notices
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)
        self._consents = ConsentRepository(context)
        self._vault = ApplicantVault(context.seals)

    async def list_consents(self, account_id: str) -> ConsentsSeen:
        """Return the consents of an account, and those for its children.

        Raises:
            NotFound: the account is gone.
        """
        fresh = await self._fresh(account_id)
        known = await self._consents.record(account_id)
        record, notice = known.state if known is not None else fresh, self._notices.in_force(self._context.now())
        found = await self._applicants.applicants_of(account_id)
        children = [await self._child(applicant, record) for applicant in found]
        return ConsentsSeen(self._notices, notice, record, tuple(child for child in children if child is not None))

    async def choose(
        self,
        account_id: str,
        code: str,
        *,
        is_given: bool,
        notice_version: int | None,
        applicant_id: str | None = None,
    ) -> ConsentsSeen:
        """Give or withdraw a consent; the same again changes nothing. A free purpose takes effect by the event.

        Raises:
            PurposeUnknown: the notice in force does not have it.
            PurposeIsNeeded: it cannot be withdrawn; the refusal says what would end.
            NoticeHasChanged: it is given for a text that is not in force.
            NotAskedYet, NotFound: about a child below 17, or about no child of this account.
            TooManyChoices: as many choices were made as a day allows.
        """
        now = self._context.now()
        notice = self._notices.in_force(now)
        self._refuse_wrong(notice, code, is_given=is_given, notice_version=notice_version)
        how = How.ACCOUNT
        if applicant_id is not None:
            await self._refuse_unasked(account_id, applicant_id, code)
            how = How.GROWN_CHILD
        act = ConsentAct(code, notice.number, is_given, now, how, applicant_id)

        def decide(record: ConsentRecord) -> Decision[ConsentRecord] | None:
            chosen = rules.choose(record, act)
            if chosen is record:
                return None
            self._refuse_too_many(record, now)
            event = ConsentsChanged(
                account_id=account_id,
                purpose=code,
                notice_version=notice.number,
                is_given=is_given,
                stopped_purposes=rules.stopped_purposes(chosen, notice),
            )
            return Decision(chosen, (event,))

        await self._consents.change_record(account_id, await self._fresh(account_id), decide)
        return await self.list_consents(account_id)

    def agreement(self, notice_version: int, purposes: Sequence[str]) -> Agreement:
        """Return what the opener of a new account agrees to.

        Raises:
            NoticeHasChanged: they read a version that is not in force.
            PurposeUnknown: the version does not have a purpose.
        """
        notice = self._notices.in_force(self._context.now())
        if notice_version != notice.number:
            raise NoticeHasChanged(field="/consents/notice_version", notice_version=notice.number)
        if any(notice.purpose(code) is None for code in purposes):
            raise PurposeUnknown(field="/consents/purposes")
        return Agreement(notice.number, tuple(dict.fromkeys(purposes)))

    # Steps

    async def _fresh(self, account_id: str) -> ConsentRecord:
        account = await self._accounts.account(account_id)
        if account is None:
            raise NotFound()
        return rules.at_registration(account.state.agreement, self._notices, account.state.registered_at)

    @staticmethod
    def _refuse_wrong(notice: Notice, code: str, *, is_given: bool, notice_version: int | None) -> None:
        purpose = notice.purpose(code)
        if purpose is None:
            raise PurposeUnknown()
        if not is_given and purpose.choice is Choice.NEEDED:
            ends = purpose.ends
            raise PurposeIsNeeded(
                ends=ends.en if ends else None,
                ends_in_indonesian=ends.id if ends else None,
                ends_id=ends.id if ends else None,
            )
        if is_given and notice_version != notice.number:
            raise NoticeHasChanged(field="/notice_version", notice_version=notice.number)

    async def _refuse_unasked(self, account_id: str, applicant_id: str, code: str) -> None:
        found = await self._applicants.applicant(applicant_id)
        child = await self._child(found, ConsentRecord()) if found and found.state.account_id == account_id else None
        if child is None or code != CHILD_DATA:
            raise NotFound()
        if not child.is_to_be_asked:
            raise NotAskedYet(field="/applicant_id", asked_from=child.asked_from.isoformat())

    @staticmethod
    def _refuse_too_many(record: ConsentRecord, now: datetime) -> None:
        free_at = rules.next_choice_at(record, now)
        if free_at is not None:
            seconds = max(1, round((free_at - now).total_seconds() + 0.5))
            raise TooManyChoices(retry_after_seconds=seconds, limit=rules.MOST_CHOICES_A_DAY)

    async def _child(self, found: Record[Applicant], record: ConsentRecord) -> ChildConsent | None:
        """Return the consent for an applicant who was added as a child; None for others."""
        applicant = found.state
        if applicant.guardian_applicant_id is None:
            return None
        born = (await self._vault.particulars(applicant.particulars, found.id)).birth_date
        asked_from = birthday_in(born, GUARDIAN_NEEDED_BELOW_YEARS)
        answered = record.last_act(CHILD_DATA, found.id)
        version = self._notices.in_force(applicant.added_at).number
        by_guardian = ConsentAct(CHILD_DATA, version, True, applicant.added_at, How.ACCOUNT, found.id)
        return ChildConsent(
            applicant_id=found.id,
            guardian_applicant_id=applicant.guardian_applicant_id,
            act=answered or by_guardian,
            asked_from=asked_from,
            is_to_be_asked=self._context.now().date() >= asked_from and answered is None,
        )
