"""Corrections by an officer: what an application costs now, against what was asked for before (X2).

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
from services.billing.bills.model import Bill, Purpose, RenewalState, paid_fee
from services.billing.bills.states import BillState
from services.billing.rules import JAKARTA
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
from shared.events.billing import CorrectionPriced
from shared.store.decision import Decision
from shared.store.transitions import Transitions


class CorrectionState(StrEnum):
    """Where a correction stands."""

    OPEN = "open"
    PLANNED = "planned"
    DONE = "done"


class CorrectionCommand(StrEnum):
    """What can be done with a correction."""

    PLAN = "plan"
    FINISH = "finish"


CORRECTION_TRANSITIONS: Final = Transitions[CorrectionState, CorrectionCommand](
    {
        (CorrectionState.OPEN, CorrectionCommand.PLAN): CorrectionState.PLANNED,
        (CorrectionState.PLANNED, CorrectionCommand.FINISH): CorrectionState.DONE,
    }
)
FINAL_CORRECTIONS: Final = frozenset({CorrectionState.DONE})


@dataclass(frozen=True)
class Wanted:
    """What an application asks for now, with what an interviewer found."""

    order: Order
    finding: Finding | None = None

    def with_finding(self) -> Order:
        """The order as its penalty sees it."""
        if self.finding is None:
            return self.order
        zero = FORCE_MAJEURE if self.finding.force_majeure else self.order.zero_tariff
        return replace(self.order, reason=self.finding.ground, zero_tariff=zero)


@dataclass(frozen=True)
class NewBill:
    """A bill that a correction asks for."""

    bill_id: str
    purpose: Purpose
    price: Price


@dataclass(frozen=True)
class Excess:
    """A part of a paid bill's money that goes back."""

    bill_id: str
    purpose: Purpose
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
    """Whether others of the same application must wait."""
    bills: tuple[NewBill, ...] = ()
    given_back: tuple[Excess, ...] = ()

    @property
    def difference(self) -> int:
        """What it changes, in rupiah: above zero is to pay, below zero goes back."""
        return sum(each.price.total for each in self.bills) - sum(each.amount for each in self.given_back)


@dataclass(frozen=True)
class Reckoning:
    """What a correction means: bills that are not owed any more, bills to ask for, and money to give back."""

    drop: tuple[Bill, ...] = ()
    ask: tuple[tuple[Purpose, Price], ...] = ()
    given_back: tuple[Excess, ...] = ()


_LINE_OF: Final = {Purpose.TOP_UP: LineCode.PASSPORT.value, Purpose.PENALTY: LineCode.PENALTY.value}
_UNPAID: Final = frozenset(
    {BillState.REQUESTED, BillState.ISSUED, BillState.EXPIRY_UNCONFIRMED, BillState.EXPIRED, BillState.FAILED}
)


def reckon(wanted: Wanted, bills: Sequence[Bill], earlier: Sequence[Correction], book: TariffBook) -> Reckoning:
    """What the corrected order costs by the tariff of the day of the fee's bill, against what was asked for (X9).

    Nothing where no fee is paid yet or waived: there the next bill is priced by what holds then.
    """
    fee = paid_fee(bills)
    if fee is None:
        return Reckoning()
    on = fee.requested_at.astimezone(JAKARTA).date()
    returned = [part for each in earlier for part in each.given_back]
    books = _share(Purpose.TOP_UP, fee_price(book, wanted.order, on), fee, bills, returned)
    penalties = _share(Purpose.PENALTY, penalty_price(book, wanted.with_finding(), on), fee, bills, returned)
    return Reckoning(
        drop=books.drop + penalties.drop,
        ask=books.ask + penalties.ask,
        given_back=books.given_back + penalties.given_back,
    )


def _share(
    purpose: Purpose, due: Price | None, fee: Bill, bills: Sequence[Bill], returned: Sequence[Excess]
) -> Reckoning:
    """What is missing or too much of the fee, or of the penalty."""
    asked = [each for each in bills if each.purpose == purpose and _still_asked(each)]
    back = sum(part.amount for part in returned if part.purpose == purpose)
    so_far = _of_line(fee, _LINE_OF[purpose]) + sum(each.amount for each in asked) - back
    missing = (due.total if due else 0) - so_far
    if missing < 0:
        unpaid = tuple(each for each in asked if each.state in _UNPAID)
        parts = () if unpaid else _parts(purpose, -missing, [*reversed(asked), fee], returned)
        return Reckoning(drop=unpaid, given_back=parts)
    if due is None:
        return Reckoning()
    if missing == due.total and purpose == Purpose.PENALTY:
        told_before = asked or _has_line(fee, _LINE_OF[purpose])
        return Reckoning() if told_before and not missing else Reckoning(ask=((purpose, due),))
    return Reckoning(ask=((purpose, difference_price(due, missing)),)) if missing else Reckoning()


def _parts(purpose: Purpose, amount: int, paid: Sequence[Bill], returned: Sequence[Excess]) -> tuple[Excess, ...]:
    """Of which bills' money the excess is taken, the newest first."""
    parts = list[Excess]()
    for bill in paid:
        left = bill.amount - sum(each.amount for each in returned if each.bill_id == bill.bill_id)
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


def planned(correction: Correction, reckoning: Reckoning, bill_ids: Sequence[str]) -> Decision[Correction]:
    """What is about to be done is written down before it is done."""
    new = tuple(NewBill(bill_id, *ask) for bill_id, ask in zip(bill_ids, reckoning.ask, strict=True))
    state = CORRECTION_TRANSITIONS.after(correction.state, CorrectionCommand.PLAN)
    return Decision(replace(correction, state=state, bills=new, given_back=reckoning.given_back))


def finished(correction: Correction) -> Decision[Correction]:
    """All of it is done; the next correction of the application may begin."""
    state = CORRECTION_TRANSITIONS.after(correction.state, CorrectionCommand.FINISH)
    priced = CorrectionPriced(
        correction_id=correction.correction_id,
        application_id=correction.application_id,
        account_id=correction.account_id,
        difference=correction.difference,
        bill_ids=tuple(each.bill_id for each in correction.bills),
    )
    return Decision(replace(correction, state=state, open=False), (priced,))
