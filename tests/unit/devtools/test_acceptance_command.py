"""Judging the acceptance list."""

from __future__ import annotations

from devtools.acceptance_command import Outcome, document, functions, judge, summary
from devtools.acceptance_items import all_items, is_item
from devtools.acceptance_plugin import worst


def line(test: str, outcome: str, *items: str) -> dict[str, object]:
    return {"test": test, "outcome": outcome, "items": list(items)}


def test_the_list_has_a_hundred_items_in_order() -> None:
    assert list(all_items()) == [f"F{number}" for number in range(1, 83)] + [f"X{number}" for number in range(1, 19)]
    assert all(item.failure and item.requirement for item in all_items().values())
    assert is_item("X18")
    assert not is_item("X19")


def test_an_item_is_proven_by_a_passed_test_and_lost_by_a_failed_one() -> None:
    lines = [
        line("a", "passed", "F1", "F2"),
        line("b", "failed", "F2"),
        line("c", "skipped", "F3"),
        line("d", "passed"),
    ]
    assert judge(["F1", "F2", "F3", "F4"], lines) == [
        Outcome("F1", "passed", ("a",)),
        Outcome("F2", "failed", ("a", "b")),
        Outcome("F3", "unproven", ("c",)),
        Outcome("F4", "unproven", ()),
    ]


def test_items_that_were_not_asked_for_are_left_out() -> None:
    assert judge(["F1"], [line("a", "passed", "F1", "F9")]) == [Outcome("F1", "passed", ("a",))]


def test_a_test_is_as_good_as_its_worst_phase() -> None:
    assert worst(["passed", "passed"]) == "passed"
    assert worst(["passed", "skipped"]) == "skipped"
    assert worst(["skipped", "failed", "passed"]) == "failed"


def test_the_document_lists_every_item_with_its_tests() -> None:
    outcomes = judge(list(all_items()), [line("tests/x.py::test_a", "passed", "F52")])
    text = document(outcomes)
    assert summary(outcomes) == "1 of 100 items proven"
    assert "**1 of 100 items proven.**" in text
    assert "| passed | `tests/x.py::test_a` |" in text
    assert sum(row.startswith(("| F", "| X")) for row in text.splitlines()) == 100


def test_a_function_with_many_cases_is_named_once() -> None:
    assert functions(["a.py::t[1]", "a.py::t[2]", "a.py::u"]) == ["a.py::t", "a.py::u"]
