"""The whole journey of a citizen in a real browser: by thumb and by keyboard, with script and without, in both
languages, on a telephone and on a desk.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser

from portal.web.cookies import Cookies, Session
from shared.crypto.keyring import Keyring
from shared.tokens import Role
from tests.assembled import OFFICE
from tests.e2e.chromium import WIDTHS, Person, person
from tests.e2e.conftest import ServedSite
from tests.e2e.valid_markup import NPM, markup_faults
from tests.scale import IS_LONG
from tests.unit.application.world import picture
from tests.unit.portal.site import KEYS
from tests.walking import TYPED, Citizen, serve_visitor

MOST_PAPERS: Final = 12
PICTURE: Final = picture()


@dataclass
class Walker:
    """Somebody who does each step of the journey on the pages, and looks at every page."""

    at: Person
    served: ServedSite
    citizen: Citizen
    picture: Path
    faults: list[str] = field(default_factory=list)
    """What is wrong with the pages that were seen."""

    async def arrived(self) -> None:
        """What the last step has caused has happened, the page shows it; its faults are noted."""
        await self.served.site.suite.settle()
        self.faults += await self.at.faults()

    async def go(self, path: str) -> None:
        """Open a page and look at it."""
        await self.at.open(path)
        await self.arrived()

    async def send(self, **typed: Any) -> None:
        """Fill the form with these fields, send it, and look at what comes."""
        await self.at.submit(**typed)
        await self.arrived()

    async def register(self, email: str) -> None:
        """From the first page to a session."""
        await self.go("/")
        await self.at.follow("/sign-in")
        await self.send(identifier=email)
        await self.send(code=self.served.site.suite.agencies.newest_code())
        await self.know_the_account()

    async def know_the_account(self) -> None:
        """Let the test act for the account by the API, as officers and the bank need it."""
        (sealed,) = [
            str(one.get("value")) for one in await self.at.page.context.cookies() if one.get("name") == "session"
        ]
        text = Cookies(Keyring.parse(KEYS), is_encrypted=False).open(sealed.strip(chr(34)), "session")
        assert text is not None
        session = Session.model_validate_json(text)
        self.citizen.account_id = session.account_id
        self.citizen.token = self.served.site.suite.token(Role.APPLICANT, session.account_id)

    async def become_applicant(self) -> None:
        """Type what stands on the card."""
        await self.go("/applicants/new")
        year, month, day = str(TYPED["birth_date"]).split("-")
        typed = {name: value for name, value in TYPED.items() if name != "birth_date"}
        await self.send(**typed, **{"birth_date-day": day, "birth_date-month": month, "birth_date-year": year})

    async def begin(self) -> None:
        """Begin an application; its id stands in the address from then on."""
        await self.go("/applications/new")
        applicant = await self.at.page.locator('[name="applicant_id"]').first.get_attribute("value")
        await self.send(applicant_id=applicant)
        found = re.search(r"/applications/([^/?]+)", self.at.path)
        assert found is not None, self.at.path
        self.citizen.application_id = found.group(1)

    async def answer(self) -> None:
        """Answer the questionnaire."""
        await self.go(f"{self.path}/questionnaire")
        await self.send(
            has_held_passport="no", reason="new", passport_kind="electronic", validity_years="10", purpose="tourism"
        )

    async def send_papers(self) -> None:
        """Send a picture of each paper that the list asks for."""
        await self.go(f"{self.path}/papers")
        links = await self.at.page.locator(f'main a[href*="{self.path}/papers/"]').evaluate_all(
            "all => all.map(one => one.getAttribute('href'))"
        )
        for link in list(dict.fromkeys(link.partition("?")[0] for link in links))[:MOST_PAPERS]:
            await self.go(link)
            if await self.at.page.locator('input[type="file"]').count():
                await self.at.send_file(str(self.picture))
                await self.arrived()

    async def submit(self) -> None:
        """Confirm what is not refundable."""
        await self.go(f"{self.path}/submit")
        box = self.at.page.locator('[name="confirmed_not_refundable"]').first
        await self.send(confirmed_not_refundable=await box.get_attribute("value"))

    async def book(self) -> None:
        """Choose the first time of another day at an office."""
        await self.go(f"{self.path}/booking")
        await self.go(f"{self.path}/booking/{OFFICE}")
        await self.at.follow("day=")
        await self.arrived()
        times = await self.at.page.locator('[name="session_id"]').evaluate_all("all => all.map(one => one.value)")
        await self.send(session_id=times[-1])

    async def pay(self) -> None:
        """Read the code on the page and pay it at the bank."""
        await self.go(f"{self.path}/pay")
        bill = await self.citizen.bill()
        shown = re.sub(r"\D", "", await self.at.page.inner_text("main"))
        assert bill["billing_code"] in shown
        await self.citizen.pay_code(bill["billing_code"], bill["amount"])

    async def see_the_letter(self) -> None:
        """The visit is certain: code, letter, receipt."""
        await self.go(f"{self.path}/visit")
        assert await self.at.page.locator("main svg, main img").count() >= 1, "the queue code is there"
        assert await self.at.page.locator('main a[href*="letter"]').count() == 1
        await self.go(f"{self.path}/receipt")

    async def fetch_the_passport(self) -> None:
        """The visit itself happens at the office; afterwards the pages say so."""
        found = await self.citizen.done(
            "scheduling", "GET", f"/v1/appointments?application_id={self.citizen.application_id}"
        )
        self.citizen.appointment_id = found["appointments"][-1]["appointment_id"]
        await serve_visitor(self.citizen)
        await self.go(self.path)
        await self.go("/passports")
        await self.go("/messages")
        await self.go("/home")
        await self.go("/account")

    @property
    def path(self) -> str:
        """The path of the application's page."""
        return f"/applications/{self.citizen.application_id}"

    async def whole(self, email: str) -> None:
        """All of it."""
        await self.register(email)
        await self.become_applicant()
        await self.begin()
        await self.answer()
        await self.send_papers()
        await self.submit()
        await self.book()
        await self.pay()
        await self.see_the_letter()
        await self.fetch_the_passport()


