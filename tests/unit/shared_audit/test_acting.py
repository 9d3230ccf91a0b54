"""Every staff act over HTTP writes the audit by itself, whoever wrote its endpoint (F82)."""

from __future__ import annotations

import importlib
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from shared.audit import Audit
from shared.audit.acting import ACTING, audited, may_act
from shared.clock import ManualClock
from shared.errors import NotAllowed
from shared.http.endpoint import ANY_CALLER, APPLICANT, PUBLIC, STAFF, Endpoint, Endpoints, PersonalData
from shared.ids import SeededIds
from shared.store.memory import MemoryStore
from shared.store.port import StoreUnavailable
from shared.tokens import Caller, Role

T0 = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
OFFICER = Caller("officer-1", Role.INTERVIEWER, "s1", office_id="office-1")
CITIZEN = Caller("account-1", Role.APPLICANT, "s2")


class Outcome(BaseModel):
    reason_code: str | None = None
    reason: str | None = None
    application_id: str | None = None


api = Endpoints("demo")


@api.post("/v1/things/{thing_id}/decision", summary="Decide", access=ANY_CALLER, answers={200: None}, idempotent=True)
async def decide(call: Any) -> None:
    """Decide on a thing."""
    if call.body.reason == "please_refuse":
        raise NotAllowed


@api.post("/v1/things", summary="Take in", access=STAFF(), answers={200: None})
async def take_in(_call: Any) -> None:
    """Take a thing in."""


def a_call(caller: Caller, path: dict[str, str] | None = None, **body: str) -> Any:
    return SimpleNamespace(caller=caller, path=path or {}, query=None, body=Outcome(**body), command_id="c-1")


@pytest.fixture
def audit() -> Audit:
    return Audit(MemoryStore("demo"), ManualClock(T0), SeededIds(random.Random(1)))


async def told(audit: Audit) -> list[tuple[str, str, str, str | None, str | None]]:
    lines = [each.state for each in await audit.between(T0, T0 + timedelta(days=1))]
    return sorted((each.act, each.subject, each.outcome, each.reason, each.office_id) for each in lines)


@pytest.mark.acceptance("F82.audit")
async def test_a_staff_act_is_audited_with_subject_reason_and_outcome(audit: Audit) -> None:
    first, second = audited(api.all, lambda _call: audit)
    assert (first.name, first.handler.__doc__) == ("decide", "Decide on a thing.")
    for _ in range(2):  # a repeat of the same command adds nothing
        await first.handler(a_call(OFFICER, {"thing_id": "t-1"}, reason_code="blurred"))
    await second.handler(a_call(OFFICER, application_id="a-1", reason="In my own words."))
    await second.handler(a_call(OFFICER))
    assert await told(audit) == sorted([
        ("decide", "t-1", "begun", "blurred", "office-1"),
        ("decide", "t-1", "done", "blurred", "office-1"),
        ("take_in", "a-1", "begun", None, "office-1"),
        ("take_in", "a-1", "done", None, "office-1"),
        ("take_in", "take_in", "begun", None, "office-1"),
        ("take_in", "take_in", "done", None, "office-1"),
    ])  # fmt: skip


async def test_a_refused_act_is_audited_too_and_an_applicants_is_not(audit: Audit) -> None:
    first, _ = audited(api.all, lambda _call: audit)
    await first.handler(a_call(CITIZEN, {"thing_id": "t-1"}))
    assert await told(audit) == []
    with pytest.raises(NotAllowed):
        await first.handler(a_call(OFFICER, {"thing_id": "t-1"}, reason="please_refuse"))
    assert [each[2] for each in await told(audit)] == ["begun", "refused"]


async def test_who_audits_in_its_use_case_is_left_alone(audit: Audit) -> None:
    first, second = audited(api.all, lambda _call: audit, by_themselves={"decide"})
    assert first is api.all[0] and second is not api.all[1]


