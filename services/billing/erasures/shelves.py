"""The shelves of billing, for the retention job and for the orders to erase a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.billing.bills.application_repository import APPLICATIONS
from services.billing.cases.model import BILLING, Case
from services.billing.cases.repository import CASES
from services.billing.refunds.model import Refund
from services.billing.refunds.repository import REFUNDS
from services.billing.store_part import MOST_OF_ONE_APPLICATION
from shared.audit import Audit
from shared.clock import Clock
from shared.events.billing import BillingErasureDone
from shared.retention.audit_shelf import audit_shelf
from shared.retention.shelf import Item, Order, Shelf, all_of
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Range, Record
from shared.store.port import Store

MOST_OF_ACCOUNT: Final = 1000
"""Applications of one account: it has ten people with one live application each, and years of ended ones."""

Has = Callable[[Refund], bool]
Without = Callable[[Refund], Refund]


class BillingShelves:
    """The shelves of billing. Bills and receipts hold ids and amounts alone."""

    def __init__(self, store: Store, clock: Clock, audit: Audit) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit

    def all(self) -> tuple[Shelf, ...]:
        """Return every shelf."""
        return (
            audit_shelf(self._store, self._audit, self.subjects_of),
            self._shelf("refund_accounts", has_account, without_account),
            self._shelf("refund_papers", has_papers, without_papers),
            Shelf("case_notes", "case_notes", of=self._cases_of, between=self._closed_cases),
        )

    async def subjects_of(self, order: Order) -> set[str]:
        """Return every id under which staff act on the person here."""
        subjects = {*order.key_subjects, *order.person_ids, *await self._application_ids(order)}
        for record in await self._refunds_of(order):
            subjects |= _subjects(record)
        subjects |= {item.item_id for item in await self._cases_of(order)}
        return subjects - (set() if order.whole_account else set(order.account_ids))

    def _shelf(self, name: str, has: Has, without: Without) -> Shelf:
        async def find_ordered(order: Order) -> list[Item]:
            found = await self._refunds_of(order)
            return [self._item(record, has, without) for record in found if has(record.state)]

        async def between(low: datetime | None, high: datetime, limit: int) -> list[Item]:
            within = {"state.ended_at": Range(low, high)}
            found = await self._store.find(REFUNDS, "ended", within=within, limit=limit)
            return [self._item(record, has, without) for record in found]

        return Shelf(name, name, of=find_ordered, between=between)

    def _item(self, record: Record[Refund], has: Has, without: Without) -> Item:
        async def erase() -> bool:
            def decide(refund: Refund) -> Decision[Refund] | None:
                return Decision(without(refund)) if refund.ended_at is not None and has(refund) else None

            before = await self._store.get(REFUNDS, record.id)
            after = await change(self._store, self._clock, REFUNDS, record.id, decide, first=before)
            return before is None or after.version != before.version

        ended_at = record.state.ended_at
        return Item(record.id, _subjects(record), ended_at, erase, record.state.account_id, at=ended_at)

    async def _cases_of(self, order: Order) -> list[Item]:
        found: list[Record[Case]] = []
        for application_id in await self._application_ids(order):
            wanted, most = {"state.subject.application_id": application_id}, MOST_OF_ONE_APPLICATION
            found += all_of(await self._store.find(CASES, "application", wanted, limit=most), most)
        return [self._case(record) for record in found if has_words(record.state)]

    async def _closed_cases(self, low: datetime | None, high: datetime, limit: int) -> list[Item]:
        within = {"state.closed_at": Range(low, high)}
        found = await self._store.find(CASES, "closed", within=within, limit=limit)
        return [self._case(record) for record in found]

    def _case(self, record: Record[Case]) -> Item:
        async def erase() -> bool:
            def decide(case: Case) -> Decision[Case] | None:
                return Decision(without_words(case)) if case.closed_at is not None and has_words(case) else None

            before = await self._store.get(CASES, record.id)
            after = await change(self._store, self._clock, CASES, record.id, decide, first=before)
            return before is None or after.version != before.version

        about = record.state.subject
        named = (about.account_id, about.application_id, about.bill_id, about.appointment_id)
        subjects = frozenset({record.id, *(name for name in named if name)})
        return Item(record.id, subjects, record.state.closed_at, erase, at=record.state.closed_at)

    async def _application_ids(self, order: Order) -> list[str]:
        wanted = {"state.account_id": order.account_ids}
        found = await self._store.find(APPLICATIONS, "account", wanted, limit=MOST_OF_ACCOUNT)
        known = all_of(found, MOST_OF_ACCOUNT)
        return [record.id for record in known if order.covers_person(record.state.person_id)]

    async def _refunds_of(self, order: Order) -> list[Record[Refund]]:
        found: list[Record[Refund]] = []
        for application_id in await self._application_ids(order):
            wanted, most = {"state.application_id": application_id}, MOST_OF_ONE_APPLICATION
            found += all_of(await self._store.find(REFUNDS, "application", wanted, limit=most), most)
        return found


def tell_erasure(*, erasure_id: str, service: str, kept: tuple[str, ...]) -> BillingErasureDone:
    """Return the event that an erasure is done, or what is kept."""
    return BillingErasureDone(erasure_id=erasure_id, service=service, kept=kept)


def has_words(case: Case) -> bool:
    """Return whether free words of staff are in the case."""
    return any(note.text for note in case.notes if note.by != BILLING)


def without_words(case: Case) -> Case:
    """Return the case without free words of staff; who did what, when, and the outcome stay."""
    notes = tuple(note if note.by == BILLING else replace(note, text="") for note in case.notes)
    return replace(case, notes=notes)


def has_account(refund: Refund) -> bool:
    """Return whether a payee's account is there."""
    return refund.account is not None


def without_account(refund: Refund) -> Refund:
    """Return the case without the payee's account; amount, order and outcome stay."""
    return replace(refund, account=None)


def has_papers(refund: Refund) -> bool:
    """Return whether something that the payer wrote is there."""
    return refund.note_sealed is not None or bool(refund.papers)


def without_papers(refund: Refund) -> Refund:
    """Return the case without what the payer wrote; the reason's code stays."""
    return replace(refund, note_sealed=None, papers=())


def _subjects(record: Record[Refund]) -> frozenset[str]:
    state = record.state
    named = (state.account_id, state.application_id, state.receipt_id, state.bill_id)
    return frozenset({record.id, *(name for name in named if name)})
