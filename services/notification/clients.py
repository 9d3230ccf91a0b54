"""Adapters to the mail server, to the SMS gateway and to consumers of webhooks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.header import Header
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr
from typing import Final

import aiohttp
import aiosmtplib
from aiohttp.abc import AbstractResolver
from pydantic import SecretStr
from pydantic_core import to_json

from services.notification.deliveries.delivery import ADDRESS_MALFORMED
from services.notification.deliveries.ports import Attachment, Mail, MessageRefused, Sms
from services.notification.http import SMS_PREFIX
from services.notification.rules import MailRules, SmsRules, WebhookRules
from shared.clock import Clock
from shared.errors import UpstreamDown
from shared.http.client import CircuitBreaker, JsonClient, Patience
from shared.http.outside import (
    AddressProblem,
    LeadsInside,
    NotOutside,
    OutsideResolver,
    PooledResolver,
    check_outside_name,
    check_outside_url,
    outside_session,
)
from shared.http.signatures import Signer
from shared.randomness import Randomness

KEY_ID: Final = "k1"
SMS_PATH: Final = "/sms/messages"

_PERMANENT: Final = 500
"""SMTP replies from here on are final (RFC 5321, section 4.2.1)."""
_WIRE: Final = compat32.clone(linesep="\r\n")
"""The older policy: it writes a mail six times as fast as the newer one, which parses each header that it is given."""

_PLAIN_ADDRESS: Final = re.compile(r"[!-?A-~]+@[!-?A-~]+")
"""Characters that need no quoting and no SMTPUTF8; none of them can begin another header."""

LOST: Final = "connection_lost"
UNANSWERED: Final = "answer_lost"
"""The connection ended after the mail was handed over: it is unknown whether it was taken."""

MAIL: Final = MailRules()
SMS: Final = SmsRules()
WEBHOOKS: Final = WebhookRules()
LEADS_INSIDE: Final = "leads_inside"
"""The name of a consumer's address leads to a machine inside by now."""

_KEY_REUSED: Final = 409
_REJECTED: Final = frozenset({400, 413, 422})


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed in. ``starttls``: demanded, refused, or (None) used where it is offered."""

    host: str
    port: int
    sender: str
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool | None = None
    rules: MailRules = MAIL


class SmtpMailer:
    """Hands in mails over a few lasting connections; a connection that died is opened again once per mail.

    Once a mail is on the wire it is not sent again here, also if the connection breaks.
    """

    def __init__(self, server: MailServer, clock: Clock, *, breaker: CircuitBreaker | None = None) -> None:
        self._server = server
        self._clock = clock
        self._breaker = breaker or CircuitBreaker("smtp", clock)
        name, self._envelope_from = parseaddr(server.sender)
        self._sender = formataddr((name, self._envelope_from))
        self._domain = self._envelope_from.rpartition("@")[2]
        self._idle: list[aiosmtplib.SMTP] = []
        self._free = asyncio.Semaphore(server.rules.connections)

    async def send(self, mail: Mail) -> None:
        """Hand in a mail.

        Raises:
            UpstreamDown: try later. MessageRefused: it will never be taken.
        """
        raw = self.written(mail)
        self._breaker.before()
        try:
            async with asyncio.timeout(self._server.rules.timeout_seconds) as patience, self._free:
                refusal = await self._hand_in(mail.to, raw, patience)
        except UpstreamDown:
            self._breaker.failed()
            raise
        except TimeoutError:
            self._breaker.failed()
            raise UpstreamDown("smtp", "timeout") from None
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        if refusal is not None:
            raise refusal

    def written(self, mail: Mail) -> bytes:
        """Return the mail in its wire form.

        Raises:
            MessageRefused: its address cannot be written there.
        """
        if not _PLAIN_ADDRESS.fullmatch(mail.to):
            raise MessageRefused(ADDRESS_MALFORMED)
        message: Message = MIMEText(mail.body, "plain", "us-ascii" if mail.body.isascii() else "utf-8")
        if mail.attachment is not None:
            message = MIMEMultipart(_subparts=[message, _part(mail.attachment)])
        message["To"] = mail.to
        message["From"] = self._sender
        message["Subject"] = mail.subject if mail.subject.isascii() else Header(mail.subject, "utf-8").encode()
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{mail.delivery_id}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        return message.as_bytes(policy=_WIRE)

    async def close(self) -> None:
        """Drop the connections."""
        while self._idle:
            self._idle.pop().close()

    async def _hand_in(self, to: str, raw: bytes, patience: asyncio.Timeout) -> Exception | None:
        # A kept connection may have died unseen; only a fresh one proves that the server is away.
        if self._idle:
            try:
                return await self._try(self._idle.pop(), to, raw, patience)
            except UpstreamDown as trouble:
                if trouble.reason != LOST:
                    raise
        return await self._try(self._connection(), to, raw, patience)

    async def _try(
        self, connection: aiosmtplib.SMTP, to: str, raw: bytes, patience: asyncio.Timeout
    ) -> Exception | None:
        """Return the server's refusal of this mail, or None.

        Raises:
            UpstreamDown: the server does not answer, or refuses us rather than the mail.
        """
        reason = LOST
        try:
            refusal = await self._addressed(connection, to, len(raw))
            _stop_if_cancelled()
            if refusal is None:
                reason = UNANSWERED
                patience.reschedule(asyncio.get_running_loop().time() + self._server.rules.answer_seconds)
                refusal = await self._spoken(connection, raw)
        except aiosmtplib.SMTPResponseException as refused:
            connection.close()
            raise UpstreamDown("smtp", f"smtp_{refused.code}") from None
        except aiosmtplib.SMTPTimeoutError:
            connection.close()
            raise TimeoutError from None
        except (OSError, aiosmtplib.SMTPException):
            connection.close()
            raise UpstreamDown("smtp", reason) from None
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return refusal

    async def _addressed(self, connection: aiosmtplib.SMTP, to: str, size: int) -> Exception | None:
        """Name sender and recipient; return the server's refusal of the recipient, or None."""
        if not connection.is_connected:
            await connection.connect()
        options = [f"size={size}"] if connection.supports_extension("size") else []
        await connection.mail(self._envelope_from, options=options)
        try:
            await connection.rcpt(to)
        except aiosmtplib.SMTPRecipientRefused as refused:
            await connection.rset()
            return _judged(refused.code)
        return None

    async def _spoken(self, connection: aiosmtplib.SMTP, raw: bytes) -> Exception | None:
        """Hand over the mail itself; return the server's refusal of it, or None."""
        try:
            await connection.data(raw, timeout=self._server.rules.answer_seconds)
        except aiosmtplib.SMTPDataError as refused:
            await connection.rset()
            return _judged(refused.code)
        return None

    def _connection(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password.get_secret_value() if server.password else None,
            start_tls=server.starttls,
            timeout=server.rules.timeout_seconds,
        )


