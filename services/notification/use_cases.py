"""All use cases of notification, joined."""

from __future__ import annotations

from services.notification.account_feeds.service import AccountFeeds
from services.notification.contacts.repository import CARDS
from services.notification.contacts.service import Contacts
from services.notification.contacts.vault import ContactVault, is_current
from services.notification.context import UseCaseContext
from services.notification.deliveries.contents import DeliveryVault
from services.notification.deliveries.ports import Mailer, SmsGateway
from services.notification.deliveries.queue import DeliveryQueue
from services.notification.deliveries.receipt_papers import ReceiptPapers
from services.notification.deliveries.repository import DELIVERIES
from services.notification.deliveries.sender import Sender
from services.notification.deliveries.service import Deliveries
from services.notification.notices.service import Notices
from services.notification.office_contacts.repository import OFFICE_CONTACTS
from services.notification.office_contacts.service import OfficeContactsBook
from services.notification.office_contacts.vault import OfficeContactsVault
from services.notification.own_data.part import NotificationParts
from services.notification.texts import Texts
from services.notification.webhooks.ports import WebhookPoster
from services.notification.webhooks.repository import WEBHOOKS
from services.notification.webhooks.sender import WebhookSender
from services.notification.webhooks.service import Webhooks
from services.notification.webhooks.vault import WebhookVault
from shared.audit import Audit
from shared.audit.chaining import AuditBook
from shared.http.signatures import Signer
from shared.key_turn.service import KeyTurns
from shared.key_turn.steps import TurnedKind
from shared.own_data.answers import ExportAnswers
from shared.retention.service import Retention
from shared.service import Platform
from shared.typesetting.typesetter import Typesetter


class Notification:
    """Tells people what they need to know, once, on the channels they chose."""

    def __init__(
        self,
        context: UseCaseContext,
        texts: Texts,
        mailer: Mailer,
        sms: SmsGateway,
        *,
        receipts_from: Signer,
        retention: Retention,
        platform: Platform,
        poster: WebhookPoster,
        public_url: str,
        typesetter: Typesetter | None = None,
    ) -> None:
        """Make the use cases of every room; ``receipts_from`` verifies the SMS gateway's receipts.

        ``public_url`` is where consumers of events find their schemas, and where receipts of payments are checked;
        without a typesetter these are typeset in a thread.
        """
        self.context = context
        self.retention = retention
        queue = DeliveryQueue(context)
        self.account_feeds = AccountFeeds(context)
        self.contacts = Contacts(context, queue)
        self.office_contacts = OfficeContactsBook(context)
        self.notices = Notices(context, self.contacts, self.office_contacts, queue)
        own_parts = NotificationParts(context)
        self.export_answers = ExportAnswers(context.store, context.clock, "notification", own_parts.collect)
        self.sender = Sender(context, texts, mailer, sms, ReceiptPapers(typesetter or Typesetter(), public_url))
        self.deliveries = Deliveries(context, self.sender, receipts_from)
        self.audit = Audit(platform.store, platform.clock, platform.ids)
        self.audit_book = AuditBook(platform.store, platform.clock, platform.ids)
        secrets = WebhookVault(context.seals, platform.randomness)
        self.public_url = public_url
        self.webhooks = Webhooks(context, secrets, poster, public_url)
        self.webhook_sender = WebhookSender(context, secrets, poster)
        self.key_turns = _key_turns(context, secrets)


def _key_turns(context: UseCaseContext, secrets: WebhookVault) -> KeyTurns:
    """Return the turn of all that notification keeps. Messages are forgotten once they are sent."""
    contacts, deliveries = ContactVault(context.seals), DeliveryVault(context.seals)
    office_contacts = OfficeContactsVault(context.seals)
    kinds = (
        TurnedKind(CARDS, is_current, contacts.turned),
        TurnedKind(DELIVERIES, deliveries.is_current),
        TurnedKind(OFFICE_CONTACTS, office_contacts.is_current, office_contacts.turned),
        TurnedKind(WEBHOOKS, secrets.is_current, secrets.turned),
    )
    key_ids = (context.person_keys.master_key_id,)
    return KeyTurns(context.store, context.clock, key_ids, kinds, (context.files, context.person_keys))
