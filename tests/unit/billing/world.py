"""Billing whole, on a store in memory, a clock that is moved by hand and a SIMPONI that does as it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from services.billing.app import build
from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.config import Settings
from services.billing.payment import Payment
from services.billing.receipts.model import Receipt
from services.billing.receipts.repository import RECEIPTS
from services.billing.refunds.model import Refund
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.treasury import OrderState, Payee, RefundOrder
from services.billing.simponi import ALREADY_PAID, SimponiBilling, SimponiLine, SimponiRefused
from shared.bus.dispatch import Dispatcher, Outcome
from shared.clock import ManualClock
from shared.deadlines import DeadlineWorker
from shared.errors import UpstreamDown
from shared.events import application, scheduling
from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.files.memory import MemoryFiles
from shared.service import Parts
from shared.store.kinds import Kind, Record
from shared.store.memory import MemoryStore
from tests.unit.billing.make import T0
from tests.unit.world import NOWHERE, assert_rules_hold, envelope_of, seeded_platform

KEY = "k1:" + "A" * 43 + "="
APPLICATION, ACCOUNT, PERSON, APPOINTMENT = "application-1", "account-1", "person-1", "appointment-1"


def some_settings(**changes: Any) -> Settings:
    """Settings for tests, with the real durations unless changed."""
    given = {
        **NOWHERE,
        "master_keys": KEY,
        "fingerprint_keys": KEY,
        "simponi_client_secret": "secret",
        "simponi_callback_secrets": "k1:callback-secret",
    }
    return Settings.load(**{**given, **changes})


class FakeSimponi:
    """SIMPONI in memory: codes by reference, payments by code; down or refusing on demand."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.codes: dict[str, SimponiBilling] = {}
        self.down = False
        self.refusal: str | None = None
        self.loses_answer = False
        self.pays_before_answer: Payment | None = None
        self.asked: list[str] = []
        self.batches: list[int] = []
        """How many codes each call for several asked about."""
        self.cannot_cancel = False
        self.cancelled: list[str] = []
        self.files: dict[date, bytes] = {}

    async def issue(
        self,
        reference: str,
        amount: int,
        expires_at: datetime,
        description: str,
        lines: Sequence[SimponiLine] = (),
    ) -> SimponiBilling:
        self.asked.append(reference)
        if lines:
            assert sum(line.amount for line in lines) == amount
        if self.down:
            raise UpstreamDown("simponi", "timeout")
        if self.refusal is not None:
            raise SimponiRefused(self.refusal)
        known = next((billing for billing in self.codes.values() if billing.reference == reference), None)
        if known is None:
            code = f"8261123{len(self.codes):08d}"
            known = self.codes[code] = SimponiBilling(code, reference, amount, expires_at.replace(microsecond=0))
        if self.pays_before_answer is not None:
            self.add(replace(self.pays_before_answer, billing_code=known.billing_code))
            self.pays_before_answer = None
        if self.loses_answer:
            self.loses_answer = False
            raise UpstreamDown("simponi", "timeout")
        return self.codes[known.billing_code]

    async def cancel(self, billing_code: str) -> None:
        if self.down or self.cannot_cancel:
            raise UpstreamDown("simponi", "timeout")
        if self.codes[billing_code].payments:
            raise SimponiRefused(ALREADY_PAID)
        self.cancelled.append(billing_code)

    async def status(self, billing_code: str) -> SimponiBilling | None:
        if self.down:
            raise UpstreamDown("simponi", "timeout")
        return self.codes.get(billing_code)

    async def statuses(self, billing_codes: Sequence[str]) -> Mapping[str, SimponiBilling]:
        self.batches.append(len(billing_codes))
        if self.down:
            raise UpstreamDown("simponi", "timeout")
        return {code: self.codes[code] for code in billing_codes if code in self.codes}

    async def settlement(self, day: date) -> AsyncIterator[bytes]:
        if self.down or day not in self.files:
            raise UpstreamDown("simponi", "timeout")
        content = self.files[day]
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    async def close(self) -> None:
        return None

    def add(self, payment: Payment) -> None:
        """Somebody has paid."""
        billing = self.codes[payment.billing_code]
        kept = tuple(known for known in billing.payments if known.ntb != payment.ntb)
        self.codes[payment.billing_code] = replace(billing, payments=(*kept, payment))


