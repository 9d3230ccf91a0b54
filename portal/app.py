"""The portal: pages for citizens, a client of the services' public APIs and nothing more."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Sequence
from typing import Final

from aiohttp import web

from portal.api.renewals import Renewals
from portal.api.services import Services
from portal.api.streams import Streams
from portal.config import Settings
from portal.pages import PAGES
from portal.web.assets import ASSETS_PATH, Assets
from portal.web.binding import Front, bind_page
from portal.web.cookies import Cookies
from portal.web.headers import PAGE_HEADERS
from portal.web.page import MOST_FORM_BYTES, Access, Page
from portal.web.rendering import Renderer
from portal.web.visit import NothingHere, Visit
from portal.web.words import Words
from shared.clock import Clock, SystemClock
from shared.http.app import RUNTIME
from shared.http.app import build_app as build_http_app
from shared.http.server import serve

NAME: Final = "portal"


def build_app(settings: Settings, clock: Clock | None = None, pages: Sequence[Page] = PAGES) -> web.Application:
    """Return the application with all pages.

    Raises:
        WordsMissing: a sentence is not there in one of the languages.
    """
    clock = clock or SystemClock()
    services = Services(settings.service_urls)
    assets = Assets()
    renderer = Renderer(Words(), assets, is_trial=not settings.is_production)
    cookies = Cookies(settings.portal_keyring(), is_encrypted=settings.is_encrypted)
    renewals = Renewals(services, clock.now)
    streams = Streams(services)
    front = Front(services, renewals, cookies, renderer, clock, settings, settings.trusted_proxies, streams)
    app = build_http_app([], service_name=NAME, clock=clock, options=settings.http_options())
    app._client_max_size = MOST_FORM_BYTES
    app.router.add_get(ASSETS_PATH + "{name:.+}", assets.serve)
    for page in pages:
        app.router.add_route(page.method, page.path, bind_page(page, front))
        if page.method == "GET":
            app.router.add_route("HEAD", page.path, bind_page(page, front))
    app.router.add_route("*", "/{rest:.*}", bind_page(Page("GET", "/{rest:.*}", _nothing, Access.ANYBODY), front))
    app.on_response_prepare.append(_add_headers)

    async def end_streams() -> None:
        await app[RUNTIME].draining.wait()
        streams.close()

    async def keep(_app: web.Application) -> AsyncIterator[None]:
        draining = asyncio.create_task(end_streams())
        yield
        draining.cancel()
        streams.close()
        await services.close()

    app.cleanup_ctx.append(keep)
    return app


async def run(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Serve until `stop` is set, by TERM or by Ctrl-C, then finish what is under way."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop.set)
    await serve(build_app(settings), settings.http_host, settings.http_port, stop, settings.shutdown_seconds)


async def _nothing(_visit: Visit) -> web.StreamResponse:
    raise NothingHere


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    if response.headers.get("Content-Type", "").startswith("text/html"):
        for name, value in PAGE_HEADERS.items():
            response.headers.setdefault(name, value)
