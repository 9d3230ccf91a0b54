"""The keys by which notification opens boxes that others sealed to it and encrypts personal data that it keeps."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from services.notification.config import Settings
from shared.crypto.fields import FieldCipher
from shared.crypto.sealed import Unsealer
from shared.person_keys.keys import PersonKeys


class Box(BaseModel):
    """Base of the sealed boxes that arrive. A wrong one is logged as an error, so its content is left out of that."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


@dataclass(frozen=True)
class Seals:
    """Opens sealed boxes, and encrypts what is kept, each bound to its owner."""

    unsealer: Unsealer
    cipher: FieldCipher
    """Of messages to offices and of one-time codes, whose address may be of no account."""
    person_keys: PersonKeys

    @classmethod
    def from_settings(cls, settings: Settings, person_keys: PersonKeys) -> Seals:
        """Return the seals with the keys of these settings and of persons."""
        unsealer = Unsealer.parse(settings.sealing_private_keys.get_secret_value())
        return cls(unsealer, FieldCipher(settings.master_keyring()), person_keys)
