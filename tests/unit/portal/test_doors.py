"""A refusal leads on: each next call that a citizen is told has a page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from portal.api.problem import Problem
from portal.pages import PAGES
from portal.web.doors import DOORS, FALLBACK, Door, find_door
from portal.web.words import Words
from shared.events.subscriptions import SERVICES
from shared.http.problem_calls import PROBLEM_CALLS
from shared.http.runtime_refusals import refusals_of_runtime
from shared.next_calls import NEXT_CALLS, NextCall, Ways, way_for
from shared.tokens import Role
from tests.contract.test_next_calls import TOLD_TO, endpoints_of, keys_of, roles_of
from tests.unit.portal.fake_api import open_fake_api, seal
from tests.unit.portal.trying import FACTS
from tests.unit.portal.trying import PAGES as TRYING

IDS = {
    name: f"{name.partition('_')[0]}-1"
    for name in (
        *("account_id", "appointment_id", "applicant_id", "application_id", "assistance_id", "bill_id", "challenge_id"),
        *("credit_id", "document_id", "evidence_id", "export_id", "joint_bill_id", "leaving_id", "office_id"),
        *("opening_id", "passport_id", "purpose", "refund_id", "ticket_id", "waiting_id"),
    )
}


def told(ways: Ways, role: Role | None) -> Iterator[NextCall]:
    way = way_for(ways, role)
    if isinstance(way, NextCall) and not way.path.startswith("/v1/staff"):
        yield way


def every_call() -> Iterator[NextCall]:
    """Each call that an applicant or a stranger can be told."""
    for kind, table in NEXT_CALLS.items():
        if kind not in TOLD_TO:
            for ways in table.values():
                yield from told(ways, Role.APPLICANT)
    for service in SERVICES:
        for endpoint in endpoints_of(service):
            for role in {Role.APPLICANT, None} & set(roles_of(endpoint)):
                for refusal in (*endpoint.refusals, *refusals_of_runtime(endpoint)):
                    for key in keys_of(refusal.code):
                        yield from told(PROBLEM_CALLS[key], role)


def problem(method: str, href: str, **facts: object) -> Problem:
    return Problem(409, "x", "Belum bisa.", next_call={"method": method, "href": href}, facts=facts)


def test_every_next_call_of_a_citizen_has_a_page() -> None:
    calls = set(every_call())
    assert len(calls) > 50
    for call in calls:
        door = find_door(problem(call.method, call.path.format(**IDS)), IDS)
        assert door is not None, f"{call.method} {call.path}"
        assert "{" not in door.path
        assert door.path != FALLBACK.path or call.path == "/v1/applications", f"{call.method} {call.path}"


def test_every_door_is_a_page_and_has_a_sentence() -> None:
    words = Words()
    paths = {page.path for page in PAGES if page.method == "GET"}
    rooms = {path.split("/")[1] for path in paths}
    for door in (*DOORS, FALLBACK):
        assert words.knows("errors", door.says), door.says
        if door.path.split("/")[1] in rooms:
            assert door.path in paths, f"no page at {door.path}"


@pytest.mark.parametrize(
    ("given", "door"),
    [
        (problem("POST", "/v1/appointments"), FALLBACK),
        (problem("POST", "/v1/appointments", application_id="a-9"), Door("/applications/a-9/booking", "door.booking")),
        (problem("GET", "/v1/bills?application_id=ap-7"), Door("/applications/ap-7/pay", "door.pay")),
        (problem("GET", "/v1/bills?application_id={application_id}"), FALLBACK),
        (problem("GET", "/v1/applications/..%2F..%2Fevil"), FALLBACK),
        (problem("GET", "/v1/refunds/{refund_id}"), FALLBACK),
        (problem("POST", "/v1/staff/logins"), None),
        (problem("GET", "https://evil.example/v1/nothing"), None),
        (Problem(409, "x", "Belum bisa."), None),
    ],
)  # fmt: skip
def test_a_door_whose_id_is_not_known_leads_home(given: Problem, door: Door | None) -> None:
    assert find_door(given, {}) == door


async def test_the_page_of_a_refusal_shows_its_door() -> None:
    async with open_fake_api() as fake, fake.browser(pages=TRYING) as browser:
        browser.set_cookie("session", seal(fake.session()))
        refusal = {"code": "payment_owed", "title": "Ada tagihan.", "next_action": "Bayar tagihannya."}
        call = {"method": "GET", "href": "/v1/applications/ap-1"}
        fake.answers["GET", FACTS] = (409, {**refusal, "next_call": call})
        page = await browser.get("/try/known")
        assert "/applications/ap-1" in page.links
        assert "Buka permohonan" in page.text
        fake.answers["GET", FACTS] = (409, refusal)
        page = await browser.get("/try/known")
        assert not [link for link in page.links if re.match("/applications", link)]
