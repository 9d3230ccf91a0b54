"""The bench of papers read beside the rush for seats: what is told of the windows."""

from __future__ import annotations

import pytest

from bench.papers_hold_loss import Seen, make_table


@pytest.mark.parametrize(("beside", "met"), [(86.0, True), (84.0, False)])
def test_the_share_of_holds_that_is_lost_is_held_against_its_limit(beside: float, met: bool) -> None:
    table = make_table(10, 960, Seen([90.0, 110.0], [beside, beside], [20.0, 31.5]))
    told = {figure.name: (figure.value, figure.met) for figure in table.figures}
    assert told["papers.hold_loss"] == (pytest.approx(1 - beside / 100), met)
    assert told["papers.all_judged"] == (31.5, True)
    assert told["papers.hold_oversold"] == (0.0, True)
