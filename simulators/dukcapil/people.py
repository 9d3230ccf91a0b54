"""Invented people that the registry starts with: at least one per answer. None of them exists.

The answers 13 (not found) and 15 (malformed) have no person: UNKNOWN_NIK and MALFORMED_NIK cause them.
"""

from __future__ import annotations

from datetime import date

from simulators.dukcapil.registry import Person

UNKNOWN_NIK = "3174010101990099"
MALFORMED_NIK = "3174013213990001"

BUILT_IN: tuple[Person, ...] = (
    Person(
        nik="3174014502900001",
        full_name="SRI CONTOH LESTARI",
        birth_place="JAKARTA",
        birth_date=date(1990, 2, 5),
        sex="female",
        family_card_number="3174010101150001",
    ),
    Person(
        nik="3174011203880002",
        full_name="BUDI CONTOH SANTOSO",
        birth_place="BANDUNG",
        birth_date=date(1988, 3, 12),
        sex="male",
        family_card_number="3174010101150001",
    ),
    Person(
        nik="3174015006150003",
        full_name="PUTRI CONTOH SANTOSO",
        birth_place="JAKARTA",
        birth_date=date(2015, 6, 10),
        sex="female",
        family_card_number="3174010101150001",
    ),
    Person(
        nik="7371012008600001",
        full_name="DAENG CONTOH",
        birth_place="MAKASSAR",
        birth_date=date(1960, 8, 20),
        sex="male",
        family_card_number="7371010101100002",
    ),
    Person(
        nik="9171016511850001",
        full_name="MARIA CONTOH",
        birth_place="JAYAPURA",
        birth_date=date(1985, 11, 25),
        sex="female",
        family_card_number="9171010101120003",
    ),
    Person(
        nik="3273010107550001",
        full_name="ALMARHUM CONTOH",
        birth_place="BANDUNG",
        birth_date=date(1955, 7, 1),
        sex="male",
        family_card_number="3273010101050004",
        status="deceased",
    ),
    Person(
        nik="3578010909920001",
        full_name="GANDA CONTOH",
        birth_place="SURABAYA",
        birth_date=date(1992, 9, 9),
        sex="male",
        family_card_number="3578010101160005",
        status="duplicate",
    ),
    Person(
        nik="1271015512950001",
        full_name="NONAKTIF CONTOH",
        birth_place="MEDAN",
        birth_date=date(1995, 12, 15),
        sex="female",
        family_card_number="1271010101180006",
        status="inactive",
    ),
)
