"""Every error about a field carries an example, and the example would be taken."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from shared.errors import Malformed
from shared.events.subscriptions import SERVICES
from shared.http import validation
from shared.http.endpoint import Endpoint
from shared.http.unknown_members import ignores_unknown
from shared.http.validation import read_json
from tests.assembled import assemble
from tests.conftest import START
from tests.unit.world import HurryingClock

PARTS = {name: each.parts for name, each in assemble(HurryingClock(START)).items()}


def bodies() -> Iterator[Any]:
    for service in SERVICES:
        for endpoint in PARTS[service].endpoints:
            if ignores_unknown(endpoint):
                yield pytest.param(endpoint, id=f"{service} {endpoint.name}")


def example_of(body: type[BaseModel], name: str) -> str | None:
    """The example in the refusal of a body whose field is of a kind that it does not take."""
    for value in (0.5, True, {}):
        with pytest.raises(Malformed) as refused:
            read_json(body, json.dumps({name: value}).encode())
        found = [error.example for error in refused.value.errors if error.pointer == f"/{name}"]
        if found:
            return found[0]
    raise AssertionError(f"{name} takes everything")


@pytest.fixture(autouse=True)
def _all_errors_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body has more fields than one problem names."""
    monkeypatch.setattr(validation, "MAX_ERRORS", 1000)


@pytest.mark.acceptance("F33.example")
@pytest.mark.parametrize("endpoint", list(bodies()))
def test_every_field_of_a_body_is_refused_with_an_example_that_fits(endpoint: Endpoint) -> None:
    assert endpoint.body is not None
    for name, field in endpoint.body.model_fields.items():
        sent = field.alias or name
        example = example_of(endpoint.body, sent)
        assert example, f"{sent} has a pattern and no example"
        assert takes(endpoint.body, sent, example), f"{sent} does not take its example {example}"


def takes(body: type[BaseModel], name: str, example: str) -> bool:
    """Whether the field finds nothing wrong with its example, written as text or as JSON."""
    values: list[Any] = [example]
    with contextlib.suppress(ValueError):
        values.append(json.loads(example))
    return any(not _wrong(body, name, value) for value in values)


def _wrong(body: type[BaseModel], name: str, value: Any) -> bool:
    try:
        body.model_validate_json(json.dumps({name: value}))
    except ValidationError as error:
        return any(problem["loc"][:1] == (name,) for problem in error.errors())
    return False
