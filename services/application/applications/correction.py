"""An officer's correction, as the application keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.application.requirements.answers import Reason, ZeroTariff


class Ground(StrEnum):
    """Findings of an interviewer about the book before this one."""

    LOST = "lost"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class Corrected:
    """The corrected answers."""

    passport_kind: str
    validity_years: int
    reason: Reason
    zero_tariff: ZeroTariff | None = None


@dataclass(frozen=True)
class Correction:
    """One word of an officer that changes what is to pay."""

    correction_id: str
    at: datetime
    by: str
    reason_code: str
    note_sealed: str | None = None
    difference: int | None = None
    """In rupiah, once billing has told it."""
    bill_ids: tuple[str, ...] = ()
