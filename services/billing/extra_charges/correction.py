"""Corrections by an officer: what an application costs now, against what was asked for before.

One correction of an application is worked out at a time. It is written before anything is done for it, so that a crash
between two writes goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.billing.bills.application_facts import Finding
from services.billing.bills.model import Bill, RenewalState, paid_fee
from services.billing.bills.states import BillState
from services.billing.tariffs.model import (
    FORCE_MAJEURE,
    LineCode,
    Order,
    Price,
    TariffBook,
    difference_price,
    fee_price,
    penalty_price,
)
from shared.calendar.working_days import day_in_jakarta
from shared.events.billing import CorrectionPriced
from shared.events.codes import BillPurpose
from shared.store.decision import Decision
from shared.store.transitions import Transitions


class CorrectionState(StrEnum):
    """States of a correction."""

    OPEN = "open"
    PLANNED = "planned"
    DONE = "done"


class CorrectionCommand(StrEnum):
    """Commands of a correction."""

    PLAN = "plan"
    FINISH = "finish"


CORRECTION_TRANSITIONS: Final = Transitions[CorrectionState, CorrectionCommand](
    {
        (CorrectionState.OPEN, CorrectionCommand.PLAN): CorrectionState.PLANNED,
        (CorrectionState.PLANNED, CorrectionCommand.FINISH): CorrectionState.DONE,
    }
)


@dataclass(frozen=True)
class CorrectedOrder:
    """The current order of an application, with the finding of the interviewer."""

    order: Order
    finding: Finding | None = None

    def with_finding(self) -> Order:
        """Return the order as its penalty sees it."""
        if self.finding is None:
            return self.order
        zero = FORCE_MAJEURE if self.finding.force_majeure else self.order.zero_tariff
        return replace(self.order, reason=self.finding.ground, zero_tariff=zero)


@dataclass(frozen=True)
class NewBill:
    """A bill that a correction asks for."""

    bill_id: str
    purpose: BillPurpose
    price: Price


@dataclass(frozen=True)
class Excess:
    """A part of a paid bill's money that goes back."""

    bill_id: str
    purpose: BillPurpose
    """Of what was corrected: ``top_up`` for the fee, ``penalty`` for the penalty."""
    amount: int


@dataclass(frozen=True)
class Correction:
    """One correction and what it came to."""

    correction_id: str
    application_id: str
    account_id: str
    person_id: str
    heard_at: datetime
    state: CorrectionState = CorrectionState.OPEN
    open: bool = True
    """Whether other corrections of the same application must wait."""
    bills: tuple[NewBill, ...] = ()
    given_back: tuple[Excess, ...] = ()

    @property
    def difference(self) -> int:
        """The price change, in rupiah: above zero is to pay, below zero is refunded."""
        return sum(bill.price.total for bill in self.bills) - sum(excess.amount for excess in self.given_back)


@dataclass(frozen=True)
class CorrectionEffects:
    """The effects of a correction: bills to drop, bills to create, and amounts to refund."""

    drop: tuple[Bill, ...] = ()
    ask: tuple[tuple[BillPurpose, Price], ...] = ()
    given_back: tuple[Excess, ...] = ()


_LINE_OF: Final = {BillPurpose.TOP_UP: LineCode.PASSPORT.value, BillPurpose.PENALTY: LineCode.PENALTY.value}
_UNPAID: Final = frozenset(
    {BillState.REQUESTED, BillState.ISSUED, BillState.EXPIRY_UNCONFIRMED, BillState.EXPIRED, BillState.FAILED}
)


def effects_of(
    wanted: CorrectedOrder, bills: Sequence[Bill], earlier: Sequence[Correction], book: TariffBook
) -> CorrectionEffects:
    """Compare the price of the corrected order, by the tariff of the day of the fee's bill, with the amounts billed.

    Nothing where no fee is paid yet or waived: there the next bill is priced by what holds then.
    """
    fee = paid_fee(bills)
    if fee is None:
        return CorrectionEffects()
    on = day_in_jakarta(fee.requested_at)
    returned = [part for correction in earlier for part in correction.given_back]
    books = _share(BillPurpose.TOP_UP, fee_price(book, wanted.order, on), fee, bills, returned)
    penalties = _share(BillPurpose.PENALTY, penalty_price(book, wanted.with_finding(), on), fee, bills, returned)
    return CorrectionEffects(
        drop=books.drop + penalties.drop,
        ask=books.ask + penalties.ask,
        given_back=books.given_back + penalties.given_back,
    )


