"""Bad input over HTTP: malformed and oversized bodies, keys, queries, ids, methods and addresses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.identity.office_sign_in.schemas import ReturnQuery
from shared.events.subscriptions import SERVICES
from shared.http.endpoint import Door, Endpoint
from shared.tokens import Role
from tests.integration.bad_input.ground import PARTS, PROBLEM, Ground, _signer, raw_call, refused, those
from tests.walking import Caller, Reply

# -- malformed ---------------------------------------------------------------------------------------------------------


@those(lambda each: each.body is not None and each.access.door is not Door.SIGNATURE)
@pytest.mark.acceptance("F33.field", "F33.rule", "X16.ignored_named")
async def test_a_malformed_body_is_told_field_by_field(service: str, endpoint: Endpoint, ground: Ground) -> None:
    good = ground.body(endpoint)
    sent = {"Content-Type": "application/json"}
    async with ground.unchanged(), await _allowed(ground, endpoint) as caller:
        for raw in (b"{", b"\xff\xfe", b"[" * 900, b'{"a": "\\ud800"}'):
            assert (await ground.ask(caller, service, endpoint, body=None, raw=raw, headers=sent)).status in (400, 422)
        refused(await ground.ask(caller, service, endpoint, body=None, raw=b"{", headers=sent), 400, "unreadable")
        refused(await ground.ask(caller, service, endpoint, body=None, raw=b"", headers=sent), 400, "unreadable")
        for text in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            reply = await ground.ask(caller, service, endpoint, headers={"Content-Type": text})
            refused(reply, 415, "wrong_media_type")
        refused(await ground.ask(caller, service, endpoint, headers={"Content-Encoding": "gzip"}), 415)
        for name in good:
            reply = await ground.ask(caller, service, endpoint, body={**good, name: [[]], "surprise": 1})
            problem = _names_field(reply, f"/{name}")
            assert all(error["detail"].endswith(".") for error in problem["errors"])
            assert "surprise" not in str(problem), "it is ignored, so it is no error"
            assert reply.headers["Paspor-Ignored"] == "/surprise"
        fields = endpoint.body.model_fields.items()  # type: ignore[union-attr]
        for name in (each.alias or name for name, each in fields if each.is_required()):
            rest = {key: value for key, value in good.items() if key != name}
            _names_field(await ground.ask(caller, service, endpoint, body=rest), f"/{name}", "missing")


def _names_field(reply: Reply, pointer: str, rule: str | None = None) -> Any:
    problem = refused(reply, 422)
    assert problem["field"].startswith(pointer), problem
    found = [error for error in problem["errors"] if error["pointer"].startswith(pointer)]
    assert found, problem
    assert rule is None or found[0]["rule"] == rule
    return problem


async def _allowed(ground: Ground, endpoint: Endpoint) -> Caller:
    """Somebody whom the endpoint lets in: the owner where applicants may call."""
    if endpoint.access.door is not Door.BEARER:
        return Caller(ground.suite)
    if not endpoint.access.roles or Role.APPLICANT in endpoint.access.roles:
        return Caller(ground.suite, ground["paid"].token)
    return ground.officer(sorted(endpoint.access.roles)[0])


@those(lambda each: each.idempotent)
async def test_a_command_needs_a_good_key(service: str, endpoint: Endpoint, ground: Ground) -> None:
    async with ground.unchanged(), await _allowed(ground, endpoint) as caller:
        for key, rule in ((None, "missing"), ("short", "idempotency_key"), ("with spaces in it", "idempotency_key")):
            problem = refused(await ground.ask(caller, service, endpoint, key=key), 422, "malformed")
            assert problem["errors"][0]["source"] == "header"
            assert problem["errors"][0]["rule"] == rule
            assert problem["errors"][0]["example"]


@those(lambda each: each.access.door is not Door.SIGNATURE and each.query is not ReturnQuery)
@pytest.mark.acceptance("X16.queries_strict")
async def test_a_query_that_is_not_known_is_refused(service: str, endpoint: Endpoint, ground: Ground) -> None:
    async with ground.unchanged(), await _allowed(ground, endpoint) as caller:
        address = ground.address(endpoint)
        reply = await ground.ask(caller, service, endpoint, path=f"{address}{'&' if '?' in address else '?'}surprise=1")
        if endpoint.method == "HEAD":
            assert reply.status == 422
        else:
            problem = refused(reply, 422, "malformed")
            assert problem["errors"][0]["source"] == "query"


@those(lambda each: bool(each.places) and each.access.door is not Door.SIGNATURE)
async def test_an_impossible_id_is_no_address(service: str, endpoint: Endpoint, ground: Ground) -> None:
    async with ground.unchanged(), await _allowed(ground, endpoint) as caller:
        for bad in ("%00", "a%20b", "x" * 200, "%F0%9F%98%80", "{$ne:1}", "';--"):
            path = re.sub(r"{[^}]*}", bad, endpoint.path)
            reply = await ground.ask(caller, service, endpoint, path=path)
            assert 400 <= reply.status < 500, (bad, reply.raw[:300])
            if endpoint.method != "HEAD":
                refused(reply, reply.status)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_wrong_method_and_a_wrong_address_are_problems_too(service: str, ground: Ground) -> None:
    async with ground.unchanged(), Caller(ground.suite) as caller:
        for endpoint in PARTS[service].endpoints:
            taken = {each.method for each in PARTS[service].endpoints if each.path == endpoint.path}
            method = next(each for each in ("DELETE", "PATCH", "PUT") if each not in taken)
            reply = await caller.call(service, method, re.sub(r"{[^}]*}", "x", endpoint.path))
            refused(reply, 405, "method_not_allowed")
            assert set(reply.headers["Allow"].split(", ")) >= taken
        refused(await caller.call(service, "GET", "/v1/nothing"), 404, "not_found")
        refused(await caller.call(service, "GET", "/admin.php"), 404, "not_found")


async def test_a_problem_speaks_both_languages(ground: Ground) -> None:
    async with Caller(ground.suite) as caller:
        body = {"email": "not an address"}
        english = refused(await caller.call("identity", "POST", "/v1/registrations", body), 422)
        indonesian = refused(
            await caller.call("identity", "POST", "/v1/registrations", body, headers={"Accept-Language": "id"}), 422
        )
    assert english["code"] == indonesian["code"] == "email_unusable"
    assert english["title"] != indonesian["title"] and english["next_action"] != indonesian["next_action"]


# -- oversized ---------------------------------------------------------------------------------------------------------


@those(lambda each: each.reads_body or each.raw_body)
async def test_an_oversized_body_is_refused_however_it_comes(service: str, endpoint: Endpoint, ground: Ground) -> None:
    size = endpoint.max_body_bytes + 1
    media_type = endpoint.body_media_types[0]
    async with ground.unchanged(), await _allowed(ground, endpoint) as caller:
        status = await _declared_too_large(ground, service, endpoint, caller.token, size)
        assert status == 413
        if not endpoint.raw_body:
            headers = {"Content-Type": media_type, **_signature(ground, service, endpoint)}
            reply = await ground.ask(caller, service, endpoint, body=None, raw=_endless(size), headers=headers)
            refused(reply, 413, "too_large")


def _signature(ground: Ground, service: str, endpoint: Endpoint) -> dict[str, str]:
    """What a signed endpoint asks of a head; whether it fits is seen once the body is there."""
    if endpoint.access.door is not Door.SIGNATURE:
        return {}
    return _signer(service).headers(b"", ground.suite.clock.now())


async def _endless(size: int) -> AsyncIterator[bytes]:
    """A body without a declared length."""
    for _ in range(size // 1024 + 1):
        yield b" " * 1024


async def _declared_too_large(ground: Ground, service: str, endpoint: Endpoint, token: str | None, size: int) -> int:
    """Only the head is sent: the refusal does not wait for the body."""
    head = [
        f"{endpoint.method} {ground.address(endpoint)} HTTP/1.1",
        "Host: localhost",
        f"Content-Length: {size}",
        f"Content-Type: {endpoint.body_media_types[0]}",
        "Idempotency-Key: 0190c2f4-7c1e-7000",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    answer = await raw_call(ground.suite.urls[service], "\r\n".join([*head, "", ""]).encode())
    return int(answer.split(b" ")[1])


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /v1/account HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/logins HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/registrations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
    ids=["garbage", "version", "long header", "long path", "negative length", "two framings", "bad chunk"],
)
async def test_what_is_no_http_is_told_as_a_problem(sent: bytes, ground: Ground) -> None:
    async with ground.unchanged():
        answer = await raw_call(ground.suite.urls["identity"], sent)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer[:200]
    assert PROBLEM.encode() in answer
