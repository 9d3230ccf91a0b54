"""Roles beside the counter at the doors of scheduling: which offices they see, and what they decide there."""

from __future__ import annotations

from typing import Any

import pytest

from services.scheduling.booking.abuse.limits import Act
from services.scheduling.quota.office_edits import OfficeEdits
from services.scheduling.quota.repository import QUOTA_CHANGE
from shared.events.scheduling import OfficeOpened
from shared.tokens import Role
from tests.unit.scheduling import test_http
from tests.unit.scheduling.test_http import Office
from tests.unit.scheduling.test_quota_http import FACTS, WEEK, send
from tests.unit.scheduling.world import NORTH, SOUTH

office = test_http.office
_loopback_allowed = test_http._loopback_allowed

OWN, OTHER = SOUTH.office_id, NORTH.office_id
TEMPLATE = f"/v1/offices/{OWN}/template"
PROPOSAL: dict[str, Any] = {"expected_version": 0, "reason": "as the ministry wishes", "sessions": [WEEK]}


def head_of_documents(office: Office, office_id: str = OWN) -> str:
    return office.token("section-head", Role.DOCUMENTS_SECTION_HEAD, office_id)


def regional(office: Office, *offices: str) -> str:
    return office.token("regional", Role.REGIONAL_OFFICER, offices=offices)


async def code_of(answer: tuple[int, Any]) -> tuple[int, str | None]:
    return answer[0], answer[1].get("code")


async def outreach(office: Office) -> str:
    facts = {key: value for key, value in FACTS.items() if key != "expected_version"}
    body = facts | {"name": "Mal Contoh", "city": "Kota Contoh", "own_dates": ["2026-11-28"]}
    status, change = await office.post(f"/v1/offices/{OWN}/outreach", body, office.admin())
    assert (status, change["state"]) == (200, "applied")
    return str(change["change_id"])


LOOKED_AT = (
    "/v1/offices/{office}/template",
    "/v1/offices/{office}/template/history",
    "/v1/offices/{office}/offline-quotas",
    "/v1/offices/{office}/queue",
    "/v1/quota-changes?office_id={office}",
    "/v1/audit/scheduling/overrides?office_id={office}",
)


@pytest.mark.acceptance("Y13.regional_role", "Y14.roles")
@pytest.mark.parametrize("path", LOOKED_AT)
async def test_a_regional_officer_sees_the_offices_of_the_region_and_no_others(office: Office, path: str) -> None:
    token = regional(office, OWN)
    assert (await office.get(path.format(office=OWN), token))[0] == 200
    status, problem = await office.get(path.format(office=OTHER), token)
    assert (status, problem["code"] in {"not_your_office", "not_allowed"}) == (403, True)
    assert problem["next_action"]
    assert (await office.get(path.format(office=OWN), regional(office)))[0] == 403


@pytest.mark.acceptance("Y13.regional_role", "Y14.roles")
async def test_a_regional_officer_decides_nothing(office: Office) -> None:
    token = regional(office, OWN)
    status, waits = await send(office, "PUT", TEMPLATE, PROPOSAL, office.admin())
    assert status == 202
    for method, path, body in (
        ("PUT", TEMPLATE, PROPOSAL),
        ("POST", f"/v1/quota-changes/{waits['change_id']}/approval", {}),
        ("POST", f"/v1/offices/{OWN}/calls", {"booth": 1}),
        ("POST", "/v1/check-ins", {}),
    ):
        status, problem = await send(office, method, path, body, token)
        assert (status, problem["code"]) == (403, "not_allowed"), path
    status, change = await office.get(f"/v1/quota-changes/{waits['change_id']}", token)
    assert (status, change["state"]) == (200, "proposed")
    session = office.world.session_id()
    assert (await office.get(f"/v1/sessions/{session}/history", token))[0] == 200
    assert (await office.get(f"/v1/sessions/{session}/history", regional(office, OTHER)))[0] == 403


async def test_an_outreach_is_seen_by_the_region_of_the_office_that_keeps_it(office: Office) -> None:
    await outreach(office)
    path = "/v1/offices/mal-contoh/template"
    assert (await office.get(path, regional(office, OWN)))[0] == 200
    assert (await office.get(path, regional(office, OTHER)))[0] == 403


@pytest.mark.acceptance("Y14.roles")
async def test_headquarters_policy_proposes_a_template_and_the_office_decides(office: Office) -> None:
    policy = office.token("policy", Role.HQ_POLICY)
    assert (await office.get(TEMPLATE, policy))[0] == 200
    small = PROPOSAL | {"sessions": [WEEK | {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "pools": {"regular": 3}}]}
    status, proposed = await send(office, "PUT", TEMPLATE, small, policy)
    assert (status, proposed["state"]) == (202, "proposed"), "however small"
    decision = f"/v1/quota-changes/{proposed['change_id']}/approval"
    assert await code_of(await office.post(decision, {}, policy)) == (403, "not_allowed")
    assert await code_of(await office.post(decision, {}, head_of_documents(office, OTHER))) == (403, "not_your_office")
    status, done = await office.post(decision, {"reason": "agreed"}, head_of_documents(office))
    assert (status, done["state"], done["author"], done["decided_by"]) == (200, "applied", "policy", "section-head")
    for method, path, body in (
        ("PUT", f"/v1/offices/{OWN}/facts", FACTS),
        ("POST", f"/v1/offices/{OWN}/offline-quotas", {"date": "2026-11-24", "seats": 3, "reason": "why not"}),
        ("POST", f"/v1/offices/{OWN}/sessions", {}),
    ):
        assert await code_of(await send(office, method, path, body, policy)) == (403, "not_allowed")


