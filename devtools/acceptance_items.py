"""The acceptance list: 100 ways in which such systems failed people, F1 to F82 and X1 to X18."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_suffix(".tsv")


@dataclass(frozen=True)
class Item:
    """One failure that was reported, and the requirement that ends it."""

    name: str
    failure: str
    requirement: str


@cache
def all_items() -> dict[str, Item]:
    """By name, in order."""
    with TABLE.open(newline="") as table:
        rows = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["item"]: Item(row["item"], row["failure"], row["requirement"]) for row in rows}


def is_item(name: str) -> bool:
    """True for F1..F82 and X1..X18."""
    return name in all_items()
