"""Messages that an event or a command leads to: notices, one-time codes and letters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from services.notification.contacts import contact
from services.notification.contacts.contact import known_language
from services.notification.contacts.service import Contacts
from services.notification.context import UseCaseContext
from services.notification.deliveries.queue import DeliveryQueue, Wanted
from services.notification.deliveries.recipient import Reach, Recipient
from services.notification.deliveries.sender import PDF
from services.notification.notices import notice_table as notices
from services.notification.notices.vault import NoticeVault
from services.notification.office_contacts.office_contacts import AlertReceiver
from services.notification.office_contacts.service import OfficeContactsBook
from shared.events.codes import DeliveryChannel, LetterKind
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.events.notification import SendLetter, SendOtp, TellOfLeaving, TellOfSignIn
from shared.files.port import PIECE_BYTES, FileExists, FileFinished, FileMeta, FileUnknown, WrongOffset
from shared.ids import derived_id
from shared.logs import get_logger
from shared.service import NotYet

log = get_logger(__name__)


class Notices:
    """The use cases of news, codes and letters."""

    def __init__(
        self, context: UseCaseContext, contacts: Contacts, office_contacts: OfficeContactsBook, queue: DeliveryQueue
    ) -> None:
        self._context = context
        self._contacts = contacts
        self._office_contacts = office_contacts
        self._queue = queue
        self._vault = NoticeVault(context.seals)

    async def tell(self, event: Event, envelope: Envelope) -> None:
        """Queue the notice of an event.

        Raises:
            NotYet: the account's contact card is not here.
        """
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
        if notices.is_stopped(event, await self._contacts.stopped_purposes(account_id)):
            return
        to, wanted = await self._contacts.recipient_and_channels(account_id)
        for channel in contact.channels_for(notice.channels, wanted, to.reach) or notice.channels[:1]:
            await self._queue.add(self._about(event, envelope, notice.template, channel, to))

    async def send_otp(self, command: SendOtp, envelope: Envelope) -> None:
        """Queue a one-time code; one that is over is dropped, with an event."""
        box = self._vault.otp(command)
        is_email = box.channel is DeliveryChannel.EMAIL
        reach = Reach(email=box.address) if is_email else Reach(phone=box.address)
        wanted = Wanted(
            envelope=envelope,
            template=notices.otp_template(command.purpose),
            channel=box.channel,
            to=Recipient(command.account_id, known_language(command.language), reach),
            variables={
                "code": box.code,
                "purpose": command.purpose,
                "expires_at": command.expires_at.isoformat(),
                "office_id": box.office_id,
                "long_code": box.long_code,
            },
            send_by=command.expires_at,
            cause_id=command.challenge_id,
            urgent=True,
            for_account=False,
        )
        await self._queue.add(wanted)

    async def tell_of_sign_in(self, command: TellOfSignIn, envelope: Envelope) -> None:
        """Queue the news of a sign-in on a new device, to the address that its box names."""
        box = self._vault.sign_in(command)
        is_email = box.channel is DeliveryChannel.EMAIL
        reach = Reach(email=box.address) if is_email else Reach(phone=box.address)
        wanted = Wanted(
            envelope=envelope,
            template=notices.NEW_DEVICE,
            channel=box.channel,
            to=Recipient(command.account_id, known_language(command.language), reach),
            variables={
                "url": box.url,
                "until": box.until.isoformat(),
                "told_at": envelope.time.isoformat(),
                "opens_at": command.opens_at.isoformat() if command.opens_at else None,
                "for_staff": command.for_staff,
            },
            send_by=box.until,
            cause_id=command.notice_id,
            urgent=True,
        )
        await self._queue.add(wanted)

    async def tell_of_leaving(self, command: TellOfLeaving, envelope: Envelope) -> None:
        """Queue the news of what goes at the end of a grace time, to the address that its box names."""
        box = self._vault.leaving(command)
        is_email = box.channel is DeliveryChannel.EMAIL
        reach = Reach(email=box.address) if is_email else Reach(phone=box.address)
        wanted = Wanted(
            envelope=envelope,
            template=notices.LEAVING,
            channel=box.channel,
            to=Recipient(command.account_id, known_language(command.language), reach),
            variables={"url": box.url, "what": command.what, "ends_at": command.ends_at.isoformat()},
            send_by=command.ends_at,
            cause_id=command.notice_id,
            urgent=True,
        )
        await self._queue.add(wanted)

    async def send_letter(self, command: SendLetter, envelope: Envelope) -> None:
        """Queue a letter, the cover letter or that of a refusal, as a mail with the PDF.

        Raises:
            NotYet: the account's contact card is not here.
        """
        to = await self._contacts.recipient(command.account_id)
        box = self._vault.letter(command)
        wanted = Wanted(
            envelope=envelope,
            template=notices.REFUSAL_LETTER if command.kind == LetterKind.REFUSAL else notices.LETTER,
            channel=DeliveryChannel.EMAIL,
            to=to,
            variables={"application_id": command.application_id},
            send_by=envelope.time + timedelta(seconds=self._context.rules.useful_seconds),
            cause_id=envelope.id,
            application_id=command.application_id,
            attachment_id=derived_id("attachment", envelope.id),
            file_name=box.file_name,
        )
        if not await self._queue.has(wanted):
            await self._keep_file(str(wanted.attachment_id), to.account_id, box.pdf())
            await self._queue.add(wanted)

    async def _tell_office(self, notice: notices.Notice, event: Event, envelope: Envelope) -> None:
        office_id: str = getattr(event, "office_id", "")
        to, told = await self._office_contacts.find_recipient(office_id)
        if told is AlertReceiver.NOBODY:
            log.error("office_has_no_address", office_id=office_id, message_type=envelope.type)
        by_sms = to.reach.email is None and to.reach.phone is not None
        channel = DeliveryChannel.SMS if by_sms else DeliveryChannel.EMAIL
        wanted = self._about(event, envelope, notice.template, channel, to)
        # It is not the applicant's news, so it stays out of the application's timeline.
        await self._queue.add(replace(wanted, application_id=None, for_account=False))

    def _about(
        self, event: Event, envelope: Envelope, template: str, channel: DeliveryChannel, to: Recipient
    ) -> Wanted:
        useful_for = timedelta(seconds=self._context.rules.useful_seconds)
        return Wanted(
            envelope=envelope,
            template=template,
            channel=channel,
            to=to,
            variables=event.model_dump(mode="json"),
            send_by=notices.useful_until(event, envelope.time, useful_for),
            cause_id=envelope.id,
            application_id=getattr(event, "application_id", None),
            purpose=notices.purpose_of(event),
        )

    async def _keep_file(self, file_id: str, account_id: str, content: bytes) -> None:
        meta = FileMeta(PDF, len(content), subject_id=account_id)
        try:
            await self._context.files.put(file_id, meta, content)
        except FileExists:
            await self._finish_file(file_id, meta, content)

    async def _finish_file(self, file_id: str, meta: FileMeta, content: bytes) -> None:
        """Write the missing part of a file that a crash or another handler of the same command began."""
        try:
            await self._context.files.create(file_id, meta)
            offset = await self._context.files.size(file_id)
            while offset < len(content):
                offset = await self._context.files.append(file_id, offset, content[offset : offset + PIECE_BYTES])
        except (WrongOffset, FileFinished, FileUnknown) as raced:
            # another handler of the command writes the file, or its mail has gone and the file with it
            raise NotYet("another handler of this command writes the letter") from raced
