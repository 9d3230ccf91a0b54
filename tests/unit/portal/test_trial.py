"""The trial page before real simulators: people are invented, messages read, codes paid, a visit held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local_suite.mail_sink import Chaos, MailBox
from local_suite.mail_sink import create_app as mailbox_app
from portal.api.problem import ServiceDown
from portal.config import Settings
from portal.trial.counter import Counter
from portal.trial.letters import Letter, Piece, read_paragraphs
from portal.trial.pages import BANK_REFUSALS
from portal.trial.people import invent_family
from portal.web.words import Words
from shared.tokens import Role
from simulators.config import Settings as SimulatorSettings
from simulators.dukcapil.app import Dukcapil
from simulators.simponi.app import Simponi
from simulators.sms.app import SmsGateway
from tests.unit.identity.world import STAFF_PASSWORD
from tests.unit.portal.browser import Browser
from tests.unit.portal.signing_in import sign_in
from tests.unit.portal.site import KEYS, Site
from tests.walking import Citizen, Officer

AMOUNT = 650_000


@dataclass
class World:
    """The simulators, served, and a browser that knows of them."""

    browser: Browser
    registry: Dukcapil
    bank: Simponi
    gateway: SmsGateway
    box: MailBox = field(default_factory=MailBox)
    servers: dict[str, TestServer] = field(default_factory=dict)

    def code(self, reference: str, seconds: int = 600) -> str:
        """A billing code of the treasury."""
        now = datetime.now(UTC)
        return self.bank.books.issue(reference, AMOUNT, now + timedelta(seconds=seconds), now)[0].code

    def send_mail(self, to: str, subject: str, text: str) -> None:
        """A mail arrives."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "no-reply@contoh.example", to, subject
        mail.set_content(text)
        mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="surat.pdf")
        self.box.add(mail.as_bytes(), (to,), datetime.now(UTC))


@asynccontextmanager
async def served(apps: dict[str, web.Application]) -> AsyncIterator[dict[str, TestServer]]:
    servers = {name: TestServer(app) for name, app in apps.items()}
    for server in servers.values():
        await server.start_server()
    try:
        yield servers
    finally:
        for server in servers.values():
            await server.close()


@pytest.fixture
async def world(site: Site) -> AsyncIterator[World]:
    settings = SimulatorSettings(seed=7)
    registry, bank, gateway = Dukcapil(settings), Simponi(settings), SmsGateway(settings)
    box = MailBox()
    apps = {
        "registry": registry.application(),
        "bank": bank.application(),
        "sms": gateway.application(),
        "mailbox": mailbox_app(box, Chaos()),
    }
    async with served(apps) as servers:
        urls = {f"trial_{name}_url": str(server.make_url("")).rstrip("/") for name, server in servers.items()}
        async with site.browser(trial_staff_password=STAFF_PASSWORD, **urls) as browser:
            yield World(browser, registry, bank, gateway, box, servers)


async def test_it_says_what_can_be_tried_and_invents_people_the_registry_knows(world: World) -> None:
    browser = world.browser
    page = await browser.get("/trial")
    assert (page.status, page.heading) == (200, "Yang dapat dicoba di sini")
    assert {"/trial/mailbox", "/trial/sms", "/trial/bank", "/trial/visit", "/sign-in"} <= set(page.links)
    form = page.form(action="/trial/people")
    known = set(world.registry.registry.people)
    family = await browser.submit(form)
    made = [person for nik, person in world.registry.registry.people.items() if nik not in known]
    assert len(made) == 2, "an adult and a child"
    assert made[0].family_card_number == made[1].family_card_number
    for person in made:
        assert person.nik in family.text and person.family_card_number in family.text
        assert person.full_name in family.text.upper()
    address = family.path
    again = await browser.submit(form)
    assert again.path == address, "the same form sent twice makes no other people"
    assert len(world.registry.registry.people) == len(known) + 2
    english = await browser.get(f"{address}?language=en")
    assert english.heading == "Your invented people" and made[0].nik in english.text
    for odd in ("x", "0" * 13, "..%2F..", "0a1b2c3d4e5g"):
        assert (await browser.get(f"/trial/people/{odd}")).status == 404


