"""Memory of a process and all its descendants while something happens, sampled several times a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.machine import resident_mib

SAMPLE_SECONDS: Final = 0.05


@dataclass
class Watched:
    """Memory of a process tree, in MiB of proportional set size."""

    before: float
    peak: float
    after: float = 0.0
    processes: int = 1
    """The most at once."""

    @property
    def growth(self) -> float:
        """From before to the peak."""
        return max(0.0, self.peak - self.before)


def process_tree(pid: int) -> list[int]:
    """The process and its descendants that live now; empty if it has ended."""
    found, waiting = [], [pid]
    while waiting:
        child = waiting.pop()
        if not _lives(child):
            continue
        found.append(child)
        for listed in Path(f"/proc/{child}/task").glob("*/children"):
            try:
                waiting += [int(word) for word in listed.read_text().split()]
            except OSError:
                continue
    return found


def _lives(pid: int) -> bool:
    """Whether there is such a process and it has not ended; one that only waits to be buried has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def tree_mib(pid: int) -> float:
    """Memory of the tree in MiB; shared pages count by share, so a worker that was forked counts its own only."""
    return sum(resident_mib(item) for item in process_tree(pid))


@asynccontextmanager
async def watch_memory(pid: int, settle_seconds: float = 0.0) -> AsyncIterator[Watched]:
    """Sample the tree until the block ends, and once more some seconds later."""
    begun = await asyncio.to_thread(tree_mib, pid)
    watched = Watched(before=begun, peak=begun)

    async def sample() -> None:
        while True:
            now = await asyncio.to_thread(tree_mib, pid)
            watched.peak = max(watched.peak, now)
            watched.processes = max(watched.processes, len(process_tree(pid)))
            await asyncio.sleep(SAMPLE_SECONDS)

    sampling = asyncio.create_task(sample())
    try:
        yield watched
    finally:
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)
    await asyncio.sleep(settle_seconds)
    watched.after = await asyncio.to_thread(tree_mib, pid)
