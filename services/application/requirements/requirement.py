"""The one rule set from which both come: what an applicant is shown, and what a submission is refused for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from services.application.requirements.answers import Answers
from services.application.texts import Text

Facts = Mapping[str, str | int | bool | None]
"""The facts that conditions are read against: the answers by their question's name, and ``minor``."""

Condition = Mapping[str, tuple[str | int | bool, ...]]
"""All of the named facts must have one of the values; an empty condition always holds."""


class Need(StrEnum):
    """How compulsory a listed item is."""

    REQUIRED = "required"
    CONDITIONAL = "conditional"
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Requirement:
    """One item with the law behind it.

    ``scope`` (and not ``unless``) says in which cases it is listed at all; for a conditional item ``when`` says in
    which of them it is compulsory, and ``condition`` says so in words. Of the papers in ``accepts`` one is enough.
    It is in force from ``effective_from`` to ``effective_to``, both days included.
    """

    code: str
    title: Text
    need: Need
    legal_basis: str
    effective_from: date
    help: Text
    effective_to: date | None = None
    scope: Condition = field(default_factory=dict)
    unless: Condition | None = None
    when: Condition = field(default_factory=dict)
    condition: Text | None = None
    accepts: tuple[str, ...] = ()
    original_shown: bool = True
    """Whether the officer must see the original at the interview."""
    form: bool = False
    """Whether there is a form to fill in and sign."""
    example: str | None = None
    """The drawing of how a picture of it should look, by its name in `data/paper_examples`."""
    shared_in_family: Mapping[str, str] = field(default_factory=dict)
    """Names of this item under which a family member's picture may be used, each with the paper that it is."""

    def in_force(self, on: date) -> bool:
        """Whether the item exists on that day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    def names(self) -> tuple[str, ...]:
        """The codes under which a document for this item may be uploaded."""
        return (self.code, *self.accepts)


@dataclass(frozen=True)
class Question:
    """One question of the questionnaire: ``choices`` are its values, none for yes or no."""

    name: str
    title: Text
    choices: tuple[str, ...] = ()
    compulsory: bool = False
    scope: Condition = field(default_factory=dict)


@dataclass(frozen=True)
class RuleSet:
    """All questions and requirements, of all times, and the statement that an applicant confirms before paying."""

    version: str
    questions: tuple[Question, ...]
    requirements: tuple[Requirement, ...]
    not_refundable: Text
    not_refundable_basis: str


@dataclass(frozen=True)
class Listed:
    """An item as one applicant sees it on one day; a submission without a compulsory one is refused."""

    requirement: Requirement
    compulsory: bool

    @property
    def code(self) -> str:
        """The item's code."""
        return self.requirement.code


def facts_of(answers: Answers, *, minor: bool) -> Facts:
    """The answers as conditions see them."""
    return {
        "minor": minor,
        "has_held_passport": answers.has_held_passport,
        "reason": answers.reason.value,
        "passport_kind": answers.passport_kind.value,
        "validity_years": answers.validity_years,
        "purpose": answers.purpose.value,
        "zero_tariff": answers.zero_tariff.value if answers.zero_tariff else None,
        "married": answers.married,
        "name_changed": answers.name_changed,
        "naturalised": answers.naturalised,
        "old_passport_since_2009": answers.old_passport_since_2009,
        "parent_has_passport": answers.parent_has_passport,
    }


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether every named fact has one of its values; a fact that is not given has none."""
    return all(facts.get(name) in values for name, values in condition.items())


def checklist(rules: RuleSet, facts: Facts, on: date) -> tuple[Listed, ...]:
    """Every item of this case on this day, in the rule set's order."""
    return tuple(
        Listed(requirement, _is_compulsory(requirement, facts))
        for requirement in rules.requirements
        if requirement.in_force(on) and _is_listed(requirement, facts)
    )


def missing(items: Collection[Listed], present: Collection[str]) -> tuple[Listed, ...]:
    """The compulsory items that are not there; none means that a submission succeeds."""
    return tuple(item for item in items if item.compulsory and item.code not in present)


def find_item(items: Collection[Listed], name: str) -> Listed | None:
    """The listed item that a document of this name is for, by its own code or by one of the papers it accepts."""
    by_code = (item for item in items if item.code == name)
    by_paper = (item for item in items if name in item.requirement.accepts)
    return next(by_code, None) or next(by_paper, None)


def shared_paper(requirement: Requirement, name: str) -> str | None:
    """Return which paper of a family a document of this name is; None if it is one person's own."""
    return requirement.shared_in_family.get(name)


def _is_listed(requirement: Requirement, facts: Facts) -> bool:
    excepted = requirement.unless is not None and holds(requirement.unless, facts)
    return holds(requirement.scope, facts) and not excepted


def _is_compulsory(requirement: Requirement, facts: Facts) -> bool:
    if requirement.need is Need.CONDITIONAL:
        return holds(requirement.when, facts)
    return requirement.need is Need.REQUIRED


CAPITAL_ZONE: Final = "Asia/Jakarta"


def day_at_capital(moment: datetime) -> date:
    """The day in Jakarta: rules change at its midnight."""
    return moment.astimezone(ZoneInfo(CAPITAL_ZONE)).date()
