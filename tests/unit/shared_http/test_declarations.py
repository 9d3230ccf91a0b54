"""What an endpoint may say, and the description that follows from it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, Field

from shared.clock import ManualClock
from shared.http import (
    APPLICANT,
    PUBLIC,
    Answer,
    Body,
    Call,
    Endpoint,
    Endpoints,
    IsoDate,
    IsoMoment,
    Path,
    build_app,
    unbounded_fields,
)
from shared.http.language import language_of
from shared.http.openapi import RULES, build_openapi
from shared.http.responses import UndeclaredAnswer, as_answer
from tests.unit.shared_http.conftest import Client
from tests.unit.shared_http.demo import NewNote, Note, NotesQuery, api


async def nothing(call: Call) -> None:
    return None


class SeatPath(Path):
    seat_id: Annotated[str, Field(max_length=5)]


@pytest.mark.parametrize(
    ("method", "path", "words", "rule"),
    [
        ("GET", "v1/seats", {}, "whole"),
        ("GET", "/v1/seats/", {}, "whole"),
        ("GET", "/v1/{Seat}", {}, "whole"),
        ("GET", "/v1/seats", {"answers": {}}, "answer"),
        ("GET", "/v1/seats", {"answers": {404: None}}, "answer"),
        ("GET", "/v1/seats", {"body": NewNote}, "body goes with"),
        ("DELETE", "/v1/seats", {"raw_body": True}, "body goes with"),
        ("PUT", "/v1/seats", {"raw_body": True, "body": NewNote}, "either"),
        ("POST", "/v1/seats", {"max_body_bytes": 0}, "at least 1"),
        ("GET", "/v1/seats", {"path_model": SeatPath}, "one field for each"),
        ("GET", "/v1/seats/{id}", {"path_model": SeatPath}, "one field for each"),
    ],
)
def test_contradictions_are_refused_when_declared(method: Any, path: str, words: dict[str, Any], rule: str) -> None:
    given: dict[str, Any] = {"summary": "x", "access": PUBLIC, "answers": {204: None}, **words}
    with pytest.raises(ValueError, match=rule):
        Endpoints("x").route(method, path, **given)(nothing)


def test_every_method_has_its_word() -> None:
    endpoints = Endpoints("x")
    words: dict[str, Any] = {"summary": "x", "access": PUBLIC, "answers": {204: None}}
    for method in ("get", "head", "post", "put", "patch", "delete"):
        assert getattr(endpoints, method)(f"/v1/{method}", **words)(nothing) is nothing
    assert [each.method for each in endpoints.all] == ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    assert {each.tags for each in endpoints.all} == {("x",)}


def test_two_endpoints_may_share_neither_address_nor_name(clock: ManualClock) -> None:
    one = Endpoint("GET", "/v1/a", nothing, "x", PUBLIC, {204: None})
    for other in (
        Endpoint("GET", "/v1/a", nothing, "x", PUBLIC, {204: None}, operation="else"),
        Endpoint("GET", "/v1/b", nothing, "x", PUBLIC, {204: None}),
    ):
        with pytest.raises(ValueError, match="two endpoints"):
            build_openapi([one, other], "x", "1")


@pytest.mark.parametrize(
    ("answers", "result", "fits"),
    [
        ({200: Note}, Note(note_id="n", title="t", command_id="c", by="b"), True),
        ({200: Note}, None, False),
        ({200: None}, Note(note_id="n", title="t", command_id="c", by="b"), False),
        ({200: "application/pdf"}, b"x", True),
        ({200: "application/pdf"}, None, False),
        ({200: Note}, b"x", False),
        ({200: Note, 202: None}, Answer(202), True),
        ({200: Note}, Answer(202), False),
    ],
)
def test_only_what_is_declared_may_be_answered(answers: Any, result: Any, fits: bool) -> None:
    endpoint = Endpoint("GET", "/v1/a", nothing, "x", PUBLIC, answers)
    if fits:
        assert as_answer(endpoint, result).status in answers
    else:
        with pytest.raises(UndeclaredAnswer):
            as_answer(endpoint, result)


# -- the description ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build_openapi(api.all, "demo", "1.2.3")


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The part itself, or what its reference names."""
    if "$ref" not in part:
        return part
    found: dict[str, Any] = document
    for word in part["$ref"].removeprefix("#/").split("/"):
        found = found[word]
    return found


def test_the_description_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.1"
    assert document["info"] == {
        "title": "Paspor: demo",
        "version": "1.2.3",
        "description": RULES,
        "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
    }


async def test_the_description_is_served(demo: Client, document: dict[str, Any]) -> None:
    answer = await demo.get("/v1/openapi.json")
    assert answer.headers["Cache-Control"] == "max-age=60"
    assert (await answer.json())["paths"].keys() == document["paths"].keys()


