"""Assistance: an officer acts for a person with that person's consent.

Consent is a code that the person tells, the QR code of their letter (scheduling accepts it and says so), or, without a
telephone, their identity card seen. Identity publishes what begins and ends; services check their own copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.identity.accounts.account import joined_ids
from services.identity.accounts.addresses import normal_identifier
from services.identity.accounts.repository import AccountRepository
from services.identity.accounts.vault import AccountVault
from services.identity.applicants.applicant import Applicant, IdentityState
from services.identity.applicants.errors import NikNotSixteenDigits, PersonNotKnown
from services.identity.applicants.nik import NikWrong, parse_nik
from services.identity.applicants.repository import ApplicantRepository
from services.identity.applicants.vault import ApplicantVault
from services.identity.assistances import assistance as rules
from services.identity.assistances.assistance import (
    Assistance,
    AssistanceState,
    EndCause,
    NoTelephone,
    OfficeCodes,
    Officer,
    Shown,
)
from services.identity.assistances.errors import (
    AddressHasNoAccount,
    AssistanceHasEnded,
    AssistanceUnknown,
    OfficeAskedTooOften,
    SeveralAccounts,
)
from services.identity.assistances.repository import ASSISTANCE, OFFICE_CODES, AssistanceRepository
from services.identity.context import UseCaseContext
from services.identity.errors import moment
from services.identity.sign_in.challenge import Purpose
from services.identity.sign_in.service import ChallengeSeen, SigningIn
from services.identity.staff.errors import StaffNotInService
from services.identity.staff.repository import StaffRepository
from services.identity.staff.states import StaffState
from shared.audit import Audit
from shared.events.identity import AssistanceBegun, AssistanceEnded, Consent
from shared.events.message import Message
from shared.events.scheduling import LetterShown
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict
from shared.store.retry import again
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller, Role

log = structlog.get_logger()

LANGUAGE: Final = "id"
"""Of a message to an address that has no account."""

ORIGINAL_SEEN: Final = "assistance_by_original"
"""The override in the audit, and so in the daily list of the head of the office."""


@dataclass(frozen=True)
class AssistanceSeen:
    """An assistance as the officer or the person sees it; ``challenge`` only in the answer that sent the code."""

    assistance_id: str
    assistance: Assistance
    applicant_ids: tuple[str, ...] = ()
    """Confirmed applicants whom it covers, for beginning an application; empty where it is not live."""
    challenge: ChallengeSeen | None = None


@dataclass(frozen=True)
class OriginalSeen:
    """An identity card that an officer saw, and why no code was possible."""

    nik: str = field(repr=False)
    reason: NoTelephone
    words: str | None = field(default=None, repr=False)
    identifier: str | None = field(default=None, repr=False)
    """An address of the account, where several speak for the person."""


class Assistances:
    """The use cases of assistance."""

    def __init__(self, context: UseCaseContext, signing_in: SigningIn, audit: Audit) -> None:
        self._context = context
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)
        self._staff = StaffRepository(context)
        self._assistances = AssistanceRepository(context)
        self._account_vault = AccountVault(context.seals)
        self._applicant_vault = ApplicantVault(context.seals)
        self._signing_in = signing_in
        self._audit = audit
        codes = context.settings.code_rules
        self._hours = timedelta(seconds=context.settings.assistance_rules.lifetime_seconds)
        self._wait = timedelta(seconds=codes.lifetime_seconds + codes.skew_seconds)

    async def ask(self, caller: Caller, identifier: str, command_id: str) -> AssistanceSeen:
        """Send a code to the person's telephone or email address; telling it to the officer begins the assistance.

        The answer is the same whether or not the address has an account; the message is in that account's language.
        Codes count against the address and against the office.

        Raises:
            StaffNotInService, AddressUnusable.
            CodeSentJustNow, TooManyCodes: the address had a code a moment ago, or too many.
            OfficeAskedTooOften: the office had as many codes sent as an hour allows.
        """
        officer = await self._officer(caller)
        address = normal_identifier(identifier, allow_test_domains=self._context.settings.allows_test_domains)
        assistance_id = derived_id("assistance", command_id)
        await self._count_code(officer.office_id, command_id)
        account = await self._accounts.account_reached_at(self._account_vault.fingerprints(address))
        language = account.state.language if account is not None else LANGUAGE
        challenge = await self._signing_in.ask(
            Purpose.ASSISTANCE, address, language, command_id, office_id=officer.office_id
        )
        known = await self._assistances.assistance(assistance_id)
        if known is None:
            now = self._context.now()
            asked = rules.ask_for_consent(officer, challenge.challenge_id, command_id, self._wait, now)
            known = await self._insert(assistance_id, asked)
        return AssistanceSeen(known.id, known.state, challenge=challenge)

    async def tell_code(self, caller: Caller, assistance_id: str, code: str, command_id: str) -> AssistanceSeen:
        """The person has told the code: the assistance is live for some hours; one that is live stays as it is.

        Raises:
            StaffNotInService, AssistanceUnknown, AssistanceHasEnded.
            CodeWrong, CodeExpired, CodeSuperseded, CodeUsed, TooManyTries, ChallengeNotFound: as in signing in.
            AddressHasNoAccount: there is no account with the address.
        """
        officer = await self._officer(caller)
        record = await self._own(officer, assistance_id)
        if record.state.state is AssistanceState.LIVE:
            return await self._seen(record)
        if record.state.state is not AssistanceState.ASKED or record.state.challenge_id is None:
            raise AssistanceHasEnded()
        address = await self._signing_in.prove_consent(
            record.state.challenge_id, code, command_id, record.state.asked_by or ""
        )
        account = await self._accounts.account_reached_at(self._account_vault.fingerprints(address))
        if account is None:
            raise AddressHasNoAccount()
        account_id, joined = account.id, joined_ids(account.state)

        def decide(newest: Assistance) -> Decision[Assistance] | None:
            if newest.state is AssistanceState.LIVE:
                return None
            try:
                live = rules.consented(newest, account_id, self._hours, command_id, self._context.now())
            except IllegalTransition:
                raise AssistanceHasEnded() from None
            return Decision(live, (_begun(assistance_id, live, joined),))

        return await self._checked(await self._change(assistance_id, decide))

    async def see_original(self, caller: Caller, seen: OriginalSeen, command_id: str) -> AssistanceSeen:
        """Without a telephone: the officer saw the identity card. Live at once, for the person and their wards.

        It is an override: the audit's line is written first, and the head of the office reads it that day.

        Raises:
            StaffNotInService, NikNotSixteenDigits.
            PersonNotKnown: no account (with this address) has a confirmed applicant with this NIK.
            SeveralAccounts: say which one by an address of it.
        """
        officer = await self._officer(caller)
        assistance_id = derived_id("assistance", command_id)
        known = await self._assistances.assistance(assistance_id)
        if known is not None:
            return await self._seen(known)
        found = await self._confirmed_with(seen)
        accounts = sorted({record.state.account_id for record in found})
        await self._audit.note(
            caller,
            ORIGINAL_SEEN,
            subject=(found[0].state.person_id or "") if found else assistance_id,
            reason=seen.reason.value,
            override=True,
            words=seen.words,
            detail=None if len(accounts) == 1 else ("several_accounts" if accounts else "person_not_known"),
            command_id=command_id,
        )
        if not found:
            raise PersonNotKnown()
        if len(accounts) > 1:
            raise SeveralAccounts(count=len(accounts), field="/identifier")
        persons = await self._persons_behind(found[0])
        shown = Shown(Consent.ORIGINAL, accounts[0], persons, command_id, reason=seen.reason)
        live = rules.begin_by(shown, officer, self._hours, self._context.now())
        _, joined = await self._holder(accounts[0])
        record = await self._insert(assistance_id, live, _begun(assistance_id, live, joined))
        return await self._checked(record)

    async def letter_shown(self, event: LetterShown) -> None:
        """Scheduling took the QR code of a letter as consent: live for the person of the letter.

        An officer who is not in service at that office any more gets one that has ended.
        """
        if await self._assistances.assistance(event.assistance_id) is not None:
            return
        account_id, joined = await self._holder(event.account_id)
        applicants = await self._applicants.applicants_of(account_id)
        theirs = next((applicant for applicant in applicants if applicant.state.person_id == event.person_id), None)
        persons = await self._persons_behind(theirs) if theirs is not None else (event.person_id,)
        shown = Shown(Consent.LETTER, account_id, persons, event.assistance_id, appointment_id=event.appointment_id)
        officer, now = Officer(event.officer_id, event.office_id), self._context.now()
        live = rules.begin_by(shown, officer, self._hours, now)
        if not await self._in_service(officer):
            await self._insert(event.assistance_id, rules.end(live, EndCause.OFFICER_LEFT_POST, now))
            return
        await self._insert(event.assistance_id, live, _begun(event.assistance_id, live, joined))
        if not await self._in_service(officer):
            await self._end_of_officer(event.assistance_id)

    async def end(self, caller: Caller, assistance_id: str) -> AssistanceSeen:
        """End it: the person whose account it is, the officer, or the head of the office. Again is no error.

        Raises:
            AssistanceUnknown: it is none of theirs.
        """
        cause = {Role.APPLICANT: EndCause.ACCOUNT, Role.FRONT_OFFICER: EndCause.OFFICER}.get(caller.role, EndCause.HEAD)

        def decide(assistance: Assistance) -> Decision[Assistance] | None:
            if not _is_theirs(assistance, caller):
                raise AssistanceUnknown()
            return _ended(assistance_id, assistance, cause, self._context.now())

        record = await self._visible(caller, assistance_id)
        return await self._seen(await self._change(assistance_id, decide, first=record))

    async def get_assistance(self, caller: Caller, assistance_id: str) -> AssistanceSeen:
        """One assistance, for the person, the officer or the head of the office.

        Raises:
            AssistanceUnknown: it is none of theirs.
        """
        return await self._seen(await self._visible(caller, assistance_id))

    async def list_own(self, caller: Caller) -> list[AssistanceSeen]:
        """A person's or an officer's assistances, the newest first (100 at most)."""
        is_person = caller.role is Role.APPLICANT
        assistances = self._assistances
        found = await (
            assistances.assistances_of(caller.account_ids)
            if is_person
            else assistances.assistances_by(caller.account_id)
        )
        return [AssistanceSeen(record.id, record.state) for record in found]

    async def expire(self, record: Record[Assistance]) -> None:
        """Its time is over: it ends by itself, whether or not anybody looks."""
        now = self._context.now()
        decision = _ended(record.id, record.state, EndCause.EXPIRED, now)
        if decision is not None:
            await self._context.store.save(ASSISTANCE, record, decision.state, now=now, events=decision.events)

    async def end_of_officer(self, officer_id: str) -> None:
        """The officer left that post: everything open of theirs ends."""
        while found := await self._assistances.open_assistances_by(officer_id):  # a hundred at a time
            for record in found:
                await self._end_of_officer(record.id)

    # Doing

    async def _end_of_officer(self, assistance_id: str) -> None:
        await self._change(
            assistance_id,
            lambda assistance: _ended(assistance_id, assistance, EndCause.OFFICER_LEFT_POST, self._context.now()),
        )

    async def _change(
        self,
        assistance_id: str,
        decide: Callable[[Assistance], Decision[Assistance] | None],
        first: Record[Assistance] | None = None,
    ) -> Record[Assistance]:
        store, clock = self._context.store, self._context.clock
        return await change(store, clock, ASSISTANCE, assistance_id, decide, first=first)

    async def _checked(self, record: Record[Assistance]) -> AssistanceSeen:
        """Return the assistance that has just begun; ended again if its officer left the post in the meantime.

        Moving or locking an officer is written first and then ends what is open: so one of the two sees the other.
        """
        officer = Officer(record.state.officer_id, record.state.office_id)
        if not await self._in_service(officer):
            await self._end_of_officer(record.id)
            raise StaffNotInService()
        return await self._seen(record)

    async def _count_code(self, office_id: str, command_id: str) -> None:
        most = self._context.settings.assistance_rules.codes_per_office_hour

        async def count() -> None:
            record, now = await self._assistances.office_codes(office_id), self._context.now()
            codes = record.state if record is not None else OfficeCodes()
            if rules.has_counted(codes, command_id):
                return
            until = rules.office_wait(codes, most, now)
            if until is not None:
                seconds = max(1, round((until - now).total_seconds() + 0.5))
                raise OfficeAskedTooOften(retry_after_seconds=seconds, resend_after=moment(until))
            counted = rules.count_code(codes, command_id, now)
            store = self._context.store
            if record is not None:
                await store.save(OFFICE_CODES, record, counted, now=now)
                return
            try:
                await store.insert(OFFICE_CODES, office_id, counted, now=now)
            except AlreadyExists as taken:
                raise VersionConflict(str(taken)) from taken

        await again(count)

    async def _insert(
        self, assistance_id: str, assistance: Assistance, event: Message | None = None
    ) -> Record[Assistance]:
        events = [event] if event is not None else []
        store = self._context.store
        try:
            return await store.insert(ASSISTANCE, assistance_id, assistance, now=self._context.now(), events=events)
        except AlreadyExists:
            known = await self._assistances.assistance(assistance_id)
            if known is None:
                raise
            return known

    # Knowing

    async def _holder(self, account_id: str) -> tuple[str, tuple[str, ...]]:
        """Return the account, or the one into which it was joined, and those joined into that; one that is not known
        here stands for itself.
        """
        found = await self._accounts.open_account(account_id)
        return (found.id, joined_ids(found.state)) if found is not None else (account_id, ())

    async def _officer(self, caller: Caller) -> Officer:
        """Return the officer as the store has them now, not as their token says.

        Raises:
            StaffNotInService: they are not a front officer of that office any more.
        """
        officer = Officer(caller.account_id, caller.office_id or "")
        if not await self._in_service(officer):
            raise StaffNotInService()
        return officer

    async def _in_service(self, officer: Officer) -> bool:
        record = await self._staff.staff(officer.officer_id)
        if record is None or record.state.state is not StaffState.ACTIVE:
            return False
        return (record.state.role, record.state.office_id) == (Role.FRONT_OFFICER.value, officer.office_id)

    async def _own(self, officer: Officer, assistance_id: str) -> Record[Assistance]:
        record = await self._assistances.assistance(assistance_id)
        if record is None or (record.state.officer_id, record.state.office_id) != (
            officer.officer_id,
            officer.office_id,
        ):
            raise AssistanceUnknown()
        return record

    async def _visible(self, caller: Caller, assistance_id: str) -> Record[Assistance]:
        record = await self._assistances.assistance(assistance_id)
        if record is None or not _is_theirs(record.state, caller):
            raise AssistanceUnknown()
        return record

    async def _confirmed_with(self, seen: OriginalSeen) -> list[Record[Applicant]]:
        """Return confirmed applicants with this NIK; of the account that the address belongs to, if one was given."""
        try:
            digits = parse_nik(seen.nik).digits
        except NikWrong:
            raise NikNotSixteenDigits(field="/nik") from None
        stated = await self._applicants.applicants_with(self._applicant_vault.nik_fingerprints(digits))
        found = [record for record in stated if record.state.identity.state is IdentityState.PASSED]
        if seen.identifier is None:
            return found
        allow_test_domains = self._context.settings.allows_test_domains
        address = normal_identifier(seen.identifier, allow_test_domains=allow_test_domains)
        account = await self._accounts.account_reached_at(self._account_vault.fingerprints(address))
        return [record for record in found if account is not None and record.state.account_id == account.id]

    async def _persons_behind(self, applicant: Record[Applicant]) -> tuple[str, ...]:
        """Return the applicant's person and those of the account whose guardian they are."""
        account = await self._applicants.applicants_of(applicant.state.account_id)
        wards = [other.state.person_id for other in account if other.state.guardian_applicant_id == applicant.id]
        return tuple(person_id for person_id in (applicant.state.person_id, *wards) if person_id is not None)

    async def _seen(self, record: Record[Assistance]) -> AssistanceSeen:
        state = record.state
        applicants: Sequence[Record[Applicant]] = ()
        if state.account_id is not None and rules.is_live(state, self._context.now()):
            applicants = await self._applicants.applicants_of(state.account_id)
        covered = tuple(
            applicant.id
            for applicant in applicants
            if applicant.state.person_id is not None
            and (not state.person_ids or applicant.state.person_id in state.person_ids)
        )
        return AssistanceSeen(record.id, state, covered)


