"""The language between services: complete, owned, compatible, and free of people."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path

import pytest

from devtools.api_summary import find_breaks, summarize_events
from shared.events import asyncapi
from shared.events.envelope import LARGEST_MESSAGE_BYTES, Envelope, UnreadableMessage
from shared.events.identity import AccountRegistered
from shared.events.message import Command, Event, Message
from shared.events.subscriptions import COMMANDS, MESSAGE_TYPES, SERVICES, SUBSCRIBERS, owner_of
from tests.conftest import START

CATALOGUE = Path(__file__).parents[2] / "docs" / "api" / "events.txt"
PERSONAL = ("nik", "email", "phone", "full_name", "address", "birth_date", "birth_place", "code", "otp")


def declared() -> list[type[Message]]:
    found = []
    for service in SERVICES:
        module = importlib.import_module(f"shared.events.{service}")
        for _, each in inspect.getmembers(module, inspect.isclass):
            if issubclass(each, Message) and each.__module__ == module.__name__ and not each.__name__.startswith("_"):
                found.append(each)
    return found


def test_every_declared_message_is_in_the_table() -> None:
    assert set(declared()) == {*SUBSCRIBERS, *COMMANDS}


@pytest.mark.parametrize("message", declared(), ids=lambda message: message.__name__)
def test_a_type_names_its_owner_and_version(message: type[Message]) -> None:
    prefix, owner, *_, version = message.TYPE.split(".")
    assert (prefix, owner, version) == ("paspor", owner_of(message), "v1")
    assert MESSAGE_TYPES[message.TYPE] is message
    assert issubclass(message, Event) != issubclass(message, Command)
    assert inspect.getdoc(message)


@pytest.mark.parametrize("message", declared(), ids=lambda message: message.__name__)
@pytest.mark.acceptance("F24.events_masked")
def test_no_field_holds_a_person(message: type[Message]) -> None:
    allowed = {"billing_code", "queue_code", "reason_code", "office_name"}
    assert not [
        name
        for name in message.model_fields
        if name not in allowed and any(part in name.split("_") for part in PERSONAL)
    ]


def test_the_published_catalogue_is_fresh() -> None:
    """./paspor docs writes it."""
    assert CATALOGUE.read_text() == summarize_events(asyncapi.document())


def test_no_change_breaks_a_reader() -> None:
    assert find_breaks(CATALOGUE.read_text(), summarize_events(asyncapi.document())) == []


def test_breaking_changes_are_seen() -> None:
    before = json.loads(json.dumps(asyncapi.document()))
    after = json.loads(json.dumps(before))
    schemas = after["components"]["schemas"]
    del schemas["paspor.identity.applicant.added.v1"]
    account = schemas["paspor.identity.account.registered.v1"]
    del account["properties"]["language"]
    account["properties"]["account_id"]["type"] = "integer"
    account["properties"]["extra"] = {"type": "string"}
    account["required"].append("extra")
    submitted = schemas["paspor.application.application.submitted.v1"]
    submitted["required"].append("age_band")
    assert find_breaks(summarize_events(before), summarize_events(after)) == [
        "paspor.application.application.submitted.v1: age_band became required",
        "paspor.identity.account.registered.v1: account_id changed from string to integer",
        "paspor.identity.account.registered.v1: extra is new and required",
        "paspor.identity.account.registered.v1: language vanished",
        "paspor.identity.applicant.added.v1 vanished",
    ]


def envelope() -> Envelope:
    return Envelope(
        id="e1",
        source="/paspor/identity",
        subject="a1",
        time=START,
        correlation_id="c1",
        causation_id="r1",
        traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
        aggregate_version=3,
        data=AccountRegistered(account_id="a1", language="id"),
    )


def test_an_envelope_survives_the_wire() -> None:
    assert Envelope.from_bytes(envelope().to_bytes()) == envelope()


def test_unknown_fields_are_ignored() -> None:
    fields = json.loads(envelope().to_bytes())
    fields["data"]["later"] = 1
    fields["laterattribute"] = 2
    assert Envelope.from_bytes(json.dumps(fields).encode()) == envelope()


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"type": "paspor.nobody.v1"}',
        json.dumps({**json.loads(envelope().to_bytes()), "data": {}}).encode(),
        json.dumps({**json.loads(envelope().to_bytes()), "time": "yesterday"}).encode(),
        b" " * (LARGEST_MESSAGE_BYTES + 1),
    ],
)
def test_unreadable_messages_are_refused(body: bytes) -> None:
    with pytest.raises(UnreadableMessage):
        Envelope.from_bytes(body)


def test_the_largest_message_is_read() -> None:
    body = envelope().to_bytes()
    assert Envelope.from_bytes(body + b" " * (LARGEST_MESSAGE_BYTES - len(body))) == envelope()
