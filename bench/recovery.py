"""How long after `kill -9` everything is ready again, under the watch that `./paspor up` keeps."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from bench.figures import Figure, Table
from local_suite.parts import SERVICES, any_free_ports
from local_suite.servers.mongod import Mongod
from local_suite.servers.rabbitmq import RabbitMq
from local_suite.suite import Health, Suite

ROUNDS: Final = 3
"""Kills of each part."""

SERVICES_MEDIAN_SECONDS: Final = 3.0
SERVICES_LONGEST_SECONDS: Final = 5.0
OVER_OWN_SECONDS: Final = 3.0
"""Targets: of a service's median and longest, and of what a server's loss costs beyond its own restart."""

POLL_SECONDS: Final = 0.02
GIVE_UP_SECONDS: Final = 120.0
CALM_SECONDS: Final = 6.0
"""Between two kills of one part: a life this long counts as one, so the suite makes no pause."""

SERVERS: Final = ("mongod", "rabbitmq")


async def measure(rounds: int = ROUNDS) -> Table:
    """Kill each service, then each server, and wait for readiness; then restart the servers alone, on the same data."""
    folder = Path(tempfile.mkdtemp(prefix="paspor-recovery-"))
    try:
        services: dict[str, list[float]] = {name: [] for name in SERVICES}
        servers: dict[str, list[float]] = {name: [] for name in SERVERS}
        async with _watched(folder) as suite:
            for _ in range(rounds):
                for name in SERVICES:
                    services[name].append(await _recovery(suite, name))
            for _ in range(rounds):
                for name in SERVERS:
                    servers[name].append(await _recovery(suite, name))
            own = {name: await _own_restart(suite, name, rounds) for name in SERVERS}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _table(services, servers, own, rounds)


@asynccontextmanager
async def _watched(folder: Path) -> AsyncIterator[Suite]:
    async with Suite(folder, any_free_ports()) as suite:
        watching = asyncio.create_task(suite.watch())
        try:
            yield suite
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _recovery(suite: Suite, name: str) -> float:
    """Seconds from `kill -9` of a part until it is ready again: of a server, until every service is."""
    await asyncio.sleep(CALM_SECONDS)
    waits_for = SERVICES if name in SERVERS else (name,)
    await _until_ready(suite, waits_for)
    pid = next(status.pid for status in suite.status() if status.name == name)
    if pid is None:
        raise RuntimeError(f"{name} does not run")
    begun = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    while _pid(suite, name) in (pid, None):  # noqa: ASYNC110 - until another one runs in its place
        await asyncio.sleep(POLL_SECONDS)
    await _until_ready(suite, waits_for, server=name if name in SERVERS else None)
    return time.monotonic() - begun


def _pid(suite: Suite, name: str) -> int | None:
    return next(status.pid for status in suite.status() if status.name == name)


async def _until_ready(suite: Suite, names: tuple[str, ...], server: str | None = None) -> None:
    give_up_at = time.monotonic() + GIVE_UP_SECONDS
    async with aiohttp.ClientSession() as client:
        while not (
            _server_is_back(suite, server) and all([await _is_ready(client, suite.url(name)) for name in names])
        ):
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"{', '.join(names)} not ready after {GIVE_UP_SECONDS:.0f} s")
            await asyncio.sleep(POLL_SECONDS)


def _server_is_back(suite: Suite, server: str | None) -> bool:
    return server is None or any(item.name == server and item.health is Health.READY for item in suite.status())


async def _is_ready(client: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with client.get(f"{url}/health/ready", timeout=aiohttp.ClientTimeout(total=2)) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def _own_restart(suite: Suite, name: str, rounds: int) -> float:
    """Median seconds of the server's bare restart after `kill -9`, on this data, with the services stopped."""
    for service in SERVICES:
        await suite.stop_part(service)
    await suite.stop_part(name)
    server = _same_server(suite, name)
    took = []
    try:
        await server.start()
        for _ in range(rounds):
            await asyncio.sleep(1.0)
            begun = time.monotonic()
            await server.kill()
            await server.start()
            took.append(time.monotonic() - begun)
    finally:
        await server.stop()
    return statistics.median(took)


def _same_server(suite: Suite, name: str) -> Mongod | RabbitMq:
    process = suite.process(name)
    if not isinstance(process, Mongod | RabbitMq):
        raise TypeError(f"{name} is no server of the suite's own")
    return process


def _table(
    services: dict[str, list[float]], servers: dict[str, list[float]], own: dict[str, float], rounds: int
) -> Table:
    every = [seconds for service in services.values() for seconds in service]
    over = {name: max(0.0, statistics.median(servers[name]) - own[name]) for name in SERVERS}
    rows = [
        *((name, f"{statistics.median(took):.2f}", f"{max(took):.2f}", "") for name, took in services.items()),
        *(
            (name, f"{statistics.median(took):.2f}", f"{max(took):.2f}", f"{own[name]:.2f}")
            for name, took in servers.items()
        ),
    ]
    return Table(
        title="Recovery",
        method=(
            f"Each part is killed with `kill -9` {rounds} times under the launcher's watch, one at a time. The time "
            "runs until the killed service, or after a server's kill every service, answers `/health/ready` with 200. "
            "A server's own restart is measured on the same data with the services stopped."
        ),
        figures=(
            _figure("recovery.services_median", statistics.median(every), SERVICES_MEDIAN_SECONDS),
            _figure("recovery.services_longest", max(every), SERVICES_LONGEST_SECONDS),
            _figure("recovery.mongodb_over_own", over["mongod"], OVER_OWN_SECONDS),
            _figure("recovery.rabbitmq_over_own", over["rabbitmq"], OVER_OWN_SECONDS),
        ),
        columns=("part", "median s", "longest s", "own restart s"),
        rows=tuple(rows),
    )


def _figure(name: str, seconds: float, target: float) -> Figure:
    return Figure(name, seconds, "s", target=target, less_is_better=True)
