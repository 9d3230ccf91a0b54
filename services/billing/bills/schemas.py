"""Bills over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field

from services.billing.bills.claim_schemas import ClaimView
from services.billing.bills.model import Bill, RenewalState, next_check_at
from services.billing.bills.states import BillState
from services.billing.bills.texts import YEAR_END_WARNING, YEAR_END_WARNING_ID, BillStep, guidance
from services.billing.field_types import Id, StateView
from services.billing.payment import treasury_number
from services.billing.tariffs.model import LineCode
from shared.calendar.working_days import JAKARTA
from shared.events.codes import BillPurpose
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import LocalMoment, NextCallView, Path, View, view_next_call


class BillPath(Path):
    """The bill in the path."""

    bill_id: Id


class LineView(StateView, in_indonesian=("title",)):
    """One line of a bill, in rupiah."""

    code: Annotated[str, OneOf(LineCode)]
    title: str
    title_id: str
    amount: int
    legal_basis: str


class RenewalView(StateView):
    """The last request for a new code: ``asked``, ``granted`` (with the new bill) or ``refused`` (with the reason)."""

    state: Annotated[str, OneOf(RenewalState)]
    asked_at: datetime
    bill_id: str | None
    reason: str | None


class BillView(View, in_indonesian=("warning", "next_action")):
    """A bill with its step, what comes next, until when, and when it is looked at again."""

    bill_id: str
    application_id: str
    appointment_id: str | None
    purpose: Annotated[str, OneOf(BillPurpose)]
    state: Annotated[str, OneOf(BillState)]
    amount: int
    currency: str = "IDR"
    lines: tuple[LineView, ...]
    legal_basis: str
    tariff_id: str
    billing_code: str | None
    requested_at: datetime
    issued_at: datetime | None
    expires_at: datetime | None
    expires_at_local: LocalMoment | None
    """The end in the office's own zone, with its offset."""
    timezone: str
    shortened_by_year_end: bool
    warning: str | None
    warning_id: str | None
    paid_at: datetime | None
    cause: str | None
    current_step: Annotated[str, OneOf(BillStep)]
    remaining_steps: tuple[Annotated[str, OneOf(BillStep)], ...]
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
    ntpn: str | None = Field(None, description="The treasury's number of the payment that pays it.")
    how_to_pay: str | None = Field(None, description="The path of how its code is paid, while it can be paid.")
    receipt: str | None = Field(None, description="The path of its receipt, once it is paid.")
    joint_bill_id: str | None = Field(None, description="The joint bill whose code pays it, with others.")

    @classmethod
    def from_bill(cls, bill: Bill, wait_seconds: int) -> Self:
        """Return the view of a bill; ``wait_seconds`` is the expected wait for a code."""
        told, zone = guidance(bill), bill.seat.timezone if bill.seat else bill.timezone or JAKARTA.key
        shown = {
            "application_id": bill.payer.application_id,
            "appointment_id": bill.seat.appointment_id if bill.seat else None,
            "amount": bill.amount,
            "billing_code": bill.payable_code,
            "joint_bill_id": bill.joint.joint_bill_id if bill.joint else None,
            "lines": bill.price.lines,
            "legal_basis": bill.price.legal_basis,
            "tariff_id": bill.price.tariff_id,
            "expires_at_local": _local(bill.expires_at, zone),
            "timezone": zone,
            "warning": YEAR_END_WARNING if bill.shortened_by_year_end else None,
            "warning_id": YEAR_END_WARNING_ID if bill.shortened_by_year_end else None,
            "next_call": view_next_call(
                "bill",
                told.call_code,
                bill_id=bill.bill_id,
                application_id=bill.payer.application_id,
                joint_bill_id=bill.joint.joint_bill_id if bill.joint else None,
            ),
            "deadline": bill.expires_at if bill.state == BillState.ISSUED else None,
            "next_check_at": next_check_at(bill),
            "expected_wait_seconds": wait_seconds if bill.live else None,
            "ntpn": treasury_number(bill.settled_by) if bill.settled_by else None,
            "how_to_pay": f"/v1/bills/{bill.bill_id}/how-to-pay" if bill.state == BillState.ISSUED else None,
            "receipt": f"/v1/bills/{bill.bill_id}/receipt" if bill.settled_by else None,
            "claims": [ClaimView.from_claim(bill, claim, wait_seconds) for claim in bill.claims],
        }
        return cls.model_validate({**vars(bill), **vars(told), **shown})


class BillList(ListView):
    """The bills of an application, oldest first."""

    bills: tuple[BillView, ...]


def _local(moment: datetime | None, zone: str) -> str | None:
    return moment.astimezone(ZoneInfo(zone)).isoformat() if moment else None
