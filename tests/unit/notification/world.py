"""Notification on the memory store under a manual clock, with a mail server and a gateway that do as they are told."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.notification.app import KINDS
from services.notification.clients import HttpWebhookPoster
from services.notification.context import UseCaseContext
from services.notification.deliveries.delivery import Delivery
from services.notification.deliveries.ports import Mail, Sms
from services.notification.deliveries.repository import DELIVERIES
from services.notification.erasures.shelves import NotificationShelves
from services.notification.handlers import Handlers
from services.notification.rules import Rules
from services.notification.seals import Seals
from services.notification.texts import Texts
from services.notification.use_cases import Notification
from shared.bus.dispatch import Dispatcher, Outcome
from shared.clock import ManualClock
from shared.crypto.fields import FieldCipher
from shared.crypto.keyring import Keyring
from shared.crypto.sealed import SealedBox, Unsealer, new_keypair
from shared.deadlines import DeadlineWorker
from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.events.notification import (
    KeepContactCard,
    NotificationErasureDone,
    SendLetter,
    SendOtp,
    TellOfLeaving,
    TellOfSignIn,
)
from shared.http.signatures import Signer
from shared.retention.rule_book import shipped_rules
from shared.retention.service import RETENTION_KINDS, Retention
from shared.store.kinds import Record
from shared.store.memory import MemoryStore
from tests.conftest import START
from tests.papers import PlainPapers
from tests.unit.world import envelope_of, key, seeded_platform

KEYS = Keyring.parse(key("k1", 0))
PAIR = new_keypair()
BOX = SealedBox.for_recipient(PAIR.public_key_b64)
ACCOUNT = "account-1"
EMAIL, PHONE, NAME = "sri.contoh@example.org", "+6281200000678", "SRI CONTOH LESTARI"


@dataclass
class FakeChannel:
    """Takes what it is given unless ``trouble`` is set."""

    taken: list[Any] = field(default_factory=list)
    trouble: Exception | None = None
    calls: int = 0

    async def send(self, message: Any) -> None:
        self.calls += 1
        if self.trouble is not None:
            raise self.trouble
        self.taken.append(message)


class World:
    """One notification service with everything around it."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.clock = ManualClock(START)
        self.store = MemoryStore("notification")
        platform = seeded_platform(self.store, self.clock, KEYS)
        self.files = platform.files
        self.mailer, self.gateway = FakeChannel(), FakeChannel()
        self.seals = Seals(Unsealer([PAIR.private_key_b64]), FieldCipher(KEYS), platform.person_keys)
        texts = Texts(portal_url="https://paspor.example.go.id", timezone="Asia/Jakarta")
        self.signer = Signer("X-Sms", {"k1": "invented-receipt-key"})
        context = UseCaseContext(self.store, self.files, rules or Rules(), self.seals, self.clock)
        periods = {"deliveries": timedelta(seconds=context.rules.keep_seconds)}
        retention_rules = shipped_rules().with_periods(periods)
        shelves = NotificationShelves(context).all()
        self.retention = Retention(
            "notification", platform, shelves, told=NotificationErasureDone, rules=retention_rules
        )
        self.service = Notification(
            context,
            texts,
            self.mailer,
            self.gateway,
            receipts_from=self.signer,
            retention=self.retention,
            platform=platform,
            poster=HttpWebhookPoster(allow_loopback=True),
            public_url="https://paspor.example.go.id",
            typesetter=PlainPapers(),
        )
        handlers = Handlers(self.service)
        events = {**handlers.events(), **self.retention.events()}
        deadlines = {**handlers.deadlines(), **self.retention.deadlines()}
        self._dispatcher = Dispatcher(events, handlers.commands())
        self._worker = DeadlineWorker(self.store, (*KINDS, *RETENTION_KINDS), deadlines, self.clock, "test")

    @property
    def mails(self) -> Sequence[Mail]:
        return self.mailer.taken

    @property
    def texts(self) -> Sequence[Sms]:
        return self.gateway.taken

    async def hears(self, message: Message | Envelope, *, version: int = 1) -> Outcome:
        """Deliver a message as the bus does."""
        envelope = message if isinstance(message, Envelope) else self.envelope(message, version=version)
        return await self._dispatcher.handle(envelope)

    def envelope(self, message: Message, *, version: int = 1) -> Envelope:
        """The message on its way."""
        return envelope_of(message, self.clock.now(), version=version)

    async def works(self) -> int:
        """Run what is due."""
        return await self._worker.run_due()

    async def passes(self, seconds: float) -> int:
        """Let time pass, then run what is due."""
        self.clock.advance(seconds)
        return await self.works()

    async def deliveries(self) -> list[Record[Delivery]]:
        """Every delivery, oldest first."""
        found = [record async for record in self.store.scan(DELIVERIES)]
        return sorted(found, key=lambda record: (record.state.created_at, record.state.channel))

    async def said(self) -> list[Any]:
        """Return the events that notification has sent."""
        waiting = await self.store.outbox_waiting(
            DELIVERIES, before=datetime.max.replace(tzinfo=START.tzinfo), limit=999
        )
        return [envelope.data for envelope in waiting]


def a_card(
    *,
    email: str | None = EMAIL,
    phone: str | None = PHONE,
    name: str | None = NAME,
    language: str = "id",
    account_id: str = ACCOUNT,
    **undo: str,
) -> KeepContactCard:
    sealed = BOX.seal({"email": email, "phone": phone, "name": name, **undo}, account_id)
    return KeepContactCard(account_id=account_id, language=language, sealed=sealed)


def an_otp(expires_at: datetime, *, channel: str = "email", address: str = EMAIL, code: str = "012345") -> SendOtp:
    sealed = BOX.seal({"address": address, "channel": channel, "code": code}, "challenge-1")
    return SendOtp(
        challenge_id="challenge-1",
        account_id=ACCOUNT,
        purpose="sign_in",
        language="id",
        expires_at=expires_at,
        sealed=sealed,
    )


DISOWN_URL = "https://paspor.example/v1/logins/pn1.account.1.2.x/disown"


def a_sign_in(
    until: datetime, channel: str, address: str, opens_at: datetime | None, *, for_staff: bool = False
) -> TellOfSignIn:
    content = {"address": address, "channel": channel, "url": DISOWN_URL, "until": until.isoformat()}
    sealed = BOX.seal(content, "notice-1")
    return TellOfSignIn(
        notice_id="notice-1",
        account_id=ACCOUNT,
        language="id",
        opens_at=opens_at,
        for_staff=for_staff,
        sealed=sealed,
    )


LEAVING_URL = "https://paspor.example/v1/leaving-undo/pl1.leaving.x"


def a_leaving(ends_at: datetime, channel: str, address: str, what: str) -> TellOfLeaving:
    sealed = BOX.seal({"address": address, "channel": channel, "url": LEAVING_URL}, "notice-1")
    return TellOfLeaving(
        notice_id="notice-1", account_id=ACCOUNT, language="id", what=what, ends_at=ends_at, sealed=sealed
    )


def a_letter(content: bytes) -> SendLetter:
    sealed = BOX.seal({"file_name": "surat.pdf", "content": base64.b64encode(content).decode()}, "application-1")
    return SendLetter(account_id=ACCOUNT, application_id="application-1", appointment_id="appointment-1", sealed=sealed)
