"""Unknown members can be left out of every public body: no object takes them silently, none has two meanings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from pydantic import BaseModel

from shared.events.subscriptions import SERVICES
from shared.http.unknown_members import ignores_unknown
from tests.assembled import assemble
from tests.conftest import START
from tests.unit.world import HurryingClock

OF_THE_BROWSER: Final = frozenset({"AssertionAnswer", "AttestationAnswer", "NewCredential", "UsedCredential"})
"""Objects that a browser writes (`PublicKeyCredential.toJSON()`): most of their members are ignored at each call."""

PARTS = {name: each.parts for name, each in assemble(HurryingClock(START)).items()}


def objects(part: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, list):
        for inner in part:
            yield from objects(inner)
    elif isinstance(part, Mapping):
        if part.get("type") == "object":
            yield part
        for inner in part.values():
            yield from objects(inner)


def alternatives(part: Any) -> Iterator[list[Any]]:
    if isinstance(part, list):
        for inner in part:
            yield from alternatives(inner)
    elif isinstance(part, Mapping):
        for word in ("anyOf", "oneOf", "allOf"):
            if word in part:
                yield [option for option in part[word] if option.get("type") != "null"]
        for inner in part.values():
            yield from alternatives(inner)


BODIES: Final = [
    pytest.param(endpoint.body, id=f"{service} {endpoint.name}")
    for service in SERVICES
    for endpoint in PARTS[service].endpoints
    if ignores_unknown(endpoint)
]


@pytest.mark.acceptance("X16.ignored_named")
@pytest.mark.parametrize("body", BODIES)
def test_no_object_of_a_public_body_takes_unknown_members_silently(body: type[BaseModel]) -> None:
    found = list(objects(body.model_json_schema(mode="validation")))
    loose = [
        part.get("title")
        for part in found
        if "properties" in part
        and part.get("additionalProperties") is not False
        and part["title"] not in OF_THE_BROWSER
    ]
    assert found and not loose


@pytest.mark.parametrize("body", BODIES)
def test_a_member_of_a_public_body_is_an_object_of_one_kind(body: type[BaseModel]) -> None:
    """Where one of two objects may stand, what is unknown to one may be known to the other."""
    for options in alternatives(body.model_json_schema(mode="validation")):
        assert sum("$ref" in option or option.get("type") == "object" for option in options) <= 1, options


@pytest.mark.acceptance("X16.signed_strict")
def test_signed_bodies_are_described_as_strict() -> None:
    signed = [
        endpoint.body.model_json_schema(mode="validation")
        for service in SERVICES
        for endpoint in PARTS[service].endpoints
        if endpoint.body is not None and not ignores_unknown(endpoint)
    ]
    assert signed
    assert all(part.get("additionalProperties") is False for schema in signed for part in objects(schema)), signed
