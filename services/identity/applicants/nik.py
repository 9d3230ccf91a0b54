"""The NIK: what its sixteen digits must look like, and where they may rightly differ from today's data.

Structure: PP KK CC province, regency, district of first registration; DD MM YY date of birth, DD + 40 for women; SSSS
serial from 0001. The number never changes, neither with a move nor when a birth date is corrected later (PP 37/2007,
article 37; PP 40/2019, article 30), so region, date and sex inside it only warn; the registry decides.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

NIK_DIGITS: Final = 16
WOMEN_DAY_OFFSET: Final = 40
LAST_DAY: Final = 31
LAST_MONTH: Final = 12
CENTURIES: Final = (1900, 2000)


class Sex(StrEnum):
    """Sex as the civil registry keeps it."""

    MALE = "male"
    FEMALE = "female"


class NikFault(StrEnum):
    """Why a text is no NIK at all."""

    NOT_SIXTEEN_DIGITS = "nik_not_16_digits"
    DAY = "nik_day"
    MONTH = "nik_month"
    DATE = "nik_date"
    SERIAL = "nik_serial"


class NikWarning(StrEnum):
    """Warnings about a NIK that may be right all the same."""

    REGION_UNKNOWN = "nik_region_unknown"
    BIRTH_DATE_DIFFERS = "nik_birth_date_differs"
    SEX_DIFFERS = "nik_sex_differs"
    MISSING = "nik_missing"
    """A child born abroad without NIK: not asked about at the registry, shown at the counter."""


class NikWrong(ValueError):
    """The text is no NIK; ``fault`` says why, and nothing repeats the text."""

    def __init__(self, fault: NikFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Nik:
    """A well-formed NIK; printing it shows nothing of it."""

    digits: str = field(repr=False)

    @property
    def region_code(self) -> str:
        """Province and regency, four digits."""
        return self.digits[:4]

    @property
    def sex(self) -> Sex:
        """The sex that the day tells."""
        return Sex.FEMALE if int(self.digits[6:8]) > WOMEN_DAY_OFFSET else Sex.MALE

    @property
    def birth_day_month_year(self) -> tuple[int, int, int]:
        """Day, month and the last two digits of the year; the century is not in the number."""
        return int(self.digits[6:8]) % WOMEN_DAY_OFFSET, int(self.digits[8:10]), int(self.digits[10:12])


def parse_nik(text: str) -> Nik:
    """Read a NIK, spaces ignored.

    Raises:
        NikWrong: not 16 digits; a day that is neither 01-31 nor 41-71; a month over 12; no such date in any century; a
            serial of 0000.
    """
    digits = "".join(text.split())
    if len(digits) != NIK_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise NikWrong(NikFault.NOT_SIXTEEN_DIGITS)
    day = int(digits[6:8])
    if not (1 <= day <= LAST_DAY or 1 <= day - WOMEN_DAY_OFFSET <= LAST_DAY):
        raise NikWrong(NikFault.DAY)
    nik = Nik(digits)
    day, month, year = nik.birth_day_month_year
    if not 1 <= month <= LAST_MONTH:
        raise NikWrong(NikFault.MONTH)
    if not any(_is_date(century + year, month, day) for century in CENTURIES):
        raise NikWrong(NikFault.DATE)
    if digits.endswith("0000"):
        raise NikWrong(NikFault.SERIAL)
    return nik


def nik_warnings(nik: Nik, *, birth_date: date, sex: Sex, regions: Collection[str]) -> tuple[NikWarning, ...]:
    """Return where the number differs from the stated data or from the known region codes."""
    found = []
    if nik.region_code not in regions:
        found.append(NikWarning.REGION_UNKNOWN)
    if nik.birth_day_month_year != (birth_date.day, birth_date.month, birth_date.year % 100):
        found.append(NikWarning.BIRTH_DATE_DIFFERS)
    if nik.sex is not sex:
        found.append(NikWarning.SEX_DIFFERS)
    return tuple(found)


def date_of_year(text: str | None, year: int) -> date:
    """Return the birth date that the registry writes for somebody of whom only the year of birth is known.

    It is the day and month inside the NIK where the year agrees, else 1 July, the middle of the year.
    """
    try:
        day, month, short_year = parse_nik(text or "").birth_day_month_year
    except NikWrong:
        return date(year, 7, 1)
    agrees = short_year == year % 100 and _is_date(year, month, day)
    return date(year, month, day) if agrees else date(year, 7, 1)


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
