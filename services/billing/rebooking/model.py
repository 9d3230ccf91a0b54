"""The right to a new date of a paid bill: the bill stands on it until a date is chosen or the right ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.billing.bills.model import Bill, BillOutcome, Special, SpecialState, close
from services.billing.bills.states import BillState
from shared.events.codes import SpecialCause
from shared.store.decision import Decision

NOT_USED: Final = "special_reschedule_not_used"
"""Reason of closing a bill whose right to a new date was not used by its holder."""

STATE_FAULTS: Final = frozenset({SpecialCause.SYSTEM_FAULT, SpecialCause.OFFICE_CLOSED})
"""Causes that lie with the state: a right that ends unused gives the money back by itself."""

_GIVES_WAY: Final = frozenset({BillOutcome.APPOINTMENT, BillOutcome.CLOSED, BillOutcome.SPECIAL_RESCHEDULE})


class OpeningUnknown(Exception):
    """The opening of the right is not known here yet, so its end cannot be judged."""


def is_news(bill: Bill, appointment_id: str, version: int) -> bool:
    """Return whether this event is newer than the last known one of the right."""
    known = bill.special
    return known is None or known.appointment_id != appointment_id or version > known.version


def opened(bill: Bill, special: Special) -> Decision[Bill]:
    """Let the bill stand on the right to a new date. Money that is on its way back, or seeks a seat, stays."""
    if bill.state != BillState.PAID or not is_news(bill, special.appointment_id, special.version):
        return Decision(bill)
    if bill.standing not in _GIVES_WAY:
        return Decision(replace(bill, special=special))
    return Decision(replace(bill, special=special, standing=BillOutcome.SPECIAL_RESCHEDULE, closed_reason=None))


def used(bill: Bill, appointment_id: str, version: int) -> Decision[Bill]:
    """Let the bill stand on its visit again: the new date was chosen."""
    if bill.state != BillState.PAID or not is_news(bill, appointment_id, version):
        return Decision(bill)
    known = bill.special or Special(appointment_id, version, SpecialState.USED)
    taken = replace(known, appointment_id=appointment_id, version=version, state=SpecialState.USED)
    standing = BillOutcome.APPOINTMENT if bill.standing == BillOutcome.SPECIAL_RESCHEDULE else bill.standing
    return Decision(replace(bill, special=taken, standing=standing))


def ends(bill: Bill, appointment_id: str, version: int) -> bool:
    """Return whether the end of the right concerns the bill.

    Raises:
        OpeningUnknown: news of the end came before news of the opening.
    """
    special = bill.special
    if not is_news(bill, appointment_id, version):
        return False
    if special is None or special.appointment_id != appointment_id or special.state != SpecialState.OPEN:
        raise OpeningUnknown(appointment_id)
    return True


def gives_money_back(bill: Bill) -> bool:
    """Return whether the right was given for a failure of the state, and the bill still stands on it."""
    faulty = bill.special is not None and bill.special.cause in STATE_FAULTS
    return faulty and bill.standing == BillOutcome.SPECIAL_RESCHEDULE


def ended(bill: Bill, appointment_id: str, version: int) -> Decision[Bill]:
    """End an unused right; a bill that still stands on it is closed, with the reason."""
    if not is_news(bill, appointment_id, version) or bill.special is None:
        return Decision(bill)
    over = replace(bill, special=replace(bill.special, version=version, state=SpecialState.ENDED))
    return close(over, NOT_USED) if over.standing == BillOutcome.SPECIAL_RESCHEDULE else Decision(over)
