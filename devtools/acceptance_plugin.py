"""Pytest plugin: which test proves which item of the acceptance list, and with what result.

`@pytest.mark.acceptance("F52", "X1")` names the items a test proves. `--acceptance-items=F52,X1` runs only the tests of
these items; `--acceptance-report=FILE` writes `[{"test", "items", "outcome"}]` as JSON. Works with and without xdist.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from devtools.acceptance_items import is_item

PROPERTY = "acceptance"
REPORT_OPTION = "--acceptance-report"
ITEMS_OPTION = "--acceptance-items"
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the two options."""
    group = parser.getgroup("acceptance")
    group.addoption(REPORT_OPTION, default=None, help="write the result of each acceptance test to this file, as JSON")
    group.addoption(ITEMS_OPTION, default="", help="run only the tests that prove these items, as F52,X1")


def pytest_configure(config: pytest.Config) -> None:
    """Gathers results where a report was asked for, except in xdist's workers, whose results come to the controller."""
    if config.getoption(REPORT_OPTION) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Results(Path(config.getoption(REPORT_OPTION))))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Writes the items on each test, where reports carry them to the controller; leaves out what was not asked for."""
    asked = {name for name in config.getoption(ITEMS_OPTION).split(",") if name}
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        proves = _items_of(item)
        if proves:
            item.user_properties.append((PROPERTY, ",".join(proves)))
        (kept if not asked or asked.intersection(proves) else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _items_of(item: pytest.Item) -> list[str]:
    proves = [str(name) for mark in item.iter_markers("acceptance") for name in mark.args]
    for name in proves:
        if not is_item(name):
            raise pytest.UsageError(f"{item.nodeid} claims to prove {name!r}, which is not on the acceptance list")
    return sorted(set(proves))


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
            {"test": test, "items": items, "outcome": outcome} for test, (items, outcome) in sorted(self._tests.items())
        ]
        self._path.write_text(json.dumps(lines))


def worst(outcomes: Iterable[str]) -> str:
    """Failed before skipped before passed."""
    known = set(outcomes)
    return next(outcome for outcome in (FAILED, SKIPPED, PASSED) if outcome in known)
