"""Joining two accounts of one person: the other one is proven at its addresses, then its applicants and addresses move
and it is closed.

Each account is one document, so a join is several writes, in an order in which each can be repeated: the other account
is closed to everything new; the account that stays takes its places, which decides the join; applicants and addresses
follow. A deadline in the other account goes on where a crash left off.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Final

from services.identity.accounts import account as accounts
from services.identity.accounts.account import Account, Address, JoinedInto
from services.identity.accounts.addresses import NormalAddress, normal_identifier
from services.identity.accounts.channel import Channel
from services.identity.accounts.errors import NoAccountToJoin, NoRoomToJoin, OtherAddressNeeded
from services.identity.accounts.repository import AccountRepository
from services.identity.accounts.vault import AccountVault
from services.identity.address_changes.service import AddressChanges, refuse_leaving
from services.identity.applicants import applicant as applicants
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.repository import APPLICANT, ApplicantRepository
from services.identity.context import Actor, UseCaseContext
from services.identity.sessions.credentials import CredentialIssuer, Credentials
from services.identity.sign_in.challenge import Challenge, Purpose
from services.identity.sign_in.repository import ChallengeRepository
from services.identity.sign_in.service import ChallengeSeen, SigningIn
from services.identity.sign_in.vault import ChallengeVault
from shared.audit import Audit
from shared.errors import SomeoneElseChangedIt
from shared.events.identity import AccountJoined
from shared.sessions import SessionOver
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.tokens import Caller, Role

JOINED: Final = "account_joined"
"""Act of the audit: an account took another one of the same person."""

PROOF_COUNTS: Final = timedelta(minutes=30)
"""How long one proven address of two waits for the other: as long as three codes live, asked for in turn."""


class Joins:
    """The use cases of joining two accounts."""

    def __init__(
        self,
        context: UseCaseContext,
        signing_in: SigningIn,
        address_changes: AddressChanges,
        credentials: CredentialIssuer,
        audit: Audit,
    ) -> None:
        self._context = context
        self._signing_in = signing_in
        self._address_changes = address_changes
        self._credentials = credentials
        self._audit = audit
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)
        self._challenges = ChallengeRepository(context)
        self._account_vault = AccountVault(context.seals)
        self._challenge_vault = ChallengeVault(context.seals)

    async def ask(
        self, caller: Caller, identifier: str, language: str, command_id: str, prove_by: Channel | None = None
    ) -> ChallengeSeen:
        """Send a code to an address of the other account and one to the caller's; the answer does not tell whether the
        address has an account.

        Raises:
            AddressUnusable, PhoneCountryUnserved, SmsBudgetSpent: no code can go there.
            CodeSentJustNow, TooManyCodes: it had a code a moment ago, or too many.
            SessionOver, NotFound: the caller has signed out, the account is gone.
        """
        allow_test_domains = self._context.settings.allows_test_domains
        address = normal_identifier(identifier, allow_test_domains=allow_test_domains)
        return await self._address_changes.ask(Purpose.ACCOUNT_JOIN, address, caller, language, command_id, prove_by)

    async def apply(self, challenge: Challenge, address: NormalAddress) -> Credentials:
        """Join the account that holds the proven address into the one that asked; its session goes on, with tokens
        that name both. A repeat finds it done.

        Raises:
            ChallengeNotFound, SessionOver: the account or the session that asked is gone.
            NoAccountToJoin: no other account has the address.
            OtherAddressNeeded: the other account has a second address, which is not proven yet.
            NoRoomToJoin: the account that asked has too few places.
            AccountLeaving: something of one of the two is being removed.
        """
        into, session = await self._address_changes.find_asker(challenge)
        other = await self._accounts.account_reached_at(self._account_vault.fingerprints(address))
        if other is not None and other.id != into.id:
            await self._refuse_unproven(challenge, into.id, other, address)
            _refuse_without_room(into.state, other.state)
            refuse_leaving(into.state)
            by = Actor(into.id, Role.APPLICANT.value, None)
            async with self._audit.doing(by, JOINED, subject=other.id):
                await self._finish(await self._begin(other.id, into.id))
            into, session = await self._address_changes.find_asker(challenge)
        elif not accounts.has_joined_since(into.state, challenge.code.sent_at):
            raise NoAccountToJoin()
        return self._credentials.account_credentials(into.id, session, accounts.joined_ids(into.state))

    async def finish_late(self, record: Record[Account]) -> None:
        """Do what is left of a join whose request did not live to do it, and once more for an applicant that was being
        written at that moment. A join that cannot be is called off.
        """
        with suppress(NoRoomToJoin, SessionOver):
            await self._finish(record)

    # Steps

    async def _refuse_unproven(
        self, challenge: Challenge, into_id: str, other: Record[Account], proven: NormalAddress
    ) -> None:
        """Refuse an account with a second address that was not proven by this session a short while ago."""
        second = Channel.EMAIL if proven.channel is Channel.SMS else Channel.SMS
        address = (await self._account_vault.unlock(other.id)).address_of(other.state, second)
        if address is None:
            return
        challenge_id = self._challenge_vault.challenge_id(Purpose.ACCOUNT_JOIN, address, into_id)
        found = await self._challenges.challenge(challenge_id)
        earlier = found.state if found is not None else None
        is_proven = (
            earlier is not None
            and earlier.code.used_by is not None
            and self._context.now() < earlier.code.sent_at + PROOF_COUNTS
            and _session_of(earlier) == _session_of(challenge)
        )
        if not is_proven:
            raise OtherAddressNeeded(field="/identifier", channel=second.value)

    async def _begin(self, other_id: str, into_id: str) -> Record[Account]:
        """Close the other account to everything new."""

        def decide(other: Account) -> Decision[Account] | None:
            if other.joined_into is None:
                refuse_leaving(other)
                return Decision(accounts.join_into(other, into_id, self._context.now()))
            if other.joined_into.account_id != into_id:
                raise SomeoneElseChangedIt()
            return None

        return await self._accounts.change_account(other_id, decide)

    async def _finish(self, record: Record[Account]) -> None:
        """Do what is left of a join; every step finds what was done before.

        Raises:
            NoRoomToJoin, SessionOver: the account that was to stay is full or closed by now, so the join is off.
        """
        join = record.state.joined_into
        if join is None:
            return
        try:
            await self._take_places(record, join)
        except (NoRoomToJoin, SessionOver):
            await self._accounts.change_account(
                record.id, lambda other: Decision(accounts.call_join_off(other)) if other.joined_into == join else None
            )
            raise
        stays = await self._accounts.open_account(join.account_id)
        assert stays is not None, "accounts are never removed"  # noqa: S101 - narrows the type
        await self._move_applicants(record.id, stays.id)
        let_go = await self._accounts.change_account(
            record.id, lambda other: Decision(accounts.let_addresses_go(other, record.id))
        )
        await self._take_addresses(let_go, stays.id)
        await self._accounts.change_account(
            record.id, lambda other: Decision(accounts.close_joined(other, self._context.now()))
        )

    async def _take_places(self, other: Record[Account], join: JoinedInto) -> None:
        """Write the join into the account that stays: this decides it."""
        event = AccountJoined(
            from_account_id=other.id,
            into_account_id=join.account_id,
            applicant_ids=tuple(place.applicant_id for place in other.state.places),
        )

        def decide(into: Account) -> Decision[Account] | None:
            if other.id in accounts.joined_ids(into):
                return None
            if into.joined_into is not None:
                raise SessionOver()
            _refuse_without_room(into, other.state)
            return Decision(accounts.take_joined(into, other.id, other.state, self._context.now()), (event,))

        await self._accounts.change_account(join.account_id, decide)

    async def _move_applicants(self, other_id: str, into_id: str) -> None:
        def decide(applicant: Applicant) -> Decision[Applicant]:
            return Decision(applicants.move_to(applicant, into_id))

        for record in await self._applicants.applicants_of(other_id):
            await change(self._context.store, self._context.clock, APPLICANT, record.id, decide)

    async def _take_addresses(self, other: Record[Account], into_id: str) -> None:
        """Give the account that stays the addresses of channels in which it has none; others are free."""
        unlocked = await self._account_vault.unlock(other.id)
        for channel in Channel:
            address = unlocked.address_of(other.state, channel)
            if address is not None:
                with suppress(AlreadyExists):  # a new account has registered with it since
                    await self._take_address(address, into_id)

    async def _take_address(self, address: NormalAddress, into_id: str) -> None:
        unlocked = await self._account_vault.unlock(into_id)
        stored = unlocked.seal_address(address)
        email: Address | None = stored if address.channel is Channel.EMAIL else None
        phone: Address | None = stored if address.channel is Channel.SMS else None

        def decide(into: Account) -> Decision[Account] | None:
            if into.joined_into is not None or (into.email and email) or (into.phone and phone):
                return None
            changed = accounts.with_address(into, email=email, phone=phone)
            return Decision(changed, (unlocked.contact_card(changed),))

        await self._accounts.change_account(into_id, decide)


def _refuse_without_room(into: Account, other: Account) -> None:
    lacking = accounts.lacks_room(into, other)
    if lacking is not None:
        raise NoRoomToJoin(lacking=lacking[0], limit=lacking[1])


def _session_of(challenge: Challenge) -> str | None:
    return challenge.proof.session_id if challenge.proof is not None else None
