"""Invented people for a trial: each is made of a word, so that the same address shows the same person again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

_FIRST: Final = {
    "female": ("Sari", "Dewi", "Rina", "Maya", "Lina", "Wati"),
    "male": ("Budi", "Agus", "Joko", "Tono", "Eko", "Hadi"),
}
_LAST: Final = ("Contoh", "Percobaan", "Simulasi", "Rekaan", "Latihan", "Misalnya")
_REGENCIES: Final = {"317401": "Jakarta", "327301": "Bandung", "357801": "Surabaya", "737101": "Makassar"}
_DAY_OF_WOMEN: Final = 40
"""Added to the day of birth in a woman's NIK."""


@dataclass(frozen=True)
class Person:
    """An invented person; the NIK follows the real form."""

    full_name: str
    nik: str
    birth_place: str
    birth_date: date
    sex: str
    family_card_number: str

    def as_registered(self) -> dict[str, Any]:
        """Return the person's record in the simulated civil registry."""
        return {
            "nik": self.nik,
            "full_name": self.full_name.upper(),
            "birth_place": self.birth_place.upper(),
            "birth_date": self.birth_date.isoformat(),
            "sex": self.sex,
            "family_card_number": self.family_card_number,
        }


@dataclass(frozen=True)
class Family:
    """An adult and a child of one family card, with addresses that reach the trial's mailbox and SMS box."""

    adult: Person
    child: Person
    email: str
    phone: str


def invent_family(word: str) -> Family:
    """Return the family of this word."""
    chance = random.Random(word)  # noqa: S311 - an example, no secret
    region = chance.choice(sorted(_REGENCIES))
    card = f"{region}010115{chance.randint(1, 9999):04d}"
    surname = f"{chance.choice(_LAST)} {chance.choice(_LAST)}"
    adult = _invent(chance, region, surname, card, (1970, 2000))
    child = _invent(chance, region, surname, card, (2014, 2021))
    return Family(adult, child, f"warga.{word[:8]}@contoh.example", f"0811{chance.randint(1_000_000, 9_999_999)}")


def _invent(chance: random.Random, region: str, surname: str, card: str, years: tuple[int, int]) -> Person:
    born = date(chance.randint(*years), chance.randint(1, 12), chance.randint(1, 28))
    sex = chance.choice(("female", "male"))
    day = born.day + (_DAY_OF_WOMEN if sex == "female" else 0)
    nik = f"{region}{day:02d}{born:%m%y}{chance.randint(1, 9999):04d}"
    return Person(f"{chance.choice(_FIRST[sex])} {surname}", nik, _REGENCIES[region], born, sex, card)
