"""How much memory the processes hold without calls."""

from __future__ import annotations

import asyncio
from typing import Final

from bench import stage
from bench.figures import Figure, Table
from bench.machine import resident_mib

SETTLE_SECONDS: Final = 10.0
SERVICES: Final = ("identity", "application", "scheduling", "billing", "notification")


async def measure() -> Table:
    """Start everything, wait, and look."""
    async with stage.suite() as running:
        await asyncio.sleep(SETTLE_SECONDS)
        held = {part.name: resident_mib(part.pid) for part in running.status() if part.pid is not None}
    services = sum(held[name] for name in SERVICES)
    return Table(
        title="Idle memory",
        method="Proportional set size of each process, some seconds after the start of the whole suite.",
        figures=(
            Figure("memory.services", services, "MiB", target=600.0, less_is_better=True),
            Figure("memory.suite", sum(held.values()), "MiB"),
        ),
        columns=("process", "MiB"),
        rows=tuple((name, f"{held[name]:.0f}") for name in sorted(held)),
    )
