"""The machine readable zone of a passport book as an officer typed it (ICAO 9303 part 4, form TD3). Pure.

Unlike a zone that a machine has read, nothing is guessed: every check digit must fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from services.application.applications.check_digits import check_digit

LINE_LENGTH: Final = 44
FILLER: Final = "<"
LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")
STATE: Final = slice(2, 5)
OWN_STATE: Final = "IDN"
"""An earlier book is one of our own: another state's passport is replaced by that state."""

NUMBER: Final = slice(0, 9)
BIRTH: Final = slice(13, 19)
EXPIRY: Final = slice(21, 27)
OPTIONAL: Final = slice(28, 42)
COMPOSITE: Final = 43
CENTURY: Final = 2000
"""Books expire in this century: zones have two digits of the year."""


@dataclass(frozen=True)
class Zone:
    """The fields of a zone whose check digits all fit. Printing it shows nothing of them."""

    number: str = field(repr=False)
    birth_digits: str = field(repr=False)
    """Year, month and day in two digits each."""
    expires_on: date


class ZoneFault(Exception):
    """The lines are no zone; ``fields`` names those whose check digit does not fit, none where the form is wrong."""

    def __init__(self, fields: tuple[str, ...] = ()) -> None:
        super().__init__("the zone cannot be taken")
        self.fields = fields


def read_zone(text: str) -> Zone:
    """Return the zone in two lines.

    Raises:
        ZoneFault: they are no zone of a passport, or a check digit does not fit.
    """
    lines = ["".join(line.split()).upper() for line in text.strip().splitlines() if line.strip()]
    has_form = len(lines) == 2 and all(len(line) == LINE_LENGTH and set(line) <= LETTERS for line in lines)
    if not has_form or not lines[0].startswith("P") or lines[0][STATE] != OWN_STATE:
        raise ZoneFault
    second = lines[1]
    wrong = tuple(_wrong_fields(second))
    if wrong:
        raise ZoneFault(wrong)
    return Zone(second[NUMBER].rstrip(FILLER), second[BIRTH], _expiry(second[EXPIRY]))


def number_fits(number: str, digit: str) -> bool:
    """Return whether the check digit is that of the number as it stands in a zone."""
    return check_digit(number.ljust(NUMBER.stop, FILLER)) == digit


def _wrong_fields(line: str) -> Iterator[str]:
    for name, place in (("number", NUMBER), ("birth_date", BIRTH), ("expires_on", EXPIRY)):
        if check_digit(line[place]) != line[place.stop]:
            yield name
    optional, digit = line[OPTIONAL], line[OPTIONAL.stop]
    is_empty = not optional.strip(FILLER) and digit == FILLER
    if not is_empty and check_digit(optional) != digit:
        yield "personal_number"
    if check_digit(line[0:10] + line[13:20] + line[21:43]) != line[COMPOSITE]:
        yield "whole_line"


def _expiry(digits: str) -> date:
    try:
        return date(CENTURY + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        raise ZoneFault(("expires_on",)) from None