async def test_mails_to_an_address_are_shown_with_their_code_and_links_to_this_site_alone(world: World) -> None:
    mine, browser = "warga@contoh.example", world.browser
    world.send_mail("orang.lain@contoh.example", "Bukan untuk saya", "Kode Anda 999999.")
    world.send_mail(
        mine,
        "Kode <b>masuk</b>",
        "Kode Anda 123456.\nBerlaku 5 menit.\n\n"
        "Buka http://127.0.0.1:8100/applications/a-000000-b. Bukan http://evil.example/x atau "
        "http://127.0.0.1:81000/y\n<script>alert(1)</script>",
    )
    await browser.get("/trial/mailbox")
    page = await browser.submit(address=mine)
    assert "123456" in page.text and "999999" not in page.text
    assert "/applications/a-000000-b" in page.links
    assert not [link for link in page.links if "evil" in link or "81000" in link]
    assert "<script>alert" not in page.html and "<b>masuk" not in page.html
    assert "surat.pdf" in page.text
    assert "Belum ada pesan" in (await browser.get("/trial/mailbox?address=niemand@contoh.example")).text
    for odd in ("", 'to:x" subject:Kode', "a b"):
        assert "123456" not in (await browser.get(f"/trial/mailbox?address={odd}")).text


async def test_text_messages_are_found_however_the_number_is_written(world: World) -> None:
    now = datetime.now(UTC)
    world.gateway.messages.accept("k1", "+628112345678", "Kode 654321", "r1", now, outcome="delivered", after_seconds=0)
    for written in ("0811 2345 678", "%2B62 811-2345-678", "628112345678"):
        assert "654321" in (await world.browser.get(f"/trial/sms?number={written}")).text, written
    assert "654321" not in (await world.browser.get("/trial/sms?number=0811")).text
    assert "Lihat" in (await world.browser.get("/trial/sms")).text


async def test_a_code_is_paid_once_and_the_bank_s_refusals_are_sentences(world: World) -> None:
    browser, code = world.browser, world.code("r-1")
    page = await browser.get(f"/trial/bank?billing_code={code}&amount={AMOUNT}")
    assert page.form("billing_code").values["billing_code"] == [code], "the payment page may lead here, filled"
    assert (await browser.submit(billing_code="", amount="banyak")).field_errors().keys() == {"billing_code", "amount"}
    assert "persis" in (await browser.submit(billing_code=code, amount="1")).field_errors()["amount"]
    page = await browser.submit(billing_code=f"{code[:5]} {code[5:]}", amount="Rp650.000")
    assert "Bank sudah menerima pembayaran" in page.text
    assert len(world.bank.books.billing(code).payments) == 1
    page = await browser.submit(billing_code=code, amount="650.000")
    assert page.status == 422 and "sudah dibayar" in page.field_errors()["billing_code"]
    assert len(world.bank.books.billing(code).payments) == 1
    page = await browser.submit(billing_code="820000000000000", amount="1")
    assert "tidak mengenal" in page.field_errors()["billing_code"]
    cancelled = world.code("r-2")
    world.bank.books.cancel(cancelled, datetime.now(UTC))
    page = await browser.submit(billing_code=cancelled, amount=str(AMOUNT))
    assert "dibatalkan" in page.field_errors()["billing_code"]


def test_every_refusal_of_the_bank_has_its_sentence() -> None:
    words = Words()
    assert [name for name in BANK_REFUSALS if not words.knows("trial", f"bank_{name}")] == []


@asynccontextmanager
async def carried(site: Site) -> AsyncIterator[None]:
    """Messages go from service to service meanwhile, as they do by themselves in a running suite."""

    async def carry() -> None:
        while True:
            await site.suite.settle()
            await asyncio.sleep(0.02)

    task = asyncio.create_task(carry())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_button_holds_the_visit_and_another_gives_the_passport(site: Site, world: World) -> None:
    browser = world.browser
    async with Citizen(site.suite) as citizen:
        await citizen.until_paid()
        seat = await citizen.appointment()
        site.suite.clock.set(datetime.fromisoformat(seat["starts_at"]) + timedelta(minutes=1))
        await site.suite.settle()
        sign_in(browser, citizen)
        page = await browser.get("/trial/visit")
        assert (await citizen.view())["number"] in page.text
        async with carried(site):
            page = await browser.submit(page.form("application_id"))
        assert "menyetujui permohonan" in page.text and "sedang dicetak" in page.text
        await site.suite.settle()
        site.suite.agencies.dpri.printed = True
        await site.suite.later(86400)
        page = await browser.get("/trial/visit")
        assert "siap diambil" in page.text
        page = await browser.submit(page.form("application_id"))
        assert "sudah diserahkan" in page.text
        await site.suite.settle()
        assert (await citizen.view())["state"] == "collected"


