"""Stub parts, so that starting, watching and stopping is tested without the services."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from local_suite.parts import Part, Ports
from local_suite.ports import free_port
from local_suite.suite import Suite

DEADLINE_SECONDS = 20.0


class Stubs:
    """Makes stub parts that write into one journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal = folder / "journal"

    def part(self, name: str, rank: int, **told: str) -> Part:
        """A part; `told` are further settings of the stub."""
        port = free_port()
        environment = {"STUB_NAME": name, "STUB_PORT": str(port), "STUB_JOURNAL": str(self._journal), **told}
        address = f"http://127.0.0.1:{port}/health/ready"
        return Part(name, "tests.integration.local_suite.stub", rank, {"http": port}, (address,), environment)

    def suite(self, *parts: Part) -> Suite:
        """A suite of these parts alone."""
        return Suite(self.folder / "data", Ports(), parts=parts)

    def journal(self) -> list[str]:
        """What the parts did, in order."""
        return self._journal.read_text().splitlines() if self._journal.exists() else []


@pytest.fixture
def stubs(tmp_path: Path) -> Stubs:
    """A maker of stub parts."""
    return Stubs(tmp_path)


async def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition; fails the test when it does not come true in time."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - other processes, nothing to wait on
            await asyncio.sleep(0.02)


def is_running(pid: int) -> bool:
    """True if the process exists and has not ended (a zombie nobody collected has)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
