"""Every collection with something of a person has a rule, every rule is carried out, and operators see how far."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest

from services.identity.legal_holds.hold import LONGEST_HOLD, PROPOSAL_LAPSES_AFTER
from services.identity.legal_holds.repository import LEGAL_HOLD
from shared.events.subscriptions import SERVICES
from shared.retention.rule import EVERY_SERVICE, Ending
from shared.retention.rule_book import shipped_rules
from shared.service import Parts
from shared.settings import SettingsWrong
from shared.store.kinds import Kind
from shared.tokens import Role
from tests.assembled import Suite
from tests.contract.test_erasure import HOLDS, hold_on, operator
from tests.unit.identity.world import make_settings
from tests.walking import Caller, Citizen

IDENTIFYING: Final = re.compile(
    r"sealed|fingerprints|evidence|^particulars$|^email$|^phone$|^address$|^text$|full_name|username|sent_to|password|niks$"
)
"""Names of stored fields that hold something of a person, sealed or as a keyed fingerprint."""

NOBODYS: Final = {
    ("scheduling", "opening"): "its seed is sealed until the draw, and no person's",
    ("identity", "office_provider"): "its secret is the client's at a provider, and no person's",
    ("notification", "webhook"): "its secrets are a consumer's, and no person's",
    ("scheduling", "office"): "its address is the office's, and public",
    ("scheduling", "office_facts"): "its address is the office's, and public",
    ("scheduling", "flag"): "its evidence is ids, counts and times",
}
"""Fields of such a name that are about no person, each with the reason."""


def fields_in(shape: Any, seen: frozenset[Any] = frozenset()) -> Iterator[str]:
    """The names of all fields in a stored state, however deep."""
    if dataclasses.is_dataclass(shape) and shape not in seen:
        hints = typing.get_type_hints(shape)
        for field in dataclasses.fields(shape):
            yield field.name
            yield from fields_in(hints[field.name], seen | {shape})
        return
    if typing.get_origin(shape) is not None or isinstance(shape, types.UnionType):
        for part in typing.get_args(shape):
            yield from fields_in(part, seen)


def holds_person(kind: Kind[Any]) -> bool:
    return any(IDENTIFYING.search(name) for name in fields_in(kind.state))


def rules_of(service: str) -> set[str]:
    """The collections of a service that a rule is about."""
    book = shipped_rules().rules
    return {name for rule in book if rule.service in (service, EVERY_SERVICE) for name in rule.collections}


@pytest.mark.parametrize("service", SERVICES)
def test_every_collection_with_something_of_a_person_has_a_rule(service: str, parts: Mapping[str, Parts]) -> None:
    personal = {kind.name for kind in parts[service].kinds if holds_person(kind)}
    assert personal
    assert {name for name in personal - rules_of(service) if (service, name) not in NOBODYS} == set()


def test_a_collection_without_a_rule_is_seen() -> None:
    """The twin: the search finds a new sealed field, however deep."""

    @dataclasses.dataclass(frozen=True)
    class Inner:
        note_sealed: str

    shape = dataclasses.make_dataclass("Outer", [("inner", tuple[Inner, ...] | None)])
    assert holds_person(Kind("new", shape))
    assert not holds_person(Kind("new", dataclasses.make_dataclass("Outer", [("amount", int)])))


def shelves_of(parts: Mapping[str, Parts], service: str) -> list[Any]:
    return list(parts[service].service.retention.shelves)


@pytest.mark.parametrize("service", SERVICES)
def test_every_shelf_has_a_rule_of_its_service(service: str, parts: Mapping[str, Parts]) -> None:
    known = {rule.name for rule in shipped_rules().rules if rule.service in (service, EVERY_SERVICE)}
    assert {shelf.rule for shelf in shelves_of(parts, service)} <= known


def test_every_rule_is_carried_out_as_it_says(parts: Mapping[str, Parts]) -> None:
    for rule in shipped_rules().rules:
        for service in SERVICES if rule.service == EVERY_SERVICE else (rule.service,):
            shelves = [shelf for shelf in shelves_of(parts, service) if shelf.rule == rule.name]
            if rule.name == "audit_words" and service == "notification":  # acts there carry no free words
                continue
            if rule.ending is Ending.SWEEP:
                assert any(shelf.between for shelf in shelves), rule.name
            if rule.ending is Ending.LEAVING:
                assert any(shelf.of for shelf in shelves), rule.name


def test_an_unknown_rule_in_the_settings_stops_the_start() -> None:
    assert make_settings(retention_days={"applicant": 7}).retention_rules()
    with pytest.raises(SettingsWrong, match="no retention rule aplicant"):
        make_settings(retention_days={"aplicant": 7})


@pytest.fixture
async def suite() -> AsyncIterator[Suite]:
    suite = Suite()
    await suite.start()
    async with suite.served():
        yield suite


@pytest.mark.parametrize("service", SERVICES)
async def test_operators_see_how_far_the_job_is(suite: Suite, service: str) -> None:
    await suite.services[service].parts.service.retention.sweeping.begin()
    await suite.settle()
    async with operator(suite, "operator-1") as caller:
        seen = await caller.done(service, "GET", f"/v1/retention/{service}")
    shelves = {item["shelf"] for item in seen["shelves"]}
    assert shelves == {shelf.name for shelf in shelves_of_suite(suite, service) if shelf.between}
    for item in seen["shelves"]:
        assert (item["due"], item["held"], item["failed"]) == (0, 0, 0) and item["last_run_at"]


def shelves_of_suite(suite: Suite, service: str) -> list[Any]:
    return list(suite.services[service].parts.service.retention.shelves)


async def test_nobody_else_sees_it(suite: Suite) -> None:
    for role in (Role.APPLICANT, Role.OFFICE_ADMIN, Role.FRONT_OFFICER):
        async with Caller(suite, suite.token(role)) as caller:
            assert (await caller.call("billing", "GET", "/v1/retention/billing")).status == 403
            assert (await caller.call("identity", "GET", HOLDS)).status == 403
            assert (await caller.call("identity", "POST", HOLDS, hold_on(suite, "x", "application"))).status == 403
            assert (await caller.call("identity", "GET", "/v1/staff/erasures/erasure-1")).status == 403


async def test_a_hold_needs_two_operators(suite: Suite) -> None:
    async with operator(suite, "operator-1") as first, operator(suite, "operator-2") as second:
        proposed = await first.done("identity", "POST", HOLDS, hold_on(suite, "application-1", "application"))
        path = f"{HOLDS}/{proposed['hold_id']}"
        assert (proposed.status, proposed["state"]) == (201, "proposed")
        alone = await first.call("identity", "POST", f"{path}/decision", {"agree": True})
        assert (alone.status, alone["code"]) == (403, "second_operator_needed")
        assert not await suite.services["billing"].parts.service.retention.holds.hold(["application-1"])
        agreed = await second.done("identity", "POST", f"{path}/decision", {"agree": True})
        assert (agreed["state"], agreed["agreed_by"]) == ("placed", "operator-2")
        for service in SERVICES:
            assert await suite.services[service].parts.service.retention.holds.hold(["application-1"])
        again = await second.done("identity", "POST", f"{path}/decision", {"agree": True})
        assert again["state"] == "placed"
        other = await first.call("identity", "POST", f"{path}/decision", {"agree": True})
        assert (other.status, other["code"]) == (409, "nothing_proposed")
        listed = (await first.done("identity", "GET", HOLDS))["holds"]
        assert [item["hold_id"] for item in listed] == [agreed["hold_id"]]
        assert (await first.done("identity", "GET", path))["case_code"] == "123/Pid.Sus/2026"


async def test_a_hold_is_lifted_by_two_operators_as_well(suite: Suite) -> None:
    async with operator(suite, "operator-1") as first, operator(suite, "operator-2") as second:
        body = hold_on(suite, "application-1", "application")
        path = f"{HOLDS}/{(await first.done('identity', 'POST', HOLDS, body))['hold_id']}"
        early = await first.call("identity", "POST", f"{path}/lifting")
        assert (early.status, early["code"], early["state"]) == (409, "nothing_proposed", "proposed")
        await second.done("identity", "POST", f"{path}/decision", {"agree": True})
        assert (await first.done("identity", "POST", f"{path}/lifting"))["state"] == "lift_proposed"
        assert (await first.done("identity", "POST", f"{path}/lifting"))["state"] == "lift_proposed"
        alone = await first.call("identity", "POST", f"{path}/decision", {"agree": True})
        assert alone.status == 403
        kept = await second.done("identity", "POST", f"{path}/decision", {"agree": False})
        assert (kept["state"], kept["lift_proposed_by"]) == ("placed", None)
        await second.done("identity", "POST", f"{path}/lifting")
        lifted = await first.done("identity", "POST", f"{path}/decision", {"agree": True})
        assert (lifted["state"], lifted["ended_by"]) == ("lifted", "operator-1")
        assert not await suite.services["application"].parts.service.retention.holds.hold(["application-1"])


async def test_a_proposal_is_taken_back_or_lapses(suite: Suite) -> None:
    async with operator(suite, "operator-1") as first, operator(suite, "operator-2") as second:
        body = hold_on(suite, "application-1", "application")
        path = f"{HOLDS}/{(await first.done('identity', 'POST', HOLDS, body))['hold_id']}"
        assert (await first.done("identity", "POST", f"{path}/decision", {"agree": False}))["state"] == "declined"
        path = f"{HOLDS}/{(await first.done('identity', 'POST', HOLDS, body))['hold_id']}"
        await suite.later(PROPOSAL_LAPSES_AFTER.total_seconds() - 1)
        assert (await first.done("identity", "GET", path))["state"] == "proposed"
        await suite.later(1)
        assert (await first.done("identity", "GET", path))["state"] == "over"
        late = await second.call("identity", "POST", f"{path}/decision", {"agree": True})
        assert late["code"] == "nothing_proposed"


async def test_a_hold_is_over_at_its_time(suite: Suite) -> None:
    async with operator(suite, "operator-1") as first, operator(suite, "operator-2") as second:
        body = hold_on(suite, "application-1", "application", days=2)
        path = f"{HOLDS}/{(await first.done('identity', 'POST', HOLDS, body))['hold_id']}"
        await second.done("identity", "POST", f"{path}/decision", {"agree": True})
        await suite.later(2 * 86400)
        assert (await first.done("identity", "GET", path))["state"] == "over"
        record = await suite.services["identity"].store.get(LEGAL_HOLD, path.rpartition("/")[2])
        await suite.services["identity"].parts.service.legal_holds.end(record, "end")
        assert not await suite.services["application"].parts.service.retention.holds.hold(["application-1"])


@pytest.mark.parametrize(("days", "status"), [(0, 422), (LONGEST_HOLD.days, 201), (LONGEST_HOLD.days + 1, 422)])
async def test_a_hold_ends_within_its_longest_time(suite: Suite, days: int, status: int) -> None:
    async with operator(suite, "operator-1") as first:
        body = hold_on(suite, "application-1", "application", days=days)
        reply = await first.call("identity", "POST", HOLDS, body)
        assert reply.status == status
        if status == 422:
            assert (reply["code"], reply["longest_days"]) == ("hold_too_long", LONGEST_HOLD.days)


async def test_a_hold_is_about_something_that_there_is_and_names_no_person(suite: Suite) -> None:
    async with operator(suite, "operator-1") as first:
        for kind in ("person", "account"):
            reply = await first.call("identity", "POST", HOLDS, hold_on(suite, "nowhere", kind))
            assert (reply.status, reply["code"]) == (404, "hold_subject_unknown")
        body = hold_on(suite, "application-1", "application") | {"case_code": "NIK 3174011203880002"}
        assert (await first.call("identity", "POST", HOLDS, body)).status == 422
        for method, path in (("GET", ""), ("POST", "/lifting")):
            assert (await first.call("identity", method, f"{HOLDS}/nowhere{path}"))["code"] == "hold_unknown"
        assert (await first.call("identity", "GET", "/v1/staff/erasures/nowhere"))["code"] == "erasure_unknown"


async def test_a_hold_on_an_account_holds_its_people(suite: Suite) -> None:
    async with Citizen(suite) as citizen, operator(suite, "o-1") as first, operator(suite, "o-2") as second:
        await citizen.register()
        await citizen.become_applicant()
        body = hold_on(suite, citizen.account_id, "account")
        path = f"{HOLDS}/{(await first.done('identity', 'POST', HOLDS, body))['hold_id']}"
        await second.done("identity", "POST", f"{path}/decision", {"agree": True})
        assert await suite.services["application"].parts.service.retention.holds.hold([citizen.applicant_id])


async def test_every_act_on_a_hold_is_audited_with_what_it_is_about(suite: Suite) -> None:
    async with operator(suite, "operator-1") as first:
        await first.done("identity", "POST", HOLDS, hold_on(suite, "application-1", "application"))
    audit = suite.services["identity"].parts.service.audit
    now = suite.clock.now()
    lines = [record.state for record in await audit.between(now - timedelta(days=1), now + timedelta(days=1))]
    told = {(line.act, line.subject, line.outcome) for line in lines if line.act.startswith("legal_hold")}
    assert told == {("legal_hold.proposed", "application-1", outcome) for outcome in ("begun", "done")}
