"""Erasure orders carried out: everything about a person on every shelf, but what a rule, a use or a hold keeps.

The first write says that the subject is erased, so that no late message brings anything back. Then each thing is erased
by a write of its own. A process that is killed in between begins the look again: what is erased is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from shared.clock import Clock
from shared.events.envelope import Envelope
from shared.events.identity import ErasureOrdered
from shared.events.message import Event, Message
from shared.retention import erasure as erasures
from shared.retention.erasure import IN_USE, LEGAL_HOLD, Erasure, ErasureTold, Kept, open_erasure
from shared.retention.holds import LegalHolds
from shared.retention.rule import RuleBook
from shared.retention.shelf import Item, KeyDestroyer, Order, Shelf
from shared.service import DeadlineHandler, MessageHandler
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.port import AlreadyExists, Store

log = structlog.get_logger()

PAGE: Final = 100


@dataclass(frozen=True)
class ErasedSubject:
    """That an account or applicant was erased: named by its id, kept for ever, and no more than that."""

    erasure_id: str
    erased_at: datetime


ERASURE: Final[Kind[Erasure]] = Kind(
    "erasure",
    Erasure,
    indexes=(Index("held", ("state.ordered_at",), where={"state.held": True}),),
    deadlines=erasures.deadlines,
)
ERASED_SUBJECT: Final[Kind[ErasedSubject]] = Kind("erased_subject", ErasedSubject, bare=True)


class Erasing:
    """A service's erasures. ``told`` makes the event that one has ended, or what is kept."""

    def __init__(
        self,
        service: str,
        store: Store,
        clock: Clock,
        holds: LegalHolds,
        rules: RuleBook,
        shelves: Sequence[Shelf],
        told: ErasureTold,
        keys: KeyDestroyer,
    ) -> None:
        self._service = service
        self._store = store
        self._clock = clock
        self._holds = holds
        self._rules = rules
        self._shelves = [shelf for shelf in shelves if shelf.of is not None]
        self._told = told
        self._keys = keys

    async def ordered(self, event: ErasureOrdered, envelope: Envelope) -> None:
        """Begin an erasure; a repeated order finds it begun."""
        order = Order(
            event.erasure_id,
            event.account_id,
            event.applicant_ids,
            event.person_ids,
            whole_account=event.whole_account,
            account_person_ids=event.account_person_ids,
        )
        now = self._clock.now()
        try:
            begun = open_erasure(order, now)
            await self._store.insert(ERASURE, event.erasure_id, begun, now=now, received=envelope.id)
        except AlreadyExists:
            return

    async def erase_due(self, record: Record[Erasure], _name: str) -> None:
        """Look through all shelves, erase what may be erased, and note what is kept."""
        order = record.state.order
        await self._note_erased(order)
        kept: list[Kept] = []
        keys_needed: set[str | None] = set()
        erased = 0
        for shelf in self._shelves:
            for item in await self._items(shelf, order):
                reason = await self._reason_to_keep(shelf, item)
                if reason is None:
                    erased += await item.erase()
                else:
                    kept.append(reason)
                    keys_needed.add(item.key_subject)
        for subject in order.key_subjects:
            if subject not in keys_needed:
                await self._keys.destroy(subject)
        now = self._clock.now()
        decision = erasures.looked(record.state, erased, kept, now, service=self._service, told=self._told)
        await self._store.save(ERASURE, record, decision.state, now=now, events=decision.events)

    async def resume_held(self) -> None:
        """Let every erasure that a hold keeps look again now."""
        since: datetime | None = None
        while True:
            within = {"state.ordered_at": Range(low=since)}
            page = await self._store.find(ERASURE, "held", within=within, limit=PAGE)
            for record in page:
                await change(self._store, self._clock, ERASURE, record.id, self._resume, first=record)
            if len(page) < PAGE or page[-1].state.ordered_at == since:
                return
            since = page[-1].state.ordered_at

    async def is_erased(self, subject_ids: Iterable[str]) -> bool:
        """Return whether one of these accounts or applicants was erased."""
        for subject_id in subject_ids:
            if await self._store.get(ERASED_SUBJECT, subject_id) is not None:
                return True
        return False

    def guard(self, handlers: Mapping[Any, MessageHandler]) -> dict[Any, MessageHandler]:
        """Return the handlers so that what concerns an erased account or applicant changes nothing."""
        return {message: self._guarded(handler) for message, handler in handlers.items()}

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return the handler of the order."""
        return {ErasureOrdered: self.ordered}

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the handler of the next look."""
        return {(ERASURE.name, "erase"): self.erase_due}

    def _guarded(self, handler: MessageHandler) -> MessageHandler:
        async def handle(message: Message, envelope: Envelope) -> None:
            subjects = [getattr(message, name, None) for name in ("account_id", "applicant_id")]
            if await self.is_erased(subject for subject in subjects if subject):
                log.info("late_message_of_erased", message_type=envelope.type, message_id=envelope.id)
                return
            await handler(message, envelope)

        return handle

    async def _note_erased(self, order: Order) -> None:
        now = self._clock.now()
        marks = [(subject, ErasedSubject(order.erasure_id, now)) for subject in order.key_subjects]
        await self._store.insert_missing(ERASED_SUBJECT, marks, now=now)

    @staticmethod
    async def _items(shelf: Shelf, order: Order) -> list[Item]:
        return await shelf.of(order) if shelf.of is not None else []

    async def _reason_to_keep(self, shelf: Shelf, item: Item) -> Kept | None:
        if await self._holds.hold(item.subjects):
            return Kept(LEGAL_HOLD)
        if item.starts_at is None:
            return Kept(IN_USE)
        now = self._clock.now()
        rule = self._rules.rule(shelf.rule, now.date())
        if rule.binds and not rule.is_over(item.starts_at, now):
            return Kept(rule.name, rule.ends_at(item.starts_at))
        return None

    def _resume(self, erasure: Erasure) -> Decision[Erasure]:
        return Decision(erasures.resumed(erasure, self._clock.now()))
