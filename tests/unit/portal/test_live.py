"""Live pages: one upstream for an account, however many pages are open, and only a hint to the browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from portal.api.client import Api
from portal.api.problem import Problem, ServiceDown, SignedOut
from portal.api.renewals import Renewals
from portal.api.services import Services
from portal.api.streams import Listener, Streams, Told, TooManyPages
from tests.unit.portal.fake_api import FakeApi, open_fake_api, seal
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import Site
from tests.walking import Citizen

EVENTS = "/v1/account-events"
BEGIN = b'event: begin\nid: 1-tag\ndata: {"code":"begin"}\n\n'
CHANGE = b'event: change\nid: 2-tag\ndata: {"kind":"bill","id":"secret-bill"}\n\n'


@pytest.fixture
async def fake() -> AsyncIterator[FakeApi]:
    async with open_fake_api() as fake:
        fake.answers["GET", EVENTS] = fake.stream
        yield fake


@asynccontextmanager
async def hub(fake: FakeApi, **limits: Any) -> AsyncIterator[tuple[Streams, Any]]:
    """Streams before the services, and what makes the API of an account's page."""
    services = Services(
        {name: fake.url for name in ("identity", "application", "scheduling", "billing", "notification")}
    )
    streams = Streams(services, **{"linger_seconds": 0.0, "retry_seconds": 0.01, **limits})
    renewals = Renewals(services, fake.clock.now)

    def api(account_id: str = "acc-1", **changes: Any) -> Api:
        session = fake.session(account_id, **changes)
        return Api(services, renewals, session=session, language="id", address="192.0.2.7")

    yield streams, api
    streams.close()
    await services.close()


def here() -> bool:
    return False


async def told(listener: Listener) -> Told:
    return await listener.wait(5.0)


