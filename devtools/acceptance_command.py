"""`./paspor acceptance`: runs the tests that prove clauses of the acceptance list and says what is proven."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import results as bench_results
from devtools import long_results
from devtools.acceptance_items import Clause, all_clauses, all_items, clauses_named
from devtools.acceptance_judge import MISSING, PARTLY, Evidence, Outcome, judge
from devtools.acceptance_page import clauses_with, document, functions, summary
from devtools.acceptance_plugin import CLAUSES_OPTION, FAILED, PASSED, REPORT_OPTION
from devtools.test_command import NO_TESTS_COLLECTED, WORKERS
from devtools.tool_process import run_tool
from local_suite.errors import CommandError
from local_suite.home import PROJECT
from local_suite.work_tree import checked_out

DOCUMENT = PROJECT / "docs" / "acceptance.md"
TESTS_SHOWN = 3
COLOURS = {PASSED: "green", FAILED: "red", PARTLY: "yellow", MISSING: "dim"}


class UnknownItem(CommandError):
    """A name that is not on the list."""

    def __init__(self, name: str) -> None:
        item = all_items().get(name.partition(".")[0])
        if item is not None:
            clauses = ", ".join(clause.name for clause in item.clauses)
            super().__init__(f"{name} is no clause of {item.name}; its clauses are {clauses}.")
        else:
            super().__init__(
                f"{name} is not on the acceptance list, which has F1 to F82, X1 to X18 and Y1 to Y26; name an item as "
                "F82 or a clause as F82.audit."
            )


def prove(asked: Sequence[str], *, as_json: bool) -> int:
    """Run the tests of the asked-for items and clauses, or of all; write docs/acceptance.md when all were run.

    Returns 0 only if no test failed, no figure misses its target and every asked-for item and clause is proven.

    Raises:
        UnknownItem: a name is neither an item nor a clause.
    """
    clauses = asked_clauses(asked)
    status, lines = _run(clauses if asked else (), quiet=as_json)
    tree = checked_out()
    evidence = Evidence(lines, long_results.read(tree), bench_results.read(tree))
    outcomes = judge(clauses, evidence)
    if as_json:
        for outcome in outcomes:
            print(json.dumps(as_line(outcome)))
    else:
        _show(outcomes, everything=not asked)
    if not asked:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(document(outcomes))
    return exit_status(status, outcomes, everything=not asked)


def asked_clauses(asked: Sequence[str]) -> tuple[Clause, ...]:
    """Return the clauses of these items and clauses, each once; of the whole list where none is named.

    Raises:
        UnknownItem: a name is neither.
    """
    found: dict[str, Clause] = {}
    for name in asked:
        item, dot, clause = name.partition(".")
        named = clauses_named(f"{item.upper()}{dot}{clause.lower()}")
        if not named:
            raise UnknownItem(name)
        found.update({clause.id: clause for clause in named})
    return tuple(found.values()) if asked else tuple(all_clauses().values())


def exit_status(tests: int, outcomes: Sequence[Outcome], *, everything: bool) -> int:
    """Return 0 if the tests ended well, nothing failed and, unless everything was run, each clause is proven."""
    results = {clause.result for outcome in outcomes for clause in outcome.clauses}
    return 1 if tests or FAILED in results or (not everything and results != {PASSED}) else 0


def as_line(outcome: Outcome) -> dict[str, Any]:
    """Return the item as `--json` prints it."""
    return {
        "item": outcome.item,
        "result": outcome.result,
        "clauses": {clause.clause.name: clause.result for clause in outcome.clauses},
        "tests": list(outcome.tests),
    }


def _run(clauses: Sequence[Clause], *, quiet: bool) -> tuple[int, list[dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pytest", "-p", "devtools.acceptance_plugin", "tests", "-m", "acceptance"]
        command += ["-n", str(WORKERS), "--dist", "loadfile", f"{REPORT_OPTION}={report}"]
        if clauses:
            command.append(f"{CLAUSES_OPTION}={','.join(clause.id for clause in clauses)}")
        status = run_tool(command, stdout=sys.stderr if quiet else None)
        lines = json.loads(report.read_text()) if report.exists() else []
    return (0 if status == NO_TESTS_COLLECTED else status), lines


def _show(outcomes: Sequence[Outcome], *, everything: bool) -> None:
    console = Console()
    console.print(_items(outcomes) if everything else _clauses(outcomes))
    for outcome in outcomes:
        if outcome.result == FAILED:
            console.print(f"[red]failed: {outcome.item}: {clauses_with(outcome, FAILED)}[/]")
    if everything:
        console.print(f"{summary(outcomes)}.")
        return
    asked = [clause.result for outcome in outcomes for clause in outcome.clauses]
    console.print(f"{asked.count(PASSED)} of {len(asked)} clauses proven that were asked for.")


def _items(outcomes: Sequence[Outcome]) -> Table:
    table = Table("item", "result", "proven", "missing")
    for outcome in outcomes:
        passed = sum(clause.result == PASSED for clause in outcome.clauses)
        table.add_row(
            outcome.item,
            f"[{COLOURS[outcome.result]}]{outcome.result}",
            f"{passed} of {len(outcome.clauses)}",
            clauses_with(outcome, MISSING),
        )
    return table


def _clauses(outcomes: Sequence[Outcome]) -> Table:
    table = Table("clause", "what it says", "result", "tests")
    for item in [clause for outcome in outcomes for clause in outcome.clauses]:
        tests = functions(item.tests)
        shown = [test.rpartition("/")[2] for test in tests[:TESTS_SHOWN]]
        more = len(tests) - len(shown)
        table.add_row(
            item.clause.id,
            item.clause.requirement,
            f"[{COLOURS[item.result]}]{item.result}",
            "\n".join([*shown, *([f"and {more} more"] if more else [])]),
        )
    return table
