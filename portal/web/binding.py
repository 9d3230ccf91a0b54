"""From a declared page to what answers its requests: session, form, refusals and faults, each with its own page."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from portal.api.client import Api
from portal.api.problem import Problem, ServiceDown, SignedOut
from portal.api.renewals import Renewals
from portal.api.services import Services
from portal.api.streams import Streams
from portal.web.cookies import Browser, Cookies
from portal.web.doors import find_door
from portal.web.form_tokens import is_genuine, new_secret
from portal.web.forms import KEPT_FIELD, Form
from portal.web.page import Access, Page
from portal.web.rendering import Renderer
from portal.web.visit import STRANGER, FormNotGenuine, FormTooLarge, FormUnreadable, NothingHere, Refill, Visit
from portal.web.words import LANGUAGES
from shared.clock import Clock
from shared.context import trace_id
from shared.http.address import Network, address_of
from shared.http.language import Language, language_of
from shared.logs import get_logger

log = get_logger(__name__)

SIGN_IN_PATH: Final = "/sign-in"
OWN_SITES: Final = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site (W3C Fetch Metadata) that a form of ours can have; old browsers send none."""


@dataclass(frozen=True)
class Front:
    """The parts that all pages share."""

    services: Services
    renewals: Renewals
    cookies: Cookies
    renderer: Renderer
    clock: Clock
    settings: Any
    trusted_proxies: tuple[Network, ...]
    streams: Streams


