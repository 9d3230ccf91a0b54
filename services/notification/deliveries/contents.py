"""The content of a message: encrypted until it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from services.notification.seals import Seals
from shared.events.codes import DeliveryChannel
from shared.masking import mask_email, mask_phone

_MESSAGE = "message"


@dataclass(frozen=True)
class Content:
    """The content of a message and its address; kept encrypted until it is sent."""

    to: str
    variables: dict[str, Any] = field(default_factory=dict)
    file_name: str | None = None


class DeliveryVault:
    """Seals and opens the contents of deliveries."""

    def __init__(self, seals: Seals) -> None:
        self._cipher = seals.cipher

    def seal_content(self, delivery_id: str, content: Content) -> str:
        """Return a message's content as it is kept."""
        plain = {"to": content.to, "variables": content.variables, "file_name": content.file_name}
        return self._cipher.seal(json.dumps(plain, separators=(",", ":")), owner_id=delivery_id, field=_MESSAGE)

    def open_content(self, delivery_id: str, sealed: str) -> Content:
        """Return a message's content as it was sealed.

        Raises:
            CannotDecrypt: it was changed or belongs to another message.
        """
        return Content(**json.loads(self._cipher.open(sealed, owner_id=delivery_id, field=_MESSAGE)))


def masked(channel: DeliveryChannel, address: str | None) -> str:
    """Return an address for its owner's screen; empty if there is none."""
    if not address:
        return ""
    return mask_email(address) if channel is DeliveryChannel.EMAIL else mask_phone(address)
