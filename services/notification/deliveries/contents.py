"""The content of a message: encrypted until it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from services.notification.deliveries.delivery import Delivery
from services.notification.seals import Seals
from shared.events.codes import DeliveryChannel
from shared.masking import mask_email, mask_phone
from shared.person_keys.cipher import is_persons

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
        self._person_keys = seals.person_keys

    async def seal_content(self, delivery_id: str, content: Content, subject_id: str | None) -> str:
        """Return a message's content as it is kept: under the key of the account ``subject_id``, if it is for one.

        Raises:
            PersonErased: that account's key was destroyed.
        """
        plain = {"to": content.to, "variables": content.variables, "file_name": content.file_name}
        cipher = await self._person_keys.cipher(subject_id) if subject_id is not None else self._cipher
        return cipher.seal(json.dumps(plain, separators=(",", ":")), owner_id=delivery_id, field=_MESSAGE)

    async def open_content(self, delivery_id: str, sealed: str, account_id: str) -> Content:
        """Return a message's content as it was sealed.

        Raises:
            CannotDecrypt: it was changed or belongs to another message, or its account was erased.
        """
        cipher = await self._person_keys.cipher(account_id) if is_persons(sealed) else self._cipher
        return Content(**json.loads(cipher.open(sealed, owner_id=delivery_id, field=_MESSAGE)))

    def is_current(self, _delivery_id: str, message: Delivery) -> bool:
        """Return whether the content is sealed by the account's own key or the current master key."""
        sealed = message.sealed
        return sealed is None or is_persons(sealed) or not self._cipher.needs_rotation(sealed)


def masked(channel: DeliveryChannel, address: str | None) -> str:
    """Return an address for its owner's screen; empty if there is none."""
    if not address:
        return ""
    return mask_email(address) if channel is DeliveryChannel.EMAIL else mask_phone(address)
