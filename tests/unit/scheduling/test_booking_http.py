"""The waiting list, families and flags over HTTP: forms, access, refusals, and where a request came from."""

from __future__ import annotations

from typing import Any

import pytest

from services.scheduling.booking.abuse.limits import Act
from services.scheduling.booking.waiting_list.entry import WaitingStatus
from services.scheduling.booking.waiting_list.views import WAITING_STEPS
from tests.unit.scheduling.test_http import Office, _loopback_allowed, office  # noqa: F401 - fixtures
from tests.unit.scheduling.test_waiting_list import COOLED
from tests.unit.scheduling.world import NORTH, SOUTH, TUESDAY

DAY = TUESDAY.isoformat()


async def enter(office: Office, person: str = "budi", **changes: Any) -> tuple[int, Any]:  # noqa: F811
    await office.world.submitted(person)
    office.world.clock.advance(0.001)
    body = {"application_id": f"application-{person}", "office_ids": [SOUTH.office_id], "from": DAY, "to": DAY}
    return await office.post("/v1/waiting-list", body | changes, office.token(f"account-{person}"))


async def freed(office: Office) -> None:  # noqa: F811
    """Both seats of Tuesday were taken; one came back and cooled down."""
    world = office.world
    await world.paid("first")
    held = await world.hold("second")
    await office.post(f"/v1/appointments/{held.id}/cancellation", token=office.token("account-second"))
    await world.pass_time(COOLED)


async def test_waiting_offer_and_seat(office: Office) -> None:  # noqa: F811
    status, entry = await enter(office)
    assert (status, entry["state"], entry["ahead"], entry["first_day"]) == (201, "waiting", {SOUTH.office_id: 0}, DAY)
    assert (await enter(office, "citra"))[1]["ahead"] == {SOUTH.office_id: 1}
    await freed(office)
    budi, path = office.token("account-budi"), f"/v1/waiting-list/{entry['waiting_id']}"
    status, offered = await office.get(path, budi)
    assert (status, offered["state"], offered["current_step"]) == (200, "offered", "answer_offer")
    assert offered["deadline"] == offered["offer"]["offer_until"]
    assert offered["offer"]["local_start"] == "2026-11-24T08:00:00+07:00"
    for name in ("acceptance", "refusal"):
        assert (await office.post(f"{path}/{name}", token=office.token("account-citra")))[0] == 404
        assert (await office.post(f"{path}/{name}", token=office.front()))[0] == 403
    status, held = await office.post(f"{path}/acceptance", token=budi)
    assert (status, held["state"], held["application_id"]) == (200, "held", "application-budi")
    _, listed = await office.get("/v1/waiting-list", budi)
    assert [each["appointment_id"] for each in listed["entries"]] == [held["appointment_id"]]
    assert (await office.get(path, office.token("account-citra")))[0] == 404
    assert (await office.get(path))[0] == 401


async def test_declining_and_leaving(office: Office) -> None:  # noqa: F811
    _, entry = await enter(office)
    await freed(office)
    budi, path = office.token("account-budi"), f"/v1/waiting-list/{entry['waiting_id']}"
    status, declined = await office.post(f"{path}/refusal", token=budi)
    assert (status, declined["state"], declined["offers_left"]) == (200, "waiting", 2)
    status, problem = await office.post(f"{path}/refusal", token=budi)
    assert (status, problem["code"]) == (409, "no_seat_offered")
    async with office.client.delete(path, headers={"Authorization": f"Bearer {budi}"}) as answer:
        assert (answer.status, (await answer.json())["state"]) == (200, "left")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"office_ids": []}, 422, "malformed"),
        ({"office_ids": [str(number) for number in range(6)]}, 422, "malformed"),
        ({"from": "24-11-2026"}, 422, "malformed"),
        ({"to": "2026-11-23"}, 422, "waiting_wish_wrong"),
        ({"office_ids": ["nowhere"]}, 404, "office_not_found"),
        ({"pool": "walk_in"}, 409, "pool_not_open"),
        ({"application_id": "application-first"}, 404, "not_found"),
    ],
)
async def test_what_the_list_refuses(
    office: Office,  # noqa: F811
    changes: dict[str, Any],
    status: int,
    code: str,
) -> None:
    await office.world.submitted("first")
    answered, problem = await enter(office, **changes)
    assert (answered, problem["code"]) == (status, code)
    assert problem["next_action"]


