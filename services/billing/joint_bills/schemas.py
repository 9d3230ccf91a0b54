"""Joint bills over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from services.billing.field_types import Id
from services.billing.joint_bills.model import JointBill, JointBillEnd
from services.billing.joint_bills.states import JointBillState
from services.billing.joint_bills.texts import GUIDANCE
from services.billing.rules import JOINT_BILL_MOST_MEMBERS
from shared.http.codes import OneOf
from shared.http.schema import Body, NextCallView, Path, View, view_next_call


class JointBillPath(Path):
    """The joint bill in the path."""

    joint_bill_id: Id


class JoinedBills(Body):
    """The bills to pay with one code."""

    bill_ids: Annotated[list[Id], Field(min_length=2, max_length=JOINT_BILL_MOST_MEMBERS)]


class MemberView(View):
    """One of the bills, with its part of the amount."""

    number: int
    bill_id: str
    application_id: str
    amount: int


class JointBillView(View, in_indonesian=("next_action",)):
    """One code for several bills."""

    joint_bill_id: str
    state: Annotated[str, OneOf(JointBillState)]
    amount: int
    currency: str = "IDR"
    billing_code: str | None
    requested_at: datetime
    issued_at: datetime | None
    expires_at: datetime
    paid_at: datetime | None
    ntpn: str | None
    end: Annotated[str, OneOf(JointBillEnd)] | None
    members: tuple[MemberView, ...]
    next_action: str
    next_action_id: str
    next_call: NextCallView | None

    @classmethod
    def from_joint_bill(cls, joint: JointBill) -> Self:
        """Return the view of a joint bill; how each of its bills stands is read there."""
        shown = {
            "amount": joint.amount,
            "billing_code": joint.billing_code if joint.state == JointBillState.ISSUED else None,
            "ntpn": joint.paid_by,
            "members": [vars(member) for member in joint.members],
            "next_call": view_next_call("joint_bill", joint.state.value),
        }
        return cls.model_validate({**vars(joint), **vars(GUIDANCE[joint.state]), **shown})
