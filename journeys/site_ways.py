"""The whole journey through the citizens' site, page by page and without script: `./paspor demo --portal`."""

from __future__ import annotations

import re
from typing import Any, Final

from journeys.addresses import Addresses
from journeys.api_client import Api
from journeys.citizen import Draw
from journeys.outside_world import Outside
from journeys.people import People, Person, placeholder
from journeys.reporter import Reporter, WayBroken
from journeys.site_browser import SiteBrowser, SiteForm, SitePage

ANSWERS: Final = {
    "has_held_passport": "no",
    "reason": "new",
    "passport_kind": "electronic",
    "validity_years": "10",
    "purpose": "tourism",
}
"""Answers to the questionnaire; questions that do not come are left out."""

MOST_QUESTIONS: Final = 12
"""Pages of the questionnaire, were each question a page of its own."""

_CODE: Final = re.compile(r"(?<!\d)(\d(?: ?\d){14})(?!\d)")
"""A billing code: 15 digits, in groups or not."""

_AMOUNT: Final = re.compile(r"Rp ?(\d[\d.]*\d)")
BEGIN, DAY, LETTER, PASSPORT = r"^/applications/new", r"[?&]day=", r"/visit/letter$", r"^/passports/[^/]+$"
PDF: Final = b"%PDF-"


