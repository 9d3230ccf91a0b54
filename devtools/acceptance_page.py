"""docs/acceptance.md, and the words in which `./paspor acceptance` tells what is proven and what is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from devtools.acceptance_items import Clause, Proof, all_clauses, all_items
from devtools.acceptance_judge import ClauseOutcome, Outcome
from devtools.acceptance_plugin import PASSED

HEAD = """# Acceptance list

What failed people in passport applications before, the clauses that end it here, and what proves each clause.
Written by `./paspor acceptance`; do not edit. A test carries a clause, as `@pytest.mark.acceptance("F52.one_run")`,
if it would fail when the clause does not hold. An item is proven when all its clauses are. Some clauses are proven by
a figure of `./paspor bench` or by `./paspor test --long`, on the same commit. A clause without proof is missing.
"""


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the count, as `21 of 126 items proven, 210 of 532 clauses`."""
    items = sum(outcome.result == PASSED for outcome in outcomes)
    clauses = sum(clause.result == PASSED for outcome in outcomes for clause in outcome.clauses)
    return f"{items} of {len(all_items())} items proven, {clauses} of {len(all_clauses())} clauses"


def clauses_with(outcome: Outcome, result: str) -> str:
    """Return the item's clauses with that result, each with what its proof needs besides a test."""
    return ", ".join(
        f"{clause.clause.name}{_need(clause.clause)}" for clause in outcome.clauses if clause.result == result
    )


def functions(tests: Sequence[str]) -> list[str]:
    """Return test functions in order, each once, however many cases they were run with."""
    return list(dict.fromkeys(test.partition("[")[0] for test in tests))


def figure(clause: Clause) -> str:
    """Return the figure and its target, as `calls.p95 <= 1 s`; nothing for a clause that is none."""
    if clause.target is None:
        return ""
    sign = "<=" if clause.target.at_most else ">="
    return f"{clause.target.figure} {sign} {clause.target.limit:g} {clause.target.unit}"


def document(outcomes: Sequence[Outcome]) -> str:
    """Return the page."""
    return (
        "\n".join([HEAD, f"**{summary(outcomes)}.**", *(line for outcome in outcomes for line in _section(outcome))])
        + "\n"
    )


def _section(outcome: Outcome) -> Iterable[str]:
    passed = sum(clause.result == PASSED for clause in outcome.clauses)
    yield from ("", f"## {outcome.item}: {outcome.result}, {passed} of {len(outcome.clauses)}", "")
    yield from (all_items()[outcome.item].failure, "")
    yield from ("| clause | what it says | result | proof |", "| --- | --- | --- | --- |")
    for clause in outcome.clauses:
        yield f"| {clause.clause.name} | {clause.clause.requirement} | {clause.result} | {_proof(clause)} |"


def _proof(outcome: ClauseOutcome) -> str:
    lines = [f"`{test}`" for test in functions(outcome.tests)]
    if outcome.clause.proof is not Proof.TEST:
        lines.insert(0, _need(outcome.clause).strip(" ()"))
    return "<br>".join(lines)


def _need(clause: Clause) -> str:
    if clause.proof is Proof.LONG:
        return " (./paspor test --long)"
    return f" (./paspor bench: {figure(clause)})" if clause.target is not None else ""
