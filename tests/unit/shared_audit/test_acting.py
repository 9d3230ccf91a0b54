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
from shared.audit.reads import DATA_READ, READ_REASON_WORDS, ReadReasonNeeded
from shared.clock import ManualClock
from shared.errors import NotAllowed
from shared.events.billing import BillingDataRead
from shared.events.codes import ReadReason
from shared.http.endpoint import ANY_CALLER, APPLICANT, PUBLIC, STAFF, Endpoint, Endpoints, PersonalData
from shared.http.reading import Reading, ReadSubject
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
    outcome = Outcome(**body)
    return SimpleNamespace(
        caller=caller, path=path or {}, query=None, body=outcome, command_id="c-1", reading=Reading()
    )


@pytest.fixture
def audit() -> Audit:
    return Audit(MemoryStore("demo"), ManualClock(T0), SeededIds(random.Random(1)))


async def told(audit: Audit) -> list[tuple[str, str, str, str | None, str | None]]:
    lines = [each.state for each in await audit.between(T0, T0 + timedelta(days=1))]
    return sorted((each.act, each.subject, each.outcome, each.reason, each.office_id) for each in lines)


@pytest.mark.acceptance("F82.audit")
async def test_a_staff_act_is_audited_with_subject_reason_and_outcome(audit: Audit) -> None:
    first, second = audited(api.all, lambda _call: audit, BillingDataRead)
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
    first, _ = audited(api.all, lambda _call: audit, BillingDataRead)
    await first.handler(a_call(CITIZEN, {"thing_id": "t-1"}))
    assert await told(audit) == []
    with pytest.raises(NotAllowed):
        await first.handler(a_call(OFFICER, {"thing_id": "t-1"}, reason="please_refuse"))
    assert [each[2] for each in await told(audit)] == ["begun", "refused"]


async def test_who_audits_in_its_use_case_is_left_alone(audit: Audit) -> None:
    first, second = audited(api.all, lambda _call: audit, BillingDataRead, by_themselves={"decide"})
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
    call.reading = Reading(SHOWN, call.path.get("step"), call.query.assistance)
    return b"picture"


SHOWN = (ReadSubject("account-1", "office-1"), ReadSubject("account-2", "office-2"), ReadSubject("account-3"))


class Asking(BaseModel):
    assistance: str | None = None
    reason: ReadReason | None = None


def a_look(caller: Caller, thing_id: str = "t-1", step: str | None = None, **query: str) -> Any:
    path = {"thing_id": thing_id} | ({"step": step} if step else {})
    asking = Asking.model_validate(query)
    return SimpleNamespace(caller=caller, path=path, query=asking, body=None, reading=Reading())


def the_reader(audit: Audit) -> Endpoint:
    endpoints = audited(reading_api.all, lambda _call: audit, BillingDataRead)
    return next(each for each in endpoints if each.name == "see_picture")


async def told_of_reads(audit: Audit) -> list[BillingDataRead]:
    """What identity will be told, oldest first."""
    later = T0 + timedelta(days=1)
    envelopes = await audit._store.outbox_waiting(DATA_READ, before=later, limit=100)
    return [each.data for each in envelopes if isinstance(each.data, BillingDataRead)]


@pytest.mark.acceptance("Y24.reads_audited")
async def test_a_read_by_staff_is_one_line_with_its_reason_and_an_applicants_is_none(audit: Audit) -> None:
    reader = the_reader(audit)
    await reader.handler(a_look(CITIZEN))
    assert await told(audit) == []
    await reader.handler(a_look(OFFICER, step="step_interview", reason="complaint"))
    await reader.handler(a_look(OFFICER, assistance="a-1"))
    await reader.handler(a_look(OFFICER, reason="complaint"))
    with pytest.raises(NotAllowed):
        await reader.handler(a_look(OFFICER, "hidden"))
    assert await told(audit) == sorted([
        ("read_picture", "t-1", "done", "complaint", "office-1"),
        ("read_picture", "t-1", "done", "assistance:a-1", "office-1"),
        ("read_picture", "t-1", "done", "complaint", "office-1"),
        ("read_picture", "hidden", "refused", "unstated", "office-1"),
    ])  # fmt: skip


