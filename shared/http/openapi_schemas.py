"""Names and collects the schemas of an OpenAPI document: requests as they are read, answers as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from shared.http.endpoint import Endpoint
from shared.http.problem_facts import problem_model
from shared.http.problems import Problem
from shared.http.runtime_refusals import refusals_of_runtime
from shared.http.unknown_members import open_schemas

REFERENCE: Final = "#/components/schemas/{model}"
_PLACE: Final = "#/components/schemas/"
_SUFFIXES: Final = ("-Input", "-Output")

Mode = Literal["validation", "serialization"]


class Schemas:
    """Schemas of all models, made in one call so that names agree. A schema's name is its title, and names one schema.

    Queries and paths are written out as parameters, so that their models are no schemas of the document.
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        """Make the schemas.

        Raises:
            ValueError: two different schemas have one name: rename a class, or give an enum a `__schema_name__`.
        """
        wanted = dict.fromkeys(_models(endpoints))
        found, document = models_json_schema(list(wanted), ref_template=REFERENCE, schema_generator=_Generator)
        made: dict[str, Any] = document.get("$defs", {})
        open_schemas(endpoints, found, made)
        names = _names_of(made)
        self._found: dict[Any, dict[str, Any]] = {key: _renamed(part, names) for key, part in found.items()}
        self._all = {names[name]: _renamed({**part, "title": names[name]}, names) for name, part in made.items()}
        parameters = {self._name(model, "validation") for model in _parameter_models(endpoints)}
        self.definitions = {name: part for name, part in sorted(self._all.items()) if name not in parameters}

    def reference(self, model: type[BaseModel], mode: Mode) -> dict[str, Any]:
        """Return a reference to the model's schema."""
        return self._found[model, mode]

    def resolved(self, model: type[BaseModel], mode: Mode) -> dict[str, Any]:
        """Return the model's schema itself."""
        found: dict[str, Any] = self._all.get(self._name(model, mode), self._found[model, mode])
        return found

    def _name(self, model: type[BaseModel], mode: Mode) -> str:
        return str(self._found[model, mode].get("$ref", "")).removeprefix(_PLACE)


class _Generator(GenerateJsonSchema):
    """Members have no titles, which would only repeat their names; an enum may give its schema's name itself."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def get_title_from_name(self, name: str) -> str:
        return name

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        described = super().enum_schema(schema)
        described["title"] = getattr(schema["cls"], "__schema_name__", schema["cls"].__name__)
        return described


def _models(endpoints: Sequence[Endpoint]) -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    yield Problem, "serialization"
    for endpoint in endpoints:
        for incoming in (endpoint.body, endpoint.query, endpoint.path_model):
            if incoming is not None:
                yield incoming, "validation"
        for shape in endpoint.answers.values():
            if isinstance(shape, type):
                yield shape, "serialization"
        for refusal in (*endpoint.refusals, *refusals_of_runtime(endpoint)):
            yield problem_model(refusal), "serialization"
        yield from ((part, "serialization") for part in (endpoint.event, endpoint.line) if part is not None)


def _parameter_models(endpoints: Sequence[Endpoint]) -> Iterator[type[BaseModel]]:
    for endpoint in endpoints:
        yield from (model for model in (endpoint.query, endpoint.path_model) if model is not None)


def _names_of(made: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of each schema, by the one that pydantic gave it: its title, with Input or Output where the
    schema of requests is another than that of answers.
    """
    names: dict[str, str] = {}
    owners: dict[str, str] = {}
    for old, part in made.items():
        suffix = next((suffix for suffix in _SUFFIXES if old.endswith(suffix)), "")
        name = str(part.get("title", old.removesuffix(suffix))) + suffix.removeprefix("-")
        if name in owners:
            raise ValueError(f"two schemas are called {name}: {owners[name]} and {old}")
        owners[name] = old
        names[old] = name
    return names


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    """Return the schema with its references under their new names."""
    if isinstance(part, list):
        return [_renamed(item, names) for item in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    renamed = {key: _renamed(item, names) for key, item in part.items()}
    if isinstance(reference, str):
        old = reference.removeprefix(_PLACE)
        renamed["$ref"] = REFERENCE.format(model=names.get(old, old))
    return renamed
