"""Personal data of applicants: opened, sealed, and boxed for notification."""

from __future__ import annotations

import json
from datetime import date
from typing import Final

from services.application.applications.applicant import Applicant, IdentityCard
from services.application.config import Settings
from shared.crypto.fields import FieldCipher
from shared.crypto.sealed import SealedBox, Unsealer
from shared.errors import NotFound

_CARD: Final = "card"


_PASSPORT_NUMBER: Final = "passport_number"


_NOTE: Final = "interview_note"


class Vault:
    """The only place where an applicant's data exist in the open for longer than a function call."""

    def __init__(self, settings: Settings) -> None:
        self._cipher = FieldCipher(settings.master_keyring())
        self._unsealer = Unsealer.parse(settings.sealing_private_keys.get_secret_value())
        self._notification = SealedBox.for_recipient(settings.notification_sealing_public_key)

    def open_box(self, sealed: str, applicant_id: str) -> str:
        """Return the data that identity sealed for us as it is stored: encrypted for this applicant."""
        card = json.dumps(self._unsealer.open_json(sealed, applicant_id), ensure_ascii=False, sort_keys=True)
        return self._cipher.seal(card, owner_id=applicant_id, field=_CARD)

    def card(self, applicant_id: str, applicant: Applicant) -> IdentityCard:
        """Return the applicant's identity card, opened."""
        if applicant.card_sealed is None:
            raise NotFound
        card = json.loads(self._cipher.open(applicant.card_sealed, owner_id=applicant_id, field=_CARD))
        return IdentityCard(
            full_name=card["full_name"],
            nik=card["nik"],
            birth_place=card["birth_place"],
            birth_date=date.fromisoformat(card["birth_date"]),
            sex=card["sex"],
        )

    def seal_passport_number(self, number: str, application_id: str) -> str:
        """The stored form of a passport's number."""
        return self._cipher.seal(number, owner_id=application_id, field=_PASSPORT_NUMBER)

    def passport_number(self, sealed: str, application_id: str) -> str:
        """Return a passport's number, opened."""
        return self._cipher.open(sealed, owner_id=application_id, field=_PASSPORT_NUMBER)

    def seal_note(self, note: str, application_id: str) -> str:
        """The stored form of an interviewer's free text."""
        return self._cipher.seal(note, owner_id=application_id, field=_NOTE)

    def box_for_notification(self, content: dict[str, str], bound_to: str) -> str:
        """A box that only notification opens."""
        return self._notification.seal(content, bound_to)
