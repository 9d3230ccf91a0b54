"""Invented people with valid NIKs, and the pictures that they upload."""

from __future__ import annotations

import functools
import io
import random
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from PIL import Image, ImageDraw

_FIRST: Final = ("Sari", "Budi", "Dewi", "Agus", "Rina", "Joko", "Maya", "Tono", "Lina", "Eko", "Wati", "Hadi")
_LAST: Final = ("Contoh", "Percobaan", "Simulasi", "Rekaan", "Latihan", "Misalnya")
_REGENCIES: Final = ("317401", "317301", "327301", "357801", "127101", "737101")
_DAY_OF_WOMEN: Final = 40


@dataclass(frozen=True)
class Person:
    """An invented person; the NIK follows the real form."""

    full_name: str
    nik: str
    birth_place: str
    birth_date: date
    sex: str
    email: str
    phone: str
    family_card_number: str

    def as_registered(self) -> dict[str, str]:
        """Return the record of this person in the simulated civil registry."""
        return {
            "nik": self.nik,
            "full_name": self.full_name,
            "birth_place": self.birth_place,
            "birth_date": self.birth_date.isoformat(),
            "sex": self.sex,
            "family_card_number": self.family_card_number,
        }

    def as_applicant(self, guardian_applicant_id: str | None = None) -> dict[str, str]:
        """Return the fields of the applicant form."""
        typed = self.as_registered()
        return typed | ({"guardian_applicant_id": guardian_applicant_id} if guardian_applicant_id else {})


@dataclass
class People:
    """Makes as many different people as wanted from one seed."""

    chance: random.Random = field(default_factory=random.Random)

    def adult(self) -> Person:
        """Return a person between 20 and 60."""
        return self._person(self._day(1966, 2005))

    def child(self) -> Person:
        """Return a person between 3 and 10."""
        return self._person(self._day(2016, 2022))

    def _day(self, first_year: int, last_year: int) -> date:
        return date(self.chance.randint(first_year, last_year), self.chance.randint(1, 12), self.chance.randint(1, 28))

    def _person(self, born: date) -> Person:
        sex = self.chance.choice(("male", "female"))
        day = born.day + (_DAY_OF_WOMEN if sex == "female" else 0)
        region = self.chance.choice(_REGENCIES)
        tag = f"{self.chance.getrandbits(48):012x}"
        return Person(
            full_name=f"{self.chance.choice(_FIRST)} {self.chance.choice(_LAST)} {self.chance.choice(_LAST)}",
            nik=f"{region}{day:02d}{born:%m%y}{self.chance.randint(1, 9999):04d}",
            birth_place="Jakarta",
            birth_date=born,
            sex=sex,
            email=f"warga.{tag}@contoh.example",
            phone=f"+62811{self.chance.randint(1000000, 9999999)}",
            family_card_number=f"{region}010115{self.chance.randint(1, 9999):04d}",
        )


def placeholder(requirement: str, _person: Person) -> bytes:
    """Return a picture that only names what it stands for, where no machine reads papers."""
    return picture(requirement)


@functools.cache
def picture(title: str, *, width: int = 1000, height: int = 640, image_format: str = "JPEG") -> bytes:
    """A real, upright picture that names what it stands for."""
    image = Image.new("RGB", (width, height), (236, 240, 245))
    draw = ImageDraw.Draw(image)
    draw.rectangle((30, 30, width - 30, height - 30), outline=(60, 90, 140), width=6)
    draw.text((80, 80), f"CONTOH - {title.upper()}", fill=(20, 30, 60))
    for line in range(8):
        draw.line((80, 180 + line * 45, width - 80 - line * 30, 180 + line * 45), fill=(120, 130, 150), width=8)
    buffer = io.BytesIO()
    image.save(buffer, image_format, quality=85)
    return buffer.getvalue()
