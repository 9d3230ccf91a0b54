"""An officer's correction, as the application keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.application.requirements.answers import ZeroTariff
from shared.events.codes import ApplicationReason


@dataclass(frozen=True)
class Corrected:
    """The corrected answers."""

    passport_kind: str
    validity_years: int
    reason: ApplicationReason
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
