"""`./paspor demo --on`: what it says where there is nothing to walk in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from journeys.addresses import Addresses
from local_suite import demo
from local_suite.parts import Ports, any_free_ports


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def answering() -> AsyncIterator[Ports]:
    """A suite of which identity alone answers."""
    ports = any_free_ports()
    app = web.Application()

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"state": "live"})

    app.router.add_get("/health/live", live)
    server = TestServer(app, port=ports["identity"])
    await server.start_server()
    yield ports
    await server.close()


async def test_where_nothing_answers_it_says_so_and_what_to_start() -> None:
    ports = any_free_ports()
    with pytest.raises(demo.NoSuiteThere, match=rf"{ports['identity']}\. Start one with \./paspor up"):
        await demo.walk_on(ports, as_json=False)


@pytest.mark.parametrize("kept", [None, "{", "{}"])
async def test_a_suite_whose_secrets_lie_elsewhere_is_not_walked(
    answering: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str | None
) -> None:
    monkeypatch.setenv("PASPOR_HOME", str(tmp_path))
    if kept is not None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "secrets.json").write_text(kept)
    with pytest.raises(demo.SecretsElsewhere, match="PASPOR_HOME of the running suite"):
        await demo.walk_on(answering, as_json=False)


@pytest.mark.parametrize("portal", [False, True])
async def test_pages_or_apis_are_walked_in_the_running_suite(
    answering: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portal: bool
) -> None:
    walked: list[str] = []

    async def walk_pages(at: Addresses, base: str, as_json: bool) -> int:
        walked.append(f"{base} with {at.staff_password}")
        return 0

    async def walk_apis(at: Addresses, as_json: bool, *, unhurried: bool) -> int:
        walked.append(f"apis with {at.staff_password}, unhurried: {unhurried}")
        return 0

    monkeypatch.setenv("PASPOR_HOME", str(tmp_path))
    monkeypatch.setattr(demo, "_walk_pages", walk_pages)
    monkeypatch.setattr(demo, "_report", walk_apis)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secrets.json").write_text('{"demo_staff_password": "p"}')
    assert await demo.walk_on(answering, as_json=True, portal=portal) == 0
    assert walked == [f"{answering.url('portal')} with p" if portal else "apis with p, unhurried: True"]


def test_no_code_expires_while_pages_are_walked() -> None:
    """A person reads; a program that walks the APIs watches an expiry besides."""
    pages, apis = demo.SETTINGS_OF_PAGES, demo.SETTINGS
    assert pages["billing"] == {**apis["billing"], "PASPOR_BILL_VALIDITY_SECONDS": "600"}
    assert {name: pages[name] for name in pages if name != "billing"} == {
        name: apis[name] for name in apis if name != "billing"
    }
