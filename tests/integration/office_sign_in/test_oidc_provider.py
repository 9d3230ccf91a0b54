"""The happy way with a provider that others wrote: npm's oidc-provider, installed for this run, on Node."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from aiohttp.test_utils import unused_port
from yarl import URL

from services.identity.office_sign_in.provider_client import KEEP_SECONDS
from shared.clock import ManualClock
from tests.unit.identity.office_counter import Counter, at_work
from tests.unit.identity.office_provider import CLIENT_SECRET
from tests.unit.identity.world import World

PACKAGE = "oidc-provider@9.13.3"
HERE = Path(__file__).parent
INSTALL_SECONDS = 240


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the installed package; without Node, npm or its registry the tests are skipped."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no Node with npm is on this machine")
    folder = tmp_path_factory.mktemp("npm")
    command = [npm, "install", "--no-fund", "--no-audit", "--ignore-scripts", "--prefix", str(folder), PACKAGE]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=INSTALL_SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not install {PACKAGE} in {INSTALL_SECONDS} s")
    if done.returncode:
        pytest.skip(f"npm cannot install {PACKAGE} here")
    return folder / "node_modules"


class RealProvider:
    """The running provider, and a person at a browser that walks through it."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.cookies = aiohttp.CookieJar(unsafe=True)
        """Of the browser that walked last."""

    async def become(self, name: str, amr: str) -> None:
        """From now on this user sits at the browser."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.issuer}/become/{name}?amr={amr}") as said:
            assert said.status == 200

    async def walk(self, url: str) -> dict[str, str]:
        """Follow the way through the provider; what the browser is sent back with."""
        self.cookies = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=self.cookies) as session:
            for _ in range(8):
                async with session.get(URL(url, encoded=True), allow_redirects=False) as answer:
                    assert answer.status in (302, 303), (answer.status, await answer.text())
                    url = str(URL(url).join(URL(answer.headers["Location"], encoded=True)))
                if not url.startswith(self.issuer):
                    return dict(parse_qsl(urlsplit(url).query))
        raise AssertionError("the provider sends the browser in circles")

    async def leave(self) -> str:
        """The person at the browser that walked last signs out at the provider; what came of telling us."""
        async with aiohttp.ClientSession(cookie_jar=self.cookies) as session:
            async with session.get(f"{self.issuer}/session/end") as asked:
                form = await asked.text()
            found = re.search(r'name="xsrf" value="([^"]+)"', form)
            assert found is not None, form
            sent = {"xsrf": found[1], "logout": "yes"}
            async with session.post(f"{self.issuer}/session/end/confirm", data=sent, allow_redirects=False) as done:
                assert done.status in (200, 302, 303), await done.text()
            async with session.get(f"{self.issuer}/told") as told:
                return await told.text()


@asynccontextmanager
async def started(modules: Path, redirect_uri: str, port: int, logout_uri: str) -> AsyncIterator[RealProvider]:
    """Yield the provider once it listens; it ends afterwards."""
    node = await asyncio.create_subprocess_exec(
        "node",
        str(HERE / "provider.mjs"),
        str(modules),
        str(port),
        redirect_uri,
        CLIENT_SECRET,
        logout_uri,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert node.stdout is not None
    try:
        async for line in node.stdout:
            if line.strip() == b"ready":
                break
        assert node.returncode is None, "the provider has ended"
        yield RealProvider(f"http://127.0.0.1:{port}")
    finally:
        if node.returncode is None:
            node.kill()
        await node.wait()


@asynccontextmanager
async def office(modules: Path) -> AsyncIterator[tuple[Counter, RealProvider]]:
    """Yield an office whose provider is the real one, agreed to by two operators."""
    world = World(clock=ManualClock(datetime.now(UTC)))
    async with at_work(world) as counter:
        port = unused_port()
        counter.provider.issuer = f"http://127.0.0.1:{port}"
        proposed = await counter.propose(name="Kanim dengan penyedia sendiri")
        counter.provider_id = (await counter.approve(proposed))["provider_id"]
        logout_uri = str(counter.client.make_url(urlsplit(proposed["backchannel_logout_uri"]).path))
        async with started(modules, proposed["redirect_uri"], port, logout_uri) as provider:
            world.clock.advance((datetime.now(UTC) - world.now()).total_seconds())
            yield counter, provider


async def test_a_member_is_linked_and_signs_in_through_oidc_provider(modules: Path) -> None:
    async with office(modules) as (counter, provider):
        await provider.become("front_officer", "pwd,mfa")
        browser = await counter.signed_in("front_officer")
        begun = await browser.done("POST", "/v1/staff/office-links", {"provider_id": counter.provider_id})
        page = await counter.come_back(browser, await provider.walk(begun["authorization_url"]))
        assert "The link is asked for" in page
        operator = await counter.signed_in("operator")
        (asked,) = (await operator.done("GET", "/v1/staff/office-links"))["links"]
        await counter.decide(asked["link_id"], "approval")
        browser = counter.browser()
        sent = await provider.walk(await counter.begin(browser))
        assert sent["iss"] == provider.issuer, "it names itself (RFC 9207)"
        assert "You are signed in" in await counter.come_back(browser, sent)
        status, tokens = await counter.claim(browser)
        assert (status, tokens["role"]) == (200, "front_officer")
        assert "This sign-in is over" in await counter.come_back(browser, sent)
        await provider.become("front_officer", "pwd")
        alone = counter.browser()
        await counter.come_back(alone, await provider.walk(await counter.begin(alone)))
        assert (await counter.claim(alone))[1]["code"] == "second_factor_not_proved"
        await provider.become("somebody.else", "pwd,mfa")
        stranger = counter.browser()
        await counter.come_back(stranger, await provider.walk(await counter.begin(stranger)))
        assert (await counter.claim(stranger))[1]["code"] == "office_user_not_linked"


async def test_the_user_name_of_oidc_provider_links_a_member_once(modules: Path) -> None:
    async with office(modules) as (counter, provider):
        await counter.change(links_by_user_name=True)
        await provider.become("interviewer", "pwd,mfa")
        browser = counter.browser()
        await counter.come_back(browser, await provider.walk(await counter.begin(browser)))
        assert (await counter.claim(browser))[1]["role"] == "interviewer"


async def test_a_killed_oidc_provider_is_down_in_words(modules: Path) -> None:
    async with office(modules) as (counter, _):
        assert (await counter.begin(counter.browser())).startswith("http://127.0.0.1:")
    async with at_work(World(clock=ManualClock(datetime.now(UTC)))) as counter:
        counter.provider.issuer = f"http://127.0.0.1:{unused_port()}"
        counter.provider_id = (await counter.approve(await counter.propose()))["provider_id"]
        counter.world.clock.advance(KEEP_SECONDS)
        status, page = await counter.browser().call("GET", f"/v1/staff/office-sign-in/{counter.provider_id}")
        assert (status, "does not answer right now" in page) == (200, True)


async def test_whoever_signs_out_at_oidc_provider_is_signed_out_here(modules: Path) -> None:
    async with office(modules) as (counter, provider):
        await counter.change(links_by_user_name=True)
        await provider.become("interviewer", "pwd,mfa")
        browsers = []
        for _ in range(2):
            browser = counter.browser()
            await counter.come_back(browser, await provider.walk(await counter.begin(browser)))
            browser.token = (await counter.claim(browser))[1]["access_token"]
            browsers.append(browser)
        counter.world.clock.advance(1)
        assert await provider.leave() == "success"
        assert [(await browser.call("GET", "/v1/staff/me"))[0] for browser in browsers] == [200, 401]
