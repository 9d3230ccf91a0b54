"""``python -m simulators`` as a process: one or all, ports from the environment, a clean end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process

import aiohttp
import pytest

from simulators.__main__ import CREATE

from .conftest import DEADLINE_SECONDS


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def start(ports: dict[str, int], *names: str) -> Process:
    environment = {f"PASPOR_SIM_{name.upper()}_PORT": str(port) for name, port in ports.items()}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", *names, env={**os.environ, **environment}, stderr=PIPE
    )


async def wait_until_ready(port: int) -> dict[str, str]:
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/health/ready") as answer:
                    ready: dict[str, str] = await answer.json()
                    return ready
            except aiohttp.ClientConnectionError:
                assert asyncio.get_running_loop().time() < deadline, "the simulator does not get ready"
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("names", [(), ("dukcapil",)])
async def test_simulators_run_on_their_ports_and_end_on_term(names: tuple[str, ...]) -> None:
    ports = {name: free_port() for name in CREATE}
    process = await start(ports, *names)
    try:
        for name in names or CREATE:
            assert (await wait_until_ready(ports[name]))["simulator"] == name
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")


async def test_an_unknown_simulator_gives_a_sentence() -> None:
    process = await start({}, "taxes")
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"No simulator is called 'taxes'" in errors


async def test_a_port_in_use_gives_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = await start({"dpri": taken.getsockname()[1]}, "dpri")
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"PASPOR_SIM_*_PORT" in errors
