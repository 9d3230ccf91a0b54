"""The use cases of notification, and the ports that they need."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from jinja2 import TemplateError

from services.notification.contacts import contact
from services.notification.contacts.contact import ContactCard, Preferences, Reach, WayBack
from services.notification.deliveries import delivery
from services.notification.deliveries.decision import Decision
from services.notification.deliveries.delivery import Channel, Delivery, State
from services.notification.errors import ChannelHasNoAddress
from services.notification.notices import notice_table as notices
from services.notification.repository import Repository
from services.notification.rules import Rules
from services.notification.sealed_contents import Content, Secrets, masked
from services.notification.texts import Text, Texts
from shared.crypto.errors import CannotDecrypt
from shared.errors import NotFound, NotKnownYet, UpstreamDown
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.events.notification import KeepContactCard, SendLetter, SendOtp
from shared.files.port import PIECE_BYTES, FileExists, FileFinished, FileMeta, FileUnknown, WrongOffset
from shared.http.signatures import Signer
from shared.ids import derived_id
from shared.logs import get_logger
from shared.service import NotYet, Platform
from shared.store.kinds import Record
from shared.store.port import StoreUnavailable, VersionConflict
from shared.store.retry import again

log = get_logger(__name__)

PDF: Final = "application/pdf"
CARD_WAIT_SECONDS: Final = 1.0
CARD_POLL_SECONDS: Final = 0.05
SWEEP_BATCH: Final = 200
SWEEP_BATCHES: Final = 50
"""Batches removed in one run of the sweep; the next run goes on."""

HOLD_SECONDS: Final = 15.0
"""While a channel does not answer, its message is held for twice as long again and again: below a lease of 30 s."""
NOTE_RETRY_SECONDS: Final = 0.2
"""Between tries to write down that a message was taken, while the store is away."""

UNREADABLE: Final = "content_unreadable"
NO_TEXT: Final = "template_broken"
LETTER_GONE: Final = "attachment_gone"


class MessageRefused(Exception):
    """The channel will never take this message (no such mailbox, a barred number), for the stable ``reason``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    file_name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """One mail. ``delivery_id`` makes its Message-ID, so that a repeat is recognised."""

    delivery_id: str
    to: str
    subject: str
    body: str
    attachment: Attachment | None = None


@dataclass(frozen=True)
class Sms:
    """One SMS. ``delivery_id`` is its idempotency key and what the gateway's receipt refers to."""

    delivery_id: str
    to: str
    text: str


class Mailer(Protocol):
    """Hands mails to a mail server. Refuses with `UpstreamDown` (try later) or `MessageRefused` (never)."""

    async def send(self, mail: Mail) -> None:
        """Return once the server has taken the mail."""
        ...


class SmsGateway(Protocol):
    """Hands SMS to a gateway. Refuses with `UpstreamDown` (try later) or `MessageRefused` (never)."""

    async def send(self, sms: Sms) -> None:
        """Return once the gateway has taken the SMS; the same delivery id again is the same SMS."""
        ...


@dataclass(frozen=True)
class Recipient:
    """Whom a message is for."""

    account_id: str
    language: str
    reach: Reach


@dataclass(frozen=True)
class Wanted:
    """A message that is to be queued on one channel."""

    envelope: Envelope
    template: str
    channel: Channel
    to: Recipient
    variables: Mapping[str, Any]
    send_by: datetime
    cause_id: str
    application_id: str | None = None
    urgent: bool = False
    attachment_id: str | None = None
    file_name: str | None = None
    copy: str = ""
    """Tells messages apart that are alike in all but their addressee."""

    @property
    def delivery_id(self) -> str:
        """Derived from the message that asks for it, so that a repeat meets the first."""
        copy = (self.copy,) if self.copy else ()
        return derived_id("delivery", self.envelope.id, self.template, self.channel, *copy)


@dataclass(frozen=True)
class PreferencesView:
    """What an account chose, with the masked addresses it may choose between."""

    preferences: Preferences
    email: str
    phone: str


