"""The adjudicator and the printer at the doors of application."""

from __future__ import annotations

from typing import Any

import pytest

from services.application.applications.application import Status
from shared.tokens import Role
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.world import INTERVIEWER, World

REFUSED = {"outcome": "refused", "reason_code": "identity_not_proven"}
ELSEWHERE = "medan"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


async def left_incomplete(world: World) -> str:
    """An application whose interviewer had a doubt; its id."""
    application_id = await world.at_the_counter()
    seen = await world.look(application_id)
    codes = tuple(item.code for item in seen.items if item.compulsory)
    counter = world.service.counter
    await counter.see_originals(application_id, codes, INTERVIEWER, world.command())
    await counter.record_interview(
        application_id, "incomplete", "identity_doubted", None, INTERVIEWER, world.command(), missing=("ktp",)
    )
    return application_id


@pytest.mark.acceptance("Y14.roles")
@pytest.mark.parametrize(("decision", "state"), [(REFUSED, Status.REFUSED), ({"outcome": "approved"}, Status.APPROVED)])
async def test_an_adjudicator_decides_what_an_interview_left_incomplete(
    browser: Browser, world: World, decision: dict[str, Any], state: Status
) -> None:
    path = f"/v1/applications/{await left_incomplete(world)}"
    status, view = await browser.ask("GET", path, Role.ADJUDICATOR)
    assert (status, view["state"]) == (200, "incomplete")
    picture = next(document["document_id"] for document in view["documents"])
    assert (await browser.ask("GET", f"{path}/documents/{picture}/content", Role.ADJUDICATOR))[0] == 200
    status, decided = await browser.ask("POST", f"{path}/interview", Role.ADJUDICATOR, json=decision)
    assert (status, decided["state"]) == (200, state.value)
    assert "adjudicator" in {line["who"] for line in decided["timeline"]}


@pytest.mark.acceptance("Y14.roles")
async def test_an_adjudicator_does_not_decide_before_an_interviewer_did(browser: Browser, world: World) -> None:
    path = f"/v1/applications/{await world.at_the_counter()}"
    status, problem = await browser.ask("POST", f"{path}/interview", Role.ADJUDICATOR, json=REFUSED)
    assert (status, problem["code"], problem["step"]) == (409, "step_comes_first", "interview")
    assert problem["next_action"] and "next_call" not in problem
    assert (await world.look(path.rpartition("/")[2])).application.status is Status.SUBMITTED


@pytest.mark.acceptance("Y14.roles")
async def test_an_adjudicator_works_on_the_own_office_and_on_nothing_of_the_counter(
    browser: Browser, world: World
) -> None:
    path = f"/v1/applications/{await left_incomplete(world)}"
    status, problem = await browser.ask("POST", f"{path}/interview", Role.ADJUDICATOR, json=REFUSED, office=ELSEWHERE)
    assert (status, problem["code"]) == (403, "not_your_office")
    status, problem = await browser.ask("GET", path, Role.ADJUDICATOR, office=ELSEWHERE)
    assert (status, problem["code"]) == (403, "not_your_office")
    for name, body in (("originals", {"requirements": ["ktp"]}), ("collection", {"collected_by": "self"})):
        status, problem = await browser.ask("POST", f"{path}/{name}", Role.ADJUDICATOR, json=body)
        assert (status, problem["code"]) == (403, "not_allowed")


@pytest.mark.acceptance("Y14.roles")
async def test_a_printer_sees_the_files_of_the_day_and_has_them_handed_over(browser: Browser, world: World) -> None:
    application_id = await world.booked()
    path = f"/v1/applications/{application_id}"
    seen = await world.look(application_id)
    assert seen.application.visit_at is not None and seen.application.office_id is not None
    day = f"/v1/offices/{seen.application.office_id}/applications?date={seen.application.visit_at.date()}"
    status, listed = await browser.ask("GET", day, Role.PRINTER)
    assert (status, [visit["application_id"] for visit in listed["visits"]]) == (200, [application_id])
    status, handed = await browser.ask("POST", f"{path}/hand-over", Role.PRINTER)
    assert (status, handed["hand_over"]["state"]) == (202, "waiting")
    assert (handed["answers"], handed["timeline"]) == (None, []), "the applicant's answers are not the printer's"
    status, officers = await browser.ask("POST", f"{path}/hand-over", Role.FRONT_OFFICER)
    assert officers["answers"] is not None and officers["timeline"]


@pytest.mark.acceptance("Y14.roles")
async def test_a_printer_reads_no_application_no_picture_and_no_other_office(browser: Browser, world: World) -> None:
    application_id = await world.booked()
    path = f"/v1/applications/{application_id}"
    document = (await world.look(application_id)).application.documents[0].document_id
    for address in (path, f"{path}/documents/{document}", f"{path}/documents/{document}/content", f"{path}/letter"):
        status, problem = await browser.ask("GET", address, Role.PRINTER)
        assert (status, problem["code"]) == (403, "not_allowed"), address
    for name, body in (("interview", REFUSED), ("collection", {"collected_by": "self"}), ("letter", None)):
        status, problem = await browser.ask("POST", f"{path}/{name}", Role.PRINTER, json=body)
        assert (status, problem["code"]) == (403, "not_allowed"), name
    status, problem = await browser.ask("POST", f"{path}/hand-over", Role.PRINTER, office=ELSEWHERE)
    assert (status, problem["code"]) == (403, "not_your_office")


@pytest.mark.acceptance("Y14.roles")
@pytest.mark.parametrize(
    "role", [Role.REGIONAL_OFFICER, Role.PUBLIC_RELATIONS, Role.HQ_POLICY, Role.HQ_IT, Role.ENFORCEMENT_SECTION_HEAD]
)
async def test_roles_beside_the_office_reach_no_application(browser: Browser, world: World, role: Role) -> None:
    path = f"/v1/applications/{await world.booked()}"
    for method, address in (("GET", path), ("POST", f"{path}/hand-over"), ("POST", f"{path}/interview")):
        status, problem = await browser.ask(method, address, role, json=REFUSED if method == "POST" else None)
        assert (status, problem["code"]) == (403, "not_allowed")
