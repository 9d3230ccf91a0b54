"""Bad input over HTTP: steps out of their order and repeated ones; the trace of a problem leads to its lines."""

from __future__ import annotations

import json

import pytest

from shared.events.subscriptions import SERVICES
from shared.tokens import Role
from tests.contract.test_privacy import written_logs
from tests.integration.bad_input.ground import NOBODYS_ID, Ground, good_bodies, refused
from tests.walking import ANSWERS, TYPED, Caller, Reply

# -- out of order ------------------------------------------------------------------------------------------------------


def step_comes_first(reply: Reply, step: str) -> None:
    problem = refused(reply, 409, "step_comes_first")
    assert problem["step"] == step, problem
    assert problem["detail"] == problem["next_action"]


@pytest.mark.acceptance("F31.out_of_order")
@pytest.mark.parametrize(
    ("station", "first"),
    [("drafting", "questionnaire"), ("answered", "documents"), ("submitted", "choose_seat"), ("held", "pay")],
)
async def test_a_letter_before_its_time_names_the_step_that_comes_first(
    station: str, first: str, ground: Ground
) -> None:
    citizen = ground[station]
    async with ground.unchanged():
        step_comes_first(await citizen.call("application", "GET", f"{citizen.application}/letter"), first)


@pytest.mark.acceptance("F31.out_of_order")
async def test_steps_of_a_draft_come_in_their_order(ground: Ground) -> None:
    citizen, later = ground["drafting"], ground["answered"]
    upload = good_bodies(ground.ids())["begin_upload"]
    confirmed = {"confirmed_not_refundable": True}
    async with ground.unchanged():
        step_comes_first(
            await citizen.call("application", "POST", f"{citizen.application}/documents", upload), "questionnaire"
        )
        step_comes_first(
            await citizen.call("application", "POST", f"{citizen.application}/submission", confirmed), "questionnaire"
        )
        missing = refused(
            await later.call("application", "POST", f"{later.application}/submission", confirmed), 422, "items_missing"
        )
        assert missing["next_action"] and missing["missing"]
        unread = await later.call(
            "application", "POST", f"{later.application}/submission", {"confirmed_not_refundable": False}
        )
        assert refused(unread, unread.status)["field"] == "/confirmed_not_refundable"
        hold = {"application_id": citizen.application_id, "session_id": (await citizen.sessions())[0]["session_id"]}
        reply = await citizen.call("scheduling", "POST", "/v1/appointments", hold)
        problem = refused(reply, 409, "application_not_submitted")
        assert problem["next_action"].startswith("Submit the application first")
        assert problem["application_id"] == citizen.application_id and reply.headers["Retry-After"] == "1"


@pytest.mark.acceptance("F31.out_of_order")
@pytest.mark.parametrize(("station", "first"), [("held", "pay"), ("paid", "come")])
async def test_officers_cannot_jump_ahead(station: str, first: str, ground: Ground) -> None:
    citizen, bodies = ground[station], good_bodies(ground.ids())
    async with ground.unchanged():
        async with ground.officer(Role.INTERVIEWER) as interviewer:
            for name, what in (("originals", "see_originals"), ("interview", "record_interview")):
                reply = await interviewer.call("application", "POST", f"{citizen.application}/{name}", bodies[what])
                step_comes_first(reply, first)
        async with ground.officer(Role.FRONT_OFFICER) as front:
            reply = await front.call("application", "POST", f"{citizen.application}/collection", bodies["hand_out"])
            step_comes_first(reply, first)


async def test_a_visitor_who_has_not_paid_is_not_let_in(ground: Ground) -> None:
    async with ground.unchanged(), ground.officer(Role.FRONT_OFFICER) as front:
        visitor = {"appointment_id": ground["held"].appointment_id}
        refused(await front.call("scheduling", "POST", "/v1/check-ins", visitor), 409, "not_paid_yet")
        too_early = {"appointment_id": ground["paid"].appointment_id}
        problem = refused(await front.call("scheduling", "POST", "/v1/check-ins", too_early), 409)
        assert problem["code"] in ("visit_on_another_day", "too_early_to_check_in")


async def test_what_is_over_is_not_done_again(ground: Ground) -> None:
    citizen = ground["paid"]
    bill = f"/v1/bills/{citizen.bill_id}"
    visit = f"/v1/appointments/{citizen.appointment_id}"
    sessions = await citizen.sessions()
    async with ground.unchanged():
        put = await citizen.call("application", "PUT", f"{citizen.application}/questionnaire", ANSWERS)
        refused(put, 409, "step_is_over")
        again = await citizen.call("application", "POST", "/v1/applications", {"applicant_id": citizen.applicant_id})
        refused(again, 409, "application_already_open")
        refused(await citizen.call("identity", "PUT", f"/v1/applicants/{citizen.applicant_id}", TYPED), 409)
        refused(await citizen.call("billing", "POST", f"{bill}/renewal"), 409, "bill_is_paid")
        refused(await citizen.call("billing", "POST", f"{bill}/cancellation"), 409, "bill_is_paid")
        refused(await citizen.call("scheduling", "POST", f"{visit}/offer-acceptance"), 409)
        refused(await citizen.call("scheduling", "POST", f"{visit}/offer-refusal"), 409)
        refused(await citizen.call("scheduling", "POST", f"{visit}/cancellation"), 409, "fee_would_be_lost")
        second = {"application_id": citizen.application_id, "session_id": sessions[-1]["session_id"]}
        refused(await citizen.call("scheduling", "POST", "/v1/appointments", second), 409, "person_has_appointment")
        early = ground["held"]
        refused(await early.call("billing", "POST", f"/v1/bills/{(await early.bill())['bill_id']}/renewal"), 409)


async def test_one_key_is_one_command(ground: Ground) -> None:
    citizen, key = ground["held"], "the-same-key-0001"
    async with ground.unchanged():
        body = {"application_id": citizen.application_id, "session_id": NOBODYS_ID}
        refused(await citizen.call("scheduling", "POST", "/v1/appointments", body, key=key), 404, "session_not_found")
    preferences = f"{ground['answered'].application}/withdrawal"
    first = await ground["answered"].done("application", "POST", preferences, key=key)
    async with ground.unchanged():
        again = await ground["answered"].call("application", "POST", preferences, key=key)
        assert (again.status, again.headers["Idempotent-Replay"]) == (200, "true")
        assert again.body == first.body
        other = await ground["answered"].call(
            "application", "POST", f"{preferences}?on_behalf_of={NOBODYS_ID}", key=key
        )
        refused(other, 422, "idempotency_key_reused")


# -- traces ------------------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F15.trace_id")
async def test_a_problems_trace_id_finds_its_lines(ground: Ground) -> None:
    """At each service: the id in the problem is the one in the line that was written for it."""
    with written_logs() as stream:
        async with Caller(ground.suite) as caller:
            problems = {
                service: refused(await caller.call(service, "GET", f"/v1/nothing/{service}"), 404)
                for service in SERVICES
            }
            given = "4bf92f3577b34da6a3ce929d0e0e4736"
            traced = await caller.call(
                "identity", "GET", "/v1/account", headers={"traceparent": f"00-{given}-00f067aa0ba902b7-01"}
            )
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    for service, problem in problems.items():
        found = [line for line in lines if line.get("trace_id") == problem["trace_id"]]
        assert [(line["service"], line["code"], line["status"]) for line in found] == [(service, "not_found", 404)]
    assert refused(traced, 401)["trace_id"] == given
