"""When the civil registry's answers confirm a person: a pure policy over field answers.

The registry says for each field whether it matches, with a percentage for names and places, and never its own value.
Neither do we: a cause names the field only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.identity.rules import MatchRules


class Field(StrEnum):
    """Fields that the registry compares."""

    NIK = "nik"
    FULL_NAME = "full_name"
    BIRTH_PLACE = "birth_place"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    FAMILY_CARD_NUMBER = "family_card_number"


class Cause(StrEnum):
    """Causes for which the registry does not confirm."""

    __schema_name__ = "RegistryCause"

    DECEASED = "nik_deceased"
    DUPLICATE = "nik_duplicate"
    NOT_FOUND = "nik_not_found"
    INACTIVE = "nik_inactive"
    MALFORMED = "nik_structure"
    NAME_DIFFERS = "full_name_differs"
    BIRTH_DATE_DIFFERS = "birth_date_differs"
    SEX_DIFFERS = "sex_differs"


class RegistryWarning(StrEnum):
    """Differences that do not refuse; they are shown back, and the applicant says which is right."""

    NAME_WRITTEN_DIFFERENTLY = "full_name_written_differently"
    BIRTH_PLACE_DIFFERS = "birth_place_differs"
    FAMILY_CARD_DIFFERS = "family_card_number_differs"


@dataclass(frozen=True)
class FieldAnswer:
    """One field's answer; ``percent`` is the likeness where the registry tells one."""

    matches: bool
    percent: int | None = None


@dataclass(frozen=True)
class RegistryAnswer:
    """The registry's answer: a refusal as a whole, or field by field."""

    refusal: Cause | None = None
    fields: Mapping[Field, FieldAnswer] | None = None


@dataclass(frozen=True)
class Match:
    """The policy's outcome: confirmed when there is no cause."""

    causes: tuple[Cause, ...] = ()
    warnings: tuple[RegistryWarning, ...] = ()

    @property
    def confirmed(self) -> bool:
        """Return whether the registry knows this person."""
        return not self.causes

    @property
    def exact(self) -> bool:
        """Return whether the registry writes everything that it compared as stated."""
        return self.confirmed and not self.warnings


NEEDED: Final[Mapping[Field, Cause]] = {
    Field.NIK: Cause.NOT_FOUND,
    Field.FULL_NAME: Cause.NAME_DIFFERS,
    Field.BIRTH_DATE: Cause.BIRTH_DATE_DIFFERS,
    Field.SEX: Cause.SEX_DIFFERS,
}
"""A person is confirmed only if each of these was answered and matches."""

NOTED: Final[Mapping[Field, RegistryWarning]] = {
    Field.FULL_NAME: RegistryWarning.NAME_WRITTEN_DIFFERENTLY,
    Field.BIRTH_PLACE: RegistryWarning.BIRTH_PLACE_DIFFERS,
    Field.FAMILY_CARD_NUMBER: RegistryWarning.FAMILY_CARD_DIFFERS,
}
"""A difference in one of these is shown back. Letter case and spaces are none: the registry does not compare them."""

ALIKE: Final = 100
"""Percent of likeness at which the registry writes the same."""


def match(answer: RegistryAnswer, rules: MatchRules) -> Match:
    """Judge an answer. A field that the registry left out does not match."""
    if answer.refusal is not None:
        return Match(causes=(answer.refusal,))
    fields = answer.fields or {}
    causes = tuple(cause for name, cause in NEEDED.items() if not _fits(name, fields.get(name), rules))
    warnings = tuple(warning for name, warning in NOTED.items() if name in fields and not _is_same(fields[name]))
    return Match(causes, () if Cause.NAME_DIFFERS in causes else warnings)


def _is_same(answer: FieldAnswer) -> bool:
    return answer.matches and answer.percent in (None, ALIKE)


def _fits(name: Field, answer: FieldAnswer | None, rules: MatchRules) -> bool:
    if answer is None or not answer.matches:
        return False
    if name is Field.FULL_NAME and answer.percent is not None:
        return answer.percent >= rules.name_percent
    return True
