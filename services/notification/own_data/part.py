"""Notification's part of an export: how the account is reached, and the messages that went to it."""

from __future__ import annotations

from datetime import datetime

from services.notification.contacts import contact
from services.notification.contacts.repository import ContactRepository
from services.notification.contacts.vault import ContactVault
from services.notification.context import UseCaseContext
from services.notification.deliveries.delivery import Delivery
from services.notification.deliveries.repository import DeliveryRepository
from shared.events.identity import DataExportAsked
from shared.own_data.part import Correction, OwnData, own


class OwnContact(OwnData):
    """How the account is reached."""

    email: str | None = own("Alamat email", "Email address", Correction.ADDRESS)
    phone: str | None = own("Nomor ponsel", "Telephone number", Correction.ADDRESS)
    language: str = own("Bahasa pesan", "Language of messages", Correction.PREFERENCES)
    channels: list[str] = own("Saluran pesan", "Channels of messages", Correction.PREFERENCES)
    stopped_purposes: list[str] = own("Dihentikan", "Stopped", Correction.CONSENTS)


class OwnMessage(OwnData):
    """A message that was to be sent."""

    template: str = own("Jenis pesan", "Kind of message")
    channel: str = own("Saluran", "Channel")
    sent_to: str = own("Dikirim ke (disamarkan)", "Sent to (masked)")
    state: str = own("Keadaan", "State")
    queued_at: datetime = own("Dibuat pada", "Queued at")
    sent_at: datetime | None = own("Dikirim pada", "Sent at")
    application_id: str | None = own("Permohonan", "Application")


class NotificationPart(OwnData):
    """All that notification keeps of a person."""

    contact: OwnContact | None = own("Kontak", "Contact")
    messages: list[OwnMessage] = own("Pesan", "Messages")


class NotificationParts:
    """Collects notification's part."""

    def __init__(self, context: UseCaseContext) -> None:
        self._contacts = ContactRepository(context)
        self._deliveries = DeliveryRepository(context)
        self._vault = ContactVault(context.seals)

    async def collect(self, asked: DataExportAsked) -> NotificationPart:
        """Return the contact card of the account, and the messages to these accounts that are not forgotten."""
        deliveries = await self._deliveries.all_deliveries(asked.account_ids)
        return NotificationPart(
            contact=await self._contact(asked.account_id),
            messages=[_message(record.state) for record in deliveries],
        )

    async def _contact(self, account_id: str) -> OwnContact | None:
        record = await self._contacts.card(account_id)
        if record is None:
            return None
        reach, chosen = await self._vault.open_reach(account_id, record.state), contact.preferences_of(record.state)
        return OwnContact(
            email=reach.email,
            phone=reach.phone,
            language=chosen.language,
            channels=[channel.value for channel in chosen.channels],
            stopped_purposes=list(record.state.stopped_purposes),
        )


def _message(delivery: Delivery) -> OwnMessage:
    return OwnMessage(
        template=delivery.template,
        channel=delivery.channel.value,
        sent_to=delivery.sent_to,
        state=delivery.state.value,
        queued_at=delivery.created_at,
        sent_at=delivery.sent_at,
        application_id=delivery.application_id,
    )
