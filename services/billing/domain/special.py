"""What a right to a new date means for a paid bill: it stands on it until the date is taken or the right ends (F63)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.billing.domain.bill import Bill, Special, Standing, close
from services.billing.domain.states import BillState, Decision

NOT_USED: Final = "special_reschedule_not_used"
"""Why a bill is closed whose right to a new date ended by the holder's own omission."""

STATE_FAULTS: Final = frozenset({"system_fault", "office_closed"})
"""Causes that lie with the state: a right that ends unused gives the money back by itself."""

_GIVES_WAY: Final = frozenset({Standing.APPOINTMENT, Standing.CLOSED, Standing.SPECIAL_RESCHEDULE})


def opened(bill: Bill, special: Special) -> Decision[Bill]:
    """A new date may be chosen. Money that is on its way back, or seeks a seat, stays where it is."""
    known = bill.special
    if bill.state != BillState.PAID or bill.standing not in _GIVES_WAY:
        return Decision(bill)
    if known is not None and known.appointment_id == special.appointment_id:
        if known.ended or known.until >= special.until:
            return Decision(bill)
        return Decision(replace(bill, special=special))
    return Decision(replace(bill, special=special, standing=Standing.SPECIAL_RESCHEDULE, closed_reason=None))


def is_unused(bill: Bill, appointment_id: str) -> bool:
    """Whether the bill stands on exactly this right, so that its end means something."""
    special = bill.special
    return (
        special is not None
        and special.appointment_id == appointment_id
        and not special.ended
        and bill.standing == Standing.SPECIAL_RESCHEDULE
    )


def by_the_states_fault(bill: Bill) -> bool:
    """Whether the right was given for a failure of the state's own."""
    return bill.special is not None and bill.special.cause in STATE_FAULTS


def ended(bill: Bill, appointment_id: str) -> Decision[Bill]:
    """The right was not used in time and the reason lay with the holder or with nobody: closed, with the reason."""
    if not is_unused(bill, appointment_id) or bill.special is None:
        return Decision(bill)
    return close(replace(bill, special=replace(bill.special, ended=True)), NOT_USED)