def test_a_command_is_described_with_key_token_body_and_refusals(document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/notes"]["post"]
    assert operation["operationId"] == "write_note"
    assert operation["security"] == [{"token": []}]
    key = resolved(document, operation["parameters"][0])
    assert (key["name"], key["in"], key["required"], key["schema"]["maxLength"]) == (
        "Idempotency-Key", "header", True, 80,
    )  # fmt: skip
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/NewNote"}
    assert operation["responses"].keys() == {
        "201", "202", "400", "401", "403", "408", "409", "413", "415", "422", "429", "500", "503",
    }  # fmt: skip
    conflict = resolved(document, operation["responses"]["409"])["content"]["application/problem+json"]
    assert conflict["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert conflict["examples"].keys() == {"seat_taken", "still_running", "someone_else_changed_it"}
    assert resolved(document, conflict["examples"]["seat_taken"])["value"]["code"] == "seat_taken"
    assert "Retry-After" in resolved(document, operation["responses"]["429"])["headers"]
    assert "Retry-After" not in resolved(document, operation["responses"]["401"])["headers"]
    assert "Roles: applicant." in operation["description"]


def test_queries_and_paths_are_described_from_their_models(document: dict[str, Any]) -> None:
    since = next(each for each in document["paths"]["/v1/notes"]["get"]["parameters"] if each["name"] == "since")
    assert since == {
        "name": "since",
        "in": "query",
        "required": False,
        "schema": {"format": "date", "type": "string"},
    }
    place = document["paths"]["/v1/notes/{note_id}"]["get"]["parameters"][0]
    assert (place["in"], place["required"], place["schema"]["pattern"]) == ("path", True, "^n[0-9]{1,6}$")
    plain = document["paths"]["/v1/trouble/{kind}"]["get"]["parameters"][0]
    assert plain["schema"]["maxLength"] == 128


def binary(media_type: str) -> dict[str, Any]:
    """The description of bytes of this type."""
    return {"schema": {"type": "string", "format": "binary", "contentMediaType": media_type}}


def test_open_signed_raw_and_binary_are_described(document: dict[str, Any]) -> None:
    paths = document["paths"]
    assert paths["/v1/letter"]["get"]["security"] == []
    assert paths["/v1/letter"]["get"]["responses"]["200"]["content"] == {"application/pdf": binary("application/pdf")}
    assert paths["/v1/pushes"]["post"]["security"] == [{"X-Demo-Timestamp": [], "X-Demo-Signature": []}]
    raw = paths["/v1/uploads/{upload_id}"]["put"]["requestBody"]
    types = ("application/octet-stream", "image/png")
    assert raw == {"required": True, "content": {media_type: binary(media_type) for media_type in types}}
    assert "content" not in paths["/v1/uploads/{upload_id}"]["head"]["responses"]["204"]
    assert "content" not in resolved(document, paths["/v1/uploads/{upload_id}"]["head"]["responses"]["429"])
    assert "content" in resolved(document, paths["/v1/uploads/{upload_id}"]["put"]["responses"]["429"])
    assert "At most 3 calls in 60 seconds per caller." in paths["/v1/rare"]["get"]["description"]


def test_problem_answers_are_written_once(document: dict[str, Any]) -> None:
    """Every problem answer of an operation is a reference, and operations with the same codes share one."""
    operations = [each for path in document["paths"].values() for each in path.values()]
    refused = [answer for each in operations for status, answer in each["responses"].items() if status >= "400"]
    references = [answer["$ref"] for answer in refused]
    names = {reference.rsplit("/", 1)[-1] for reference in references}
    assert names == set(document["components"]["responses"]) and len(names) < len(references)


def test_the_description_is_the_same_each_time(document: dict[str, Any]) -> None:
    assert json.dumps(build_openapi(api.all, "demo", "1.2.3")) == json.dumps(document)


def test_an_application_of_open_endpoints_needs_no_verifier(clock: ManualClock) -> None:
    open_ones = [each for each in api.all if each.access is PUBLIC]
    assert build_app(open_ones, service_name="demo", clock=clock) is not None
    assert APPLICANT.roles


# -- limits of incoming models -----------------------------------------------------------------------------------------


class Loose(Body):
    free: str
    pattern: Annotated[str, Field(pattern="^a+$")]
    items: list[Annotated[str, Field(max_length=3)]]
    table: dict[str, int]
    number: int
    half: Annotated[int, Field(ge=0)]
    inner: Inner | None = None
    anything: Any = None


class Inner(Body):
    text: str
    again: Loose | None = None


class Tight(Body):
    text: Annotated[str, Field(max_length=3)]
    items: Annotated[list[Annotated[str, Field(max_length=3)]], Field(max_length=2)]
    number: Annotated[int, Field(ge=0, lt=10)]
    yes: bool
    day: IsoDate
    at: IsoMoment | None
    table: Annotated[dict[Annotated[str, Field(max_length=3)], bool], Field(max_length=2)]


def test_what_comes_in_without_a_limit_is_found() -> None:
    assert unbounded_fields(Loose) == [
        "/anything",
        "/free",
        "/half",
        "/inner/text",
        "/items",
        "/number",
        "/pattern",
        "/table",
        "/table/*",
    ]
    assert unbounded_fields(Tight) == []


@pytest.mark.parametrize("model", [NewNote, NotesQuery])
def test_the_demos_own_models_are_bounded(model: type[BaseModel]) -> None:
    assert unbounded_fields(model) == []


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "id"),
        ("", "id"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("fr, en;q=0.5", "en"),
        ("fr", "id"),
        ("id;q=0.5, en;q=0.9", "en"),
        ("en;q=0.5, id", "id"),
        ("en;q=0", "id"),
        ("en;q=nonsense", "id"),
        ("en;q=9", "id"),
        ("EN;level=1", "en"),
        ("*", "id"),
        ("x" * 10_000, "id"),
    ],
)
def test_indonesian_unless_english_is_wanted_more(header: str | None, language: str) -> None:
    assert language_of(header) == language
