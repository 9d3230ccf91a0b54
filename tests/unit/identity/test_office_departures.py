"""A whole office leaves: planned by name, then done to exactly those, once to each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.identity.office_departures.departure import PLANNED_FOR
from services.identity.staff.administration import StaffAdmin
from services.identity.staff.powers import Post
from services.identity.staff.repository import STAFF
from shared.audit import AUDIT
from shared.events.identity import SessionEnded
from tests.unit.identity.served import Client, served
from tests.unit.identity.test_http import get, post
from tests.unit.identity.test_staff_admin import NORTH, SOUTH, Desk
from tests.unit.identity.world import STAFF_PASSWORD, World

PLAN = f"/v1/staff/offices/{SOUTH}/departures"
REASON = {"reason": "end_of_service"}


@pytest.fixture
async def desk(world: World) -> Desk:
    desk = Desk(world)
    await desk.seed()
    return desk


@pytest.fixture
async def client(desk: Desk, socket_enabled: None) -> AsyncIterator[Client]:
    async with served(desk.world) as client:
        yield client


async def token(client: Client, username: str) -> str:
    status, tokens = await post(client, "/v1/staff/logins", {"username": username, "password": STAFF_PASSWORD})
    assert status == 200, tokens
    return str(tokens["access_token"])


async def states(world: World) -> dict[str, str]:
    return {record.state.username: record.state.state.value async for record in world.store.scan(STAFF)}


async def test_an_office_leaves_as_it_was_planned_and_every_session_ends(client: Client, world: World) -> None:
    operator, front = await token(client, "operator"), await token(client, "front_officer")
    before = await states(world)
    status, plan = await post(client, PLAN, REASON, operator)
    assert (status, plan["state"], plan["office_id"]) == (201, "planned", SOUTH)
    named = {(leaver["username"], leaver["state"]) for leaver in plan["staff"]}
    assert named == {("front_officer", "active"), ("interviewer", "active"), ("office_admin", "active")}
    assert await states(world) == before, "a plan changes nothing"
    status, done = await post(client, f"{PLAN}/{plan['departure_id']}/execution", None, operator)
    assert (status, done["state"], {leaver["state"] for leaver in done["staff"]}) == (200, "done", {"left"})
    after = await states(world)
    assert {name for name, state in after.items() if state == "left"} == {name for name, _ in named}
    assert (after["operator"], after["treasurer"]) == ("active", "active")
    status, problem = await post(client, "/v1/assistances", {}, front)
    assert (status, problem["code"]) in {(401, "session_over"), (422, "malformed")}
    assert len(await world.said(SessionEnded)) == 1, "the one session that was open"
    status, problem = await post(client, "/v1/staff/logins", {"username": "front_officer", "password": STAFF_PASSWORD})
    assert (status, problem["code"]) == (401, "credentials_wrong")


async def test_each_departure_is_audited_for_its_office(client: Client, world: World) -> None:
    operator = await token(client, "operator")
    _, plan = await post(client, PLAN, REASON, operator)
    await post(client, f"{PLAN}/{plan['departure_id']}/execution", None, operator)
    lines = [record.state async for record in world.store.scan(AUDIT)]
    left = [line for line in lines if line.act == "say_staff_left" and line.outcome == "done"]
    assert {line.subject for line in left} == {leaver["staff_id"] for leaver in plan["staff"]}
    assert {(line.office_id, line.reason) for line in left} == {(SOUTH, "end_of_service")}
    assert {line.act for line in lines} >= {"plan_office_departure", "execute_office_departure"}


async def test_a_repeat_finds_it_done(client: Client, world: World) -> None:
    operator = await token(client, "operator")
    _, plan = await post(client, PLAN, REASON, operator)
    path = f"{PLAN}/{plan['departure_id']}/execution"
    _, done = await post(client, path, None, operator)
    assert await post(client, path, None, operator) == (200, done)
    status, problem = await post(client, PLAN, REASON, operator)
    assert (status, problem["code"]) == (409, "office_has_no_staff")


async def test_only_operators_plan_and_only_who_planned_executes(client: Client) -> None:
    operator, second = await token(client, "operator"), await token(client, "operator2")
    head = await token(client, "office_admin")
    _, plan = await post(client, PLAN, REASON, operator)
    path = f"{PLAN}/{plan['departure_id']}/execution"
    for access, place, status, code in (
        (head, PLAN, 403, "not_allowed"),
        (head, path, 403, "not_allowed"),
        (second, path, 404, "departure_unknown"),
        (operator, path.replace(SOUTH, NORTH), 404, "departure_unknown"),
        (operator, f"{PLAN}/never-planned/execution", 404, "departure_unknown"),
        (operator, "/v1/staff/offices/atlantis/departures", 422, "office_unknown"),
    ):
        answered, problem = await post(client, place, REASON if place.endswith("departures") else None, access)
        assert (answered, problem["code"]) == (status, code)
        assert problem["next_action"]


async def test_other_people_than_planned_stop_it(client: Client, desk: Desk) -> None:
    operator = await token(client, "operator")
    _, plan = await post(client, PLAN, REASON, operator)
    await desk.hire(desk.head, "dewi.contoh", Post.FRONT_OFFICER, SOUTH)
    before = await states(desk.world)
    status, problem = await post(client, f"{PLAN}/{plan['departure_id']}/execution", None, operator)
    assert (status, problem["code"]) == (409, "office_staff_changed")
    assert await states(desk.world) == before


@pytest.mark.parametrize(("early", "status"), [(1, 200), (0, 404)])
async def test_a_plan_holds_for_a_day(client: Client, world: World, early: int, status: int) -> None:
    _, plan = await post(client, PLAN, REASON, await token(client, "operator"))
    world.clock.advance((PLANNED_FOR - timedelta(seconds=early)).total_seconds())
    operator = await token(client, "operator")
    assert (await post(client, f"{PLAN}/{plan['departure_id']}/execution", None, operator))[0] == status


async def test_a_departure_that_was_cut_off_goes_on(
    client: Client, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = await token(client, "operator")
    _, plan = await post(client, PLAN, REASON, operator)
    path = f"{PLAN}/{plan['departure_id']}/execution"
    await killed_after_one(client, path, operator, monkeypatch)
    half = list((await states(desk.world)).values())
    assert half.count("left") == 1
    member = next(leaver for leaver in plan["staff"] if leaver["username"] == "office_admin")
    await desk.admin.leave(desk.act(desk.second, member["staff_id"]))  # by hand, meanwhile
    status, done = await post(client, path, None, operator)
    assert (status, done["state"], {leaver["state"] for leaver in done["staff"]}) == (200, "done", {"left"})


async def test_whoever_was_moved_away_before_a_departure_goes_on_stays(
    client: Client, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = await token(client, "operator")
    _, plan = await post(client, PLAN, REASON, operator)
    path = f"{PLAN}/{plan['departure_id']}/execution"
    await killed_after_one(client, path, operator, monkeypatch)
    present = {name for name, state in (await states(desk.world)).items() if state == "active"}
    moved = next(leaver for leaver in plan["staff"] if leaver["username"] in present)
    body = {"role": moved["role"], "office_id": NORTH, "reason": "transfer"}
    assert (await post(client, f"/v1/staff/members/{moved['staff_id']}/reassignment", body, operator))[0] == 200
    status, done = await post(client, path, None, operator)
    assert (status, done["state"]) == (200, "done")
    left = {leaver["username"]: leaver["state"] for leaver in done["staff"]}
    assert left.pop(moved["username"]) == "active"
    assert set(left.values()) == {"left"}


async def killed_after_one(client: Client, path: str, operator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies once the first member has left."""
    leave, calls = StaffAdmin.leave_with_office, [0]

    async def dies(admin: StaffAdmin, act: Any, office_id: str) -> Any:
        calls[0] += 1
        if calls[0] > 1:
            raise RuntimeError("killed")
        return await leave(admin, act, office_id)

    with monkeypatch.context() as crash:
        crash.setattr(StaffAdmin, "leave_with_office", dies)
        assert (await post(client, path, None, operator))[0] == 500


async def test_a_plan_is_made_once_for_a_command_and_reads_the_office_it_names(desk: Desk) -> None:
    departures = desk.world.identity.office_departures
    first = await departures.plan(desk.operator, SOUTH, desk.act(desk.operator, "x").reason, "command-x")  # type: ignore[arg-type]
    await desk.hire(desk.head, "dewi.contoh", Post.FRONT_OFFICER, SOUTH)
    again = await departures.plan(desk.operator, SOUTH, desk.act(desk.operator, "x").reason, "command-x")  # type: ignore[arg-type]
    assert (again.departure_id, again.departure) == (first.departure_id, first.departure)


async def test_the_staff_of_an_office_are_listed_after_it_left(client: Client) -> None:
    operator = await token(client, "operator")
    _, plan = await post(client, PLAN, REASON, operator)
    await post(client, f"{PLAN}/{plan['departure_id']}/execution", None, operator)
    status, listed = await get(client, f"/v1/staff/members?office_id={SOUTH}", operator)
    assert (status, {member["state"] for member in listed["staff"]}) == (200, {"left"})
