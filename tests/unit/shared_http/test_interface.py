"""What callers of every service can rely on: addresses of what was made, HEAD, pages, names on their way out, codes."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from shared.errors import Refusal, fact_types
from shared.http import PUBLIC, Call, Endpoint, View, codes
from shared.http.codes import OneOf
from shared.http.deprecation import HEADERS, deprecation_headers
from shared.http.endpoint import Header
from shared.http.openapi import build_openapi
from shared.http.paging import ListView, MomentCursor, PageQuery, cut_after, listed_member, moment_cursor, moment_of
from shared.http.problem_facts import facts_of, problem_model
from shared.http.problems import Problem
from tests.unit.shared_http.conftest import Serve


class Colour(StrEnum):
    """Colours."""

    RED = "red"
    BLUE = "blue"


class Material(StrEnum):
    """Materials."""

    __schema_name__ = "Stuff"

    WOOD = "wood"


class Inner(View):
    """A thing within a thing."""

    thing_id: str


class Thing(View, in_indonesian=("title",)):
    """A thing."""

    thing_id: str
    inner: Inner
    colour: Annotated[str, OneOf(Colour, Material)] = "red"
    title: str = "chair"
    title_id: str = "kursi"


class Things(ListView):
    """Things."""

    count: int
    things: list[Thing]


def thing(number: int) -> Thing:
    return Thing(thing_id=f"t{number}", inner=Inner(thing_id=f"i{number}"))


async def make(call: Call) -> Thing:
    return thing(1)


async def list_things(call: Call) -> Things:
    return Things(count=5, things=[thing(number) for number in range(5)])


async def read_once(call: Call) -> Inner:
    return Inner(thing_id="once")


ENDPOINTS = [
    Endpoint(
        "POST",
        "/v1/rooms/{room_id}/things",
        make,
        "Make",
        PUBLIC,
        {201: Thing},
        location="/v1/{room_id}/{inner.thing_id}",
    ),
    Endpoint("GET", "/v1/things", list_things, "List", PUBLIC, {200: Things}, pages_by="inner.thing_id"),
    Endpoint("GET", "/v1/once", read_once, "Read", PUBLIC, {200: Inner}, safe=False),
]


async def test_what_was_made_is_told_with_its_address(serve: Serve) -> None:
    client = await serve(endpoints=ENDPOINTS)
    answer = await client.post("/v1/rooms/r7/things")
    assert (answer.status, answer.headers["Location"]) == (201, "/v1/r7/i1")


async def test_head_is_answered_like_get_without_its_body(serve: Serve) -> None:
    client = await serve(endpoints=ENDPOINTS)
    got, asked = await client.get("/v1/things"), await client.head("/v1/things")
    assert (asked.status, await asked.read()) == (200, b"")
    assert asked.headers["Content-Length"] == got.headers["Content-Length"]
    assert (await client.head("/v1/once")).status == 405, "this GET counts once"
    assert (await client.get("/v1/once")).status == 200


async def test_a_list_is_read_page_by_page(serve: Serve) -> None:
    client = await serve(endpoints=ENDPOINTS)
    whole = await (await client.get("/v1/things")).json()
    assert len(whole["things"]) == 5 and whole["next"] is None
    read: list[str] = []
    after: dict[str, str] = {}
    for _ in range(5):
        page = await (await client.get("/v1/things", params={"limit": "2", **after})).json()
        read += [item["thing_id"] for item in page["things"]]
        assert page["count"] == 5
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert read == ["t0", "t1", "t2", "t3", "t4"]
    begun_again = await (await client.get("/v1/things", params={"limit": "1", "after": "gone"})).json()
    assert [item["thing_id"] for item in begun_again["things"]] == ["t0"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=", "limit=1&limit=2", "limits=1"])
async def test_a_wrong_page_is_refused(serve: Serve, query: str) -> None:
    client = await serve(endpoints=ENDPOINTS)
    assert (await client.get(f"/v1/things?{query}")).status == 422


def test_only_a_list_has_pages() -> None:
    assert listed_member(Things) == "things"
    for model in (Thing, type("Bare", (View,), {"__annotations__": {"rows": list[str]}})):
        with pytest.raises(ValueError, match="no ListView"):
            listed_member(model)


def test_pages_in_order_of_time_show_no_item_twice() -> None:
    moment = datetime(2026, 11, 23, 2, tzinfo=UTC)
    items = ["a", "b", "c", "d", "e"]
    shown: list[str] = []
    after: str | None = None
    for _ in items:
        page, after = cut_after(items, after, 2, lambda item: moment_cursor(moment, item))
        shown += page
        if after is None:
            break
        assert moment_of(after) == moment
    assert shown == items


@pytest.mark.parametrize("cursor", ["", "x", "2026-11-23T02:00:00.000000Z", "2026-13-23T02:00:00.000000Z~a", "0~a"])
def test_a_cursor_that_no_page_gave_is_refused(cursor: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(MomentCursor).validate_python(cursor)
    assert PageQuery(after=None).limit is None


async def test_an_answer_with_old_names_says_until_when(serve: Serve) -> None:
    client = await serve(endpoints=ENDPOINTS)
    answer = await client.get("/v1/things")
    assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
    shown = (await answer.json())["things"][0]
    assert shown["title_in_indonesian"] == shown["title_id"] == "kursi"
    assert not set(HEADERS) & set((await client.get("/v1/once")).headers)
    assert deprecation_headers("text/csv") == deprecation_headers(None) == {}


def test_enums_have_names_and_each_member_refers_to_them() -> None:
    document = build_openapi(ENDPOINTS, "demo", "1.0.0")
    schemas = document["components"]["schemas"]
    assert (
        schemas["Colour"]["enum"] == ["red", "blue"]
        and schemas["Stuff"]["const" if "const" in schemas["Stuff"] else "enum"]
    )
    colour = schemas["Thing"]["properties"]["colour"]
    assert colour["anyOf"] == [{"$ref": f"#/components/schemas/{name}"} for name in ("Colour", "Stuff")]
    assert schemas["Thing"]["properties"]["title_id"]["deprecated"] is True
    assert "readOnly" not in schemas["Thing"]["properties"]["title_in_indonesian"]


def test_a_code_of_a_newer_service_is_answered_and_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(codes, "on_unknown_code", lambda name, code: told.append((name, code)))
    made = Thing(thing_id="t", inner=Inner(thing_id="i"), colour="green")
    assert (made.colour, told) == ("green", [("Colour|Material", "green")])
    assert Thing(thing_id="t", inner=Inner(thing_id="i"), colour="wood").colour == "wood"
    codes.log_unknown_code("Colour", "green")


def test_two_schemas_of_one_name_are_refused() -> None:
    twin = type("Thing", (View,), {"__annotations__": {"other": int}, "__module__": "elsewhere"})
    second = Endpoint("GET", "/v1/twin", read_once, "Read", PUBLIC, {200: twin}, operation="twin")
    with pytest.raises(ValueError, match="two schemas are called Thing"):
        build_openapi([*ENDPOINTS, second], "demo", "1.0.0")


class ChairTaken(Refusal):
    status, code, facts_told = 409, "chair_taken", fact_types(chair=str)
    title, title_id = "It is taken.", "Sudah diambil."


class ChairGone(ChairTaken):
    code = "chair_gone"


def test_a_problem_tells_its_facts() -> None:
    model = problem_model(ChairTaken)
    assert model.__name__ == "ChairTakenProblem" and {"chair", "trace_id"} <= set(model.model_fields)
    assert facts_of(ChairGone) == {} and problem_model(ChairGone) is Problem


def test_headers_are_described() -> None:
    header = Header("X-Far", "How far.", {"type": "integer"}, required=True)
    endpoint = Endpoint(
        "GET", "/v1/far", read_once, "Read", PUBLIC, {200: Inner}, request_headers=(header,), answer_headers=(header,)
    )
    operation = build_openapi([endpoint], "demo", "1.0.0")["paths"]["/v1/far"]["get"]
    assert operation["parameters"] == [
        {"name": "X-Far", "in": "header", "required": True, "description": "How far.", "schema": {"type": "integer"}}
    ]
    assert operation["responses"]["200"]["headers"]["X-Far"]["schema"] == {"type": "integer"}


@pytest.mark.parametrize(
    ("words", "rule"),
    [({"location": "/v1/x"}, "only a 201"), ({"signature_prefix": "X-A"}, "its signer and its prefix")],
)
def test_contradictions_are_refused(words: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Endpoint("GET", "/v1/x", read_once, "Read", PUBLIC, {200: Inner}, **words)
    with pytest.raises(ValueError, match="only a GET is paged"):
        Endpoint("POST", "/v1/x", read_once, "Read", PUBLIC, {200: Inner}, pages_by="thing_id")


class Plain(BaseModel):
    """A model without anything old."""

    name: str = Field(description="A name.")


def test_a_model_without_old_names_has_no_headers() -> None:
    assert deprecation_headers(Plain) == {}
