"""Results of long runs and of the bench: they count for the commit that gave them, without changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench import results as bench_results
from bench.results import RecordedFigure
from devtools import long_results
from local_suite.work_tree import WorkTree, checked_out, over_a_run

HERE = WorkTree("1" * 40, dirty=False)
OTHERS = {
    "another commit": WorkTree("2" * 40, dirty=False),
    "changed files": WorkTree("1" * 40, dirty=True),
    "no commit": WorkTree("", dirty=False),
}
LINES = [
    {"test": "tests/x.py::test_a[1]", "clauses": ["F2.all_finished", "F2.none_doubled"], "outcome": "passed"},
    {"test": "tests/x.py::test_a[2]", "clauses": ["F2.all_finished"], "outcome": "failed"},
]
FIGURES = {"calls.p95": RecordedFigure(0.8, "s")}


def test_a_long_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "long" / "result.json"
    long_results.write(LINES, HERE, path)
    assert long_results.read(HERE, path) == LINES


def test_figures_are_read_as_they_were_written_and_stay_beside_those_of_later_runs(tmp_path: Path) -> None:
    path = tmp_path / "bench" / "figures.json"
    bench_results.write(FIGURES, HERE, path)
    assert bench_results.read(HERE, path) == FIGURES
    bench_results.write({"submit.p95": RecordedFigure(0.4, "s")}, HERE, path)
    assert bench_results.read(HERE, path) == {**FIGURES, "submit.p95": RecordedFigure(0.4, "s")}
    bench_results.write({"calls.p95": RecordedFigure(0.9, "s")}, HERE, path)
    assert bench_results.read(HERE, path)["calls.p95"].value == 0.9


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_results_of_another_source_do_not_count(other: WorkTree, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    for written, read in ((HERE, other), (other, HERE)):
        long_results.write(LINES, written, path)
        assert long_results.read(read, path) == []
        bench_results.write(FIGURES, written, path)
        assert bench_results.read(read, path) == {}


@pytest.mark.parametrize("name", ["changed files", "no commit"])
def test_results_of_an_unknown_source_do_not_count_even_there(name: str, tmp_path: Path) -> None:
    path, tree = tmp_path / "result.json", OTHERS[name]
    long_results.write(LINES, tree, path)
    assert long_results.read(tree, path) == []
    bench_results.write(FIGURES, tree, path)
    assert bench_results.read(tree, path) == {}


def test_figures_of_another_source_are_not_carried_over(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    bench_results.write(FIGURES, OTHERS["another commit"], path)
    bench_results.write({"submit.p95": RecordedFigure(0.4, "s")}, HERE, path)
    assert bench_results.read(HERE, path) == {"submit.p95": RecordedFigure(0.4, "s")}


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"commit": 1}'])
def test_a_file_that_is_missing_or_broken_counts_for_nothing(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    if content is not None:
        path.write_text(content)
    assert long_results.read(HERE, path) == []
    assert bench_results.read(HERE, path) == {}


def test_a_run_belongs_to_what_was_checked_out_from_its_begin_to_its_end() -> None:
    assert over_a_run(HERE, HERE) == HERE
    for other in OTHERS.values():
        assert over_a_run(HERE, other).dirty
        assert over_a_run(other, HERE).dirty


def test_a_tree_is_dirty_by_files_outside_docs(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ("-c", "user.name=Contoh", "-c", "user.email=contoh@example.org")
        done = subprocess.run(["git", *who, *words], cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S603, S607
        return done.stdout.strip()

    assert checked_out(tmp_path) == WorkTree("", dirty=True), "no repository"
    git("init", "-q")
    (tmp_path / "docs").mkdir()
    for name in ("code.py", "docs/page.md"):
        (tmp_path / name).write_text("before")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    clean = WorkTree(git("rev-parse", "HEAD"), dirty=False)
    assert checked_out(tmp_path) == clean
    (tmp_path / "docs/page.md").write_text("written by a run")
    assert checked_out(tmp_path) == clean
    (tmp_path / "code.py").write_text("after")
    assert checked_out(tmp_path) == WorkTree(clean.commit, dirty=True)
    git("checkout", "-q", "code.py")
    (tmp_path / "new.py").write_text("not known to git")
    assert checked_out(tmp_path).dirty


def test_a_part_joins_what_is_kept_of_the_same_source_alone(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    again = [{**LINES[1], "outcome": "passed"}]
    long_results.write(LINES, HERE, path)
    long_results.write(again, HERE, path, whole=False)
    assert long_results.read(HERE, path) == [LINES[0], *again]
    long_results.write(again, OTHERS["another commit"], path, whole=False)
    assert long_results.read(OTHERS["another commit"], path) == again
    long_results.write(LINES, HERE, path)
    long_results.write(again, HERE, path)
    assert long_results.read(HERE, path) == again
