"""The acceptance list: 126 ways in which such systems failed people, each ended by clauses that hold or fail alone.

The table has one row for each clause. Its proof is `test` (a test that carries the clause passes), `long` (the same,
but in `./paspor test --long`) or `bench:NAME <= NUMBER UNIT` (that figure of `./paspor bench`; also `>=`).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_suffix(".tsv")
_FIGURE: Final = re.compile(r"bench:(?P<name>\S+) (?P<sign><=|>=) (?P<limit>\d+(?:\.\d+)?) (?P<unit>\S+)")


class Proof(StrEnum):
    """Proof of a clause."""

    TEST = "test"
    LONG = "long"
    BENCH = "bench"


@dataclass(frozen=True)
class Target:
    """The figure that a clause asks for: at most or at least so much, in its unit."""

    figure: str
    at_most: bool
    limit: float
    unit: str

    def is_met_by(self, value: float) -> bool:
        """Return whether a measured value, in the target's unit, reaches it."""
        return value <= self.limit if self.at_most else value >= self.limit


@dataclass(frozen=True)
class Clause:
    """A part of an item's requirement that can hold or fail by itself."""

    item: str
    name: str
    requirement: str
    proof: Proof
    target: Target | None = None
    """The figure to reach; only for a proof by bench."""

    @property
    def id(self) -> str:
        """The mark of its tests, as `F82.audit`."""
        return f"{self.item}.{self.name}"


@dataclass(frozen=True)
class Item:
    """One failure that was reported, and the clauses that end it."""

    name: str
    failure: str
    clauses: tuple[Clause, ...]


@cache
def all_items() -> dict[str, Item]:
    """Return the items by name, in order."""
    failures: dict[str, str] = {}
    clauses: dict[str, list[Clause]] = {}
    with TABLE.open(newline="") as table:
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            failures.setdefault(row["item"], row["failure"])
            proof, target = read_proof(row["proof"])
            clause = Clause(row["item"], row["clause"], row["requirement"], proof, target)
            clauses.setdefault(row["item"], []).append(clause)
    return {name: Item(name, failure, tuple(clauses[name])) for name, failure in failures.items()}


@cache
def all_clauses() -> dict[str, Clause]:
    """Return the clauses of all items by id, in order."""
    return {clause.id: clause for item in all_items().values() for clause in item.clauses}


def clauses_named(name: str) -> tuple[Clause, ...]:
    """Return the clauses of an item (`F82`) or the one clause (`F82.audit`); none for a name that is not listed."""
    if name in all_items():
        return all_items()[name].clauses
    return (all_clauses()[name],) if name in all_clauses() else ()


def fault_of_mark(name: str) -> str | None:
    """Return what is wrong with the name that a test carries, as the end of a sentence; none for a clause."""
    if name in all_clauses():
        return None
    item = all_items().get(name.partition(".")[0])
    if item is None:
        return f"{name!r}, which is not on the acceptance list"
    kind = "a whole item" if name == item.name else "no clause of it"
    return f"{name!r}, which is {kind}; the clauses are {', '.join(clause.id for clause in item.clauses)}"


def read_proof(text: str) -> tuple[Proof, Target | None]:
    """Return the proof that stands in the table, and its target where it is a figure.

    Raises:
        ValueError: it is none of the three forms.
    """
    found = _FIGURE.fullmatch(text)
    if found is None:
        proof = Proof(text)
        if proof is Proof.BENCH:
            raise ValueError("a proof by bench names its figure and target")
        return proof, None
    return Proof.BENCH, Target(found["name"], found["sign"] == "<=", float(found["limit"]), found["unit"])
