"""Deliveries and receipts over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from services.notification.channel import Channel
from services.notification.deliveries.delivery import Delivery, State
from services.notification.field_types import Id
from shared.http.schema import Body, IsoMoment, Query, View
from shared.store.kinds import Record


class DeliveriesQuery(Query):
    """Which application's messages."""

    application_id: Id


class DeliveryView(View):
    """One message to you: what about, by which channel, and what became of it."""

    delivery_id: str
    template: str = Field(description="what it is about, such as bill_issued")
    channel: Channel
    language: str
    sent_to: str = Field(description="the address, masked")
    state: State
    reason: str | None = Field(description="why it failed, was dropped or is tried again")
    tries: int
    created_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None

    @classmethod
    def of(cls, record: Record[Delivery]) -> DeliveryView:
        """The view of a delivery."""
        delivery = record.state
        return cls(
            delivery_id=record.id,
            template=delivery.template,
            channel=delivery.channel,
            language=delivery.language,
            sent_to=delivery.sent_to,
            state=delivery.state,
            reason=delivery.reason,
            tries=delivery.tries,
            created_at=delivery.created_at,
            next_try_at=delivery.next_try_at,
            sent_at=delivery.sent_at,
        )


class DeliveriesView(View):
    """Your messages about one application, the latest first, 100 at most."""

    deliveries: tuple[DeliveryView, ...]


class SmsReceipt(Body):
    """The gateway's word on one SMS; members that this version does not know are passed over."""

    model_config = ConfigDict(extra="ignore")

    receipt_id: Id
    message_id: Id
    reference: Id = Field(description="the delivery's id")
    status: Literal["delivered", "failed"]
    at: IsoMoment
