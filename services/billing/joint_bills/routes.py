"""The endpoints of joint bills."""

from __future__ import annotations

from services.billing.bills.errors import BillUnknown
from services.billing.http import BILLING, SMALL_BODY_BYTES
from services.billing.joint_bills.errors import (
    BillCannotBeJoined,
    BillEndsTooSoon,
    BillNamedTwice,
    JointBillIsOver,
    JointBillUnknown,
)
from services.billing.joint_bills.schemas import JoinedBills, JointBillPath, JointBillView
from services.billing.joint_bills.service import JointBillService
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit

api = Endpoints("billing")


@api.post(
    "/v1/joint-bills",
    summary="Ask for one code that pays several bills of the own account",
    access=APPLICANT,
    body=JoinedBills,
    max_body_bytes=SMALL_BODY_BYTES,
    answers={202: JointBillView},
    idempotent=True,
    rate=RateLimit(20, 60.0),
    refusals=(BillUnknown, BillNamedTwice, BillCannotBeJoined, BillEndsTooSoon, SomeoneElseChangedIt),
    description="Each bill stays a bill of its own, with its seat and its refund. The joint code ends with the first "
    "of them; once it is there the single codes are cancelled at SIMPONI, so that nothing is paid twice.",
)
async def open_joint_bill(call: Call[JoinedBills]) -> JointBillView:
    """Open a joint bill; its code follows."""
    service = call.app[BILLING].find(JointBillService)
    return JointBillView.from_joint_bill(await service.open(call.caller, tuple(call.body.bill_ids), call.command_id))


@api.get(
    "/v1/joint-bills/{joint_bill_id}",
    summary="A joint bill with its code and its bills",
    access=APPLICANT,
    path_model=JointBillPath,
    answers={200: JointBillView},
    refusals=(JointBillUnknown,),
    watches="joint_bill",
)
async def show_joint_bill(call: Call[None, None, JointBillPath]) -> JointBillView:
    """Show one joint bill."""
    service = call.app[BILLING].find(JointBillService)
    return JointBillView.from_joint_bill(await service.joint_bill(call.caller, call.path.joint_bill_id))


@api.post(
    "/v1/joint-bills/{joint_bill_id}/cancellation",
    summary="Give a joint code up; each of its bills gets a code of its own again",
    access=APPLICANT,
    path_model=JointBillPath,
    answers={202: JointBillView},
    idempotent=True,
    refusals=(JointBillUnknown, JointBillIsOver, SomeoneElseChangedIt),
)
async def cancel_joint_bill(call: Call[None, None, JointBillPath]) -> JointBillView:
    """Cancel a joint bill: its code is taken back at SIMPONI first."""
    service = call.app[BILLING].find(JointBillService)
    return JointBillView.from_joint_bill(await service.cancel(call.caller, call.path.joint_bill_id, call.command_id))
