"""Invented bills, receipts and payments for the tests of billing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.billing.bills import model as bills
from services.billing.bills.model import Bill, Code, Payer, Seat
from services.billing.bills.states import BillState
from services.billing.data.reference import tariff_book
from services.billing.payment import Payment
from services.billing.receipts import model as receipts
from services.billing.receipts.model import Receipt
from services.billing.rules import BillPolicy, ReceiptPolicy
from services.billing.tariffs.model import Order, Price, price
from shared.events.codes import BillPurpose

T0 = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
POLICY = BillPolicy()
RECEIPT_POLICY = ReceiptPolicy()
CODE = "826112300000001"
NTPN = "A1B2C3D4E5F60718"
OTHER_NTPN = "B1B2C3D4E5F60718"
AMOUNT = 650_000
PAYER = Payer("application-1", "account-1", "person-1")


def at(seconds: float) -> datetime:
    """So many seconds after the start."""
    return T0 + timedelta(seconds=seconds)


def a_price(amount: int = AMOUNT) -> Price:
    """A price by the tariff in force; another amount is only for what the tariff cannot make."""
    priced = price(tariff_book(), Order("electronic", 5, "new"), T0.date())
    return replace(priced, total=amount)


def a_seat(**changes: object) -> Seat:
    """A seat a week ahead."""
    seat = Seat("appointment-1", 1, "office-1", "session-1", "regular", at(7 * 86_400), "Kanim Contoh", "Asia/Jakarta")
    return replace(seat, **changes)


def requested(bill_id: str = "bill-1", *, amount: int = AMOUNT, purpose: BillPurpose = BillPurpose.FEE) -> Bill:
    """A bill whose code is being asked for."""
    seat = a_seat() if purpose == BillPurpose.FEE else None
    return bills.request(bill_id, PAYER, purpose, a_price(amount), seat, T0, POLICY).state


def issued(
    bill_id: str = "bill-1", *, code: str = CODE, amount: int = AMOUNT, purpose: BillPurpose = BillPurpose.FEE
) -> Bill:
    """A bill with a code that can be paid for two hours."""
    bill = requested(bill_id, amount=amount, purpose=purpose)
    return bills.issue(bill, Code(code, at(7200)), False, T0, POLICY).state


def in_state(state: BillState, bill_id: str = "bill-1") -> Bill:
    """A bill in the given state, brought there by its own commands."""
    bill = issued(bill_id)
    evidence = bills.Evidence("123456789012", AMOUNT, at(60), at(61))
    made = {
        BillState.REQUESTED: lambda: requested(bill_id),
        BillState.ISSUED: lambda: bill,
        BillState.FAILED: lambda: bills.fail(requested(bill_id), "simponi_unreachable", at(60), POLICY).state,
        BillState.WAIVED: lambda: requested(bill_id, amount=0),
        BillState.PAID_UNSETTLED: lambda: bills.note_bank_receipt(bill, evidence, at(61), POLICY).state,
        BillState.PAID: lambda: bills.pay(bill, NTPN, at(60), at(61), POLICY).state,
        BillState.EXPIRY_UNCONFIRMED: lambda: bills.doubt(bill, at(8400), POLICY).state,
        BillState.EXPIRED: lambda: bills.expire(bill, at(8400), POLICY).state,
        BillState.SUPERSEDED: lambda: bills.supersede(bill, "bill-2", at(8400), POLICY).state,
        BillState.CANCELLED: lambda: bills.cancel(bill, "by_applicant", at(60), POLICY).state,
    }
    return made[state]()


def a_payment(
    *, code: str = CODE, ntpn: str | None = NTPN, ntb: str = "123456789012", amount: int = AMOUNT, paid: float = 60
) -> Payment:
    """A payment at so many seconds after the start."""
    return Payment(code, ntpn, ntb, amount, at(paid), "teller")


def a_receipt(**changes: object) -> Receipt:
    """A receipt whose outcome is open."""
    return receipts.receive(a_payment(**changes), "push", at(120), RECEIPT_POLICY)  # type: ignore[arg-type]
