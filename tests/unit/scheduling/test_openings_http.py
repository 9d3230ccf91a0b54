"""Openings over HTTP: access, forms, what a holder is told, the public record, the stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from services.scheduling.http import USE_CASES
from services.scheduling.openings import draw
from services.scheduling.openings.routes import LOOKS_A_MINUTE
from shared.http.app import build_app
from shared.tokens import StaticKeys, TokenIssuer, TokenVerifier
from tests.unit.scheduling.opening_world import CLOSES, DOORS, MILESTONES, OPENS
from tests.unit.scheduling.test_http import PEM, Office
from tests.unit.scheduling.world import EAST, NORTH, make_world, plan, weekly


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    world = make_world(templates=weekly(plan(4)))
    assert world.parts.start is not None
    await world.parts.start()
    issuer = TokenIssuer(PEM, "paspor-identity", world.clock)
    verifier = TokenVerifier(StaticKeys(issuer.jwks()), world.clock)
    app = build_app(
        world.parts.endpoints,
        service_name="scheduling",
        clock=world.clock,
        verifier=verifier,
        sessions=world.parts.sessions,
    )
    app[USE_CASES] = world.service
    async with TestClient(TestServer(app)) as running:
        yield Office(world, running, issuer)


def body(office: Office, **changes: Any) -> dict[str, Any]:
    given = {"doors_at": DOORS, "tickets_close_at": CLOSES, "opens_at": OPENS}
    written = {name: at.isoformat().replace("+00:00", "Z") for name, at in given.items()}
    return {"session_ids": [office.world.session_id()], **written, **changes}


async def announced(office: Office) -> str:
    status, view = await office.post("/v1/openings", body(office), office.admin())
    assert (status, view["state"], view["seed"], len(view["seed_commitment"])) == (201, "announced", None, 64)
    return str(view["opening_id"])


async def ticket(office: Office, opening_id: str, person: str = "ani") -> tuple[int, Any]:
    await office.world.submitted(person)
    asked = {"application_id": f"application-{person}"}
    return await office.post(f"/v1/openings/{opening_id}/tickets", asked, office.token(f"account-{person}"))


async def until(office: Office, moment: Any) -> None:
    for each in (*(each for each in MILESTONES if each < moment), moment):
        await office.world.pass_time(max(0.0, (each - office.world.clock.now()).total_seconds()))


async def test_announcing_is_the_office_admins(office: Office) -> None:
    for token in (office.ani(), office.front(), office.admin(NORTH.office_id)):
        assert (await office.post("/v1/openings", body(office), token))[0] == 403
    opening_id = await announced(office)
    status, listed = await office.get("/v1/openings", office_id="jakarta-selatan")
    assert (status, [each["opening_id"] for each in listed["openings"]]) == (200, [opening_id])
    assert (await office.get("/v1/openings", office_id="nowhere"))[0] == 404
    assert (await office.get(f"/v1/openings/{opening_id}"))[1]["opens_at"] == "2026-11-23T03:00:00Z"
    assert (await office.get("/v1/openings/unknown"))[1]["code"] == "opening_not_found"
    status, problem = await office.post("/v1/openings", body(office), office.admin())
    assert (status, problem["code"]) == (409, "session_has_opening")
    assert (await office.post(f"/v1/openings/{opening_id}/calling-off", token=office.admin(EAST.office_id)))[0] == 403
    status, view = await office.post(f"/v1/openings/{opening_id}/calling-off", token=office.admin())
    assert (status, view["state"]) == (200, "called_off")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"session_ids": []}, "malformed"),
        ({"session_ids": ["x"] * 501}, "malformed"),
        ({"opens_at": "soon"}, "malformed"),
        ({"doors_at": "2026-11-23T01:00:00Z"}, "opening_plan_wrong"),
    ],
)
async def test_forms(office: Office, changes: dict[str, Any], code: str) -> None:
    status, problem = await office.post("/v1/openings", body(office, **changes), office.admin())
    assert (status, problem["code"]) == (422, code)


@pytest.mark.acceptance("F13.place_not_error")
async def test_a_citizens_way_through_an_opening(office: Office) -> None:
    opening_id = await announced(office)
    status, problem = await ticket(office, opening_id)
    assert (status, problem["code"], bool(problem["next_action"])) == (409, "doors_not_open", True)
    await until(office, DOORS)
    status, mine = await ticket(office, opening_id)
    assert (status, mine["standing"], mine["current_step"], mine["number"]) == (201, "in_draw", "wait_for_draw", None)
    assert mine["commitment"] == draw.ticket_commitment(mine["ticket_id"], mine["salt"])
    path = f"/v1/openings/{opening_id}/tickets/{mine['ticket_id']}"
    assert (await office.get(path, office.token("stranger")))[0] == 404
    assert (await office.get(path, office.front()))[0] == 403
    status, problem = await office.hold()
    assert (status, problem["code"]) == (429, "not_your_turn")
    await until(office, OPENS)
    async with office.client.get(path, headers={"Authorization": f"Bearer {office.ani()}"}) as answer:
        seen = await answer.json()
        assert 1 <= int(answer.headers["Retry-After"]) <= 23
    assert (seen["standing"], seen["number"], seen["deadline"]) == ("admitted", 1, "2026-11-23T03:05:00Z")
    assert (await office.hold())[0] == 201
    assert (await office.get(path, office.ani()))[1]["current_step"] == "pay"
    status, late = await ticket(office, opening_id, "budi")
    assert (status, late["late"], late["number"], late["people_ahead"]) == (201, True, 2, 0)
    assert late["expected_at"] is not None


@pytest.mark.acceptance("F13.drawn")
async def test_the_record_is_public_and_holds(office: Office) -> None:
    opening_id = await announced(office)
    await until(office, DOORS)
    for number in range(5):
        await ticket(office, opening_id, f"p{number}")
    await until(office, OPENS)
    status, record = await office.get(f"/v1/openings/{opening_id}/record")
    assert (status, len(record["order"])) == (200, 5)
    assert draw.first_mistake(record) is None
    assert "person-" not in json.dumps(record)
    assert (await office.get("/v1/openings/unknown/record"))[0] == 404


async def test_too_many_looks_are_told_when_to_come_again(office: Office) -> None:
    opening_id = await announced(office)
    await until(office, DOORS)
    _, mine = await ticket(office, opening_id)
    path = f"/v1/openings/{opening_id}/tickets/{mine['ticket_id']}"
    answers = [(await office.get(path, office.ani()))[0] for _ in range(LOOKS_A_MINUTE.count + 1)]
    assert answers == [200] * LOOKS_A_MINUTE.count + [429]


@pytest.mark.acceptance("F13.place_not_error")
async def test_the_place_is_streamed_and_kept_over_a_reconnect(office: Office) -> None:
    opening_id = await announced(office)
    await until(office, DOORS)
    _, mine = await ticket(office, opening_id)
    path = f"/v1/openings/{opening_id}/tickets/{mine['ticket_id']}/events"
    headers = {"Authorization": f"Bearer {office.ani()}"}

    async def first_event() -> tuple[str, Any]:
        async with office.client.get(path, headers=headers) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            event_id = ""
            async for line in answer.content:
                if line.startswith(b"id: "):
                    event_id = line[4:].decode().strip()
                if line.startswith(b"data: "):
                    return event_id, json.loads(line[6:])
        raise AssertionError("the stream ended")

    event_id, told = await first_event()
    assert (told["standing"], told["number"]) == ("in_draw", None)
    assert (await first_event())[0] == event_id
    await until(office, OPENS)
    assert (await first_event())[1]["standing"] == "admitted"
    headers["Authorization"] = f"Bearer {office.token('stranger')}"
    async with office.client.get(path, headers=headers) as answer:
        assert answer.status == 404
