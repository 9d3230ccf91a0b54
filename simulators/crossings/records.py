"""Border crossings of invented people: the same NIK always has the same journeys. Plain data, no clock."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.errors import SimulatorFull

MAX_PERSONS = 10_000
MOST_JOURNEYS = 4
PLACES = (
    "Bandara Soekarno-Hatta, Tangerang",
    "Bandara Ngurah Rai, Denpasar",
    "Pelabuhan Batam Centre, Batam",
    "PLBN Entikong, Sanggau",
    "PLBN Skouw, Jayapura",
)


@dataclass(frozen=True)
class Record:
    """One crossing: ``departure`` or ``arrival``."""

    direction: str
    at: datetime
    place: str


class Records:
    """The records of the border system; told entries take the place of invented ones."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[Record, ...]] = {}

    def tell(self, nik: str, records: Sequence[Record]) -> None:
        """Record these crossings of a person and no others."""
        if nik not in self._told and len(self._told) >= MAX_PERSONS:
            raise SimulatorFull(f"The border system holds at most {MAX_PERSONS} persons.")
        self._told[nik] = tuple(records)

    def find(self, nik: str, now: datetime) -> tuple[Record, ...]:
        """Return the crossings of a person, the newest first."""
        records = self._told[nik] if nik in self._told else invented(nik, now)
        return tuple(sorted(records, key=lambda record: record.at, reverse=True))

    def all(self) -> dict[str, tuple[Record, ...]]:
        """Return what was told."""
        return dict(self._told)

    def take_up(self, told: dict[str, tuple[Record, ...]]) -> None:
        """Know what was told before a restart."""
        self._told.update(told)


def invented(nik: str, now: datetime) -> tuple[Record, ...]:
    """Return up to `MOST_JOURNEYS` journeys there and back in the years before this one."""
    chance = random.Random(hashlib.sha256(nik.encode()).digest())
    year = now.year - 1
    records: list[Record] = []
    for back in range(chance.randint(0, MOST_JOURNEYS)):
        left = datetime(
            year - back, chance.randint(1, 11), chance.randint(1, 28), chance.randint(0, 23), tzinfo=now.tzinfo
        )
        place = chance.choice(PLACES)
        records += [
            Record("departure", left, place),
            Record("arrival", left + timedelta(days=chance.randint(2, 20)), place),
        ]
    return tuple(records)


def contradicting(records: Sequence[Record], now: datetime) -> tuple[Record, ...]:
    """Return the records with two arrivals in a row, one of them still to come."""
    return (
        Record("arrival", now + timedelta(days=3), PLACES[0]),
        Record("arrival", now - timedelta(days=1), PLACES[3]),
        *records,
    )
