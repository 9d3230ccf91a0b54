"""The recipient of a message and their addresses."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events.codes import DeliveryChannel


@dataclass(frozen=True)
class Reach:
    """The addresses of an opened contact card. Never stored."""

    email: str | None = None
    phone: str | None = None
    name: str | None = None

    def address(self, channel: DeliveryChannel) -> str | None:
        """Return the address for a channel, if there is one."""
        return self.email if channel is DeliveryChannel.EMAIL else self.phone


@dataclass(frozen=True)
class Recipient:
    """The recipient of a message."""

    account_id: str
    language: str
    reach: Reach
