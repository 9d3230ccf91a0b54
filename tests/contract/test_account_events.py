"""The stream of an account's own things, with all services: a journey is told, each thing is read where it says."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest

from devtools.docs_command import endpoints_of
from services.notification.account_feeds.feed import ThingKind
from services.notification.account_feeds.feed_table import HREFS
from shared.events.subscriptions import SERVICES
from shared.service import Parts
from shared.tokens import Role
from tests.assembled import Suite
from tests.walking import EMAIL, PHONE, TYPED, Citizen

PATH = "/v1/account-events"
READABLE = {
    endpoint.path: service
    for service in SERVICES
    for endpoint in endpoints_of(service)
    if endpoint.method == "GET" and endpoint.access.lets_in(Role.APPLICANT)
}


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where they are blocked."""


@pytest.fixture
async def suite() -> AsyncIterator[Suite]:
    suite = Suite()
    await suite.start()
    async with suite.served():
        yield suite


def shape_of(href: str) -> str:
    """The path without the names in its braces."""
    return re.sub(r"{[a-z_]+}", "{}", href)


@pytest.mark.parametrize("kind", ThingKind)
def test_each_kind_of_thing_is_read_at_a_call_that_an_applicant_may_make(kind: ThingKind) -> None:
    assert shape_of(HREFS[kind]) in {shape_of(path) for path in READABLE}


def test_the_stream_follows_a_kind_that_its_service_keeps(parts: Mapping[str, Parts]) -> None:
    following = [(name, each) for name, part in parts.items() for each in part.endpoints if each.follows is not None]
    assert [(name, endpoint.path) for name, endpoint in following] == [("notification", PATH)]
    kinds = {kind.name for kind in parts["notification"].kinds}
    assert {endpoint.follows for _, endpoint in following} <= kinds


async def events(citizen: Citizen, last_id: str) -> tuple[list[Any], str]:
    """Return the changes after this id that are there, as a new stream tells them."""
    headers = {"Authorization": f"Bearer {citizen.token}", "Last-Event-ID": last_id}
    found, text = [], b""
    url = f"{citizen.suite.urls['notification']}{PATH}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        text = await answer.content.readuntil(b"\n\n")  # with how long to wait
        text = await answer.content.readany()
    for block in text.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if fields.get("event") == "change":
            found.append(json.loads(fields["data"]))
        last_id = fields.get("id", last_id)
    return found, last_id


async def first_id(citizen: Citizen) -> str:
    """Return the id with which a stream begins that resumes nothing."""
    return (await events(citizen, "none"))[1]


async def test_a_journey_is_told_with_facts_of_every_service_and_each_thing_is_read_where_it_says(
    suite: Suite,
) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        begun = await first_id(citizen)
        await citizen.add_phone()
        await citizen.become_applicant()
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        await citizen.hold()
        await citizen.pay()
        await suite.settle()
        told, _ = await events(citizen, begun)
        facts = {(item["kind"], item["fact"]) for item in told}
        assert facts >= {
            ("applicant", "added"),
            ("applicant", "confirmed"),
            ("application", "drafted"),
            ("application", "submitted"),
            ("appointment", "held"),
            ("appointment", "confirmed"),
            ("bill", "requested"),
            ("bill", "issued"),
            ("bill", "paid"),
            ("letter", "ready"),
        }
        of_person = (EMAIL, PHONE, TYPED["full_name"], TYPED["nik"], TYPED["birth_place"], TYPED["birth_date"])
        assert not any(str(word) in json.dumps(told) for word in of_person)
        for href in {item["href"] for item in told}:
            path = next(path for path in READABLE if re.fullmatch(re.sub(r"{[a-z_]+}", "[^/]+", path), href))
            reply = await citizen.call(READABLE[path], "GET", href)
            assert reply.status == 200, (href, reply.raw)
