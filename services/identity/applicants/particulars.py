"""Particulars of an applicant, in the form of the civil registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from services.identity.applicants.nik import Sex


@dataclass(frozen=True)
class Particulars:
    """Personal data in the open: lives in memory only, is stored sealed, and prints nothing."""

    full_name: str = field(repr=False)
    nik: str | None = field(repr=False)
    """None for a child born abroad whom the civil registry has not numbered yet."""
    birth_place: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)
    family_card_number: str | None = field(default=None, repr=False)
    married: bool = field(default=False, repr=False)
