"""The channels that take messages, as the use cases need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


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
    """Hands mails to a mail server. Raises `UpstreamDown` (try later) or `MessageRefused` (never)."""

    async def send(self, mail: Mail) -> None:
        """Return once the server has taken the mail."""
        ...


class SmsGateway(Protocol):
    """Hands SMS to a gateway. Raises `UpstreamDown` (try later) or `MessageRefused` (never)."""

    async def send(self, sms: Sms) -> None:
        """Return once the gateway has taken the SMS; the same delivery id again is the same SMS."""
        ...
