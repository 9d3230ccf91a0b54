"""All use cases of notification, joined."""

from __future__ import annotations

from services.notification.contacts.service import Contacts
from services.notification.context import UseCaseContext
from services.notification.deliveries.ports import Mailer, SmsGateway
from services.notification.deliveries.queue import DeliveryQueue
from services.notification.deliveries.sender import Sender
from services.notification.deliveries.service import Deliveries
from services.notification.notices.service import Notices
from services.notification.own_data.part import NotificationParts
from services.notification.texts import Texts
from shared.http.signatures import Signer
from shared.own_data.answers import ExportAnswers


class Notification:
    """Tells people what they need to know, once, on the channels they chose."""

    def __init__(
        self, context: UseCaseContext, texts: Texts, mailer: Mailer, sms: SmsGateway, *, receipts_from: Signer
    ) -> None:
        """Make the use cases of every room; ``receipts_from`` verifies the SMS gateway's receipts."""
        self.context = context
        queue = DeliveryQueue(context)
        self.contacts = Contacts(context, queue)
        self.notices = Notices(context, self.contacts, queue)
        own_parts = NotificationParts(context)
        self.export_answers = ExportAnswers(context.store, context.clock, "notification", own_parts.collect)
        self.sender = Sender(context, texts, mailer, sms)
        self.deliveries = Deliveries(context, self.sender, receipts_from)
