"""A member's own account: what it is, its address for messages, and the review of sign-ins on new devices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.identity.accounts.addresses import normal_email
from services.identity.context import UseCaseContext
from services.identity.second_factors.book import SecondFactorBook, SeenFactor
from services.identity.second_factors.errors import EmailCodeOver
from services.identity.second_factors.factors import SecondFactors
from services.identity.second_factors.fresh_sign_in import FreshSignIns, refuse_unproven
from services.identity.sessions.session import Session
from services.identity.sign_in.challenge import Purpose
from services.identity.sign_in.errors import (
    ChallengeNotFound,
    CodeExpired,
    CodeSuperseded,
    CodeUsed,
    TooManyTries,
)
from services.identity.sign_in.service import ChangeRequest, SigningIn
from services.identity.staff import member as rules
from services.identity.staff.member import EmailProof, Staff, StaffAct
from services.identity.staff.passwords import StaffPasswords, actor
from services.identity.staff.repository import StaffRepository
from services.identity.staff.vault import STAFF_LANGUAGE, StaffVault
from shared.sessions import SessionOver
from shared.store.kinds import Record
from shared.store.retry import again
from shared.tokens import Caller


@dataclass(frozen=True)
class OwnAccountSeen:
    """A member's own account for their own eyes."""

    staff_id: str
    staff: Staff
    factors: SecondFactors
    full_name: str | None = field(repr=False)
    email: str | None = field(repr=False)
    waiting_email: str | None = field(repr=False)
    seen_factors: tuple[SeenFactor, ...]
    sessions: tuple[Session, ...]
    seen_at: datetime


class OwnAccounts:
    """The use cases of one's own account."""

    def __init__(
        self, context: UseCaseContext, passwords: StaffPasswords, book: SecondFactorBook, signing_in: SigningIn
    ) -> None:
        self._context = context
        self._staff = StaffRepository(context)
        self._vault = StaffVault(context.seals)
        self._passwords = passwords
        self._book = book
        self._signing_in = signing_in
        self._fresh = FreshSignIns(context)

    async def look_at(self, caller: Caller) -> OwnAccountSeen:
        """Return the caller's account as stored now.

        Raises:
            SessionOver: the caller's session has ended.
        """
        record = await self._own(caller)
        staff, now = record.state, self._context.now()
        factors, proof = await self._book.repository.of_member(record.id), staff.email_proof
        return OwnAccountSeen(
            staff_id=record.id,
            staff=staff,
            factors=factors,
            full_name=self._vault.staff_name(staff.name, record.id) if staff.name is not None else None,
            email=self._vault.email_of(record.id, staff),
            waiting_email=self._vault.open_email(proof.email, record.id) if proof is not None else None,
            seen_factors=self._book.seen(record.id, factors),
            sessions=tuple(session for session in staff.sessions if session.ends_at > now),
            seen_at=now,
        )

    async def set_email(self, caller: Caller, email: str | None) -> None:
        """Send a code to the address that messages about sign-ins are to go to, or take the present one away. Until the
        code is typed (:meth:`prove_email`) the present one stays. The old address is told of nothing: it is an address
        of the office.

        Raises:
            EmailUnusable, EmailNotAscii: it is no address.
            FreshSignInNeeded, SecondFactorNeedsItself: whoever stole a token, or signed in before there was a second
            factor, does not take the messages to themselves.
            CodeSentJustNow, TooManyCodes: it had a code a moment ago, or too many.
            SessionOver.
        """
        await self._refuse_stale(caller)
        proof = await self._send_code(caller, email) if email is not None else None

        async def attempt() -> None:
            record = await self._own(caller)
            staff = record.state
            await self._save(record, rules.ask_email_proof(staff, proof) if proof else rules.drop_email(staff))

        await again(attempt)

    async def prove_email(self, caller: Caller, code: str, command_id: str) -> None:
        """Make the address that waits the member's own, proven by its code; a repeat of the command finds it done.

        Raises:
            CodeWrong: with ``tries_left``.
            EmailCodeOver: no address waits, or its code counts no more.
            SessionOver.
        """
        record = await self._own(caller)
        proof = record.state.email_proof
        if proof is None:
            if record.state.email_proven_by == command_id:
                return
            raise EmailCodeOver()
        try:
            await self._signing_in.prove_consent(proof.challenge_id, code, command_id, proof.asked_by)
        except (ChallengeNotFound, CodeExpired, CodeSuperseded, CodeUsed, TooManyTries):
            raise EmailCodeOver(field="/code") from None

        async def attempt() -> None:
            newest = await self._own(caller)
            if newest.state.email_proof == proof:
                await self._save(newest, rules.prove_email(newest.state, command_id, self._context.now()))

        await again(attempt)

    async def review_devices(self, caller: Caller, *, are_mine: bool) -> None:
        """Note that the sign-ins on new devices were the member's own, or end every session and forget every device.

        Raises:
            SessionOver.
        """

        async def attempt() -> None:
            record = await self._own(caller)
            if are_mine:
                await self._save(record, replace(record.state, new_devices=()))
                return
            await self._save(record, rules.disown(record.state, self._context.now()))
            await self._passwords.note(StaffAct.SIGN_IN_DISOWNED, actor(record.id, record.state))

        await again(attempt)

    async def _refuse_stale(self, caller: Caller) -> None:
        record, session = await self._fresh.member(caller)
        refuse_unproven(await self._book.repository.of_member(record.id), session)

    async def _send_code(self, caller: Caller, email: str) -> EmailProof:
        address = normal_email(email, allow_test_domains=self._context.settings.allows_test_domains)
        asked_by, staff_id = self._context.ids.new(), caller.account_id
        asked = ChangeRequest(staff_id, caller.session_id, None)
        sent = await self._signing_in.ask(Purpose.STAFF_EMAIL, address, STAFF_LANGUAGE, asked_by, asked=asked)
        return EmailProof(self._vault.seal_email(address.text, staff_id), sent.challenge_id, asked_by)

    async def _own(self, caller: Caller) -> Record[Staff]:
        record = await self._staff.staff(caller.account_id)
        if record is None or all(session.id != caller.session_id for session in record.state.sessions):
            raise SessionOver()
        return record

    async def _save(self, record: Record[Staff], staff: Staff) -> None:
        await self._staff.save_staff(record, staff, self._context.now())