class SiteVisitor:
    """One citizen before the site; each method is what a person does there."""

    def __init__(self, at: Addresses, browser: SiteBrowser, outside: Outside, person: Person, draw: Draw) -> None:
        """`draw` makes the pictures that are sent."""
        self.at = at
        self.browser = browser
        self.outside = outside
        self.person = person
        self._draw = draw
        self.application_id = ""

    @property
    def application(self) -> str:
        """The path of the application's page."""
        return f"/applications/{self.application_id}"

    async def arrive(self) -> str:
        """Open the first page and find the way in."""
        page = await self.browser.get("/")
        heading = page.heading
        await self.browser.follow(r"^/sign-in")
        return heading

    async def register(self) -> str:
        """Type the address, then the code that came by mail."""
        page = await self.browser.fill(self.browser.page.form("identifier"), identifier=self.person.email)
        code = await self.outside.otp_by_mail(self.person.email)
        page = await self.browser.fill(page.form("code"), code=code)
        return page.heading

    async def become_applicant(self) -> str:
        """Type name, NIK and birth data, and wait for the registry's word."""
        page = await self.browser.get("/applicants/new")
        born = self.person.birth_date
        dates = {"birth_date-day": f"{born:%d}", "birth_date-month": f"{born:%m}", "birth_date-year": f"{born:%Y}"}
        typed = self.person.as_applicant() | dates | {"married": "no"}
        page = await self.browser.fill(page.form("full_name", "nik"), **typed)
        page = await self.browser.look_until(page.path, lambda page: page.find_link(BEGIN), "the registry's answer")
        await self.browser.follow(BEGIN)
        return page.heading

    async def begin(self) -> str:
        """Begin an application for oneself."""
        form = self.browser.page.form("applicant_id")
        page = await self.browser.fill(form, applicant_id=(form.choices.get("applicant_id") or [""])[0])
        found = re.search(r"/applications/([0-9a-f-]{16,})", " ".join([page.path, *page.links]))
        if found is None:
            raise page.wrong("no application has begun")
        self.application_id = found.group(1)
        return page.heading

    async def answer_questionnaire(self) -> str:
        """Answer what is asked, page by page where it is asked so."""
        page, asked = await self.browser.get(f"{self.application}/questionnaire"), 0
        while f"{self.application}/questionnaire" in page.path and asked < MOST_QUESTIONS:
            forms = [form for form in page.forms if form.names & ANSWERS.keys() or form.action.startswith(page.path)]
            if not forms:
                break
            page, asked = await self.browser.fill(forms[0], **ANSWERS), asked + 1
        return f"{asked} pages; then: {page.heading}"

    async def send_papers(self) -> str:
        """Send a picture for each paper that the list names."""
        page = await self.browser.get(f"{self.application}/papers")
        places = dict.fromkeys(link for link in page.links if re.search(rf"^{self.application}/papers/[a-z_]+$", link))
        sent = 0
        for place in places:
            page = await self.browser.get(place)
            form = next((form for form in page.forms if form.files), None)
            if form is None:
                continue
            picture = self._draw(place.rpartition("/")[2], self.person)
            page = await self.browser.fill(form, **{form.files[0]: picture})
            sent += 1
        return f"{sent} pictures"

    async def submit(self) -> str:
        """Confirm what is not refundable, and submit."""
        page = await self.browser.look_until(
            f"{self.application}/submit",
            lambda page: page.has_form("confirmed_not_refundable"),
            "the form of the submission",
        )
        form = page.form("confirmed_not_refundable")
        page = await self.browser.fill(form, confirmed_not_refundable=form.choices["confirmed_not_refundable"][0])
        return page.heading

    async def book(self) -> str:
        """Choose the office, then the last day that is shown and its last time: others come for the first ones."""
        office = f"{self.application}/booking/{self.at.office_id}"
        page = await self.browser.look_until(office, lambda page: page.find_link(DAY), "a day with free seats")
        days = [link for link in page.links if re.search(DAY, link)]
        page = await self.browser.get(days[-1].partition("#")[0])
        form = page.form("session_id")
        page = await self.browser.fill(form, session_id=form.choices["session_id"][-1], pool="regular")
        return page.heading

    async def pay(self) -> str:
        """Read the billing code, and pay it on the trial's page of the bank."""
        page = await self.browser.look_until(
            f"{self.application}/pay", lambda page: _CODE.search(page.text), "the billing code"
        )
        code, amount = _CODE.search(page.text), _AMOUNT.search(page.text)
        if code is None or amount is None:
            raise page.wrong("it names no code or no amount")
        page = await self.browser.get("/trial/bank")
        form = page.form("billing_code", "amount")
        await self.browser.fill(form, billing_code=code.group(1), amount=amount.group(1))
        return f"{code.group(1)}, Rp{amount.group(1)}"

    async def fetch_letter(self) -> str:
        """Wait until the visit is certain, and fetch the letter for it."""
        page = await self.browser.look_until(
            f"{self.application}/visit", lambda page: page.find_link(LETTER), "the letter"
        )
        letter = await self.browser.follow(LETTER)
        if not letter.content.startswith(PDF):
            raise letter.wrong("it is no letter")
        return f"{page.heading}; {len(letter.content) // 1024} KiB"

    async def come(self) -> str:
        """Come to the office, on the trial's page."""
        await self._take_step("receive", "the visit")
        return self.browser.page.heading

    async def collect(self) -> str:
        """Wait for the book, collect it, and see it among one's passports."""
        await self._take_step("hand_out", "the passport in the office")
        page = await self.browser.look_until("/passports", lambda page: page.find_link(PASSPORT), "the passport")
        return page.heading

    async def _take_step(self, step: str, what: str) -> None:
        def offers(page: SitePage) -> list[SiteForm]:
            return [form for form in page.forms if form.values.get("step") == [step]]

        page = await self.browser.look_until("/trial/visit", offers, what)
        await self.browser.fill(offers(page)[0])


async def walk_site(
    at: Addresses, reporter: Reporter, *, base: str, draw: Draw = placeholder, people: People | None = None
) -> bool:
    """Walk the journey through the site at this address; return whether every step went well."""
    person = (people or People()).adult()
    way = reporter.way("portal", f"one application through the pages of {base}, without script")
    async with Api() as api, SiteBrowser(base) as browser:
        outside = Outside(at, api)
        await outside.register_people([person])
        visitor = SiteVisitor(at, browser, outside, person, draw)
        steps: list[tuple[str, Any]] = [
            ("open the site", visitor.arrive),
            ("register by a code", visitor.register),
            ("say who applies", visitor.become_applicant),
            ("begin an application", visitor.begin),
            ("answer the questionnaire", visitor.answer_questionnaire),
            ("send the papers", visitor.send_papers),
            ("submit", visitor.submit),
            ("choose office and time", visitor.book),
            ("pay", visitor.pay),
            ("fetch the letter", visitor.fetch_letter),
            ("come to the office", visitor.come),
            ("collect the passport", visitor.collect),
        ]
        try:
            for name, step in steps:
                await way.step(name, "portal", step)
        except WayBroken:
            return False
    return reporter.all_ok
