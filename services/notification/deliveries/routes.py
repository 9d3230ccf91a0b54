"""The endpoints of deliveries and of the SMS gateway's receipts."""

from __future__ import annotations

from typing import Final

from services.notification.deliveries.schemas import DeliveriesQuery, DeliveriesView, DeliveryView, SmsReceipt
from services.notification.http import NOTIFICATION, SMS_PREFIX
from shared.errors import NotFound
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, SIGNED, Endpoints, RateLimit
from shared.http.paging import cut_after, moment_cursor, moment_of
from shared.http.signatures import SignatureMissing, SignatureTooOld, SignatureWrong

api = Endpoints("notification")
receipts = Endpoints("notification")

MOST_RECEIPT_BYTES: Final = 4096
RECEIPTS_PER_ADDRESS: Final = RateLimit(60_000, 60.0, "address")
"""A gateway reports every SMS from one address: a thousand in a second is far above any office's day."""


@api.get(
    "/v1/deliveries",
    summary="List the messages to you, or those about an application, with the state of each",
    access=APPLICANT,
    query=DeliveriesQuery,
    answers={200: DeliveriesView},
)
async def list_deliveries(call: Call[None, DeliveriesQuery]) -> DeliveriesView:
    """List your messages only: about another's application there are none for you."""
    wanted = call.query
    until = moment_of(wanted.after) if wanted.after is not None else wanted.until
    found = await call.app[NOTIFICATION].deliveries.deliveries(call.caller.account_ids, wanted.application_id, until)
    shown, following = cut_after(
        found, wanted.after, wanted.limit, lambda record: moment_cursor(record.state.created_at, record.id)
    )
    return DeliveriesView(deliveries=tuple(DeliveryView.from_record(record) for record in shown), next=following)


@receipts.post(
    "/v1/sms-receipts",
    summary="Receive the SMS gateway's receipt for a message",
    access=SIGNED,
    signer=lambda app: app[NOTIFICATION].deliveries.receipts_from,
    signature_prefix=SMS_PREFIX,
    body=SmsReceipt,
    answers={204: None},
    refusals=(SignatureMissing, SignatureTooOld, SignatureWrong, NotFound),
    max_body_bytes=MOST_RECEIPT_BYTES,
    rate=RECEIPTS_PER_ADDRESS,
)
async def take_sms_receipt(call: Call) -> None:
    """Note the receipt once; repeats and late ones change nothing."""
    call.app[NOTIFICATION].deliveries.verify_receipt(call.request.headers, call.raw)
    receipt = call.read(SmsReceipt)
    await call.app[NOTIFICATION].deliveries.take_receipt(receipt.reference, delivered=receipt.status == "delivered")
