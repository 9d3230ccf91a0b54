"""Dates on a paper: in figures, with the month in words, or in words alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Final

from services.application.paper_reading.reading.lines import TextLine, capitals
from services.application.paper_reading.reading.number_words import WORDS, number_of

MONTHS: Final = {
    "JANUARI": 1,
    "FEBRUARI": 2,
    "MARET": 3,
    "APRIL": 4,
    "MEI": 5,
    "JUNI": 6,
    "JULI": 7,
    "AGUSTUS": 8,
    "SEPTEMBER": 9,
    "OKTOBER": 10,
    "NOVEMBER": 11,
    "NOPEMBER": 11,
    "DESEMBER": 12,
    "JANUARY": 1,
    "FEBRUARY": 2,
    "MARCH": 3,
    "MAY": 5,
    "JUNE": 6,
    "JULY": 7,
    "AUGUST": 8,
    "OCTOBER": 10,
    "DECEMBER": 12,
    "JAN": 1,
    "FEB": 2,
    "PEB": 2,
    "MAR": 3,
    "APR": 4,
    "JUN": 6,
    "JUL": 7,
    "AGT": 8,
    "AGS": 8,
    "AUG": 8,
    "SEP": 9,
    "SEPT": 9,
    "OKT": 10,
    "OCT": 10,
    "NOV": 11,
    "NOP": 11,
    "DES": 12,
    "DEC": 12,
    "PEBRUARI": 2,
}
IN_FIGURES: Final = re.compile(
    r"(?<!\d)([0-3O]?[\dO])\s?[-/. ]\s?([01O]?[\dO])\s?[-/. ]\s?((?:19|20|2O|I9)[\dO]{2})(?!\d)"
)
IN_WORDS: Final = re.compile(r"(?<!\d)([0-3O]?[\dO])[\s\-]*([A-Z]{3,9})[\s\-]*((?:19|20|2O)[\dO]{2})(?!\d)")
SPELLED: Final = re.compile(
    rf"((?:(?:{WORDS})[\s\-]*)+)(?:BULAN\s*)?({'|'.join(sorted(MONTHS, key=len, reverse=True))})[\s,]*(?:TAHUN\s*)?"
    rf"((?:(?:{WORDS})[\s\-]*)+)"
)
EARLIEST_YEAR: Final = 1900
"""A year before is the beginning of one that goes on in a line which was not read."""

PLACE_AND_DATE: Final = re.compile(r"LAHIR|BIRTH")


def find_dates(lines: Iterable[TextLine]) -> tuple[date, ...]:
    """Return every date in the lines, in their order; one in words may go on in the next line."""
    texts = [line.text for line in lines]
    spelled = (day for text, follower in pairwise((*texts, "")) for day in _spelled_dates(f"{text} {follower}"))
    return tuple(dict.fromkeys((*(day for text in texts for day in dates_in(text)), *spelled)))


def dates_in(text: str) -> tuple[date, ...]:
    """Return the dates in one line: 05-02-1990, 5/2/1990, 5 Februari 1990, 05 FEB 1990."""
    plain = capitals(text)
    in_figures = ((day, int(_digits(month)), year) for day, month, year in IN_FIGURES.findall(plain))
    in_words = ((day, MONTHS.get(month, 0), year) for day, month, year in IN_WORDS.findall(plain))
    found = (_date(int(_digits(day)), month, int(_digits(year))) for day, month, year in (*in_figures, *in_words))
    return tuple(day for day in found if day is not None)


def _spelled_dates(text: str) -> Iterable[date]:
    """The dates in words alone: lima Februari tahun seribu sembilan ratus sembilan puluh."""
    for day, month, year in SPELLED.findall(capitals(text)):
        found = _date(number_of(day), MONTHS[month], number_of(year))
        if found is not None and found.year >= EARLIEST_YEAR:
            yield found


def _digits(text: str) -> str:
    return text.translate(str.maketrans("OI", "01"))


def _date(day: int, month: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
