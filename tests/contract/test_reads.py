"""Every endpoint by which staff read personal data says which; the list is made from the endpoints themselves.

Personal are the fields that are named below, wherever in an answer they lie, and whatever is no JSON. An endpoint that
shows one to staff declares it (``reads=``), and then writes an audit line for each read, or is an act, which is audited
as one. What is no JSON and no person's stands in a list with its reason.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from devtools.docs_command import endpoints_of
from services.identity.data_reads.schemas import KIND_WORDS
from shared.audit.acting import OF_PERSONS, may_act
from shared.audit.reads import READ_REASON_WORDS, ReadReasonNeeded, StatedReason
from shared.events.codes import ReadReason
from shared.events.subscriptions import SERVICES
from shared.http.endpoint import PUBLIC, STAFF, Door, Endpoint, PersonalData
from shared.tokens import Role

STAFF_ROLES: Final = frozenset(Role) - {Role.APPLICANT, Role.SERVICE}

FIELDS: Final[dict[PersonalData, frozenset[str]]] = {
    PersonalData.NIK: frozenset({"nik", "nik_masked", "family_card_number", "value_here", "value_on_paper"}),
    PersonalData.CONTACT: frozenset({"email", "phone", "address", "identifier"}),
    PersonalData.STAFF_NAME: frozenset({"full_name", "username"}),
    PersonalData.BANK_ACCOUNT: frozenset({"account_number", "number_masked", "holder_name", "bank_account"}),
    PersonalData.EVIDENCE: frozenset({"evidence"}),
    PersonalData.PASSPORT: frozenset({"passport_number_masked"}),
    PersonalData.APPLICATION: frozenset({"answers", "timeline", "papers", "birth_date", "birth_place"}),
}
"""Names of fields that show a person; a field of a new name belongs here as soon as it does."""

NOBODYS: Final = {
    "application/pdf": {
        ("scheduling", "day_sheet_paper"): "numbers and times, no names",
        ("scheduling", "evening_sheet_paper"): "numbers and times, no names",
    },
    "application/x-ndjson": {
        ("identity", "export_audit_of_identity"): "ids and codes; who reads it is told by the access log",
        ("application", "export_audit_of_application"): "ids and codes",
        ("scheduling", "export_audit_of_scheduling"): "ids and codes",
        ("billing", "export_audit_of_billing"): "ids and codes",
        ("notification", "export_audit_of_notification"): "ids and codes",
        ("billing", "export_journal"): "amounts and ids",
        ("billing", "list_ledger_roots"): "hashes",
    },
}
"""Answers to staff that are no JSON and show no person, each with the reason."""


EVERY: Final = [(service, each) for service in SERVICES for each in endpoints_of(service)]


def is_for_staff(endpoint: Endpoint) -> bool:
    access = endpoint.access
    return access.door is Door.BEARER and not STAFF_ROLES.isdisjoint(access.roles or frozenset(Role))


def shown_by(shape: Any, seen: frozenset[Any] = frozenset()) -> Iterator[str]:
    """The names of all fields in a model, however deep."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        if shape in seen:
            return
        for name, info in shape.model_fields.items():
            yield name
            yield from shown_by(info.annotation, seen | {shape})
    elif get_origin(shape) in (Union, types.UnionType, list, tuple, dict, set, frozenset):
        for part in get_args(shape):
            yield from shown_by(part, seen)


def personal_in(service: str, endpoint: Endpoint) -> set[PersonalData]:
    """What personal data the endpoint's answers show, as their shapes tell."""
    found: set[PersonalData] = set()
    for shape in endpoint.answers.values():
        if isinstance(shape, str):
            if (service, endpoint.name) not in NOBODYS.get(shape, {}):
                found.add(PersonalData.PICTURE if shape.startswith("image/") else PersonalData.LETTER)
            continue
        names = set(shown_by(shape))
        found |= {kind for kind, fields in FIELDS.items() if names & fields}
    return found


def undeclared(service: str, endpoint: Endpoint) -> set[PersonalData]:
    """What the endpoint shows to staff without an audit line."""
    if not is_for_staff(endpoint) or may_act(endpoint):
        return set()
    shown = personal_in(service, endpoint)
    return set() if endpoint.reads is not None else shown


