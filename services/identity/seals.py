"""The ciphers, fingerprints and sealed boxes that the rooms keep personal data with."""

from __future__ import annotations

from dataclasses import dataclass

from services.identity.config import Settings
from shared.crypto.codes import CodeHasher
from shared.crypto.fields import FieldCipher
from shared.crypto.fingerprints import Fingerprints
from shared.crypto.sealed import SealedBox
from shared.person_keys.keys import PersonKeys


@dataclass(frozen=True)
class Seals:
    """Made once from the settings' keys; each room's vault uses what it needs."""

    cipher: FieldCipher
    """Of challenges and of the names of staff; persons have keys of their own."""
    person_keys: PersonKeys
    fingerprints: Fingerprints
    codes: CodeHasher
    notification: SealedBox
    """Opened by notification alone."""
    application: SealedBox
    """Opened by application alone."""

    @classmethod
    def from_settings(cls, settings: Settings, person_keys: PersonKeys) -> Seals:
        """Return the seals of these settings, with the keys of persons."""
        fingerprint_keys = settings.fingerprint_keyring()
        return cls(
            cipher=FieldCipher(settings.master_keyring()),
            person_keys=person_keys,
            fingerprints=Fingerprints(fingerprint_keys),
            codes=CodeHasher(fingerprint_keys),
            notification=SealedBox.for_recipient(settings.notification_sealing_public_key),
            application=SealedBox.for_recipient(settings.application_sealing_public_key),
        )
