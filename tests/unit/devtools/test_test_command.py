"""What `./paspor test` runs, counts and keeps."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from devtools import long_results, test_command
from devtools.acceptance_plugin import REPORT_OPTION
from devtools.test_command import COUNTED, LONG_VARIABLE, Room, run_tests
from local_suite.home import PROJECT
from local_suite.work_tree import WorkTree
from tests import order

HERE = WorkTree("0" * 40, dirty=False)


class Tools:
    """Remembers what would have been run; each pytest says how its one test ended."""

    def __init__(self) -> None:
        self.ran: list[list[str]] = []
        self.environments: list[Mapping[str, str]] = []
        self.statuses: dict[str, int] = {}

    def run(self, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> int:
        words = list(command[2:])
        self.ran.append(words)
        self.environments.append(env or {})
        for report in (word.partition("=")[2] for word in words if word.startswith(f"{REPORT_OPTION}=")):
            line = {"test": f"{self.pytests[-1][-1]}::test", "clauses": ["F2.all_finished"], "outcome": "passed"}
            Path(report).write_text(json.dumps([line]))
        return next((status for name, status in self.statuses.items() if name in words), 0)

    @property
    def pytests(self) -> list[list[str]]:
        return [words for words in self.ran if words[0] == "pytest"]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tools:
    made = Tools()
    monkeypatch.setenv("PASPOR_HOME", str(tmp_path))
    monkeypatch.setattr(test_command, "run_tool", made.run)
    monkeypatch.setattr(test_command, "checked_out", lambda: HERE)
    return made


def test_every_room_is_run_once_and_the_counted_ones_are_held_to_the_gate(tools: Tools) -> None:
    assert run_tests(None, []) == 0
    run = [[word for word in words if word.startswith("tests/")] for words in tools.pytests]
    assert run == [[f"tests/{room}" for room in COUNTED], [f"tests/{room}" for room in Room if room not in COUNTED]]
    assert {path.name for path in (PROJECT / "tests").iterdir() if (path / "__init__.py").exists()} == set(Room)
    assert ["--cov" in words for words in tools.pytests] == [True, False]
    gates = [words[-1] for words in tools.ran if words[:2] == ["coverage", "report"]]
    assert gates == ["--fail-under=90", "--fail-under=100"]


@pytest.mark.parametrize("fails", ["tests/unit", "tests/sim", "--fail-under=90", "--fail-under=100"])
def test_a_room_or_a_gate_that_fails_fails_the_run(tools: Tools, fails: str) -> None:
    tools.statuses = {fails: 1}
    assert run_tests(None, []) == 1


def test_what_is_passed_on_narrows_the_run_and_leaves_the_gate_out(tools: Tools) -> None:
    assert run_tests(Room.UNIT, ["-x"]) == 0
    assert run_tests(None, ["-k", "hold"]) == 0
    assert run_tests(None, ["tests/unit/billing"]) == 0
    ends = [words[words.index("loadfile") + 1 :] for words in tools.ran]
    assert ends == [["tests/unit", "-x"], ["tests", "-k", "hold"], ["tests/unit/billing"]]


def test_only_a_room_of_its_own_may_have_no_tests(tools: Tools) -> None:
    tools.statuses = {"-k": test_command.NO_TESTS_COLLECTED}
    assert run_tests(Room.UNIT, ["-k", "nothing"]) == 0
    assert run_tests(None, ["-k", "nothing"]) == test_command.NO_TESTS_COLLECTED


def test_the_long_form_is_told_to_the_tests_and_its_outcomes_are_kept(tools: Tools) -> None:
    run_tests(None, [])
    assert all(LONG_VARIABLE not in environment for environment in tools.environments)
    assert long_results.read(HERE) == []
    run_tests(None, [], long=True)
    told = [environment.get(LONG_VARIABLE) for environment in tools.environments[-4:-2]]
    assert told == ["1", "1"]
    kept = long_results.read(HERE)
    assert [line["outcome"] for line in kept] == ["passed", "passed"]


def test_what_a_part_of_the_tests_has_shown_joins_what_is_kept(tools: Tools) -> None:
    run_tests(None, [], long=True)
    run_tests(Room.UNIT, [], long=True)
    assert len(long_results.read(HERE)) == 3
    run_tests(None, [], long=True)
    assert len(long_results.read(HERE)) == 2


def test_every_number_of_scale_has_two_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    def numbers(told: str) -> dict[str, object]:
        monkeypatch.setenv(LONG_VARIABLE, told)
        read = runpy.run_path(str(PROJECT / "tests" / "scale.py"))
        return {name: value for name, value in read.items() if name.isupper() and name != "LONG_VARIABLE"}

    short, long = numbers(""), numbers("1")
    assert short.keys() == long.keys()
    assert len(short) > 10
    assert [name for name, value in short.items() if value == long[name]] == []


def test_files_with_an_order_of_their_own_are_there() -> None:
    for name in {*order.SLOW_FILES, *order.SPREAD}:
        assert (PROJECT / name).exists(), name


def test_files_that_are_spread_have_nothing_that_is_made_once_for_all_their_tests() -> None:
    for name in order.SPREAD:
        text = (PROJECT / name).read_text()
        assert "scope=" not in text, name
