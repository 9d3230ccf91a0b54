"""The rules as they are shipped, and the table in which people read them."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib import resources

from shared.retention.rule import Ending, RetentionRule, RuleBook, rules_from


@cache
def shipped_rules() -> RuleBook:
    """Return the rules of ``rules.toml``."""
    text = resources.files("shared.retention").joinpath("rules.toml").read_text(encoding="utf-8")
    return rules_from(tomllib.loads(text)["rule"])


def rules_table(book: RuleBook, on: date) -> str:
    """Return the rules in force on that day as a table in Markdown, one line each."""
    head = "| rule | where | what | kept | ends by | against an order | ground |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *map(_line, book.in_force(on))])


def _line(rule: RetentionRule) -> str:
    where = f"{rule.service}: {', '.join(rule.collections)}"
    against = "kept for its time" if rule.binds else "erased"
    ending = f"{rule.ending}: {', '.join(rule.erasing)}"
    ground = f"{rule.ground} ({rule.source})"
    if rule.ending is Ending.NEVER:
        against, ending = "kept", "nothing"
    return f"| {rule.name} | {where} | {rule.data} | {_period(rule)} | {ending} | {against} | {ground} |"


def _period(rule: RetentionRule) -> str:
    return f"{rule.keep.days} days from {rule.starts}" if rule.keep else f"until {rule.starts}"