def awaits_payment(wanted: CorrectedOrder, bills: Sequence[Bill], book: TariffBook) -> bool:
    """Return whether a fee bill of another price than the corrected order's is out and neither paid nor ended.

    Its code stays valid, so what it brings is not known yet: the difference is worked out once it is paid or has ended.
    """
    return any(_costs_otherwise(bill, wanted, book) for bill in bills if bill.purpose == BillPurpose.FEE and bill.live)


def _costs_otherwise(fee: Bill, wanted: CorrectedOrder, book: TariffBook) -> bool:
    on = day_in_jakarta(fee.requested_at)
    penalty = penalty_price(book, wanted.with_finding(), on)
    due = {
        LineCode.PASSPORT.value: fee_price(book, wanted.order, on).total,
        LineCode.PENALTY.value: penalty.total if penalty else 0,
    }
    return any(_of_line(fee, code) != amount for code, amount in due.items())


def _share(
    purpose: BillPurpose, due: Price | None, fee: Bill, bills: Sequence[Bill], returned: Sequence[Excess]
) -> CorrectionEffects:
    """Return the missing or excess part of the fee, or of the penalty."""
    asked = [bill for bill in bills if bill.purpose == purpose and _still_asked(bill)]
    back = sum(part.amount for part in returned if part.purpose == purpose)
    so_far = _of_line(fee, _LINE_OF[purpose]) + sum(bill.amount for bill in asked) - back
    missing = (due.total if due else 0) - so_far
    if missing < 0:
        unpaid = tuple(bill for bill in asked if bill.state in _UNPAID)
        parts = () if unpaid else _parts(purpose, -missing, [*reversed(asked), fee], returned)
        return CorrectionEffects(drop=unpaid, given_back=parts)
    if due is None:
        return CorrectionEffects()
    if missing == due.total and purpose == BillPurpose.PENALTY:
        told_before = asked or _has_line(fee, _LINE_OF[purpose])
        return CorrectionEffects() if told_before and not missing else CorrectionEffects(ask=((purpose, due),))
    return CorrectionEffects(ask=((purpose, difference_price(due, missing)),)) if missing else CorrectionEffects()


def _parts(purpose: BillPurpose, amount: int, paid: Sequence[Bill], returned: Sequence[Excess]) -> tuple[Excess, ...]:
    """Return the parts of the excess by the bill whose money they are taken from, the newest first."""
    parts = list[Excess]()
    for bill in paid:
        left = bill.amount - sum(excess.amount for excess in returned if excess.bill_id == bill.bill_id)
        taken = min(left, amount)
        if taken > 0 and bill.state == BillState.PAID:
            parts.append(Excess(bill.bill_id, purpose, taken))
            amount -= taken
    return tuple(parts)


def _still_asked(bill: Bill) -> bool:
    renewed = bill.renewal is not None and bill.renewal.state == RenewalState.GRANTED
    return bill.state not in (BillState.CANCELLED, BillState.SUPERSEDED) and not renewed


def _of_line(bill: Bill, code: str) -> int:
    return sum(line.amount for line in bill.price.lines if line.code == code)


def _has_line(bill: Bill, code: str) -> bool:
    return any(line.code == code for line in bill.price.lines)


def planned(correction: Correction, effects: CorrectionEffects, bill_ids: Sequence[str]) -> Decision[Correction]:
    """Store the effects before they are carried out."""
    new = tuple(NewBill(bill_id, *ask) for bill_id, ask in zip(bill_ids, effects.ask, strict=True))
    state = CORRECTION_TRANSITIONS.after(correction.state, CorrectionCommand.PLAN)
    return Decision(replace(correction, state=state, bills=new, given_back=effects.given_back))


def finished(correction: Correction) -> Decision[Correction]:
    """Finish the correction; the next one of the application may begin."""
    state = CORRECTION_TRANSITIONS.after(correction.state, CorrectionCommand.FINISH)
    priced = CorrectionPriced(
        correction_id=correction.correction_id,
        application_id=correction.application_id,
        account_id=correction.account_id,
        difference=correction.difference,
        bill_ids=tuple(bill.bill_id for bill in correction.bills),
    )
    return Decision(replace(correction, state=state, open=False), (priced,))
