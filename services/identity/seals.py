"""The ciphers, fingerprints and sealed boxes that the rooms keep personal data with."""

from __future__ import annotations

from dataclasses import dataclass

from services.identity.config import Settings
from shared.crypto.codes import CodeHasher
from shared.crypto.fields import FieldCipher
from shared.crypto.fingerprints import Fingerprints
from shared.crypto.sealed import SealedBox


@dataclass(frozen=True)
class Seals:
    """Made once from the settings' keys; each room's vault uses what it needs."""

    cipher: FieldCipher
    fingerprints: Fingerprints
    codes: CodeHasher
    notification: SealedBox
    """Opened by notification alone."""
    application: SealedBox
    """Opened by application alone."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Seals:
        """Return the seals of these settings."""
        fingerprint_keys = settings.fingerprint_keyring()
        return cls(
            cipher=FieldCipher(settings.master_keyring()),
            fingerprints=Fingerprints(fingerprint_keys),
            codes=CodeHasher(fingerprint_keys),
            notification=SealedBox.for_recipient(settings.notification_sealing_public_key),
            application=SealedBox.for_recipient(settings.application_sealing_public_key),
        )