def _stop_if_cancelled() -> None:
    """Obey a cancellation that CPython 3.11's `wait_for` swallowed, as it does where its work ends at that moment."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _part(attachment: Attachment) -> MIMEApplication:
    part = MIMEApplication(attachment.content, attachment.media_type.rpartition("/")[2])
    name = "".join(sign for sign in attachment.file_name if sign.isprintable())
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _judged(code: int) -> Exception:
    reason = f"smtp_{code}"
    return MessageRefused(reason) if code >= _PERMANENT else UpstreamDown("smtp", reason)


class HttpSmsGateway:
    """The SMS gateway's HTTP interface: signed, idempotent by the delivery's id."""

    def __init__(
        self,
        url: str,
        secret: SecretStr,
        clock: Clock,
        randomness: Randomness,
        *,
        timeout_seconds: float = SMS.timeout_seconds,
    ) -> None:
        self._clock = clock
        self._signer = Signer(SMS_PREFIX, {KEY_ID: secret.get_secret_value()})
        patience = Patience(try_seconds=timeout_seconds, tries=1)
        self._client = JsonClient("sms", url, clock=clock, randomness=randomness, patience=patience)

    async def send(self, sms: Sms) -> None:
        """Hand in an SMS.

        Raises:
            UpstreamDown: try later. MessageRefused: it will never be taken.
        """
        body = to_json({"to": sms.to, "text": sms.text, "reference": sms.delivery_id})
        headers = {"Idempotency-Key": sms.delivery_id, **self._signer.headers(body, self._clock.now())}
        answer = await self._client.call("POST", SMS_PATH, body=body, headers=headers)
        # The key stands for an SMS that the gateway already took, with words of before a change of the templates.
        if answer.ok or answer.status == _KEY_REUSED:
            return
        if answer.status in _REJECTED:
            raise MessageRefused(f"sms_{answer.status}")
        raise UpstreamDown("sms", f"status_{answer.status}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


class HttpWebhookPoster:
    """Posts events to consumers: over https, to the outside alone, without following a redirect or reading a body.

    Each address is looked at again for each post, and each name when its connection is made, so that one that changes
    its mind reaches nothing inside. ``allow_loopback`` is for trials.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool,
        timeout_seconds: float = WEBHOOKS.timeout_seconds,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        names = resolver or PooledResolver(WEBHOOKS.most_webhooks * WEBHOOKS.at_once)
        self._resolver = OutsideResolver(allow_loopback=allow_loopback, resolver=names)
        self._session: aiohttp.ClientSession | None = None

    async def check_address(self, url: str) -> None:
        """Return if the address, and every address of its name, lies outside.

        Raises:
            NotOutside: it does not; its reason says why.
        """
        check_outside_url(url, allow_loopback=self._allow_loopback)
        try:
            async with asyncio.timeout(self._timeout.total):
                await check_outside_name(url, self._resolver)
        except TimeoutError:
            raise NotOutside(AddressProblem.NAME_UNKNOWN) from None

    async def post(self, url: str, body: str, headers: Mapping[str, str]) -> int:
        """Return the status of the answer.

        Raises:
            UpstreamDown: there was none in time, or the address leads inside by now.
        """
        try:
            check_outside_url(url, allow_loopback=self._allow_loopback)
            if self._session is None:
                self._session = outside_session(allow_loopback=self._allow_loopback, resolver=self._resolver)
            async with self._session.post(
                url, data=body.encode(), headers=headers, allow_redirects=False, timeout=self._timeout
            ) as answer:
                return answer.status
        except NotOutside:
            raise UpstreamDown("webhook", LEADS_INSIDE) from None
        except TimeoutError:
            raise UpstreamDown("webhook", "timeout") from None
        except aiohttp.ClientConnectorError as trouble:
            inside = isinstance(trouble.os_error, LeadsInside)
            raise UpstreamDown("webhook", LEADS_INSIDE if inside else "not_reached") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise UpstreamDown("webhook", LOST) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()
