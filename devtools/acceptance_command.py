"""`./paspor acceptance`: runs the tests that prove items of the acceptance list and says which items are proven."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from devtools.acceptance_items import all_items, is_item
from devtools.acceptance_plugin import FAILED, ITEMS_OPTION, PASSED, REPORT_OPTION
from devtools.test_command import NO_TESTS_COLLECTED, WORKERS
from devtools.tool_process import run_tool
from local_suite.errors import CommandError
from local_suite.home import PROJECT

UNPROVEN = "unproven"
DOCUMENT = PROJECT / "docs" / "acceptance.md"
TESTS_SHOWN = 3


class UnknownItem(CommandError):
    """A name that is not on the list."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not on the acceptance list, which has F1 to F82 and X1 to X18.")


@dataclass(frozen=True)
class Outcome:
    """One item after a run: failed if a test of it failed, proven if one passed, else unproven."""

    item: str
    result: str
    tests: tuple[str, ...]


def prove(asked: Sequence[str], *, as_json: bool) -> int:
    """Runs the tests of the asked-for items, or of all; writes docs/acceptance.md when all were run.

    Returns 0 only if no test failed and every asked-for item is proven.
    """
    names = [name.upper() for name in asked]
    for name in names:
        if not is_item(name):
            raise UnknownItem(name)
    status, lines = _run(names, quiet=as_json)
    outcomes = judge(names or list(all_items()), lines)
    if as_json:
        for outcome in outcomes:
            print(json.dumps({"item": outcome.item, "result": outcome.result, "tests": list(outcome.tests)}))
    else:
        _show(outcomes, everything=not names)
    if not names:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(document(outcomes))
    asked_but_not_proven = bool(names) and any(outcome.result != PASSED for outcome in outcomes)
    return 1 if status or asked_but_not_proven else 0


def judge(names: Sequence[str], lines: Sequence[dict[str, object]]) -> list[Outcome]:
    """What the tests say about each item."""
    tests: dict[str, dict[str, str]] = {name: {} for name in names}
    for line in lines:
        proves = line["items"]
        for name in proves if isinstance(proves, list) else []:
            if name in tests:
                tests[name][str(line["test"])] = str(line["outcome"])
    return [Outcome(name, _result(list(found.values())), tuple(found)) for name, found in tests.items()]


def _result(outcomes: Sequence[str]) -> str:
    if FAILED in outcomes:
        return FAILED
    return PASSED if PASSED in outcomes else UNPROVEN


def _run(names: Sequence[str], *, quiet: bool) -> tuple[int, list[dict[str, object]]]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pytest", "-p", "devtools.acceptance_plugin", "tests", "-m", "acceptance"]
        command += ["-n", str(WORKERS), "--dist", "loadfile", f"{REPORT_OPTION}={report}"]
        if names:
            command.append(f"{ITEMS_OPTION}={','.join(names)}")
        status = run_tool(command, stdout=sys.stderr if quiet else None)
        lines = json.loads(report.read_text()) if report.exists() else []
    return (0 if status == NO_TESTS_COLLECTED else status), lines


def _show(outcomes: Sequence[Outcome], *, everything: bool) -> None:
    colour = {PASSED: "green", FAILED: "red", UNPROVEN: "dim"}
    table = Table("item", "tests", "result")
    for outcome in outcomes:
        if everything and not outcome.tests:
            continue
        tests = functions(outcome.tests)
        shown = [test.rpartition("/")[2] for test in tests[:TESTS_SHOWN]]
        more = len(tests) - len(shown)
        table.add_row(
            outcome.item,
            "\n".join([*shown, *([f"and {more} more"] if more else [])]),
            f"[{colour[outcome.result]}]{outcome.result}",
        )
    console = Console()
    console.print(table)
    failed = [outcome.item for outcome in outcomes if outcome.result == FAILED]
    if failed:
        console.print(f"[red]failed: {', '.join(failed)}[/]")
    console.print(summary(outcomes) + ("." if everything else f"; {len(outcomes)} were asked for."))


def functions(tests: Sequence[str]) -> list[str]:
    """Test functions in order, each once, however many cases they were run with."""
    return list(dict.fromkeys(test.partition("[")[0] for test in tests))


def summary(outcomes: Sequence[Outcome]) -> str:
    """The count, as `21 of 100 items proven`."""
    proven = sum(outcome.result == PASSED for outcome in outcomes)
    return f"{proven} of {len(all_items())} items proven"


def document(outcomes: Sequence[Outcome]) -> str:
    """docs/acceptance.md."""
    lines = [
        "# Acceptance list",
        "",
        "What failed people in passport applications before, what ends it here, and the tests that prove it.",
        'Written by `./paspor acceptance`; do not edit. A test names what it proves: `@pytest.mark.acceptance("F52")`.',
        "",
        f"**{summary(outcomes)}.**",
        "",
        "| item | what failed people | what ends it | result | tests |",
        "| --- | --- | --- | --- | --- |",
    ]
    for outcome in outcomes:
        item = all_items()[outcome.item]
        tests = "<br>".join(f"`{test}`" for test in functions(outcome.tests))
        lines.append(f"| {item.name} | {item.failure} | {item.requirement} | {outcome.result} | {tests} |")
    return "\n".join(lines) + "\n"
