"""Invented holders of papers, and what their papers say of them.

Their NIKs begin with 98 or 99, which no province has, so that no living person has them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

REGIONS: Final = ("980101", "980203", "981405", "987102", "990102", "991104", "997103", "997308")
MEN: Final = (
    *("BUDI", "AGUS", "JOKO", "TONO", "EKO", "HADI", "RIZKY", "FAJAR", "DIMAS", "YOGA", "ANDRE", "BAYU", "GILANG"),
    *("HENDRA", "IRFAN", "KRISNA", "LUKMAN", "MARIO", "NANDA", "RAKA"),
)
WOMEN: Final = (
    *("SARI", "DEWI", "RINA", "MAYA", "LINA", "WATI", "PUTRI", "AYU", "INTAN", "KARTIKA", "MEGA", "NADIA", "RATNA"),
    *("SINTA", "TIARA", "VINA", "WULAN", "YULIA", "ZAHRA", "FITRI"),
)
LAST: Final = (
    *("CONTOH", "PERCOBAAN", "SIMULASI", "REKAAN", "LATIHAN", "MISALNYA", "UMPAMA", "TELADAN", "PRATAMA", "KHAYALI"),
    *("SANTOSA", "WIJAYA", "KUSUMA", "HIDAYAT", "NUGRAHA", "MAULANA", "PERMATA", "LESTARI", "ANGGARA", "SAPUTRA"),
)
PLACES: Final = ("KOTA CONTOH", "REKAAN", "UMPAMA BARU", "TELADAN", "MISALAN", "SUKA CIPTA", "MUARA KARANGAN", "TIRUAN")
PROVINCES: Final = ("CONTOH RAYA", "REKAAN BARAT", "REKAAN TIMUR", "KEPULAUAN UMPAMA")
STREETS: Final = ("MELATI", "KENANGA", "MAWAR", "CEMPAKA", "FLAMBOYAN", "ANGGREK", "DAHLIA", "TERATAI")
RELIGIONS: Final = ("ISLAM", "KRISTEN", "KATHOLIK", "HINDU", "BUDDHA", "KHONGHUCU")
JOBS: Final = ("KARYAWAN SWASTA", "WIRASWASTA", "GURU", "PERAWAT", "PETANI/PEKEBUN", "MENGURUS RUMAH TANGGA", "DOSEN")
SCHOOLING: Final = ("SLTA/SEDERAJAT", "DIPLOMA IV/STRATA I", "TAMAT SD/SEDERAJAT", "SLTP/SEDERAJAT", "STRATA II")
DAY_OF_WOMEN: Final = 40
ISSUED_UNTIL: Final = date(2026, 6, 30)
"""No paper of the samples is younger."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The facts of a person that are compared with what a paper shows; ``sex`` is male or female."""

    full_name: str
    nik: str
    birth_place: str
    birth_date: date
    sex: str
    family_card_number: str
    passport_number: str = ""


@dataclass(frozen=True, slots=True)
class Household:
    """The holder with the relatives and the address that the papers name."""

    holder: Holder
    father: Holder
    mother: Holder
    spouse: Holder
    children: tuple[Holder, ...]
    province: str
    regency: str
    district: str
    village: str
    street: str
    neighbourhood: str
    religion: str


def nik_of(region: str, birth_date: date, sex: str, serial: int) -> str:
    """Return the NIK: region, day of birth (plus 40 for women), month, year, serial from 1 to 9999."""
    day = birth_date.day + (DAY_OF_WOMEN if sex == "female" else 0)
    return f"{region}{day:02d}{birth_date:%m%y}{serial:04d}"


def invent_holder(
    chance: random.Random, *, born: tuple[int, int] = (1960, 2007), sex: str = "", family_card_number: str = ""
) -> Holder:
    """Return an invented person who was born in one of these years."""
    sex = sex or chance.choice(("male", "female"))
    birth_date = date(born[0], 1, 1) + timedelta(days=chance.randrange(365 * (born[1] - born[0] + 1)))
    region = chance.choice(REGIONS)
    first = chance.choice(MEN if sex == "male" else WOMEN)
    last = chance.sample(LAST, chance.choice((1, 2, 2)))
    return Holder(
        full_name=" ".join((first, *last)),
        nik=nik_of(region, birth_date, sex, chance.randint(1, 9999)),
        birth_place=chance.choice(PLACES),
        birth_date=birth_date,
        sex=sex,
        family_card_number=family_card_number
        or f"{region}{chance.randint(1, 28):02d}0715{chance.randint(1, 9999):04d}",
        passport_number=f"{chance.choice('ABCEX')}{chance.randint(1_000_000, 9_999_999)}",
    )


def invent_household(holder: Holder, chance: random.Random) -> Household:
    """Return relatives of a holder, all on the holder's family card, and an invented address."""
    year, card = holder.birth_date.year, holder.family_card_number
    other_sex = "female" if holder.sex == "male" else "male"
    return Household(
        holder=holder,
        father=invent_holder(chance, born=(year - 36, year - 26), sex="male", family_card_number=card),
        mother=invent_holder(chance, born=(year - 32, year - 24), sex="female", family_card_number=card),
        spouse=invent_holder(chance, born=(year - 3, year + 3), sex=other_sex, family_card_number=card),
        children=tuple(
            invent_holder(chance, born=(year + 22 + 2 * number, year + 23 + 2 * number), family_card_number=card)
            for number in range(chance.randint(1, 3))
        ),
        province=chance.choice(PROVINCES),
        regency=f"{chance.choice(('KOTA', 'KABUPATEN'))} {chance.choice(PLACES)}",
        district=f"{chance.choice(STREETS)} {chance.choice(('UTARA', 'SELATAN', 'JAYA'))}",
        village=f"{chance.choice(('SUKA', 'KARANG', 'TANJUNG'))} {chance.choice(STREETS)}",
        street=f"JL. {chance.choice(STREETS)} NO. {chance.randint(1, 199)}",
        neighbourhood=f"{chance.randint(1, 20):03d}/{chance.randint(1, 15):03d}",
        religion=chance.choice(RELIGIONS),
    )


def mistype_nik(holder: Holder, chance: random.Random) -> Holder:
    """Return the holder with one digit of the NIK's serial wrong, or two neighbours of it exchanged, as fingers do."""
    digits = list(holder.nik)
    place = chance.randrange(12, 15)
    if chance.random() < 0.5 and digits[place] != digits[place + 1]:
        digits[place], digits[place + 1] = digits[place + 1], digits[place]
    else:
        digits[place] = str((int(digits[place]) + chance.randint(1, 9)) % 10)
    return replace(holder, nik="".join(digits))


def invent_day(chance: random.Random, earliest: date, latest: date = ISSUED_UNTIL) -> date:
    """Return a day of that span, both included; the earliest where the span is empty."""
    return earliest + timedelta(days=chance.randint(0, max(0, (latest - earliest).days)))
