"""Dates, times and amounts as people write them in Indonesia, in either language."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal

from shared.http.language import Language

CAPITAL_ZONE: Final = ZoneInfo("Asia/Jakarta")
ZONE_NAMES: Final = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
"""Indonesian names of the three zones; English pages use them too, as the country does."""

KEPT: Final = 2048
"""Dates that are kept as they were written: pages name the same few again and again. None of them is a person's own."""

_LOCALES: Final[dict[Language, str]] = {"id": "id_ID", "en": "en_GB"}


def read_moment(moment: str | datetime) -> datetime:
    """Return a time of the API."""
    return moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)


@lru_cache(KEPT)
def write_date(day: str | date, language: Language) -> str:
    """Return `Senin, 7 Desember 2026`."""
    read = day if isinstance(day, date) else date.fromisoformat(day[:10])
    return format_date(read, "EEEE, d MMMM y", locale=_LOCALES[language])


def write_birth_date(day: str | date, language: Language) -> str:
    """Return `12 Maret 1988`: a day long ago is written without its weekday."""
    read = day if isinstance(day, date) else date.fromisoformat(day[:10])
    return format_date(read, "d MMMM y", locale=_LOCALES[language])


@lru_cache(KEPT)
def write_short_date(day: str | date, language: Language) -> str:
    """Return `7 Des 2026`."""
    read = day if isinstance(day, date) else date.fromisoformat(day[:10])
    return format_date(read, "d MMM y", locale=_LOCALES[language])


@lru_cache(KEPT)
def write_moment(moment: str | datetime, language: Language, zone: str | None = None) -> str:
    """Return `Senin, 7 Desember 2026 pukul 09.30 WIB`, in the zone of an office or the capital's."""
    name = zone if zone in ZONE_NAMES else str(CAPITAL_ZONE)
    local = read_moment(moment).astimezone(ZoneInfo(name))
    pattern = "EEEE, d MMMM y 'pukul' HH.mm" if language == "id" else "EEEE, d MMMM y 'at' HH:mm"
    return f"{format_datetime(local, pattern, locale=_LOCALES[language])} {ZONE_NAMES[name]}"


@lru_cache(KEPT)
def write_clock(moment: str | datetime, language: Language, zone: str | None = None) -> str:
    """Return `09.30 WIB`."""
    name = zone if zone in ZONE_NAMES else str(CAPITAL_ZONE)
    local = read_moment(moment).astimezone(ZoneInfo(name))
    pattern = "HH.mm" if language == "id" else "HH:mm"
    return f"{format_time(local, pattern, locale=_LOCALES[language])} {ZONE_NAMES[name]}"


def write_rupiah(amount: int) -> str:
    """Return `Rp650.000`, as receipts of the treasury write it (no space, no decimals)."""
    return f"Rp{format_decimal(amount, locale='id_ID')}"
