"""HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from services.notification.errors import ChannelHasNoAddress
from services.notification.field_types import (
    DeliveriesQuery,
    DeliveriesView,
    DeliveryView,
    PreferencesChoice,
    PreferencesView,
    SmsReceipt,
)
from services.notification.use_cases import Notification
from shared.errors import NotFound, NotKnownYet
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, SIGNED, Endpoints, RateLimit, with_session_check
from shared.http.signatures import SignatureMissing, SignatureTooOld, SignatureWrong

NOTIFICATION: Final[web.AppKey[Notification]] = web.AppKey("notification", Notification)

api = Endpoints("notification")

MOST_RECEIPT_BYTES: Final = 4096
CHANGES_PER_CALLER: Final = RateLimit(30, 60.0)
RECEIPTS_PER_ADDRESS: Final = RateLimit(60_000, 60.0, "address")
"""A gateway reports every SMS from one address: a thousand in a second is far above any office's day."""


@api.get(
    "/v1/deliveries",
    summary="What you were told about an application",
    access=APPLICANT,
    query=DeliveriesQuery,
    answers={200: DeliveriesView},
)
async def list_deliveries(call: Call[None, DeliveriesQuery]) -> DeliveriesView:
    """Your messages about one application; none for another's."""
    found = await call.app[NOTIFICATION].deliveries_of(call.caller.account_id, call.query.application_id)
    return DeliveriesView(deliveries=tuple(DeliveryView.of(record) for record in found))


@api.get(
    "/v1/preferences",
    summary="How you are told",
    access=APPLICANT,
    answers={200: PreferencesView},
    refusals=(NotKnownYet,),
)
async def show_preferences(call: Call) -> PreferencesView:
    """Your language and channels."""
    return PreferencesView.of(await call.app[NOTIFICATION].preferences(call.caller.account_id))


@api.put(
    "/v1/preferences",
    summary="Choose how you are told",
    access=APPLICANT,
    body=PreferencesChoice,
    answers={200: PreferencesView},
    refusals=(ChannelHasNoAddress, NotKnownYet),
    rate=CHANGES_PER_CALLER,
)
async def choose_preferences(call: Call[PreferencesChoice]) -> PreferencesView:
    """Choose language and channels; the same choice again changes nothing."""
    chosen = await call.app[NOTIFICATION].choose(call.caller.account_id, call.body.preferences())
    return PreferencesView.of(chosen)


@api.post(
    "/v1/sms-receipts",
    summary="The SMS gateway tells what became of a message",
    access=SIGNED,
    signer=lambda app: app[NOTIFICATION].receipts_from,
    body=SmsReceipt,
    answers={204: None},
    refusals=(SignatureMissing, SignatureTooOld, SignatureWrong, NotFound),
    max_body_bytes=MOST_RECEIPT_BYTES,
    rate=RECEIPTS_PER_ADDRESS,
)
async def take_sms_receipt(call: Call) -> None:
    """Note it once; repeats and late words change nothing."""
    call.app[NOTIFICATION].verify_receipt(call.request.headers, call.raw)
    receipt = call.read(SmsReceipt)
    await call.app[NOTIFICATION].take_receipt(receipt.reference, delivered=receipt.status == "delivered")


ENDPOINTS: Final = with_session_check(api.all, without={})
