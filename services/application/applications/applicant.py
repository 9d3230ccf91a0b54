"""An applicant as application keeps them: what identity told of the check, and the sealed card."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class IdentityProgress(StrEnum):
    """Outcomes of identity's check, as far as they are known here."""

    PENDING = "pending"
    """Being asked, or silent: identity asks the civil registry again until it is settled."""
    SHOWN_BACK = "shown_back"
    """The applicant compares what the registry writes differently."""
    FAILED = "failed"
    PASSED = "passed"


@dataclass(frozen=True)
class Applicant:
    """An applicant as application knows them: ids in the open, the person's data sealed."""

    account_id: str
    person_id: str
    """Empty until identity has confirmed the applicant."""
    guardian_applicant_id: str | None = None
    guardian_person_id: str | None = None
    confirmed_version: int = 0
    """The version of the last confirmation; 0 while only the card has come."""
    card_version: int = 0
    card_sealed: str | None = None
    """JSON of the card, encrypted for this applicant."""
    first_card_version: int = 0
    """A later version corrects the particulars, and papers follow it; a repeat of the first one does not."""
    identity: IdentityProgress = IdentityProgress.PASSED
    """Of copies that earlier versions wrote: only confirmed applicants were told."""
    identity_version: int = 0
    """The version of the news in ``identity``."""
    came_of_age: bool = False
    """They were added as a child and act for themselves now: nothing new begins for them in this account."""

    @property
    def unsettled(self) -> bool:
        """Return whether identity's check goes on: the registry is asked, or the applicant about a difference."""
        return self.identity in {IdentityProgress.PENDING, IdentityProgress.SHOWN_BACK}

    @property
    def complete(self) -> bool:
        """Return whether the applicant is confirmed and both the confirmation and the card are here."""
        is_confirmed = self.confirmed_version > 0 and self.identity is IdentityProgress.PASSED
        return is_confirmed and self.card_sealed is not None and self.card_version >= self.confirmed_version


@dataclass(frozen=True)
class IdentityCard:
    """The applicant's data, opened: never stored or logged; sent to the issuance system and on the letter only."""

    full_name: str = field(repr=False)
    nik: str = field(repr=False)
    birth_place: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: str = field(repr=False)
    family_card_number: str | None = field(default=None, repr=False)
    """None where identity was not told, and on cards that earlier versions sent."""
