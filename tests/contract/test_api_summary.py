"""What breaks a caller is seen in the summaries of the interfaces: twins of every service's document, each changed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devtools import api_summary
from devtools.api_summary import Entry, find_breaks, read_summary, summarize_api
from devtools.docs_command import openapi_of
from shared.events.subscriptions import SERVICES

Document = dict[str, Any]


@pytest.fixture(scope="module", params=SERVICES)
def document(request: pytest.FixtureRequest) -> Document:
    return openapi_of(request.param)


def operations(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def calls_by_schema(document: Document) -> dict[str, Document]:
    """For each schema of requests and answers, the document with nothing but the first call that holds it."""
    found: dict[str, Document] = {}

    def walk(part: Any, alone: Document) -> None:
        if isinstance(part, list):
            for each in part:
                walk(each, alone)
        elif isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix("#/components/schemas/")
            if name in document["components"]["schemas"] and name not in found:
                found[name] = alone
                walk(document["components"]["schemas"][name], alone)
            for each in part.values():
                walk(each, alone)

    for path, methods in document["paths"].items():
        for method, call in methods.items():
            walk(call, {**document, "paths": {path: {method: call}}})
    return found


def without_member(document: Document, name: str, member: str) -> Document:
    """The document without one member of one schema."""
    components = document["components"]
    schema = components["schemas"][name]
    left = {key: part for key, part in schema["properties"].items() if key != member}
    schemas = {**components["schemas"], name: {**schema, "properties": left}}
    return {**document, "components": {**components, "schemas": schemas}}


def twin(document: Document, change: Callable[[Document], object]) -> list[str]:
    """What the comparison says of the document after the change."""
    changed = copy.deepcopy(document)
    change(changed)
    return find_breaks(summarize_api(document), summarize_api(changed))


def a_leaf(schema: dict[str, Any]) -> str | None:
    """The schema's first member that is no object."""
    leaves = (name for name, part in sorted(schema.get("properties", {}).items()) if "$ref" not in str(part))
    return next(leaves, None)


def test_the_document_breaks_nothing_of_its_own(document: Document) -> None:
    assert twin(document, lambda same: None) == []


@pytest.mark.acceptance("X16.versions_kept")
def test_a_member_that_leaves_any_schema_is_seen(document: Document) -> None:
    alone = calls_by_schema(document)
    lost = {name: member for name in alone if (member := a_leaf(document["components"]["schemas"][name]))}
    assert lost
    for name, member in lost.items():
        said = find_breaks(summarize_api(alone[name]), summarize_api(without_member(alone[name], name, member)))
        assert said and all(_tells_the_loss(line, member) for line in said), name


def _tells_the_loss(line: str, member: str) -> bool:
    """Whether a break says that a member is gone, or that fewer kinds of one value have it."""
    return line.endswith((f" {member} vanished", f".{member} vanished")) or f" {member} changed from " in line


def test_an_optional_member_of_a_request_that_becomes_required_is_seen(document: Document) -> None:
    expected = set()
    changed = copy.deepcopy(document)
    for call, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            name = content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
            schema = document["components"]["schemas"].get(name, {"properties": {}})
            optional = set(schema["properties"]) - set(schema.get("required", ()))
            expected |= {f"{call}: request {member} became required" for member in optional}
            if optional:
                changed["components"]["schemas"][name]["required"] = sorted(schema["properties"])
    said = find_breaks(summarize_api(document), summarize_api(changed))
    assert expected <= set(said)
    assert bool(said) == bool(expected) and all(line.endswith(" became required") for line in said)


def test_a_status_that_vanishes_is_seen(document: Document) -> None:
    calls = [call for call, _ in operations(document)]

    def remove(changed: Document) -> None:
        for _, operation in operations(changed):
            del operation["responses"]["429"]

    assert twin(document, remove) == sorted(f"{call}: 429 vanished" for call in calls)


def test_a_code_that_vanishes_is_seen(document: Document) -> None:
    def remove(changed: Document) -> None:
        for name, answer in changed["components"]["responses"].items():
            if name.startswith("503.") and "content" in answer:
                answer["content"]["application/problem+json"]["examples"].pop("too_busy")

    said = twin(document, remove)
    assert said and all(line.endswith(": 503 has no too_busy any more") for line in said)


@pytest.mark.acceptance("X16.versions_kept")
def test_a_call_that_vanishes_is_seen(document: Document) -> None:
    path, methods = next(iter(document["paths"].items()))
    assert twin(document, lambda changed: changed["paths"].pop(path)) == sorted(
        f"{method.upper()} {path} vanished" for method in methods
    )


