"""Which seeds a test run walks through, and what a failing one prints."""

from __future__ import annotations

import os

from tests.sim import sim

SEEDS_VARIABLE = "PASPOR_SIM_SEEDS"
USUAL_SEEDS = 200
"""In every run of the tests; PASPOR_SIM_SEEDS asks for more, PASPOR_SIM_SEED for one."""


def seeds(part: int, parts: int) -> list[int]:
    """This part's share of the seeds."""
    asked = sim.asked_seed()
    if asked is not None:
        return [asked] if asked % parts == part else []
    return list(range(part, int(os.environ.get(SEEDS_VARIABLE, USUAL_SEEDS)), parts))


def hold(seed: int) -> sim.Result:
    """Run a seed; fail with its last lines and the command that replays it."""
    result = sim.run(seed)
    assert not result.violations, sim.report(result)
    return result
