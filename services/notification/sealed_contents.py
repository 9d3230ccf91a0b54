"""What must not lie open: boxes that arrive sealed, cards and messages that wait encrypted."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.notification.contacts.contact import ContactCard, Reach, WayBack
from services.notification.deliveries.delivery import Channel
from shared.crypto.fields import FieldCipher
from shared.crypto.sealed import Unsealer
from shared.events.notification import KeepContactCard, SendLetter, SendOtp
from shared.masking import mask_email, mask_phone

_MESSAGE = "message"


class _Box(BaseModel):
    # A wrong box is logged as an error: its content must not be in there.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class OtpBox(_Box):
    """What `SendOtp` carries."""

    address: str
    channel: Channel
    code: str
    office_id: str | None = None
    """The office that asks for consent to assist."""


class ContactBox(_Box):
    """What `KeepContactCard` carries."""

    email: str | None = None
    phone: str | None = None
    name: str | None = None
    undo_url: str | None = None
    undo_until: datetime | None = None


class LetterBox(_Box):
    """What `SendLetter` carries; ``content`` is base64."""

    file_name: str
    content: str

    def pdf(self) -> bytes:
        """The letter itself."""
        return base64.b64decode(self.content, validate=True)


@dataclass(frozen=True)
class Content:
    """What a message says to whom; kept encrypted until it is sent."""

    to: str
    variables: dict[str, Any] = field(default_factory=dict)
    file_name: str | None = None


class Secrets:
    """Opens what others sealed to us and seals what we keep, each bound to its owner."""

    def __init__(self, unsealer: Unsealer, cipher: FieldCipher) -> None:
        self._unsealer = unsealer
        self._cipher = cipher

    def otp(self, command: SendOtp) -> OtpBox:
        """Open the box. `CannotDecrypt` or `ValueError` for what is no such box."""
        return OtpBox.model_validate(self._unsealer.open_json(command.sealed, command.challenge_id))

    def contact(self, command: KeepContactCard) -> tuple[Reach, WayBack | None]:
        """Open the box: how to reach the account, and where the change that led to it can be undone, if it can.

        Raises:
            CannotDecrypt, ValueError: it is no such box.
        """
        box = ContactBox.model_validate(self._unsealer.open_json(command.sealed, command.account_id))
        way_back = WayBack(box.undo_url, box.undo_until) if box.undo_url and box.undo_until else None
        return Reach(box.email or None, box.phone or None, box.name or None), way_back

    def letter(self, command: SendLetter) -> LetterBox:
        """Open the box. `CannotDecrypt` or `ValueError` for what is no such box."""
        return LetterBox.model_validate(self._unsealer.open_json(command.sealed, command.application_id))

    def card(self, account_id: str, reach: Reach, language: str, source_version: int) -> ContactCard:
        """The card as it is kept."""

        def sealed(name: str, value: str | None) -> str | None:
            return self._cipher.seal(value, owner_id=account_id, field=name) if value else None

        return ContactCard(
            language=language,
            email=sealed("email", reach.email),
            phone=sealed("phone", reach.phone),
            name=sealed("name", reach.name),
            source_version=source_version,
        )

    def open_reach(self, account_id: str, card: ContactCard) -> Reach:
        """The addresses and the name of a card. `CannotDecrypt` if one was changed or belongs to another."""

        def opened(name: str, value: str | None) -> str | None:
            return self._cipher.open(value, owner_id=account_id, field=name) if value else None

        return Reach(opened("email", card.email), opened("phone", card.phone), opened("name", card.name))

    def seal_content(self, delivery_id: str, content: Content) -> str:
        """A message's content as it is kept."""
        plain = {"to": content.to, "variables": content.variables, "file_name": content.file_name}
        return self._cipher.seal(json.dumps(plain, separators=(",", ":")), owner_id=delivery_id, field=_MESSAGE)

    def open_content(self, delivery_id: str, sealed: str) -> Content:
        """A message's content as it was sealed. `CannotDecrypt` if it was changed or belongs to another."""
        return Content(**json.loads(self._cipher.open(sealed, owner_id=delivery_id, field=_MESSAGE)))


def masked(channel: Channel, address: str | None) -> str:
    """An address for its owner's screen; empty if there is none."""
    if not address:
        return ""
    return mask_email(address) if channel is Channel.EMAIL else mask_phone(address)
