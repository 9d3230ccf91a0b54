"""Events, commands and due deadlines of notification, each bound to its use case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notification.account_feeds import feed_table
from services.notification.deliveries.repository import DELIVERIES
from services.notification.notices import notice_table
from services.notification.use_cases import Notification
from services.notification.webhooks.repository import WEBHOOKS
from shared.events.envelope import Envelope
from shared.events.identity import AccountJoined, ConsentsChanged, DataExportAsked, SessionEnded
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
from shared.events.scheduling import OfficeOpened
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Record


class Handlers:
    """Handlers bound to the use cases."""

    def __init__(self, service: Notification) -> None:
        self._service = service

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return the handlers of each event that anything here hears of, in turn.

        What is kept for webhooks and feeds comes first: a notice may have to wait for a contact card.
        """
        service = self._service
        acts: Mapping[type[Event], MessageHandler] = {
            **dict.fromkeys(notice_table.RULES, service.notices.tell),
            AccountJoined: service.contacts.account_joined,
            ConsentsChanged: service.contacts.consents_changed,
            OfficeOpened: service.office_contacts.office_opened,
            DataExportAsked: service.export_answers.answer,
        }
        feeds: Mapping[type[Event], MessageHandler] = {
            **dict.fromkeys(feed_table.ROWS.keys() - {SessionEnded}, service.account_feeds.note),
            AccountJoined: service.account_feeds.account_joined,
        }
        heard: dict[type[Event], None] = dict.fromkeys((*acts, *feeds, WebhookTested))
        webhooks: Mapping[type[Event], MessageHandler] = {
            event: service.webhooks.keep for event in heard if event in PUBLISHED
        }
        effects = (webhooks, feeds, acts)
        return service.retention.erasing.guard(
            {event: in_turn(*(by_event[event] for by_event in effects if event in by_event)) for event in heard}
        )

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


def in_turn(*handlers: MessageHandler) -> MessageHandler:
    """Return the handler of a message with these effects, each in a document of its own and harmless to repeat."""

    async def handle(message: Any, envelope: Envelope) -> None:
        for handler in handlers:
            await handler(message, envelope)

    return handle
