"""Machine readable zone of a passport's data page: ICAO 9303 part 4, two lines of 44 characters (TD3)."""

from __future__ import annotations

from datetime import date
from itertools import cycle
from typing import Final

NAMES_LENGTH: Final = 39
"""Of the first line, behind the document's code and the state's."""
WEIGHTS: Final = (7, 3, 1)
_LETTER_VALUE_OFFSET: Final = ord("A") - 10


def check_digit(text: str) -> str:
    """Return the check digit of a field: its values weighted 7, 3, 1, modulo 10 (ICAO 9303 part 3, 4.9)."""
    total = sum(_value(character) * weight for character, weight in zip(text, cycle(WEIGHTS), strict=False))
    return str(total % 10)


def machine_lines(
    full_name: str,
    number: str,
    *,
    birth_date: date,
    expiry_date: date,
    sex: str,
    personal_number: str = "",
) -> tuple[str, str]:
    """Return both lines; the last word of a name is its primary identifier, and a single word has no secondary one."""
    *given, surname = full_name.upper().split()
    names = "<<".join((surname, "<".join(given)))
    first = f"P<IDN{names[:NAMES_LENGTH]:<<{NAMES_LENGTH}}"
    passport = f"{number:<<9}"
    born, expires = f"{birth_date:%y%m%d}", f"{expiry_date:%y%m%d}"
    personal = f"{personal_number:<<14}"
    parts = (
        f"{passport}{check_digit(passport)}",
        f"{born}{check_digit(born)}",
        f"{expires}{check_digit(expires)}",
        f"{personal}{check_digit(personal) if personal_number else '<'}",
    )
    second = f"{parts[0]}IDN{parts[1]}{'M' if sex == 'male' else 'F'}{parts[2]}{parts[3]}"
    return first, second + check_digit("".join(parts))


def _value(character: str) -> int:
    if character == "<":
        return 0
    return int(character) if character.isdigit() else ord(character) - _LETTER_VALUE_OFFSET
