"""The questions as one person gets them, their answers, and what these cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal.web.forms import Form, read_whole_number

Answer = Mapping[str, Any]
"""A question, a tariff or an application as its service answers it."""

NONE: Final = "none"
"""Chosen where no ground of a choice holds."""

_OF_CHILDREN: Final = frozenset({"parent_has_passport"})
_OF_ADULTS: Final = frozenset({"naturalised", "old_passport_since_2009"})
_WHOLE_NUMBERS: Final = frozenset({"validity_years"})
_YES_NO: Final = "yes_or_no"


@dataclass(frozen=True)
class Priced:
    """The cost of an application: lines of title and amount, and the ground that frees from one of them."""

    lines: tuple[tuple[Answer, int], ...]
    waived_by: Answer | None

    @property
    def total(self) -> int:
        """The sum, in rupiah."""
        return sum(amount for _title, amount in self.lines)


def list_questions(questions: Sequence[Answer], *, minor: bool) -> list[Answer]:
    """Return the questions that a child, or an adult, is asked."""
    of_others = _OF_ADULTS if minor else _OF_CHILDREN
    return [question for question in questions if question["name"] not in of_others]


def list_unanswered(questions: Sequence[Answer], form: Form) -> list[str]:
    """Return the compulsory questions without an answer."""
    return [question["name"] for question in questions if question["compulsory"] and not form.text(question["name"])]


def read_answers(questions: Sequence[Answer], form: Form) -> dict[str, Any]:
    """Return the body of the answers; what was not answered is left out and counts as no."""
    body: dict[str, Any] = {}
    for question in questions:
        name, text = question["name"], form.text(question["name"])
        if not text or text == NONE:
            continue
        if question["kind"] == _YES_NO:
            body[name] = form.flag(name)
        else:
            number = read_whole_number(text) if name in _WHOLE_NUMBERS else None
            body[name] = text if number is None else number
    return body


def write_answers(questions: Sequence[Answer], answers: Answer | None) -> dict[str, str]:
    """Return the answers as the fields of the form hold them."""
    if answers is None:
        return {}
    return {question["name"]: _written(question, answers.get(question["name"])) for question in questions}


def _written(question: Answer, value: Any) -> str:
    if question["kind"] == _YES_NO:
        return "yes" if value else "no"
    return NONE if value is None else str(value)


def price(answers: Answer, tariff: Answer) -> Priced:
    """Return what the fee and the penalty will be by the tariff of today; the bill decides."""
    kind, years = answers["passport_kind"], answers["validity_years"]
    zero = next((row for row in tariff["zero_tariffs"] if row["code"] == answers.get("zero_tariff")), None)
    is_free = zero is not None and kind in zero["passport_kinds"]
    waived = zero["waives"] if zero is not None and is_free else None
    fees = [row for row in tariff["fees"] if (row["passport_kind"], row["validity_years"]) == (kind, years)]
    penalties = [row for row in tariff["penalties"] if row["reason"] == answers["reason"]]
    rows = [(row, "fee") for row in fees] + [(row, "penalty") for row in penalties]
    lines = tuple((row, 0 if part == waived else row["amount"]) for row, part in rows)
    return Priced(lines, zero if is_free else None)


def tabulate_fees(tariff: Answer) -> dict[str, dict[int, int]]:
    """Return the amount for each kind of passport and validity in years."""
    table: dict[str, dict[int, int]] = {}
    for row in tariff["fees"]:
        table.setdefault(row["passport_kind"], {})[row["validity_years"]] = row["amount"]
    return table
