"""Dates and numbers in the words that Indonesian papers write them in."""

from __future__ import annotations

from datetime import date
from typing import Final

MONTHS: Final = (
    *("JANUARI", "FEBRUARI", "MARET", "APRIL", "MEI", "JUNI"),
    *("JULI", "AGUSTUS", "SEPTEMBER", "OKTOBER", "NOVEMBER", "DESEMBER"),
)
PASSPORT_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS: Final = ("SENIN", "SELASA", "RABU", "KAMIS", "JUMAT", "SABTU", "MINGGU")
ROMAN_MONTHS: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_UNITS: Final = (
    *("NOL", "SATU", "DUA", "TIGA", "EMPAT", "LIMA", "ENAM", "TUJUH", "DELAPAN", "SEMBILAN", "SEPULUH", "SEBELAS"),
)
_STEPS: Final = ((1000, "RIBU", "SERIBU"), (100, "RATUS", "SERATUS"), (10, "PULUH", "SEPULUH"))
_TEENS: Final = 20


def number_words(number: int) -> str:
    """Return a number from 0 to 9999 in Indonesian words."""
    if number < len(_UNITS):
        return _UNITS[number]
    if number < _TEENS:
        return f"{_UNITS[number - 10]} BELAS"
    value, many, one = next(step for step in _STEPS if number >= step[0])
    count, rest = divmod(number, value)
    head = one if count == 1 else f"{_UNITS[count]} {many}"
    return f"{head} {number_words(rest)}" if rest else head


def long_date(day: date) -> str:
    """Return ``17 AGUSTUS 1985``."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def passport_date(day: date) -> str:
    """Return ``17 AUG 1985``."""
    return f"{day.day:02d} {PASSPORT_MONTHS[day.month - 1]} {day.year}"


def date_words(day: date) -> str:
    """Return ``TUJUH BELAS AGUSTUS tahun SERIBU SEMBILAN RATUS DELAPAN PULUH LIMA``."""
    return f"{number_words(day.day)} {MONTHS[day.month - 1]} tahun {number_words(day.year)}"