async def test_the_same_small_change_of_the_office_itself_waits_for_nobody(office: Office) -> None:
    small = PROPOSAL | {"sessions": [WEEK | {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "pools": {"regular": 3}}]}
    status, change = await send(office, "PUT", TEMPLATE, small, office.admin())
    assert (status, change["state"]) == (200, "applied")


@pytest.mark.acceptance("Y14.roles")
async def test_the_head_of_the_documents_section_agrees_as_the_second_person_and_asks_for_nothing(
    office: Office,
) -> None:
    token = head_of_documents(office)
    status, proposed = await send(office, "PUT", TEMPLATE, PROPOSAL, office.admin())
    assert (status, proposed["state"]) == (202, "proposed")
    _, waiting = await office.get("/v1/quota-changes", token, waiting="true")
    assert [change["change_id"] for change in waiting["changes"]] == [proposed["change_id"]]
    status, rejected = await office.post(f"/v1/quota-changes/{proposed['change_id']}/rejection", {}, token)
    assert (status, rejected["state"], rejected["decided_by"]) == (200, "rejected", "section-head")
    assert await code_of(await send(office, "PUT", TEMPLATE, PROPOSAL, token)) == (403, "not_allowed")
    status, listed = await office.get(f"/v1/offices/{OWN}/special-requests", token)
    assert (status, listed["requests"]) == (200, [])
    assert (await office.get(f"/v1/offices/{OTHER}/special-requests", token))[0] == 403
    assert await code_of(await office.get(f"/v1/offices/{OWN}/flags", token)) == (403, "not_allowed")


@pytest.mark.acceptance("Y14.roles")
async def test_the_head_of_the_enforcement_section_judges_flags_of_the_own_office(office: Office) -> None:
    held = await office.world.hold("ani")
    for act in (Act.HOLD, Act.RELEASE) * 3:
        office.world.service.activity.note(act, held.state)
    await office.world.service.activity.flush()
    token = office.token("enforcer", Role.ENFORCEMENT_SECTION_HEAD, OWN)
    status, found = await office.get(f"/v1/offices/{OWN}/flags", token)
    assert status == 200
    review = f"/v1/offices/{OWN}/flags/{found['flags'][0]['flag_id']}/review"
    other = office.token("enforcer", Role.ENFORCEMENT_SECTION_HEAD, OTHER)
    assert await code_of(await office.post(review, {"decision": "harmless"}, other)) == (403, "not_your_office")
    status, judged = await office.post(review, {"decision": "harmless"}, token)
    assert (status, judged["state"], judged["reviewed_by"]) == (200, "harmless", "enforcer")
    assert await code_of(await office.get("/v1/quota-changes", token)) == (403, "not_allowed")


@pytest.mark.acceptance("Y14.roles")
async def test_headquarters_it_watches_jobs_of_every_office_and_nothing_else_there(office: Office) -> None:
    token = office.token("it", Role.HQ_IT)
    for office_id in (OWN, OTHER):
        status, found = await office.get(f"/v1/offices/{office_id}/bulk-jobs", token)
        assert (status, found["jobs"]) == (200, [])
    assert await code_of(await office.get(f"/v1/offices/{OWN}/bulk-jobs/none", token)) == (404, "not_found")
    assert await code_of(await office.get("/v1/offices/atlantis/bulk-jobs", token)) == (404, "office_not_found")
    assert await code_of(await office.get(TEMPLATE, token)) == (403, "not_allowed")
    assert await code_of(await office.post(f"/v1/offices/{OWN}/interruptions", {}, token)) == (403, "not_allowed")


@pytest.mark.acceptance("Y14.roles")
@pytest.mark.parametrize("role", [Role.PRINTER, Role.ADJUDICATOR, Role.PUBLIC_RELATIONS, Role.HQ_IT])
async def test_roles_without_business_there_read_no_appointment(office: Office, role: Role) -> None:
    paid = await office.paid()
    token = office.token("nosy", role, OWN)
    for path in (
        f"/v1/appointments/{paid.id}",
        f"/v1/appointments/{paid.id}/waiting",
        "/v1/appointments?application_id=application-ani",
    ):
        status, problem = await office.get(path, token)
        assert (status, problem["code"]) == (403, "not_allowed"), path


async def test_an_opened_outreach_is_told_once(office: Office) -> None:
    change_id = await outreach(office)
    record = await office.world.store.get(QUOTA_CHANGE, change_id)
    assert record is not None
    await office.world.service.find_use_case(OfficeEdits)._changes.run(record)
    told = await office.world.store.outbox_waiting(
        QUOTA_CHANGE, before=office.world.clock.now().replace(year=2100), limit=100
    )
    assert [message.data for message in told] == [OfficeOpened(office_id="mal-contoh", parent_id=OWN)]


async def test_other_changes_tell_of_no_office(office: Office) -> None:
    small = PROPOSAL | {"sessions": [WEEK | {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "pools": {"regular": 3}}]}
    assert (await send(office, "PUT", TEMPLATE, small, office.admin()))[1]["state"] == "applied"
    later = office.world.clock.now().replace(year=2100)
    assert await office.world.store.outbox_waiting(QUOTA_CHANGE, before=later, limit=100) == []
