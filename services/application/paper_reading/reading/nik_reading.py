"""NIKs on a paper: sixteen digits in a line, with letters that look like digits read as these."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from services.application.paper_reading.reading.lines import TextLine, capitals

NIK_DIGITS: Final = 16
WOMEN_DAY_OFFSET: Final = 40
LOOKS_LIKE_A_DIGIT: Final = str.maketrans(
    {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "|": "1", "Z": "2", "S": "5", "B": "8", "?": "7", "G": "6"}
)
_LOOK_ALIKE: Final = "[OQDILZSBG?|]"
RUN: Final = re.compile(
    rf"(?:[0-9]|(?<![A-Z0-9]){_LOOK_ALIKE})[0-9OQDILZSBG?| .\-]{{14,}}(?:[0-9]|{_LOOK_ALIKE}(?![A-Z0-9]))"
)
"""Digits with spaces, and letters that look like digits unless they belong to a word before or behind."""

LEAST_TRUE_DIGITS: Final = 12
"""Of sixteen; with fewer it is a word in capitals."""


def find_numbers(lines: Iterable[TextLine]) -> tuple[str, ...]:
    """Return the numbers of sixteen digits in the lines that can be a NIK, in their order; no line's own number."""
    return tuple(number for line in lines for number in numbers_in(line.text))


def numbers_in(text: str) -> tuple[str, ...]:
    """Return the numbers of sixteen digits in one line that can be a NIK by the day and month inside."""
    found = []
    for packed in (part for run in RUN.findall(capitals(text)) for part in _parts(run)):
        digits = packed.translate(LOOKS_LIKE_A_DIGIT)
        true_digits = sum(letter.isdigit() for letter in packed)
        if len(digits) == NIK_DIGITS and true_digits >= LEAST_TRUE_DIGITS and can_be_nik(digits):
            found.append(digits)
    return tuple(found)


def _parts(run: str) -> Sequence[str]:
    """The words of a run that have sixteen digits; where there is none, the digits were set apart: all together."""
    whole = [word for word in run.split() if len(word) == NIK_DIGITS]
    return whole or [re.sub(r"[ .\-]", "", run)]


def can_be_nik(digits: str) -> bool:
    """Return whether day and month inside the number exist; the region is not looked at."""
    day, month = int(digits[6:8]), int(digits[8:10])
    return 1 <= month <= 12 and 1 <= day % WOMEN_DAY_OFFSET <= 31 and day < WOMEN_DAY_OFFSET + 32


def numbers_of_members(lines: Sequence[TextLine]) -> tuple[str, ...]:
    """Return the NIKs on a family card: all but the card's own number, which stands in its title."""
    return tuple(number for line in lines if not _is_title(line.text) for number in numbers_in(line.text))


def _is_title(text: str) -> bool:
    return re.match(r"\s*(KARTU\s*KELUARGA\s*)?N[O0][.:\s]", capitals(text)) is not None
