"""An applicant whom identity confirmed, as application keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Applicant:
    """An applicant as application knows them: ids in the open, the person's data sealed."""

    account_id: str
    person_id: str
    guardian_applicant_id: str | None = None
    guardian_person_id: str | None = None
    confirmed_version: int = 0
    """The version of the last confirmation; 0 while only the card has come."""
    card_version: int = 0
    card_sealed: str | None = None
    """JSON of the card, encrypted for this applicant."""

    @property
    def complete(self) -> bool:
        """Whether both the confirmation and the card are here."""
        return self.confirmed_version > 0 and self.card_sealed is not None


@dataclass(frozen=True)
class IdentityCard:
    """The applicant's data, opened: never stored or logged; sent to the issuance system and on the letter only."""

    full_name: str = field(repr=False)
    nik: str = field(repr=False)
    birth_place: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: str = field(repr=False)
