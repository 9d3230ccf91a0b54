"""Unknown members of public bodies are left out and named; everything else about a body is as strict as before."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from shared.http import APPLICANT, PUBLIC, SIGNED, Answer, Body, Call, Endpoints, View
from shared.http.binding import find_known_part
from shared.http.endpoint import Endpoint
from shared.http.openapi import build_openapi
from shared.http.problems import PROBLEM_JSON
from shared.http.unknown_members import (
    IGNORED_HEADER,
    MAX_COMPARED,
    MAX_COMPARED_CHARS,
    MAX_NAME_CHARS,
    MAX_NAMED,
    canonical_json,
    format_header,
)
from tests.unit.shared_http.conftest import Client, Serve
from tests.unit.shared_http.demo import NewNote, Notebook, Push

Bearer = Callable[..., dict[str, str]]
KEY = {"Idempotency-Key": "key-00000001"}
Text = Annotated[str, Field(max_length=20)]


class Stop(Body):
    place: Text
    nights: Annotated[int, Field(ge=0, le=9)] = 0


class NewTrip(Body):
    title: Text
    first: Stop | None = None
    stops: Annotated[list[Stop], Field(max_length=3, default_factory=list)]


class Trip(View):
    title: str
    places: list[str]


api = Endpoints("trips")


@api.post("/v1/trips", summary="Plan", access=APPLICANT, body=NewTrip, answers={201: Trip}, idempotent=True)
async def plan_trip(call: Call[NewTrip]) -> Trip:
    body = call.body
    stops = [*([body.first] if body.first else []), *body.stops]
    assert b"planet" not in call.raw, "what was left out is nowhere to be found"
    return Trip(title=body.title, places=[stop.place for stop in stops])


@api.post("/v1/trip-files", summary="Stream", access=PUBLIC, body=NewTrip, answers={200: "text/plain"})
async def stream_trip(call: Call[NewTrip]) -> Answer:
    async def pieces() -> AsyncIterator[bytes]:
        yield call.body.title.encode()

    return Answer(200, pieces())


@pytest.fixture
async def trips(serve: Serve) -> Client:
    return await serve(endpoints=api.all)


async def plan(trips: Client, bearer: Bearer, body: object, **headers: str) -> Any:
    return await trips.post("/v1/trips", json=body, headers={**bearer(), **KEY, **headers})


@pytest.mark.acceptance("X16.unknown_ignored", "X16.ignored_named")
async def test_unknown_members_are_ignored_and_named_however_deep(trips: Client, bearer: Bearer) -> None:
    body = {
        "title": "a",
        "planet": {"title": "b", "x": [1]},
        "first": {"place": "Bogor", "planet": 1},
        "stops": [{"place": "Solo"}, {"place": "Tuban", "planet/x~y": None}],
    }
    answer = await plan(trips, bearer, body)
    assert answer.status == 201
    assert await answer.json() == {"title": "a", "places": ["Bogor", "Solo", "Tuban"]}
    assert sorted(answer.headers[IGNORED_HEADER].split(", ")) == ["/first/planet", "/planet", "/stops/1/planet~1x~0y"]


async def test_an_answer_to_a_known_body_has_no_such_header(trips: Client, bearer: Bearer) -> None:
    answer = await plan(trips, bearer, {"title": "a"})
    assert (answer.status, IGNORED_HEADER in answer.headers) == (201, False)


async def test_a_streamed_answer_names_them_too(trips: Client) -> None:
    answer = await trips.post("/v1/trip-files", json={"title": "a", "planet": 1})
    assert (await answer.read(), answer.headers[IGNORED_HEADER]) == (b"a", "/planet")


@pytest.mark.acceptance("F33.field", "F33.rule")
async def test_a_refusal_names_the_wrong_field_and_beside_it_what_was_ignored(trips: Client, bearer: Bearer) -> None:
    answer = await plan(trips, bearer, {"title": 1, "planet": 1, "stops": [{"place": "x", "nights": 10}]})
    problem = await answer.json(content_type=PROBLEM_JSON)
    assert answer.status == 422
    wrong = [(error["pointer"], error["rule"]) for error in problem["errors"]]
    assert wrong == [("/title", "string_type"), ("/stops/0/nights", "less_than_equal")]
    assert answer.headers[IGNORED_HEADER] == "/planet"


@pytest.mark.acceptance("F33.field", "F33.rule")
async def test_a_misspelt_member_that_is_needed_is_told_with_its_likely_name(trips: Client, bearer: Bearer) -> None:
    body = {"tittle": "a", "stops": [{"plase": "Solo"}, {"elsewhere": 1}]}
    for language, words in (("en", "Did you mean it by"), ("id", "Apakah ini yang Anda maksud dengan")):
        answer = await plan(trips, bearer, body, **{"Accept-Language": language})
        errors = (await answer.json(content_type=PROBLEM_JSON))["errors"]
        assert [(error["pointer"], error["rule"]) for error in errors] == [
            ("/title", "missing"),
            ("/stops/0/place", "missing"),
            ("/stops/1/place", "missing"),
        ]
        assert errors[0]["detail"].endswith(f"{words} /tittle?")
        assert errors[1]["detail"].endswith(f"{words} /stops/0/plase?")
        assert words not in errors[2]["detail"]


def test_names_are_compared_within_limits() -> None:
    def said(names: list[str]) -> str:
        known = find_known_part(NewTrip, json.dumps(dict.fromkeys(names, 1)).encode())
        with pytest.raises(Exception, match="fields are not right") as refused:
            known.read(NewTrip)
        return str(refused.value.errors[0].detail)  # type: ignore[attr-defined]

    others = [f"{index}" for index in range(MAX_COMPARED)]
    assert "/tittle" in said([*others[1:], "tittle"])
    assert "/tittle" not in said([*others, "tittle"])
    near = "title" + "e" * 3
    assert near in said([near])
    assert "mean" not in said(["title" * MAX_COMPARED_CHARS])


@pytest.mark.acceptance("X16.unknown_ignored", "X16.ignored_named")
async def test_a_thousand_unknown_members_are_answered_with_a_short_header(trips: Client, bearer: Bearer) -> None:
    answer = await plan(trips, bearer, {"title": "a", **{f"planet-{index}": index for index in range(1000)}})
    assert answer.status == 201
    names = answer.headers[IGNORED_HEADER].split(", ")
    assert len(names) == MAX_NAMED + 1
    assert names[-1] == f"+{1000 - MAX_NAMED}"


async def test_ignored_members_count_within_the_limit_of_a_body(demo: Client) -> None:
    answer = await demo.post("/v1/small", json={"title": "a", "planet": "x" * 200})
    assert answer.status == 413


async def test_a_name_injects_no_header(trips: Client, bearer: Bearer) -> None:
    answer = await plan(trips, bearer, {"title": "a", "x\r\nSet-Cookie: a=b": 1, "\u0000, é\U0001f600%": 2})
    assert answer.status == 201
    assert "Set-Cookie" not in answer.headers
    assert answer.headers[IGNORED_HEADER] == "/x%0D%0ASet-Cookie%3A%20a%3Db, /%00%2C%20%C3%A9%F0%9F%98%80%25"


@given(st.lists(st.text(max_size=300)))
def test_every_header_is_plain_and_short(names: list[str]) -> None:
    value = format_header([f"/{name}" for name in names])
    assert value.isascii() and (value.isprintable() or not value)
    assert len(value) <= (MAX_NAMED + 1) * (MAX_NAME_CHARS + 2)
    assert len(value.split(", ")) <= MAX_NAMED + 1


@pytest.mark.parametrize(("length", "cut"), [(MAX_NAME_CHARS - 1, False), (MAX_NAME_CHARS, True)])
def test_a_long_name_is_cut(length: int, cut: bool) -> None:
    value = format_header(["/" + "a" * length])
    assert len(value) == MAX_NAME_CHARS
    assert value.endswith("...") is cut


async def test_a_member_given_twice_is_refused_known_or_not(trips: Client, bearer: Bearer) -> None:
    for raw in ('{"title": "a", "planet": 1, "planet": 2}', '{"title": "a", "title": "b", "planet": 1}'):
        headers = {**bearer(), **KEY, "Content-Type": "application/json"}
        answer = await trips.post("/v1/trips", data=raw, headers=headers)
        problem = await answer.json(content_type=PROBLEM_JSON)
        assert (answer.status, problem["errors"][0]["rule"]) == (422, "given_twice")


@pytest.mark.parametrize("digits", [4300, 4301])
async def test_a_number_of_any_length_is_ignored_or_unreadable(trips: Client, bearer: Bearer, digits: int) -> None:
    raw = b'{"title": "a", "planet": ' + b"9" * digits + b"}"
    answer = await trips.post("/v1/trips", data=raw, headers={**bearer(), **KEY, "Content-Type": "application/json"})
    assert answer.status == (201 if digits <= 4300 else 400)


def test_two_writings_of_one_body_are_the_same_and_two_bodies_are_not() -> None:
    assert canonical_json(b'{"b": 1, "a": "\\u00e9"}') == canonical_json('{"a":"é","b":1}'.encode())
    assert canonical_json(b'{"a": 1}') != canonical_json(b'{"a": "1"}')


# -- repeats -----------------------------------------------------------------------------------------------------------


async def test_a_repeat_is_known_by_what_was_understood(demo: Client, bearer: Bearer, notebook: Notebook) -> None:
    headers = {**bearer(), **KEY}
    first = await demo.post("/v1/notes", json={"title": "a", "count": 1, "planet": 1}, headers=headers)
    told = [IGNORED_HEADER in first.headers]
    for body in ({"count": 1, "title": "a"}, {"title": "a", "star": 2, "count": 1}):
        again = await demo.post("/v1/notes", json=body, headers=headers)
        assert (again.status, again.headers["Idempotent-Replay"]) == (201, "true")
        assert await again.json() == await first.json()
        told.append(again.headers.get(IGNORED_HEADER))  # type: ignore[arg-type]
    assert (notebook.made, told) == (1, [True, None, "/star"]), "each repeat is told of its own members"
    other = await demo.post("/v1/notes", json={"title": "b", "count": 1, "planet": 1}, headers=headers)
    problem = await other.json(content_type=PROBLEM_JSON)
    assert (other.status, problem["code"], notebook.made) == (422, "idempotency_key_reused", 1)


async def test_the_id_of_a_command_is_that_of_before(demo: Client, bearer: Bearer) -> None:
    """Use cases know a repeat by this id alone, in records that were written before members were ignored too."""
    answer = await demo.post("/v1/notes", json={"title": "a", "planet": 1}, headers={**bearer(), **KEY})
    from shared.ids import derived_id

    assert (await answer.json())["command_id"] == derived_id("http", "POST", "/v1/notes", "a1", KEY["Idempotency-Key"])


# -- described ---------------------------------------------------------------------------------------------------------


def test_the_description_says_that_further_members_are_taken_and_where_not() -> None:
    from tests.unit.shared_http.demo import api as notes

    document = build_openapi([*api.all, *notes.all], "demo", "1")
    schemas = document["components"]["schemas"]
    open_ones = [name for name in ("NewTrip", "Stop", "NewNote") if "additionalProperties" not in schemas[name]]
    assert open_ones == ["NewTrip", "Stop", "NewNote"]
    assert schemas["Push"]["additionalProperties"] is False
    assert IGNORED_HEADER in document["paths"]["/v1/trips"]["post"]["responses"]["201"]["headers"]
    assert IGNORED_HEADER not in document["paths"]["/v1/pushes"]["post"]["responses"]["204"]["headers"]
    assert IGNORED_HEADER in document["components"]["headers"]


def test_a_signed_and_a_public_body_share_no_schema() -> None:
    async def take(_call: Call[Push]) -> None:
        return None

    one = Endpoint("POST", "/v1/a", take, "a", PUBLIC, {204: None}, body=Push, operation="a")
    signed: Any = {"signer": lambda _: None, "signature_prefix": "X-Demo"}
    other = Endpoint("POST", "/v1/b", take, "b", SIGNED, {204: None}, body=Push, operation="b", **signed)
    with pytest.raises(ValueError, match="share"):
        build_openapi([one, other], "demo", "1")


def test_a_known_body_stays_the_text_that_was_sent() -> None:
    raw = b'{ "title":"a" }'
    assert find_known_part(NewNote, raw).text is raw
