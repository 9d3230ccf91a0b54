"""The particulars of applicants: sealed, found by fingerprints of the NIK, and boxed for application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from services.identity.applicants.applicant import Applicant
from services.identity.applicants.nik import Sex
from services.identity.applicants.particulars import Particulars
from services.identity.seals import Seals
from shared.events.application import KeepIdentityCard
from shared.person_keys.cipher import PersonCipher, is_persons

_PARTICULARS: Final = "particulars"
_NIK: Final = "nik"
_CHILD: Final = "child_without_nik"


class ApplicantVault:
    """Seals and opens the particulars of applicants."""

    def __init__(self, seals: Seals) -> None:
        self._person_keys = seals.person_keys
        self._fingerprints = seals.fingerprints
        self._application = seals.application

    def nik_fingerprints(self, nik: str) -> tuple[str, ...]:
        """Return the fingerprints that find a NIK."""
        return self._fingerprints.all(nik, _NIK)

    def child_fingerprints(self, guardian_person_id: str, particulars: Particulars) -> tuple[str, ...]:
        """Return the fingerprints that find a child without NIK: of their guardian, birth date and name."""
        name = " ".join(particulars.full_name.upper().split())
        return self._fingerprints.all(f"{guardian_person_id}|{particulars.birth_date.isoformat()}|{name}", _CHILD)

    async def unlock(self, applicant_id: str, *, is_new: bool = False) -> UnlockedApplicant:
        """Return what seals and opens the particulars of this applicant.

        Raises:
            PersonErased: their key was destroyed.
        """
        keys = self._person_keys
        cipher = await (keys.new_cipher(applicant_id) if is_new else keys.cipher(applicant_id))
        return UnlockedApplicant(applicant_id, cipher)

    async def seal_particulars(self, particulars: Particulars, applicant_id: str) -> str:
        """Return the stored form of an applicant's particulars."""
        return (await self.unlock(applicant_id)).seal_particulars(particulars)

    async def particulars(self, sealed: str, applicant_id: str) -> Particulars:
        """Return the particulars of an applicant, opened."""
        return (await self.unlock(applicant_id)).particulars(sealed)

    async def particulars_of_all(self, sealed: Mapping[str, str]) -> dict[str, Particulars]:
        """Return the particulars of several applicants by id, their keys read together; erased ones are left out."""
        ciphers = await self._person_keys.ciphers(sealed)
        return {
            applicant_id: UnlockedApplicant(applicant_id, cipher).particulars(sealed[applicant_id])
            for applicant_id, cipher in ciphers.items()
        }

    def is_current(self, applicant: Applicant) -> bool:
        """Return whether all is sealed by the applicant's own key and found by the present fingerprints."""
        sealed = [applicant.particulars, *(correction.sealed for correction in applicant.corrections)]
        return all(is_persons(value) for value in sealed if value is not None) and not any(
            self._fingerprints.need_rotation(stored)
            for stored in (applicant.nik_fingerprints, applicant.confirmed_nik)
            if stored
        )

    async def turned(self, applicant_id: str, applicant: Applicant, guardian_person_id: str) -> Applicant:
        """Return the applicant with all sealed by their own key and found by the present fingerprints."""
        unlocked = await self.unlock(applicant_id)
        particulars = unlocked.particulars(applicant.particulars)
        if particulars.nik is not None:
            found_by = self.nik_fingerprints(particulars.nik)
        else:
            found_by = self.child_fingerprints(guardian_person_id, particulars)
        return replace(
            applicant,
            nik_fingerprints=found_by,
            confirmed_nik=found_by if applicant.confirmed_nik else (),
            particulars=unlocked.turned(applicant.particulars),
            corrections=tuple(
                replace(correction, sealed=unlocked.turned(correction.sealed)) if correction.sealed else correction
                for correction in applicant.corrections
            ),
        )

    def identity_card(
        self, account_id: str, applicant_id: str, person_id: str, particulars: Particulars
    ) -> KeepIdentityCard:
        """Return the command that hands the confirmed data to application."""
        content = {
            "full_name": particulars.full_name,
            "nik": particulars.nik or "",
            "birth_place": particulars.birth_place,
            "birth_date": particulars.birth_date.isoformat(),
            "sex": particulars.sex.value,
            "family_card_number": particulars.family_card_number,
        }
        return KeepIdentityCard(
            account_id=account_id,
            applicant_id=applicant_id,
            person_id=person_id,
            sealed=self._application.seal(content, applicant_id),
        )


class UnlockedApplicant:
    """The particulars of one applicant, sealed and opened with their own key."""

    def __init__(self, applicant_id: str, cipher: PersonCipher) -> None:
        self._applicant_id = applicant_id
        self._cipher = cipher

    def seal_particulars(self, particulars: Particulars) -> str:
        """Return the stored form of the particulars."""
        content = {
            "full_name": particulars.full_name,
            "nik": particulars.nik,
            "birth_place": particulars.birth_place,
            "birth_date": particulars.birth_date.isoformat(),
            "sex": particulars.sex.value,
            "family_card_number": particulars.family_card_number,
            "married": particulars.married,
        }
        text = json.dumps(content, ensure_ascii=False)
        return self._cipher.seal(text, owner_id=self._applicant_id, field=_PARTICULARS)

    def particulars(self, sealed: str) -> Particulars:
        """Return the particulars, opened."""
        content = json.loads(self._cipher.open(sealed, owner_id=self._applicant_id, field=_PARTICULARS))
        born = date.fromisoformat(content.pop("birth_date"))
        return Particulars(birth_date=born, sex=Sex(content.pop("sex")), **content)

    def turned(self, sealed: str) -> str:
        """Return the same particulars, sealed with the applicant's own key."""
        return self._cipher.turned(sealed, owner_id=self._applicant_id, field=_PARTICULARS)
