"""Processor time of journeys: whose counts, ended children included, divided by the journeys that ended well."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

import pytest

from bench import journey_cpu
from bench.checkout import this_build
from bench.load import Tally
from bench.target import RunBroken

BURN: Final = "import time\nwhile time.process_time() < 0.3: pass"
SEEN_SECONDS: Final = 0.25
"""The kernel counts in hundredths and rounds each of the sums down."""


def test_time_of_an_ended_child_counts_for_its_parent() -> None:
    before = journey_cpu.tree_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", BURN], check=True)  # noqa: S603 - this very Python
    assert journey_cpu.tree_seconds(os.getpid()) - before >= SEEN_SECONDS


def test_time_of_a_living_child_counts_for_its_parent() -> None:
    before = journey_cpu.tree_seconds(os.getpid())
    child = subprocess.Popen(  # noqa: S603 - this very Python
        [sys.executable, "-c", f"{BURN}\nprint('burnt', flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"burnt\n"
    spent = journey_cpu.tree_seconds(os.getpid()) - before
    child.communicate(b"\n")
    assert spent >= SEEN_SECONDS


def test_a_process_that_ended_has_spent_nothing() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert journey_cpu.tree_seconds(child.pid) == 0


class _Suite:
    """A suite whose parts spend, between two looks, the seconds given here."""

    parts: ClassVar = {"identity": 4.0, "mongod": 2.0, "rabbitmq": 1.0, "simulators": 50.0, "mail": 70.0}

    async def read_state(self) -> Mapping[str, Any]:
        return {name: {"pid": number} for number, name in enumerate(self.parts, start=1)}


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Journeys asked for, of the warm-up and of the run; the clocks of the parts move only in the run."""
    asked: list[int] = []

    @asynccontextmanager
    async def start_target(*_: Any, **__: Any) -> AsyncIterator[_Suite]:
        yield _Suite()

    async def walk(_: Any, __: int, journeys: int) -> Tally:
        asked.append(journeys)
        tally = Tally()
        for _number in range(journeys):
            tally.took("see it finished", 1.0)
        return tally

    def seconds(pid: int) -> float:
        return list(_Suite.parts.values())[pid - 1] if len(asked) == 2 else 0.0

    monkeypatch.setattr(journey_cpu, "start_target", start_target)
    monkeypatch.setattr(journey_cpu, "walk", walk)
    monkeypatch.setattr(journey_cpu, "tree_seconds", seconds)
    return asked


async def test_the_outside_does_not_count_and_servers_do(walked: list[int]) -> None:
    table = await journey_cpu.drive(this_build(), users=2, journeys=10)
    figures = {figure.name: figure.value for figure in table.figures}
    assert walked == [journey_cpu.WARM_UP, 10]
    assert figures == pytest.approx(
        {
            "journey.cpu": 0.7,
            "journey.cpu_services": 0.4,
            "journey.cpu_identity": 0.4,
            "journey.cpu_mongod": 0.2,
            "journey.cpu_rabbitmq": 0.1,
        }
    )


@pytest.mark.usefixtures("walked")
async def test_without_a_finished_journey_there_is_no_figure() -> None:
    with pytest.raises(RunBroken, match="no journey ended well"):
        await journey_cpu.drive(this_build(), users=2, journeys=0)
