"""Scheduling over HTTP: forms, access, refusals, keys."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.scheduling.app import read_templates
from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.endpoints import ENDPOINTS
from services.scheduling.http import USE_CASES
from shared.events import billing
from shared.http.app import build_app
from shared.http.schema import unbounded_fields
from shared.store import Record
from shared.tokens import Caller, Role, StaticKeys, TokenIssuer, TokenVerifier, new_signing_key_pem
from tests.unit.scheduling.world import EAST, NORTH, SOUTH, World, make_world

Client = TestClient[web.Request, web.Application]
PEM = new_signing_key_pem()


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


class Office:
    """A running service and people who call it."""

    def __init__(self, world: World, client: Client, issuer: TokenIssuer) -> None:
        self.world = world
        self.client = client
        self._issuer = issuer

    def token(
        self,
        account_id: str,
        role: Role = Role.APPLICANT,
        office_id: str | None = None,
        offices: tuple[str, ...] = (),
    ) -> str:
        caller = Caller(account_id, role, "session", office_id, offices=offices)
        return self._issuer.issue(caller, lifetime_seconds=36_000)

    def ani(self) -> str:
        return self.token("account-ani")

    def front(self, office_id: str = SOUTH.office_id) -> str:
        return self.token("front", Role.FRONT_OFFICER, office_id)

    def admin(self, office_id: str = SOUTH.office_id) -> str:
        return self.token("admin", Role.OFFICE_ADMIN, office_id)

    async def get(self, path: str, token: str = "", **query: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.client.get(path, params=query, headers=headers) as answer:
            return answer.status, await answer.json()

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, token: str = "", key: str = "", **query: str
    ) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        async with self.client.post(path, json=body or {}, headers=headers, params=query) as answer:
            return answer.status, await answer.json()

    async def hold(self, person: str = "ani", **changes: Any) -> tuple[int, Any]:
        await self.world.submitted(person)
        body = {"application_id": f"application-{person}", "session_id": self.world.session_id()} | changes
        return await self.post("/v1/appointments", body, self.token(f"account-{person}"))

    async def paid(self) -> Record[Appointment]:
        return await self.world.paid()


@asynccontextmanager
async def served(world: World) -> AsyncIterator[Office]:
    """The office of this world, served on loopback."""
    assert world.parts.start is not None
    await world.parts.start()
    issuer = TokenIssuer(PEM, "paspor-identity", world.clock)
    app = build_app(
        world.parts.endpoints,
        service_name="scheduling",
        clock=world.clock,
        verifier=TokenVerifier(StaticKeys(issuer.jwks()), world.clock),
        invariants=world.parts.invariants,
        sessions=world.parts.sessions,
    )
    app[USE_CASES] = world.service
    async with TestClient(TestServer(app)) as running:
        yield Office(world, running, issuer)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with served(make_world()) as office:
        yield office


def test_everything_that_comes_in_has_a_limit() -> None:
    for endpoint in ENDPOINTS:
        for model in (endpoint.body, endpoint.query):
            assert model is None or unbounded_fields(model) == [], endpoint.path


async def test_offices_are_public_and_come_page_by_page(office: Office) -> None:
    status, first = await office.get("/v1/offices", limit="2")
    assert status == 200
    assert [each["office_id"] for each in first["offices"]] == [SOUTH.office_id, NORTH.office_id]
    _, second = await office.get("/v1/offices", limit="2", after=first["next"])
    assert ([each["office_id"] for each in second["offices"]], second["next"]) == ([EAST.office_id], None)
    _, east = await office.get("/v1/offices", timezone="WIT")
    assert [each["timezone"] for each in east["offices"]] == ["Asia/Jayapura"]
    _, north = await office.get("/v1/offices", province="dki", q="utara")
    assert [each["name"] for each in north["offices"]] == ["Jakarta Utara"]
    assert (await office.get("/v1/offices", limit="201"))[0] == 422
    assert (await office.get("/v1/offices", limit="0"))[0] == 422
    status, one = await office.get(f"/v1/offices/{SOUTH.office_id}")
    assert (status, one["zone"]) == (200, "WIB")
    status, problem = await office.get("/v1/offices/nowhere")
    assert (status, problem["code"]) == (404, "office_not_found")


async def test_sessions_are_public_with_local_times(office: Office) -> None:
    status, found = await office.get(f"/v1/offices/{EAST.office_id}/sessions")
    assert status == 200
    first = found["sessions"][0]
    assert first["pools"] == {"regular": {"capacity": 2, "free": 2}}
    assert first["local_start"] == "2026-11-24T08:00:00+09:00"
    assert first["starts_at"] == "2026-11-23T23:00:00Z"
    query = {"from": "2026-11-25", "to": "2026-11-25"}
    _, one = await office.get(f"/v1/offices/{EAST.office_id}/sessions", **query)
    assert [each["date"] for each in one["sessions"]] == ["2026-11-25"]
    status, problem = await office.get(
        f"/v1/offices/{EAST.office_id}/sessions", **{"from": "2026-11-25", "to": "2026-11-24"}
    )
    assert (status, problem["code"]) == (422, "malformed")


async def test_no_session_is_sold_on_a_public_holiday_or_on_joint_leave() -> None:
    """In March 2027 Nyepi, Idul Fitri and their joint leave take six weekdays, Good Friday and its leave two."""
    world = make_world(templates=read_templates(), offices=[SOUTH], horizon_days=31)
    world.clock.set(datetime(2027, 2, 28, 2, 0, tzinfo=UTC))
    async with served(world) as office:
        path, query = f"/v1/offices/{SOUTH.office_id}/sessions", {"from": "2027-03-01", "to": "2027-03-30"}
        _, found = await office.get(path, **query)
    sold = {int(session["date"][-2:]) for session in found["sessions"]}
    assert sold == {1, 2, 3, 4, 5, *range(16, 20), *range(22, 25), 29, 30}


async def test_a_session_that_was_opened_on_a_holiday_before_stays_and_is_bookable(office: Office) -> None:
    """Opened while the calendar did not have the day: nothing is taken away from people who hold a seat of it."""
    old, now = office.world, make_world(templates=read_templates(), offices=[SOUTH])
    old.clock.set(datetime(2026, 12, 22, 2, 0, tzinfo=UTC))
    await old.service.bookable_sessions.roll_horizon()
    facts = old.service.facts_cache
    facts._delivered = now.service.facts_cache._delivered
    assert facts.plans_for(SOUTH.office_id, date(2026, 12, 24)) == ()
    await old.service.bookable_sessions.roll_horizon()
    status, view = await office.hold(session_id=old.session_id(SOUTH, date(2026, 12, 24)))
    assert (status, view["local_start"][:10]) == (201, "2026-12-24")


async def test_holding_a_seat(office: Office) -> None:
    status, view = await office.hold()
    assert status == 201
    assert (view["state"], view["current_step"], view["remaining_steps"]) == ("held", "pay", ["visit"])
    assert view["deadline"] == view["hold_until"] == "2026-11-23T02:05:00Z"
    assert view["local_start"] == "2026-11-24T08:00:00+07:00"
    assert (view["queue_number"], view["queue_code"]) == (None, None)
    assert (view["office"]["office_id"], view["session"]["pool"]) == (SOUTH.office_id, "regular")
    path = f"/v1/appointments/{view['appointment_id']}"
    assert await office.get(path, office.ani()) == (200, view)
    assert (await office.get(path, office.front()))[0] == 200
    assert (await office.get(path, office.front(NORTH.office_id)))[0] == 403
    assert (await office.get(path, office.token("stranger")))[0] == 404
    assert (await office.get(path))[0] == 401
    listed = await office.get("/v1/appointments", office.ani(), application_id="application-ani")
    assert listed == (200, {"appointments": [view], "next": None})
    strange = await office.get("/v1/appointments", office.token("stranger"), application_id="application-ani")
    assert strange == (200, {"appointments": [], "next": None})


async def test_a_repeat_answers_the_same(office: Office) -> None:
    await office.world.submitted()
    body = {"application_id": "application-ani", "session_id": office.world.session_id()}
    first = await office.post("/v1/appointments", body, office.ani(), "the-same-key")
    assert await office.post("/v1/appointments", body, office.ani(), "the-same-key") == first
    assert await office.world.buckets() == {"held": 1, "free": 1}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"session_id": "unknown"}, 404, "session_not_found"),
        ({"pool": "walk_in"}, 409, "pool_not_open"),
        ({"pool": "priority"}, 422, "priority_need_missing"),
        ({"pool": "balcony"}, 422, "malformed"),
        ({"session_id": ""}, 422, "malformed"),
        ({"session_id": "x" * 65}, 422, "malformed"),
    ],
)
async def test_what_a_hold_refuses(office: Office, changes: dict[str, Any], status: int, code: str) -> None:
    answered, problem = await office.hold(**changes)
    assert (answered, problem["code"]) == (status, code)
    assert problem["next_action"]
    assert await office.world.buckets() == {"free": 2}


async def test_sold_out_names_where_else(office: Office) -> None:
    await office.hold("ani")
    await office.hold("budi")
    status, problem = await office.hold("citra")
    assert (status, problem["code"]) == (409, "session_sold_out")
    assert problem["earliest"][0]["office_id"] == SOUTH.office_id
    assert problem["nearest"][0]["office_id"] == NORTH.office_id


async def test_holds_are_rationed(office: Office) -> None:
    answers = [await office.hold("ani", session_id="unknown") for _ in range(31)]
    assert [status for status, _ in answers] == [404] * 30 + [429]


async def test_moving_and_giving_up(office: Office) -> None:
    paid = await office.paid()
    path = f"/v1/appointments/{paid.id}"
    body = {"session_id": office.world.session_id(NORTH)}
    assert (await office.post(f"{path}/reschedule", body, office.token("stranger")))[0] == 404
    assert (await office.post(f"{path}/reschedule", body, office.front()))[0] == 403
    status, view = await office.post(f"{path}/reschedule", body, office.ani())
    assert (status, view["office"]["office_id"], view["moves_left"]) == (200, NORTH.office_id, 0)
    status, problem = await office.post(
        f"{path}/reschedule", {"session_id": office.world.session_id(EAST)}, office.ani()
    )
    assert (status, problem["code"]) == (409, "no_moves_left")
    status, problem = await office.post(f"{path}/cancellation", token=office.ani())
    assert (status, problem["code"]) == (409, "fee_would_be_lost")
    status, view = await office.post(f"{path}/cancellation", token=office.ani(), confirmed_not_refundable="true")
    assert (status, view["state"], view["released_for"]) == (200, "released", "cancelled")


@pytest.mark.parametrize(("answer", "state"), [("offer-acceptance", "confirmed"), ("offer-refusal", "released")])
async def test_answering_an_offer(office: Office, answer: str, state: str) -> None:
    world = office.world
    held = await world.hold()
    await world.hear(world.bill(billing.BillExpired, held))
    await world.recover()
    await world.hold("budi")
    await world.hold("citra")
    await world.hear(world.late(held))
    _, listed = await office.get("/v1/appointments", office.ani(), application_id="application-ani")
    offered, _released = listed["appointments"]
    assert (offered["state"], offered["current_step"]) == ("offered", "answer_offer")
    assert offered["deadline"] == offered["offer_until"]
    path = f"/v1/appointments/{offered['appointment_id']}/{answer}"
    assert (await office.post(path, token=office.token("stranger")))[0] == 404
    status, view = await office.post(path, token=office.ani())
    assert (status, view["state"]) == (200, state)
    status, problem = await office.post(path, token=office.ani())
    assert (status, problem["code"]) == (409, "not_possible_now")


async def test_checking_in(office: Office) -> None:
    paid = await office.paid()
    office.world.clock.set(paid.state.seat.starts_at)
    body = {"queue_code": paid.state.queue_code}
    assert (await office.post("/v1/check-ins", body, office.ani()))[0] == 403
    status, problem = await office.post("/v1/check-ins", body, office.front(NORTH.office_id))
    assert (status, problem["code"]) == (403, "not_your_office")
    for wrong in ({}, {"queue_code": "x", "person_id": "y"}):
        status, problem = await office.post("/v1/check-ins", wrong, office.front())
        assert (status, problem["code"]) == (422, "malformed")
    status, view = await office.post("/v1/check-ins", body, office.front())
    assert (status, view["state"], view["queue_number"][:4]) == (200, "checked_in", "A-00")
    assert await office.post("/v1/check-ins", body, office.front()) == (200, view)


async def test_opening_a_session(office: Office) -> None:
    path = f"/v1/offices/{SOUTH.office_id}/sessions"
    body = {
        "date": "2026-11-24",
        "start": "13:00",
        "end": "15:00",
        "booths": 2,
        "service_minutes": 30,
        "staff": 2,
        "pools": {"regular": 6, "walk_in": 2},
    }
    assert (await office.post(path, body, office.ani()))[0] == 403
    assert (await office.post(path, body, office.admin(NORTH.office_id)))[1]["code"] == "not_your_office"
    status, view = await office.post(path, body, office.admin())
    assert (status, view["capacity"]) == (201, 8)
    assert view["pools"] == {"regular": {"capacity": 6, "free": 6}, "walk_in": {"capacity": 2, "free": 2}}
    assert (await office.post(path, body, office.admin()))[1]["code"] == "session_exists"
    for changes, code in (
        ({"start": "25:00"}, "malformed"),
        ({"start": "10:00", "booths": 0}, "malformed"),
        ({"start": "10:00", "end": "12:00", "booths": 1}, "quota_above_capacity"),
        ({"start": "10:15", "end": "12:15"}, "session_plan_wrong"),
        ({"date": "2026-11-22"}, "session_plan_wrong"),
    ):
        status, problem = await office.post(path, body | changes, office.admin())
        assert (status, problem["code"]) == (422, code)


async def test_the_keys_of_queue_codes_are_public(office: Office) -> None:
    status, found = await office.get("/v1/queue-code-keys")
    assert status == 200
    codes: QueueCodes = office.world.service.codes
    assert [(key["key_id"], key["public_key"]) for key in found["keys"]] == codes.published()
    assert {key["algorithm"] for key in found["keys"]} == {"Ed25519"}


async def test_the_rules_can_be_looked_at(office: Office) -> None:
    await office.paid()
    status, report = await office.get("/health/invariants")
    assert (status, report["holds"]) == (200, True)
    assert {line["name"] for line in report["invariants"]} == set(office.world.parts.invariants) >= {"I1", "I2"}


async def test_a_same_day_seat_needs_the_choice_and_the_day(office: Office) -> None:
    status, said = await office.hold(pool="same_day")
    assert (status, said["code"], said["field"]) == (422, "same_day_choice_missing", "/if_unpaid")
    _, said = await office.hold(pool="same_day", if_unpaid="cancel")
    assert said["code"] == "same_day_is_today"
