"""The endpoints of how to pay."""

from __future__ import annotations

from services.billing.bills.errors import BillUnknown
from services.billing.bills.schemas import BillPath
from services.billing.http import BILLING
from services.billing.payment_channels.errors import NothingToPayHere
from services.billing.payment_channels.schemas import HowToPayView, PaymentChannelsView, PaymentChannelView
from services.billing.payment_channels.service import PaymentChannels
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, PUBLIC, Endpoints

api = Endpoints("billing")


@api.get(
    "/v1/payment-channels",
    summary="Where and how a billing code is paid, with hours and limits",
    access=PUBLIC,
    answers={200: PaymentChannelsView},
)
async def show_payment_channels(call: Call) -> PaymentChannelsView:
    """Show every way to pay."""
    channels = call.app[BILLING].find(PaymentChannels).in_general()
    return PaymentChannelsView(channels=tuple(map(PaymentChannelView.model_validate, channels)))


@api.get(
    "/v1/bills/{bill_id}/how-to-pay",
    summary="How a bill is paid: the ways that take its amount, with its code in their steps",
    access=APPLICANT,
    path_model=BillPath,
    answers={200: HowToPayView},
    refusals=(BillUnknown, NothingToPayHere),
)
async def show_how_to_pay(call: Call[None, None, BillPath]) -> HowToPayView:
    """Show how a bill is paid."""
    return HowToPayView.from_ways(await call.app[BILLING].find(PaymentChannels).of_bill(call.caller, call.path.bill_id))
