"""SIMPONI's books: billing codes and the payments on them. Plain data; the time is always an argument.

Times are whole seconds. A payment is in time when its pay time is at or before the code's expiry. A payment has an NTB
at once; its NTPN comes with it or, in the mode ``ntb_only``, when it is settled.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

from simulators.errors import SimulatorFull
from simulators.simponi.errors import (
    AlreadyPaid,
    AmountWrong,
    CodeCancelled,
    CodeExpired,
    CodeUnknown,
    ExpiryPassed,
    LinesDiffer,
    NothingToSettle,
    ReferenceUsedForAnotherAmount,
)

MAX_BILLINGS = 300_000
MAX_PAYMENTS = 300_000
WIB = timezone(timedelta(hours=7))
NTPN_CHARACTERS = string.ascii_uppercase + string.digits
FORCES = frozenset({"allow_unknown", "allow_wrong_amount", "allow_expired", "allow_cancelled", "allow_double"})


@dataclass(slots=True)
class Payment:
    """Money that a bank took for a code."""

    billing_code: str
    amount: int
    channel: str
    paid_at: datetime
    ntb: str
    ntpn: str | None = None
    settled_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Whether the treasury has it, which is when there is an NTPN."""
        return self.ntpn is not None


@dataclass(frozen=True, slots=True)
class Line:
    """One detail of a code for several bills of the client."""

    reference: str
    amount: int
    description: str = ""


@dataclass(slots=True)
class Billing:
    """A billing code and what it is for."""

    code: str
    reference: str
    amount: int
    issued_at: datetime
    expires_at: datetime
    description: str = ""
    unit: str = ""
    cancelled_at: datetime | None = None
    payments: list[Payment] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def status(self, now: datetime) -> str:
        """Return paid (an NTPN exists), cancelled, expired or unpaid; an NTB alone leaves it unpaid or expired."""
        if any(payment.settled for payment in self.payments):
            return "paid"
        if self.cancelled_at is not None:
            return "cancelled"
        return "expired" if whole_seconds(now) > self.expires_at else "unpaid"


def whole_seconds(moment: datetime) -> datetime:
    """Cut a moment to the second."""
    return moment.replace(microsecond=0)


@dataclass(slots=True)
class KeptBooks:
    """The books as a restart must not lose them; `settled` names payments by NTPN, in the order of booking."""

    billings: list[Billing]
    strays: list[Payment]
    settled: dict[date, list[str]]