def bind_page(page: Page, front: Front) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return what answers requests for this page."""

    async def answer(request: web.Request) -> web.StreamResponse:
        begun = perf_counter()
        visit = begin_visit(request, page, front)
        try:
            response = await _answer(visit)
        except web.HTTPException:
            raise
        except Exception as error:
            response = await _tell_fault(visit, error)
        if not response.prepared:
            visit.finish(response)
            if not front.settings.is_production:
                waited = visit.api.waited
                own = perf_counter() - begun - waited.seconds
                response.headers["Server-Timing"] = (
                    f"api;dur={waited.seconds * 1000:.2f}, own;dur={own * 1000:.2f}, calls;dur={waited.calls}"
                )
        return response

    return answer


def begin_visit(request: web.Request, page: Page, front: Front) -> Visit:
    """Return the visit of a request."""
    now = front.clock.now()
    browser = front.cookies.read_browser(request)
    language = _language(request, front.cookies)
    api = Api(
        front.services,
        front.renewals,
        session=front.cookies.read_session(request, now),
        language=language,
        address=address_of(request, front.trusted_proxies),
    )
    return Visit(
        request,
        page,
        language,
        api,
        front.cookies,
        front.renderer,
        now,
        browser or Browser(secret=new_secret()),
        is_new_browser=browser is None,
        settings=front.settings,
        streams=front.streams,
    )


def _language(request: web.Request, cookies: Cookies) -> Language:
    for said in (request.query.get("language"), cookies.read_language(request)):
        for language in LANGUAGES:
            if said == language:
                return language
    return language_of(request.headers.get("Accept-Language"))


async def _answer(visit: Visit) -> web.StreamResponse:
    try:
        return await _handle(visit)
    except SignedOut:
        return await _ask_to_sign_in(visit)
    except Problem as problem:
        return await _tell_problem(visit, problem)


async def _handle(visit: Visit) -> web.StreamResponse:
    page = visit.page
    if page.method == "POST" and visit.request.headers.get("Sec-Fetch-Site", "none") not in OWN_SITES:
        raise FormNotGenuine(Form())
    if page.access is Access.SIGNED_IN and visit.session is None:
        raise SignedOut
    try:
        return await page.handler(visit)
    except Refill as refill:
        if page.shows is None:
            raise NothingHere from None
        return await page.shows(visit, refill.form)


async def _ask_to_sign_in(visit: Visit) -> web.StreamResponse:
    """Send a visitor to sign in; what they typed goes along, sealed, and is there again afterwards."""
    if visit.page.method != "POST":
        return visit.redirect(SIGN_IN_PATH, back=visit.request.path_qs)
    kept = ""
    if visit.page.shows is not None and not visit.page.takes_files:
        kept = visit.keep(await _typed(visit))
    return visit.render("errors/signed_out.html", status=401, kept=kept)


async def _typed(visit: Visit) -> Form:
    """Return what was typed, whatever its token says: it is shown again, never sent."""
    try:
        return await visit.form()
    except (FormNotGenuine, Refill) as known:
        return known.form


async def _tell_problem(visit: Visit, problem: Problem) -> web.StreamResponse:
    """Show the form again with the refusal; a refusal of what is only looked at is a page of its own."""
    page = visit.page
    if not problem.title:
        title = str(visit.renderer.sentence(visit.language, "errors", "problem_title"))
        problem = replace(problem, title=title)
    if page.method == "POST" and page.shows is not None and problem.status not in (401, 404):
        form = Form() if page.takes_files else await _typed(visit)
        try:
            return await page.shows(visit, form.refused(problem))
        except SignedOut:
            return await _ask_to_sign_in(visit)
        except Problem as second:
            problem = second
    status = problem.status if problem.status in (404, 429) else 409 if problem.status < 500 else 502
    door = find_door(problem, visit.request.match_info)
    return visit.render("errors/problem.html", status=status, problem=problem, door=door)


async def _tell_fault(visit: Visit, error: Exception) -> web.StreamResponse:
    """Return the page of what went wrong: what happened, what is kept, what to do, and the number to name."""
    if isinstance(error, NothingHere):
        return visit.render("errors/nothing_here.html", status=404)
    if isinstance(error, FormNotGenuine):
        can_show = visit.page.shows is not None and bool(error.form.values)
        return visit.render("errors/form_stale.html", status=403, again=error.form if can_show else None)
    if isinstance(error, FormTooLarge | FormUnreadable):
        log.info("portal.form_refused", reason=type(error).__name__)
        status = 413 if isinstance(error, FormTooLarge) else 400
        return visit.render("errors/form_too_large.html", status=status)
    again = await _sent(visit)
    if isinstance(error, ServiceDown):
        log.warning("portal.service_down", service=error.service, reason=error.reason)
        trace = error.trace_id or trace_id()
        return visit.render("errors/service_down.html", status=503, trace=trace, again=again)
    log.error("portal.broke", exc_info=error)
    return visit.render("errors/broke.html", status=500, trace=trace_id(), again=again)


async def _sent(visit: Visit) -> Form | None:
    """Return the form that was sent, to be sent once more; None where there is none, or it was none of ours."""
    if visit.page.method != "POST" or visit.page.takes_files:
        return None
    try:
        return await visit.form()
    except (FormNotGenuine, FormTooLarge, FormUnreadable, Refill):
        return None


def read_kept(visit: Visit, sealed: str) -> tuple[str, dict[str, list[str]]] | None:
    """Return the path and the values of a form that was carried through a sign-in; None where it was altered, or was
    typed for another account: two people may share a computer.
    """
    text = visit.cookies.open(sealed, KEPT_FIELD) if sealed else None
    if text is None:
        return None
    kept = json.loads(text)
    token, secret = kept["token"], kept["secret"]
    if not any(is_genuine(token, secret, account_id) for account_id in (STRANGER, visit.account_id)):
        return None
    return kept["path"], kept["values"]


MOST_PATH_CHARS: Final = 1000
"""Of an address to go back to: it is kept in a cookie while a code is typed, and ours have under 300."""


def safe_path(path: str) -> str:
    """Return a path of this site to go back to; `/home` for anything else, so that no link leads elsewhere."""
    if len(path) > MOST_PATH_CHARS:
        return "/home"
    parts = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and not parts.netloc
    return path if is_ours and not any(ord(sign) < 32 for sign in path) else "/home"