class FakeTreasury:
    """The bank and the treasury in memory: accounts that match unless told otherwise, orders by their number."""

    def __init__(self) -> None:
        self.down = False
        self.match = True
        self.rejects = False
        self.pays = True
        self.loses_answer = False
        self.inquiries = 0
        self.orders: dict[str, RefundOrder] = {}
        self.sent: list[str] = []

    async def matches(self, payee: Payee) -> bool:
        if self.down:
            raise UpstreamDown("treasury", "timeout")
        self.inquiries += 1
        return self.match

    async def order(self, order: RefundOrder) -> OrderState:
        self.sent.append(order.order_number)
        if self.down:
            raise UpstreamDown("treasury", "timeout")
        if self.rejects:
            return OrderState.REJECTED
        self.orders.setdefault(order.order_number, order)
        if self.loses_answer:
            self.loses_answer = False
            raise UpstreamDown("treasury", "timeout")
        return OrderState.RECEIVED

    async def order_state(self, order_number: str) -> OrderState:
        if self.down:
            raise UpstreamDown("treasury", "timeout")
        if order_number not in self.orders:
            return OrderState.UNKNOWN
        if self.rejects:
            return OrderState.REJECTED
        return OrderState.PAID if self.pays else OrderState.RECEIVED

    async def close(self) -> None:
        return None

    @property
    def paid_out(self) -> int:
        """The rupiah of every order that was taken."""
        return sum(order.amount for order in self.orders.values())


