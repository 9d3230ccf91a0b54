"""Where billing's aggregates live: their kinds, their indexes, and every query there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from services.billing.domain.bill import Bill
from services.billing.domain.receipt import Receipt
from services.billing.domain.refund import Refund
from services.billing.domain.states import Decision
from shared.clock import Clock
from shared.store.kinds import Index, Kind, Record
from shared.store.port import AlreadyExists, Store, VersionConflict
from shared.store.retry import again

S = TypeVar("S")

MOST_OF_ONE_APPLICATION: Final = 100
"""Bills and refund cases of one application that are looked at; a code is renewed far less often than this."""

MOST_OF_ONE_BILL: Final = 100


@dataclass(frozen=True)
class OrderedBook:
    """What an application asks for, as far as its price needs it."""

    passport_kind: str
    validity_years: int
    reason: str
    zero_tariff: str | None = None


@dataclass(frozen=True)
class KnownApplication:
    """What billing knows of an application; the order is missing where only the withdrawal was heard of."""

    application_id: str
    account_id: str
    person_id: str
    order: OrderedBook | None
    version: int
    """The version of the application that was last heard of."""
    withdrawn: bool = False


@dataclass(frozen=True)
class LostSeat:
    """An appointment that ended without confirmation, remembered in case its hold is heard of later."""

    appointment_id: str
    version: int
    reason: str


APPLICATIONS: Final[Kind[KnownApplication]] = Kind("application", KnownApplication, bare=True)
LOST_SEATS: Final[Kind[LostSeat]] = Kind("lost_seat", LostSeat, bare=True)
BILLS: Final[Kind[Bill]] = Kind(
    "bill",
    Bill,
    indexes=(
        Index("application", ("state.payer.application_id", "state.requested_at")),
        Index("code", ("state.codes",)),
        Index("appointment", ("state.seat.appointment_id",)),
    ),
    deadlines=lambda bill: bill.due,
)
RECEIPTS: Final[Kind[Receipt]] = Kind(
    "receipt",
    Receipt,
    indexes=(Index("bill", ("state.bill_id", "state.learnt_at")),),
    deadlines=lambda receipt: receipt.due,
)
REFUNDS: Final[Kind[Refund]] = Kind(
    "refund", Refund, indexes=(Index("application", ("state.application_id", "state.opened_at")),)
)
KINDS: Final[tuple[Kind[Any], ...]] = (APPLICATIONS, LOST_SEATS, BILLS, RECEIPTS, REFUNDS)


class Missing(Exception):
    """An aggregate that must be there is not: a fault of the code or a restore that lost it."""


class Repository:
    """Typed access to the store: a method per query, and the one way to change an aggregate."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def application(self, application_id: str) -> KnownApplication | None:
        """What is known of an application."""
        record = await self._store.get(APPLICATIONS, application_id)
        return record.state if record else None

    async def keep_application(
        self, application_id: str, merge: Callable[[KnownApplication | None], KnownApplication]
    ) -> None:
        """Write what was heard of an application, whichever message came first."""

        async def attempt() -> None:
            now = self._clock.now()
            record = await self._store.get(APPLICATIONS, application_id)
            if record is None:
                await self._insert_or_conflict(APPLICATIONS, application_id, merge(None), now)
                return
            merged = merge(record.state)
            if merged != record.state:
                await self._store.save(APPLICATIONS, record, merged, now=now)

        await again(attempt)

    async def lost_seat(self, appointment_id: str) -> LostSeat | None:
        """Whether an appointment ended without confirmation."""
        record = await self._store.get(LOST_SEATS, appointment_id)
        return record.state if record else None

    async def keep_lost_seat(self, lost: LostSeat) -> None:
        """Remember an appointment's end; older news never replaces newer."""

        async def attempt() -> None:
            now = self._clock.now()
            record = await self._store.get(LOST_SEATS, lost.appointment_id)
            if record is None:
                await self._insert_or_conflict(LOST_SEATS, lost.appointment_id, lost, now)
            elif record.state.version < lost.version:
                await self._store.save(LOST_SEATS, record, lost, now=now)

        await again(attempt)

    async def bill(self, bill_id: str) -> Record[Bill] | None:
        """By its id."""
        return await self._store.get(BILLS, bill_id)

    async def bill_of_code(self, billing_code: str) -> Record[Bill] | None:
        """The bill that a code belongs to."""
        found = await self._store.find(BILLS, "code", {"state.codes": billing_code}, limit=1)
        return found[0] if found else None

    async def bills_of(self, application_id: str) -> list[Record[Bill]]:
        """The bills of an application, oldest first."""
        wanted = {"state.payer.application_id": application_id}
        return await self._store.find(BILLS, "application", wanted, limit=MOST_OF_ONE_APPLICATION)

    async def bills_at(self, appointment_id: str) -> list[Record[Bill]]:
        """The bills that wait on an appointment, or have won it."""
        wanted = {"state.seat.appointment_id": appointment_id}
        return await self._store.find(BILLS, "appointment", wanted, limit=MOST_OF_ONE_APPLICATION)

    async def receipt(self, ntpn: str) -> Record[Receipt] | None:
        """By its NTPN."""
        return await self._store.get(RECEIPTS, ntpn)

    async def receipts_of(self, bill_id: str) -> list[Record[Receipt]]:
        """The receipts of a bill's codes, oldest first."""
        return await self._store.find(RECEIPTS, "bill", {"state.bill_id": bill_id}, limit=MOST_OF_ONE_BILL)

    async def refund(self, refund_id: str) -> Record[Refund] | None:
        """By its id."""
        return await self._store.get(REFUNDS, refund_id)

    async def refunds_of(self, application_id: str) -> list[Record[Refund]]:
        """The refund cases of an application, oldest first."""
        wanted = {"state.application_id": application_id}
        return await self._store.find(REFUNDS, "application", wanted, limit=MOST_OF_ONE_APPLICATION)

    def all_bills(self) -> AsyncIterator[Record[Bill]]:
        """Every bill, for the checks of running rules."""
        return self._store.scan(BILLS)

    def all_receipts(self) -> AsyncIterator[Record[Receipt]]:
        """Every receipt, for the checks of running rules."""
        return self._store.scan(RECEIPTS)

    def all_refunds(self) -> AsyncIterator[Record[Refund]]:
        """Every refund case, for the checks of running rules."""
        return self._store.scan(REFUNDS)

    async def insert(
        self, kind: Kind[S], record_id: str, decision: Decision[S], *, received: str | None = None
    ) -> Record[S] | None:
        """Write a new aggregate; None if it is there already."""
        try:
            return await self._store.insert(
                kind, record_id, decision.state, now=self._clock.now(), events=decision.events, received=received
            )
        except AlreadyExists:
            return None

    async def save(self, kind: Kind[S], record: Record[S], decision: Decision[S]) -> Record[S]:
        """Write a decision on exactly this version.

        Raises:
            VersionConflict: it changed since it was read.
        """
        return await self._store.save(kind, record, decision.state, now=self._clock.now(), events=decision.events)

    async def change(
        self,
        kind: Kind[S],
        record_id: str,
        decide: Callable[[S], Decision[S]],
        *,
        first: Record[S] | None = None,
        received: str | None = None,
    ) -> Record[S]:
        """Load, decide, save; again on the newest state where another writer was faster.

        ``first`` is the state to try first. A message that took effect before is not decided on again, and a decision
        that changes nothing is not written.

        Raises:
            Missing: there is no such aggregate.
            IllegalTransition: the newest state does not know the command.
        """
        given = [first] if first is not None else []

        async def attempt() -> Record[S]:
            record = given.pop() if given else await self._store.get(kind, record_id)
            if record is None:
                raise Missing(f"{kind.name} {record_id}")
            if record.has_received(received):
                return record
            decision = decide(record.state)
            if decision.state == record.state and not decision.events:
                return record
            now = self._clock.now()
            return await self._store.save(
                kind, record, decision.state, now=now, events=decision.events, received=received
            )

        return await again(attempt)

    async def _insert_or_conflict(self, kind: Kind[S], record_id: str, state: S, now: datetime) -> None:
        try:
            await self._store.insert(kind, record_id, state, now=now)
        except AlreadyExists:
            raise VersionConflict(f"{kind.name} {record_id} was written at the same moment") from None


def states(records: Sequence[Record[S]]) -> list[S]:
    """The states of some records."""
    return [record.state for record in records]
