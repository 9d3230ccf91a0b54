"""Contacts of offices: their heads keep them, an alert goes to them, and where there are none to the next above."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any

import pytest

from services.notification.deliveries.delivery import State
from services.notification.deliveries.recipient import Reach
from services.notification.office_contacts.office_contacts import office_key
from services.notification.office_contacts.repository import OFFICE_CONTACTS, delivered_regions
from services.notification.office_contacts.vault import OfficeContactsVault
from services.notification.rules import Rules
from shared.crypto.errors import CannotDecrypt
from shared.events import application
from shared.events.scheduling import OfficeOpened
from shared.tokens import Caller, Role, TokenIssuer
from tests.unit.notification.samples import event_of
from tests.unit.notification.test_http import _PEM, Service, service  # noqa: F401 - a fixture
from tests.unit.notification.world import World

OFFICE, REGION, OTHER_REGION = "jakarta-selatan", "dki-jakarta", "jawa-barat"
EMAIL, PHONE = "piket.selatan@kantor.example", "0812-0000-0678"
PATH, REGION_PATH = f"/v1/office-contacts/{OFFICE}", f"/v1/region-contacts/{REGION}"
HEAD = Caller("head-1", Role.OFFICE_ADMIN, "s", OFFICE)
OF_REGION = delivered_regions().offices_of(REGION)
REGIONAL = Caller("regional-1", Role.REGIONAL_OFFICER, "s", offices=OF_REGION)

Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
def ask(service: Service) -> Ask:  # noqa: F811
    """Calls with the token of a caller."""

    async def ask_as(caller: Caller, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        token = TokenIssuer(_PEM, "paspor-identity", service.clock).issue(caller, 900)
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        if method == "PUT":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        async with service.client.request(method, path, json=body, headers=headers) as response:
            return response.status, await response.json()

    return ask_as


async def test_the_head_keeps_the_contacts_of_the_office_and_sees_them_masked(ask: Ask, service: Service) -> None:  # noqa: F811
    status, empty = await ask(HEAD, "GET", PATH)
    assert (status, empty["email_masked"], empty["phone_masked"], empty["told"]) == (200, None, None, "nobody")
    status, kept = await ask(HEAD, "PUT", PATH, {"email": EMAIL, "phone": PHONE, "language": "en"})
    assert (status, kept["email_masked"], kept["told"], kept["language"]) == (
        200,
        "p***@kantor.example",
        "office",
        "en",
    )
    assert kept["phone_masked"].endswith("678") and "8120000" not in kept["phone_masked"]
    assert (await ask(HEAD, "GET", PATH))[1] == kept
    stored = str(service.store._documents[OFFICE_CONTACTS.name])
    assert EMAIL not in stored and "62812" not in stored
    status, emptied = await ask(HEAD, "PUT", PATH, {})
    assert (status, emptied["email_masked"], emptied["told"]) == (200, None, "nobody")


@pytest.mark.parametrize(
    ("caller", "path"),
    [
        (Caller("head-2", Role.OFFICE_ADMIN, "s", "medan"), PATH),
        (Caller("head-3", Role.OFFICE_ADMIN, "s"), PATH),
        (REGIONAL, f"/v1/region-contacts/{OTHER_REGION}"),
        (Caller("regional-2", Role.REGIONAL_OFFICER, "s", offices=OF_REGION[:1]), REGION_PATH),
    ],
)
async def test_contacts_of_others_are_neither_seen_nor_kept(ask: Ask, caller: Caller, path: str) -> None:
    for method, body in (("GET", None), ("PUT", {"email": EMAIL})):
        status, problem = await ask(caller, method, path, body)
        assert (status, problem["code"]) == (403, "not_your_office")


@pytest.mark.parametrize("role", [Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OPERATOR, Role.APPLICANT])
async def test_others_than_heads_do_not_reach_them(ask: Ask, role: Role) -> None:
    assert (await ask(Caller("staff-1", role, "s", OFFICE), "GET", PATH))[0] == 403


async def test_an_unknown_region_is_told(ask: Ask) -> None:
    status, problem = await ask(REGIONAL, "GET", "/v1/region-contacts/atlantis")
    assert (status, problem["code"]) == (404, "region_not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "no address"}, "/email"),
        ({"email": "x" * 255 + "@kantor.example"}, "/email"),
        ({"phone": "021-5550100"}, "/phone"),
        ({"phone": "12"}, "/phone"),
        ({"email": EMAIL, "language": "jv"}, "/language"),
    ],
)
async def test_what_is_no_contact_is_refused_and_changes_nothing(ask: Ask, body: dict[str, Any], field: str) -> None:
    await ask(HEAD, "PUT", PATH, {"email": EMAIL})
    status, problem = await ask(HEAD, "PUT", PATH, body)
    assert (status, problem["code"], problem["errors"][0]["pointer"]) == (422, "malformed", field)
    assert (await ask(HEAD, "GET", PATH))[1]["email_masked"] == "p***@kantor.example"


async def keep(world: World, key_id: str, caller: Caller, email: str | None, phone: str | None = None) -> None:
    book, reach = world.service.office_contacts, Reach(email=email, phone=phone)
    act = book.keep_office if caller.role is Role.OFFICE_ADMIN else book.keep_region
    await act(key_id, reach, "id", caller, f"command-{email}-{phone}")


def overdue(office_id: str = OFFICE) -> Any:
    return event_of(application.HandOverOverdue, office_id=office_id, application_id="application-1")


OPERATORS = Rules(operator_email="pusat@kantor.example")


@pytest.mark.acceptance("F47.alert_by_18")
async def test_the_alert_reaches_the_office_else_the_region_else_the_operators() -> None:
    world = World(OPERATORS)
    await world.hears(overdue())
    await world.works()
    assert [mail.to for mail in world.mails] == ["pusat@kantor.example"]
    await keep(world, REGION, REGIONAL, "kanwil@kantor.example")
    await world.hears(overdue())
    await world.works()
    assert world.mails[-1].to == "kanwil@kantor.example" and OFFICE in world.mails[-1].body
    await keep(world, OFFICE, HEAD, EMAIL)
    await world.hears(overdue())
    await world.works()
    assert world.mails[-1].to == EMAIL
    shown = await world.service.office_contacts.show_region(REGION, REGIONAL)
    assert (shown.told.value, shown.reach.email) == ("region", "kanwil@kantor.example")
    await keep(world, REGION, REGIONAL, None)
    shown = await world.service.office_contacts.show_region(REGION, REGIONAL)
    assert (shown.told.value, shown.reach.email) == ("operators", None)


async def test_an_office_with_a_telephone_alone_is_told_by_sms() -> None:
    world = World(OPERATORS)
    await keep(world, OFFICE, HEAD, None, "+6281200000678")
    for event in (overdue(), event_of(application.PrintOverdue, office_id=OFFICE)):
        await world.hears(event)
    await world.works()
    assert [text.to for text in world.texts] == ["+6281200000678"] * 2 and world.mails == []


async def test_an_outreach_is_told_at_the_office_that_keeps_it() -> None:
    world = World(OPERATORS)
    opened = OfficeOpened(office_id="mal-contoh", parent_id=OFFICE)
    for _ in range(2):
        await world.hears(opened)
    await keep(world, REGION, REGIONAL, "kanwil@kantor.example")
    await world.hears(overdue("mal-contoh"))
    await keep(world, OFFICE, HEAD, EMAIL)
    await world.hears(overdue("mal-contoh"))
    await keep(world, "mal-contoh", HEAD, "mal@kantor.example")
    await world.hears(overdue("mal-contoh"))
    await world.works()
    assert sorted(mail.to for mail in world.mails) == ["kanwil@kantor.example", "mal@kantor.example", EMAIL]


async def test_an_alert_that_nobody_can_be_told_is_kept_as_failed() -> None:
    world = World(Rules())
    await world.hears(overdue("nowhere"))
    [record] = await world.deliveries()
    assert (record.state.state, record.state.reason) == (State.FAILED, "no_address")
    shown = await world.service.office_contacts.show_region(REGION, REGIONAL)
    assert shown.told.value == "nobody"


async def test_contacts_are_turned_to_the_current_key_and_bound_to_their_office() -> None:
    world = World()
    await keep(world, OFFICE, HEAD, EMAIL, "+6281200000678")
    vault, key = OfficeContactsVault(world.seals), office_key(OFFICE)
    record = await world.store.get(OFFICE_CONTACTS, key)
    assert record is not None and vault.is_current(key, record.state)
    turned = await vault.turned(key, record.state)
    assert turned != record.state and vault.open_reach(key, turned).email == EMAIL
    with pytest.raises(CannotDecrypt):
        vault.open_reach(office_key("medan"), record.state)


def test_offices_and_regions_are_those_of_identity() -> None:
    def rows(package: str) -> list[dict[str, str]]:
        text = resources.files(package).joinpath("data", "offices.csv").read_text("utf-8")
        return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))

    assert rows("services.notification") == rows("services.identity")
