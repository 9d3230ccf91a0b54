"""Typed facts compared with what a paper says: each agrees, differs or was not read. No value leaves here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.application.paper_reading.reading.dates import PLACE_AND_DATE, dates_in, find_dates
from services.application.paper_reading.reading.kinds import PaperKind
from services.application.paper_reading.reading.lines import TextLine, capitals
from services.application.paper_reading.reading.mrz import Mrz
from services.application.paper_reading.reading.names import LABEL, is_on, same_name
from services.application.paper_reading.reading.nik_reading import find_numbers, numbers_of_members
from services.application.paper_reading.verdict import (
    BIRTH_DATE,
    FULL_NAME,
    NIK,
    PASSPORT_NUMBER,
    Agreement,
)

OF_OTHERS: Final = frozenset(
    {"parent_ktp", "parent_passport", "parents_marriage_certificate", "parents_statement", "police_report"}
)
"""Items whose papers are about somebody else than the applicant, or are written by hand: nothing is compared."""

COMPARED: Final[Mapping[PaperKind, tuple[str, ...]]] = {
    PaperKind.KTP: (NIK, FULL_NAME, BIRTH_DATE),
    PaperKind.FAMILY_CARD: (NIK, FULL_NAME, BIRTH_DATE),
    PaperKind.BIRTH_CERTIFICATE: (NIK, FULL_NAME, BIRTH_DATE),
    PaperKind.MARRIAGE_CERTIFICATE: (NIK, FULL_NAME),
    PaperKind.DIPLOMA: (FULL_NAME, BIRTH_DATE),
    PaperKind.OLD_PASSPORT: (PASSPORT_NUMBER, FULL_NAME, BIRTH_DATE),
    PaperKind.NAME_CHANGE_DECISION: (NIK, FULL_NAME),
}
"""The facts that a paper of each kind states."""

AGREES: Final = "agrees"
DIFFERS: Final = "differs"
NOT_READ: Final = "not_read"


@dataclass(frozen=True)
class Reading:
    """The text of one page as its rules use it."""

    kind: PaperKind
    lines: Sequence[TextLine]
    mrz: Mrz | None = None


def facts_to_compare(requirement: str, kind: PaperKind | None, facts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the typed facts that a paper of this kind states for this item."""
    if kind is None or requirement in OF_OTHERS:
        return ()
    return tuple(name for name in COMPARED.get(kind, ()) if facts.get(name))


def compare(requirement: str, facts: Mapping[str, str], reading: Reading) -> dict[str, Agreement]:
    """Return, for each typed fact that such a paper states, whether it agrees with the paper."""
    return {
        name: COMPARISONS[name](facts[name], reading) for name in facts_to_compare(requirement, reading.kind, facts)
    }


def compare_nik(typed: str, reading: Reading) -> Agreement:
    """Compare by all sixteen digits; on a family card with every member."""
    on_family_card = reading.kind is PaperKind.FAMILY_CARD
    found = numbers_of_members(reading.lines) if on_family_card else find_numbers(reading.lines)
    if typed in found:
        return AGREES
    return DIFFERS if found else NOT_READ


def compare_name(typed: str, reading: Reading) -> Agreement:
    """Compare the whole name. It differs only where another name stands in its field."""
    if reading.mrz is not None and reading.mrz.name is not None and same_name(typed, reading.mrz.name):
        return AGREES
    if is_on(typed, reading.lines):
        return AGREES
    return DIFFERS if _has_another_name(reading) else NOT_READ


def compare_birth_date(typed: str, reading: Reading) -> Agreement:
    """Compare with every date; it differs only where another date stands beside the birth place or in the MRZ."""
    wanted = date.fromisoformat(typed)
    if reading.mrz is not None and reading.mrz.birth_digits is not None:
        return AGREES if reading.mrz.birth_digits == f"{wanted:%y%m%d}" else DIFFERS
    if wanted in find_dates(reading.lines):
        return AGREES
    if reading.kind is not PaperKind.KTP:
        return NOT_READ
    return DIFFERS if _has_birth_date(reading.lines) else NOT_READ


def compare_passport_number(typed: str, reading: Reading) -> Agreement:
    """Compare with the number of the MRZ, which has a check digit."""
    if reading.mrz is None or reading.mrz.number is None:
        return NOT_READ
    return AGREES if reading.mrz.number == capitals(typed).replace(" ", "") else DIFFERS


COMPARISONS: Final[Mapping[str, Callable[[str, Reading], Agreement]]] = {
    NIK: compare_nik,
    FULL_NAME: compare_name,
    BIRTH_DATE: compare_birth_date,
    PASSPORT_NUMBER: compare_passport_number,
}


def _has_another_name(reading: Reading) -> bool:
    """Whether an identity card's field of the name was read: its label with words behind it or to its right."""
    if reading.kind is not PaperKind.KTP:
        return False
    for line in reading.lines:
        text = capitals(line.text)
        if LABEL.match(text):
            beside = (other for other in reading.lines if other is not line and _is_beside(line, other))
            return any(character.isalpha() for character in LABEL.sub("", text)) or any(beside)
    return False


def _is_beside(label: TextLine, other: TextLine) -> bool:
    return other.left > label.left and abs(other.middle - label.middle) < label.height / 2


def _has_birth_date(lines: Sequence[TextLine]) -> bool:
    """Whether a line has a place and a date, as an identity card writes them: JAKARTA, 05-02-1990."""
    return any(
        dates_in(line.text) and ("," in line.text or PLACE_AND_DATE.search(capitals(line.text))) for line in lines
    )
