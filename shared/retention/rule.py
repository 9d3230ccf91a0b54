"""Retention rules: what is kept where, from when, how long, on which ground, and how it ends. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

EVERY_SERVICE = "every"
"""The service of a rule that holds in all services that keep such data."""


class RuleMissing(Exception):
    """No rule of that name is in force on that day: the data are not touched."""


class Ending(StrEnum):
    """Ways in which data under a rule end; an erasure order ends them too, unless ``binds`` or a hold is against it."""

    SWEEP = "sweep"
    """The retention job, once their time is over."""
    DEADLINE = "deadline"
    """A deadline or an expiry of their own."""
    LEAVING = "leaving"
    """Only the order to erase the person."""
    NEVER = "never"
    """Nothing: ids, codes and amounts that identify by themselves no person."""


class ErasingWay(StrEnum):
    """Ways of erasing."""

    REMOVE_DOCUMENT = "remove document"
    REMOVE_FIELDS = "remove fields"
    DESTROY_KEY = "destroy key"
    NOTHING = "nothing"


@dataclass(frozen=True)
class RetentionRule:
    """One rule, as it holds from ``valid_from`` on, until a later one of its name takes its place."""

    name: str
    service: str
    collections: tuple[str, ...]
    data: str
    starts: str
    """The start of the clock, in words."""
    keep: timedelta
    ending: Ending
    erasing: tuple[ErasingWay, ...]
    binds: bool
    """Whether the data are kept for their whole time against an erasure order as well."""
    ground: str
    source: str
    """The article, or ``design`` where no period was found in law."""
    valid_from: date

    def ends_at(self, starts_at: datetime) -> datetime:
        """Return the first moment at which data whose clock started then are over their time."""
        return starts_at + self.keep

    def is_over(self, starts_at: datetime, now: datetime) -> bool:
        """Return whether their time is over; the very moment counts as over."""
        return now >= self.ends_at(starts_at)


@dataclass(frozen=True)
class RuleBook:
    """All rules, past, present and future."""

    rules: tuple[RetentionRule, ...]

    def rule(self, name: str, on: date) -> RetentionRule:
        """Return the rule of that name in force on that day.

        Raises:
            RuleMissing: there is none.
        """
        known = [rule for rule in self.rules if rule.name == name and rule.valid_from <= on]
        if not known:
            raise RuleMissing(f"no retention rule {name} is in force on {on.isoformat()}")
        return max(known, key=lambda rule: rule.valid_from)

    def in_force(self, on: date, service: str | None = None) -> tuple[RetentionRule, ...]:
        """Return the rules in force on that day, of one service or of all, in the order of the book."""
        wanted = [rule for rule in self.rules if service is None or rule.service in (service, EVERY_SERVICE)]
        names = dict.fromkeys(rule.name for rule in wanted if rule.valid_from <= on)
        return tuple(self.rule(name, on) for name in names)

    def with_periods(self, periods: Mapping[str, timedelta]) -> RuleBook:
        """Return the book with other periods for these rules: what an installation has set.

        Raises:
            RuleMissing: a name is that of no rule.
        """
        unknown = sorted(set(periods) - {rule.name for rule in self.rules})
        if unknown:
            raise RuleMissing(f"there is no retention rule {', '.join(unknown)}")
        return RuleBook(tuple(replace(rule, keep=periods.get(rule.name, rule.keep)) for rule in self.rules))


def rules_from(rows: Iterable[Mapping[str, Any]]) -> RuleBook:
    """Return the book of the rows of a parsed ``rules.toml``."""
    return RuleBook(tuple(_rule(row) for row in rows))


def _rule(row: Mapping[str, Any]) -> RetentionRule:
    return RetentionRule(
        name=row["name"],
        service=row["service"],
        collections=tuple(row["collections"]),
        data=row["data"],
        starts=row["starts"],
        keep=timedelta(days=row["keep_days"]),
        ending=Ending(row["ending"]),
        erasing=tuple(ErasingWay(way) for way in row["erasing"]),
        binds=row["binds"],
        ground=row["ground"],
        source=row["source"],
        valid_from=row["valid_from"],
    )
