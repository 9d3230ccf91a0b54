"""This build against its own last commit, with real servers: both are run in turn, and the report is complete."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import against, pay_and_cancel, report
from bench.against import Order
from bench.checkout import this_build
from bench.process_memory import process_tree
from local_suite.home import home
from tests.integration.bench.leftovers import begun_since
from tests.scale import PAY_AND_CANCEL_RACES


async def compare_with_head(names: Sequence[str], changes: Sequence[str], page: Path) -> None:
    """Run one pair and hold what is written against what was asked; no ratio is asserted."""
    before = set(process_tree(os.getpid()))
    assert await against.run(Order("HEAD", names, pairs=1, changes=changes, page=page)) == 0
    assert begun_since(before) == []
    assert list((home() / "bench" / "against").iterdir()) == []


def written(page: Path) -> dict[str, object]:
    commit = page.read_text().partition(report.SIDE_BY_SIDE)[2].partition(":")[0]
    (bench,) = json.loads((home() / "bench" / f"against-{commit}.json").read_text())["benches"]
    return dict(bench)


async def test_a_bench_that_both_builds_have_is_run_by_each(tmp_path: Path) -> None:
    page = tmp_path / "measured.md"
    await compare_with_head(["memory.services"], ["settle=1"], page)
    bench = written(page)
    assert [run["build"] == "this build" for run in bench["runs"]] == [True, False]  # type: ignore[attr-defined]
    (figure,) = bench["figures"]  # type: ignore[misc]
    assert figure["name"] == "memory.services"
    assert len(figure["this"]) == len(figure["other"]) == 1
    assert figure["ratio"] > 0
    assert "| `memory.services` |" in page.read_text()


async def test_an_attack_is_driven_by_this_build_against_the_suite_of_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "measured.md"
    await compare_with_head(["attacks.half_sent"], ["heads=20", "seconds=2"], page)
    figures = {figure["name"]: figure for figure in written(page)["figures"]}  # type: ignore[attr-defined]
    for name in ("half_sent.direct_503", "half_sent.gateway_503"):
        assert figures[name]["this"] == [0.0]  # twenty heads silence nobody, with or without the gates
        assert figures[name]["other"] == [0.0]
    assert figures["half_sent.honest_calls"]["this"][0] > 0
    assert "half_sent.direct_503 (answers; less is better)" in capsys.readouterr().out


async def test_every_bill_of_a_race_is_explained() -> None:
    table = await pay_and_cancel.drive(this_build(), races=PAY_AND_CANCEL_RACES, at_once=4)
    figures = {figure.name: figure.value for figure in table.figures}
    assert figures["pay_and_cancel.races"] == PAY_AND_CANCEL_RACES, table.method
    assert figures["pay_and_cancel.unexplained"] == 0, table.rows
    assert sum(int(row[2]) for row in table.rows if row[0] == "end") == PAY_AND_CANCEL_RACES
    kept = home() / "bench" / "pay-and-cancel-this-build-1.jsonl"
    races = [json.loads(line) for line in kept.read_text().splitlines()]
    assert all(race["explained"] and race["named"] for race in races)