async def test_a_visit_that_was_begun_is_gone_through_by_the_same_button(site: Site, world: World) -> None:
    """The portal ended, or a service did not answer, after the check-in: the visitor is inside and not stuck."""
    async with Citizen(site.suite) as citizen, Officer(site.suite, Role.FRONT_OFFICER) as front:
        await citizen.until_paid()
        seat = await citizen.appointment()
        site.suite.clock.set(datetime.fromisoformat(seat["starts_at"]) + timedelta(minutes=1))
        await site.suite.settle()
        await front.done("scheduling", "POST", "/v1/check-ins", {"queue_code": seat["queue_code"]})
        await site.suite.settle()
        sign_in(world.browser, citizen)
        page = await world.browser.get("/trial/visit")
        async with carried(site):
            page = await world.browser.submit(page.form("application_id"))
        assert "menyetujui permohonan" in page.text


async def test_what_the_office_refuses_is_told_and_nothing_happens(site: Site, world: World) -> None:
    """Where visitors may not come on any day, the demo staff send them away as real ones do."""
    async with Citizen(site.suite) as citizen:
        await citizen.until_paid()
        sign_in(world.browser, citizen)
        page = await world.browser.get("/trial/visit")
        page = await world.browser.submit(page.form("application_id"))
        assert page.status == 422 and "Ada yang perlu diperbaiki" in page.text
        form = page.form("application_id")
        form.values["step"] = ["hand_out_at_once"]
        assert (await world.browser.submit(form)).status == 404, "a hidden field that was changed names no step"
        assert (await citizen.view())["current_step"] == "come"


async def test_without_the_right_password_of_the_staff_the_visit_waits(site: Site, world: World) -> None:
    """It is the installation's fault and none of the visitor's: their own session goes on."""
    async with site.browser(trial_staff_password="wrong") as browser, Citizen(site.suite) as citizen:
        await citizen.until_paid()
        sign_in(browser, citizen)
        page = await browser.get("/trial/visit")
        page = await browser.submit(page.form("application_id"))
        assert page.status == 503 and "tidak dapat dihubungi" in page.text
        assert (await browser.get("/trial/visit")).status == 200


@pytest.mark.parametrize("status", [None, 500])
async def test_a_counter_whose_service_is_down_says_which(status: int | None) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({}, status=status or 200)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with served({"identity": app}) as servers:
        url = str(servers["identity"].make_url("")).rstrip("/")
        if status is None:
            await servers["identity"].close()
        given = {"environment": "test", "portal_keys": KEYS, "identity_url": url, "trial_staff_password": "p"}
        async with Counter(Settings.load(**given), "id") as counter:
            with pytest.raises(ServiceDown, match=r"^identity: "):
                await counter.hand_out("a1")


async def test_a_check_in_that_nobody_hears_of_is_a_service_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: web.Request) -> web.Response:
        said = {"access_token": "t"} if request.path == "/v1/staff/logins" else {"current_step": "come"}
        return web.json_response(said)

    monkeypatch.setattr("portal.trial.counter.HEARD_SECONDS", 0.02)
    monkeypatch.setattr("portal.trial.counter.LOOK_SECONDS", 0.01)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with served({"all": app}) as servers:
        url = str(servers["all"].make_url("")).rstrip("/")
        urls = {f"{name}_url": url for name in ("identity", "application", "scheduling")}
        given = {"environment": "test", "portal_keys": KEYS, "trial_staff_password": "p", **urls}
        async with Counter(Settings.load(**given), "id") as counter:
            with pytest.raises(ServiceDown, match="check_in_not_heard_of"):
                await counter.receive("a1", "code")


