"""Events, commands and due deadlines of notification, each bound to its use case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notification.deliveries.repository import DELIVERIES
from services.notification.notices import notice_table
from services.notification.use_cases import Notification
from services.notification.webhooks.repository import WEBHOOKS
from shared.events.envelope import Envelope
from shared.events.identity import AccountJoined, ConsentsChanged, DataExportAsked
from shared.events.message import Command, Event
from shared.events.notification import (
    KeepContactCard,
    SendLetter,
    SendOtp,
    TellOfLeaving,
    TellOfSignIn,
    WebhookTested,
)
from shared.events.published import PUBLISHED
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Record


class Handlers:
    """Handlers bound to the use cases."""

    def __init__(self, service: Notification) -> None:
        self._service = service

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return every event of the notices' table, and those of joined accounts, consents, exports and webhooks."""
        told = {event: self._told(event) for event in notice_table.RULES}
        contacts = self._service.contacts
        others: Mapping[type[Event], MessageHandler] = {
            AccountJoined: contacts.account_joined,
            ConsentsChanged: contacts.consents_changed,
            DataExportAsked: self._service.export_answers.answer,
            WebhookTested: self._service.webhooks.keep,
        }
        return self._service.retention.erasing.guard({**told, **others})

    def commands(self) -> Mapping[type[Command], MessageHandler]:
        """Return the commands that notification takes."""
        commands: Mapping[type[Command], MessageHandler] = {
            SendOtp: self._service.notices.send_otp,
            KeepContactCard: self._service.contacts.keep_contact_card,
            SendLetter: self._service.notices.send_letter,
            TellOfSignIn: self._service.notices.tell_of_sign_in,
            TellOfLeaving: self._service.notices.tell_of_leaving,
        }
        return self._service.retention.erasing.guard(commands)

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the use case of each deadline."""
        return {
            (DELIVERIES.name, "send"): self.send_due,
            (WEBHOOKS.name, "send"): self._service.webhook_sender.send_due,
        }

    async def send_due(self, record: Record[Any], _name: str) -> None:
        """Send a message that is due."""
        await self._service.sender.send(record)

    async def tell_webhooks_too(self, event: Event, envelope: Envelope) -> None:
        """Keep an event for webhooks, then queue its notice, which may have to wait for a contact card."""
        await self._service.webhooks.keep(event, envelope)
        await self._service.notices.tell(event, envelope)

    def _told(self, event: type[Event]) -> MessageHandler:
        return self.tell_webhooks_too if event in PUBLISHED else self._service.notices.tell
