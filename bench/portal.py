"""The site: a page's own time beside its calls, many at home at once, and many pages that stay open."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp

from bench import lighthouse, stage
from bench.figures import Figure, Table
from bench.journey_cpu import tree_seconds
from bench.journeys import SETTINGS
from bench.load import Tally
from bench.process_memory import tree_mib
from journeys.citizen import Citizen
from journeys.people import People
from journeys.reporter import Reporter
from journeys.site_ways import walk_site
from journeys.ways import Ways
from local_suite.suite import Suite
from portal.web.cookies import Cookies, Session
from shared.crypto.keyring import Keyring

USERS: Final = 50
THINK_SECONDS: Final = 5.0
ROUNDS: Final = 12
"""Looks at home of each user: a minute of them."""

JOURNEYS: Final = 5
"""Through the pages, one after the other, from the first page to the passport in hand."""

LIVE_PAGES: Final = 1_000
LIVE_EACH: Final = 4
"""Pages that one account has open."""

RATED: Final = (
    *("/", "/sign-in", "/home", "/applicants", "/applications/{id}", "/applications/{id}/questionnaire"),
    *("/applications/{id}/papers", "/applications/{id}/pay", "/offices", "/account"),
)
"""The ten main pages."""

LEAST_SCORE: Final = 95.0
PAGES: Final = ("/home", "/applications/{id}", "/applications/{id}/papers", "/applications/{id}/pay", "/offices")
LOOKS: Final = 60
"""At each page, one after the other."""

SETTLE_SECONDS: Final = 3.0
HOME_CALLS: Final = (("application", "/v1/applications"), ("identity", "/v1/applicants"))
"""Calls of the page of home, at the same time."""


@dataclass(frozen=True)
class Visitor:
    """Somebody signed in: the header of their cookies, and their application."""

    cookies: dict[str, str]
    token: str
    application_id: str


async def measure(scale: float = 1.0) -> Table:
    """Make people with an application and a code, then look at their pages."""
    users, live = max(2, round(USERS * scale)), max(20, round(LIVE_PAGES * scale))
    async with stage.suite(extra=SETTINGS) as running:
        visitors = await _make_visitors(running, users)
        base = running.url("portal")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            own, api = await _look_one_by_one(session, base, visitors)
            pages = await _at_home(len(visitors), lambda number: _see_home(session, base, visitors[number]))
            bare = await _at_home(len(visitors), lambda number: _call_home(session, running, visitors[number]))
        seconds = await _walk(running, base)
        grown = await _hold_open(running, base, live)
        first = visitors[0]
        rated = await lighthouse.rate(
            base, [path.replace("{id}", first.application_id) for path in RATED], first.cookies
        )
    rows = [(path, f"{statistics.median(api[path]):.1f}", f"{statistics.median(own[path]):.1f}") for path in own]
    worst = max(statistics.median(own[path]) / max(0.01, statistics.median(api[path])) for path in own)
    return Table(
        title="The site",
        method=(
            f"{len(visitors)} citizens with a code to pay. {LOOKS} looks at each page one after the other: the header "
            "Server-Timing tells the time in which a call of the API was under way, and the rest, which is the page's "
            f"own. Then all are at home, {THINK_SECONDS:.0f} s between two looks, and after that make the same calls "
            f"without the portal. {JOURNEYS} journeys are walked through the pages. At last {live} pages are open and "
            f"wait for changes, {LIVE_EACH} of one account. Lighthouse 12 rates ten pages on its throttled phone."
        ),
        figures=(
            Figure("portal.own_share", worst, "of the calls, p50, worst page", target=0.5, less_is_better=True),
            Figure(
                "portal.home_p95",
                pages.share_ms(0.95),
                "ms",
                floor=max(0.01, bare.share_ms(0.95)),
                target=1.6,
                less_is_better=True,
            ),
            Figure("portal.journey_cpu", seconds, "s", target=0.15, less_is_better=True),
            Figure("portal.live_memory", grown, "MiB", target=60.0 * live / LIVE_PAGES, less_is_better=True),
            *(
                Figure(
                    f"portal.lighthouse_{name.replace('-', '_')}",
                    min(scores[name] for scores in rated.values()),
                    "of 100, worst page",
                    target=LEAST_SCORE,
                )
                for name in lighthouse.CATEGORIES
            ),
        ),
        columns=("page", "calls p50 ms", "own p50 ms"),
        rows=tuple(rows),
    )


async def _make_visitors(running: Suite, count: int) -> list[Visitor]:
    ways = Ways(stage.addresses(running), Reporter(quiet=True))
    places = asyncio.Semaphore(8)

    async def make(number: int) -> Visitor:
        async with places:
            citizen = await ways.newcomer(f"10.2.{number // 250}.{number % 250 + 1}")
            await _apply(citizen)
            return _visitor(running, citizen)

    try:
        return await asyncio.gather(*(make(number) for number in range(count)))
    finally:
        await ways.close()


async def _apply(citizen: Citizen) -> None:
    await citizen.register()
    await citizen.become_applicant()
    await citizen.begin()
    await citizen.answer_questionnaire()
    await citizen.upload_documents()
    await citizen.submit()
    await citizen.learn_of_earlier_books()
    await citizen.hold_seat()
    await citizen.bill("issued")


def _visitor(running: Suite, citizen: Citizen) -> Visitor:
    (token,) = stage.tokens(running, [citizen.account_id])
    return Visitor(_cookies(running, citizen.account_id, token), token, citizen.application_id)


def _cookies(running: Suite, account_id: str, token: str) -> dict[str, str]:
    later = datetime.now(UTC) + timedelta(hours=1)
    session = Session(
        account_id=account_id,
        access_token=token,
        access_expires_at=later,
        refresh_token="bench",  # noqa: S106 - never used
        session_ends_at=later,
    )
    cookies = Cookies(Keyring.parse(running.secrets["portal_keys"]), is_encrypted=False)
    return {"session": cookies.seal(session.model_dump_json(), "session")}


async def _look_one_by_one(
    session: aiohttp.ClientSession, base: str, visitors: list[Visitor]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    own, api = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for look in range(-5, LOOKS):
        visitor = visitors[look % len(visitors)]
        for path in PAGES:
            url = base + path.replace("{id}", visitor.application_id)
            async with session.get(url, cookies=visitor.cookies, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise RuntimeError(f"{path}: {answer.status}")
                timing = dict(re.findall(r"(\w+);dur=([0-9.]+)", answer.headers["Server-Timing"]))
                await answer.read()
            if look >= 0:
                own[path].append(float(timing["own"]))
                api[path].append(float(timing["api"]))
    return own, api


async def _at_home(users: int, look: Callable[[int], Awaitable[None]]) -> Tally:
    tally = Tally()

    async def be(number: int) -> None:
        chance = random.Random(number)
        await asyncio.sleep(chance.random() * THINK_SECONDS)
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            await look(number)
            tally.took("home", time.perf_counter() - begun)
            await asyncio.sleep(THINK_SECONDS * (0.5 + chance.random()))

    await asyncio.gather(*(be(number) for number in range(users)))
    return tally


async def _see_home(session: aiohttp.ClientSession, base: str, visitor: Visitor) -> None:
    async with session.get(f"{base}/home", cookies=visitor.cookies) as answer:
        answer.raise_for_status()
        await answer.read()


async def _call_home(session: aiohttp.ClientSession, running: Suite, visitor: Visitor) -> None:
    headers = {"Authorization": f"Bearer {visitor.token}"}

    async def call(service: str, path: str) -> None:
        async with session.get(running.url(service) + path, headers=headers) as answer:
            answer.raise_for_status()
            await answer.read()

    await asyncio.gather(*(call(service, path) for service, path in HOME_CALLS))


async def _walk(running: Suite, base: str) -> float:
    """Return the processor time that the portal spends on a whole journey through its pages."""
    pid = _portal_pid(running)
    people = People()
    before = 0.0
    for journey in range(-1, JOURNEYS):
        if journey == 0:
            before = tree_seconds(pid)  # the first one compiles the templates
        reporter = Reporter(quiet=True)
        if not await walk_site(stage.addresses(running), reporter, base=base, people=people):
            broken = next(result for result in reporter.results if not result.ok)
            raise RuntimeError(f"a journey through the pages broke: {broken.step}: {broken.note}")
    return (tree_seconds(pid) - before) / JOURNEYS


def _portal_pid(running: Suite) -> int:
    pid = next(part.pid for part in running.status() if part.name == "portal")
    assert pid is not None, "the portal runs"  # noqa: S101 - narrows the type
    return pid


async def _hold_open(running: Suite, base: str, count: int) -> float:
    """Return by how many MiB the portal grew with so many open pages that wait."""
    pid = _portal_pid(running)
    accounts = [f"bench-live-{number}" for number in range(-(-count // LIVE_EACH))]
    everybody = stage.tokens(running, accounts)
    cookies = [_cookies(running, name, token) for name, token in zip(accounts, everybody, strict=True)]
    idle = tree_mib(pid)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
    ) as session:
        held = await asyncio.gather(
            *(
                session.get(
                    f"{base}/live",
                    cookies=cookies[number // LIVE_EACH],
                    headers={"X-Forwarded-For": f"10.3.{number // 250}.{number % 250 + 1}"},
                )
                for number in range(count)
            )
        )
        try:
            refused = [answer.status for answer in held if answer.status != 200]
            if refused:
                raise RuntimeError(f"{len(refused)} of {count} live pages were refused: {refused[0]}")
            await asyncio.sleep(SETTLE_SECONDS)
            return tree_mib(pid) - idle
        finally:
            for answer in held:
                answer.close()