async def test_staff_serve_nobody_else_s_application(site: Site, world: World) -> None:
    """A hidden field that was changed names another person's application: there is none for this visitor."""
    async with Citizen(site.suite) as other, Citizen(site.suite) as citizen:
        await other.until_paid("orang.lain@example.org")
        await citizen.register()
        await site.suite.settle()
        sign_in(world.browser, citizen)
        page = await world.browser.get("/trial/visit")
        assert "Belum ada kunjungan" in page.text
        token = page.form("form_token").values["form_token"][0]
        for step in ("receive", "hand_out", "x"):
            for application_id in (other.application_id, "../staff", ""):
                data = {"form_token": token, "application_id": application_id, "step": step}
                status, _, _ = await world.browser.raw("POST", "/trial/visit", data=data)
                assert status in (404, 409), (step, application_id)
        assert (await other.view())["current_step"] == "come"


async def test_the_visit_is_for_those_who_are_signed_in(world: World) -> None:
    status, headers, _ = await world.browser.raw("GET", "/trial/visit")
    assert (status, headers["Location"]) == (303, "/sign-in?back=%2Ftrial%2Fvisit")


ASKS: dict[str, Callable[[World], Awaitable[Any]]] = {
    "mailbox": lambda world: world.browser.get("/trial/mailbox?address=warga@contoh.example"),
    "sms": lambda world: world.browser.get("/trial/sms?number=08112345678"),
    "registry": lambda world: world.browser.submit(world.browser.page.form(action="/trial/people")),
    "bank": lambda world: world.browser.submit(billing_code="820000000000000", amount="1"),
}


async def test_a_simulator_that_behaves_badly_has_the_same_page(world: World) -> None:
    bad = {"operation": "pay", "mode": "error"}
    url = world.servers["bank"].make_url("/control/behaviour")
    async with aiohttp.ClientSession() as http, http.put(url, json=bad) as answer:
        assert answer.status == 200
    await world.browser.get("/trial/bank")
    assert (await world.browser.submit(billing_code=world.code("r-9"), amount=str(AMOUNT))).status == 503
    await world.servers["mailbox"].close()
    assert (await world.browser.get("/trial/mailbox?address=warga@contoh.example")).status == 503


async def test_a_simulator_that_is_away_has_a_page(world: World) -> None:
    for name, ask in ASKS.items():
        await world.browser.get("/trial/bank" if name == "bank" else "/trial")
        await world.servers[name].close()
        page = await ask(world)
        assert (page.status, page.heading) == (503, "Bagian percobaan ini tidak menjawab"), name


PATHS = ("/trial/mailbox", "/trial/sms", "/trial/bank", "/trial/people/0a1b2c3d4e5f")


async def test_where_there_is_nothing_to_try_the_page_names_nothing(browser: Browser) -> None:
    page = await browser.get("/trial")
    assert page.status == 200 and not [link for link in page.links if link.startswith("/trial/")]
    for path in PATHS:
        assert (await browser.get(path)).status == 404, path


async def test_in_production_there_is_no_trial(site: Site) -> None:
    async with site.browser(
        environment="production",
        public_url="https://paspor.go.id",
        trusted_proxies="10.0.0.0/8",
        **{f"{name}_url": f"http://{name}:8080" for name in site.suite.urls},
    ) as browser:
        for path in ("/trial", *PATHS):
            page = await browser.get(path)
            assert page.status == 404 and "/trial" not in page.links, path


def test_a_code_in_a_link_is_none() -> None:
    assert Letter("", "", "Buka http://x.example/123456 dan a-123456-b.").code is None
    assert Letter("", "", "Kode: 123456.").code == "123456"


def test_a_line_without_links_stays_as_it_is() -> None:
    assert read_paragraphs("satu\r\ndua\n\ntiga", "http://here") == [
        [[Piece("satu")], [Piece("dua")]],
        [[Piece("tiga")]],
    ]
    assert read_paragraphs("http://here", "http://here/") == [[[Piece("http://here", "/")]]]


def test_an_invented_person_s_nik_has_the_real_form() -> None:
    for number in range(50):
        for person in (family := invent_family(f"{number:012x}")).adult, family.child:
            day = person.birth_date.day + (40 if person.sex == "female" else 0)
            assert person.nik[6:12] == f"{day:02d}{person.birth_date:%m%y}" and len(person.nik) == 16
        assert family.adult.birth_date.year < 2001 < family.child.birth_date.year
