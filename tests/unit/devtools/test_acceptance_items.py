"""The table of the acceptance list, and that tests are marked with what is on it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.acceptance_items import (
    TABLE,
    Proof,
    Target,
    all_clauses,
    all_items,
    fault_of_mark,
    read_proof,
)
from local_suite.home import PROJECT

SNAKE_CASE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def test_the_list_has_126_items_in_order_with_their_clauses() -> None:
    numbers = (("F", 82), ("X", 18), ("Y", 26))
    assert list(all_items()) == [f"{kind}{number}" for kind, last in numbers for number in range(1, last + 1)]
    for item in all_items().values():
        assert item.failure
        assert item.clauses
        assert {clause.item for clause in item.clauses} == {item.name}


def test_a_clause_has_a_short_name_of_its_own_and_a_sentence() -> None:
    rows = [row.split("\t") for row in TABLE.read_text().splitlines()[1:]]
    assert {len(row) for row in rows} == {5}
    assert {count for count in Counter((row[0], row[1]) for row in rows).values()} == {1}
    assert len(rows) == len(all_clauses())
    for clause in all_clauses().values():
        assert SNAKE_CASE.fullmatch(clause.name), clause.id
        assert len(clause.name) <= 30, clause.id
        assert clause.requirement.endswith((".", ".)")), clause.id
        assert (clause.target is not None) == (clause.proof is Proof.BENCH)


def test_a_proof_is_a_test_a_long_run_or_a_figure_with_its_target() -> None:
    assert read_proof("test") == (Proof.TEST, None)
    assert read_proof("long") == (Proof.LONG, None)
    assert read_proof("bench:calls.p95 <= 1 s") == (Proof.BENCH, Target("calls.p95", True, 1.0, "s"))
    assert read_proof("bench:load.minutes >= 10.5 min") == (Proof.BENCH, Target("load.minutes", False, 10.5, "min"))
    for wrong in ("bench", "bench:calls.p95", "bench:calls.p95 < 1 s", "demo", ""):
        with pytest.raises(ValueError):
            read_proof(wrong)


def test_a_target_is_met_at_its_edge() -> None:
    assert Target("a", True, 1.0, "s").is_met_by(1.0)
    assert not Target("a", True, 1.0, "s").is_met_by(1.01)
    assert Target("a", False, 1.0, "s").is_met_by(1.0)
    assert not Target("a", False, 1.0, "s").is_met_by(0.99)


def test_only_a_clause_may_stand_on_a_test() -> None:
    assert fault_of_mark("F82.audit") is None
    bare = fault_of_mark("F82")
    assert bare == (
        "'F82', which is a whole item; the clauses are F82.survey, F82.score, F82.audit, F82.append_only, F82.export"
    )
    assert "no clause of it; the clauses are F82.survey" in str(fault_of_mark("F82.pages"))
    assert fault_of_mark("F83.audit") == "'F83.audit', which is not on the acceptance list"


def names_on(path: Path) -> Iterator[str]:
    """Every name that an acceptance mark of this file carries."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.mark.acceptance", "acceptance"):
            for name in node.args:
                yield ast.literal_eval(name)


def test_every_mark_is_on_the_list() -> None:
    marked = {path: list(names_on(path)) for path in (PROJECT / "tests").rglob("*.py")}
    assert sum(map(len, marked.values())) > 400
    faults = {f"{path.name}: {fault_of_mark(name)}" for path, names in marked.items() for name in names}
    assert {fault for fault in faults if not fault.endswith(": None")} == set()
