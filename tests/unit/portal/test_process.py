"""The portal's process: what it needs to start, when it is ready, and how it ends."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest

from portal import __main__ as process
from portal.app import run
from portal.config import Settings
from tests.unit.portal.site import KEYS


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def settings(**changes: Any) -> Settings:
    nobody = f"http://127.0.0.1:{free_port()}"
    urls = {f"{name}_url": nobody for name in ("identity", "application", "scheduling", "billing", "notification")}
    given = {"environment": "test", "portal_keys": KEYS, "http_port": free_port(), "shutdown_seconds": 5}
    return Settings.load(**{**given, **urls, **changes})


async def test_it_is_ready_while_services_are_away_and_says_so_on_its_pages() -> None:
    """Being ready means that pages are answered: a service that is down is told on them."""
    chosen, stop = settings(), asyncio.Event()
    running = asyncio.create_task(run(chosen, stop))
    base = f"http://127.0.0.1:{chosen.http_port}"
    async with aiohttp.ClientSession(base) as http:
        async with asyncio.timeout(10):
            while True:
                try:
                    async with http.get("/health/ready") as answer:
                        assert answer.status == 200
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.01)
        async with http.get("/refund-guide") as answer:
            assert answer.status == 503
            assert "tidak dapat dihubungi" in await answer.text()
    stop.set()
    async with asyncio.timeout(10):
        await running


async def test_a_request_under_way_is_finished_at_the_end() -> None:
    """The service is slow, the portal is told to stop meanwhile, and the visitor has their page."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def serve_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go_on.wait()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\nslow"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve_slowly, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    chosen, stop = settings(billing_url=f"http://127.0.0.1:{port}"), asyncio.Event()
    running = asyncio.create_task(run(chosen, stop))
    async with aiohttp.ClientSession(f"http://127.0.0.1:{chosen.http_port}") as http, asyncio.timeout(10):
        while True:
            try:
                async with http.get("/health/live"):
                    break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.01)

        async def read() -> str:
            async with http.get("/refund-guide") as answer:
                return await answer.text()

        reading = asyncio.create_task(read())
        await asked.wait()
        stop.set()
        await asyncio.sleep(0.05)
        go_on.set()
        assert await reading == "slow"
        await running
    server.close()


def test_without_its_keys_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PASPOR_ENVIRONMENT", "local")
    monkeypatch.delenv("PASPOR_PORTAL_KEYS", raising=False)
    assert process.main() == 2
    assert "PASPOR_PORTAL_KEYS is missing" in capsys.readouterr().err


def test_the_process_runs_with_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    async def run_briefly(told: Settings) -> None:
        seen.append(told.http_port)

    monkeypatch.setenv("PASPOR_ENVIRONMENT", "local")
    monkeypatch.setenv("PASPOR_PORTAL_KEYS", KEYS)
    monkeypatch.setenv("PASPOR_HTTP_PORT", "8123")
    monkeypatch.setattr(process, "run", run_briefly)
    monkeypatch.setattr(process, "configure_logs", lambda *_: None)
    assert process.main() == 0
    assert seen == [8123]
