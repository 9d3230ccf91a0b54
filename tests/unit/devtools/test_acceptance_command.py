"""Judging the acceptance list: clauses by tests, long runs and figures; items by their clauses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import results as bench_results
from bench.results import RecordedFigure
from devtools import acceptance_command as acceptance
from devtools import long_results
from devtools.acceptance_command import UnknownItem, as_line, asked_clauses, exit_status, prove
from devtools.acceptance_items import all_clauses, all_items, clauses_named
from devtools.acceptance_judge import Evidence, Outcome, judge
from devtools.acceptance_page import clauses_with, document, functions, summary
from devtools.acceptance_plugin import worst
from local_suite.work_tree import WorkTree

WHOLE_ITEM = [clause.id for clause in clauses_named("F82")]


def line(test: str, outcome: str, *clauses: str) -> dict[str, Any]:
    return {"test": test, "outcome": outcome, "clauses": list(clauses)}


def judged(name: str, *lines: dict[str, Any], **more: Any) -> Outcome:
    (outcome,) = judge(clauses_named(name), Evidence(lines, **more))
    return outcome


def results(outcome: Outcome) -> dict[str, str]:
    return {each.clause.name: each.result for each in outcome.clauses}


def test_an_item_is_proven_when_all_its_clauses_are() -> None:
    outcome = judged("F82", line("a", "passed", *WHOLE_ITEM[:2]), line("b", "passed", *WHOLE_ITEM[2:]))
    assert outcome.result == "passed"
    assert set(results(outcome).values()) == {"passed"}
    assert outcome.tests == ("a", "b")


def test_an_item_is_partly_proven_when_some_clauses_are() -> None:
    outcome = judged("F82", line("a", "passed", "F82.audit"), line("b", "passed", "F9.within_quota"))
    assert (outcome.result, outcome.tests) == ("partly", ("a",))
    assert results(outcome) == {
        "survey": "missing",
        "score": "missing",
        "audit": "passed",
        "append_only": "missing",
        "export": "missing",
    }


def test_a_failed_test_fails_each_of_its_clauses_whatever_others_say() -> None:
    outcome = judged("F82", line("a", "passed", *WHOLE_ITEM), line("b", "failed", "F82.audit", "F82.export"))
    assert outcome.result == "failed"
    assert [name for name, result in results(outcome).items() if result == "failed"] == ["audit", "export"]
    assert clauses_with(outcome, "failed") == "audit, export"


def test_a_skipped_test_proves_nothing() -> None:
    assert judged("F82", line("a", "skipped", *WHOLE_ITEM)).result == "missing"
    assert judged("F82").result == "missing"


def test_one_clause_is_never_the_whole_item() -> None:
    outcome = judged("F82.audit", line("a", "passed", *WHOLE_ITEM))
    assert (outcome.result, results(outcome)) == ("partly", {"audit": "passed"})


@pytest.mark.parametrize(
    ("kept", "result"),
    [
        ([], "missing"),
        ([line("t[1]", "passed", "F65.thousand_at_once")], "passed"),
        ([line("t[1]", "skipped", "F65.thousand_at_once")], "missing"),
        ([line("t[1]", "passed", "F65.thousand_at_once"), line("t[2]", "failed", "F65.thousand_at_once")], "failed"),
    ],
    ids=["not run", "passed", "skipped", "failed"],
)
def test_what_needs_a_long_run_is_proven_by_that_alone(kept: list[dict[str, Any]], result: str) -> None:
    outcome = judged("F65.thousand_at_once", line("t[short]", "passed", "F65.thousand_at_once"), long=kept)
    assert results(outcome) == {"thousand_at_once": result}


def test_the_short_form_of_a_long_test_fails_its_clause() -> None:
    short = line("t[short]", "failed", "F65.thousand_at_once")
    long = [line("t[1]", "passed", "F65.thousand_at_once")]
    assert judged("F65.thousand_at_once", short, long=long).result == "failed"


@pytest.mark.parametrize(
    ("figures", "result"),
    [
        ({}, "missing"),
        ({"calls.p95": RecordedFigure(1.0, "s")}, "passed"),
        ({"calls.p95": RecordedFigure(1.001, "s")}, "failed"),
        ({"calls.p95": RecordedFigure(0.5, "ms")}, "missing"),
        ({"calls.p50": RecordedFigure(0.5, "s")}, "missing"),
    ],
    ids=["not measured", "at its target", "beyond it", "other unit", "other figure"],
)
def test_a_figure_is_proven_by_the_bench_alone(figures: dict[str, RecordedFigure], result: str) -> None:
    outcome = judged("F1.p95", line("a", "passed", "F1.p95"), figures=figures)
    assert results(outcome) == {"p95": result}


def test_a_figure_may_be_a_least_one() -> None:
    for minutes, result in ((10.0, "passed"), (9.9, "failed")):
        figures = {"opening_load.minutes": RecordedFigure(minutes, "min")}
        assert results(judged("F13.ten_minutes", figures=figures)) == {"ten_minutes": result}


def test_items_and_clauses_may_be_asked_for_in_any_case_and_each_counts_once() -> None:
    assert [clause.id for clause in asked_clauses(["f82.audit", "F82.audit"])] == ["F82.audit"]
    assert [clause.id for clause in asked_clauses(["F82.export", "f82"])] == ["F82.export", *WHOLE_ITEM[:4]]
    assert asked_clauses([]) == tuple(all_clauses().values())


@pytest.mark.parametrize(
    ("name", "said"),
    [("F83", "is not on the acceptance list"), ("F82.pages", "its clauses are survey, score, audit"), ("", "not on")],
)
def test_a_name_that_is_neither_is_refused(name: str, said: str) -> None:
    with pytest.raises(UnknownItem, match=said):
        asked_clauses([name])


def test_the_exit_status_is_0_only_if_nothing_failed_and_what_was_asked_for_is_proven() -> None:
    proven = [judged("F82", line("a", "passed", *WHOLE_ITEM))]
    partly = [judged("F82", line("a", "passed", "F82.audit"))]
    failed = [judged("F1.p95", figures={"calls.p95": RecordedFigure(2.0, "s")})]
    assert exit_status(0, proven, everything=False) == 0
    assert exit_status(1, proven, everything=False) == 1
    assert exit_status(0, partly, everything=False) == 1
    assert exit_status(0, partly, everything=True) == 0
    assert exit_status(0, failed, everything=True) == 1


def test_a_clause_that_was_asked_for_alone_counts_as_proven() -> None:
    assert exit_status(0, [judged("F82.audit", line("a", "passed", "F82.audit"))], everything=False) == 0


def test_json_gives_each_item_one_line_with_its_clauses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(acceptance, "_run", lambda *_, **__: (0, [line("a", "passed", "F82.audit")]))
    monkeypatch.setattr(acceptance, "checked_out", lambda: WorkTree("c", dirty=False))
    monkeypatch.setattr(long_results, "read", lambda tree: [])
    monkeypatch.setattr(bench_results, "read", lambda tree: {})
    assert prove(["F82", "F81.open_source"], as_json=True) == 1
    first, second = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert first == as_line(judged("F82", line("a", "passed", "F82.audit")))
    assert first["clauses"] | {"audit": "passed", "survey": "missing"} == first["clauses"]
    assert (first["item"], first["result"], first["tests"]) == ("F82", "partly", ["a"])
    assert second == {"item": "F81", "result": "missing", "clauses": {"open_source": "missing"}, "tests": []}


def test_the_terminal_names_what_is_missing_and_counts_items_and_clauses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setattr(acceptance, "_run", lambda *_, **__: (0, [line("a", "passed", *WHOLE_ITEM)]))
    monkeypatch.setattr(acceptance, "checked_out", lambda: WorkTree("", dirty=True))
    monkeypatch.setattr(acceptance, "DOCUMENT", tmp_path / "acceptance.md")
    assert prove([], as_json=False) == 0
    said = capsys.readouterr().out
    assert f"1 of 126 items proven, 5 of {len(all_clauses())} clauses." in said
    assert "p95 (./paspor bench: calls.p95 <= 1 s)" in said
    assert "all_finished (./paspor test --long)" in said
    assert "mail_silent" in said
    assert (tmp_path / "acceptance.md").read_text().count("\n## ") == 126


def test_a_test_is_as_good_as_its_worst_phase() -> None:
    assert worst(["passed", "passed"]) == "passed"
    assert worst(["passed", "skipped"]) == "skipped"
    assert worst(["skipped", "failed", "passed"]) == "failed"


def test_the_document_lists_every_clause_with_result_and_proof() -> None:
    outcomes = judge(all_clauses().values(), Evidence([line("tests/x.py::test_a[1]", "passed", "F52.one_run")]))
    text = document(outcomes)
    assert summary(outcomes) == f"1 of 126 items proven, 1 of {len(all_clauses())} clauses"
    assert f"**{summary(outcomes)}.**" in text
    assert "## F52: passed, 1 of 1" in text
    assert all_items()["F52"].failure in text
    assert "| passed | `tests/x.py::test_a` |" in text
    assert "| missing | ./paspor bench: calls.p95 <= 1 s |" in text
    assert sum(row.startswith("| ") for row in text.splitlines()) == len(all_clauses()) + 2 * 126


def test_a_function_with_many_cases_is_named_once() -> None:
    assert functions(["a.py::t[1]", "a.py::t[2]", "a.py::u"]) == ["a.py::t", "a.py::u"]