@pytest.mark.acceptance("Y24.reads_audited")
@pytest.mark.parametrize(("service", "endpoint"), EVERY, ids=lambda each: getattr(each, "name", each))
def test_what_staff_read_of_a_person_is_declared(service: str, endpoint: Endpoint) -> None:
    assert undeclared(service, endpoint) == set(), f"{endpoint.method} {endpoint.path} declares no reads="


@pytest.mark.acceptance("Y24.reads_audited")
@pytest.mark.parametrize(
    ("service", "endpoint"),
    [pair for pair in EVERY if pair[1].reads is not None],
    ids=lambda each: getattr(each, "name", each),
)
def test_what_is_declared_is_audited(service: str, endpoint: Endpoint) -> None:
    assert is_for_staff(endpoint)
    assert hasattr(endpoint.handler, "__wrapped__")


@pytest.mark.parametrize(
    ("service", "endpoint"),
    [pair for pair in EVERY if pair[1].reads in OF_PERSONS],
    ids=lambda each: getattr(each, "name", each),
)
def test_every_read_of_a_person_takes_a_reason_of_the_list_and_refuses_without(
    service: str, endpoint: Endpoint
) -> None:
    """One way for all services: `reason`, in the query of a GET and in the body of a POST."""
    asked = endpoint.query if endpoint.method == "GET" else endpoint.body
    assert asked is not None, service
    reason = asked.model_fields["reason"]
    assert ReadReason in get_args(reason.annotation) or StatedReason in get_args(reason.annotation)
    assert not reason.is_required()
    assert ReadReasonNeeded in endpoint.refusals


def test_every_reason_has_words_in_both_languages() -> None:
    assert set(READ_REASON_WORDS) == set(ReadReason)
    assert all(english and local for english, local in READ_REASON_WORDS.values())
    assert set(KIND_WORDS) == set(OF_PERSONS)


def test_the_declared_reads_are_the_ones_we_know() -> None:
    """A look at the list itself, so that nothing leaves it unnoticed."""
    declared = {(service, each.name, each.reads) for service, each in EVERY if each.reads is not None}
    assert declared == {
        ("identity", "look_up_person", PersonalData.NIK),
        ("identity", "look_at_correction", PersonalData.NIK),
        ("identity", "list_staff", PersonalData.STAFF_NAME),
        ("identity", "look_at_own_account", PersonalData.STAFF_NAME),
        ("identity", "look_at_staff", PersonalData.STAFF_NAME),
        ("application", "list_own", PersonalData.APPLICATION),
        ("application", "get_application", PersonalData.APPLICATION),
        ("application", "list_papers", PersonalData.APPLICATION),
        ("application", "list_passports", PersonalData.PASSPORT),
        ("application", "get_passport", PersonalData.PASSPORT),
        ("application", "search_by_person", PersonalData.APPLICATION),
        ("application", "download_letter", PersonalData.LETTER),
        ("application", "download_document", PersonalData.PICTURE),
        ("application", "download_evidence", PersonalData.EVIDENCE),
        ("scheduling", "special_requests", PersonalData.EVIDENCE),
        ("scheduling", "list_flags", PersonalData.EVIDENCE),
        ("billing", "list_refunds", PersonalData.BANK_ACCOUNT),
        ("billing", "show_refund", PersonalData.BANK_ACCOUNT),
    }


def test_every_exception_is_still_needed() -> None:
    known = {(service, each.name) for service, each in EVERY}
    assert known >= {each for of_type in NOBODYS.values() for each in of_type}


class _Contact(BaseModel):
    phone: str | None


class _Somebody(BaseModel):
    contacts: tuple[_Contact, ...]


async def _handler(_call: Any) -> None:
    """An answer."""


@pytest.mark.parametrize(
    ("shape", "kind"),
    [(_Somebody, PersonalData.CONTACT), ("image/png", PersonalData.PICTURE), ("application/pdf", PersonalData.LETTER)],
)
def test_twin_a_new_endpoint_that_declares_nothing_is_found(shape: Any, kind: PersonalData) -> None:
    bare = Endpoint("GET", "/v1/somebodies", _handler, "Somebodies", STAFF(), {200: shape})
    assert undeclared("identity", bare) == {kind}
    assert undeclared("identity", replace(bare, reads=kind)) == set()
    assert undeclared("identity", replace(bare, access=PUBLIC)) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_taking_a_declaration_away_is_found(service: str) -> None:
    for each in endpoints_of(service):
        if each.reads is not None and not may_act(each):
            assert undeclared(service, replace(each, reads=None)) != set(), each.name
