"""Offices: reference data. An applicant may choose any of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

ZONES: Final = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
"""The three Indonesian zones (UTC+7, +8, +9) and their IANA names."""

_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Office:
    """One immigration office."""

    office_id: str
    name: str
    office_class: str
    """``I Khusus``, ``I``, ``II`` or ``III``."""
    checkpoint: bool
    """Whether it has a border checkpoint (TPI)."""
    city: str
    regency_code: str
    province: str
    zone: str
    """``WIB``, ``WITA`` or ``WIT``."""
    timezone: str
    """IANA name."""
    address: str | None = None
    telephone: str | None = None
    """Of the office itself, as E.164. Address, telephone and position are facts that its head keeps."""
    latitude: float | None = None
    longitude: float | None = None
    working_area: tuple[str, ...] = ()
    """Regencies and towns that it serves: a help to find it, an applicant may choose any office."""


def slug(name: str) -> str:
    """Return the id of an office of that name: ``Jakarta Selatan`` is ``jakarta-selatan``."""
    return _NOT_A_LETTER.sub("-", name.lower()).strip("-")


def office_from_row(row: dict[str, str], working_area: tuple[str, ...] = ()) -> Office:
    """Return the office that one row of the reference table describes."""
    return Office(
        office_id=slug(row["name"]),
        name=row["name"],
        office_class=row["class"],
        checkpoint=row["tpi"] == "TPI",
        city=row["city_regency"],
        regency_code=row["regency_code"],
        province=row["province"],
        zone=row["timezone"],
        timezone=ZONES[row["timezone"]],
        working_area=working_area,
    )


def fits_search(office: Office, *, province: str | None, timezone: str | None, text: str | None) -> bool:
    """Return whether the office fits a search: each given part must fit, in any case of letters."""
    return (
        (province is None or province.casefold() == office.province.casefold())
        and (timezone is None or timezone.casefold() in (office.zone.casefold(), office.timezone.casefold()))
        and (text is None or serves(office, text))
    )


def serves(office: Office, text: str) -> bool:
    """Return whether the text is part of the name of the office, its town or a regency or town that it serves."""
    return any(text.casefold() in part.casefold() for part in (office.name, office.city, *office.working_area))
