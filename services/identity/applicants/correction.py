"""Corrections of confirmed particulars by officers with the original in hand: a pure policy.

One officer corrects a typing error. Two do it where the correction changes who somebody is: another NIK, birth date or
sex, or a name that is further from the typed one than a slip of the finger.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.identity.applicants.particulars import Particulars
from services.identity.applicants.registry_match import Field
from shared.store.transitions import Transitions

TYPING_ERRORS: Final = 2
"""Letters of a name that one officer may correct: two slips, or one swap. More is another name."""

LETTERS_FOR_AN_ERROR: Final = 5
"""A short name has fewer of them: one letter in five, and at least one."""

PERSON: Final = frozenset({Field.NIK, Field.BIRTH_DATE, Field.SEX})
"""Particulars that say who somebody is."""


class CorrectionState(StrEnum):
    """States of a correction."""

    PROPOSED = "proposed"
    MADE = "made"
    REFUSED = "refused"
    LAPSED = "lapsed"


class CorrectionCommand(StrEnum):
    """Commands of a correction."""

    MAKE = "make"
    REFUSE = "refuse"
    LAPSE = "lapse"


CORRECTION_TRANSITIONS: Final[Transitions[CorrectionState, CorrectionCommand]] = Transitions(
    {
        (CorrectionState.PROPOSED, CorrectionCommand.MAKE): CorrectionState.MADE,
        (CorrectionState.PROPOSED, CorrectionCommand.REFUSE): CorrectionState.REFUSED,
        (CorrectionState.PROPOSED, CorrectionCommand.LAPSE): CorrectionState.LAPSED,
    }
)


class Original(StrEnum):
    """Papers that an officer corrects from."""

    IDENTITY_CARD = "identity_card"
    FAMILY_CARD = "family_card"
    BIRTH_CERTIFICATE = "birth_certificate"
    MARRIAGE_CERTIFICATE = "marriage_certificate"
    COURT_DECISION = "court_decision"


@dataclass(frozen=True)
class Correction:
    """One correction. ``sealed`` holds the corrected particulars while it waits, and nothing once it is decided."""

    correction_id: str
    fields: tuple[Field, ...]
    original: Original
    reason: str
    """A code; the audit keeps it."""
    proposed_by: str
    office_id: str
    proposed_at: datetime
    ends_at: datetime
    """When a proposal lapses."""
    sealed: str | None = field(default=None, repr=False)
    state: CorrectionState = CorrectionState.PROPOSED
    decided_by: str | None = None
    decided_at: datetime | None = None


def decide_correction(correction: Correction, command: CorrectionCommand, by: str | None, now: datetime) -> Correction:
    """Return the correction decided by an officer, or by time where ``by`` is None.

    Raises:
        IllegalTransition: it was decided before.
    """
    state = CORRECTION_TRANSITIONS.after(correction.state, command)
    return replace(correction, state=state, sealed=None, decided_by=by, decided_at=now)


def changed_fields(before: Particulars, after: Particulars) -> tuple[Field, ...]:
    """Return the particulars that differ; letter case and spaces make no difference in names and places."""
    return tuple(name for name in Field if _plain(getattr(before, name)) != _plain(getattr(after, name)))


def needs_second_officer(before: Particulars, after: Particulars) -> bool:
    """Return whether the correction changes who somebody is."""
    if not PERSON.isdisjoint(changed_fields(before, after)):
        return True
    typed, corrected = _plain(before.full_name), _plain(after.full_name)
    allowed = min(TYPING_ERRORS, max(1, len(typed) // LETTERS_FOR_AN_ERROR))
    return edit_distance(typed, corrected) > allowed


def edit_distance(one: str, other: str) -> int:
    """Return how many letters must be added, taken out or replaced to turn one text into the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        above, row = row, [number]
        for place, wanted in enumerate(other):
            row.append(min(above[place + 1] + 1, row[place] + 1, above[place] + (letter != wanted)))
    return row[-1]


def _plain(value: object) -> str:
    return " ".join(str(value if value is not None else "").upper().split())
