"""The particulars of applicants: sealed, found by fingerprints of the NIK, and boxed for application."""

from __future__ import annotations

import json
from datetime import date
from typing import Final

from services.identity.applicants.nik import Sex
from services.identity.applicants.particulars import Particulars
from services.identity.seals import Seals
from shared.events.application import KeepIdentityCard

_PARTICULARS: Final = "particulars"
_NIK: Final = "nik"
_CHILD: Final = "child_without_nik"


class ApplicantVault:
    """Seals and opens the particulars of applicants."""

    def __init__(self, seals: Seals) -> None:
        self._cipher = seals.cipher
        self._fingerprints = seals.fingerprints
        self._application = seals.application

    def nik_fingerprints(self, nik: str) -> tuple[str, ...]:
        """Return the fingerprints that find a NIK."""
        return self._fingerprints.all(nik, _NIK)

    def child_fingerprints(self, guardian_person_id: str, particulars: Particulars) -> tuple[str, ...]:
        """Return the fingerprints that find a child without NIK: of their guardian, birth date and name."""
        name = " ".join(particulars.full_name.upper().split())
        return self._fingerprints.all(f"{guardian_person_id}|{particulars.birth_date.isoformat()}|{name}", _CHILD)

    def seal_particulars(self, particulars: Particulars, applicant_id: str) -> str:
        """Return the stored form of an applicant's particulars."""
        content = {
            "full_name": particulars.full_name,
            "nik": particulars.nik,
            "birth_place": particulars.birth_place,
            "birth_date": particulars.birth_date.isoformat(),
            "sex": particulars.sex.value,
            "family_card_number": particulars.family_card_number,
            "married": particulars.married,
        }
        return self._cipher.seal(json.dumps(content, ensure_ascii=False), owner_id=applicant_id, field=_PARTICULARS)

    def particulars(self, sealed: str, applicant_id: str) -> Particulars:
        """Return the particulars of an applicant, opened."""
        content = json.loads(self._cipher.open(sealed, owner_id=applicant_id, field=_PARTICULARS))
        born = date.fromisoformat(content.pop("birth_date"))
        return Particulars(birth_date=born, sex=Sex(content.pop("sex")), **content)

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
        }
        return KeepIdentityCard(
            account_id=account_id,
            applicant_id=applicant_id,
            person_id=person_id,
            sealed=self._application.seal(content, applicant_id),
        )