async def test_a_family_over_http(office: Office) -> None:  # noqa: F811
    for person in ("ani", "budi"):
        await office.world.submitted(person, account="account-family")
    parents = office.token("account-family")
    body = {"application_ids": ["application-ani", "application-budi"], "session_id": office.world.session_id()}
    assert (await office.post("/v1/parties", body, office.token("stranger")))[0] == 404
    for wrong in (["application-ani"], [f"a{number}" for number in range(6)]):
        assert (await office.post("/v1/parties", body | {"application_ids": wrong}, parents))[0] == 422
    status, party = await office.post("/v1/parties", body, parents)
    assert (status, party["state"], len(party["appointments"])) == (201, "held", 2)
    assert await office.get(f"/v1/parties/{party['party_id']}", parents) == (200, party)
    assert (await office.get(f"/v1/parties/{party['party_id']}", office.token("stranger")))[0] == 404
    body["session_id"] = office.world.session_id(NORTH)
    status, problem = await office.post("/v1/parties", body, parents)
    assert (status, problem["code"]) == (409, "person_has_appointment")


async def test_a_device_is_known_by_its_header_and_told_when_to_come_back(office: Office) -> None:  # noqa: F811
    world = office.world
    phone = world.service.activity.origin("my-own-phone", "127.0.0.1")
    held = await world.hold("first", session_id=world.session_id(NORTH))
    for _ in range(20):
        world.service.activity.note(Act.HOLD, held.state, phone)
    await world.submitted("ani")
    body = {"application_id": "application-ani", "session_id": world.session_id()}
    headers = {"Authorization": f"Bearer {office.ani()}", "X-Device-Id": "my-own-phone"}
    headers |= {"Idempotency-Key": "the-first-key"}
    async with office.client.post("/v1/appointments", json=body, headers=headers) as answer:
        problem = await answer.json()
        assert (answer.status, problem["code"], problem["limit"]) == (429, "too_many_holds", "holds_per_device_day")
        assert 0 < int(answer.headers["Retry-After"]) <= 86_400
    headers |= {"X-Device-Id": "another-phone", "Idempotency-Key": "the-second-key"}
    async with office.client.post("/v1/appointments", json=body, headers=headers) as answer:
        assert answer.status == 201


@pytest.mark.acceptance("F75.book_cancel_book")
async def test_flags_are_for_the_offices_own_administrator(office: Office) -> None:  # noqa: F811
    world = office.world
    held = await world.hold("ani")
    for act in (Act.HOLD, Act.RELEASE) * 3:
        world.service.activity.note(act, held.state)
    await world.service.activity.flush()
    path = f"/v1/offices/{SOUTH.office_id}/flags"
    status, found = await office.get(path, office.admin())
    flag = found["flags"][0]
    assert (status, flag["pattern"], flag["state"]) == (200, "book_cancel_book", "open")
    assert flag["evidence"][0]["account_id"] == "account-ani"
    assert (await office.get(path, office.admin(NORTH.office_id)))[0] == 403
    assert (await office.get(path, office.front()))[0] == 403
    assert (await office.get(path, office.ani()))[0] == 403
    review = f"{path}/{flag['flag_id']}/review"
    assert (await office.post(review, {"decision": "maybe"}, office.admin()))[0] == 422
    status, judged = await office.post(review, {"decision": "confirmed"}, office.admin())
    assert (status, judged["state"], judged["reviewed_by"]) == (200, "confirmed", "admin")
    status, problem = await office.post(review, {"decision": "harmless"}, office.admin())
    assert (status, problem["code"]) == (409, "flag_reviewed")
    assert (await office.post(f"{path}/none/review", {"decision": "harmless"}, office.admin()))[0] == 404
    status, problem = await office.get(path, office.admin(), state="confirmed")
    assert (status, problem["code"]) == (422, "read_reason_needed")
    _, rest = await office.get(path, office.admin(), state="confirmed", reason="supervision")
    assert len(rest["flags"]) == 1


def test_every_state_of_waiting_says_what_comes_next() -> None:
    assert set(WAITING_STEPS) == set(WaitingStatus)
    assert all(step.next_action and step.next_action_id for step in WAITING_STEPS.values())
