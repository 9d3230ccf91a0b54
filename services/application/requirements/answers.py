"""The questionnaire's answers: they pick kind, reason and requirements; contradictions are named before any money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.events.codes import ApplicationReason, PassportKind

ADULT_YEARS: Final = 17
"""From this age on, or once married, a person applies as an adult (Permenkumham 18/2022 art. 2A)."""

LONG_VALIDITY_YEARS: Final = 10
"""For adults only (Permenkumham 18/2022 art. 2A); everybody else gets five years."""


class Purpose(StrEnum):
    """Purposes of the journey."""

    __schema_name__ = "TravelPurpose"

    TOURISM = "tourism"
    FAMILY = "family"
    BUSINESS = "business"
    STUDY = "study"
    WORK = "work"
    MEDICAL = "medical"
    HAJJ = "hajj"
    UMRAH = "umrah"
    OTHER = "other"


class ZeroTariff(StrEnum):
    """The grounds of a zero tariff (PP 45/2024 art. 5(1); force majeure: PMK 51/PMK.02/2020)."""

    MIGRANT_WORKER_FIRST = "migrant_worker_first"
    CITIZEN_IN_NEED_ABROAD = "citizen_in_need_abroad"
    GOVERNMENT_SCHOLARSHIP = "government_scholarship"
    FORCE_MAJEURE = "force_majeure"


@dataclass(frozen=True)
class Answers:
    """The applicant's answers; unanswered yes-or-no questions count as no."""

    has_held_passport: bool
    reason: ApplicationReason
    """Replacements as in PP 31/2013 art. 66(1)."""
    passport_kind: PassportKind
    validity_years: int
    purpose: Purpose = Purpose.OTHER
    zero_tariff: ZeroTariff | None = None
    married: bool = False
    name_changed: bool = False
    naturalised: bool = False
    old_passport_since_2009: bool = False
    parent_has_passport: bool = False


class Contradiction(StrEnum):
    """Ways in which answers cannot stand together."""

    NEW_BUT_HELD = "new_but_held"
    REPLACEMENT_BUT_NEVER_HELD = "replacement_but_never_held"
    NEW_BUT_RECORDED = "new_but_recorded"
    LONG_VALIDITY_FOR_MINOR = "long_validity_for_minor"


def contradiction_in(answers: Answers, *, minor: bool, on_record: bool) -> Contradiction | None:
    """The first contradiction, or none. ``on_record``: our own records hold a passport of this person."""
    new = answers.reason is ApplicationReason.NEW
    if new and answers.has_held_passport:
        return Contradiction.NEW_BUT_HELD
    if not new and not answers.has_held_passport:
        return Contradiction.REPLACEMENT_BUT_NEVER_HELD
    if new and on_record:
        return Contradiction.NEW_BUT_RECORDED
    if minor and answers.validity_years >= LONG_VALIDITY_YEARS:
        return Contradiction.LONG_VALIDITY_FOR_MINOR
    return None


AGE_BANDS: Final = ((0, 4), (5, 11), (12, 16), (17, 60), (61, None))
"""As fine as offices need for their priority seats (children below 5 or 12, the elderly above 60) and no finer: other
services hear of a person's age by this alone."""


def is_minor(birth_date: date, on: date, *, married: bool) -> bool:
    """Whether a person applies as a child on that day; who is born on 29 February comes of age on 1 March."""
    return _age(birth_date, on) < ADULT_YEARS and not married


def age_band(birth_date: date, on: date) -> str:
    """The band of :data:`AGE_BANDS` that a person is in on that day, such as ``5-11`` or ``61+``."""
    years = max(0, _age(birth_date, on))
    low, high = next((low, high) for low, high in reversed(AGE_BANDS) if years >= low)
    return f"{low}+" if high is None else f"{low}-{high}"


def _age(birth_date: date, on: date) -> int:
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))
