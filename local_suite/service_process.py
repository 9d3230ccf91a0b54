"""One process of ours, from start to end: is its program there, are its ports free, is it ready, what does it use."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from http import HTTPStatus
from pathlib import Path

import aiohttp

from local_suite.child_process import Child
from local_suite.errors import CommandError, PartDidNotStart, PortInUse
from local_suite.forked_process import ForkedChild, Preloader
from local_suite.home import PROJECT
from local_suite.parts import Part
from local_suite.ports import is_free

READY_SECONDS = 60.0
STOP_SECONDS = 15.0  # the services' own drain takes up to 10 s
HEALTH_SECONDS = 3.0
POLL_SECONDS = 0.1

ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072"}
"""Of every process. A heap for each of the driver's threads keeps twice the memory: 234 MiB instead of 117 for a
settlement file of 100,000 lines. Blocks from 128 KiB on (pieces of files) go back to the system when they are freed;
left to itself glibc raises that mark to 32 MiB with the first large one that is freed."""


class PartMissing(CommandError):
    """The program of a part is not there."""


class ServiceProcess:
    """One of our own processes."""

    def __init__(self, part: Part, log: Path, preloader: Preloader | None = None) -> None:
        """With a `preloader` it is forked off it where that can be done."""
        self.part = part
        self.log = log
        self._preloader = preloader
        environment = {**os.environ, **ENVIRONMENT, **part.environment}
        self._child = (
            ForkedChild(preloader, part.module, log=log, env=environment, cwd=PROJECT)
            if preloader is not None
            else Child([sys.executable, "-m", part.module], log=log, env=environment, cwd=PROJECT)
        )

    @property
    def pid(self) -> int | None:
        """Process id of the last start."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._child.alive

    async def start(self) -> None:
        """Returns when all its health addresses answer. Refuses with PartMissing, PortInUse, PartDidNotStart."""
        if self.alive:
            return
        _check_program(self.part)
        for port in self.part.ports.values():
            if not is_free(port):
                raise PortInUse(self.part.name, port)
        if self._preloader is not None:
            await asyncio.to_thread(self._preloader.wait_until_ready)
        self._child.start()
        try:
            await self._ready()
        except BaseException:
            await self._child.kill()
            raise

    async def healthy(self, client: aiohttp.ClientSession) -> bool:
        """True if each health address answers 200 now."""
        return all([await _answers(client, address) for address in self.part.health])

    async def answers(self) -> bool:
        """True if its process answers HTTP at all, whatever it says; False if it is stopped or hangs."""
        async with aiohttp.ClientSession() as client:
            return all([await _says_anything(client, address) for address in self.part.live])

    async def stop(self) -> None:
        """TERM and a grace for running requests."""
        await self._child.stop(STOP_SECONDS)

    async def kill(self) -> None:
        """SIGKILL, for tests of crashes."""
        await self._child.kill()

    async def _ready(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_SECONDS
        async with aiohttp.ClientSession() as client:
            while loop.time() < deadline:
                if not self.alive:
                    reason = f"it ended with status {self._child.returncode}"
                    raise PartDidNotStart(self.part.name, reason, self.log)
                if await self.healthy(client):
                    return
                await asyncio.sleep(POLL_SECONDS)
        raise PartDidNotStart(self.part.name, f"not ready after {READY_SECONDS:.0f} s", self.log)


def _check_program(part: Part) -> None:
    try:
        spec = importlib.util.find_spec(part.module)
        if spec is not None and spec.submodule_search_locations:
            spec = importlib.util.find_spec(f"{part.module}.__main__")
    except ModuleNotFoundError:
        spec = None
    if spec is None:
        raise PartMissing(
            f"The program of {part.name} is missing: there is no {part.module}.__main__. Is this clone complete?"
        )


async def _answers(client: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with client.get(address, timeout=aiohttp.ClientTimeout(total=HEALTH_SECONDS)) as response:
            return response.status == HTTPStatus.OK
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def _says_anything(client: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with client.get(address, timeout=aiohttp.ClientTimeout(total=HEALTH_SECONDS)):
            return True
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def memory_mb(pid: int | None) -> float | None:
    """Memory of a process in MiB, shared pages counted by share (PSS); None if it cannot be read."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return None
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return None
