"""Signing in and proving addresses by one-time codes.

Registration and login are one thing: a code is sent whatever the address, and proving it opens the account that holds
the address, or a new one. So no answer before the proof tells whether an account exists.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NoReturn, TypeVar

import structlog

from services.identity.accounts import account as accounts
from services.identity.accounts.account import Account, Agreement, Recovery
from services.identity.accounts.addresses import NormalAddress, normal_email, normal_identifier, normal_phone
from services.identity.accounts.channel import Channel
from services.identity.accounts.countries import Country, country_of
from services.identity.accounts.repository import ACCOUNT, AccountRepository
from services.identity.accounts.vault import AccountVault
from services.identity.context import UseCaseContext
from services.identity.errors import moment
from services.identity.rules import DAY, HOUR, MINUTE
from services.identity.sessions.credentials import CredentialIssuer, Credentials
from services.identity.sessions.devices import NO_VISITOR, Device, DeviceTokens, DisownLinks, Visitor, is_known
from services.identity.sessions.refresh_tokens import Holder
from services.identity.sessions.session import find_session
from services.identity.sign_in import challenge as rules
from services.identity.sign_in.challenge import (
    PROVEN_BY_ASKER_ALONE,
    AddressProof,
    Challenge,
    FreshCode,
    MustWait,
    Purpose,
    Trier,
    Trying,
    Verdict,
)
from services.identity.sign_in.errors import (
    USE_LONG_CODE,
    USE_LONG_CODE_ID,
    AddressReserved,
    ChallengeNotFound,
    CodeExpired,
    CodeSentJustNow,
    CodeSuperseded,
    CodeUsed,
    CodeWrong,
    NumberNeeded,
    OldCodeNeeded,
    ProofOfWorkNeeded,
    RecoveryWaits,
    SecondCodeNeeded,
    SmsBudgetSpent,
    TooManyCodes,
    TooManyTries,
)
from services.identity.sign_in.proof_of_work import ProofsOfWork
from services.identity.sign_in.record_cache import RecordCache
from services.identity.sign_in.repository import CHALLENGE, ChallengeRepository
from services.identity.sign_in.vault import ChallengeVault, fresh_account_id
from shared.crypto.fingerprints import Fingerprints
from shared.events.identity import AccountRegistered
from shared.events.message import Message
from shared.events.notification import TellOfSignIn
from shared.http.address import source_of
from shared.ids import derived_id
from shared.shared_limits import SharedCounts
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict
from shared.store.retry import again

log = structlog.get_logger()

T = TypeVar("T")

CODE_DIGITS: Final = 6
ASKER: Final = Trier(Trying.ASKER)

NOT_VERIFIED: Final = "not_verified"
"""Cause of a refused sign-in: an address is proven, and something else is not yet."""

_TARGET_CHARS: Final = 24
"""Of a keyed fingerprint: enough to bind a proof of work to its address."""

_OTHER: Final[Mapping[Channel, Channel]] = {Channel.EMAIL: Channel.SMS, Channel.SMS: Channel.EMAIL}


MOST_RECENT: Final = 5_000
"""Challenges remembered in memory, about 2 KiB each: the code is mostly typed where it was asked for."""


@dataclass(frozen=True)
class ChallengeSeen:
    """A challenge as the one who asked for it may see it: ``sent_to`` is the address that they named, masked.

    ``asker_token`` is given to the one whose command sent the code that counts now.
    """

    challenge_id: str
    challenge: Challenge
    sent_to: str
    resend_after: datetime
    tries_left: int
    asker_token: str | None = field(default=None, repr=False)
    sms_challenge_id: str | None = None
    is_only_for_known: bool = False
    """It goes out only where an account has the number; nothing of its delivery is told."""


@dataclass(frozen=True)
class ChangeRequest:
    """A change of address: whose, by which session, and the address of before that has to agree.

    A leaving or an export too: without ``old`` the account has no other address. ``wish`` says what is to go.
    """

    account_id: str
    session_id: str
    old: NormalAddress | None
    wish: str = ""


@dataclass(frozen=True)
class CodeRequest:
    """A wish for a code: for which address and purpose, in which language and by which command.

    ``asked`` belongs to a change of address or to a member's own, ``office_id`` to the office that assists. ``phone``
    is the number given at a registration.
    """

    purpose: Purpose
    address: NormalAddress
    language: str
    command_id: str
    asked: ChangeRequest | None = None
    office_id: str | None = None
    by_device: bool = False
    by_sms: bool = False
    is_registration: bool = False
    phone: NormalAddress | None = None


@dataclass(frozen=True)
class Proof:
    """The codes that are typed to prove an address, and the command that does it."""

    code: str = field(repr=False)
    old_code: str | None = field(repr=False)
    """Of an address of before, or of the account's other address."""
    command_id: str
    second_lost: bool = False
    agreement: Agreement | None = None
    """Counts where the proof opens a new account."""


def is_only_for_known(purpose: Purpose, country: Country) -> bool:
    """Return whether a code to a number of this country is sent only where an account has the number."""
    return not country.can_register and purpose not in (Purpose.PHONE_CHANGE, Purpose.EMAIL_CHANGE)


def _served_country(number: NormalAddress) -> Country:
    country = country_of(number.text)
    assert country is not None, "a number of another country is refused"  # noqa: S101 - narrows the type
    return country


def _budget_spent(wait_seconds: float) -> SmsBudgetSpent:
    return SmsBudgetSpent(retry_after_seconds=max(1, round(wait_seconds + 0.5)))


