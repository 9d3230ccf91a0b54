"""Deliveries and receipts over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from services.notification.deliveries.delivery import Delivery, State
from services.notification.field_types import Id
from shared.events.codes import DeliveryChannel
from shared.http.schema import Body, IsoMoment, Query, View
from shared.store.kinds import Record


class DeliveriesQuery(Query):
    """The application whose messages are listed."""

    application_id: Id


class DeliveryView(View):
    """One message to you: its subject, its channel and its state."""

    delivery_id: str
    template: str = Field(description="what it is about, such as bill_issued")
    channel: DeliveryChannel
    language: str
    sent_to: str = Field(description="the address, masked")
    state: State
    reason: str | None = Field(description="why it failed, was dropped or is tried again")
    tries: int
    created_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None

    @classmethod
    def from_record(cls, record: Record[Delivery]) -> DeliveryView:
        """Return the view of a stored delivery."""
        return cls.model_validate({**vars(record.state), "delivery_id": record.id})


class DeliveriesView(View):
    """Your messages about one application, the latest first, 100 at most."""

    deliveries: tuple[DeliveryView, ...]


class SmsReceipt(Body):
    """The gateway's receipt for one SMS; members that this version does not know are ignored."""

    model_config = ConfigDict(extra="ignore")

    receipt_id: Id
    message_id: Id
    reference: Id = Field(description="the delivery's id")
    status: Literal["delivered", "failed"]
    at: IsoMoment
