"""Pytest plugin: which test proves which clause of the acceptance list, and with what result.

`@pytest.mark.acceptance("F52.one_run", "X1.without_retyping")` names the clauses that a test proves: it fails when one
of them does not hold. The name of a whole item is refused. `--acceptance-clauses=F52.one_run` runs only the tests of
these clauses; `--acceptance-report=FILE` writes `[{"test", "clauses", "outcome"}]` as JSON. Works with and without
xdist.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

from devtools.acceptance_items import fault_of_mark

PROPERTY = "acceptance"
REPORT_OPTION = "--acceptance-report"
CLAUSES_OPTION = "--acceptance-clauses"
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
MadeItem = pytest.Item | pytest.Collector | list[pytest.Item | pytest.Collector] | None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the two options."""
    group = parser.getgroup("acceptance")
    group.addoption(REPORT_OPTION, default=None, help="write the result of each acceptance test to this file, as JSON")
    group.addoption(CLAUSES_OPTION, default="", help="run only the tests that prove these clauses, as F52.one_run")


def pytest_configure(config: pytest.Config) -> None:
    """Gathers results where a report was asked for, except in xdist's workers, whose results come to the controller."""
    if config.getoption(REPORT_OPTION) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Results(Path(config.getoption(REPORT_OPTION))))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makeitem() -> Generator[None, MadeItem, MadeItem]:
    """Makes a test that carries a name which is no clause an error of its file's collection."""
    made = yield
    tests = [item for item in (made if isinstance(made, list) else [made]) if isinstance(item, pytest.Item)]
    for test in tests:
        for name in _names_on(test):
            fault = fault_of_mark(name)
            if fault is not None:
                raise pytest.Collector.CollectError(f"{test.nodeid} claims to prove {fault}")
    return made


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Writes the clauses on each test, where reports carry them to the controller; drops what was not asked for."""
    asked = {name for name in config.getoption(CLAUSES_OPTION).split(",") if name}
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        proves = _names_on(item)
        if proves:
            item.user_properties.append((PROPERTY, ",".join(proves)))
        (kept if not asked or asked.intersection(proves) else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _names_on(item: pytest.Item) -> list[str]:
    return sorted({str(name) for mark in item.iter_markers("acceptance") for name in mark.args})


class _Results:
    """The outcome of each acceptance test, over its set-up, call and tear-down."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tests: dict[str, tuple[list[str], str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test has ended."""
        proves = [value for name, value in report.user_properties if name == PROPERTY]
        if not proves:
            return
        before = self._tests.get(report.nodeid, ([], PASSED))[1]
        self._tests[report.nodeid] = (str(proves[0]).split(","), worst((before, report.outcome)))

    def pytest_sessionfinish(self) -> None:
        """Writes the report."""
        lines = [
            {"test": test, "clauses": clauses, "outcome": outcome}
            for test, (clauses, outcome) in sorted(self._tests.items())
        ]
        self._path.write_text(json.dumps(lines))


def worst(outcomes: Iterable[str]) -> str:
    """Failed before skipped before passed."""
    known = set(outcomes)
    return next(outcome for outcome in (FAILED, SKIPPED, PASSED) if outcome in known)
