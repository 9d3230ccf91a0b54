"""The tests, by room, in their short or long form, and the gate that counts what they reach."""

from __future__ import annotations

import json
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from devtools import long_results
from devtools.acceptance_plugin import REPORT_OPTION
from devtools.tool_process import run_tool
from local_suite.home import PROJECT, home
from local_suite.work_tree import checked_out, over_a_run

OVERALL_PERCENT: Final = 90
DOMAIN_PERCENT: Final = 100
"""States and policies are pure: there is no excuse."""

WORKERS: Final = 2
"""For tests that compute: as many as a small machine has cores."""

WAITING_WORKERS: Final = 4
"""For the other rooms, which wait most of the time: for processes, servers and deadlines."""

REPORTED: Final = "-rfEs"
"""Names at the end failures, errors, and skipped tests with their reasons."""

NO_TESTS_COLLECTED: Final = 5
"""Pytest's exit status."""

LONG_VARIABLE: Final = "PASPOR_TEST_LONG"
"""Set to 1 for the long form; `tests/scale.py` reads it and has every number that differs."""


class Room(StrEnum):
    """Folders of tests/, by what a test may touch."""

    UNIT = "unit"
    CONTRACT = "contract"
    INTEGRATION = "integration"
    ACCEPTANCE = "acceptance"
    SIM = "sim"
    STRANGERS = "strangers"
    """Verifiers in another language, written from the documents alone."""

    E2E = "e2e"
    """A real browser before the portal."""


COUNTED: Final = (Room.UNIT, Room.CONTRACT)
"""Rooms whose lines count for the gate. The others start processes, which counting makes slow, and must not be needed
to reach a line."""


def run_tests(room: Room | None, arguments: Sequence[str], *, long: bool = False) -> int:
    """Run one room, or all rooms and then the coverage gate; return the exit status.

    What is passed on to pytest narrows the run, so the gate is left out then. What the long form has shown is kept, see
    `devtools.long_results`.
    """
    begun = checked_out() if long else None
    with tempfile.TemporaryDirectory() as folder:
        run = _Runs(Path(folder), long=long)
        if room is not None:
            workers = WORKERS if room in COUNTED else WAITING_WORKERS
            status = _only_that_room_may_be_empty(run.pytest([f"tests/{room}", *arguments], workers=workers))
        elif arguments:
            names_tests = any((PROJECT / argument.partition("::")[0]).exists() for argument in arguments)
            status = run.pytest([*([] if names_tests else ["tests"]), *arguments])
        else:
            status = _run_everything(run)
        if begun is not None:
            whole = room is None and not arguments
            long_results.write(run.lines(), over_a_run(begun, checked_out()), whole=whole)
    return status


def _run_everything(run: _Runs) -> int:
    data = home() / "coverage" / "data"
    data.parent.mkdir(parents=True, exist_ok=True)
    environment = {"COVERAGE_FILE": str(data)}
    run_tool([sys.executable, "-m", "coverage", "erase"], env=environment)
    counted = run.pytest([*(f"tests/{room}" for room in COUNTED), "--cov", "--cov-report="], environment)
    others = run.pytest([f"tests/{room}" for room in Room if room not in COUNTED], workers=WAITING_WORKERS)
    gate = _gate(environment)
    return counted or others or gate


class _Runs:
    """Runs pytest, in the short or the long form, and remembers what the long one has shown."""

    def __init__(self, folder: Path, *, long: bool) -> None:
        self._folder = folder
        self._long = long
        self._reports: list[Path] = []

    def pytest(
        self, arguments: Sequence[str], environment: Mapping[str, str] | None = None, *, workers: int = WORKERS
    ) -> int:
        """Run pytest once and return its exit status."""
        # a file's tests stay together, so that its module fixtures are made once; tests/order.py says in which order
        command = [sys.executable, "-m", "pytest", REPORTED, "-n", str(workers), "--dist", "loadfile"]
        form: dict[str, str] = {}
        if self._long:
            self._reports.append(self._folder / f"report-{len(self._reports)}.json")
            command += ["-p", "devtools.acceptance_plugin", f"{REPORT_OPTION}={self._reports[-1]}"]
            form = {LONG_VARIABLE: "1"}
        return run_tool([*command, *arguments], env={**form, **(environment or {})})

    def lines(self) -> list[dict[str, Any]]:
        """Return how each test of all runs ended that carries clauses of the acceptance list."""
        return [line for file in self._reports if file.exists() for line in json.loads(file.read_text())]


def _only_that_room_may_be_empty(status: int) -> int:
    return 0 if status == NO_TESTS_COLLECTED else status


def pure_files() -> tuple[str, ...]:
    """Return the patterns of `[tool.paspor]` in `pyproject.toml` that name the states and policies."""
    return tuple(tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["paspor"]["pure"])


def _gate(environment: dict[str, str]) -> int:
    """Report what was not reached; return 1 if that is too much."""
    report = [sys.executable, "-m", "coverage", "report"]
    overall = run_tool([*report, f"--fail-under={OVERALL_PERCENT}"], env=environment)
    include = f"--include={','.join(pure_files())}"
    domain = run_tool([*report, include, "--show-missing", f"--fail-under={DOMAIN_PERCENT}"], env=environment)
    console = Console()
    for name, percent, failed in (("overall", OVERALL_PERCENT, overall), ("domain files", DOMAIN_PERCENT, domain)):
        told = f"[red]below {percent} %[/]" if failed else f"[green]{percent} % or more[/]"
        console.print(f"coverage, {name}: {told}")
    return 1 if overall or domain else 0