@dataclass
class World:
    """The service under test and the events that it has sent."""

    clock: ManualClock
    store: MemoryStore
    simponi: FakeSimponi
    treasury: FakeTreasury
    parts: Parts
    dispatcher: Dispatcher
    worker: DeadlineWorker
    files: MemoryFiles
    said: list[Envelope] = field(default_factory=list)
    visits: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The facts of the seats that were held, by appointment."""
    numbers: int = 0
    deliveries: int = 1
    """How often a message is delivered while it is not done."""

    @property
    def billing(self) -> Any:
        """The use cases."""
        return self.parts.service

    async def hear(self, message: Message, *, version: int = 1, message_id: str | None = None) -> Outcome:
        """A message arrives."""
        envelope = envelope_of(message, self.clock.now(), version=version, message_id=message_id)
        for _ in range(self.deliveries - 1):
            if await self.dispatcher.handle(envelope) == Outcome.DONE:
                return Outcome.DONE
        return await self.dispatcher.handle(envelope)

    async def work(self) -> None:
        """Run what is due now, until nothing is."""
        while await self.worker.run_due():
            pass

    async def pass_time(self, seconds: float, step: float = 20.0) -> None:
        """Let time pass in steps, running what falls due."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < end:
            self.clock.advance(min(step, (end - self.clock.now()).total_seconds()))
            await self.work()

    def names(self) -> list[str]:
        """Return the names of the events that were sent, in order."""
        return [type(envelope.data).__name__ for envelope in self.said]

    def heard(self, name: str) -> list[Any]:
        """Return the events of that name."""
        return [envelope.data for envelope in self.said if type(envelope.data).__name__ == name]

    async def submitted(self, application_id: str = APPLICATION, version: int = 1, **changes: Any) -> Outcome:
        """An application is submitted."""
        facts: dict[str, Any] = {
            "application_id": application_id,
            "account_id": ACCOUNT,
            "applicant_id": "applicant-1",
            "person_id": PERSON,
            "passport_kind": "electronic",
            "validity_years": 5,
            "reason": "new",
            "submitted_at": self.clock.now(),
        }
        return await self.hear(application.ApplicationSubmitted(**{**facts, **changes}), version=version)

    async def withdrawn(
        self, application_id: str = APPLICATION, version: int = 2, at: datetime | None = None
    ) -> Outcome:
        """An application is withdrawn."""
        gone = application.ApplicationWithdrawn(
            application_id=application_id,
            account_id=ACCOUNT,
            person_id=PERSON,
            withdrawn_at=at or self.clock.now(),
        )
        return await self.hear(gone, version=version)

    def visit(self, appointment_id: str = APPOINTMENT, **changes: Any) -> dict[str, Any]:
        """The facts of an appointment."""
        starts = self.clock.now() + timedelta(days=7)
        facts: dict[str, Any] = {
            "appointment_id": appointment_id,
            "application_id": APPLICATION,
            "account_id": ACCOUNT,
            "person_id": PERSON,
            "office_id": "office-1",
            "session_id": "session-1",
            "pool": "regular",
            "starts_at": starts,
            "ends_at": starts + timedelta(hours=1),
            "office_name": "Kanim Contoh",
            "office_timezone": "Asia/Makassar",
        }
        return {**facts, **changes}

    async def seat_held(self, appointment_id: str = APPOINTMENT, version: int = 1, **changes: Any) -> Outcome:
        """A seat is held."""
        replaces = changes.pop("replaces_bill_id", None)
        message_id = changes.pop("message_id", None)
        facts = self.visit(appointment_id, **changes)
        self.visits[appointment_id] = facts
        held = scheduling.SeatHeld(
            **facts, hold_until=self.clock.now() + timedelta(minutes=10), replaces_bill_id=replaces
        )
        return await self.hear(held, version=version, message_id=message_id)

    async def confirmed(self, bill_id: str, cause: str, appointment_id: str = APPOINTMENT, version: int = 5) -> Outcome:
        """An appointment is confirmed."""
        event = scheduling.AppointmentConfirmed(
            **(self.visits.get(appointment_id) or self.visit(appointment_id)),
            bill_id=bill_id,
            queue_number="A1",
            queue_code="signed",
            cause=cause,
        )
        return await self.hear(event, version=version)

    async def released(
        self, reason: str, appointment_id: str = APPOINTMENT, version: int = 3, *, was_confirmed: bool = False
    ) -> Outcome:
        """An appointment is released."""
        facts = self.visit(appointment_id)
        event = scheduling.AppointmentReleased(
            **{name: facts[name] for name in ("appointment_id", "application_id", "account_id", "person_id")},
            office_id="office-1",
            session_id="session-1",
            reason=reason,
            was_confirmed=was_confirmed,
        )
        return await self.hear(event, version=version)

    async def offered(self, bill_id: str, seconds: float) -> Outcome:
        """Another seat is offered for late money."""
        until = self.clock.now() + timedelta(seconds=seconds)
        return await self.hear(
            scheduling.SeatOffered(**self.visit("appointment-9"), bill_id=bill_id, offer_until=until)
        )

    async def offer_ended(self, bill_id: str) -> Outcome:
        """The offer was declined or lapsed."""
        facts = self.visit("appointment-9")
        keys = ("appointment_id", "application_id", "account_id", "person_id", "office_id")
        return await self.hear(
            scheduling.OfferEnded(**{name: facts[name] for name in keys}, bill_id=bill_id, reason="lapsed")
        )

    async def no_seat(self, bill_id: str, asked_for: str = "late_payment") -> Outcome:
        """No seat could be found."""
        return await self.hear(
            scheduling.SeatUnavailable(
                application_id=APPLICATION, account_id=ACCOUNT, bill_id=bill_id, asked_for=asked_for, reason="sold_out"
            )
        )

    async def issued_bill(self, appointment_id: str = APPOINTMENT, **changes: Any) -> Bill:
        """Go all the way to a bill with a code."""
        await self.submitted()
        await self.seat_held(appointment_id, **changes)
        await self.work()
        if self.deliveries > 1 and self.bill(appointment_id).state == BillState.REQUESTED:
            await self.pass_time(60)
        return self.bill(appointment_id)

    async def expired_bill(self, appointment_id: str = APPOINTMENT) -> Bill:
        """Go all the way to a bill that ended unpaid."""
        await self.issued_bill(appointment_id)
        await self.pass_time(7200 + 1200 + 60 * self.deliveries, step=100)
        return self.bill(appointment_id)

    def payment(self, bill: Bill, *, ntpn: str | None = "", ntb: str = "", **changes: Any) -> Payment:
        """A payment on a bill's code, now."""
        self.numbers += 1
        paid = Payment(
            billing_code=bill.billing_code or "",
            ntpn=f"A{self.numbers:015d}" if ntpn == "" else ntpn,
            ntb=ntb or f"{self.numbers:012d}",
            amount=bill.amount,
            paid_at=self.clock.now().replace(microsecond=0),
            channel="teller",
        )
        return replace(paid, **changes)

    async def pay(self, bill: Bill, **changes: Any) -> Payment:
        """Pay a bill's code; the notice arrives at once."""
        payment = self.payment(bill, **changes)
        if payment.billing_code in self.simponi.codes:
            self.simponi.add(payment)
        await self.push(payment)
        return payment

    async def push(self, payment: Payment) -> None:
        """A notice arrives."""
        await self.billing.payments.take(payment, "push")

    async def simponi_answers(self, refund_id: str) -> Refund:
        """SIMPONI is asked about the payment of a step that waits for its word, and only that falls due."""
        record = await self.store.get(REFUNDS, refund_id)
        assert record is not None
        if "confirm" in record.state.due:
            await self.billing.refund_processing.confirm_due(record)
        return next(refund for refund in self.refunds() if refund.refund_id == refund_id)

    def bill(self, appointment_id: str = APPOINTMENT) -> Bill:
        """The newest bill that waits on an appointment, or waited."""
        found = [bill for bill in self.all(BILLS) if bill.seat and bill.seat.appointment_id == appointment_id]
        return max(found, key=lambda bill: (bill.requested_at, bill.replaces_bill_id or ""))

    def bill_by_id(self, bill_id: str) -> Bill:
        """A bill."""
        return next(bill for bill in self.all(BILLS) if bill.bill_id == bill_id)

    def receipt(self, ntpn: str | None) -> Receipt:
        """A receipt."""
        return next(receipt for receipt in self.all(RECEIPTS) if receipt.ntpn == ntpn)

    def refunds(self) -> list[Refund]:
        """Every refund case."""
        return self.all(REFUNDS)

    def all(self, kind: Kind[Any]) -> list[Any]:
        """Every state of a kind, read without the service."""
        documents = self.store._documents.get(kind.name, {}).values()
        from shared.store.codec import decode

        return [decode(kind, document).state for document in documents]

    async def rules_hold(self) -> None:
        """I3, I4 and I5 hold."""
        await assert_rules_hold(self.parts.invariants)

    async def outcome(self, ntpn: str | None) -> tuple[str, str | None, BillOutcome | None]:
        """Where the money of a receipt is, and where its bill stands."""
        receipt = self.receipt(ntpn)
        bill = self.bill_by_id(receipt.bill_id) if receipt.bill_id else None
        return receipt.state.value, bill.state.value if bill else None, bill.standing if bill else None


def make_world(store: MemoryStore | None = None, start: datetime = T0, **settings: Any) -> World:
    """A fresh world."""
    clock = ManualClock(start)
    store = store or MemoryStore("billing")
    simponi = FakeSimponi(clock)
    platform = seeded_platform(store, clock, some_settings().master_keyring())
    treasury = FakeTreasury()
    parts = build(some_settings(**settings), platform, simponi=simponi, treasury=treasury)
    worker = DeadlineWorker(store, parts.kinds, parts.deadlines, clock, "worker-1")
    world = World(
        clock, store, simponi, treasury, parts, Dispatcher(parts.events, parts.commands), worker, platform.files
    )

    def written(_kind: Kind[Any], envelopes: Sequence[Envelope], _due: datetime | None) -> None:
        world.said.extend(envelopes)

    store.on_written = written
    return world


def version_of(record: Record[Any] | None) -> int:
    """The version of a record."""
    assert record is not None
    return record.version
