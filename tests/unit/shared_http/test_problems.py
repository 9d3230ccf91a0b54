"""Every refusal and every failure is a problem that names what happened and what to do, and shows nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.errors import FieldError, Malformed, NotFound, Refusal, SomeoneElseChangedIt, Unavailable, Unreadable
from shared.http.problems import PROBLEM_JSON, PROBLEM_URN, as_refusal, describe
from tests.unit.shared_http.conftest import Client
from tests.unit.shared_http.demo import SeatTaken

MEMBERS = {"type", "title", "status", "detail", "code", "instance", "trace_id", "next_action"}


async def problem_of(client: Client, path: str, **words: Any) -> tuple[dict[str, Any], Any]:
    answer = await client.get(path, **words)
    assert answer.content_type == PROBLEM_JSON
    problem = await answer.json(content_type=PROBLEM_JSON)
    assert problem.keys() >= MEMBERS
    assert problem["status"] == answer.status
    assert problem["type"] == PROBLEM_URN + problem["code"]
    assert problem["trace_id"] == answer.headers["X-Trace-Id"]
    return problem, answer


async def test_a_refusal_tells_everything_in_english(demo: Client) -> None:
    problem, answer = await problem_of(demo, "/v1/trouble/refusal", headers={"Accept-Language": "en"})
    assert answer.status == 409
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Content-Language"] == "en"
    assert problem["title"] == "This seat is taken."
    assert problem["detail"] == "Seat A-12 is taken."
    assert problem["next_action"] == "Choose another seat."
    assert problem["field"] == "/seat_id"
    assert problem["seat_id"] == "A-12"
    assert problem["instance"] == "/v1/trouble/refusal"


async def test_a_refusal_speaks_indonesian_unless_asked_otherwise(demo: Client) -> None:
    problem, answer = await problem_of(demo, "/v1/trouble/refusal")
    assert answer.headers["Content-Language"] == "id"
    assert problem["title"] == problem["detail"] == "Kursi ini sudah terisi."
    assert problem["next_action"] == "Pilih kursi lain."


async def test_a_bug_is_told_without_internals_and_logged_once_with_its_trace(demo: Client) -> None:
    with capture_logs() as lines:
        problem, answer = await problem_of(demo, "/v1/trouble/bug")
    assert answer.status == 500
    assert problem["code"] == "something_broke"
    assert "secret internals" not in await answer.text()
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["http.broke"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("store", 503, "unavailable"),
        ("conflict", 409, "someone_else_changed_it"),
        ("connection", 500, "something_broke"),
        ("undeclared", 500, "something_broke"),
        ("nothing", 500, "something_broke"),
    ],
)
async def test_failures_of_parts_are_told_as_what_they_mean(demo: Client, kind: str, status: int, code: str) -> None:
    problem, answer = await problem_of(demo, f"/v1/trouble/{kind}")
    assert (answer.status, problem["code"]) == (status, code)
    assert "10.0.0.1" not in await answer.text()


async def test_an_unknown_address_is_a_problem(demo: Client) -> None:
    problem, answer = await problem_of(demo, "/v2/nothing")
    assert (answer.status, problem["code"]) == (404, "not_found")


async def test_an_unknown_method_is_a_problem_that_names_the_known_ones(demo: Client) -> None:
    answer = await demo.patch("/v1/notes")
    problem = await answer.json(content_type=PROBLEM_JSON)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert problem["allowed"] == ["GET", "HEAD", "POST"]


async def test_every_answer_carries_the_trace_that_came_in(demo: Client) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await demo.get("/health/live", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.headers["X-Trace-Id"] == trace
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] == "paspor"


async def test_a_broken_trace_header_starts_a_new_trace(demo: Client) -> None:
    answer = await demo.get("/health/live", headers={"traceparent": "nonsense"})
    assert len(answer.headers["X-Trace-Id"]) == 32


def test_a_refusal_must_have_a_stable_code_and_an_error_status() -> None:
    with pytest.raises(TypeError, match="snake_case"):
        type("Loud", (Refusal,), {"code": "SeatTaken"})
    with pytest.raises(TypeError, match="status"):
        type("Kind", (Refusal,), {"status": 200})


def test_facts_cannot_shadow_a_problems_own_members() -> None:
    with pytest.raises(TypeError, match="instance"):
        SeatTaken(instance="x")


def test_an_instance_may_say_more_than_its_class() -> None:
    refusal = SeatTaken(detail_id="Kursi A-12 terisi.", next_action="Wait.", next_action_id="Tunggu.")
    assert describe(refusal, language="id", instance="/", trace_id="t")["detail"] == "Kursi A-12 terisi."
    assert describe(refusal, language="en", instance="/", trace_id="t")["next_action"] == "Wait."
    assert str(refusal) == "This seat is taken."


def test_malformed_names_its_fields_and_points_at_the_first() -> None:
    refusal = Malformed(
        errors=(FieldError("/a", "missing", "Needed."), FieldError("/b", "missing", "Needed.", "Wajib."))
    )
    problem = describe(refusal, language="id", instance="/", trace_id="t")
    assert problem["field"] == "/a"
    assert [error["detail"] for error in problem["errors"]] == ["Needed.", "Wajib."]


def test_http_errors_of_the_framework_become_refusals() -> None:
    from aiohttp import web

    assert isinstance(as_refusal(web.HTTPNotFound()), NotFound)
    assert isinstance(as_refusal(web.HTTPExpectationFailed()), Unreadable)
    assert isinstance(as_refusal(web.HTTPServiceUnavailable()), Unavailable)
    assert as_refusal(web.HTTPBadGateway()) is None
    assert as_refusal(ValueError()) is None
    assert SomeoneElseChangedIt().retry_after_seconds == 1
