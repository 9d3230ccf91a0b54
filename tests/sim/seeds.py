"""Which seeds a test run walks through, and what a failing one prints."""

from __future__ import annotations

from tests.scale import SIMULATION_SEEDS
from tests.sim import sim


def seeds(part: int, parts: int) -> list[int]:
    """This part's share of the seeds; PASPOR_SIM_SEED asks for one alone."""
    asked = sim.asked_seed()
    if asked is not None:
        return [asked] if asked % parts == part else []
    return list(range(part, SIMULATION_SEEDS, parts))


def hold(seed: int) -> sim.Result:
    """Run a seed; fail with its last lines and the command that replays it."""
    result = sim.run(seed)
    assert not result.violations, sim.report(result)
    return result
