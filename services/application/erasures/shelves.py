"""The shelves of application, for the retention job and for the orders to erase a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from services.application.applications.application import Application
from services.application.applications.repository import APPLICANT, APPLICATION
from services.application.applications.service import Applications
from services.application.context import UseCaseContext
from services.application.crossings.repository import CrossingRepository
from services.application.drafts.expiry_transitions import draft_expired
from services.application.erasures import transitions
from services.application.evidence.evidence import Evidence, key_subject
from services.application.evidence.service import EvidenceFiles
from services.application.passports.passport import Passport
from services.application.passports.recording import PassportRecords
from shared.audit import Audit
from shared.crypto.errors import CannotDecrypt
from shared.events.application import ApplicationErasureDone
from shared.retention.audit_shelf import audit_shelf
from shared.retention.shelf import Between, Item, OfOrder, Order, Shelf, all_of
from shared.store.decision import Decision
from shared.store.kinds import Range, Record
from shared.store.port import VersionConflict
from shared.store.retry import again

MOST_OF_ACCOUNT: Final = 1000
"""Applications of one account: it has ten people with one live application each, and years of ended ones."""

Has = Callable[[Application], bool]
Without = Callable[[Application], Application]


class ApplicationShelves:
    """The shelves of application. Drafts come first: once closed they go the way of all that ended."""

    def __init__(
        self,
        context: UseCaseContext,
        applications: Applications,
        passports: PassportRecords,
        evidence: EvidenceFiles,
        audit: Audit,
        crossings: CrossingRepository,
    ) -> None:
        self._context = context
        self._crossings = crossings
        self._applications = applications
        self._passports = passports
        self._evidence = evidence
        self._audit = audit

    def all(self) -> tuple[Shelf, ...]:
        """Return every shelf."""
        return (
            Shelf("drafts", "drafts", of=self._drafts),
            audit_shelf(self._context.store, self._audit, self.subjects_of),
            self._shelf("documents", transitions.has_documents, transitions.without_documents),
            self._shelf("interview_notes", transitions.has_notes, transitions.without_notes),
            self._shelf("collectors", transitions.has_collectors, transitions.without_collectors),
            self._shelf("earlier_books", transitions.has_earlier_books, transitions.without_earlier_books),
            Shelf(
                "issued_passports",
                "issued_passports",
                of=self._find_numbers,
                between=self._between(_has_passport_number, transitions.without_passport_number),
            ),
            Shelf("passports", "issued_passports", of=self._find_passports, between=self._find_old_passports),
            Shelf("evidence_files", "evidence_files", of=self._find_evidence, between=self._find_old_evidence),
            Shelf("border_crossings", "border_crossings", of=self._find_crossings),
            Shelf("identity_cards", "identity_cards", of=self._cards),
        )

    async def subjects_of(self, order: Order) -> set[str]:
        """Return every id under which staff act on the person here."""
        applications = await self._applications_of(order)
        documents = [document.document_id for record in applications for document in record.state.documents]
        evidence = [item.item_id for item in await self._find_evidence(order)]
        passports = [item.item_id for item in await self._find_passports(order)]
        subjects = {*order.key_subjects, *order.person_ids, *(record.id for record in applications)}
        return {*subjects, *documents, *evidence, *passports}

    def _shelf(self, name: str, has: Has, without: Without) -> Shelf:
        return Shelf(name, name, of=self._find_ordered(has, without), between=self._between(has, without))

    def _find_ordered(self, has: Has, without: Without) -> OfOrder:
        async def find(order: Order) -> list[Item]:
            found = await self._applications_of(order)
            return [self._item(record, has, without) for record in found if has(record.state)]

        return find

    def _between(self, has: Has, without: Without) -> Between:
        async def find(low: datetime | None, high: datetime, limit: int) -> list[Item]:
            within = {"state.closed_at": Range(low, high)}
            found = await self._context.store.find(APPLICATION, "closed", within=within, limit=limit)
            return [self._item(record, has, without) for record in found]

        return find

    async def _applications_of(self, order: Order) -> list[Record[Application]]:
        wanted = {"state.account_id": order.account_ids}
        found = await self._context.store.find(APPLICATION, "account", wanted, limit=MOST_OF_ACCOUNT)
        return [record for record in all_of(found, MOST_OF_ACCOUNT) if order.covers(record.state.applicant_id)]

    def _item(self, record: Record[Application], has: Has, without: Without) -> Item:
        async def erase() -> bool:
            current = await self._applications.application(record.id)
            if current.state.live or not has(current.state):
                return False
            left = without(current.state)
            for file_id in set(current.state.file_ids) - set(left.file_ids):
                await self._context.files.delete(file_id)
            if current.state.passport_number_subject is not None and left.passport_number_sealed is None:
                await self._context.person_keys.destroy(current.state.passport_number_subject)
            await self._applications.change(record.id, lambda application: Decision(without(application)))
            return True

        state = record.state
        ended_at = transitions.ended_at(state)
        return Item(record.id, _subjects(record), ended_at, erase, state.applicant_id, at=state.closed_at)

    async def _find_numbers(self, order: Order) -> list[Item]:
        """Return the numbers of the person's passports; one that a rule keeps is put under a key of its own."""
        found = await self._applications_of(order)
        items = []
        for record in found:
            if _has_passport_number(record.state):
                item = self._item(record, _has_passport_number, transitions.without_passport_number)
                items.append(replace(item, keep_apart=self._keep_number_apart(record.id)))
        return items

    def _keep_number_apart(self, application_id: str) -> Callable[[], Awaitable[bool]]:
        async def keep_apart() -> bool:
            current = await self._applications.application(application_id)
            try:
                apart = await self._applications.vault.with_number_apart(application_id, current.state)
            except CannotDecrypt:
                return False
            number = (apart.passport_number_sealed, apart.passport_number_subject)

            def decide(application: Application) -> Decision[Application] | None:
                if application.passport_number_sealed != current.state.passport_number_sealed:
                    return None
                return Decision(
                    replace(application, passport_number_sealed=number[0], passport_number_subject=number[1])
                )

            after = await self._applications.change(application_id, decide)
            return after.state.passport_number_subject is not None

        return keep_apart

    async def _find_passports(self, order: Order) -> list[Item]:
        found = await self._passports.repository.of_accounts(order.account_ids)
        return [self._passport_item(record) for record in found if order.covers(record.state.applicant_id)]

    async def _find_old_passports(self, low: datetime | None, high: datetime, limit: int) -> list[Item]:
        found = await self._passports.repository.recorded_between(low, high, limit)
        return [self._passport_item(record) for record in found]

    def _passport_item(self, record: Record[Passport]) -> Item:
        """Return the passport, whose number is under a key of its own: it is kept or goes, whoever's key goes."""

        async def erase() -> bool:
            return await self._passports.erase(record.id)

        state = record.state
        subjects = {record.id, state.account_id, state.applicant_id, state.person_id, state.application_id or record.id}
        return Item(record.id, frozenset(subjects), state.recorded_at, erase, record.id, at=state.recorded_at)

    async def _drafts(self, order: Order) -> list[Item]:
        found = await self._applications_of(order)
        return [self._draft(record) for record in found if transitions.is_draft(record.state)]

    def _draft(self, record: Record[Application]) -> Item:
        async def erase() -> bool:
            now = self._context.now()

            def decide(application: Application) -> Decision[Application] | None:
                return draft_expired(record.id, application, now) if transitions.is_draft(application) else None

            return not (await self._applications.change(record.id, decide)).state.live

        return Item(record.id, _subjects(record), record.state.started_at, erase, record.state.applicant_id)

    async def _find_evidence(self, order: Order) -> list[Item]:
        """Return all evidence of the account; it is under the account's key, and goes with the whole account alone."""
        if not order.whole_account:
            return []
        found = await self._evidence.repository.evidence_of(order.account_ids)
        return [self._evidence_item(record) for record in all_of(found, MOST_OF_ACCOUNT)]

    async def _find_old_evidence(self, low: datetime | None, high: datetime, limit: int) -> list[Item]:
        found = await self._evidence.repository.counted_between(low, high, limit)
        return [self._evidence_item(record) for record in found]

    def _evidence_item(self, record: Record[Evidence]) -> Item:
        async def erase() -> bool:
            return await self._evidence.erase(record.id)

        state, subject_id = record.state, key_subject(record.id, record.state)
        case_id = state.case.case_id if state.case is not None else record.id
        subjects = frozenset({record.id, subject_id, case_id})
        starts_at = state.counts_from or state.created_at
        return Item(record.id, subjects, starts_at, erase, subject_id, at=state.counts_from)

    async def _find_crossings(self, order: Order) -> list[Item]:
        """Return the last answers of the border system, and with the whole account its consent."""
        now, items = self._context.now(), []
        for copy in await self._crossings.copies_of(*order.account_ids):
            if order.covers(copy.id):
                subjects = frozenset({copy.id, copy.state.account_id})
                items.append(Item(copy.id, subjects, now, partial(self._crossings.remove_copy, copy), copy.id))
        for account_id in order.account_ids if order.whole_account else ():
            consent = await self._crossings.consent(account_id)
            if consent is not None:
                erase = partial(self._crossings.remove_consent, consent)
                items.append(Item(account_id, frozenset({account_id}), now, erase))
        return items

    async def _cards(self, order: Order) -> list[Item]:
        ids = set(order.applicant_ids)
        if order.whole_account:
            wanted = {"state.account_id": order.account_ids}
            found = await self._context.store.find(APPLICANT, "account", wanted, limit=MOST_OF_ACCOUNT)
            ids |= {record.id for record in all_of(found, MOST_OF_ACCOUNT)}
        applications = await self._applications_of(order)
        items = []
        for applicant_id in sorted(ids):
            record = await self._applications.repository.applicant(applicant_id)
            if record is not None:
                theirs = [item for item in applications if item.state.applicant_id == applicant_id]
                subjects = {
                    applicant_id,
                    record.state.account_id,
                    record.state.person_id,
                    *(item.id for item in theirs),
                }
                in_use = any(item.state.live for item in theirs)
                starts_at = None if in_use else self._context.now()
                items.append(
                    Item(applicant_id, frozenset(subjects - {""}), starts_at, self._removal(applicant_id), applicant_id)
                )
        return items

    def _removal(self, applicant_id: str) -> Callable[[], Awaitable[bool]]:
        async def attempt() -> bool:
            record = await self._applications.repository.applicant(applicant_id)
            if record is None:
                return False
            if not await self._context.store.remove(APPLICANT, record):
                raise VersionConflict(f"applicant {applicant_id} was written meanwhile")
            return True

        async def erase() -> bool:
            return await again(attempt)

        return erase


def tell_erasure(*, erasure_id: str, service: str, kept: tuple[str, ...]) -> ApplicationErasureDone:
    """Return the event that an erasure is done, or what is kept."""
    return ApplicationErasureDone(erasure_id=erasure_id, service=service, kept=kept)


def _has_passport_number(application: Application) -> bool:
    return application.passport_number_sealed is not None


def _subjects(record: Record[Application]) -> frozenset[str]:
    state = record.state
    return frozenset({record.id, state.account_id, state.applicant_id, state.person_id})
