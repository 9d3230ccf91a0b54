"""HTTP requests of a journey, of any build: its own client walks its own suite, and the calls are counted."""

from __future__ import annotations

import re
from typing import Final

from bench.checkout import Checkout
from bench.figures import Figure, Table
from bench.target import RunBroken, measure_in

JOURNEYS: Final = 50
"""Whole journeys, at most 50 at once."""

_JOURNEYS_OF_CALLS: Final = 150
"""Journeys that `bench.calls` of every build walks with scale 1."""

_COUNTED: Final = re.compile(r"(\d+) finished\. Each of the (\d+) calls to a service")


async def drive(checkout: Checkout, journeys: int = JOURNEYS) -> Table:
    """Let the build time its calls (`bench.calls`, which counts polls, refusals and streams too); count them.

    Raises:
        FigureMissing: the build has no such bench. RunBroken: no journey was finished.
    """
    scale = {"scale": journeys / _JOURNEYS_OF_CALLS}
    measured = await measure_in(checkout, "bench.calls", "measure", scale, {})
    return make_table(checkout.name, measured.method)


def make_table(build: str, method: str) -> Table:
    """The figure, from what the build's bench tells of how it was measured.

    Raises:
        RunBroken: it tells of no finished journey.
    """
    counted = _COUNTED.search(method)
    if counted is None or not int(counted[1]):
        raise RunBroken(build, f"no journey was finished: {method}")
    finished, calls = int(counted[1]), int(counted[2])
    return Table(
        title="Requests of a journey",
        method=f"{calls} calls to services by the build's own client in {finished} journeys, streams included.",
        figures=(Figure("journey.requests", calls / finished, "calls", less_is_better=True),),
    )
