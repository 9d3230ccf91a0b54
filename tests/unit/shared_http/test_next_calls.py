"""The call that does a next action: looked up by code and role, with the ids that are known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.errors import Refusal
from shared.http.problem_calls import code_of_call, problem_call
from shared.http.schema import NextCallView, view_next_call
from shared.next_calls import NEXT_CALLS, Elsewhere, NextCall, address_of, next_call, way_for
from shared.tokens import Role
from tests.unit.shared_http.conftest import Client
from tests.unit.shared_http.test_problems import problem_of

SUBMISSION = NextCall("POST", "/v1/applications/{application_id}/submission")
OFFICERS_CALL = NextCall("POST", "/v1/assistances", Role.FRONT_OFFICER)


class StepFirst(Refusal):
    code = "step_comes_first"


class NotSubmitted(Refusal):
    code = "application_not_submitted"


class TryAgain(Refusal):
    code = "malformed"


class Unheard(Refusal):
    code = "of_no_table"


def test_known_ids_fill_the_address_and_others_stay_in_braces() -> None:
    assert address_of(SUBMISSION, {"application_id": "a-1"}) == {
        "method": "POST",
        "href": "/v1/applications/a-1/submission",
    }
    assert address_of(SUBMISSION, {"application_id": None})["href"] == SUBMISSION.path
    assert address_of(SUBMISSION, {"application_id": "a/../b"})["href"] == "/v1/applications/a%2F..%2Fb/submission"


def test_the_first_way_that_is_told_to_the_role_is_taken() -> None:
    several = (OFFICERS_CALL, Elsewhere.OFFICE)
    assert way_for(several, Role.FRONT_OFFICER) is OFFICERS_CALL
    assert way_for(several, Role.APPLICANT) is Elsewhere.OFFICE
    assert way_for(several, None) is Elsewhere.OFFICE
    assert way_for(SUBMISSION, None) is SUBMISSION


def test_a_state_has_its_call_or_none() -> None:
    assert next_call("application", "submit", application_id="a") == {
        "method": "POST",
        "href": "/v1/applications/a/submission",
    }
    assert next_call("application", "pay") is None
    assert view_next_call("application", "pay") is None
    assert view_next_call("refund", "refused", refund_id="r") == NextCallView(
        method="POST", href="/v1/refunds/r/resubmission"
    )
    with pytest.raises(KeyError):
        next_call("application", "dance")
    assert all(way for table in NEXT_CALLS.values() for way in table.values())


def test_a_refusal_has_its_call_by_code_and_step() -> None:
    assert code_of_call(StepFirst(step="submit")) == "step_comes_first:submit"
    assert code_of_call(NotSubmitted(step="submit")) == "application_not_submitted"
    call = problem_call(StepFirst(step="submit"), Role.APPLICANT, "GET", "/v1/x", {"application_id": "a"})
    assert call == {"method": "POST", "href": "/v1/applications/a/submission"}
    assert problem_call(StepFirst(step="submit"), Role.INTERVIEWER, "GET", "/v1/x", {}) is None


def test_what_the_refusal_knows_counts_before_the_address_of_the_request() -> None:
    call = problem_call(NotSubmitted(application_id="b"), Role.APPLICANT, "POST", "/v1/x", {"application_id": "a"})
    assert call == {"method": "POST", "href": "/v1/applications/b/submission"}


def test_a_request_that_is_repeated_is_its_own_call_and_a_code_of_no_table_has_none() -> None:
    assert problem_call(TryAgain(), None, "PUT", "/v1/x?y=1", {}) == {"method": "PUT", "href": "/v1/x?y=1"}
    assert problem_call(Unheard(), None, "PUT", "/v1/x", {}) is None


async def test_a_problem_carries_its_call(demo: Client, token: Callable[..., str]) -> None:
    problem, _ = await problem_of(demo, "/v1/notes")
    assert problem["next_call"] == {"method": "POST", "href": "/v1/logins"}
    known = {"Authorization": f"Bearer {token()}"}
    problem, _ = await problem_of(demo, "/v1/notes/n9", headers=known)
    assert problem["next_call"] == {"method": "GET", "href": "/v1/notes/n9"}
