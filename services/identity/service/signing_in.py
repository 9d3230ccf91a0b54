"""Signing in and proving addresses by one-time codes (F16, F17, F18).

Registration and login are one thing: a code is sent whatever the address, and proving it opens the account that holds
the address, or a new one. So no answer before the proof tells whether an account exists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NoReturn, TypeVar

from services.identity.addresses import NormalAddress, normal_email, normal_identifier
from services.identity.domain import account as accounts
from services.identity.domain import challenge as rules
from services.identity.domain.account import Account
from services.identity.domain.challenge import Challenge, Channel, FreshCode, MustWait, Purpose, Verdict
from services.identity.domain.session import find_session
from services.identity.errors import (
    AddressTaken,
    ChallengeNotFound,
    CodeExpired,
    CodeSentJustNow,
    CodeSuperseded,
    CodeUsed,
    CodeWrong,
    TooManyCodes,
    TooManyTries,
)
from services.identity.repository import ACCOUNT, CHALLENGE
from services.identity.service.recent import RecentRecords
from services.identity.service.sessions import Credentials, Sessions
from services.identity.service.tools import Tools
from services.identity.vault import fresh_account_id, moment
from shared.events.identity import AccountRegistered
from shared.events.message import Message
from shared.ids import derived_id
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict
from shared.store.retry import again

T = TypeVar("T")

CODE_DIGITS: Final = 6
MOST_RECENT: Final = 5_000
"""Challenges remembered in memory, about 2 KiB each: the code is mostly typed where it was asked for."""

HIDDEN: Final = "***"
"""Shown for a telephone number that the asker did not name."""


@dataclass(frozen=True)
class ChallengeSeen:
    """A challenge as the one who asked for it may see it."""

    challenge_id: str
    challenge: Challenge
    sent_to: str
    resend_after: datetime


class SigningIn:
    """The use cases around one-time codes."""

    def __init__(self, tools: Tools, sessions: Sessions) -> None:
        self._tools = tools
        self._sessions = sessions
        self._rules = tools.settings.code_rules
        self._recent: RecentRecords[Challenge] = RecentRecords(MOST_RECENT)

    async def register(self, email: str, language: str, command_id: str) -> ChallengeSeen:
        """Send a code to an email address that is probably new.

        Raises:
            EmailUnusable: it is no address.
            CodeSentJustNow, TooManyCodes: it had a code a moment ago, or too many.
        """
        address = normal_email(email, allow_test_domains=self._tools.settings.allows_test_domains)
        try:
            return await self._open(Purpose.SIGN_IN, address, language, command_id)
        except AlreadyExists:
            return await self.ask(Purpose.SIGN_IN, address, language, command_id)

    async def log_in(self, identifier: str, language: str, command_id: str) -> ChallengeSeen:
        """Send a code to an email address or telephone number that is probably known.

        Raises:
            AddressUnusable: it is neither.
            CodeSentJustNow, TooManyCodes: it had a code a moment ago, or too many.
        """
        allow_test_domains = self._tools.settings.allows_test_domains
        address = normal_identifier(identifier, allow_test_domains=allow_test_domains)
        return await self.ask(Purpose.SIGN_IN, address, language, command_id)

    async def ask(
        self,
        purpose: Purpose,
        address: NormalAddress,
        language: str,
        command_id: str,
        *,
        account_id: str | None = None,
        office_id: str | None = None,
    ) -> ChallengeSeen:
        """Send a code to this address, in a new challenge or in the one it has; for an assistance, name the office."""

        async def attempt() -> ChallengeSeen:
            challenge_id = self._tools.vault.challenge_id(purpose, address, account_id or "")
            record = await self._tools.repository.challenge(challenge_id)
            if record is not None:
                return await self._send_again(record, address, command_id, language, office_id)
            try:
                return await self._open(
                    purpose, address, language, command_id, account_id=account_id, office_id=office_id
                )
            except AlreadyExists:
                raise VersionConflict(f"{challenge_id} was opened by somebody faster") from None

        return await again(attempt)

    async def resend(self, challenge_id: str, channel: Channel | None, command_id: str) -> ChallengeSeen:
        """Send a new code; by SMS to the account's number if that is asked for and there is one (F16).

        Raises:
            ChallengeNotFound: there is none, or it is too old.
            CodeSentJustNow, TooManyCodes: it is too early.
        """

        async def attempt() -> ChallengeSeen:
            record = await self._own_challenge(challenge_id)
            address = self._tools.vault.challenge_address(challenge_id, record.state)
            wants_other = channel is Channel.SMS and address.channel is Channel.EMAIL
            phone = await self._phone_behind(record.state, address) if wants_other else None
            return await self._send_again(record, phone or address, command_id, record.state.language)

        return await again(attempt)

    async def look(self, challenge_id: str) -> ChallengeSeen:
        """How the challenge stands and whether its code went out.

        Raises:
            ChallengeNotFound: there is none, or it is too old.
        """
        record = await self._own_challenge(challenge_id)
        return self._seen(challenge_id, record.state)

    async def verify(self, challenge_id: str, code: str, command_id: str) -> Credentials:
        """Prove the address with its newest code: signed in, on the account that holds the address.

        The same command may be repeated after a lost answer and gives the same session.

        Raises:
            ChallengeNotFound: there is none, or it is too old.
            CodeWrong, CodeExpired, CodeSuperseded, CodeUsed, TooManyTries: each with ``tries_left`` (F17).
            AddressTaken: another account proved the address first.
        """
        return await again(lambda: self._verify(challenge_id, code, command_id))

    async def prove_consent(self, challenge_id: str, code: str, command_id: str, asked_by: str) -> NormalAddress:
        """The address of a person who told the code that this ``asked_by`` command sent; the code is used up.

        The same command may be repeated and gives the address again.

        Raises:
            ChallengeNotFound: there is none, or it is too old.
            CodeWrong, CodeExpired, CodeSuperseded, CodeUsed, TooManyTries: each with ``tries_left`` (F17).
        """

        async def attempt() -> NormalAddress:
            record = await self._challenge(challenge_id)
            if record.state.code.asked_by != asked_by:
                raise CodeSuperseded(tries_left=record.state.code.tries_left)
            verdict, challenge = self._judge(challenge_id, record.state, code, command_id)
            if challenge is not record.state:
                await self._save(record, challenge)
            if verdict is not Verdict.RIGHT:
                self._refuse_code(verdict, challenge)
            return self._tools.vault.challenge_address(challenge_id, challenge)

        return await again(attempt)

    async def note_arrival(self, challenge_id: str, told_at: datetime) -> None:
        """The channel accepted the message; news of anything else than a challenge is passed over."""
        await self._note(challenge_id, lambda state: rules.arrived(state, told_at))

    async def note_failure(self, challenge_id: str, reason: str, told_at: datetime) -> None:
        """The channel gave up; the second one is tried at once, if there is one."""
        await self._note(challenge_id, lambda state: rules.did_not_arrive(state, reason, told_at))

    async def try_second_channel(self, record: Record[Challenge]) -> None:
        """Email was not accepted in time: send a new code by SMS, if the account has a number (F16)."""
        challenge, now = record.state, self._tools.now()
        address = self._tools.vault.challenge_address(record.id, challenge)
        phone = None if rules.hourly_wait(challenge, self._rules, now) else await self._phone_behind(challenge, address)
        if phone is None:
            await self._save(record, rules.without_second_channel(challenge))
            return
        await self._write_code(record, phone, f"second channel after code {challenge.code.serial}")

    async def forget(self, record: Record[Challenge]) -> None:
        """The address was not asked about for a day: nothing of it is kept here."""
        await self._tools.repository.store.remove(CHALLENGE, record)

    # Sending

    async def _open(
        self,
        purpose: Purpose,
        address: NormalAddress,
        language: str,
        command_id: str,
        *,
        account_id: str | None = None,
        office_id: str | None = None,
    ) -> ChallengeSeen:
        vault, now = self._tools.vault, self._tools.now()
        challenge_id = vault.challenge_id(purpose, address, account_id or "")
        code, fresh = self._fresh_code(challenge_id, address, command_id)
        sealed = vault.seal_challenge_address(address, challenge_id)
        challenge = rules.open_challenge(
            purpose, sealed, fresh, self._rules, now, language=language, account_id=account_id
        )
        owner = self._owner(challenge_id, challenge)
        message = vault.send_otp(challenge_id, challenge, owner, address, code, office_id=office_id)
        store = self._tools.repository.store
        self._recent.put(await store.insert(CHALLENGE, challenge_id, challenge, now=now, events=[message]))
        return self._seen(challenge_id, challenge, address)

    async def _send_again(
        self,
        record: Record[Challenge],
        address: NormalAddress,
        command_id: str,
        language: str,
        office_id: str | None = None,
    ) -> ChallengeSeen:
        if record.state.code.asked_by == command_id:
            return self._seen(record.id, record.state)
        wait = rules.must_wait(record.state, self._rules, self._tools.now())
        if wait is not None:
            self._refuse_haste(record.id, wait)
        record = replace(record, state=replace(record.state, language=language))
        return await self._write_code(record, address, command_id, office_id)

    async def _write_code(
        self, record: Record[Challenge], address: NormalAddress, command_id: str, office_id: str | None = None
    ) -> ChallengeSeen:
        code, fresh = self._fresh_code(record.id, address, command_id)
        challenge = rules.send_again(record.state, fresh, self._rules, self._tools.now())
        owner = self._owner(record.id, challenge)
        message = self._tools.vault.send_otp(record.id, challenge, owner, address, code, office_id=office_id)
        await self._save(record, challenge, [message])
        return self._seen(record.id, challenge)

    def _fresh_code(self, challenge_id: str, address: NormalAddress, command_id: str) -> tuple[str, FreshCode]:
        code = self._tools.randomness.digits(CODE_DIGITS)
        return code, FreshCode(self._tools.vault.hash_code(code, challenge_id), address.channel, command_id)

    async def _phone_behind(self, challenge: Challenge, address: NormalAddress) -> NormalAddress | None:
        if challenge.purpose is not Purpose.SIGN_IN:
            return None
        record = await self._tools.repository.account_holding(self._tools.vault.fingerprints(address))
        return self._tools.vault.phone_of(record.id, record.state) if record is not None else None

    def _refuse_haste(self, challenge_id: str, wait: MustWait) -> NoReturn:
        seconds = max(1, round((wait.until - self._tools.now()).total_seconds() + 0.5))
        refusal = TooManyCodes if wait.hourly else CodeSentJustNow
        raise refusal(retry_after_seconds=seconds, challenge_id=challenge_id, resend_after=moment(wait.until))

    # Proving

    async def _verify(self, challenge_id: str, code: str, command_id: str) -> Credentials:
        def judge(state: Challenge) -> tuple[Verdict, Challenge]:
            if state.purpose is Purpose.ASSISTANCE:
                raise ChallengeNotFound()
            return self._judge(challenge_id, state, code, command_id)

        record, verdict, challenge = await self._decide(challenge_id, judge)
        if verdict is not Verdict.RIGHT:
            if challenge is not record.state:
                await self._save(record, challenge)
            self._refuse_code(verdict, challenge)
        if challenge is not record.state:
            named = replace(challenge, account_id=self._owner(challenge_id, challenge))
            await self._save(record, named)
        return await self._enter(challenge_id, record.state, command_id)

    def _judge(self, challenge_id: str, state: Challenge, code: str, command_id: str) -> tuple[Verdict, Challenge]:
        vault = self._tools.vault
        return rules.judge(
            state,
            lambda hashed: vault.code_matches(code, challenge_id, hashed),
            command_id,
            self._rules,
            self._tools.now(),
        )

    async def _enter(self, challenge_id: str, challenge: Challenge, command_id: str) -> Credentials:
        """Sign in on the account that holds the proven address; ``challenge`` is as it was before this proof."""
        address = self._tools.vault.challenge_address(challenge_id, challenge)
        session_id = derived_id("session", command_id)
        if challenge.purpose is not Purpose.SIGN_IN:
            return await self._change_address(challenge, address, session_id)
        return await again(lambda: self._sign_in(challenge_id, challenge, address, session_id))

    async def _sign_in(
        self, challenge_id: str, challenge: Challenge, address: NormalAddress, session_id: str
    ) -> Credentials:
        fingerprints = self._tools.vault.fingerprints(address)
        if challenge.account_id is not None:
            known = await self._tools.repository.account(challenge.account_id)
            if known is not None and accounts.holds_any(known.state, fingerprints):
                return await self._add_session(known, known.state, session_id)
        try:
            return await self._open_account(challenge_id, challenge, address, session_id)
        except AlreadyExists:
            holder = await self._tools.repository.account_holding(fingerprints)
        if holder is None:
            raise VersionConflict("the account that held this address has just given it up")
        return await self._add_session(holder, holder.state, session_id)

    async def _open_account(
        self, challenge_id: str, challenge: Challenge, address: NormalAddress, session_id: str
    ) -> Credentials:
        vault, now = self._tools.vault, self._tools.now()
        account_id = fresh_account_id(challenge_id, challenge)
        stored = vault.seal_address(address, account_id)
        is_email = address.channel is Channel.EMAIL
        account = accounts.register(
            challenge.language, now, email=stored if is_email else None, phone=None if is_email else stored
        )
        session = self._sessions.start(session_id)
        account = replace(account, sessions=(session,))
        told: list[Message] = [
            AccountRegistered(account_id=account_id, language=account.language),
            vault.contact_card(account_id, account),
        ]
        await self._tools.repository.store.insert(ACCOUNT, account_id, account, now=now, events=told)
        return self._sessions.account_credentials(account_id, session)

    async def _change_address(self, challenge: Challenge, address: NormalAddress, session_id: str) -> Credentials:
        account_id = challenge.account_id or ""

        async def attempt() -> Credentials:
            record = await self._tools.repository.account(account_id)
            if record is None:
                raise ChallengeNotFound()
            stored = self._tools.vault.seal_address(address, account_id)
            if set(stored.fingerprints) <= set(record.state.fingerprints):
                return await self._add_session(record, record.state, session_id)
            change = accounts.with_phone if address.channel is Channel.SMS else accounts.with_email
            changed = change(record.state, stored)
            card = self._tools.vault.contact_card(account_id, changed)
            try:
                return await self._add_session(record, changed, session_id, [card])
            except AlreadyExists:
                raise AddressTaken() from None

        return await again(attempt)

    async def _add_session(
        self, record: Record[Account], account: Account, session_id: str, messages: Sequence[Message] = ()
    ) -> Credentials:
        session = find_session(account.sessions, session_id)
        if session is None:
            session = self._sessions.start(session_id)
            account = replace(account, sessions=self._sessions.add(account.sessions, session))
            await self._tools.repository.save_account(record, account, self._tools.now(), messages)
        elif session.generation > 0:
            raise CodeUsed(tries_left=0)
        return self._sessions.account_credentials(record.id, session)

    @staticmethod
    def _refuse_code(verdict: Verdict, challenge: Challenge) -> NoReturn:
        tries_left = challenge.code.tries_left
        match verdict:
            case Verdict.WRONG if tries_left == 0:
                raise CodeWrong(
                    tries_left=0, next_action=TooManyTries.next_action, next_action_id=TooManyTries.next_action_id
                )
            case Verdict.WRONG:
                raise CodeWrong(tries_left=tries_left)
            case Verdict.EXPIRED:
                raise CodeExpired(tries_left=tries_left)
            case Verdict.SUPERSEDED:
                raise CodeSuperseded(tries_left=tries_left)
            case Verdict.USED:
                raise CodeUsed(tries_left=tries_left)
            case _:
                raise TooManyTries(tries_left=0)

    # Shared

    async def _challenge(self, challenge_id: str) -> Record[Challenge]:
        record = await self._tools.repository.challenge(challenge_id)
        if record is None:
            raise ChallengeNotFound()
        return record

    async def _own_challenge(self, challenge_id: str) -> Record[Challenge]:
        """A challenge of whoever holds its id; one that an officer asked for is that officer's alone."""
        record = await self._challenge(challenge_id)
        if record.state.purpose is Purpose.ASSISTANCE:
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
        store = self._tools.repository.store
        self._recent.take(record.id)
        saved = await store.save(CHALLENGE, record, challenge, now=self._tools.now(), events=messages)
        self._recent.put(saved)
        return saved

    @staticmethod
    def _owner(challenge_id: str, challenge: Challenge) -> str:
        return challenge.account_id or fresh_account_id(challenge_id, challenge)

    def _seen(self, challenge_id: str, challenge: Challenge, address: NormalAddress | None = None) -> ChallengeSeen:
        sent_to = HIDDEN
        if challenge.code.channel is challenge.address_channel:
            sent_to = (address or self._tools.vault.challenge_address(challenge_id, challenge)).masked
        return ChallengeSeen(challenge_id, challenge, sent_to, rules.resend_after(challenge, self._rules))
