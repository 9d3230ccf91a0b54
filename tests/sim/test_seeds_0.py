"""Whatever goes wrong, nothing is lost, doubled or forgotten: the even seeds, so that two workers share them."""

from __future__ import annotations

import pytest

from tests.sim.seeds import hold, seeds


@pytest.mark.acceptance("F58.pay_time_decides")
@pytest.mark.parametrize("seed", seeds(0, 2))
def test_the_rules_hold(seed: int) -> None:
    hold(seed)
