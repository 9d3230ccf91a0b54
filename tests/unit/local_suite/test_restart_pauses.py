"""Pauses between restarts: none for a part that dies now and then, growing for one that cannot live."""

from __future__ import annotations

import pytest

from local_suite.restart_pauses import LONGEST_PAUSE_SECONDS, QUICK_DEATH_SECONDS, RestartPauses


def test_five_deaths_of_a_part_that_lived_cost_no_pause() -> None:
    pauses = RestartPauses()
    assert [pauses.after(QUICK_DEATH_SECONDS) for _ in range(5)] == [0.0] * 5


def test_counted_by_restarts_alone_the_fifth_waits() -> None:
    """The twin: the pause of before, 2 to the number of all restarts."""
    assert [min(2.0**restarts - 1, 30.0) for restarts in range(5)] == [0, 1, 3, 7, 15]


def test_a_part_that_cannot_live_is_tried_less_and_less_often() -> None:
    pauses = RestartPauses()
    assert [pauses.after(0.0) for _ in range(9)] == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, LONGEST_PAUSE_SECONDS]


@pytest.mark.parametrize(("lived", "pause"), [(4.9, 4.0), (5.0, 1.0), (10.0, 0.5), (15.0, 0.0), (3600.0, 0.0)])
def test_pauses_shrink_with_the_time_that_it_lived(lived: float, pause: float) -> None:
    pauses = RestartPauses(failures=4)
    assert pauses.after(lived) == pause
    assert RestartPauses(failures=4).failures - pauses.failures <= lived / QUICK_DEATH_SECONDS