# -- each kind of change, on a document of two calls -------------------------------------------------------------------


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def small() -> Document:
    """Two calls that answer the same note; notes lie in notes."""
    note = {
        "type": "object",
        "required": ["title", "note_id", "kind"],
        "properties": {
            "note_id": {"type": "string", "format": "uuid"},
            "title": {"type": "string", "minLength": 1, "maxLength": 20},
            "kind": {"enum": ["short", "long"]},
            "parent": {"anyOf": [reference("Note"), {"type": "null"}]},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
    }
    new = {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}, "day": {"const": 1}}}
    problem = {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}}
    answer = {"content": {"application/json": {"schema": reference("Note")}, "text/csv": {}}}
    refused = {
        "content": {"application/problem+json": {"schema": reference("Problem"), "examples": {"b": {}, "a": {}}}}
    }
    return {
        "paths": {
            "/v1/notes": {
                "get": {
                    "parameters": [{"name": "since", "in": "query", "schema": {"type": "string", "format": "date"}}],
                    "responses": {"200": answer, "404": refused},
                },
                "post": {
                    "parameters": [{"$ref": "#/components/parameters/Key"}],
                    "requestBody": {"required": True, "content": {"application/json": {"schema": reference("New")}}},
                    "responses": {"201": answer, "204": {"description": "nothing"}},
                },
            }
        },
        "components": {
            "schemas": {"Note": note, "New": new, "Problem": problem},
            "parameters": {"Key": {"name": "Key", "in": "header", "required": True, "schema": {"type": "string"}}},
        },
    }


def test_a_summary_reads_as_its_page_says() -> None:
    assert (
        summarize_api(small()).removeprefix(api_summary.HEADER)
        == """\
problem: application/problem+json
  code: string

GET /v1/notes
  query since?: string(date)
  200: application/json text/csv
    counts?: {integer}
    kind: "long"|"short"
    note_id: string(uuid)
    parent?: object|null
    tags?: [string](..3)
    title: string(1..20)
  404: a b

POST /v1/notes
  header Key: string
  request: application/json
    day?: 1
    title: string
  201: application/json text/csv, as GET /v1/notes 200
  204
"""
    )


def test_a_repeated_answer_means_all_its_members(monkeypatch: pytest.MonkeyPatch) -> None:
    short = read_summary(summarize_api(small()))
    assert short["POST /v1/notes", "201", "title"] == Entry("string(1..20)", True)
    assert short["POST /v1/notes", "201"] == Entry("application/json text/csv", True)
    monkeypatch.setattr(api_summary, "SHORTEST_REPEAT", 1_000)
    assert read_summary(summarize_api(small())) == short


def note_of(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]["Note"]
    return found


def operation(document: Document, method: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/v1/notes"][method]
    return found


def problems_of(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = operation(document, "get")["responses"]["404"]["content"]["application/problem+json"]
    return found


NOTE_PLACES = ("GET /v1/notes: 200", "POST /v1/notes: 201")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["paths"].clear(), ["GET /v1/notes vanished", "POST /v1/notes vanished"]),
        (lambda d: note_of(d)["properties"].pop("tags"), [f"{place} tags vanished" for place in NOTE_PLACES]),
        (lambda d: note_of(d)["required"].remove("kind"), [f"{place} kind became optional" for place in NOTE_PLACES]),
        (
            lambda d: note_of(d)["properties"]["title"].update(maxLength=10),
            [f"{place} title changed from string(1..20) to string(1..10)" for place in NOTE_PLACES],
        ),
        (
            lambda d: d["components"]["schemas"]["New"]["required"].append("day"),
            ["POST /v1/notes: request day became required"],
        ),
        (
            lambda d: d["components"]["schemas"]["New"].update(
                required=["title", "x"], properties={"title": {"type": "string"}, "x": {}}
            ),
            ["POST /v1/notes: request day vanished", "POST /v1/notes: request x is new and required"],
        ),
        (lambda d: operation(d, "get")["parameters"].clear(), ["GET /v1/notes: query since vanished"]),
        (
            lambda d: operation(d, "get")["parameters"][0].update(required=True),
            ["GET /v1/notes: query since became required"],
        ),
        (
            lambda d: operation(d, "get").update(
                requestBody={"required": True, "content": {"application/json": {"schema": reference("New")}}}
            ),
            ["GET /v1/notes: request is new and required"],
        ),
        (
            lambda d: operation(d, "get")["responses"]["200"]["content"].pop("text/csv"),
            ["GET /v1/notes: 200 has no text/csv any more", "POST /v1/notes: 201 has no text/csv any more"],
        ),
        (lambda d: operation(d, "get")["responses"].pop("404"), ["GET /v1/notes: 404 vanished"]),
        (
            lambda d: problems_of(d)["examples"].pop("a"),
            ["GET /v1/notes: 404 has no a any more"],
        ),
        (lambda d: d["components"]["schemas"]["Problem"]["properties"].clear(), ["problem: code vanished"]),
    ],
)
def test_what_breaks_somebody_is_said(change: Callable[[Document], object], said: list[str]) -> None:
    assert twin(small(), change) == said


@pytest.mark.parametrize(
    "change",
    [
        lambda d: note_of(d)["properties"].update(more={"type": "string"}),
        lambda d: note_of(d)["required"].append("tags"),
        lambda d: d["components"]["schemas"]["New"]["properties"].update(more={"type": "string"}),
        lambda d: d["components"]["schemas"]["New"]["required"].clear(),
        lambda d: operation(d, "get")["responses"].update({"202": {}}),
        lambda d: operation(d, "get")["parameters"].append({"name": "x", "in": "query", "schema": {}}),
        lambda d: d["paths"].update({"/v1/more": {"get": operation(d, "get")}}),
    ],
)
def test_what_breaks_nobody_is_not_said(change: Callable[[Document], object]) -> None:
    assert twin(small(), change) == []
