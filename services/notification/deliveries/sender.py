"""Sends the messages that are due and writes down the outcome."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from jinja2 import TemplateError

from services.notification.context import UseCaseContext
from services.notification.deliveries import delivery
from services.notification.deliveries.contents import Content, DeliveryVault
from services.notification.deliveries.delivery import Delivery, State
from services.notification.deliveries.ports import Attachment, Mail, Mailer, MessageRefused, Sms, SmsGateway
from services.notification.deliveries.receipt_papers import ReceiptPapers
from services.notification.deliveries.repository import DeliveryRepository
from services.notification.texts import Text, Texts
from shared.crypto.errors import CannotDecrypt
from shared.errors import UpstreamDown
from shared.events.codes import DeliveryChannel
from shared.files.port import FileUnknown
from shared.logs import get_logger
from shared.person_keys.errors import PersonErased
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import StoreUnavailable, VersionConflict

log = get_logger(__name__)

PDF: Final = "application/pdf"
HOLD_SECONDS: Final = 15.0
"""While a channel does not answer, its message is held for twice as long again and again: below a lease of 30 s."""

NOTE_RETRY_SECONDS: Final = 0.2
"""Between tries to write down that a message was taken, while the store is away."""


class Sender:
    """Sends what is due."""

    def __init__(
        self, context: UseCaseContext, texts: Texts, mailer: Mailer, sms: SmsGateway, receipts: ReceiptPapers
    ) -> None:
        self._context = context
        self._deliveries = DeliveryRepository(context)
        self._vault = DeliveryVault(context.seals)
        self._texts = texts
        self._mailer = mailer
        self._sms = sms
        self._receipts = receipts
        self._in_hand: set[str] = set()  # deliveries that this process is sending, or has sent and not yet noted

    async def send(self, record: Record[Delivery]) -> None:
        """Try to send a message that is due, and write down the outcome.

        A message that its channel took is sent again in one case only: this process ends, or loses the store for
        longer than the lease while another replica has it, between the channel's answer and the write of it.
        """
        message, now = record.state, self._context.now()
        if message.state is not State.QUEUED or record.id in self._in_hand:
            return
        if delivery.is_over(message, now):
            await self.end(record, delivery.drop(message, record.id, now))
            return
        self._in_hand.add(record.id)
        try:
            await self._send_and_note(record)
        finally:
            self._in_hand.discard(record.id)

    async def end(self, record: Record[Delivery], decision: Decision[Delivery]) -> None:
        """Write what was decided on exactly the version that was read: its lease is ours only as long as it stands.

        Raises:
            VersionConflict: it changed since, or the lease moved on.
        """
        await self._deliveries.save_delivery(record, decision, now=self._context.now())
        await self.clean_up(record.id, decision.state)

    async def clean_up(self, delivery_id: str, message: Delivery) -> None:
        """Delete the attachment once nothing is left to send, and log a failure."""
        if message.state is not State.QUEUED and message.attachment_id is not None:
            await self._context.files.delete(message.attachment_id)
        if message.state is State.FAILED:
            log.warning("delivery_failed", delivery_id=delivery_id, template=message.template, reason=message.reason)

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
            decision = delivery.put_off(
                message, record.id, trouble.reason, self._context.rules.retry, self._context.now()
            )
        except MessageRefused as refused:
            decision = delivery.give_up(message, record.id, refused.reason, self._context.now())
        else:
            await self._note_taken(record)
            return
        await self.end(record, decision)

    async def _hold_until(self, sending: asyncio.Future[None], record: Record[Delivery]) -> Record[Delivery]:
        """Return the record as it stands when the channel has answered; meanwhile no replica takes it up again."""
        while not (await asyncio.wait({sending}, timeout=HOLD_SECONDS))[0]:
            until = self._context.now() + timedelta(seconds=2 * HOLD_SECONDS)
            try:
                await self._deliveries.save_delivery(
                    record, delivery.hold(record.state, until), now=self._context.now()
                )
                record = await self._deliveries.delivery(record.id) or record
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
                await self.end(record, delivery.accept(record.state, record.id, self._context.now()))
                return
            except VersionConflict:
                pass
            except StoreUnavailable as trouble:
                if not away:
                    log.warning("acceptance_not_written", delivery_id=record.id, reason=str(trouble))
                away = True
                await self._context.clock.sleep(NOTE_RETRY_SECONDS)
            try:
                fresh = await self._deliveries.delivery(record.id)
            except StoreUnavailable:
                continue
            if fresh is None or fresh.state.state is not State.QUEUED:
                return
            record = fresh

    async def _hand_over(self, record: Record[Delivery]) -> None:
        message = record.state
        content, text = await self._written(record)
        if message.channel is DeliveryChannel.SMS:
            await self._sms.send(Sms(record.id, content.to, text.body))
            return
        attachment = await self._receipts.attachment(message.template, content.variables)
        attachment = attachment or await self._attachment(message.attachment_id, content.file_name)
        await self._mailer.send(Mail(record.id, content.to, text.subject, text.body, attachment))

    async def _written(self, record: Record[Delivery]) -> tuple[Content, Text]:
        message = record.state
        try:
            content = await self._vault.open_content(record.id, message.sealed or "", message.account_id)
            return content, self._texts.render(message.template, message.language, message.channel, content.variables)
        except CannotDecrypt:
            log.error("delivery_unreadable", delivery_id=record.id)
            raise MessageRefused(delivery.UNREADABLE) from None
        except TemplateError as broken:
            # The error's text may hold a variable's value.
            log.error("template_broken", template=message.template, error=type(broken).__name__)
            raise MessageRefused(delivery.TEXT_BROKEN) from None

    async def _attachment(self, file_id: str | None, file_name: str | None) -> Attachment | None:
        if file_id is None:
            return None
        try:
            content = b"".join([piece async for piece in self._context.files.read(file_id)])
        except (FileUnknown, PersonErased):
            raise MessageRefused(delivery.LETTER_GONE) from None
        return Attachment(file_name or "letter.pdf", PDF, content)
