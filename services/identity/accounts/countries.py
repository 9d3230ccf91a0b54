"""Countries that get codes by SMS: data/countries.csv, by calling code."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import phonenumbers


@dataclass(frozen=True)
class Country:
    """A country by its calling code. ``can_register``: an unknown number of it may open an account."""

    calling_code: str
    can_register: bool
    codes_per_day: int


@cache
def served_countries() -> Mapping[str, Country]:
    """Return the countries of the table by calling code."""
    source = resources.files("services.identity").joinpath("data", "countries.csv")
    lines = (line for line in source.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {
        row["calling_code"]: Country(row["calling_code"], row["registration"] == "yes", int(row["codes_per_day"]))
        for row in csv.DictReader(lines)
    }


def country_of(number: str) -> Country | None:
    """Return the country of an E.164 number, or None if it gets no SMS."""
    return served_countries().get(str(phonenumbers.parse(number).country_code))
