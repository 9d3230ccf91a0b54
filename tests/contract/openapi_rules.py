"""What every service's endpoints must keep to; a test of each service calls `assert_sound`."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel

from shared.http import Body, Endpoint, Path, Query, unbounded_fields
from shared.http.call import Call
from shared.http.openapi import build_openapi

_SCALARS = frozenset({"string", "integer", "number", "boolean"})


def assert_sound(endpoints: Sequence[Endpoint], service_name: str) -> None:
    """Fail with every rule that an endpoint breaks, and where the description is not valid OpenAPI 3.1."""
    broken = [f"{each.method} {each.path}: {rule}" for each in endpoints for rule in broken_rules(each)]
    assert not broken, "\n".join(broken)
    OpenAPIV31SpecValidator(build_openapi(endpoints, service_name, "1.0.0")).validate()


def broken_rules(endpoint: Endpoint) -> Iterator[str]:
    """The house rules that this endpoint breaks, in words."""
    if not endpoint.path.startswith("/v1/"):
        yield "lies outside /v1/"
    if not endpoint.summary or len(endpoint.summary) > 80:
        yield "needs a summary of at most 80 characters"
    for model, base in ((endpoint.body, Body), (endpoint.query, Query), (endpoint.path_model, Path)):
        if model is not None:
            yield from _broken_by_model(model, base)
    for model in (endpoint.query, endpoint.path_model):
        if model is not None:
            yield from _not_scalar(model)
    yield from _broken_by_refusals(endpoint)
    yield from _broken_by_handler(endpoint)


def _broken_by_model(model: type[BaseModel], base: type[BaseModel]) -> Iterator[str]:
    if not issubclass(model, base):
        yield f"{model.__name__} is no {base.__name__}"
    for place in unbounded_fields(model):
        yield f"{model.__name__}{place} has no upper limit"


def _not_scalar(model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    for name, part in schema.get("properties", {}).items():
        options = part.get("anyOf", [part])
        kinds = {option.get("type", "string") for option in options} - {"null"}
        if not kinds <= _SCALARS:
            yield f"{model.__name__}.{name} is no scalar"


def _broken_by_refusals(endpoint: Endpoint) -> Iterator[str]:
    for refusal in endpoint.refusals:
        for name in ("title", "title_id"):
            if not getattr(refusal, name).endswith((".", "!", "?")):
                yield f"{refusal.__name__}.{name} is no sentence"
        if refusal.next_action and not refusal.next_action_id:
            yield f"{refusal.__name__} tells the next action in English only"


def _broken_by_handler(endpoint: Endpoint) -> Iterator[str]:
    """Whether `Call[...]` in the handler says the same as the endpoint."""
    try:
        hints = typing.get_type_hints(endpoint.handler)
    except (NameError, TypeError):
        return
    call = next((hint for hint in hints.values() if typing.get_origin(hint) is Call), None)
    said: tuple[Any, ...] = typing.get_args(call)
    for hint, model, what in zip(said, (endpoint.body, endpoint.query, endpoint.path_model), _PARTS, strict=False):
        read = None if hint is type(None) else hint
        if read is not model and not (what == "path" and model is None):
            yield f"the handler reads its {what} as {hint}, the endpoint declares {model}"


_PARTS = ("body", "query", "path")
