"""Check digits of machine readable zones (ICAO 9303 part 3, 4.9). Pure."""

from __future__ import annotations

from itertools import cycle
from typing import Final

WEIGHTS: Final = (7, 3, 1)


def check_digit(text: str) -> str:
    """Return the check digit of a field: its values weighted 7, 3, 1, modulo 10."""
    total = sum(_value(letter) * weight for letter, weight in zip(text, cycle(WEIGHTS), strict=False))
    return str(total % 10)


def _value(letter: str) -> int:
    return int(letter, 36) if letter.isascii() and letter.isalnum() else 0