def test_reading_pieces_of_uploads_and_what_staff_cannot_reach_are_no_acts() -> None:
    def an_endpoint(method: Any, access: Any) -> Endpoint:
        return Endpoint(method, "/v1/x", decide, "x", access, {200: None})

    assert [may_act(an_endpoint(method, STAFF())) for method in sorted(ACTING)] == [True] * 3
    assert not any(may_act(an_endpoint(method, STAFF())) for method in ("GET", "HEAD", "PATCH"))
    assert not any(may_act(an_endpoint("POST", access)) for access in (APPLICANT, PUBLIC))


@pytest.mark.acceptance("F82.audit")
@pytest.mark.parametrize("service", ["application", "scheduling", "billing"])
def test_no_service_has_a_staff_act_that_is_not_audited(service: str) -> None:
    name = "endpoints" if find_spec(f"services.{service}.endpoints") else "routes"
    routes = importlib.import_module(f"services.{service}.{name}")
    themselves = getattr(routes, "_AUDIT_BY_THEMSELVES", frozenset())
    acts = [each for each in routes.ENDPOINTS if may_act(each)]
    assert len(acts) > 5
    bare = {each.name for each in acts if not hasattr(each.handler, "__wrapped__")}
    assert bare <= themselves


# Reading

reading_api = Endpoints("reading")


@reading_api.get(
    "/v1/things/{thing_id}/picture",
    summary="See",
    access=ANY_CALLER,
    answers={200: "image/png"},
    reads=PersonalData.PICTURE,
)
async def see_picture(call: Any) -> bytes:
    """A picture."""
    if call.path["thing_id"] == "hidden":
        raise NotAllowed
    call.read_for = call.path.get("step")
    return b"picture"


class Asking(BaseModel):
    assistance: str | None = None
    reason: str | None = None


def a_look(caller: Caller, thing_id: str = "t-1", step: str | None = None, **query: str) -> Any:
    path = {"thing_id": thing_id} | ({"step": step} if step else {})
    return SimpleNamespace(caller=caller, path=path, query=Asking(**query), body=None, read_for=None)


def the_reader(audit: Audit) -> Endpoint:
    return next(each for each in audited(reading_api.all, lambda _call: audit) if each.name == "see_picture")


@pytest.mark.acceptance("Y24.reads_audited")
async def test_a_read_by_staff_is_one_line_with_its_reason_and_an_applicants_is_none(audit: Audit) -> None:
    reader = the_reader(audit)
    await reader.handler(a_look(CITIZEN))
    assert await told(audit) == []
    await reader.handler(a_look(OFFICER, step="step_interview", reason="complaint"))
    await reader.handler(a_look(OFFICER, assistance="a-1"))
    await reader.handler(a_look(OFFICER, reason="complaint"))
    await reader.handler(a_look(OFFICER))
    with pytest.raises(NotAllowed):
        await reader.handler(a_look(OFFICER, "hidden"))
    assert await told(audit) == sorted([
        ("read_picture", "t-1", "done", "step_interview", "office-1"),
        ("read_picture", "t-1", "done", "assistance:a-1", "office-1"),
        ("read_picture", "t-1", "done", "complaint", "office-1"),
        ("read_picture", "t-1", "done", "unstated", "office-1"),
        ("read_picture", "hidden", "refused", "unstated", "office-1"),
    ])  # fmt: skip


async def test_without_its_line_nothing_is_read(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> str:
        raise StoreUnavailable("away")

    monkeypatch.setattr(audit, "note", away)
    for thing_id in ("t-1", "hidden"):
        with pytest.raises(StoreUnavailable):
            await the_reader(audit).handler(a_look(OFFICER, thing_id))


async def test_twin_an_endpoint_that_does_not_declare_leaves_no_line(audit: Audit) -> None:
    bare = [replace(each, reads=None) for each in reading_api.all if each.name == "see_picture"]
    (reader,) = audited(bare, lambda _call: audit)
    assert await reader.handler(a_look(OFFICER)) == b"picture"
    assert await told(audit) == []
