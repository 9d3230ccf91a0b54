"""Links of mails and of codes on papers work where no gateway stands before the services, and only there."""

from __future__ import annotations

import re

from portal.links.pages import GUIDE_PATH, LINKED
from tests.contract.gateway import read_routes
from tests.unit.portal.browser import Browser
from tests.unit.portal.site import Site
from tests.walking import EMAIL, Citizen


async def test_a_link_of_a_mail_opens_the_services_own_page_and_its_button_works(site: Site, browser: Browser) -> None:
    async with Citizen(site.suite) as citizen:
        await citizen.register()
        await site.suite.later(120)
        asked = await citizen.done("identity", "POST", "/v1/logins", {"identifier": EMAIL})
        await citizen._prove(asked["challenge_id"], citizen._read_code(by_sms=False))
    await site.suite.settle()
    mails = "\n".join(mail.body for mail in site.suite.agencies.mailer.taken)
    found = re.search(r"https?://[^/\s]+(/v1/logins/\S+/disown)", mails)
    assert found is not None, mails
    status, headers, asks = await browser.raw("GET", found[1])
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Itu bukan saya" in asks and b'method="post"' in asks
    assert "style-src 'sha256-" in headers["Content-Security-Policy"], "its own policy, not that of our pages"
    assert headers["Referrer-Policy"] == "no-referrer", "the address is a secret"
    status, _, done = await browser.raw("POST", f"{found[1]}?language=en", data={})
    assert status == 200 and b"Every device is signed out" in done
    status, _, _ = await browser.raw("POST", found[1], data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert status == 403, "no other site presses the button"


async def test_refusals_are_passed_on_as_they_are_and_sessions_are_not(browser: Browser) -> None:
    path = "/v1/receipt-checks/0000000000000000?amount=650000"
    status, headers, said = await browser.raw("GET", path)
    assert (status, headers["Content-Type"]) == (404, "application/problem+json")
    assert b"receipt_not_confirmed" in said
    status, _, page = await browser.raw("GET", GUIDE_PATH, headers={"Accept": "text/html"})
    assert status == 200 and b"<h1" in page
    status, _, _ = await browser.raw("GET", "/v1/account")
    assert status == 404, "the portal is no way to the API"


async def test_in_production_the_gateway_answers_them(site: Site) -> None:
    """There the portal knows none of them; each has its way in the gateway's table."""
    async with site.browser(
        environment="production",
        public_url="https://paspor.go.id",
        trusted_proxies="10.0.0.0/8",
        **{f"{name}_url": f"http://{name}:8080" for name in site.suite.urls},
    ) as browser:
        for method, path in LINKED:
            status, _, _ = await browser.raw(method, re.sub(r"{\w+}", "x1", path))
            assert status == 404, path
    services = {path: read_routes().service(path.format(link="x1", ntpn="x1")) for _, path in LINKED}
    assert services.pop(GUIDE_PATH) == "", "it has a place of its own"
    assert set(services.values()) == {"identity", "billing"}
