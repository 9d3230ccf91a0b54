"""Offices that staff are given: delivered ones, ones opened later, and the regions that watch them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.identity.offices.delivered import delivered_offices
from services.identity.offices.office import Office, OfficeTable
from services.identity.staff.administration import Hiring
from services.identity.staff.member import StaffReason
from services.identity.staff.powers import MOST_OFFICES_SERVED, Post
from services.scheduling.app import read_offices
from services.scheduling.office import slug
from shared.events.envelope import Envelope
from shared.events.scheduling import OfficeOpened
from shared.tokens import ALL_OFFICES, Caller, Role, StaticKeys, TokenIssuer, TokenVerifier
from tests.unit.identity.served import Client, served
from tests.unit.identity.test_http import get, post
from tests.unit.identity.test_staff_admin import OWN, Desk, outcome
from tests.unit.identity.world import SIGNING_PEM, STAFF_PASSWORD, World

REASON = {"reason": "new_post"}
OUTREACH = "jakarta-selatan-blok-m"


@pytest.fixture
async def desk(world: World) -> Desk:
    desk = Desk(world)
    await desk.seed()
    return desk


@pytest.fixture
async def client(desk: Desk, socket_enabled: None) -> AsyncIterator[Client]:
    async with served(desk.world) as client:
        yield client


async def token(client: Client, username: str, password: str = STAFF_PASSWORD) -> str:
    status, tokens = await post(client, "/v1/staff/logins", {"username": username, "password": password})
    assert status == 200, tokens
    return str(tokens["access_token"])


async def caller_of(world: World, access_token: str) -> Caller:
    issuer = TokenIssuer(SIGNING_PEM, "paspor-identity", world.clock)
    return await TokenVerifier(StaticKeys(issuer.jwks()), world.clock).verify(access_token)


async def tell_of_outreach(world: World) -> None:
    event = OfficeOpened(office_id=OUTREACH, parent_id="jakarta-selatan")
    handler = world.parts.events[OfficeOpened]
    await handler(event, Envelope("m1", "/paspor/scheduling", "c1", world.now(), "corr", "cause", "", 1, event))


def form(role: str, **more: Any) -> dict[str, Any]:
    return {"username": f"{role}.contoh".replace("_", "-"), "full_name": "RINA CONTOH", "role": role, **REASON, **more}


def test_identity_knows_the_offices_that_scheduling_delivers_with_their_provinces() -> None:
    table = delivered_offices()
    for office in read_offices():
        assert office.office_id in table
        assert office.office_id in table.of_region(slug(office.province))
    regions = {slug(office.province) for office in read_offices()}
    assert sum(len(table.of_region(region)) for region in regions) == len(read_offices())


def test_the_offices_of_the_largest_region_fit_into_a_token() -> None:
    regions = {slug(office.province) for office in read_offices()}
    assert max(len(delivered_offices().of_region(region)) for region in regions) <= MOST_OFFICES_SERVED


def test_a_table_knows_its_regions() -> None:
    table = OfficeTable([Office("b", "east"), Office("a", "east"), Office("c", "west")])
    assert (table.of_region("east"), table.of_region("west")) == (("a", "b"), ("c",))
    assert (table.of_region(None), table.of_region("north")) == ((), ())
    assert (table.has_region("east"), table.has_region("north")) == (True, False)
    assert ("a" in table, "d" in table) == (True, False)


@pytest.mark.parametrize(
    ("role", "place", "field", "code"),
    [
        ("office_admin", {"office_id": "jakarta-selatn"}, "/office_id", "office_unknown"),
        ("treasurer", {"offices": ["jakarta-selatan", "nowhere"]}, "/offices/1", "office_unknown"),
        ("regional_officer", {"region_id": "jawa"}, "/region_id", "region_unknown"),
        ("regional_officer", {}, "/region_id", "region_needed"),
        ("public_relations", {"region_id": "jawa-barat"}, "/region_id", "region_not_wanted"),
        ("hq_it", {"office_id": "jakarta-selatan"}, "/office_id", "office_not_wanted"),
        ("adjudicator", {}, "/office_id", "office_needed"),
    ],
)
async def test_an_office_or_region_that_is_not_there_is_refused_with_a_way_out(
    client: Client, role: str, place: dict[str, Any], field: str, code: str
) -> None:
    operator = await token(client, "operator")
    status, problem = await post(client, "/v1/staff/members", form(role, **place), operator)
    assert (status, problem["code"], problem["field"]) == (422, code, field)
    assert problem["next_action"]
    if code.endswith("_unknown"):
        assert problem["next_call"] == {"method": "GET", "href": "/v1/offices"}


async def test_somebody_is_moved_only_to_an_office_that_is_there(client: Client) -> None:
    operator = await token(client, "operator")
    _, hired = await post(client, "/v1/staff/members", form("office_admin", office_id="jakarta-utara"), operator)
    path = f"/v1/staff/members/{hired['staff_id']}/reassignment"
    moved = {"role": "office_admin", "office_id": "atlantis", "reason": "transfer"}
    status, problem = await post(client, path, moved, operator)
    assert (status, problem["code"], problem["office_id"]) == (422, "office_unknown", "atlantis")
    status, seen = await post(client, path, {**moved, "office_id": "bandung"}, operator)
    assert (status, seen["office_id"]) == (200, "bandung")
    region = {"role": "regional_officer", "region_id": "jawa-barat", "reason": "transfer"}
    status, seen = await post(client, path, region, operator)
    assert (status, seen["office_id"], seen["region_id"]) == (200, None, "jawa-barat")
    status, problem = await post(client, path, {**region, "region_id": "atlantis"}, operator)
    assert (status, problem["code"]) == (422, "region_unknown")


async def test_an_office_that_was_opened_later_is_known_by_its_event(client: Client, world: World) -> None:
    head = await token(client, "operator")
    hire = form("office_admin", office_id=OUTREACH)
    assert (await post(client, "/v1/staff/members", hire, head))[1]["code"] == "office_unknown"
    for _ in range(2):
        await tell_of_outreach(world)
    status, hired = await post(client, "/v1/staff/members", hire, head)
    assert (status, hired["office_id"]) == (201, OUTREACH)


async def test_the_token_of_a_regional_officer_lists_the_offices_of_the_region(client: Client, world: World) -> None:
    operator = await token(client, "operator")
    hire = form("regional_officer", region_id="dki-jakarta")
    status, hired = await post(client, "/v1/staff/members", hire, operator)
    assert (status, hired["region_id"], hired["office_id"]) == (201, "dki-jakarta", None)
    change = {"username": hire["username"], "password": hired["one_time_password"], "new_password": OWN}
    async with client.put("/v1/staff/password", json=change) as answer:
        assert answer.status == 204
    access = await token(client, hire["username"], OWN)
    caller = await caller_of(world, access)
    assert caller.offices == delivered_offices().of_region("dki-jakarta")
    assert (caller.serves("jakarta-selatan"), caller.serves("bandung"), caller.serves_all) == (True, False, False)
    own, other = ("/v1/audit/identity/overrides?office_id=" + office for office in ("jakarta-utara", "bandung"))
    status, listed = await get(client, own, access)
    assert (status, listed["office_id"], listed["overrides"]) == (200, "jakarta-utara", [])
    status, problem = await get(client, other, access)
    assert (status, problem["code"]) == (403, "not_allowed")
    status, problem = await get(client, "/v1/audit/identity/overrides", access)
    assert (status, problem["field"]) == (422, "/office_id")
    status, problem = await get(client, "/v1/staff/members?office_id=jakarta-utara", access)
    assert (status, problem["code"]) == (403, "not_allowed"), "names are not theirs to read"


async def test_powerful_roles_of_headquarters_need_a_second_operator_and_others_do_not(desk: Desk) -> None:
    for post_name in (Post.HQ_IT, Post.HQ_POLICY):
        proposed = await desk.hire(desk.operator, f"{post_name.value.replace('_', '.')}", post_name)
        assert proposed.staff.pending is not None and proposed.one_time_password is None
        assert await outcome(desk.admin.approve(desk.act(desk.operator, proposed.staff_id))) == "second_operator_needed"
        approved = await desk.admin.approve(desk.act(desk.second, proposed.staff_id))
        caller = await desk.working(approved)
        assert (caller.role, caller.serves_all) == (Role(post_name.value), True)
    hired = await desk.hire(desk.operator, "humas.contoh", Post.PUBLIC_RELATIONS)
    assert hired.one_time_password is not None


async def test_the_head_hires_for_counters_and_printer_and_no_second_person(desk: Desk) -> None:
    for allowed in (Post.FRONT_OFFICER, Post.INTERVIEWER, Post.PRINTER):
        seen = await desk.hire(desk.head, f"{allowed.value.replace('_', '.')}.baru", allowed, "jakarta-selatan")
        assert seen.one_time_password is not None
    for post_name in set(Post) - {Post.FRONT_OFFICER, Post.INTERVIEWER, Post.PRINTER}:
        refused = await outcome(desk.hire(desk.head, "orang.baru", post_name, "jakarta-selatan"))
        assert refused == "role_not_yours", post_name


async def test_a_treasurer_of_all_offices_is_no_unknown_office(desk: Desk) -> None:
    hiring = Hiring("bendahara.contoh", "RINA CONTOH", Post.TREASURER, None, StaffReason.NEW_POST, (ALL_OFFICES,))
    assert (await desk.admin.hire(desk.operator, hiring, "hiring-1")).staff.pending is not None
