"""The language between services: complete, owned, compatible, and free of people."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
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
    allowed = {"billing_code", "paid_code", "queue_code", "reason_code", "office_name", "office_address"}
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
    del after["components"]["messages"]["paspor.identity.applicant.added.v1"]
    account = schemas["AccountRegistered"]
    del account["properties"]["language"]
    account["properties"]["account_id"]["type"] = "integer"
    account["properties"]["extra"] = {"type": "string"}
    account["required"].append("extra")
    submitted = schemas["ApplicationSubmitted"]
    submitted["required"].append("age_band")
    assert find_breaks(summarize_events(before), summarize_events(after)) == [
        "paspor.application.application.submitted.v1: age_band became required",
        "paspor.identity.account.registered.v1: account_id changed from string to integer",
        "paspor.identity.account.registered.v1: extra is new and required",
        "paspor.identity.account.registered.v1: language vanished",
        "paspor.identity.applicant.added.v1 vanished",
    ]


def test_a_new_code_breaks_no_reader() -> None:
    after = json.loads(json.dumps(asyncapi.document()))
    after["components"]["schemas"]["BillPurpose"]["enum"].append("donation")
    assert summarize_events(after) == summarize_events(asyncapi.document())


def schemas_in(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema that lies within another."""
    for inner in (*part.get("properties", {}).values(), *part.get("anyOf", ()), part.get("items")):
        if inner is not None:
            yield inner
            yield from schemas_in(inner)


def test_no_schema_of_the_catalogue_is_anonymous() -> None:
    """Objects and enums lie among the components by name, so that generated classes have names too."""
    schemas = asyncapi.document()["components"]["schemas"]
    for name, schema in schemas.items():
        assert schema["title"] == name
        for inner in schemas_in(schema):
            assert "enum" not in inner and "properties" not in inner and "$defs" not in inner, name
            assert "title" not in inner, name


def references_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references_in(inner)
    if isinstance(part, list):
        for inner in part:
            yield from references_in(inner)


def test_every_reference_of_the_catalogue_leads_somewhere() -> None:
    document = asyncapi.document()
    for reference in set(references_in(document)):
        found = document
        for word in reference.removeprefix("#/").split("/"):
            found = found[word.replace("~1", "/").replace("~0", "~")]
        assert found


def test_the_catalogue_names_servers_credentials_and_messages() -> None:
    document = asyncapi.document()
    assert {server["protocol"] for server in document["servers"].values()} == {"amqp", "amqps"}
    assert all(server["security"] for server in document["servers"].values())
    assert document["components"]["securitySchemes"]["brokerUser"]["type"] == "userPassword"
    messages = document["components"]["messages"]
    assert {message["name"] for message in messages.values()} == {each.__name__ for each in MESSAGE_TYPES.values()}
    assert document["components"]["schemas"]["BillPurpose"]["enum"] == ["fee", "top_up", "penalty", "same_day"]


def test_an_envelope_fits_its_schema() -> None:
    document = asyncapi.document()
    schema = {"$ref": "#/components/schemas/AccountRegisteredEnvelope", "components": document["components"]}
    fields = json.loads(envelope().to_bytes("https://paspor.example/v1/event-schemas"))
    jsonschema.validate(fields, schema)
    for name in ("datacontenttype", "dataschema", "id"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({key: value for key, value in fields.items() if key != name}, schema)


def test_on_the_wire_the_schema_is_an_address_and_kept_it_is_a_name() -> None:
    told = json.loads(envelope().to_bytes("https://paspor.example/v1/event-schemas"))
    assert told["dataschema"] == "https://paspor.example/v1/event-schemas/paspor.identity.account.registered.v1"
    kept = json.loads(envelope().to_bytes())
    assert kept["dataschema"] == "urn:paspor:schema:paspor.identity.account.registered.v1"
    assert {**told, "dataschema": ""} == {**kept, "dataschema": ""}
    assert Envelope.from_fields(told) == Envelope.from_fields(kept) == envelope(), "readers of before are not broken"


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
