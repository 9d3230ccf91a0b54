"""What comes in is read within its limits, or refused with the field, the rule and an example; nothing else happens."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.errors import Malformed, Unreadable
from shared.http import RUNTIME, HttpOptions, validation
from shared.http.problems import PROBLEM_JSON
from shared.http.validation import refuse_repeated_fields
from tests.unit.shared_http.conftest import Client, Serve, until
from tests.unit.shared_http.demo import MAX_UPLOAD_BYTES, SMALL_BODY_BYTES, NewNote, Notebook

Bearer = Callable[..., dict[str, str]]
KEY = {"Idempotency-Key": "key-00000001"}


async def refusal(answer: Any) -> dict[str, Any]:
    problem: dict[str, Any] = await answer.json(content_type=PROBLEM_JSON)
    return problem


async def write(demo: Client, bearer: Bearer, body: object, language: str = "en") -> dict[str, Any]:
    answer = await demo.post("/v1/notes", json=body, headers={**bearer(), **KEY, "Accept-Language": language})
    assert answer.status == 422
    return await refusal(answer)


@pytest.mark.parametrize(
    ("body", "pointer", "rule", "detail"),
    [
        ({}, "/title", "missing", "This is needed and is missing."),
        ({"title": "a" * 21}, "/title", "string_too_long", "Write at most 20 characters."),
        ({"title": ""}, "/title", "string_too_short", "Write at least 1 characters."),
        ({"title": 1}, "/title", "string_type", "Write a text."),
        ({"title": "a", "count": 6}, "/count", "less_than_equal", "Must be at most 5."),
        ({"title": "a", "count": -1}, "/count", "greater_than_equal", "Must be at least 0."),
        ({"title": "a", "count": "1"}, "/count", "int_type", "Write a whole number."),
        ({"title": "a", "count": True}, "/count", "int_type", "Write a whole number."),
        ({"title": "a", "day": "0"}, "/day", "date_parsing", "Write a real day as YYYY-MM-DD."),
        ({"title": "a", "day": 0}, "/day", "date_parsing", "Write a real day as YYYY-MM-DD."),
        ({"title": "a", "day": "2026-02-30"}, "/day", "date_from_datetime_parsing", "Write a real day as YYYY-MM-DD."),
        ({"title": "a", "tags": ["a"] * 4}, "/tags", "too_long", "Give at most 3 of these."),
        ({"title": "a", "tags": ["a", "b" * 9]}, "/tags/1", "string_too_long", "Write at most 8 characters."),
        ({"title": "a", "nik": "x" * 16}, "/nik", "nik_digits", "A NIK has 16 digits."),
        ([], "", "model_type", "Send a JSON object."),
    ],
)
async def test_a_wrong_field_is_named_with_its_rule(
    demo: Client, bearer: Bearer, notebook: Notebook, body: object, pointer: str, rule: str, detail: str
) -> None:
    problem = await write(demo, bearer, body)
    error = problem["errors"][0]
    assert problem["code"] == "malformed"
    assert (error["source"], error["pointer"], error["rule"], error["detail"]) == ("body", pointer, rule, detail)
    assert notebook.made == 0


async def test_a_time_without_a_zone_or_out_of_the_calendar_is_refused(demo: Client, bearer: Bearer) -> None:
    for text in ("2026-11-21T08:00:00", "0", "0001-01-01T00:00:00+14:00", "2026-11-21 08:00:00Z"):
        problem = await write(demo, bearer, {"title": "a", "at": text})
        assert problem["errors"][0]["rule"] == "datetime_parsing"
        assert problem["errors"][0]["example"] == "2026-11-21T08:00:00Z"


async def test_examples_and_indonesian_help(demo: Client, bearer: Bearer) -> None:
    problem = await write(demo, bearer, {"title": "a" * 21, "nik": "x" * 16}, language="id")
    assert [error["detail"] for error in problem["errors"]] == [
        "Tuliskan paling banyak 20 karakter.",
        "NIK terdiri atas 16 angka.",
    ]
    assert [error["example"] for error in problem["errors"]] == ["Paspor baru", "3173000000000000"]


def test_no_more_than_twenty_fields_are_named() -> None:
    with pytest.raises(Malformed) as refused:
        validation.read_json(NewNote, json.dumps({"title": "a", **{f"x{index}": 1 for index in range(30)}}).encode())
    assert len(refused.value.errors) == 20


@pytest.mark.parametrize(
    "raw", [b"{", b"", b"\xff\xfe", b'{"title": "\\ud800"}', b"[" * 5000, b'{"title": NaN}', b"{}{}"]
)
async def test_what_is_no_json_is_unreadable(demo: Client, bearer: Bearer, raw: bytes) -> None:
    headers = {**bearer(), **KEY, "Content-Type": "application/json"}
    answer = await demo.post("/v1/notes", data=raw, headers=headers)
    assert answer.status in (400, 422)
    assert (await refusal(answer))["code"] in ("unreadable", "malformed")


async def test_a_missing_body_is_named(demo: Client, bearer: Bearer) -> None:
    answer = await demo.post("/v1/notes", headers={**bearer(), **KEY})
    assert answer.status == 400
    assert (await refusal(answer))["code"] == "unreadable"


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""])
async def test_a_body_of_another_type_is_refused(demo: Client, bearer: Bearer, media_type: str) -> None:
    headers = {**bearer(), **KEY, "Content-Type": media_type}
    answer = await demo.post("/v1/notes", data=b'{"title":"a"}', headers=headers)
    assert answer.status == 415
    assert (await refusal(answer))["accepted"] == ["application/json"]


async def test_a_packed_body_is_refused(demo: Client, bearer: Bearer) -> None:
    headers = {**bearer(), **KEY, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await demo.post("/v1/notes", data=b"\x1f\x8b", headers=headers)
    assert answer.status in (400, 415)


def padded(size: int) -> bytes:
    body = json.dumps({"title": "a"}).encode()
    return body + b" " * (size - len(body))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"title": "a", "title": "b"}', "/title"),
        ('{"title": "a", "title": "a"}', "/title"),
        ('{"title": "a", "t\\u0069tle": "b"}', "/title"),
        ('{"title": "a", "count": 1, "tags": ["x"], "count": 2}', "/count"),
    ],
)
async def test_a_field_that_is_given_twice_is_named(
    demo: Client, bearer: Bearer, notebook: Notebook, body: str, pointer: str
) -> None:
    answer = await demo.post(
        "/v1/notes", data=body, headers={**bearer(), **KEY, "Content-Type": "application/json", "Accept-Language": "en"}
    )
    problem = await refusal(answer)
    assert (answer.status, problem["code"], problem["field"]) == (422, "malformed", pointer)
    assert problem["errors"] == [
        {"source": "body", "pointer": pointer, "rule": "given_twice", "detail": "Give this field once."}
    ]
    assert notebook.made == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"a": [{"b": 1}, {"b": 1, "c": {"d": 1, "d": 1}}]}', "/a/1/c/d"),
        ('[{"a": 1}, {"a": 1, "a": [1]}]', "/1/a"),
        ('{"a/b": 1, "a/b": 2}', "/a~1b"),
        ('{"a": ' + "9" * 5000 + ', "a": 1e999}', "/a"),
    ],
)
def test_a_repeated_field_is_found_however_deep(body: str, pointer: str) -> None:
    with pytest.raises(Malformed) as refused:
        refuse_repeated_fields(body.encode())
    assert refused.value.field == pointer


@pytest.mark.parametrize("body", ['{"a": {"a": 1}}', '[{"a": 1}, {"a": 1}]', '{"a": "b", "b": "a"}', "[]", "7", '"a"'])
def test_the_same_name_in_two_objects_is_no_repeat(body: str) -> None:
    refuse_repeated_fields(body.encode())


def test_what_one_parser_reads_and_the_other_does_not_is_refused() -> None:
    with pytest.raises(Unreadable):
        refuse_repeated_fields(b"{")


async def test_without_the_look_for_repeats_the_last_one_counts(
    demo: Client, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "refuse_repeated_fields", lambda _: None)
    answer = await demo.post(
        "/v1/notes",
        data='{"title": "a", "title": "b"}',
        headers={**bearer(), **KEY, "Content-Type": "application/json"},
    )
    assert (answer.status, (await answer.json())["title"]) == (201, "b")


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 50):
        yield body[start : start + 50]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_may_weigh_its_limit_and_not_a_byte_more(demo: Client, chunked: bool) -> None:
    for size, status in ((SMALL_BODY_BYTES, 204), (SMALL_BODY_BYTES + 1, 413)):
        data = pieces(padded(size)) if chunked else padded(size)
        answer = await demo.post("/v1/small", data=data, headers={"Content-Type": "application/json"})
        assert answer.status == status
    problem = await refusal(answer)
    assert (problem["code"], problem["limit_bytes"]) == ("too_large", SMALL_BODY_BYTES)


async def test_a_body_that_does_not_arrive_is_given_up(serve: Serve) -> None:
    demo = await serve(HttpOptions(body_seconds=0.05))
    answer = await demo.post("/v1/small", data=never_ending(), headers={"Content-Type": "application/json"})
    assert answer.status == 408
    assert (await refusal(answer))["code"] == "too_slow"


async def never_ending() -> AsyncIterator[bytes]:
    yield b'{"title":'
    await asyncio.sleep(5)
    yield b'"a"}'


async def test_an_upload_that_stalls_is_given_up(serve: Serve) -> None:
    demo = await serve(HttpOptions(idle_seconds=0.05))
    answer = await demo.put("/v1/uploads/u1", data=never_ending(), headers={"Content-Type": "image/png"})
    assert answer.status == 408


@pytest.mark.parametrize("chunked", [False, True])
async def test_an_upload_is_streamed_up_to_its_limit(demo: Client, chunked: bool) -> None:
    for size, status in ((MAX_UPLOAD_BYTES, 200), (MAX_UPLOAD_BYTES + 1, 413)):
        body = b"x" * size
        data = one_piece(body) if chunked else body
        answer = await demo.put("/v1/uploads/u1", data=data, headers={"Content-Type": "image/png"})
        assert answer.status == status
        if status == 200:
            assert await answer.json() == {"size": size, "sha256": hashlib.sha256(body).hexdigest()}


async def one_piece(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def test_a_declared_size_over_the_limit_is_refused_before_the_handler(demo: Client, notebook: Notebook) -> None:
    body = b"x" * (MAX_UPLOAD_BYTES + 1)
    answer = await demo.put("/v1/uploads/u1", data=body, headers={"Content-Type": "image/png"})
    assert answer.status == 413
    assert notebook.uploads_begun == 0


async def test_an_upload_of_another_type_is_refused(demo: Client, notebook: Notebook) -> None:
    answer = await demo.put("/v1/uploads/u1", data=b"x", headers={"Content-Type": "image/gif"})
    assert answer.status == 415
    assert notebook.uploads_begun == 0


async def test_an_upload_that_breaks_off_is_no_failure_of_ours(demo: Client, notebook: Notebook) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", demo.server.port)
    writer.write(b"PUT /v1/uploads/u1 HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 100\r\n\r\nabc")
    await until(lambda: notebook.uploads_begun == 1)
    writer.close()
    gate = demo.app[RUNTIME].gate
    await until(lambda: gate.inside == 0)
    page = await (await demo.get("/metrics")).text()
    assert 'code="something_broke"' not in page


async def test_expect_continue_is_answered(demo: Client) -> None:
    answer = await demo.put("/v1/uploads/u1", data=b"abc", headers={"Content-Type": "image/png"}, expect100=True)
    assert answer.status == 200
    other = await demo.put("/v1/uploads/u1", data=b"abc", headers={"Content-Type": "image/png", "Expect": "tea"})
    assert other.status == 200


@pytest.mark.acceptance("X16.queries_strict")
async def test_a_query_is_read_with_defaults_and_bounds(demo: Client, bearer: Bearer) -> None:
    assert (await (await demo.get("/v1/notes", headers=bearer())).json())["limit"] == 20
    assert (await (await demo.get("/v1/notes?limit=50", headers=bearer())).json())["limit"] == 50
    for query, pointer, rule in (
        ("limit=51", "/limit", "less_than_equal"),
        ("limit=0", "/limit", "greater_than_equal"),
        ("limit=x", "/limit", "int_parsing"),
        ("limit=" + "9" * 5000, "/limit", "int_parsing_size"),
        ("since=0", "/since", "date_parsing"),
        ("color=red", "/color", "extra_forbidden"),
        ("limit=1&limit=2", "/limit", "given_twice"),
    ):
        answer = await demo.get(f"/v1/notes?{query}", headers=bearer())
        error = (await refusal(answer))["errors"][0]
        assert (answer.status, error["source"], error["pointer"], error["rule"]) == (422, "query", pointer, rule)


async def test_a_query_where_none_is_taken_is_refused(demo: Client) -> None:
    answer = await demo.get("/v1/letter?x=1")
    assert answer.status == 422


async def test_a_path_is_read_by_its_model_or_as_plain_text(demo: Client, bearer: Bearer) -> None:
    assert (await demo.get("/v1/notes/n1", headers=bearer())).status == 200
    assert (await demo.get("/v1/notes/n2", headers=bearer())).status == 404
    wrong = await demo.get("/v1/notes/1", headers=bearer())
    assert (wrong.status, (await refusal(wrong))["errors"][0]["source"]) == (422, "path")
    assert (await demo.get("/v1/trouble/%00")).status == 404
    assert (await demo.get("/v1/trouble/" + "a" * 129)).status == 404


async def test_answers_of_bytes_and_streams(demo: Client) -> None:
    letter = await demo.get("/v1/letter")
    assert (letter.content_type, await letter.read()) == ("application/pdf", b"%PDF-1.7 demo")
    export = await demo.get("/v1/export")
    assert (export.content_type, await export.read()) == ("text/csv", b"one,two")
    assert "X-Trace-Id" in export.headers
    offset = await demo.head("/v1/uploads/u1")
    assert (offset.status, offset.headers["Upload-Offset"]) == (204, "7")
    assert (await demo.head("/v1/letter")).status == 200
