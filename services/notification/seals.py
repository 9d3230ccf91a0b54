"""The keys by which notification opens what others sealed to it and keeps what must not lie open."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from services.notification.config import Settings
from shared.crypto.fields import FieldCipher
from shared.crypto.sealed import Unsealer


class Box(BaseModel):
    """A sealed box that arrives. A wrong one is logged as an error: its content must not be in there."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


@dataclass(frozen=True)
class Seals:
    """Opens sealed boxes, and encrypts what is kept, each bound to its owner."""

    unsealer: Unsealer
    cipher: FieldCipher

    @classmethod
    def of(cls, settings: Settings) -> Seals:
        """The seals of these settings."""
        return cls(
            Unsealer.parse(settings.sealing_private_keys.get_secret_value()), FieldCipher(settings.master_keyring())
        )