class Notification:
    """Tells people what they need to know, once, on the channels they chose."""

    def __init__(
        self,
        platform: Platform,
        secrets: Secrets,
        texts: Texts,
        mailer: Mailer,
        sms: SmsGateway,
        *,
        receipts_from: Signer,
        rules: Rules | None = None,
    ) -> None:
        """``receipts_from`` verifies what the SMS gateway reports."""
        self._clock = platform.clock
        self._files = platform.files
        self._repository = Repository(platform.store)
        self._secrets = secrets
        self._texts = texts
        self._mailer = mailer
        self._sms = sms
        self.receipts_from = receipts_from
        self._rules = rules or Rules()
        self._in_hand: set[str] = set()  # deliveries that this process is sending, or has sent and not yet noted

    # ---- what arrives ----

    async def tell(self, event: Event, envelope: Envelope) -> None:
        """Queue what an event leads to. `NotYet` while the account's contact card is not here."""
        notice = notices.notice_for(event)
        if notice is None:
            return
        if type(event) in notices.TO_OFFICES:
            await self._tell_office(notice, event, envelope)
            return
        account_id: str | None = getattr(event, "account_id", None)
        if account_id is None:
            log.warning("nobody_to_tell", message_type=envelope.type, message_id=envelope.id)
            return
        card = (await self._card(account_id)).state
        to = Recipient(account_id, contact.language_of(card), self._secrets.open_reach(account_id, card))
        wanted = contact.preferences_of(card).channels
        for channel in contact.channels_for(notice.channels, wanted, to.reach) or notice.channels[:1]:
            await self._queue(self._about(event, envelope, notice.template, channel, to))

    async def send_otp(self, command: SendOtp, envelope: Envelope) -> None:
        """Queue a one-time code; one that is over is dropped, and whoever asked is told."""
        box = self._secrets.otp(command)
        is_email = box.channel is Channel.EMAIL
        reach = Reach(email=box.address) if is_email else Reach(phone=box.address)
        wanted = Wanted(
            envelope=envelope,
            template=notices.otp_template(command.purpose),
            channel=box.channel,
            to=Recipient(command.account_id, _known_language(command.language), reach),
            variables={
                "code": box.code,
                "purpose": command.purpose,
                "expires_at": command.expires_at.isoformat(),
                "office_id": box.office_id,
            },
            send_by=command.expires_at,
            cause_id=command.challenge_id,
            urgent=True,
        )
        await self._queue(wanted)

    async def keep_contact_card(self, command: KeepContactCard, envelope: Envelope) -> None:
        """Keep or replace a card and announce a changed address to old and new; older or repeated news are ignored."""
        reach, way_back = self._secrets.contact(command)
        language = _known_language(command.language)
        card = self._secrets.card(command.account_id, reach, language, envelope.aggregate_version)
        now = self._clock.now()
        known = await self._repository.card(command.account_id)
        if known is None:
            await self._repository.add_card(command.account_id, card, now=now, received=envelope.id)
            return
        if contact.is_older(known.state, envelope.aggregate_version):
            return
        # The announcements first: should this stop midway, the repeat still knows the old address.
        await self._announce(known, reach, way_back, envelope)
        kept = replace(card, preferences=known.state.preferences)
        await self._repository.save_card(known, kept, now=now, received=envelope.id)

    async def send_letter(self, command: SendLetter, envelope: Envelope) -> None:
        """Queue the cover letter as a mail with the PDF. `NotYet` while the account's contact card is not here."""
        card = (await self._card(command.account_id)).state
        box = self._secrets.letter(command)
        wanted = Wanted(
            envelope=envelope,
            template=notices.LETTER,
            channel=Channel.EMAIL,
            to=Recipient(
                command.account_id, contact.language_of(card), self._secrets.open_reach(command.account_id, card)
            ),
            variables={"application_id": command.application_id},
            send_by=envelope.time + timedelta(seconds=self._rules.useful_seconds),
            cause_id=envelope.id,
            application_id=command.application_id,
            attachment_id=derived_id("attachment", envelope.id),
            file_name=box.file_name,
        )
        if await self._repository.delivery(wanted.delivery_id) is None:
            await self._keep_file(str(wanted.attachment_id), box.pdf())
            await self._queue(wanted)

    def verify_receipt(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return if the SMS gateway signed this body just now. Refuses as `Signer.verify` does."""
        self.receipts_from.verify(headers, body, self._clock.now())

    async def take_receipt(self, delivery_id: str, *, delivered: bool) -> None:
        """Note what the SMS gateway says became of a message; a repeat or a late word changes nothing.

        Refuses with `NotFound` for what was never sent by SMS from here.
        """

        async def attempt() -> None:
            record = await self._repository.delivery(delivery_id)
            if record is None or record.state.channel is not Channel.SMS:
                raise NotFound
            if record.state.state in delivery.FINAL:
                return
            change = delivery.confirm if delivered else delivery.give_back
            await self._end(record, change(record.state, record.id, self._clock.now()))

        await again(attempt)

    # ---- what falls due ----

    async def send(self, record: Record[Delivery]) -> None:
        """Try to send a message that is due, and write down what became of it.

        A message that its channel took is sent again in one case only: this process ends, or loses the store for
        longer than the lease while another replica has it, between the channel's answer and the write of it.
        """
        message, now = record.state, self._clock.now()
        if message.state is not State.QUEUED or record.id in self._in_hand:
            return
        if delivery.is_over(message, now):
            await self._end(record, delivery.drop(message, record.id, now))
            return
        self._in_hand.add(record.id)
        try:
            await self._send_and_note(record)
        finally:
            self._in_hand.discard(record.id)

    async def _send_and_note(self, record: Record[Delivery]) -> None:
        sending = asyncio.ensure_future(self._hand_over(record))
        try:
            record = await self._hold_until(sending, record)
        finally:
            sending.cancel()
        message = record.state
        try:
            sending.result()
        except UpstreamDown as trouble:
            decision = delivery.put_off(message, record.id, trouble.reason, self._rules.retry, self._clock.now())
        except MessageRefused as refused:
            decision = delivery.give_up(message, record.id, refused.reason, self._clock.now())
        else:
            await self._note_taken(record)
            return
        await self._end(record, decision)

    async def _hold_until(self, sending: asyncio.Future[None], record: Record[Delivery]) -> Record[Delivery]:
        """Return the record as it stands when the channel has answered; meanwhile no replica takes it up again."""
        while not (await asyncio.wait({sending}, timeout=HOLD_SECONDS))[0]:
            until = self._clock.now() + timedelta(seconds=2 * HOLD_SECONDS)
            try:
                await self._repository.save_delivery(record, delivery.hold(record.state, until), now=self._clock.now())
                record = await self._repository.delivery(record.id) or record
            except (VersionConflict, StoreUnavailable) as trouble:
                log.warning("delivery_not_held", delivery_id=record.id, reason=type(trouble).__name__)
        return record

    async def _note_taken(self, record: Record[Delivery]) -> None:
        """Write down that the channel took the message, before anything else and for as long as it takes.

        Nothing here gives up: a message whose acceptance is not written is sent again.
        """
        away = False
        while True:
            try:
                await self._end(record, delivery.accept(record.state, record.id, self._clock.now()))
                return
            except VersionConflict:
                pass
            except StoreUnavailable as trouble:
                if not away:
                    log.warning("acceptance_not_written", delivery_id=record.id, reason=str(trouble))
                away = True
                await self._clock.sleep(NOTE_RETRY_SECONDS)
            try:
                fresh = await self._repository.delivery(record.id)
            except StoreUnavailable:
                continue
            if fresh is None or fresh.state.state is not State.QUEUED:
                return
            record = fresh

    async def forget_ended(self) -> None:
        """Remove deliveries that ended long ago, and attachments that nothing can need any more."""
        now = self._clock.now()
        cutoff = now - timedelta(seconds=self._rules.keep_seconds)
        for _ in range(SWEEP_BATCHES):
            if await self._repository.remove_ended_before(cutoff, limit=SWEEP_BATCH) < SWEEP_BATCH:
                break
        unneeded = now - 2 * timedelta(seconds=self._rules.useful_seconds)
        old = [file_id async for file_id in self._files.older_than(unneeded)]
        for file_id in old:
            await self._files.delete(file_id)

    # ---- what is asked ----

    async def deliveries_of(self, account_id: str, application_id: str) -> list[Record[Delivery]]:
        """What this account was told about an application, the latest first."""
        return await self._repository.of_application(account_id, application_id)

    async def preferences(self, account_id: str) -> PreferencesView:
        """What the account chose. Refuses with `NotKnownYet` while its contact card is not here."""
        return self._view(account_id, (await self._awaited_card(account_id)).state)

    async def choose(self, account_id: str, wanted: Preferences) -> PreferencesView:
        """Choose language and channels. Refuses with `ChannelHasNoAddress`, or `NotKnownYet` as above."""

        async def attempt() -> PreferencesView:
            record = await self._awaited_card(account_id)
            reach = self._secrets.open_reach(account_id, record.state)
            without = [channel for channel in wanted.channels if not reach.address(channel)]
            if without:
                raise ChannelHasNoAddress(field="/channels", channel=without[0].value)
            card = contact.with_preferences(record.state, wanted)
            if card != record.state:
                await self._repository.save_card(record, card, now=self._clock.now())
            return self._view(account_id, card)

        return await again(attempt)

    # ---- steps ----

    async def _card(self, account_id: str) -> Record[ContactCard]:
        record = await self._repository.card(account_id)
        if record is None:
            raise NotYet("the contact card has not arrived")
        return record

    async def _awaited_card(self, account_id: str) -> Record[ContactCard]:
        waited = 0.0
        while (record := await self._repository.card(account_id)) is None:
            if waited >= CARD_WAIT_SECONDS:
                raise NotKnownYet
            await self._clock.sleep(CARD_POLL_SECONDS)
            waited += CARD_POLL_SECONDS
        return record

    async def _tell_office(self, notice: notices.Notice, event: Event, envelope: Envelope) -> None:
        office_id: str = getattr(event, "office_id", "")
        address = self._rules.office_emails.get(office_id, self._rules.operator_email)
        to = Recipient(f"office:{office_id}", contact.LANGUAGES[0], Reach(email=address))
        if address is None:
            log.error("office_has_no_address", office_id=office_id, message_type=envelope.type)
        wanted = self._about(event, envelope, notice.template, Channel.EMAIL, to)
        # It is not the applicant's news, so it stays out of the application's timeline.
        await self._queue(replace(wanted, application_id=None))

    def _about(self, event: Event, envelope: Envelope, template: str, channel: Channel, to: Recipient) -> Wanted:
        useful_for = timedelta(seconds=self._rules.useful_seconds)
        return Wanted(
            envelope=envelope,
            template=template,
            channel=channel,
            to=to,
            variables=event.model_dump(mode="json"),
            send_by=notices.useful_until(event, envelope.time, useful_for),
            cause_id=envelope.id,
            application_id=getattr(event, "application_id", None),
        )

    async def _announce(
        self, known: Record[ContactCard], after: Reach, way_back: WayBack | None, envelope: Envelope
    ) -> None:
        undo = {
            "undo_url": way_back.url if way_back else None,
            "undo_until": way_back.until.isoformat() if way_back else None,
        }
        before = self._secrets.open_reach(known.id, known.state)
        for told in contact.announcements(before, after):
            reach = Reach(**{"email" if told.channel is Channel.EMAIL else "phone": told.address}, name=before.name)
            new = masked(told.changed, after.address(told.changed))
            wanted = Wanted(
                envelope=envelope,
                template=notices.ADDRESS_CHANGED[told.changed],
                channel=told.channel,
                to=Recipient(known.id, contact.language_of(known.state), reach),
                variables={"new_address": new, "changed_at": envelope.time.isoformat(), **undo},
                send_by=envelope.time + timedelta(seconds=self._rules.useful_seconds),
                cause_id=envelope.id,
                copy="new address" if told.is_new else "",
            )
            await self._queue(wanted)

    async def _queue(self, wanted: Wanted) -> None:
        now, delivery_id = self._clock.now(), wanted.delivery_id
        address = wanted.to.reach.address(wanted.channel)
        variables = {**wanted.variables, "name": wanted.to.reach.name}
        message = Delivery(
            account_id=wanted.to.account_id,
            template=wanted.template,
            channel=wanted.channel,
            language=wanted.to.language,
            cause_id=wanted.cause_id,
            application_id=wanted.application_id,
            sent_to=masked(wanted.channel, address),
            sealed=self._sealed(delivery_id, address, variables, wanted.file_name),
            created_at=now,
            send_by=wanted.send_by,
            attachment_id=wanted.attachment_id,
            urgent=wanted.urgent,
        )
        decision = delivery.queue(message, delivery_id, now)
        await self._repository.add_delivery(delivery_id, decision, now=now, received=wanted.envelope.id)

    def _sealed(
        self, delivery_id: str, address: str | None, variables: dict[str, Any], file_name: str | None
    ) -> str | None:
        if address is None:
            return None
        return self._secrets.seal_content(delivery_id, Content(address, variables, file_name))

    async def _keep_file(self, file_id: str, content: bytes) -> None:
        try:
            await self._files.put(file_id, FileMeta(PDF, len(content)), content)
        except FileExists:
            await self._finish_file(file_id, content)

    async def _finish_file(self, file_id: str, content: bytes) -> None:
        """A crash or a twin began this file: write what is missing of it."""
        try:
            await self._files.create(file_id, FileMeta(PDF, len(content)))
            offset = await self._files.size(file_id)
            while offset < len(content):
                offset = await self._files.append(file_id, offset, content[offset : offset + PIECE_BYTES])
        except (WrongOffset, FileFinished, FileUnknown) as raced:
            # a twin of the command writes the same file at this moment, or its mail has gone and the file with it
            raise NotYet("the letter is being written by a twin of this command") from raced

    async def _hand_over(self, record: Record[Delivery]) -> None:
        message = record.state
        content, text = self._written(record)
        if message.channel is Channel.SMS:
            await self._sms.send(Sms(record.id, content.to, text.body))
            return
        attachment = await self._attachment(message.attachment_id, content.file_name)
        await self._mailer.send(Mail(record.id, content.to, text.subject, text.body, attachment))

    def _written(self, record: Record[Delivery]) -> tuple[Content, Text]:
        message = record.state
        try:
            content = self._secrets.open_content(record.id, message.sealed or "")
            return content, self._texts.render(message.template, message.language, message.channel, content.variables)
        except CannotDecrypt:
            log.error("delivery_unreadable", delivery_id=record.id)
            raise MessageRefused(UNREADABLE) from None
        except TemplateError as broken:
            # The error's text may hold a variable's value.
            log.error("template_broken", template=message.template, error=type(broken).__name__)
            raise MessageRefused(NO_TEXT) from None

    async def _attachment(self, file_id: str | None, file_name: str | None) -> Attachment | None:
        if file_id is None:
            return None
        try:
            content = b"".join([piece async for piece in self._files.read(file_id)])
        except FileUnknown:
            raise MessageRefused(LETTER_GONE) from None
        return Attachment(file_name or "letter.pdf", PDF, content)

    async def _end(self, record: Record[Delivery], decision: Decision[Delivery]) -> None:
        await self._repository.save_delivery(record, decision, now=self._clock.now())
        ended = decision.state
        if ended.state is not State.QUEUED and ended.attachment_id is not None:
            await self._files.delete(ended.attachment_id)
        if ended.state is State.FAILED:
            log.warning("delivery_failed", delivery_id=record.id, template=ended.template, reason=ended.reason)

    def _view(self, account_id: str, card: ContactCard) -> PreferencesView:
        reach = self._secrets.open_reach(account_id, card)
        return PreferencesView(
            contact.preferences_of(card), masked(Channel.EMAIL, reach.email), masked(Channel.SMS, reach.phone)
        )


def _known_language(language: str) -> str:
    return language if language in contact.LANGUAGES else contact.LANGUAGES[0]
