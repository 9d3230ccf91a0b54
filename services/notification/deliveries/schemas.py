"""Deliveries and receipts over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from services.notification.deliveries.delivery import Delivery, State
from services.notification.deliveries.delivery_texts import text_of
from services.notification.deliveries.repository import LARGEST_PAGE
from services.notification.field_types import Id
from shared.events.codes import DeliveryChannel
from shared.http.language import LanguageCode
from shared.http.paging import DEPRECATED, ListView, MomentCursor
from shared.http.schema import Body, IsoMoment, Query, View
from shared.store.kinds import Record


class DeliveriesQuery(Query):
    """The wanted messages: those about an application, else all to your account.

    ``until`` is the ``created_at`` of the last one of the page before; messages of that very moment are shown again.
    """

    application_id: Id | None = None
    after: MomentCursor | None = Field(None, description="`next` of the page before")
    until: IsoMoment | None = Field(None, description="`after` shows no message twice", json_schema_extra=DEPRECATED)
    limit: Annotated[int, Field(strict=False)] = Field(LARGEST_PAGE, ge=1, le=LARGEST_PAGE)


class DeliveryView(View, in_indonesian=("says", "next_action")):
    """One message to you: its subject, its channel and its state, in words too; never its contents."""

    delivery_id: str
    template: str = Field(description="what it is about, such as bill_issued")
    channel: DeliveryChannel
    language: LanguageCode
    sent_to: str = Field(description="the address, masked")
    state: State
    reason: str | None = Field(description="why it failed, was dropped or is tried again")
    tries: int
    created_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None
    says: str = Field(description="the state, and the cause if it failed, as a sentence")
    says_id: str = Field(description="the same in Indonesian")
    next_action: str
    next_action_id: str

    @classmethod
    def from_record(cls, record: Record[Delivery]) -> DeliveryView:
        """Return the view of a stored delivery."""
        return cls.model_validate({**vars(record.state), **vars(text_of(record.state)), "delivery_id": record.id})


class DeliveriesView(ListView):
    """Your messages, the latest first, 100 at most."""

    deliveries: tuple[DeliveryView, ...]


class SmsReceipt(Body):
    """The gateway's receipt for one SMS."""

    receipt_id: Id
    message_id: Id
    reference: Id = Field(description="the delivery's id")
    status: Literal["delivered", "failed"]
    at: IsoMoment