@asynccontextmanager
async def walker(chromium: Browser, served: ServedSite, folder: Path, **manner: Any) -> AsyncIterator[Walker]:
    """A walker whose account the test can also act for by the API, as an officer and the bank need it."""
    file = folder / "foto.jpg"
    file.write_bytes(PICTURE)
    async with person(chromium, served.base, **manner) as at, Citizen(served.site.suite) as citizen:
        yield Walker(at, served, citizen, file)


MANNERS: Final = (
    pytest.param({"width": 360}, id="telephone", marks=pytest.mark.acceptance("Y1.width_360", "Y1.every_step")),
    pytest.param(
        {"width": 360, "script": False, "language": "en-GB"},
        id="without-script-in-english",
        marks=pytest.mark.acceptance("Y1.script_off", "Y1.two_languages"),
    ),
    pytest.param({"width": 1280, "keyboard": True}, id="keyboard", marks=pytest.mark.acceptance("Y1.keyboard")),
)
MORE_MANNERS: Final = tuple(
    pytest.param(
        {"width": width, "script": script, "language": language},
        id=f"{width}-{'script' if script else 'bare'}-{language}",
    )
    for width in WIDTHS
    for script in (True, False)
    for language in ("id-ID", "en-GB")
)


@pytest.mark.parametrize("manner", MANNERS + (MORE_MANNERS if IS_LONG else ()))
@pytest.mark.acceptance("Y1.accessible")
async def test_the_whole_journey(chromium: Browser, served: ServedSite, tmp_path: Path, manner: dict[str, Any]) -> None:
    async with walker(chromium, served, tmp_path, **manner) as walking:
        await walking.whole("warga.contoh@example.org")
        assert not walking.faults, "\n".join(walking.faults)
        language = "en" if manner.get("language") == "en-GB" else "id"
        assert await walking.at.page.get_attribute("html", "lang") == language
        if NPM is not None and manner.get("script", True):
            assert await markup_faults(walking.at.pages) == []
