"""The plugin in a pytest of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local_suite.home import PROJECT

TESTS = """
import pytest
acceptance = pytest.mark.acceptance

@acceptance("F52", "X1")
def test_good(): pass

@acceptance("F52")
@acceptance("F3")
def test_bad(): assert False

@acceptance("F9")
def test_left_out(): pytest.skip("not here")

@pytest.fixture
def breaks():
    yield
    raise RuntimeError

@acceptance("F4")
def test_bad_at_its_end(breaks): pass

def test_other(): pass
"""


def run(
    folder: Path, *arguments: str, tests: str = TESTS
) -> tuple[subprocess.CompletedProcess[str], dict[str, tuple[list[str], str]]]:
    (folder / "test_some.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    acceptance(item): proves\n")
    report = folder / "report.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "devtools.acceptance_plugin", "-p", "no:cacheprovider"]
    command += [f"--acceptance-report={report}", *arguments, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    lines = json.loads(report.read_text()) if report.exists() else []
    return done, {line["test"].rpartition("::")[2]: (line["items"], line["outcome"]) for line in lines}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_results_are_gathered_with_and_without_workers(tmp_path: Path, workers: str) -> None:
    done, lines = run(tmp_path, "-n", workers)
    assert done.returncode == 1
    assert lines == {
        "test_good": (["F52", "X1"], "passed"),
        "test_bad": (["F3", "F52"], "failed"),
        "test_left_out": (["F9"], "skipped"),
        "test_bad_at_its_end": (["F4"], "failed"),
    }


def test_only_the_tests_of_asked_items_run(tmp_path: Path) -> None:
    done, lines = run(tmp_path, "--acceptance-items=X1,X2")
    assert done.returncode == 0
    assert list(lines) == ["test_good"]


def test_a_name_that_is_not_on_the_list_is_refused(tmp_path: Path) -> None:
    done, _ = run(tmp_path, tests="import pytest\n@pytest.mark.acceptance('F83')\ndef test_x(): pass\n")
    assert done.returncode == 4
    assert "'F83', which is not on the acceptance list" in done.stderr
