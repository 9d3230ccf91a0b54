"""Personal data of applicants: opened, sealed, and boxed for notification."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Final

from services.application.applications.applicant import Applicant, IdentityCard
from services.application.applications.application import Application
from services.application.applications.collection import Collector
from services.application.config import Settings
from shared.crypto.sealed import SealedBox, Unsealer
from shared.errors import NotFound
from shared.person_keys.cipher import is_persons
from shared.person_keys.keys import PersonKeys

_CARD: Final = "card"


_PASSPORT_NUMBER: Final = "passport_number"


_NOTE: Final = "interview_note"


_COLLECTOR: Final = "collector"


class Vault:
    """The only place where an applicant's data exist in the open for longer than a function call."""

    def __init__(self, settings: Settings, person_keys: PersonKeys) -> None:
        self._person_keys = person_keys
        self._unsealer = Unsealer.parse(settings.sealing_private_keys.get_secret_value())
        self._notification = SealedBox.for_recipient(settings.notification_sealing_public_key)

    async def open_box(self, sealed: str, applicant_id: str, *, is_first: bool) -> str:
        """Return the data that identity sealed for us as it is stored: encrypted with this applicant's own key.

        Raises:
            PersonErased: their key was destroyed.
        """
        card = json.dumps(self._unsealer.open_json(sealed, applicant_id), ensure_ascii=False, sort_keys=True)
        keys = self._person_keys
        cipher = await (keys.new_cipher(applicant_id) if is_first else keys.cipher(applicant_id))
        return cipher.seal(card, owner_id=applicant_id, field=_CARD)

    async def card(self, applicant_id: str, applicant: Applicant) -> IdentityCard:
        """Return the applicant's identity card, opened."""
        if applicant.card_sealed is None:
            raise NotFound
        cipher = await self._person_keys.cipher(applicant_id)
        card = json.loads(cipher.open(applicant.card_sealed, owner_id=applicant_id, field=_CARD))
        return IdentityCard(
            full_name=card["full_name"],
            nik=card["nik"],
            birth_place=card["birth_place"],
            birth_date=date.fromisoformat(card["birth_date"]),
            sex=card["sex"],
        )

    async def seal_passport_number(self, number: str, application_id: str, subject_id: str) -> str:
        """The stored form of a passport's number, sealed with the key of this subject."""
        cipher = await self._person_keys.cipher(subject_id)
        return cipher.seal(number, owner_id=application_id, field=_PASSPORT_NUMBER)

    async def passport_number(self, application_id: str, application: Application) -> str | None:
        """Return the passport's number, opened; None where there is none."""
        sealed = application.passport_number_sealed
        if sealed is None:
            return None
        cipher = await self._person_keys.cipher(application.passport_number_subject or application.applicant_id)
        return cipher.open(sealed, owner_id=application_id, field=_PASSPORT_NUMBER)

    async def with_number_apart(self, application_id: str, application: Application) -> Application:
        """Return the application with its passport's number under a key of its own, so that the applicant's can go.

        Raises:
            CannotDecrypt: the number does not open.
        """
        number = await self.passport_number(application_id, application)
        if number is None or application.passport_number_subject is not None:
            return application
        sealed = await self.seal_passport_number(number, application_id, application_id)
        return replace(application, passport_number_sealed=sealed, passport_number_subject=application_id)

    async def seal_note(self, note: str, application_id: str, applicant_id: str) -> str:
        """The stored form of an interviewer's free text."""
        cipher = await self._person_keys.cipher(applicant_id)
        return cipher.seal(note, owner_id=application_id, field=_NOTE)

    async def seal_collector(self, collector: Collector, application_id: str, applicant_id: str) -> str:
        """The stored form of name and NIK of a person who collects a passport for its holder."""
        cipher = await self._person_keys.cipher(applicant_id)
        content = json.dumps({"full_name": collector.full_name, "nik": collector.nik}, ensure_ascii=False)
        return cipher.seal(content, owner_id=application_id, field=_COLLECTOR)

    async def collector(self, sealed: str, application_id: str, applicant_id: str) -> Collector:
        """Return the name and the NIK of a person who collects a passport for its holder, opened."""
        cipher = await self._person_keys.cipher(applicant_id)
        content = json.loads(cipher.open(sealed, owner_id=application_id, field=_COLLECTOR))
        return Collector(content["full_name"], content["nik"])

    async def card_turned(self, applicant_id: str, applicant: Applicant) -> Applicant:
        """Return the applicant with the card sealed by their own key."""
        if applicant.card_sealed is None:
            return applicant
        cipher = await self._person_keys.cipher(applicant_id)
        return replace(applicant, card_sealed=cipher.turned(applicant.card_sealed, owner_id=applicant_id, field=_CARD))

    async def application_turned(self, application_id: str, application: Application) -> Application:
        """Return the application with all that is sealed in it sealed by its applicant's own key."""
        cipher = await self._person_keys.cipher(application.applicant_id)

        def resealed(value: str | None, field: str = _NOTE) -> str | None:
            return cipher.turned(value, owner_id=application_id, field=field) if value is not None else None

        interview, proxy = application.interview, application.proxy
        return replace(
            application,
            proxy=replace(proxy, sealed=cipher.turned(proxy.sealed, owner_id=application_id, field=_COLLECTOR))
            if proxy is not None
            else None,
            collector_sealed=resealed(application.collector_sealed, _COLLECTOR),
            passport_number_sealed=resealed(application.passport_number_sealed, _PASSPORT_NUMBER),
            interview=replace(interview, note_sealed=resealed(interview.note_sealed))
            if interview is not None
            else None,
            corrections=tuple(
                replace(correction, note_sealed=resealed(correction.note_sealed))
                for correction in application.corrections
            ),
        )

    def box_for_notification(self, content: dict[str, str], bound_to: str) -> str:
        """A box that only notification opens."""
        return self._notification.seal(content, bound_to)


def is_card_current(_applicant_id: str, applicant: Applicant) -> bool:
    """Return whether the card is sealed by the applicant's own key."""
    return applicant.card_sealed is None or is_persons(applicant.card_sealed)


def is_application_current(_application_id: str, application: Application) -> bool:
    """Return whether passport number and notes are sealed by the applicant's own key."""
    notes = [correction.note_sealed for correction in application.corrections]
    if application.interview is not None:
        notes.append(application.interview.note_sealed)
    collectors = (application.collector_sealed, application.proxy.sealed if application.proxy is not None else None)
    sealed = (application.passport_number_sealed, *collectors, *notes)
    return all(is_persons(value) for value in sealed if value is not None)