UseProof = Callable[[Challenge, NormalAddress], Awaitable[Credentials]]
"""Does what an address was proven for; the challenge is as it was before the proof."""

FindChangeRequest = Callable[[Challenge], Awaitable[ChangeRequest]]
"""Finds the account and session that asked for the change, if they may still ask."""


class SigningIn:
    """The use cases around one-time codes."""

    def __init__(self, context: UseCaseContext, credentials: CredentialIssuer) -> None:
        self._context = context
        self._accounts = AccountRepository(context)
        self._challenges = ChallengeRepository(context)
        self._account_vault = AccountVault(context.seals)
        self._challenge_vault = ChallengeVault(context.seals)
        self._credentials = credentials
        self._rules = context.settings.code_rules
        self._devices = DeviceTokens(context.settings.fingerprint_keyring())
        self._proofs = ProofsOfWork(context.settings.fingerprint_keyring())
        self._disown_links = DisownLinks(context.settings.fingerprint_keyring())
        self._counts = SharedCounts(context.store, Fingerprints(context.settings.fingerprint_keyring()))
        self._recent: RecordCache[Challenge] = RecordCache(MOST_RECENT)
        self._uses: dict[Purpose, UseProof] = {}
        self._find_change_request: FindChangeRequest | None = None

    def on_proof(self, uses: Mapping[Purpose, UseProof], find_change_request: FindChangeRequest) -> None:
        """Name what is done with proofs that are not for signing in, and who asked for them."""
        self._uses, self._find_change_request = dict(uses), find_change_request

    async def register(
        self,
        email: str,
        language: str,
        command_id: str,
        visitor: Visitor = NO_VISITOR,
        *,
        phone: str | None = None,
    ) -> ChallengeSeen:
        """Send a code to an email address that is probably new; to ``phone`` goes another one if email takes too long.

        Raises:
            EmailUnusable, PhoneUnusable, PhoneCountryUnserved: it is no address, or takes no SMS.
            ProofOfWorkNeeded: the network is busy.
            CodeSentJustNow, TooManyCodes: it had a code a moment ago, or too many.
        """
        address = normal_email(email, allow_test_domains=self._context.settings.allows_test_domains)
        given = normal_phone(phone) if phone is not None else None
        await self._admit(address, visitor)
        request = CodeRequest(Purpose.SIGN_IN, address, language, command_id, is_registration=True, phone=given)
        try:
            return await self._open(request)
        except AlreadyExists:
            return await self._send(request, visitor)

    async def log_in(
        self, identifier: str, language: str, command_id: str, visitor: Visitor = NO_VISITOR
    ) -> ChallengeSeen:
        """Send a code to an email address or telephone number that is probably known.

        Raises:
            AddressUnusable, PhoneCountryUnserved: it is neither, or takes no SMS.
            ProofOfWorkNeeded: the network is busy.
            CodeSentJustNow, TooManyCodes: it had a code a moment ago, or too many.
        """
        allow_test_domains = self._context.settings.allows_test_domains
        address = normal_identifier(identifier, allow_test_domains=allow_test_domains)
        await self._admit(address, visitor)
        return await self.ask(Purpose.SIGN_IN, address, language, command_id, visitor=visitor)

    async def ask(
        self,
        purpose: Purpose,
        address: NormalAddress,
        language: str,
        command_id: str,
        *,
        asked: ChangeRequest | None = None,
        office_id: str | None = None,
        visitor: Visitor = NO_VISITOR,
    ) -> ChallengeSeen:
        """Send a code to this address, in a new challenge or in the one it has.

        ``asked`` for a change of address; ``office_id`` names the office that assists; ``visitor`` may send the
        token of a known device, which strangers cannot hold back.
        """
        request = CodeRequest(purpose, address, language, command_id, asked=asked, office_id=office_id)
        return await self._send(request, visitor)

    async def resend(self, challenge_id: str, channel: Channel | None, command_id: str) -> ChallengeSeen:
        """Send a new code; asked for SMS it goes to the account's number too, if there is one.

        The answer and its time are the same whether or not the address has an account, and a number. After a
        registration the number that was given there gets a code of its own, which proves that number.

        Raises:
            NumberNeeded: by SMS after a registration without a number.
            ChallengeNotFound: there is none, it is too old, or whoever asked for the change has signed out.
            CodeSentJustNow, TooManyCodes: it is too early.
        """

        async def attempt() -> ChallengeSeen:
            record = await self._own_challenge(challenge_id)
            challenge, vault = record.state, self._challenge_vault
            by_sms = channel is Channel.SMS and challenge.address_channel is Channel.EMAIL
            phone = vault.registration_phone(record.id, challenge)
            if by_sms and challenge.is_registration and phone is None:
                raise NumberNeeded()
            request = CodeRequest(
                challenge.purpose,
                vault.challenge_address(record.id, challenge),
                challenge.language,
                command_id,
                asked=await self._current_change_request(challenge),
                by_sms=by_sms,
                is_registration=challenge.is_registration,
                phone=phone,
            )
            return await self._send_again(record, request)

        seen = await again(attempt)
        if channel is Channel.SMS and seen.challenge.phone is not None:
            await self._send_to_registration_phone(seen.challenge_id, seen.challenge)
        return seen

    async def get_challenge(self, challenge_id: str, visitor: Visitor = NO_VISITOR) -> ChallengeSeen:
        """Return the challenge, whether its code went out, and the tries left to this network address.

        Raises:
            ChallengeNotFound: there is none, or it is too old.
        """
        record = await self._own_challenge(challenge_id)
        trier = self._trier(challenge_id, record.state, visitor, None)
        return self._seen(challenge_id, record.state, trier=trier)

    async def verify(
        self,
        challenge_id: str,
        code: str,
        command_id: str,
        *,
        old_code: str | None = None,
        second_lost: bool = False,
        visitor: Visitor = NO_VISITOR,
        agreement: Agreement | None = None,
    ) -> Credentials:
        """Prove the address with its newest code: signed in, on the account that holds the address.

        For a change of address ``old_code`` is the one that was sent to the address of before; for a new device the
        one of the account's other address, unless that is ``second_lost``. The same command may be
        repeated after a lost answer and gives the same session, unless that has ended. Wrong tries count against the
        ``visitor`` who tries, and all of them against the address. ``agreement`` is kept where a new account opens.

        Raises:
            ChallengeNotFound: there is none, or it is too old.
            OldCodeNeeded: the old address has to agree.
            SecondCodeNeeded, RecoveryWaits: the device is new, and the account's other address has to agree.
            SmsBudgetSpent: the other address is a number whose country had its codes of the day.
            CodeWrong, CodeExpired, CodeSuperseded, CodeUsed, TooManyTries: each with ``tries_left``.
            AddressTaken: another account proved the address first.
            AddressReserved: it can still come back to the account that gave it up some days ago.
            SessionOver, TooManyAddressChanges: the change of address is not to be.
        """
        proof = Proof(code, old_code, command_id, second_lost, agreement)
        return await again(lambda: self._verify(challenge_id, proof, visitor))

    async def prove_consent(self, challenge_id: str, code: str, command_id: str, asked_by: str) -> NormalAddress:
        """Return the address that the code proves which this ``asked_by`` command sent; the code is used up.

        The same command may be repeated and gives the address again.

        Raises:
            ChallengeNotFound: there is none, or it is too old.
            CodeWrong, CodeExpired, CodeSuperseded, CodeUsed, TooManyTries: each with ``tries_left``.
        """

        async def attempt() -> NormalAddress:
            record = await self._challenge(challenge_id)
            if record.state.code.asked_by != asked_by:
                raise CodeSuperseded(tries_left=record.state.code.tries_left)
            verdict, challenge = self._judge(challenge_id, record.state, Proof(code, None, command_id), ASKER)
            if challenge is not record.state:
                await self._save(record, challenge)
            if verdict is not Verdict.RIGHT:
                self._refuse_code(verdict, self._tries_left(challenge, ASKER), challenge.purpose)
            return self._challenge_vault.challenge_address(challenge_id, challenge)

        return await again(attempt)

    async def note_arrival(self, challenge_id: str, told_at: datetime) -> None:
        """The channel accepted the message; news of anything else than a challenge is passed over."""
        await self._note(challenge_id, lambda state: rules.arrived(state, told_at))

    async def note_failure(self, challenge_id: str, reason: str, told_at: datetime) -> None:
        """The channel gave up; the second one is tried at once, if there is one."""
        await self._note(challenge_id, lambda state: rules.did_not_arrive(state, reason, told_at))

    async def try_second_channel(self, record: Record[Challenge]) -> None:
        """Email was not accepted in time: send a code by SMS beside it, if the account has a number.

        The challenge changes in the same way where there is none, so that its answers tell nothing. A number that was
        given at a registration gets a code of its own.
        """
        challenge, now = record.state, self._context.now()
        await self._send_to_registration_phone(record.id, challenge)
        if rules.hourly_wait(challenge, self._rules, now) is not None:
            await self._save(record, rules.without_second_channel(challenge))
            return
        code = self._context.randomness.digits(CODE_DIGITS)
        copies = await self._sms_copy(record.id, challenge, code)
        sent = rules.with_sms_code(challenge, self._challenge_vault.hash_code(code, record.id), now)
        await self._save(record, sent, copies)

    async def forget(self, record: Record[Challenge]) -> None:
        """The address was not asked about for a day: nothing of it is kept here."""
        await self._context.store.remove(CHALLENGE, record)

    # Sending

    async def _send(self, request: CodeRequest, visitor: Visitor) -> ChallengeSeen:
        is_sign_in = request.purpose is Purpose.SIGN_IN
        by_device = is_sign_in and await self._known_device(request.address, visitor) is not None
        wish = replace(request, by_device=by_device)

        async def attempt() -> ChallengeSeen:
            challenge_id = self._challenge_id(wish)
            record = await self._challenges.challenge(challenge_id)
            if record is not None:
                return await self._send_again(record, wish)
            try:
                return await self._open(wish)
            except AlreadyExists:
                raise VersionConflict(f"{challenge_id} was opened by somebody faster") from None

        return await again(attempt)

    async def _admit(self, address: NormalAddress, visitor: Visitor) -> None:
        """Return unless the visitor's network is busy; then a proof of work, or a device that the account knows, is
        needed.

        Raises:
            ProofOfWorkNeeded: with the ``challenge`` and its ``bits``.
        """
        limits, now = self._context.settings.busy_network_rules, self._context.now()
        if not visitor.address or await self._known_device(address, visitor) is not None:
            return
        target = self._account_vault.fingerprint(address).partition(":")[2][:_TARGET_CHARS]
        if self._proofs.proves(visitor.proof, target, now):
            return
        source = f"codes|{source_of(visitor.address)}"
        wait_seconds = await self._counts.allow(source, limits.per_minute, MINUTE, now)
        wait_seconds = wait_seconds or await self._counts.allow(source, limits.per_hour, HOUR, now)
        if wait_seconds:
            raise ProofOfWorkNeeded(
                retry_after_seconds=max(1, round(wait_seconds + 0.5)),
                challenge=self._proofs.challenge(target, limits.proof_bits, limits.proof_seconds, now),
                bits=limits.proof_bits,
            )

    async def _admit_sms(self, request: CodeRequest) -> tuple[bool, bool]:
        """Return whether the code goes out, and whether the answer says that it goes to known numbers only.

        A code by SMS counts against its country's day. To a number from abroad it goes only where an account has the
        number; at a sign-in to every number, once the country had its codes of the day. The answer does not tell.

        Raises:
            SmsBudgetSpent: changes of address and assistances, once the country had its codes of the day.
        """
        if request.asked is not None and request.asked.old is not None:
            await self._refuse_spent(request.asked.old)
        if request.address.channel is not Channel.SMS:
            return True, False
        country = _served_country(request.address)
        wait_seconds = 0.0 if request.by_device else await self._budget_wait("sms", country)
        if wait_seconds and request.purpose is not Purpose.SIGN_IN:
            raise _budget_spent(wait_seconds)
        if not wait_seconds and not is_only_for_known(request.purpose, country):
            return True, False
        known = await self._accounts.account_reached_at(self._account_vault.fingerprints(request.address))
        is_refused = known is None or bool(wait_seconds and await self._budget_wait("sms-known", country))
        return not is_refused, True

    async def _refuse_spent(self, known: NormalAddress) -> None:
        """Count a code to an address of an account if it goes by SMS.

        Raises:
            SmsBudgetSpent: the country had its codes of the day, and those of numbers that have an account.
        """
        wait_seconds = await self._known_wait(known)
        if wait_seconds:
            raise _budget_spent(wait_seconds)

    async def _known_wait(self, known: NormalAddress) -> float:
        """Count a code to an address of an account; strangers who spend the country's codes leave these as many."""
        if known.channel is not Channel.SMS:
            return 0.0
        country = _served_country(known)
        return await self._budget_wait("sms", country) and await self._budget_wait("sms-known", country)

    async def _budget_wait(self, budget: str, country: Country) -> float:
        """Count a code by SMS; seconds until the country's next day if it had all of this one, which alerts."""
        name = f"{budget}|{country.calling_code}"
        wait_seconds = await self._counts.allow(name, country.codes_per_day, DAY, self._context.now())
        if wait_seconds:
            log.error(
                "identity.sms_budget_spent",
                budget=budget,
                country=country.calling_code,
                codes_per_day=country.codes_per_day,
            )
        return wait_seconds

    def _challenge_id(self, request: CodeRequest) -> str:
        vault, asked = self._challenge_vault, request.asked
        if asked is None:
            return vault.challenge_id(request.purpose, request.address)
        return vault.challenge_id(request.purpose, request.address, asked.account_id, asked.session_id)

    async def _open(self, request: CodeRequest) -> ChallengeSeen:
        now, asked, vault = self._context.now(), request.asked, self._challenge_vault
        challenge_id = self._challenge_id(request)
        await self._count_change(challenge_id, request.address, asked)
        codes, fresh = self._fresh_codes(challenge_id, request.address.channel, request.command_id, asked)
        challenge = rules.open_challenge(
            request.purpose,
            vault.seal_challenge_address(request.address, challenge_id),
            replace(fresh, by_device=request.by_device),
            self._rules,
            now,
            language=request.language,
            account_id=asked.account_id if asked else None,
            proof=self._proof(asked),
        )
        challenge = self._with_registration(challenge_id, challenge, request)
        is_sent, only_if_known = await self._admit_sms(request)
        challenge = replace(challenge, only_if_known=only_if_known)
        messages = self._messages(challenge_id, challenge, request, codes) if is_sent else []
        store = self._context.store
        self._recent.put(await store.insert(CHALLENGE, challenge_id, challenge, now=now, events=messages))
        return self._seen(challenge_id, challenge, request.address, asked_by=request.command_id)

    async def _send_again(self, record: Record[Challenge], request: CodeRequest) -> ChallengeSeen:
        if record.state.code.asked_by == request.command_id:
            return self._seen(record.id, record.state, asked_by=request.command_id)
        wait = rules.must_wait(record.state, self._rules, self._context.now(), by_device=request.by_device)
        if wait is not None:
            self._refuse_haste(record.id, wait)
        known = replace(record.state, language=request.language, proof=self._proof(request.asked))
        known = self._with_registration(record.id, known, request)
        await self._count_change(record.id, request.address, request.asked)
        codes, fresh = self._fresh_codes(record.id, request.address.channel, request.command_id, request.asked)
        fresh = replace(fresh, by_device=request.by_device)
        challenge = rules.send_again(known, fresh, self._rules, self._context.now())
        is_sent, only_if_known = await self._admit_sms(request)
        challenge = replace(challenge, only_if_known=only_if_known)
        messages = self._messages(record.id, challenge, request, codes) if is_sent else []
        if request.by_sms and request.purpose is Purpose.SIGN_IN:
            messages += await self._sms_copy(record.id, challenge, codes[0])
        await self._save(record, challenge, messages)
        return self._seen(record.id, challenge, request.address, asked_by=request.command_id)

    def _with_registration(self, challenge_id: str, challenge: Challenge, request: CodeRequest) -> Challenge:
        phone = request.phone
        sealed = self._challenge_vault.seal_registration_phone(phone, challenge_id) if phone is not None else None
        return replace(challenge, is_registration=request.is_registration, phone=sealed)

    async def _send_to_registration_phone(self, challenge_id: str, challenge: Challenge) -> None:
        """Send the number that was given at a registration a code of its own; one that it had a moment ago counts."""
        phone = self._challenge_vault.registration_phone(challenge_id, challenge)
        if phone is None:
            return
        command_id = derived_id("registration phone", challenge_id, str(challenge.code.serial))
        with suppress(CodeSentJustNow, TooManyCodes):
            await self.ask(Purpose.SIGN_IN, phone, challenge.language, command_id)

    async def _count_change(self, challenge_id: str, address: NormalAddress, asked: ChangeRequest | None) -> None:
        """A change sends to two addresses whose number of challenges nothing else bounds: that of before has one for
        each new address that is asked for, and a new one has one for each account that asks for it.
        """
        if asked is None:
            return
        most, now = self._rules.codes_per_hour, self._context.now()
        for target in filter(None, (asked.old, address)):
            wait = await self._counts.allow(f"change|{self._account_vault.fingerprint(target)}", most, 3600.0, now)
            if wait:
                self._refuse_haste(challenge_id, MustWait(now + timedelta(seconds=wait), hourly=True))

    def _messages(
        self, challenge_id: str, challenge: Challenge, request: CodeRequest, codes: tuple[str, str]
    ) -> list[Message]:
        owner, vault, asked = self._owner(challenge_id, challenge), self._challenge_vault, request.asked
        sent: list[Message] = [
            vault.send_otp(challenge_id, challenge, owner, request.address, codes[0], office_id=request.office_id)
        ]
        if asked is not None and asked.old is not None:
            sent.append(vault.send_second_code(challenge_id, challenge, owner, asked.old, codes[1]))
        return sent

    def _fresh_codes(
        self, challenge_id: str, channel: Channel, command_id: str, asked: ChangeRequest | None
    ) -> tuple[tuple[str, str], FreshCode]:
        """Return the code, and the one of the old address where that has to agree (else an empty text)."""
        randomness = self._context.randomness
        code = randomness.digits(CODE_DIGITS)
        has_old = asked is not None and asked.old is not None
        old_code = randomness.digits(CODE_DIGITS) if has_old else ""
        old_hashed = self._challenge_vault.hash_code(old_code, challenge_id) if has_old else None
        return (code, old_code), FreshCode(
            self._challenge_vault.hash_code(code, challenge_id), channel, command_id, old_hashed
        )

    def _proof(self, asked: ChangeRequest | None) -> AddressProof | None:
        if asked is None:
            return None
        if asked.old is None:
            return AddressProof(asked.session_id, None, None, asked.wish)
        fingerprint = self._account_vault.fingerprint(asked.old)
        return AddressProof(asked.session_id, asked.old.channel, fingerprint, asked.wish)

    async def _current_change_request(self, challenge: Challenge) -> ChangeRequest | None:
        if challenge.purpose in (Purpose.SIGN_IN, Purpose.ASSISTANCE):
            return None
        assert self._find_change_request is not None, "identity names it"  # noqa: S101 - narrows the type
        return await self._find_change_request(challenge)

    async def _phone_behind(self, challenge_id: str, challenge: Challenge) -> NormalAddress | None:
        """Return the number of the account that holds the challenge's email address now, if there is one."""
        if challenge.purpose is not Purpose.SIGN_IN or challenge.address_channel is not Channel.EMAIL:
            return None
        fingerprints = self._account_vault.fingerprints(
            self._challenge_vault.challenge_address(challenge_id, challenge)
        )
        record = await self._accounts.account_reached_at(fingerprints)
        if record is None:
            return None
        return (await self._account_vault.unlock(record.id)).address_of(record.state, Channel.SMS)

    async def _sms_copy(self, challenge_id: str, challenge: Challenge, code: str) -> list[Message]:
        """Return the command that sends a code to the account's number too: none without a number or a budget."""
        phone = await self._phone_behind(challenge_id, challenge)
        copy = self._challenge_vault.send_sms_code(
            challenge_id, challenge, self._owner(challenge_id, challenge), phone, code
        )
        if copy is None or phone is None or await self._known_wait(phone):
            return []
        return [copy]

    def _refuse_haste(self, challenge_id: str, wait: MustWait) -> NoReturn:
        seconds = max(1, round((wait.until - self._context.now()).total_seconds() + 0.5))
        refusal = TooManyCodes if wait.hourly else CodeSentJustNow
        raise refusal(retry_after_seconds=seconds, challenge_id=challenge_id, resend_after=moment(wait.until))

    # Proving

    async def _verify(self, challenge_id: str, proof: Proof, visitor: Visitor) -> Credentials:
        device = await self._device_behind(challenge_id, visitor)

        def judge(state: Challenge) -> tuple[Verdict, Challenge]:
            if state.purpose in PROVEN_BY_ASKER_ALONE:
                raise ChallengeNotFound()
            trier = self._trier(challenge_id, state, visitor, device)
            is_alone = state.code.old_hashed is not None and proof.old_code is None
            if is_alone and state.purpose is not Purpose.SIGN_IN:
                raise OldCodeNeeded(field="/old_code", tries_left=self._tries_left(state, trier))
            if is_alone and device is None and not proof.second_lost:
                raise self._second_code_needed(state, trier)
            return self._judge(challenge_id, state, proof, trier)

        record, verdict, challenge = await self._decide(challenge_id, judge)
        if verdict is not Verdict.RIGHT:
            if challenge is not record.state:
                await self._save(record, challenge)
            trier = self._trier(challenge_id, challenge, visitor, device)
            tried = replace(trier, of_second=verdict is Verdict.SECOND_WRONG)
            self._refuse_code(verdict, self._tries_left(challenge, tried), record.state.purpose)
        recovery: Recovery | None = None
        if record.state.purpose is Purpose.SIGN_IN and device is None:
            recovery = await self._check_new_device(record, challenge, proof)
        if challenge is not record.state:
            named = replace(challenge, account_id=self._owner(challenge_id, challenge))
            await self._save(record, named)
        return await self._enter(challenge_id, record.state, proof, device, recovery)

    def _judge(self, challenge_id: str, state: Challenge, proof: Proof, trier: Trier) -> tuple[Verdict, Challenge]:
        vault = self._challenge_vault
        return rules.judge(
            state,
            lambda hashed: vault.code_matches(proof.code, challenge_id, hashed),
            proof.command_id,
            self._rules,
            self._context.now(),
            old_matches=lambda hashed: vault.code_matches(proof.old_code or "", challenge_id, hashed),
            is_long_code=state.purpose is Purpose.SIGN_IN and vault.is_long_code(proof.code, challenge_id, state.code),
            trier=trier,
            one_is_enough=state.purpose is Purpose.SIGN_IN and (trier.trying is Trying.DEVICE or proof.second_lost),
        )

    async def _check_new_device(self, record: Record[Challenge], used: Challenge, proof: Proof) -> Recovery | None:
        """Return None if the account has one address or both are proven, or the recovery by which one is enough; else
        ask the other address, or let it object.

        Raises:
            SecondCodeNeeded: a code was sent to the other address; the first one still counts.
            RecoveryWaits: the other address is said to be lost, and has time to object; the first code is used up.
        """
        if record.state.code.old_hashed is not None and not proof.second_lost:
            return None
        address = self._challenge_vault.challenge_address(record.id, record.state)
        holder = await self._accounts.account_reached_at(self._account_vault.fingerprints(address))
        session_id = derived_id("session", proof.command_id)
        if holder is None or find_session(holder.state.sessions, session_id) is not None:
            return None
        proven = self._proven_channel(record, proof)
        other = (await self._account_vault.unlock(holder.id)).address_of(holder.state, _OTHER[proven])
        if other is None:
            return None
        if proof.second_lost:
            return await self._await_recovery(holder, proven, other, record, used)
        asking = await self._ask_second_address(record, holder.id, other)
        raise self._second_code_needed(asking, ASKER)

    def _proven_channel(self, record: Record[Challenge], proof: Proof) -> Channel:
        hashed = record.state.code.sms_hashed
        by_sms = hashed is not None and self._challenge_vault.code_matches(proof.code, record.id, hashed)
        return Channel.SMS if by_sms else record.state.address_channel

    async def _ask_second_address(self, record: Record[Challenge], account_id: str, other: NormalAddress) -> Challenge:
        await self._refuse_spent(other)
        code, vault = self._context.randomness.digits(CODE_DIGITS), self._challenge_vault
        hashed = vault.hash_code(code, record.id)
        asking = rules.with_second_code(record.state, hashed, other.channel, self._rules, self._context.now())
        await self._save(record, asking, [vault.send_second_code(record.id, asking, account_id, other, code)])
        return asking

    async def _await_recovery(
        self,
        holder: Record[Account],
        proven: Channel,
        other: NormalAddress,
        record: Record[Challenge],
        used: Challenge,
    ) -> Recovery:
        """Return the recovery if the other address had its time to object, else begin that time or go on waiting.

        While one by the other address is open none begins by this one: neither holder ends the other's wait unseen.
        """
        now, account = self._context.now(), holder.state
        recovery, of_other = (accounts.recovery_by(account, channel, now) for channel in (proven, _OTHER[proven]))
        if recovery is not None and now >= recovery.ready_at:
            return recovery
        if used is not record.state:
            await self._save(record, used)
        if of_other is not None:
            raise RecoveryWaits(cause=NOT_VERIFIED, recover_at=moment(of_other.ends_at))
        if recovery is None:
            wait_seconds = self._context.settings.address_change_rules.recovery_seconds
            account = accounts.begin_recovery(account, proven, wait_seconds, now)
            recovery = accounts.recovery_by(account, proven, now)
            assert recovery is not None, "it has just begun"  # noqa: S101 - narrows the type
            notice = self._sign_in_notice(holder.id, account, other, opens_at=recovery.ready_at)
            await self._accounts.save_account(holder, account, now, [notice])
        raise RecoveryWaits(cause=NOT_VERIFIED, recover_at=moment(recovery.ready_at))

    def _second_code_needed(self, challenge: Challenge, trier: Trier) -> SecondCodeNeeded:
        channel = challenge.code.second_channel
        return SecondCodeNeeded(
            field="/second_code",
            cause=NOT_VERIFIED,
            second_code_channel=channel.value if channel is not None else None,
            expires_at=moment(challenge.code.expires_at),
            tries_left=self._tries_left(challenge, replace(trier, of_second=True)),
        )

    def _sign_in_notice(
        self, account_id: str, account: Account, to: NormalAddress, *, opens_at: datetime | None = None
    ) -> TellOfSignIn:
        """Return the news of a sign-in on a new device, with the link by which its owner disowns it."""
        now, settings = self._context.now(), self._context.settings
        until = now + timedelta(seconds=settings.address_change_rules.undo_seconds)
        link = self._disown_links.make(account_id, now, until)
        url = f"{settings.public_url.rstrip('/')}/v1/logins/{link}/disown"
        return self._account_vault.tell_of_sign_in(account_id, account, to, url, until, opens_at)

    def _trier(self, challenge_id: str, challenge: Challenge, visitor: Visitor, device: Device | None) -> Trier:
        """Return the strongest of what the visitor has: a known device, the asker's secret, a network address."""
        vault = self._challenge_vault
        if device is not None:
            return Trier(Trying.DEVICE, vault.hash_trier(device.id, challenge_id))
        if vault.is_asker(visitor.asker_token, challenge_id, challenge.code):
            return Trier(Trying.ASKER)
        return Trier(Trying.NETWORK, vault.hash_trier(source_of(visitor.address), challenge_id))

    async def _device_behind(self, challenge_id: str, visitor: Visitor) -> Device | None:
        """Return the visitor's device if it is known to the account that this challenge signs in to."""
        if visitor.device_token is None:
            return None
        challenge = (await self._challenge(challenge_id)).state
        if challenge.purpose is not Purpose.SIGN_IN:
            return None
        return await self._known_device(self._challenge_vault.challenge_address(challenge_id, challenge), visitor)

    async def _known_device(self, address: NormalAddress, visitor: Visitor) -> Device | None:
        """Return the visitor's device if the account that holds this address has signed in on it."""
        device = self._devices.read(visitor.device_token)
        if device is None:
            return None
        holder = await self._accounts.account_reached_at(self._account_vault.fingerprints(address))
        is_of_holder = holder is not None and is_known(
            device,
            Holder.ACCOUNT,
            holder.id,
            since=holder.state.devices_from,
            device_seconds=self._context.settings.session_rules.device_seconds,
            now=self._context.now(),
        )
        return device if is_of_holder else None

    def _tries_left(self, challenge: Challenge, trier: Trier) -> int:
        return rules.tries_left(challenge, self._rules, self._context.now(), trier)

    async def _enter(
        self,
        challenge_id: str,
        challenge: Challenge,
        proof: Proof,
        device: Device | None,
        recovery: Recovery | None,
    ) -> Credentials:
        """Sign in on the account that holds the proven address; ``challenge`` is as it was before this proof."""
        address = self._challenge_vault.challenge_address(challenge_id, challenge)
        session_id = derived_id("session", proof.command_id)
        if challenge.purpose is not Purpose.SIGN_IN:
            return await self._uses[challenge.purpose](challenge, address)
        new_account = partial(self._open_account, challenge_id, challenge, address, session_id, proof.agreement)
        return await again(lambda: self._sign_in(challenge, address, session_id, device, recovery, new_account))

    async def _sign_in(
        self,
        challenge: Challenge,
        address: NormalAddress,
        session_id: str,
        device: Device | None,
        recovery: Recovery | None,
        open_account: Callable[[], Awaitable[Credentials]],
    ) -> Credentials:
        fingerprints = self._account_vault.fingerprints(address)
        if challenge.account_id is not None:
            known = await self._accounts.account(challenge.account_id)
            if known is not None and accounts.holds_any(known.state, fingerprints):
                return await self._add_session(known, session_id, address, device, recovery)
        try:
            return await open_account()
        except AlreadyExists:
            holder = await self._accounts.account_holding(fingerprints)
        if holder is None:
            raise VersionConflict("the account that held this address has just given it up")
        if not accounts.holds_any(holder.state, fingerprints):
            raise AddressReserved()
        return await self._add_session(holder, session_id, address, device, recovery)

    async def _open_account(
        self,
        challenge_id: str,
        challenge: Challenge,
        address: NormalAddress,
        session_id: str,
        agreement: Agreement | None,
    ) -> Credentials:
        now = self._context.now()
        account_id = fresh_account_id(challenge_id, challenge)
        unlocked = await self._account_vault.unlock(account_id, is_new=True)
        stored = unlocked.seal_address(address)
        is_email = address.channel is Channel.EMAIL
        account = accounts.register(
            challenge.language,
            now,
            email=stored if is_email else None,
            phone=None if is_email else stored,
            agreement=agreement,
        )
        session = self._credentials.start(session_id)
        account = replace(account, sessions=(session,))
        messages: list[Message] = [
            AccountRegistered(
                account_id=account_id,
                language=account.language,
                given_purposes=agreement.purposes if agreement is not None else (),
            ),
            unlocked.contact_card(account),
        ]
        await self._context.store.insert(ACCOUNT, account_id, account, now=now, events=messages)
        return self._credentials.account_credentials(account_id, session)

    async def _add_session(
        self,
        record: Record[Account],
        session_id: str,
        proven: NormalAddress,
        device: Device | None,
        recovery: Recovery | None,
    ) -> Credentials:
        """Begin the session; a new device is told to the account's other address, or to the only one.

        The recovery that it stands on must still be the account's: somebody may have objected since it was read.
        """
        account = record.state
        if account.joined_into is not None:
            raise VersionConflict("the account gives its addresses up just now")
        session = find_session(account.sessions, session_id)
        if session is None:
            if accounts.has_ended(account, session_id):
                raise CodeUsed(tries_left=0)  # a repeat after signing out must not begin the session again
            if recovery is not None and account.recovery != recovery:
                raise RecoveryWaits(cause=NOT_VERIFIED, recover_at=None)
            session = self._credentials.start(session_id, device_id=device.id if device is not None else "")
            sessions = self._credentials.add(account.sessions, session)
            account = replace(account, sessions=sessions, recovery=None)
            notices = []
            if device is None:
                unlocked = await self._account_vault.unlock(record.id)
                to = unlocked.address_of(account, _OTHER[proven.channel]) or proven
                notices = [self._sign_in_notice(record.id, account, to)]
            await self._accounts.save_account(record, account, self._context.now(), notices)
        elif session.generation > 0:
            raise CodeUsed(tries_left=0)
        return self._credentials.account_credentials(record.id, session, accounts.joined_ids(account))

    @staticmethod
    def _refuse_code(verdict: Verdict, tries_left: int, purpose: Purpose) -> NoReturn:
        next_action, next_action_id = TooManyTries.next_action, TooManyTries.next_action_id
        if purpose is Purpose.SIGN_IN and verdict in (Verdict.WRONG, Verdict.TOO_MANY_TRIES):
            next_action, next_action_id = USE_LONG_CODE, USE_LONG_CODE_ID
        match verdict:
            case Verdict.WRONG | Verdict.SECOND_WRONG if tries_left == 0:
                raise CodeWrong(tries_left=0, next_action=next_action, next_action_id=next_action_id)
            case Verdict.WRONG | Verdict.SECOND_WRONG:
                raise CodeWrong(tries_left=tries_left)
            case Verdict.EXPIRED:
                raise CodeExpired(tries_left=tries_left)
            case Verdict.SUPERSEDED:
                raise CodeSuperseded(tries_left=tries_left)
            case Verdict.USED:
                raise CodeUsed(tries_left=tries_left)
            case _:
                raise TooManyTries(tries_left=0, next_action=next_action, next_action_id=next_action_id)

    # Shared

    async def _challenge(self, challenge_id: str) -> Record[Challenge]:
        record = await self._challenges.challenge(challenge_id)
        if record is None:
            raise ChallengeNotFound()
        return record

    async def _own_challenge(self, challenge_id: str) -> Record[Challenge]:
        """Return a challenge of whoever holds its id; one that an officer or member asked for is theirs alone."""
        record = await self._challenge(challenge_id)
        if record.state.purpose in PROVEN_BY_ASKER_ALONE:
            raise ChallengeNotFound()
        return record

    async def _decide(
        self, challenge_id: str, rule: Callable[[Challenge], tuple[T, Challenge]]
    ) -> tuple[Record[Challenge], T, Challenge]:
        """Apply a rule to the challenge: the record, the rule's word, and the state after it.

        A record in memory is enough where the rule changes it, because the write finds out if it was stale; a word
        without a write is only given on what the store says.
        """
        remembered = self._recent.take(challenge_id)
        if remembered is not None:
            word, after = rule(remembered.state)
            if after is not remembered.state:
                return remembered, word, after
        record = await self._challenge(challenge_id)
        return record, *rule(record.state)

    async def _note(self, challenge_id: str, change: Callable[[Challenge], Challenge]) -> None:
        def rule(state: Challenge) -> tuple[None, Challenge]:
            changed = change(state)
            return None, state if changed == state else changed

        async def attempt() -> None:
            record, _, changed = await self._decide(challenge_id, rule)
            if changed is not record.state:
                await self._save(record, changed)

        with suppress(ChallengeNotFound):
            await again(attempt)

    async def _save(
        self, record: Record[Challenge], challenge: Challenge, messages: Sequence[Message] = ()
    ) -> Record[Challenge]:
        store = self._context.store
        self._recent.take(record.id)
        saved = await store.save(CHALLENGE, record, challenge, now=self._context.now(), events=messages)
        if not saved.state.code.others:  # tries from a hundred addresses make a record ten times as large
            self._recent.put(saved)
        return saved

    @staticmethod
    def _owner(challenge_id: str, challenge: Challenge) -> str:
        return challenge.account_id or fresh_account_id(challenge_id, challenge)

    def _seen(
        self,
        challenge_id: str,
        challenge: Challenge,
        address: NormalAddress | None = None,
        *,
        asked_by: str | None = None,
        trier: Trier = ASKER,
    ) -> ChallengeSeen:
        vault = self._challenge_vault
        named = address or vault.challenge_address(challenge_id, challenge)
        is_asker = challenge.code.asked_by == asked_by
        return ChallengeSeen(
            challenge_id,
            challenge,
            named.masked,
            rules.resend_after(challenge, self._rules),
            self._tries_left(challenge, trier),
            asker_token=vault.asker_token(challenge_id, challenge.code) if is_asker else None,
            sms_challenge_id=self._sms_challenge_id(challenge_id, challenge),
            is_only_for_known=challenge.only_if_known,
        )

    def _sms_challenge_id(self, challenge_id: str, challenge: Challenge) -> str | None:
        """Return the challenge of the number that was given at a registration."""
        phone = self._challenge_vault.registration_phone(challenge_id, challenge)
        return self._challenge_vault.challenge_id(Purpose.SIGN_IN, phone) if phone is not None else None
