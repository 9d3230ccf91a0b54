"""What goes in and out of notification over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from services.notification.contacts.contact import Preferences
from services.notification.deliveries.delivery import Channel, Delivery, State
from services.notification.use_cases import PreferencesView as Chosen
from shared.http.schema import Body, IsoMoment, Query, View
from shared.store.kinds import Record

Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
ChannelWord = Annotated[Channel, Field(strict=False)]


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
        told = record.state
        return cls(
            delivery_id=record.id,
            template=told.template,
            channel=told.channel,
            language=told.language,
            sent_to=told.sent_to,
            state=told.state,
            reason=told.reason,
            tries=told.tries,
            created_at=told.created_at,
            next_try_at=told.next_try_at,
            sent_at=told.sent_at,
        )


class DeliveriesView(View):
    """Your messages about one application, the latest first, 100 at most."""

    deliveries: tuple[DeliveryView, ...]


class PreferencesChoice(Body):
    """The language and the channels to be told by. One-time codes and the letter keep their own channel."""

    language: Literal["id", "en"]
    channels: Annotated[tuple[ChannelWord, ...], Field(strict=False, min_length=1, max_length=2)]

    def preferences(self) -> Preferences:
        """The choice, each channel once and in the usual order."""
        return Preferences(self.language, tuple(channel for channel in Channel if channel in self.channels))


class PreferencesView(View):
    """How you are told, and the masked addresses that are used for it."""

    language: str
    channels: tuple[Channel, ...]
    email: str | None
    phone: str | None

    @classmethod
    def of(cls, chosen: Chosen) -> PreferencesView:
        """The view of what was chosen."""
        return cls(
            language=chosen.preferences.language,
            channels=chosen.preferences.channels,
            email=chosen.email or None,
            phone=chosen.phone or None,
        )


class SmsReceipt(Body):
    """The gateway's word on one SMS; members that this version does not know are passed over."""

    model_config = ConfigDict(extra="ignore")

    receipt_id: Id
    message_id: Id
    reference: Id = Field(description="the delivery's id")
    status: Literal["delivered", "failed"]
    at: IsoMoment