def _begun(assistance_id: str, live: Assistance, joined: tuple[str, ...]) -> AssistanceBegun:
    return AssistanceBegun(
        assistance_id=assistance_id,
        account_id=live.account_id or "",
        officer_id=live.officer_id,
        office_id=live.office_id,
        consent=live.consent.value,
        person_ids=live.person_ids,
        begun_at=live.begun_at or live.asked_at,
        expires_at=live.expires_at,
        joined_account_ids=joined,
    )


def _ended(assistance_id: str, assistance: Assistance, cause: EndCause, now: datetime) -> Decision[Assistance] | None:
    """Return the assistance ended, told if it was live; None if it has ended before."""
    if assistance.state is AssistanceState.ENDED:
        return None
    ended = rules.end(assistance, cause, now)
    if assistance.state is not AssistanceState.LIVE:
        return Decision(ended)
    event = AssistanceEnded(
        assistance_id=assistance_id,
        account_id=ended.account_id or "",
        officer_id=ended.officer_id,
        office_id=ended.office_id,
        cause=cause.value,
    )
    return Decision(ended, (event,))


def _is_theirs(assistance: Assistance, caller: Caller) -> bool:
    if caller.role is Role.APPLICANT:
        return assistance.account_id in caller.account_ids
    is_at_office = caller.office_id is not None and assistance.office_id == caller.office_id
    return is_at_office and (caller.role is Role.OFFICE_ADMIN or assistance.officer_id == caller.account_id)
