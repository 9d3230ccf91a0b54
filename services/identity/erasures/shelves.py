"""The shelves of identity, for the orders to erase a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from services.identity.accounts.account import Account, remove_places, unreachable
from services.identity.accounts.account import erase as erase_account
from services.identity.accounts.repository import AccountRepository
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.person_removal import PersonRemoval
from services.identity.applicants.repository import APPLICANT, PERSON, ApplicantRepository
from services.identity.context import UseCaseContext
from services.identity.exports.export import Export
from services.identity.exports.repository import ExportRepository
from services.identity.sign_in.repository import CHALLENGE
from services.identity.sign_in.vault import ChallengeVault
from shared.audit import Audit
from shared.events.identity import IdentityErasureDone
from shared.retention.audit_shelf import audit_shelf
from shared.retention.shelf import Item, Order, Shelf
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record
from shared.store.port import VersionConflict
from shared.store.retry import again


class IdentityShelves:
    """The shelves of identity. Codes come before the account that leads to them, persons after their applicants: of a
    confirmed applicant there is always a person.
    """

    def __init__(
        self, context: UseCaseContext, audit: Audit, end_export: Callable[[Record[Export]], Awaitable[bool]]
    ) -> None:
        self._context = context
        self._audit = audit
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)
        self._challenges = ChallengeVault(context.seals)
        self._persons_removal = PersonRemoval(context)
        self._exports_kept = ExportRepository(context)
        self._end_export = end_export

    def all(self) -> tuple[Shelf, ...]:
        """Return every shelf."""
        return (
            audit_shelf(self._context.store, self._audit, self.subjects_of),
            Shelf("data_exports", "data_exports", of=self._exports),
            Shelf("one_time_codes", "one_time_codes", of=self._codes),
            Shelf("applicant", "applicant", of=self._people),
            Shelf("person", "person", of=self._persons),
            Shelf("account", "account", of=self._closing),
        )

    async def subjects_of(self, order: Order) -> set[str]:
        """Return every id under which staff act on the person here."""
        return {*order.key_subjects, *order.person_ids}

    async def _codes(self, order: Order) -> list[Item]:
        items: list[Item] = []
        for account in await self._accounts_of(order):
            sessions = [session.id for session in account.state.sessions]
            ids = self._challenges.challenge_ids(account.state.fingerprints, account.id, sessions)
            found = [await self._context.store.get(CHALLENGE, challenge_id) for challenge_id in ids]
            items += [
                self._removal(CHALLENGE, record, frozenset({account.id}), account.id)
                for record in found
                if record is not None
            ]
        return items

    async def _persons(self, order: Order) -> list[Item]:
        """Return the persons in whom no other applicant is one: an account that stays still needs them."""
        items = []
        for person_id in order.persons_of_account:
            record = await self._context.store.get(PERSON, person_id)
            if record is None:
                continue
            if not await self._persons_removal.others_speak_for(record, order.applicant_ids):
                subjects = {person_id, order.account_id, *order.applicant_ids, *await self._applications_of(order)}
                items.append(self._person(person_id, order, frozenset(subjects)))
        return items

    async def _applications_of(self, order: Order) -> list[str]:
        """Return the applications of the applicants who are there: a hold on one holds the applicant and the person."""
        found = [await self._applicants.applicant(applicant_id) for applicant_id in order.applicant_ids]
        states = [record.state for record in found if record is not None]
        return [name for state in states for name in (*state.applications, *state.ended_applications)]

    def _person(self, person_id: str, order: Order, subjects: frozenset[str]) -> Item:
        async def erase() -> bool:
            return await self._persons_removal.remove_person(person_id, order.applicant_ids)

        return Item(person_id, subjects, self._context.now(), erase, None)

    async def _exports(self, order: Order) -> list[Item]:
        """Return the exports of the account: the order is about all that they hold."""

        def removal(record: Record[Export]) -> Callable[[], Awaitable[bool]]:
            async def erase() -> bool:
                return await self._end_export(record)

            return erase

        found = [
            record for account_id in order.account_ids for record in await self._exports_kept.exports_of(account_id)
        ]
        subjects = frozenset({*order.account_ids, *order.applicant_ids})
        return [
            Item(record.id, subjects, self._context.now(), removal(record), record.state.account_id) for record in found
        ]

    async def _people(self, order: Order) -> list[Item]:
        found = [await self._applicants.applicant(applicant_id) for applicant_id in order.applicant_ids]
        known = {record.id: record for record in found if record is not None}
        if order.whole_account:
            for account_id in order.account_ids:
                known |= {record.id: record for record in await self._applicants.applicants_of(account_id)}
        return [self._applicant_item(record) for record in known.values()]

    def _applicant_item(self, record: Record[Applicant]) -> Item:
        state = record.state
        subjects = {record.id, state.account_id, state.person_id or record.id}
        subjects |= {*state.applications, *state.ended_applications}

        async def erase() -> bool:
            await self._free_place(state.account_id, record.id)
            return await self._remove(APPLICANT, record.id)

        return Item(record.id, frozenset(subjects), state.added_at, erase, record.id)

    async def _free_place(self, account_id: str, applicant_id: str) -> None:
        if await self._accounts.account(account_id) is not None:
            await self._accounts.change_account(
                account_id, lambda account: Decision(remove_places(account, (applicant_id,)))
            )

    async def _accounts_of(self, order: Order) -> list[Record[Account]]:
        """Return the accounts that are to close."""
        if not order.whole_account:
            return []
        found = [await self._accounts.account(account_id) for account_id in order.account_ids]
        return [record for record in found if record is not None]

    async def _closing(self, order: Order) -> list[Item]:
        found = await self._accounts_of(order)
        return [self._account(record, order) for record in found if not _is_blank(record.id, record.state)]

    def _account(self, record: Record[Account], order: Order) -> Item:
        subjects = {*order.account_ids, *order.person_ids, *(place.applicant_id for place in record.state.places)}

        async def erase() -> bool:
            now = self._context.now()
            await self._accounts.change_account(
                record.id, lambda account: Decision(erase_account(account, record.id, now))
            )
            return True

        return Item(record.id, frozenset(subjects), record.state.registered_at, erase, record.id)

    def _removal(self, kind: Kind[Any], record: Record[Any], subjects: frozenset[str], key: str | None) -> Item:
        async def erase() -> bool:
            return await self._remove(kind, record.id)

        return Item(record.id, subjects, self._context.now(), erase, key)

    async def _remove(self, kind: Kind[Any], record_id: str) -> bool:
        """Remove a document, once what it has to tell is told.

        Raises:
            SomeoneElseChangedIt: it has something to tell, or is written all the time: the next look removes it.
        """

        async def attempt() -> bool:
            record = await self._context.store.get(kind, record_id)
            if record is None:
                return False
            if not await self._context.store.remove(kind, record):
                raise VersionConflict(f"{kind.name} {record_id} has something to tell")
            return True

        return await again(attempt)


def tell_erasure(*, erasure_id: str, service: str, kept: tuple[str, ...]) -> IdentityErasureDone:
    """Return the event that an erasure is done, or what is kept."""
    return IdentityErasureDone(erasure_id=erasure_id, service=service, kept=kept)


def _is_blank(account_id: str, account: Account) -> bool:
    held = (account.email, account.phone, account.recovery)
    return held == (None, None, None) and account.fingerprints == unreachable(account_id) and not account.changes
