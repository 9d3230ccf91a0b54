"""Ratios of pairs, their median and direction, and what counts as met."""

from __future__ import annotations

import json

import pytest

from bench.comparison import Compared, FigureRun, compare, missing_figures, read_figures, spread


def run_of(value: float, name: str = "seats.hot", *, less: bool = False) -> list[FigureRun]:
    return [FigureRun(name, value, "1/s", less)]


def compared(this: tuple[float, ...], other: tuple[float, ...], *, less: bool = False, **more: float) -> Compared:
    return Compared("x", "ms", less, this, other, **more)


def test_the_ratio_is_the_median_of_the_pairs_not_the_ratio_of_the_medians() -> None:
    seen = compared((10.0, 30.0, 20.0), (10.0, 20.0, 40.0))
    assert seen.ratios == (1.0, 1.5, 0.5)
    assert seen.ratio == 1.0
    assert seen.this_median == 20.0
    assert seen.other_median == 20.0


def test_an_even_number_of_pairs_takes_the_middle_of_the_two() -> None:
    assert compared((1.0, 3.0), (1.0, 1.0)).ratio == 2.0


def test_a_pair_that_was_not_finished_has_no_ratio() -> None:
    assert compared((1.0, 2.0), (1.0,)).ratios == (1.0,)


def test_without_other_runs_or_with_zeros_there_is_no_ratio_and_no_division() -> None:
    assert compared((1.0,), ()).ratio is None
    assert compared((1.0,), ()).other_median is None
    assert compared((0.0, 0.0), (0.0, 0.0)).ratio is None


@pytest.mark.parametrize(("ratio", "met"), [(0.95, True), (0.949, False), (1.2, True)])
def test_where_more_is_better_the_ratio_must_not_be_below(ratio: float, met: bool) -> None:
    assert compared((ratio,), (1.0,), at_least=0.95).met is met


@pytest.mark.parametrize(("ratio", "met"), [(1 / 0.95, True), (1.06, False), (0.5, True)])
def test_where_less_is_better_the_same_share_turns_round(ratio: float, met: bool) -> None:
    seen = compared((ratio,), (1.0,), less=True, at_least=0.95)
    assert seen.wanted_ratio == pytest.approx(1.0526, abs=1e-4)
    assert seen.met is met


@pytest.mark.parametrize(("value", "met"), [(0.0, True), (1.0, False)])
def test_a_target_of_zero_is_a_target(value: float, met: bool) -> None:
    assert compared((value,), (7.0,), less=True, target=0.0).met is met


def test_both_targets_must_be_met() -> None:
    assert compared((1.0,), (2.0,), less=True, target=0.5, at_least=0.95).met is False


def test_without_a_target_nothing_is_met_or_missed() -> None:
    assert compared((1.0,), (2.0,)).met is None


def test_spread_is_a_part_of_the_median() -> None:
    assert spread((9.0, 10.0, 12.0)) == pytest.approx(0.3)
    assert spread((9.0,)) is None
    assert spread((0.0, 0.0)) is None


def test_runs_are_put_together_by_name_in_their_order() -> None:
    this = [run_of(1.0) + run_of(5.0, "other"), run_of(2.0) + run_of(6.0, "other")]
    other = [run_of(4.0) + run_of(5.0, "other"), run_of(4.0) + run_of(5.0, "other")]
    hot, second = compare(this, other)
    assert (hot.this, hot.other, hot.at_least) == ((1.0, 2.0), (4.0, 4.0), 0.95)
    assert (second.name, second.this) == ("other", (5.0, 6.0))


def test_figures_that_one_build_lacks_are_named() -> None:
    assert missing_figures([run_of(1.0) + run_of(1.0, "new")], [run_of(1.0) + run_of(1.0, "old")]) == ["new", "old"]


def test_a_figure_is_read_as_it_was_said() -> None:
    (figure,) = read_figures([{"name": "a", "value": 2, "unit": "s", "less_is_better": True, "target": 1.0}])
    assert figure == FigureRun("a", 2.0, "s", True, 1.0)


def test_a_target_that_is_a_part_of_a_floor_is_not_held_against_the_value() -> None:
    (figure,) = read_figures([{"name": "seats.hot", "value": 500.0, "unit": "1/s", "floor": 1000.0, "target": 0.6}])
    assert figure.target is None


@pytest.mark.parametrize("fields", [{}, {"name": "a"}, {"name": "a", "value": "9"}, {"name": "a", "value": True}])
def test_what_is_no_figure_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no figure"):
        read_figures([fields])


def test_the_line_for_machines_says_the_direction() -> None:
    line = json.loads(compared((1.0,), (2.0,), less=True, at_least=0.95).as_json())
    assert (line["better"], line["ratio"], line["met"]) == ("less", 0.5, True)