async def settle(holds: Any) -> None:
    """Let what was begun go on until it holds."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what is awaited lies behind real sockets
            await asyncio.sleep(0.005)


async def test_all_pages_of_an_account_share_one_upstream_and_each_is_told(fake: FakeApi) -> None:
    async with hub(fake) as (streams, api):
        pages = await asyncio.gather(*(streams.join(api(), EVENTS, here) for _ in range(10)))
        other = await streams.join(api("acc-2"), EVENTS, here)
        assert (len(fake.streams), streams.upstreams, streams.pages) == (2, 2, 11)
        fake.streams[0].put_nowait(BEGIN + CHANGE)
        assert [await told(page) for page in pages] == [Told.CHANGED] * 10
        assert await other.wait(0.05) is Told.NOTHING, "nothing of another account"


async def test_the_first_words_of_a_stream_are_no_change_and_a_lost_place_is_one(fake: FakeApi) -> None:
    async with hub(fake) as (streams, api):
        page = await streams.join(api(), EVENTS, here)
        fake.streams[0].put_nowait(BEGIN)
        assert await page.wait(0.1) is Told.NOTHING
        fake.streams[0].put_nowait(b'event: read_again\nid: 5-tag\ndata: {"code":"too_old"}\n\n')
        assert await told(page) is Told.CHANGED


async def test_a_slow_page_is_told_once_however_much_has_changed(fake: FakeApi) -> None:
    async with hub(fake) as (streams, api):
        page, quick = [await streams.join(api(), EVENTS, here) for _ in range(2)]
        for _ in range(500):
            fake.streams[0].put_nowait(CHANGE)
        fake.streams[0].put_nowait(b'event: end\ndata: {"code":"token_over"}\n\n')
        while await told(quick) is not Told.OVER:
            pass
        assert [await told(page), await told(page)] == [Told.CHANGED, Told.OVER]


async def test_an_upstream_that_breaks_is_opened_again_where_it_was(fake: FakeApi) -> None:
    async with hub(fake) as (streams, api):
        page = await streams.join(api(), EVENTS, here)
        fake.streams[0].put_nowait(BEGIN + CHANGE)
        assert await told(page) is Told.CHANGED
        fake.answers["GET", EVENTS] = (503, {"code": "unavailable"})
        fake.streams[0].put_nowait(None)
        await settle(lambda: len(fake.called(EVENTS)) >= 3)
        fake.answers["GET", EVENTS] = fake.stream
        await settle(lambda: len(fake.streams) == 2)
        assert fake.called(EVENTS)[-1].headers["Last-Event-ID"] == "2-tag"
        fake.streams[1].put_nowait(CHANGE)
        assert await told(page) is Told.CHANGED


async def test_an_upstream_whose_session_is_over_ends_its_pages(fake: FakeApi) -> None:
    async with hub(fake) as (streams, api):
        page = await streams.join(api(), EVENTS, here)
        fake.answers["GET", EVENTS] = (401, {"code": "session_over"})
        fake.streams[0].put_nowait(None)
        assert await told(page) is Told.OVER
        assert streams.upstreams == 0
        with pytest.raises(SignedOut):
            await streams.join(api(), EVENTS, here)
        assert streams.upstreams == 0


async def test_the_newest_token_opens_a_broken_upstream_and_none_is_renewed_for_it(fake: FakeApi) -> None:
    async with hub(fake) as (streams, api):
        await streams.join(api(), EVENTS, here)
        await streams.join(api(access_token="newer"), EVENTS, here)
        fake.streams[0].put_nowait(None)
        await settle(lambda: len(fake.streams) == 2)
        assert fake.called(EVENTS)[-1].headers["Authorization"] == "Bearer newer"
        assert not fake.called("/v1/tokens/refresh")


async def test_an_upstream_lingers_between_two_pages_and_then_goes(fake: FakeApi) -> None:
    async with hub(fake, linger_seconds=0.1) as (streams, api):
        key = ("acc-1", EVENTS)
        first = await streams.join(api(), EVENTS, here)
        streams.leave(first, key)
        second = await streams.join(api(), EVENTS, here)
        await asyncio.sleep(0.15)
        assert len(fake.streams) == 1, "the page that came next took it over"
        assert streams.upstreams == 1
        streams.leave(second, key)
        await settle(lambda: streams.upstreams == 0)


async def test_no_more_pages_than_the_limits_allow_and_those_that_left_do_not_count(fake: FakeApi) -> None:
    gone: list[bool] = []
    async with hub(fake, pages_each=2, most_pages=3) as (streams, api):
        await streams.join(api(), EVENTS, lambda: bool(gone))
        await streams.join(api(), EVENTS, here)
        with pytest.raises(TooManyPages):
            await streams.join(api(), EVENTS, here)
        gone.append(True)
        await streams.join(api(), EVENTS, here)
        with pytest.raises(TooManyPages):
            await streams.join(api("acc-2"), EVENTS, here)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((503, {}), ServiceDown),
        ((403, {"code": "not_allowed"}), Problem),
        ((429, {"code": "too_many_at_once"}), Problem),
    ],
)
async def test_a_refused_upstream_is_told_to_all_who_waited_and_leaves_nothing(
    fake: FakeApi, answer: Any, expected: type[Exception]
) -> None:
    fake.answers["GET", EVENTS] = answer
    async with hub(fake) as (streams, api):
        outcomes = await asyncio.gather(*(streams.join(api(), EVENTS, here) for _ in range(3)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [expected] * 3
        assert (len(fake.calls), streams.upstreams, streams.pages) == (1, 0, 0)


async def test_a_page_that_leaves_while_the_upstream_opens_does_not_end_it_for_others(fake: FakeApi) -> None:
    async with hub(fake) as (streams, api):
        first = asyncio.create_task(streams.join(api(), EVENTS, here))
        await asyncio.sleep(0)
        second = asyncio.create_task(streams.join(api(), EVENTS, here))
        await asyncio.sleep(0)
        first.cancel()
        page = await second
        fake.streams[0].put_nowait(BEGIN + CHANGE)
        assert await told(page) is Told.CHANGED


async def read_until(content: aiohttp.StreamReader, word: bytes) -> bytes:
    said = b""
    async with asyncio.timeout(5):
        while word not in said:
            said += await content.readany()
    return said


async def test_the_browser_hears_that_something_changed_and_no_more(fake: FakeApi) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TestServer(fake.app(), shutdown_timeout=0.1))
        client = await stack.enter_async_context(aiohttp.ClientSession(cookies={"session": seal(fake.session())}))
        answer = await stack.enter_async_context(client.get(server.make_url("/live")))
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        fake.streams[0].put_nowait(BEGIN + CHANGE)
        said = await read_until(answer.content, b"changed")
        assert b"secret-bill" not in said
        assert b"bill" not in said
        fake.streams[0].put_nowait(b"event: end\ndata: {}\n\n")
        async with asyncio.timeout(5):
            await answer.content.read()


async def test_tokens_are_renewed_before_a_stream_begins_and_reach_the_browser(fake: FakeApi) -> None:
    fresh = fake.session(access_token="fresh", refresh_token="fresh-refresh")
    fake.answers["POST", "/v1/tokens/refresh"] = (200, fresh.model_dump(mode="json"))
    old = fake.session(access_expires_at=fake.clock.now() + timedelta(seconds=1))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TestServer(fake.app(), shutdown_timeout=0.1))
        client = await stack.enter_async_context(aiohttp.ClientSession(cookies={"session": seal(old)}))
        answer = await stack.enter_async_context(client.get(server.make_url("/live")))
        assert answer.status == 200
        assert "session" in answer.cookies
        assert fake.called(EVENTS)[0].headers["Authorization"] == "Bearer fresh"


@pytest.mark.parametrize(
    ("answer", "status"),
    [((401, {"code": "session_over"}), 401), ((503, {}), 503), ((404, {"code": "not_found"}), 404)],
)
async def test_a_stream_that_cannot_be_is_a_status_for_the_script(fake: FakeApi, answer: Any, status: int) -> None:
    fake.answers["GET", EVENTS] = answer
    async with fake.browser() as browser:
        assert (await browser.raw("GET", "/live"))[0] == 401, "strangers have no stream"
        browser.set_cookie("session", seal(fake.session()))
        assert (await browser.raw("GET", "/live"))[0] == status


async def test_a_place_in_a_line_has_a_stream_of_its_own_and_no_other_path_is_reached(fake: FakeApi) -> None:
    path = "/v1/openings/op-1/tickets/ti-1/events"
    fake.answers["GET", path] = (403, {"code": "not_allowed"})
    async with fake.browser() as browser:
        browser.set_cookie("session", seal(fake.session()))
        assert (await browser.raw("GET", "/live/openings/op-1/ti-1"))[0] == 403
        assert [call.path for call in fake.calls] == [path]
        for odd in (
            "/live/openings/..%2F..%2Faccount-events%3F/ti-1",
            "/live/openings/../x",
            "/live/openings/%2e%2e/x",
        ):
            assert (await browser.raw("GET", odd))[0] == 404
        assert len(fake.calls) == 1


async def test_an_event_of_the_real_service_reaches_the_page(site: Site) -> None:
    async with AsyncExitStack() as stack:
        citizen = await stack.enter_async_context(Citizen(site.suite))
        await citizen.register()
        server = await stack.enter_async_context(TestServer(site.app(), shutdown_timeout=0.1))
        browser = await stack.enter_async_context(site.browser())
        sign_in(browser, citizen)
        client = await stack.enter_async_context(
            aiohttp.ClientSession(cookies={"session": browser.cookies()["session"]})
        )
        answer = await stack.enter_async_context(client.get(server.make_url("/live")))
        assert answer.status == 200
        await read_until(answer.content, b"here")
        await citizen.become_applicant()
        await read_until(answer.content, b"changed")


async def test_a_process_that_drains_ends_its_pages_and_takes_no_more(fake: FakeApi) -> None:
    async with hub(fake) as (streams, api):
        page = await streams.join(api(), EVENTS, here)
        streams.close()
        assert await told(page) is Told.OVER
        with pytest.raises(TooManyPages):
            await streams.join(api(), EVENTS, here)


async def test_more_pages_than_an_account_may_have_and_a_look_at_the_head_alone(
    fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fake.browser() as browser:
        browser.set_cookie("session", seal(fake.session()))
        assert (await browser.raw("HEAD", "/live"))[0] == 200
        monkeypatch.setattr(Streams, "_refuse_too_many", _refuse)
        status, headers, _ = await browser.raw("GET", "/live")
        assert (status, headers["Retry-After"]) == (429, "60")


def _refuse(_streams: Streams, _account_id: str) -> None:
    raise TooManyPages


async def test_an_upstream_that_says_too_many_is_asked_again_later(fake: FakeApi) -> None:
    async with hub(fake) as (streams, api):
        page = await streams.join(api(), EVENTS, here)
        fake.answers["GET", EVENTS] = (429, {"code": "too_many_at_once"})
        fake.streams[0].put_nowait(None)
        await settle(lambda: len(fake.called(EVENTS)) >= 3)
        assert await page.wait(0.0) is Told.NOTHING
        fake.answers["GET", EVENTS] = fake.stream
        await settle(lambda: len(fake.streams) == 2)
