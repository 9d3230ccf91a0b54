"""Events, commands and due deadlines of notification, each bound to its use case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notification.account_feeds import feed_table
from services.notification.deliveries.repository import DELIVERIES
from services.notification.notices import notice_table
from services.notification.use_cases import Notification
from shared.events.envelope import Envelope
from shared.events.identity import AccountJoined, ConsentsChanged, DataExportAsked, SessionEnded
from shared.events.message import Command, Event
from shared.events.notification import KeepContactCard, SendLetter, SendOtp, TellOfLeaving, TellOfSignIn
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Record


class Handlers:
    """Handlers bound to the use cases."""

    def __init__(self, service: Notification) -> None:
        self._service = service

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return every event of the tables of notices and feeds, and those of joined accounts, consents and exports.

        Feeds come first: a notice may have to wait for a contact card.
        """
        feeds, contacts = self._service.account_feeds, self._service.contacts
        told = dict.fromkeys(notice_table.RULES, self._service.notices.tell)
        noted = dict.fromkeys(feed_table.ROWS.keys() - {SessionEnded}, feeds.note)
        others: Mapping[type[Event], MessageHandler] = {
            AccountJoined: in_turn(feeds.account_joined, contacts.account_joined),
            ConsentsChanged: in_turn(feeds.note, contacts.consents_changed),
            DataExportAsked: in_turn(feeds.note, self._service.export_answers.answer),
        }
        both = {kind: in_turn(feeds.note, self._service.notices.tell) for kind in told.keys() & noted.keys()}
        return self._service.retention.erasing.guard({**told, **noted, **both, **others})

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
        return {(DELIVERIES.name, "send"): self.send_due}

    async def send_due(self, record: Record[Any], _name: str) -> None:
        """Send a message that is due."""
        await self._service.sender.send(record)


def in_turn(first: MessageHandler, second: MessageHandler) -> MessageHandler:
    """Return the handler of a message with two effects, each in a document of its own and each harmless to repeat."""

    async def handle(message: Any, envelope: Envelope) -> None:
        await first(message, envelope)
        await second(message, envelope)

    return handle
