"""Changing the address of an account: proven at the new address and at one of before, told at all of them, undone by a
link for some days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.identity.accounts import account as accounts
from services.identity.accounts.account import Account, AddressChange
from services.identity.accounts.addresses import NormalAddress, normal_email, normal_phone
from services.identity.accounts.channel import Channel
from services.identity.accounts.errors import AddressTaken, TooManyAddressChanges
from services.identity.accounts.repository import ACCOUNT, AccountRepository
from services.identity.accounts.vault import AccountVault, Undo
from services.identity.context import Actor, UseCaseContext
from services.identity.sessions.credentials import CredentialIssuer, Credentials
from services.identity.sessions.session import Session, open_session
from services.identity.sign_in.challenge import Challenge, Purpose
from services.identity.sign_in.errors import ChallengeNotFound
from services.identity.sign_in.service import ChallengeSeen, ChangeRequest, SigningIn
from shared.audit import Audit
from shared.errors import NotFound
from shared.sessions import SessionOver
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict
from shared.store.retry import again
from shared.tokens import Caller, Role

SECRET_BYTES: Final = 16
UNDO_PATH: Final = "/v1/address-undo/"

TAKEN_OVER: Final = "address_taken_over"
"""Act of the audit: an account took a proven address from one without applicants."""


@dataclass(frozen=True)
class UndoSeen:
    """A change of address as its link shows it: the addresses that it brings back, masked."""

    ends_at: datetime
    is_done: bool
    addresses: tuple[str, ...]


class AddressChanges:
    """The use cases of changing an address and of undoing that."""

    def __init__(
        self, context: UseCaseContext, signing_in: SigningIn, credentials: CredentialIssuer, audit: Audit
    ) -> None:
        self._context = context
        self._audit = audit
        self._accounts = AccountRepository(context)
        self._account_vault = AccountVault(context.seals)
        self._signing_in = signing_in
        self._credentials = credentials

    async def change_phone(
        self, caller: Caller, phone: str, language: str, command_id: str | None, prove_by: Channel | None = None
    ) -> ChallengeSeen:
        """Send a code to the new number and one to an address of before; both together make it the account's.

        Raises:
            PhoneUnusable: it takes no SMS.
            Every refusal of :meth:`change_email`.
        """
        return await self.ask(Purpose.PHONE_CHANGE, normal_phone(phone), caller, language, command_id, prove_by)

    async def change_email(
        self, caller: Caller, email: str, language: str, command_id: str | None, prove_by: Channel | None = None
    ) -> ChallengeSeen:
        """Send a code to the new address and one to an address of before; both together make it the account's.

        ``prove_by``: which of the account's addresses is to agree; without it the one that is replaced, where there is
        one.

        Raises:
            EmailUnusable: it is no address.
            CodeSentJustNow, TooManyCodes: it had a code a moment ago, or too many.
            TooManyAddressChanges: as many changes can be undone as an account keeps.
            SessionOver, NotFound: the caller has signed out, the account is gone.
        """
        address = normal_email(email, allow_test_domains=self._context.settings.allows_test_domains)
        return await self.ask(Purpose.EMAIL_CHANGE, address, caller, language, command_id, prove_by)

    async def apply(self, challenge: Challenge, address: NormalAddress) -> Credentials:
        """Make a proven address the account's: the session that asked for it goes on, and no other begins.

        Raises:
            ChallengeNotFound: it was asked for under other circumstances: the account or its old address is gone.
            SessionOver: the session that asked has ended since.
            AddressTaken: another account that has applicants proved the address first.
            TooManyAddressChanges: as many changes can be undone as an account keeps.
        """

        async def attempt() -> Credentials:
            record, session = await self.find_asker(challenge)
            account_id, account = record.id, record.state
            stored = self._account_vault.seal_address(address, account_id)
            if accounts.holds_any(account, stored.fingerprints):
                return self._credentials.account_credentials(account_id, session, accounts.joined_ids(account))
            self._refuse_other_old_address(account, challenge)
            self._refuse_too_many(account)
            is_email = address.channel is Channel.EMAIL
            change, undo = self._way_back(account_id, account)
            changed = accounts.with_address(
                account, email=stored if is_email else None, phone=None if is_email else stored, change=change
            )
            card = self._account_vault.contact_card(account_id, changed, undo)
            try:
                await self._accounts.save_account(record, changed, self._context.now(), [card])
            except AlreadyExists:
                await self._take_over(account_id, address)
                raise VersionConflict("the address is free now") from None
            return self._credentials.account_credentials(account_id, session, accounts.joined_ids(account))

        return await again(attempt)

    async def _take_over(self, account_id: str, address: NormalAddress) -> None:
        """Take a proven address from an account without applicants; that account is told, and its sessions end.

        Raises:
            AddressTaken: the other account has applicants, or gave the address up and can still take it back.
        """
        fingerprints = self._account_vault.fingerprints(address)
        holder = await self._accounts.account_holding(fingerprints)
        if holder is None:
            return
        holder_id = holder.id

        def decide(other: Account) -> Decision[Account]:
            if not (accounts.is_empty(other) and accounts.holds_any(other, fingerprints)):
                raise AddressTaken()
            left = accounts.without_address(other, holder_id, address.channel, self._context.now())
            return Decision(left, (self._account_vault.contact_card(holder_id, left),))

        taker = Actor(account_id, Role.APPLICANT.value, None)
        async with self._audit.doing(taker, TAKEN_OVER, subject=holder_id) as doing:
            doing.detail = address.channel.value
            await self._accounts.change_account(holder_id, decide)

    async def find_change_request(self, challenge: Challenge) -> ChangeRequest:
        """Return the account and session that asked for this change, for another pair of codes.

        Raises:
            ChallengeNotFound: the session or the account that asked is gone.
        """
        try:
            record, session = await self.find_asker(challenge)
        except SessionOver:
            raise ChallengeNotFound() from None
        proof = challenge.proof
        assert proof is not None, "who asks has given one"  # noqa: S101 - narrows the type
        if proof.channel is None:
            return ChangeRequest(record.id, session.id, None)
        self._refuse_other_old_address(record.state, challenge)
        old = self._old_address(record, proof.channel, proof.channel)
        return ChangeRequest(record.id, session.id, old)

    async def look_at_undo(self, link: str) -> UndoSeen:
        """Return the addresses that a link would bring back.

        Raises:
            NotFound: there is no such change, or its time is over.
        """
        record, change = await self._change_of(link)
        return self._undo_seen(record, change)

    async def undo(self, link: str) -> UndoSeen:
        """Bring back the addresses of before the change and end every session; a repeat finds it done.

        Raises:
            NotFound: there is no such change, or its time is over.
        """

        async def attempt() -> UndoSeen:
            record, change = await self._change_of(link)
            seen = self._undo_seen(record, change)
            if not seen.is_done:
                before = accounts.undo_change(record.state, change, self._context.now())
                card = self._account_vault.contact_card(record.id, before)
                await self._accounts.save_account(record, before, self._context.now(), [card])
            return seen

        return await again(attempt)

    async def forget_changes(self, record: Record[Account]) -> None:
        """Delete changes that cannot be undone any more; their old addresses are free."""
        now = self._context.now()
        await self._context.store.save(ACCOUNT, record, accounts.without_old_changes(record.state, now), now=now)

    # Steps

    async def ask(
        self,
        purpose: Purpose,
        address: NormalAddress,
        caller: Caller,
        language: str,
        command_id: str | None,
        prove_by: Channel | None,
    ) -> ChallengeSeen:
        """Send a code to this address and one to an address of the caller's account, which has to agree.

        Raises:
            Every refusal of :meth:`change_email`.
        """
        record = await self._accounts.account(caller.account_id)
        if record is None:
            raise NotFound()
        if open_session(record.state.sessions, caller.session_id, self._context.now()) is None:
            raise SessionOver()
        if purpose is not Purpose.ACCOUNT_JOIN:
            self._refuse_too_many(record.state)
        old = self._old_address(record, prove_by or address.channel, address.channel)
        asked = ChangeRequest(record.id, caller.session_id, old)
        return await self._signing_in.ask(
            purpose, address, language, command_id or self._context.ids.new(), asked=asked
        )

    async def find_asker(self, challenge: Challenge) -> tuple[Record[Account], Session]:
        """Return the account and the live session that asked for this challenge.

        Raises:
            ChallengeNotFound: the account is gone. SessionOver: the session has ended since.
        """
        record = await self._accounts.account(challenge.account_id or "")
        proof = challenge.proof
        if record is None or proof is None:
            raise ChallengeNotFound()
        session = open_session(record.state.sessions, proof.session_id, self._context.now())
        if session is None:
            raise SessionOver()
        return record, session

    @staticmethod
    def _refuse_other_old_address(account: Account, challenge: Challenge) -> None:
        """Refuse a proof by an address that the account has given up since."""
        fingerprint = challenge.proof.fingerprint if challenge.proof is not None else None
        if fingerprint is None or not accounts.holds_any(account, (fingerprint,)):
            raise ChallengeNotFound()

    def _old_address(self, record: Record[Account], wanted: Channel, otherwise: Channel) -> NormalAddress:
        """The address of before that has to agree: the wanted one, else that of the other channel. One there is."""
        account = record.state
        known = {
            Channel.EMAIL: self._account_vault.email_of(record.id, account),
            Channel.SMS: self._account_vault.phone_of(record.id, account),
        }
        found = next((known[channel] for channel in (wanted, otherwise, *Channel) if known[channel] is not None), None)
        assert found is not None, "an account has an address"  # noqa: S101 - narrows the type
        return found

    def _refuse_too_many(self, account: Account) -> None:
        now = self._context.now()
        free_at = accounts.may_change_at(account, now)
        if free_at is not None:
            seconds = max(1, round((free_at - now).total_seconds() + 0.5))
            raise TooManyAddressChanges(retry_after_seconds=seconds, limit=accounts.MOST_ADDRESS_CHANGES)

    def _way_back(self, account_id: str, account: Account) -> tuple[AddressChange, Undo]:
        settings, now = self._context.settings, self._context.now()
        secret = self._context.randomness.token(SECRET_BYTES)
        ends_at = now + timedelta(seconds=settings.address_change_rules.undo_seconds)
        hashed = self._account_vault.hash_undo(secret, account_id)
        url = f"{settings.public_url.rstrip('/')}{UNDO_PATH}{account_id}.{secret}"
        return AddressChange(hashed, now, ends_at, account.email, account.phone), Undo(url, ends_at)

    async def _change_of(self, link: str) -> tuple[Record[Account], AddressChange]:
        account_id, _, secret = link.partition(".")
        record = await self._accounts.account(account_id)
        change = (
            accounts.find_change(
                record.state,
                lambda hashed: self._account_vault.undo_matches(secret, account_id, hashed),
                self._context.now(),
            )
            if record is not None
            else None
        )
        if record is None or change is None:
            raise NotFound()
        return record, change

    def _undo_seen(self, record: Record[Account], change: AddressChange) -> UndoSeen:
        before = accounts.undo_change(record.state, change, self._context.now())
        shown = [self._account_vault.email_of(record.id, before), self._account_vault.phone_of(record.id, before)]
        return UndoSeen(
            change.ends_at,
            change.undone_at is not None,
            tuple(address.masked for address in shown if address is not None),
        )
