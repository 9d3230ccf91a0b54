"""Devices: known by a signed token that the client keeps and sends. Without one a device is new."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from services.identity.sessions.refresh_tokens import Holder
from services.identity.sessions.signed_text import SignedText
from shared.crypto.keyring import Keyring

_PARTS: Final = 4


@dataclass(frozen=True)
class Visitor:
    """The sender of a call before there is a session: network address, and the tokens and proof that it sends."""

    address: str = ""
    device_token: str | None = field(default=None, repr=False)
    asker_token: str | None = field(default=None, repr=False)
    proof: str | None = field(default=None, repr=False)
    """Of work, where its network is busy."""


NO_VISITOR: Final = Visitor()
"""Where nothing is known of the sender."""


@dataclass(frozen=True)
class Device:
    """A device on which its holder signed in at ``issued_at`` or refreshed a session then; whole seconds."""

    holder: Holder
    holder_id: str
    id: str
    issued_at: datetime


class DeviceTokens:
    """Makes and reads device tokens; none is stored."""

    def __init__(self, keyring: Keyring) -> None:
        self._signed = SignedText(keyring, "pd1", _PARTS)

    def make(self, device: Device) -> str:
        """Return the token of a device."""
        issued = str(int(device.issued_at.timestamp()))
        return self._signed.sign(device.holder, device.holder_id, device.id, issued)

    def read(self, token: str | None) -> Device | None:
        """Return the device of a token that was issued here, else None."""
        parts = self._signed.read(token) if token else None
        if parts is None:
            return None
        holder, holder_id, device_id, issued = parts
        return Device(Holder(holder), holder_id, device_id, datetime.fromtimestamp(int(issued), UTC))


class DisownLinks:
    """Makes and reads the links by which an owner disowns a sign-in on a new device; none is stored."""

    def __init__(self, keyring: Keyring, holder: Holder = Holder.ACCOUNT) -> None:
        self._signed = SignedText(keyring, "pn1" if holder is Holder.ACCOUNT else "pn2", 3)

    def make(self, account_id: str, issued_at: datetime, until: datetime) -> str:
        """Return the link for a sign-in of this moment; whole seconds."""
        return self._signed.sign(account_id, *(str(int(at.timestamp())) for at in (issued_at, until)))

    def read(self, link: str, now: datetime) -> tuple[str, datetime] | None:
        """Return the account and the moment of the sign-in; None for a link that is over or was not made here."""
        parts = self._signed.read(link)
        if parts is None:
            return None
        account_id, issued, until = parts
        if now.timestamp() >= int(until):
            return None
        return account_id, datetime.fromtimestamp(int(issued), UTC)


def is_known(
    device: Device | None,
    holder: Holder,
    holder_id: str,
    *,
    since: datetime | None,
    device_seconds: int,
    now: datetime,
) -> bool:
    """Return whether it is a device of this holder, seen within ``device_seconds`` and not before ``since``."""
    if device is None or (device.holder, device.holder_id) != (holder, holder_id):
        return False
    is_recent = now < device.issued_at + timedelta(seconds=device_seconds)
    return is_recent and (since is None or device.issued_at >= since)
