"""Which clauses of the acceptance list are proven, by tests, by long runs and by measured figures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bench.results import RecordedFigure
from devtools.acceptance_items import Clause, Proof, all_items
from devtools.acceptance_plugin import FAILED, PASSED

PARTLY: Final = "partly"
MISSING: Final = "missing"


@dataclass(frozen=True)
class Evidence:
    """Findings on the same source: lines of the plugin's report, of this run and of `--long`; figures."""

    tests: Sequence[Mapping[str, Any]]
    long: Sequence[Mapping[str, Any]] = ()
    figures: Mapping[str, RecordedFigure] = field(default_factory=dict)


@dataclass(frozen=True)
class ClauseOutcome:
    """One clause: passed, failed or missing, and the tests that carry it."""

    clause: Clause
    result: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """One item with those of its clauses that were asked for."""

    item: str
    clauses: tuple[ClauseOutcome, ...]

    @property
    def result(self) -> str:
        """Failed if a clause failed, passed if every clause of the item passed, partly if some did, else missing."""
        results = [clause.result for clause in self.clauses]
        if FAILED in results:
            return FAILED
        passed = results.count(PASSED)
        if passed == len(all_items()[self.item].clauses):
            return PASSED
        return PARTLY if passed else MISSING

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests of all its clauses, each once, in order."""
        return tuple(sorted({test for clause in self.clauses for test in clause.tests}))


def judge(clauses: Iterable[Clause], evidence: Evidence) -> list[Outcome]:
    """Return the outcome of each item that one of these clauses belongs to, in the order of the clauses."""
    found: dict[str, list[ClauseOutcome]] = {}
    for clause in clauses:
        found.setdefault(clause.item, []).append(_judge_clause(clause, evidence))
    return [Outcome(item, tuple(each)) for item, each in found.items()]


def _judge_clause(clause: Clause, evidence: Evidence) -> ClauseOutcome:
    here, long = _tests_of(clause, evidence.tests), _tests_of(clause, evidence.long)
    tests = tuple(dict.fromkeys([*here, *long]))
    results: dict[Proof, Collection[str]] = {
        Proof.TEST: here.values(),
        Proof.LONG: long.values(),
        Proof.BENCH: _figure_of(clause, evidence),
    }
    if FAILED in [*here.values(), *long.values(), *results[clause.proof]]:
        return ClauseOutcome(clause, FAILED, tests)
    return ClauseOutcome(clause, PASSED if PASSED in results[clause.proof] else MISSING, tests)


def _tests_of(clause: Clause, lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {str(line["test"]): str(line["outcome"]) for line in lines if clause.id in line["clauses"]}


def _figure_of(clause: Clause, evidence: Evidence) -> list[str]:
    """Passed or failed; nothing where the figure was not measured, or in another unit."""
    if clause.target is None:
        return []
    measured = evidence.figures.get(clause.target.figure)
    if measured is None or measured.unit != clause.target.unit:
        return []
    return [PASSED if clause.target.is_met_by(measured.value) else FAILED]
