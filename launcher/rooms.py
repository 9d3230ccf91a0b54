"""The tests, by room, and the gate that counts what they reach."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from enum import StrEnum

from rich.console import Console

from launcher.home import PROJECT, home
from launcher.tools import run_tool

OVERALL_PERCENT = 90
DOMAIN_PERCENT = 100  # states and policies are pure: there is no excuse
WORKERS = 2
SIMULATION = "tests/sim"
NO_TESTS_COLLECTED = 5  # pytest's exit status


class Room(StrEnum):
    """Folders of tests/, by what a test may touch."""

    UNIT = "unit"
    CONTRACT = "contract"
    INTEGRATION = "integration"
    ACCEPTANCE = "acceptance"
    SIM = "sim"


def run_tests(room: Room | None, arguments: Sequence[str]) -> int:
    """One room, or all rooms and then the coverage gate. Returns the exit status.

    The simulation runs by itself and uncounted: what it reaches others reach too, and counting would double its time.
    What is passed on to pytest narrows the run, so the gate is left out then.
    """
    if room is not None:
        return _only_that_room_may_be_empty(run_tool([*_pytest(), f"tests/{room}", *arguments]))
    if arguments:
        names_tests = any((PROJECT / argument.partition("::")[0]).exists() for argument in arguments)
        return run_tool([*_pytest(), *([] if names_tests else ["tests"]), *arguments])
    data = home() / "coverage" / "data"
    data.parent.mkdir(parents=True, exist_ok=True)
    environment = {"COVERAGE_FILE": str(data)}
    run_tool([sys.executable, "-m", "coverage", "erase"], env=environment)
    simulated = run_tool([*_pytest(), SIMULATION])
    status = run_tool([*_pytest(), "tests", f"--ignore={SIMULATION}", "--cov", "--cov-report="], env=environment)
    gate = _gate(environment)
    return simulated or status or gate


def _pytest() -> list[str]:
    # a file's tests stay together, so that its module fixtures are made once
    return [sys.executable, "-m", "pytest", "-n", str(WORKERS), "--dist", "loadfile"]


def _only_that_room_may_be_empty(status: int) -> int:
    return 0 if status == NO_TESTS_COLLECTED else status


def pure_files() -> tuple[str, ...]:
    """The patterns of `[tool.paspor]` in `pyproject.toml` that name the states and policies."""
    return tuple(tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["paspor"]["pure"])


def _gate(environment: dict[str, str]) -> int:
    """Reports what was not reached; 1 if that is too much."""
    report = [sys.executable, "-m", "coverage", "report"]
    overall = run_tool([*report, f"--fail-under={OVERALL_PERCENT}"], env=environment)
    include = f"--include={','.join(pure_files())}"
    domain = run_tool([*report, include, "--show-missing", f"--fail-under={DOMAIN_PERCENT}"], env=environment)
    console = Console()
    for name, percent, failed in (("overall", OVERALL_PERCENT, overall), ("domain files", DOMAIN_PERCENT, domain)):
        told = f"[red]below {percent} %[/]" if failed else f"[green]{percent} % or more[/]"
        console.print(f"coverage, {name}: {told}")
    return 1 if overall or domain else 0