async def test_a_read_beside_the_step_at_hand_is_refused_with_the_list_of_reasons(audit: Audit) -> None:
    reader = the_reader(audit)
    with pytest.raises(ReadReasonNeeded) as refused:
        await reader.handler(a_look(OFFICER))
    reasons: Any = refused.value.facts["reasons"]
    assert {each["id"] for each in reasons} == {id_ for _, id_ in READ_REASON_WORDS.values()}
    assert await told(audit) == [("read_picture", "t-1", "refused", "unstated", "office-1")]
    assert await told_of_reads(audit) == []
    for allowed in (a_look(OFFICER, step="step_visit"), a_look(OFFICER, assistance="a-1")):
        assert await reader.handler(allowed) == b"picture"


async def test_twin_a_step_that_is_always_at_hand_lets_every_read_through(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reading, "is_at_hand", True)
    assert await the_reader(audit).handler(a_look(OFFICER)) == b"picture"


async def test_names_of_staff_need_no_reason_and_are_not_told(audit: Audit) -> None:
    staff = [replace(each, reads=PersonalData.STAFF_NAME) for each in reading_api.all if each.name == "see_picture"]
    (reader,) = audited(staff, lambda _call: audit, BillingDataRead)
    assert await reader.handler(a_look(OFFICER)) == b"picture"
    assert ReadReasonNeeded not in reader.refusals
    assert [each[0] for each in await told(audit)] == ["read_staff_name"]


async def test_identity_is_told_of_a_read_with_the_persons_and_who_is_of_another_office(audit: Audit) -> None:
    await the_reader(audit).handler(a_look(OFFICER, reason="complaint"))
    await the_reader(audit).handler(a_look(CITIZEN))
    (event,) = await told_of_reads(audit)
    (line,) = [each for each in await audit.between(T0, T0 + timedelta(days=1))]
    assert event == BillingDataRead(
        read_id=line.id,
        reader_id="officer-1",
        role="interviewer",
        office_id="office-1",
        kind="picture",
        reason="complaint",
        account_ids=("account-1", "account-2", "account-3"),
        elsewhere=("account-2",),
        read_at=T0,
    )


async def test_what_the_answer_of_an_act_shows_is_told_once_with_the_act_as_its_step(audit: Audit) -> None:
    shown = Endpoints("demo")

    @shown.post("/v1/shown", summary="Act", access=STAFF(), answers={200: None}, idempotent=True)
    async def approve(call: Any) -> None:
        """Answer with a person's data."""
        call.reading = Reading(SHOWN[:1], assistance_id="a-1", kind=PersonalData.APPLICATION)

    (acting,) = audited(shown.all, lambda _call: audit, BillingDataRead)
    for _ in range(2):  # a repeat of the same command
        await acting.handler(a_call(OFFICER))
    (event,) = await told_of_reads(audit)
    assert (event.kind, event.step, event.assistance_id) == ("application", "approve", "a-1")
    assert event.account_ids == ("account-1",)


async def test_what_cannot_be_told_is_not_answered(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(audit, "tell_of_read", away)
    with pytest.raises(StoreUnavailable):
        await the_reader(audit).handler(a_look(OFFICER, step="step_visit"))


async def test_without_its_line_nothing_is_read(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> str:
        raise StoreUnavailable("away")

    monkeypatch.setattr(audit, "note", away)
    for thing_id in ("t-1", "hidden"):
        with pytest.raises(StoreUnavailable):
            await the_reader(audit).handler(a_look(OFFICER, thing_id))


async def test_twin_an_endpoint_that_does_not_declare_leaves_no_line(audit: Audit) -> None:
    bare = [replace(each, reads=None) for each in reading_api.all if each.name == "see_picture"]
    (reader,) = audited(bare, lambda _call: audit, BillingDataRead)
    assert await reader.handler(a_look(OFFICER)) == b"picture"
    assert await told(audit) == []
