"""Texts for a refused applicant: the reason in words, the rule it rests on and the ways of redress. Data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from services.application.applications.application import Application, Status

DATA: Final = Path(__file__).parents[1] / "data" / "refusals.toml"
OTHER: Final = "other"
REFUND_GUIDE: Final = "/v1/refund-guide"
"""Billing's public page; every paid application links to it."""


@dataclass(frozen=True)
class Grounds:
    """Why an application was refused, in words and by rule."""

    code: str
    rule: str
    reason: str
    reason_id: str


@dataclass(frozen=True)
class Redress:
    """One way to have a refusal looked at again."""

    code: str
    rule: str
    text: str
    text_id: str
    link: str | None = None


@cache
def grounds() -> tuple[Grounds, ...]:
    """Every ground that has its own words; the last one speaks for all others."""
    return tuple(Grounds(**row) for row in tomllib.loads(DATA.read_text("utf-8"))["refusal"])


def ground_codes() -> tuple[str, ...]:
    """Return the codes by which a refusal can be told."""
    return tuple(ground.code for ground in grounds())


@cache
def ways() -> tuple[Redress, ...]:
    """The ways of redress, in the order in which they are tried."""
    return tuple(Redress(**row) for row in tomllib.loads(DATA.read_text("utf-8"))["redress"])


def grounds_of(application: Application) -> tuple[str, Grounds] | None:
    """The code that was recorded and what it means; None where the application was not refused."""
    if application.status is not Status.REFUSED:
        return None
    code = (application.interview.reason_code if application.interview else None) or OTHER
    by_code = {ground.code: ground for ground in grounds()}
    return code, by_code.get(code, by_code[OTHER])
