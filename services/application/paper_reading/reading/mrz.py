"""The machine readable zone of a passport's data page, read by its check digits (ICAO 9303 parts 3 and 4, form TD3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from services.application.applications.check_digits import check_digit
from services.application.paper_reading.reading.lines import TextLine, capitals

LINE_LENGTH: Final = 44
LEAST_LENGTH: Final = 28
"""Of the second line: all fields with a check digit of their own. A reader loses some of the fillers behind them."""

FILLERS: Final = str.maketrans({"«": "<", "‹": "<", "≤": "<", "〈": "<", "《": "<", "(": "<", " ": None, ">": "<"})
AS_DIGITS: Final = str.maketrans("OQDILZSBGTU", "00011258670")
AS_LETTERS: Final = str.maketrans("012568", "OIZSGB")
NUMBER: Final = slice(0, 9)
BIRTH: Final = slice(13, 19)
EXPIRY: Final = slice(21, 27)
SEX: Final = 20
NAMES: Final = 5
LEAST_FILLERS: Final = 3
LEAST_CHECKED: Final = 2
"""One check digit in ten is right by chance, two in a hundred."""

FIRST_LINE: Final = re.compile(r"P[A-Z<][A-Z0158]{3}")


@dataclass(frozen=True)
class Mrz:
    """The fields of a zone; only those whose check digit is right. Printing it shows nothing of them."""

    issuer: str
    number: str | None = field(repr=False)
    birth_digits: str | None = field(repr=False)
    """Year, month and day in two digits each: the century is not in a zone."""
    sex: str | None = field(repr=False)
    name: str | None = field(repr=False)
    """Given names and then the primary identifier; it has no check digit and may be cut off."""


def find_mrz(lines: Iterable[TextLine]) -> Mrz | None:
    """Return the zone in the lines; None where no second line has two right check digits."""
    texts = [capitals(line.text).translate(FILLERS) for line in lines]
    first = next((text for text in texts if _is_first_line(text)), None)
    for text in texts:
        if is_second_line(text):
            return Mrz(
                issuer=(first[2:5] if first else text[10:13]).translate(AS_LETTERS),
                number=_checked_number(text),
                birth_digits=_checked_digits(text, BIRTH),
                sex={"M": "male", "F": "female"}.get(text[SEX]),
                name=_name(first) if first else None,
            )
    return None


def is_second_line(text: str) -> bool:
    """Return whether two of number, birth date and expiry date have their right check digit."""
    if not LEAST_LENGTH <= len(text) <= LINE_LENGTH + 2:
        return False
    found = (_checked_number(text), _checked_digits(text, BIRTH), _checked_digits(text, EXPIRY))
    return sum(part is not None for part in found) >= LEAST_CHECKED


def _is_first_line(text: str) -> bool:
    return text.count("<") >= LEAST_FILLERS and FIRST_LINE.match(text) is not None


def _name(first: str) -> str:
    """The names of the first line, which has no digits: 0 was printed as O."""
    primary, _, secondary = first[NAMES:LINE_LENGTH].translate(AS_LETTERS).rstrip("<KC").partition("<<")
    return " ".join(part for text in (secondary, primary) for part in text.split("<") if part)


def _checked_number(text: str) -> str | None:
    """The number: a letter or two and digits. A letter among digits is tried as the digit that it looks like."""
    raw, digit = text[NUMBER], text[NUMBER.stop].translate(AS_DIGITS)
    guesses = (raw, raw[0].translate(AS_LETTERS) + raw[1:].translate(AS_DIGITS), raw.translate(AS_DIGITS))
    return next((guess.rstrip("<") for guess in guesses if check_digit(guess) == digit), None)


def _checked_digits(text: str, place: slice) -> str | None:
    digits, digit = text[place].translate(AS_DIGITS), text[place.stop].translate(AS_DIGITS)
    return digits if digits.isdigit() and check_digit(digits) == digit else None
