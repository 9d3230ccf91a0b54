"""The deployment's own nginx, with its own file, in front of services that are away: what it answers by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bench import gateway
from local_suite.home import PROJECT
from local_suite.parts import SERVICES
from local_suite.ports import free_port

NGINX_CONF = PROJECT / gateway.CONF
PICTURE = "/v1/applications/a1/documents/d1/content"
OFFLINE = "/v1/offices/jakarta/offline-visits"
KIB, MIB = 1024, 1024 * 1024
OFFLINE_AT_ONCE = 2
WAITING = 256


@pytest.fixture
async def base() -> AsyncIterator[str]:
    """The gateway's address; nothing listens where the services should."""
    async with running(PROJECT) as address:
        yield address


def running(checkout: Path) -> AbstractAsyncContextManager[str]:
    return gateway.gateway(checkout, {name: free_port() for name in SERVICES})


async def refused(base: str, path: str, size: int) -> tuple[int, str]:
    """Status and code of what a body of that size is answered."""
    async with aiohttp.ClientSession() as http, http.put(f"{base}{path}", data=b"x" * size) as answer:
        if answer.content_type != "application/problem+json":
            return answer.status, answer.content_type
        problem = await answer.json(content_type=None)
        assert problem["status"] == answer.status
        assert problem["next_action"]
        return answer.status, problem["code"]


@pytest.mark.parametrize(
    ("path", "size", "expected"),
    [
        ("/v1/bills", 64 * KIB, (503, "unavailable")),
        ("/v1/bills", 64 * KIB + 1, (413, "too_large")),
        (PICTURE, 65 * KIB, (503, "unavailable")),
        (PICTURE, 12 * MIB + 1, (413, "too_large")),
        (OFFLINE, 1 * MIB, (503, "unavailable")),
        (OFFLINE, 1 * MIB + 1, (413, "too_large")),
        ("/v1/nothing/here", 64 * KIB, (404, "not_found")),
        ("/metrics", 1, (404, "not_found")),
    ],
)
async def test_what_the_gateway_refuses_by_itself_is_a_sentence(
    base: str, path: str, size: int, expected: tuple[int, str]
) -> None:
    assert await refused(base, path, size) == expected


@pytest.mark.parametrize(
    ("path", "size", "status", "sentence"),
    [
        ("/home", 64 * KIB, 503, "The service cannot be opened right now."),
        ("/home", 64 * KIB + 1, 413, "The file or form is too large."),
        ("/applications/a1/papers/selfie", 101 * MIB, 503, "The service cannot be opened right now."),
        ("/applications/a1/papers/selfie", 101 * MIB + 1, 413, "The file or form is too large."),
    ],
)
async def test_what_it_refuses_of_the_site_is_a_page(
    base: str, path: str, size: int, status: int, sentence: str
) -> None:
    """People sit before these addresses, and the portal is away."""
    async with aiohttp.ClientSession() as http, http.post(f"{base}{path}", data=b"x" * size) as answer:
        page = await answer.text()
        assert (answer.status, answer.content_type, answer.charset) == (status, "text/html", "utf-8")
        assert sentence in page and "<h1>" in page


async def test_the_site_is_at_the_root_and_counts_its_visitors() -> None:
    """A page is answered with the visitor's address; the readiness of the portal is told below its name alone."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.path_qs} {request.headers['X-Forwarded-For']}")

    async def ready(_request: web.Request) -> web.Response:
        return web.Response(text="ready")

    app = web.Application()
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with gateway.gateway(PROJECT, {"portal": port}) as base, aiohttp.ClientSession(base) as http:
            said = {}
            for path in (
                "/",
                "/applications/a1/papers/selfie?page=2",
                "/live",
                "/portal/health/ready",
                "/health/ready",
            ):
                forged = {"X-Forwarded-For": "203.0.113.9"}
                async with http.get(path, headers=forged) as got:
                    said[path] = await got.text() if got.status == 200 else str(got.status)
    finally:
        await runner.cleanup()
    assert said == {
        "/": "/ 127.0.0.1",
        "/applications/a1/papers/selfie?page=2": "/applications/a1/papers/selfie?page=2 127.0.0.1",
        "/live": "/live 127.0.0.1",
        "/portal/health/ready": "ready",
        "/health/ready": "404",
    }


async def test_without_a_limit_of_its_own_an_error_page_refuses_the_body_again(tmp_path: Path) -> None:
    """The twin: the usual 64 KiB count in the error page too, and what was a sentence is a bare page."""
    conf = tmp_path / gateway.CONF
    conf.parent.mkdir(parents=True)
    conf.write_text(NGINX_CONF.read_text().replace("client_max_body_size 0;", ""))
    async with running(tmp_path) as address:
        assert await refused(address, PICTURE, 65 * KIB) != (503, "unavailable")


async def offline_bodies(base: str, count: int) -> list[str]:
    """First lines of the answers to offline bodies that are sent at once and end only when all have begun."""
    host, port = base.removeprefix("http://").split(":")
    head = f"POST {OFFLINE} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\n".encode()
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(count)]
    for _, writer in opened:
        writer.write(head + b"xx")
        await writer.drain()
    await asyncio.sleep(0.3)
    for _, writer in opened:
        writer.write(b"xx")
    answers = [(await reader.readline()).decode() for reader, _ in opened]
    for _, writer in opened:
        writer.close()
    return answers


@pytest.mark.parametrize(("count", "too_many"), [(OFFLINE_AT_ONCE, 0), (OFFLINE_AT_ONCE + 3, 3)])
async def test_few_offline_days_of_one_address_wait_in_the_gateway(base: str, count: int, too_many: int) -> None:
    answers = await offline_bodies(base, count)
    assert len([line for line in answers if " 429 " in line]) == too_many, answers


@asynccontextmanager
async def held_calls() -> AsyncIterator[tuple[int, Callable[[], int]]]:
    """A service that holds every call with a preference to wait: its port, and how many it holds."""
    held, go_on = 0, asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        nonlocal held
        if "Prefer" in request.headers:
            held += 1
            await go_on.wait()
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield port, lambda: held
    finally:
        go_on.set()
        await runner.cleanup()


async def status_beside_waiting_calls(checkout: Path) -> int:
    """The status of a plain call of an address that has as many calls waiting as it may."""
    async with held_calls() as (port, held):
        ports = {name: free_port() for name in SERVICES} | {"billing": port}
        connector = aiohttp.TCPConnector(limit=0)
        async with gateway.gateway(checkout, ports) as base, aiohttp.ClientSession(connector=connector) as http:
            url = f"{base}/v1/bills/b1"
            waiting = [asyncio.ensure_future(http.get(url, headers={"Prefer": "wait=25"})) for _ in range(WAITING)]
            async with asyncio.timeout(30):
                while held() < WAITING:  # noqa: ASYNC110 - nginx tells no one
                    await asyncio.sleep(0.01)
            async with http.get(url) as plain, http.get(url, headers={"Prefer": "wait=25"}) as one_more:
                assert one_more.status == 429
            for task in waiting:
                task.cancel()
            return plain.status


async def test_calls_that_wait_take_no_place_of_calls_that_act() -> None:
    assert await status_beside_waiting_calls(PROJECT) == 200


async def test_twin_counted_together_those_who_wait_shut_out_those_who_act(tmp_path: Path) -> None:
    conf = tmp_path / gateway.CONF
    conf.parent.mkdir(parents=True)
    text = NGINX_CONF.read_text().replace("limit_conn_zone $acts ", "limit_conn_zone $binary_remote_addr ")
    conf.write_text(text)
    assert await status_beside_waiting_calls(tmp_path) == 429
