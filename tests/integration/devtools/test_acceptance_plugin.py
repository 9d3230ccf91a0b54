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

@acceptance("F52.one_run", "X1.without_retyping")
def test_good(): pass

@acceptance("F52.one_run")
@acceptance("F3.officer_books")
def test_bad(): assert False

@acceptance("F9.within_quota")
def test_left_out(): pytest.skip("not here")

@pytest.fixture
def breaks():
    yield
    raise RuntimeError

@acceptance("F4.refresh")
def test_bad_at_its_end(breaks): pass

def test_other(): pass
"""


def run(
    folder: Path, *arguments: str, tests: str = TESTS
) -> tuple[subprocess.CompletedProcess[str], dict[str, tuple[list[str], str]]]:
    (folder / "test_some.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    acceptance(clause): proves\n")
    report = folder / "report.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "devtools.acceptance_plugin", "-p", "no:cacheprovider"]
    command += [f"--acceptance-report={report}", *arguments, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    lines = json.loads(report.read_text()) if report.exists() else []
    return done, {line["test"].rpartition("::")[2]: (line["clauses"], line["outcome"]) for line in lines}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_results_are_gathered_with_and_without_workers(tmp_path: Path, workers: str) -> None:
    done, lines = run(tmp_path, "-n", workers)
    assert done.returncode == 1
    assert lines == {
        "test_good": (["F52.one_run", "X1.without_retyping"], "passed"),
        "test_bad": (["F3.officer_books", "F52.one_run"], "failed"),
        "test_left_out": (["F9.within_quota"], "skipped"),
        "test_bad_at_its_end": (["F4.refresh"], "failed"),
    }


def test_only_the_tests_of_asked_clauses_run(tmp_path: Path) -> None:
    done, lines = run(tmp_path, "--acceptance-clauses=X1.without_retyping,X2.own_records")
    assert done.returncode == 0
    assert list(lines) == ["test_good"]


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("F83.audit", "'F83.audit', which is not on the acceptance list"),
        ("F82", "'F82', which is a whole item; the clauses are F82.survey, F82.score, F82.audit"),
        ("F82.pages", "'F82.pages', which is no clause of it; the clauses are F82.survey"),
    ],
    ids=["unknown", "a bare item", "no clause of it"],
)
def test_a_name_that_is_no_clause_is_refused_at_collection(tmp_path: Path, name: str, said: str, workers: str) -> None:
    marked = f"import pytest\n@pytest.mark.acceptance('{name}')\ndef test_x(): pass\n"
    done, lines = run(tmp_path, "-n", workers, tests=marked)
    assert done.returncode not in (0, 5)
    assert said in done.stdout + done.stderr
    assert lines == {}
