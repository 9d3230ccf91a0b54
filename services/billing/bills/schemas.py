"""Bills over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from services.billing.bills.claim_schemas import ClaimView
from services.billing.bills.model import Bill, next_check_at
from services.billing.bills.states import BillState
from services.billing.bills.texts import YEAR_END_WARNING, YEAR_END_WARNING_ID, guidance
from services.billing.field_types import Id
from shared.http.schema import NextCallView, Path, View, view_next_call


class BillPath(Path):
    """The bill in the path."""

    bill_id: Id


class LineView(View):
    """One line of a bill, in rupiah."""

    code: str
    title: str
    title_id: str
    amount: int
    legal_basis: str


class RenewalView(View):
    """The last wish for a new code: ``asked``, ``granted`` (with the new bill) or ``refused`` (with the reason)."""

    state: str
    asked_at: datetime
    bill_id: str | None
    reason: str | None


class BillView(View):
    """A bill with its step, what comes next, until when, and when it is looked at again."""

    bill_id: str
    application_id: str
    appointment_id: str | None
    purpose: str
    state: str
    amount: int
    currency: str = "IDR"
    lines: tuple[LineView, ...]
    legal_basis: str
    tariff_id: str
    billing_code: str | None
    requested_at: datetime
    issued_at: datetime | None
    expires_at: datetime | None
    expires_at_local: str | None
    """The end in the office's own zone, with its offset."""
    timezone: str
    shortened_by_year_end: bool
    warning: str | None
    warning_id: str | None
    paid_at: datetime | None
    cause: str | None
    current_step: str
    remaining_steps: tuple[str, ...]
    next_action: str
    next_action_id: str
    next_call: NextCallView | None
    deadline: datetime | None
    next_check_at: datetime | None
    expected_wait_seconds: int | None
    replaces_bill_id: str | None
    superseded_by: str | None
    renewal: RenewalView | None
    claims: tuple[ClaimView, ...]

    @classmethod
    def of(cls, bill: Bill, wait_seconds: int) -> Self:
        """The bill as it is shown."""
        told = guidance(bill)
        zone = bill.seat.timezone if bill.seat else bill.timezone or JAKARTA_NAME
        short = bill.shortened_by_year_end
        return cls(
            bill_id=bill.bill_id,
            application_id=bill.payer.application_id,
            appointment_id=bill.seat.appointment_id if bill.seat else None,
            purpose=bill.purpose.value,
            state=bill.state.value,
            amount=bill.amount,
            lines=tuple(LineView(**vars(line)) for line in bill.price.lines),
            legal_basis=bill.price.legal_basis,
            tariff_id=bill.price.tariff_id,
            billing_code=bill.billing_code,
            requested_at=bill.requested_at,
            issued_at=bill.issued_at,
            expires_at=bill.expires_at,
            expires_at_local=_local(bill.expires_at, zone),
            timezone=zone,
            shortened_by_year_end=short,
            warning=YEAR_END_WARNING if short else None,
            warning_id=YEAR_END_WARNING_ID if short else None,
            paid_at=bill.paid_at,
            cause=bill.cause,
            current_step=told.current_step,
            remaining_steps=told.remaining_steps,
            next_action=told.next_action,
            next_action_id=told.next_action_id,
            next_call=view_next_call(
                "bill", told.call_code, bill_id=bill.bill_id, application_id=bill.payer.application_id
            ),
            deadline=bill.expires_at if bill.state == BillState.ISSUED else None,
            next_check_at=next_check_at(bill),
            expected_wait_seconds=wait_seconds if bill.live else None,
            replaces_bill_id=bill.replaces_bill_id,
            superseded_by=bill.superseded_by,
            renewal=_renewal(bill),
            claims=tuple(ClaimView.of(bill, claim, wait_seconds) for claim in bill.claims),
        )


class BillList(View):
    """The bills of an application, oldest first."""

    bills: tuple[BillView, ...]


def _local(moment: datetime | None, zone: str) -> str | None:
    return moment.astimezone(ZoneInfo(zone)).isoformat() if moment else None


def _renewal(bill: Bill) -> RenewalView | None:
    asked = bill.renewal
    if asked is None:
        return None
    return RenewalView(state=asked.state.value, asked_at=asked.asked_at, bill_id=asked.bill_id, reason=asked.reason)


JAKARTA_NAME = "Asia/Jakarta"
