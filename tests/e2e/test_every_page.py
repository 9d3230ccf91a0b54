"""Every page that links lead to, at stations of the journey: none is missing, none has a fault."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.async_api import Browser

from portal.web.cookies import Cookies, Session
from shared.crypto.keyring import Keyring
from tests.e2e.chromium import Person, person
from tests.e2e.conftest import ServedSite
from tests.e2e.valid_markup import NPM, markup_faults
from tests.scale import IS_LONG
from tests.unit.portal.site import KEYS
from tests.walking import Citizen, serve_visitor

MOST_PAGES: Final = 150
_LINKS: Final = "() => [...document.querySelectorAll('a[href]')].map(one => one.getAttribute('href'))"


async def registered(citizen: Citizen) -> None:
    """An account, and nothing else."""
    await citizen.register()


async def drafted(citizen: Citizen) -> None:
    """An application whose questions are answered."""
    await citizen.register()
    await citizen.become_applicant()
    await citizen.begin()
    await citizen.answer()


async def billed(citizen: Citizen) -> None:
    """A seat that is held, with a code to pay."""
    await citizen.until_submitted()
    await citizen.hold()


async def paid(citizen: Citizen) -> None:
    """A visit that is certain."""
    await citizen.until_paid()


async def withdrawn(citizen: Citizen) -> None:
    """Paid, then withdrawn."""
    await citizen.until_paid()
    await citizen.done("application", "POST", f"{citizen.application}/withdrawal")


async def collected(citizen: Citizen) -> None:
    """The passport is in hand."""
    await citizen.until_paid()
    await serve_visitor(citizen)


STATIONS: Final[tuple[Callable[[Citizen], Awaitable[None]], ...]] = (drafted, paid, collected)
MORE_STATIONS: Final[tuple[Callable[[Citizen], Awaitable[None]], ...]] = (registered, billed, withdrawn)


@pytest.mark.acceptance("Y1.accessible")
@pytest.mark.parametrize(
    "language", [pytest.param("id-ID", id="id"), *([pytest.param("en-GB", id="en")] if IS_LONG else [])]
)
@pytest.mark.parametrize("station", [*STATIONS, *(MORE_STATIONS if IS_LONG else ())])
async def test_every_link_leads_to_a_page_without_fault(
    chromium: Browser, served: ServedSite, station: Callable[[Citizen], Awaitable[None]], language: str
) -> None:
    async with Citizen(served.site.suite) as citizen:
        await station(citizen)
        cookies = [{"name": "session", "value": sealed_session(citizen), "url": served.base}]
        async with person(chromium, served.base, language=language, cookies=cookies) as somebody:
            faults = await _look_everywhere(somebody)
            if NPM is not None:
                faults += await markup_faults(somebody.pages)
    assert not faults, "\n".join(faults)
    assert len(somebody.pages) > len(("/home", "/account", "/offices", "/messages", "/passports", "/help"))


async def _look_everywhere(somebody: Person) -> list[str]:
    waiting, known, faults = ["/home"], {"/home"}, []
    while waiting and len(known) < MOST_PAGES:
        path = waiting.pop(0)
        status = await somebody.visit(path)
        if status is None:
            continue  # a file
        if status >= 400:
            faults.append(f"{path} answers {status}")
            continue
        faults += await somebody.faults()
        for href in await somebody.page.evaluate(_LINKS):
            parts = urlsplit(urljoin(somebody.page.url, href))
            to = parts.path + (f"?{parts.query}" if parts.query else "")
            is_ours = f"{parts.scheme}://{parts.netloc}" == somebody.base and "language=" not in parts.query
            if is_ours and _kind(to) not in {_kind(other) for other in known}:
                known.add(to)
                waiting.append(to)
    return faults


def _kind(path: str) -> str:
    """Pages of the same kind are looked at once: offices, days, sessions differ by what they name alone."""
    place, _, query = path.partition("?")
    words = ["*" if parent in ("offices", "booking") else word for parent, word in _with_parent(place)]
    return "/".join(words) + "?" + "&".join(sorted(part.partition("=")[0] for part in query.split("&")))


def _with_parent(place: str) -> list[tuple[str, str]]:
    words = place.split("/")
    return list(zip(["", *words], words, strict=False))


def sealed_session(citizen: Citizen) -> str:
    """Return the cookie of a browser in which this citizen is signed in."""
    now = citizen.suite.clock.now()
    assert citizen.token is not None
    session = Session(
        account_id=citizen.account_id,
        access_token=citizen.token,
        access_expires_at=now + timedelta(days=364),
        refresh_token="refresh-token-of-a-test",
        session_ends_at=now + timedelta(days=364),
    )
    return Cookies(Keyring.parse(KEYS), is_encrypted=False).seal(session.model_dump_json(), "session")
