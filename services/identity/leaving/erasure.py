"""Erasure of what identity itself keeps: sessions, addresses, particulars, and the fingerprints that found them.

Afterwards the addresses and the NIK can be used again as if they had never been here. Every step finds what was done
before, so that a crash in the middle is finished by the deadline of the leaving.
"""

from __future__ import annotations

from dataclasses import replace

from services.identity.accounts import account as accounts
from services.identity.accounts.account import Account
from services.identity.accounts.channel import Channel
from services.identity.accounts.repository import AccountRepository
from services.identity.accounts.vault import AccountVault
from services.identity.applicants.person_removal import PersonRemoval
from services.identity.applicants.repository import PERSON, ApplicantRepository
from services.identity.context import UseCaseContext
from services.identity.leaving.leaving import Erased, Leaving, LeavingKind
from shared.store.decision import Decision


class IdentityErasure:
    """Erases what identity knows of the people, the address or the account of a leaving."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)
        self._persons = PersonRemoval(context)
        self._account_vault = AccountVault(context.seals)

    async def erase(self, leaving_id: str, leaving: Leaving) -> bool:
        """Erase, and return whether all of it is gone; False while something has messages that are not sent yet."""
        if leaving.wish.what is LeavingKind.ADDRESS:
            await self._remove_address(leaving_id, leaving)
            return True
        if leaving.wish.whole_account:
            await self._erase_account(leaving.account_id)
        gone = [await self._remove_applicant(leaving.account_id, name) for name in leaving.people.applicant_ids]
        if not all(gone):
            return False
        for person_id in leaving.people.person_ids:
            await self._persons.remove_person(person_id)
        if not leaving.wish.whole_account:
            await self._free_places(leaving_id, leaving)
        return True

    async def find_erasable(self, people: Erased) -> Erased:
        """Return these people without the persons for whom another account speaks."""
        persons = [await self._context.store.get(PERSON, person_id) for person_id in people.person_ids]
        unique = [
            record.id
            for record in persons
            if record is not None and not await self._persons.others_speak_for(record, people.applicant_ids)
        ]
        return replace(people, person_ids=tuple(unique))

    async def find_held(self, leaving: Leaving) -> tuple[str, ...]:
        """Return every id under which a legal hold may keep what the leaving erases: applications among them."""
        people = leaving.people
        found = [await self._applicants.applicant(name) for name in people.applicant_ids]
        states = [record.state for record in found if record is not None]
        applications = [name for state in states for name in (*state.applications, *state.ended_applications)]
        return (leaving.account_id, *people.applicant_ids, *people.person_ids, *applications)

    async def _remove_address(self, leaving_id: str, leaving: Leaving) -> None:
        unlocked = await self._account_vault.unlock(leaving.account_id)

        def decide(account: Account) -> Decision[Account]:
            now, channel = self._context.now(), leaving.wish.channel
            ended = accounts.end_leaving(account, leaving_id, now)
            address = account.email if channel is Channel.EMAIL else account.phone
            other = account.phone if channel is Channel.EMAIL else account.email
            is_there = address is not None and leaving.address_fingerprint in address.fingerprints
            if channel is None or other is None or not is_there:
                return Decision(ended)
            left = accounts.remove_address(ended, channel)
            return Decision(left, (unlocked.contact_card(left),))

        await self._accounts.change_account(leaving.account_id, decide)

    async def _erase_account(self, account_id: str) -> None:
        def decide(account: Account) -> Decision[Account] | None:
            is_done = account.fingerprints == accounts.unreachable(account_id) and not account.places
            return None if is_done else Decision(accounts.erase(account, account_id, self._context.now()))

        await self._accounts.change_account(account_id, decide)

    async def _remove_applicant(self, account_id: str, applicant_id: str) -> bool:
        record = await self._applicants.applicant(applicant_id)
        if record is None or record.state.account_id != account_id:
            return True
        return await self._applicants.remove_applicant(record)

    async def _free_places(self, leaving_id: str, leaving: Leaving) -> None:
        def decide(account: Account) -> Decision[Account]:
            ended = accounts.end_leaving(account, leaving_id, self._context.now())
            return Decision(accounts.remove_places(ended, leaving.people.applicant_ids))

        await self._accounts.change_account(leaving.account_id, decide)
