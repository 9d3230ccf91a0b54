"""The order of test files and which worker takes what: slow files first, so that no worker is idle at the end.

A file's tests stay together on one worker, which makes its module fixtures once. Files whose tests share nothing are
spread test by test.
"""

from __future__ import annotations

from typing import Final

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

SLOW_FILES: Final[dict[str, int]] = {
    "tests/integration/bench/test_against.py": 240,
    "tests/acceptance/test_journeys.py": 200,
    "tests/integration/test_fuzz.py": 150,
    "tests/integration/test_kills.py": 90,
    "tests/integration/test_memory.py": 80,
    "tests/integration/test_stampede.py": 70,
    "tests/integration/clients/test_interface_check.py": 60,
    "tests/integration/bad_input/test_malformed.py": 30,
    "tests/integration/bad_input/test_tokens.py": 15,
    "tests/integration/bad_input/test_uploads.py": 10,
    "tests/integration/test_rights.py": 50,
    "tests/integration/test_remains.py": 40,
    "tests/integration/test_money_kills.py": 50,
    "tests/integration/test_seat_kills.py": 40,
    "tests/integration/test_erasure_kills.py": 60,
    "tests/sim/test_twins.py": 100,
    "tests/sim/test_leaving.py": 120,
    "tests/sim/test_seeds_0.py": 30,
    "tests/sim/test_seeds_1.py": 30,
}
"""Seconds that these files take in the short form, roughly: what counts is their order. All others are quick."""

SPREAD: Final = frozenset(
    {
        "tests/sim/test_twins.py",
        "tests/sim/test_leaving.py",
        "tests/sim/test_seeds_0.py",
        "tests/sim/test_seeds_1.py",
        "tests/sim/test_money.py",
        "tests/sim/test_engine.py",
        "tests/unit/billing/test_money_machine.py",
    }
)
"""Files without fixtures of their own whose tests take long."""


def file_of(nodeid: str) -> str:
    """The file in which a test stands."""
    return nodeid.partition("::")[0]


def slow_first(items: list[pytest.Item]) -> None:
    """Put the tests of slow files before the others; within a file and among quick files the order stays."""
    items.sort(key=lambda item: -SLOW_FILES.get(file_of(item.nodeid), 0))


class Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """Gives out whole files in the order of collection, and files that are spread test by test."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        config.option.loadscopereorder = False  # else files with many tests come first, however quick they are
        super().__init__(config, log)

    def _reschedule(self, node: WorkerController) -> None:
        """Give a worker its next file when it begins the last test of the one before: it must know one test ahead.

        xdist does so a test earlier, and another worker may have been free for the file before.
        """
        if node.shutting_down:
            return
        if not self.workqueue:
            node.shutdown()
        elif self._pending_of(self.assigned_work[node]) < 2:
            self._assign_work_unit(node)

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return nodeid if file in SPREAD else file
