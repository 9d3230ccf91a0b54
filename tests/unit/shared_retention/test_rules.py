"""Rules are dated, have a ground and a source, and count from the very moment their time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from shared.events.subscriptions import SERVICES
from shared.retention.rule import EVERY_SERVICE, Ending, ErasingWay, RuleBook, RuleMissing
from shared.retention.rule_book import rules_table, shipped_rules
from tests.conftest import START
from tests.unit.shared_retention.world import KEEP, RULE

MOMENT = timedelta(milliseconds=1)


def test_the_very_moment_counts_as_over() -> None:
    assert RULE.ends_at(START) == START + KEEP
    assert not RULE.is_over(START, START + KEEP - MOMENT)
    assert RULE.is_over(START, START + KEEP)


def test_a_rule_changes_on_its_day() -> None:
    later = replace(RULE, keep=timedelta(days=7), valid_from=date(2027, 3, 1))
    book = RuleBook((RULE, later))
    assert book.rule("things", date(2027, 2, 28)).keep == KEEP
    assert book.rule("things", date(2027, 3, 1)).keep == timedelta(days=7)
    assert [rule.keep for rule in book.in_force(date(2027, 3, 1))] == [timedelta(days=7)]


def test_before_its_first_day_a_rule_touches_nothing() -> None:
    with pytest.raises(RuleMissing, match="things is in force on 2025-12-31"):
        RuleBook((RULE,)).rule("things", date(2025, 12, 31))
    assert RuleBook((RULE,)).in_force(date(2025, 12, 31)) == ()


def test_a_service_sees_its_own_rules_and_those_of_all() -> None:
    other, every = replace(RULE, name="b", service="billing"), replace(RULE, name="c", service=EVERY_SERVICE)
    book = RuleBook((RULE, other, every))
    assert [rule.name for rule in book.in_force(date(2026, 6, 1), "billing")] == ["b", "c"]
    assert len(book.in_force(date(2026, 6, 1))) == 3


def test_an_installation_sets_other_periods() -> None:
    book = RuleBook((RULE,)).with_periods({"things": timedelta(days=1)})
    assert book.rule("things", date(2026, 6, 1)).keep == timedelta(days=1)
    with pytest.raises(RuleMissing, match="no retention rule thing, think"):
        RuleBook((RULE,)).with_periods({"think": KEEP, "thing": KEEP})


@pytest.mark.parametrize("rule", shipped_rules().rules, ids=lambda rule: rule.name)
def test_every_shipped_rule_says_why(rule: object) -> None:
    assert isinstance(rule, type(RULE))
    assert rule.ground and rule.source and rule.starts and rule.collections
    assert rule.service in (*SERVICES, EVERY_SERVICE)
    assert rule.source == "design" or "art." in rule.source
    assert (rule.ending is Ending.NEVER) <= (rule.erasing == (ErasingWay.NOTHING,))
    assert (rule.ending is Ending.LEAVING) == (rule.keep == timedelta(0))


def test_the_table_has_a_line_for_each_rule() -> None:
    table = rules_table(shipped_rules(), date(2026, 12, 1)).splitlines()
    assert len(table) == 2 + len(shipped_rules().in_force(date(2026, 12, 1)))
    assert any("issued_passports" in line and "3653 days" in line and "kept for its time" in line for line in table)
    assert any("contact_cards" in line and "until the person leaves" in line for line in table)
