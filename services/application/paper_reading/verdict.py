"""The reading of one page: what is asked about a paper, and the verdict. No text of a picture is in a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Outcome = Literal["accepted", "flagged", "refused"]
"""Only what is certain is refused; every doubt is flagged for an officer."""

Agreement = Literal["agrees", "differs", "not_read"]

NIK: Final = "nik"
FULL_NAME: Final = "full_name"
BIRTH_PLACE: Final = "birth_place"
BIRTH_DATE: Final = "birth_date"
SEX: Final = "sex"
PASSPORT_NUMBER: Final = "passport_number"
FACTS: Final = (NIK, FULL_NAME, BIRTH_PLACE, BIRTH_DATE, SEX, PASSPORT_NUMBER)
"""The names of typed facts. A birth date is written as in ISO 8601, a sex as in the identity card sent by identity."""


@dataclass(frozen=True)
class AskedPaper:
    """The page to read, and the typed facts that it is compared with. They are in memory only."""

    requirement: str
    """The code of the listed item."""
    paper: str
    """The code of the paper that the applicant says it is; the item's own code if they did not say."""
    page: int = 1
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By the names of `FACTS`; a fact that is not known is not there."""


@dataclass(frozen=True)
class Verdict:
    """The judgement of one page."""

    outcome: Outcome
    reason: str | None = None
    """The code of why it is not accepted; None where it is."""
    kind: str | None = None
    """The kind of paper that the picture shows; None where that is not known."""
    confidence: float = 0.0
    """Of the kind, from 0 to 1."""
    findings: tuple[str, ...] = ()
    """Codes of what is wrong with the picture's quality."""
    agreements: Mapping[str, Agreement] = field(default_factory=dict)
    """Of each compared fact, by the names of `FACTS`."""
