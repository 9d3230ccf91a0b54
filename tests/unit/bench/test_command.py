"""`./paspor bench`: names of benches, figures that the acceptance list asks for, and which runs are kept."""

from __future__ import annotations

from typing import Any

import pytest

from bench import __main__ as command
from bench import calls, opening_load, papers_hits, results, submit
from bench.against import RECIPES, read_wishes
from bench.figures import Figure, Table, format_value
from bench.load import Tally
from devtools.acceptance_items import Proof, all_clauses
from local_suite.work_tree import WorkTree

HERE = WorkTree("1" * 40, dirty=False)
TALLY = Tally(seconds=1.0, durations={"call": [0.1, 0.2]})
ASKED_FOR = {
    figure.name: figure
    for table in (
        calls.make_table(TALLY, 50, 150, 150),
        submit.make_table(Tally(durations={"submit": [0.1]}), 300, 100.0),
        opening_load.make_table(TALLY, 10.0, 0, 960),
        papers_hits.make_table(papers_hits.HitCounts((), ())),
    )
    for figure in table.figures
}


def test_each_figure_of_the_acceptance_list_is_measured_in_its_unit() -> None:
    targets = [clause.target for clause in all_clauses().values() if clause.proof is Proof.BENCH]
    assert len(targets) == 7
    for target in targets:
        assert target is not None
        figure = ASKED_FOR[target.figure]
        assert (figure.unit, figure.less_is_better, figure.target) == (target.unit, target.at_most, target.limit)


def test_their_figures_are_known_to_a_comparison_too() -> None:
    named = {name for recipe in RECIPES.values() for name in recipe.figures}
    assert named >= set(ASKED_FOR)


def test_a_kind_of_benches_has_a_name() -> None:
    assert command.named("work") == ["work.files", "work.statements"]
    assert "attacks.streams" in command.named("attacks")
    assert command.named("calls") == ["calls"]
    assert command.named("nothing") == ["nothing"]
    assert [wish.recipe.name for wish in read_wishes(["work"], [])] == ["work.files", "work.statements"]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a run would keep of one invented bench, which notes its scale."""
    found: dict[str, Any] = {}

    async def measure(scale: float = 1.0) -> Table:
        found["scale"] = scale
        return Table("Invented", "by hand", (Figure("calls.p95", 0.5, "s"),))

    def write(figures: Any, tree: WorkTree) -> None:
        found["figures"], found["tree"] = figures, tree

    monkeypatch.setattr(command, "BENCHES", {"calls": (measure,)})
    monkeypatch.setattr(command, "checked_out", lambda: HERE)
    monkeypatch.setattr(results, "write", write)
    return found


async def test_a_whole_run_is_kept_with_its_source(kept: dict[str, Any]) -> None:
    assert await command._run(["calls"], as_json=True, scale=1.0, write=False) == 0
    assert kept["figures"] == {"calls.p95": results.RecordedFigure(0.5, "s")}
    assert kept["tree"] == HERE


async def test_a_shortened_run_is_not_kept(kept: dict[str, Any]) -> None:
    assert await command._run(["calls"], as_json=True, scale=0.02, write=False) == 0
    assert kept == {"scale": 0.02}


@pytest.mark.parametrize(
    ("value", "text"), [(0.01398, "0.01398"), (9_999.4, "9999"), (9_999.5, "10,000"), (53_410, "53,410"), (0, "0")]
)
def test_a_value_is_shown_without_powers_of_ten(value: float, text: str) -> None:
    assert format_value(value) == text
