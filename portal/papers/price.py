"""The price of an application, out of the tariff of the day: the fee, a penalty for the book before, and the law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.papers.paper import said
from shared.http.language import Language


@dataclass(frozen=True)
class PriceLine:
    """One part of the price."""

    title: str
    amount: int


@dataclass(frozen=True)
class Price:
    """The price of an application, as far as it is known before the bill."""

    lines: tuple[PriceLine, ...]
    legal_basis: str
    waiver: str
    """The ground for which nothing is to pay, by its title; empty where none was named."""

    @property
    def total(self) -> int:
        """The sum."""
        return sum(line.amount for line in self.lines)


def read_price(tariff: Mapping[str, Any], answers: Mapping[str, Any], language: Language) -> Price:
    """Return the price of these answers: what the bill will say is billing's, which asks for the proof of a waiver."""
    wanted = (answers["passport_kind"], answers["validity_years"])
    fees = [fee for fee in tariff["fees"] if (fee["passport_kind"], fee["validity_years"]) == wanted]
    penalties = [penalty for penalty in tariff["penalties"] if penalty["reason"] == answers["reason"]]
    waivers = [zero for zero in tariff["zero_tariffs"] if zero["code"] == answers.get("zero_tariff")]
    return Price(
        tuple(PriceLine(said(row, "title", language), row["amount"]) for row in (*fees, *penalties)),
        tariff["legal_basis"],
        said(waivers[0], "title", language) if waivers else "",
    )