class Books:
    """All codes and payments, bounded; numbers come from ``rng``, so the same seed gives the same numbers."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._billings: dict[str, Billing] = {}
        self._code_by_reference: dict[str, str] = {}
        self._strays: dict[str, list[Payment]] = {}
        self._settled: dict[date, list[Payment]] = {}
        self._numbers: set[str] = set()
        self._payments_count = 0

    def issue(
        self,
        reference: str,
        amount: int,
        expires_at: datetime,
        now: datetime,
        *,
        description: str = "",
        unit: str = "",
        lines: Sequence[Line] = (),
    ) -> tuple[Billing, bool]:
        """Return the code for a reference and whether it is new; the same reference always has the same code."""
        known = self.by_reference(reference)
        if known is not None:
            if known.amount != amount:
                raise ReferenceUsedForAnotherAmount(f"It was used for {known.amount} rupiah.", field="reference")
            return known, False
        if lines and sum(line.amount for line in lines) != amount:
            raise LinesDiffer("The details do not add up to the amount.", field="lines")
        expires_at = whole_seconds(expires_at)
        if expires_at < whole_seconds(now):
            raise ExpiryPassed("The expiry lies in the past.", field="expires_at")
        if len(self._billings) >= MAX_BILLINGS:
            raise SimulatorFull(f"SIMPONI holds at most {MAX_BILLINGS} codes.")
        code = self._new_code(now)
        billing = Billing(code, reference, amount, whole_seconds(now), expires_at, description, unit)
        billing.lines.extend(lines)
        self._billings[code] = billing
        self._code_by_reference[reference] = code
        return billing, True

    def billing(self, code: str) -> Billing:
        """Return a billing; refuses an unknown code."""
        if code not in self._billings:
            raise CodeUnknown("There is no such billing code.", field="billing_code")
        return self._billings[code]

    def find(self, code: str) -> Billing | None:
        """Return a billing or None."""
        return self._billings.get(code)

    def by_reference(self, reference: str) -> Billing | None:
        """Return the billing of a client's reference."""
        code = self._code_by_reference.get(reference)
        return None if code is None else self._billings[code]

    def cancel(self, code: str, now: datetime) -> Billing:
        """Cancel an unpaid code; a repeated cancel changes nothing. Money on the code, even unsettled, refuses it."""
        billing = self.billing(code)
        if billing.payments:
            raise AlreadyPaid("There is money on this code.", field="billing_code")
        billing.cancelled_at = billing.cancelled_at or whole_seconds(now)
        return billing

    def pay(
        self,
        code: str,
        amount: int,
        channel: str,
        now: datetime,
        *,
        paid_at: datetime | None = None,
        force: frozenset[str] = frozenset(),
        ntb_only: bool = False,
    ) -> Payment:
        """Take money for a code. ``force`` names the rules to overlook; see FORCES."""
        paid_at = whole_seconds(paid_at or now)
        billing = self._payable(code, amount, paid_at, force)
        if self._payments_count >= MAX_PAYMENTS:
            raise SimulatorFull(f"SIMPONI holds at most {MAX_PAYMENTS} payments.")
        payment = Payment(code, amount, channel, paid_at, self._new_ntb())
        self._payments_count += 1
        if billing is None:
            self._strays.setdefault(code, []).append(payment)
        else:
            billing.payments.append(payment)
        if not ntb_only:
            self._settle(payment, now)
        return payment

    def settle(self, code: str, now: datetime) -> list[Payment]:
        """Give every payment of a code that has only an NTB its NTPN, and return them."""
        billing = self.find(code)
        payments = self._strays.get(code, []) if billing is None else billing.payments
        waiting = [payment for payment in payments if not payment.settled]
        if not waiting:
            raise NothingToSettle("No payment on this code waits for its NTPN.", field="billing_code")
        for payment in waiting:
            self._settle(payment, now)
        return waiting

    def settled_on(self, day: date) -> Iterator[Payment]:
        """Yield the payments that the treasury booked on a WIB day, in order."""
        yield from self._settled.get(day, ())

    def state(self) -> KeptBooks:
        """Return the codes, the payments and the order in which the treasury booked them."""
        return KeptBooks(
            list(self._billings.values()),
            [payment for payments in self._strays.values() for payment in payments],
            {day: [payment.ntpn or "" for payment in payments] for day, payments in self._settled.items()},
        )

    def take_up(self, state: KeptBooks) -> None:
        """Go on with the codes and payments of before a restart, and give none of their numbers again."""
        self._billings = {billing.code: billing for billing in state.billings}
        self._code_by_reference = {billing.reference: billing.code for billing in state.billings}
        for payment in state.strays:
            self._strays.setdefault(payment.billing_code, []).append(payment)
        payments = [*state.strays, *(payment for billing in state.billings for payment in billing.payments)]
        by_ntpn = {payment.ntpn: payment for payment in payments}
        self._settled = {day: [by_ntpn[ntpn] for ntpn in ntpns] for day, ntpns in state.settled.items()}
        self._payments_count = len(payments)
        given = [*self._billings, *(payment.ntb for payment in payments), *(payment.ntpn for payment in payments)]
        self._numbers = {number for number in given if number is not None}

    def _payable(self, code: str, amount: int, paid_at: datetime, force: frozenset[str]) -> Billing | None:
        billing = self.find(code)
        if billing is None:
            if "allow_unknown" not in force:
                raise CodeUnknown("There is no such billing code.", field="billing_code")
            return None
        if billing.payments and "allow_double" not in force:
            raise AlreadyPaid("This code is paid.", field="billing_code")
        if billing.cancelled_at is not None and "allow_cancelled" not in force:
            raise CodeCancelled("This code was cancelled.", field="billing_code")
        if paid_at > billing.expires_at and "allow_expired" not in force:
            raise CodeExpired("This code has expired.", field="billing_code")
        if amount != billing.amount and "allow_wrong_amount" not in force:
            raise AmountWrong(f"The bill is {billing.amount} rupiah.", field="amount")
        return billing

    def _settle(self, payment: Payment, now: datetime) -> None:
        payment.ntpn = self._new_ntpn()
        payment.settled_at = whole_seconds(now)
        self._settled.setdefault(now.astimezone(WIB).date(), []).append(payment)

    def _new_code(self, now: datetime) -> str:
        prefix = "82" + now.astimezone(WIB).strftime("%y%m%d")
        return self._fresh(lambda: prefix + "".join(self._rng.choices(string.digits, k=7)))

    def _new_ntb(self) -> str:
        return self._fresh(lambda: "".join(self._rng.choices(string.digits, k=12)))

    def _new_ntpn(self) -> str:
        return self._fresh(lambda: self._rng.choice(string.ascii_uppercase) + self._characters(15))

    def _characters(self, count: int) -> str:
        return "".join(self._rng.choices(NTPN_CHARACTERS, k=count))

    def _fresh(self, draw: Callable[[], str]) -> str:
        while (number := draw()) in self._numbers:
            pass
        self._numbers.add(number)
        return number
