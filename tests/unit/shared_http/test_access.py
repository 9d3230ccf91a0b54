"""Who may call: tokens, roles, signatures, and the client's address through trusted proxies only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_network
from typing import Any

import pytest

from shared.clock import ManualClock
from shared.http import PUBLIC, ROLES, STAFF, Endpoint, HttpOptions, build_app
from shared.http.address import client_address
from shared.http.problems import PROBLEM_JSON
from shared.http.signatures import SignatureMissing, SignatureTooOld, SignatureWrong, Signer
from shared.tokens import Role, TokenKeysUnavailable
from tests.unit.shared_http.conftest import Client, Serve
from tests.unit.shared_http.demo import Notebook, api, letter, read_note

Bearer = Callable[..., dict[str, str]]


async def code_of(answer: Any) -> str:
    return str((await answer.json(content_type=PROBLEM_JSON))["code"])


async def test_without_a_token_nothing_is_read(demo: Client) -> None:
    answer = await demo.post("/v1/notes", data=b"not even json")
    assert (answer.status, await code_of(answer)) == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_each_way_a_token_is_wrong_has_its_own_code(
    demo: Client, token: Callable[..., str], clock: ManualClock
) -> None:
    for header, code in (
        ("Basic abc", "token_malformed"),
        ("Bearer x", "token_malformed"),
        ("Bearer " + token()[:-4] + "AAAA", "token_not_trusted"),
    ):
        answer = await demo.get("/v1/notes", headers={"Authorization": header})
        assert (answer.status, await code_of(answer)) == (401, code)
    short = {"Authorization": f"Bearer {token(seconds=60)}"}
    assert (await demo.get("/v1/notes", headers=short)).status == 200
    clock.advance(60 + 30)
    answer = await demo.get("/v1/notes", headers=short)
    assert (answer.status, await code_of(answer)) == (401, "token_expired")


async def test_a_role_opens_its_doors_and_no_others(demo: Client, bearer: Bearer) -> None:
    assert (await demo.delete("/v1/notes/n1", headers=bearer(Role.OFFICE_ADMIN))).status == 204
    for role in (Role.APPLICANT, Role.TREASURER, Role.SERVICE):
        answer = await demo.delete("/v1/notes/n1", headers=bearer(role))
        assert (answer.status, await code_of(answer)) == (403, "not_allowed")
        assert (await demo.get("/v1/notes", headers=bearer(role))).status == 200


async def test_while_keys_cannot_be_fetched_the_answer_is_try_again(serve: Serve, bearer: Bearer) -> None:
    class NoKeys:
        async def verify(self, token: str | None) -> Any:
            raise TokenKeysUnavailable

    demo = await serve()
    app = build_app(
        api.all, service_name="demo", clock=ManualClock(datetime.fromisoformat("2026-01-01T00:00Z")), verifier=NoKeys()
    )
    from aiohttp.test_utils import TestClient, TestServer

    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/v1/notes", headers=bearer())
        assert (answer.status, await code_of(answer)) == (503, "unavailable")
    assert (await demo.get("/v1/notes", headers=bearer())).status == 200


def test_an_endpoint_behind_a_token_needs_a_verifier(clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="no verifier"):
        build_app(api.all, service_name="demo", clock=clock)


async def test_an_enrolling_caller_is_let_in_only_where_the_role_is_named(demo: Client, bearer: Bearer) -> None:
    answer = await demo.get("/v1/notes", headers=bearer(Role.ENROLLING))
    problem = await answer.json()
    assert (answer.status, problem["code"]) == (403, "not_allowed"), "any caller is not this one"
    assert problem["next_call"] == {"method": "POST", "href": "/v1/staff/totps"}
    assert Role.ENROLLING not in STAFF().roles
    assert ROLES(Role.ENROLLING).lets_in(Role.ENROLLING) and not ROLES(Role.ENROLLING).lets_in(Role.OPERATOR)


def test_staff_are_neither_applicants_nor_services() -> None:
    assert STAFF().roles == frozenset(Role) - {Role.APPLICANT, Role.SERVICE, Role.ENROLLING}
    assert ROLES(Role.APPLICANT, Role.FRONT_OFFICER).roles == {Role.APPLICANT, Role.FRONT_OFFICER}
    with pytest.raises(ValueError, match="no staff"):
        STAFF(Role.APPLICANT)
    with pytest.raises(ValueError, match="at least one"):
        ROLES()


async def test_an_open_endpoint_knows_no_caller_and_no_key(demo: Client, serve: Serve) -> None:
    async def asks(call: Any) -> None:
        _ = call.caller

    async def wants_key(call: Any) -> None:
        _ = call.idempotency_key

    endpoints = [
        Endpoint("GET", "/v1/asks", asks, "x", PUBLIC, {204: None}),
        Endpoint("GET", "/v1/wants", wants_key, "x", PUBLIC, {204: None}),
    ]
    client = await serve(endpoints=endpoints)
    assert (await client.get("/v1/asks")).status == 500
    assert (await client.get("/v1/wants")).status == 500


SIGNER = Signer("X-Demo", {"k1": "first-secret"})
BODY = b'{"paid": true}'


async def push(demo: Client, headers: dict[str, str], body: bytes = BODY) -> tuple[int, str]:
    answer = await demo.post("/v1/pushes", data=body, headers={"Content-Type": "application/json", **headers})
    return answer.status, "" if answer.status == 204 else await code_of(answer)


@pytest.mark.acceptance("X16.signed_strict")
async def test_a_signed_notice_is_taken_and_read_after_its_signature(demo: Client, clock: ManualClock) -> None:
    headers = SIGNER.headers(BODY, clock.now())
    assert await push(demo, headers) == (204, "")
    assert await push(demo, {}) == (401, "signature_missing")
    assert await push(demo, headers, b'{"paid": false}') == (401, "signature_wrong")
    nonsense = b"{"
    assert await push(demo, SIGNER.headers(nonsense, clock.now()), nonsense) == (400, "unreadable")
    extra = b'{"paid": true, "x": 1}'
    assert await push(demo, SIGNER.headers(extra, clock.now()), extra) == (422, "malformed")


async def test_both_keys_hold_while_they_turn(demo: Client, clock: ManualClock) -> None:
    old = Signer("X-Demo", {"k0": "old-secret"})
    assert await push(demo, old.headers(BODY, clock.now())) == (204, "")
    stranger = Signer("X-Demo", {"k1": "guessed"})
    assert await push(demo, stranger.headers(BODY, clock.now())) == (401, "signature_wrong")


def test_a_signature_holds_for_five_minutes_either_way(clock: ManualClock) -> None:
    headers = SIGNER.headers(BODY, clock.now())
    for seconds in (-300, 300):
        moved = ManualClock(clock.now())
        moved.set(clock.now().replace(microsecond=0))
        moved.set(datetime.fromtimestamp(clock.now().timestamp() + seconds, clock.now().tzinfo))
        SIGNER.verify(headers, BODY, moved.now())
        moved.set(datetime.fromtimestamp(clock.now().timestamp() + seconds * 301 / 300, clock.now().tzinfo))
        with pytest.raises(SignatureTooOld):
            SIGNER.verify(headers, BODY, moved.now())


@pytest.mark.parametrize(
    ("timestamp", "signature", "refusal"),
    [
        ("", "k1=aa", SignatureMissing),
        ("1", "", SignatureMissing),
        ("x", "k1=aa", SignatureWrong),
        ("\u0661", "k1=aa", SignatureWrong),
        ("1" * 13, "k1=aa", SignatureWrong),
        ("NOW", "k9=aa", SignatureWrong),
        ("NOW", "k1", SignatureWrong),
        ("NOW", "k1=\u00e9", SignatureWrong),
        ("NOW", ",".join(["k1=aa"] * 50), SignatureWrong),
    ],
)
def test_headers_that_are_no_signature(
    clock: ManualClock, timestamp: str, signature: str, refusal: type[Exception]
) -> None:
    said = str(int(clock.now().timestamp())) if timestamp == "NOW" else timestamp
    with pytest.raises(refusal):
        SIGNER.verify({"X-Demo-Timestamp": said, "X-Demo-Signature": signature}, BODY, clock.now())


def test_a_signer_has_one_key_or_two() -> None:
    for keys in ({}, {"a": "1", "b": "2", "c": "3"}, {"a": ""}):
        with pytest.raises(ValueError, match="one key"):
            Signer("X", keys)


PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "1.1.1.1, 10.0.0.2", "1.1.1.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("::ffff:10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
        (None, "1.1.1.1", "unknown"),
        ("a-socket", "1.1.1.1", "a-socket"),
    ],
)
def test_only_trusted_proxies_may_speak_for_others(peer: str | None, forwarded: str | None, seen: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == seen


def test_a_long_list_of_hops_is_not_walked_for_ever() -> None:
    forwarded = ", ".join(["1.1.1.1"] + ["10.0.0.2"] * 20)
    assert client_address("10.0.0.1", forwarded, PROXIES) == "10.0.0.2"


async def test_a_handler_sees_the_address(serve: Serve, notebook: Notebook) -> None:
    demo = await serve(HttpOptions(trusted_proxies=(ip_network("127.0.0.0/8"),)))
    await demo.get("/v1/rare", headers={"X-Forwarded-For": "198.51.100.7"})
    assert notebook.told_addresses == ["198.51.100.7"]


def test_handlers_stay_plain_functions() -> None:
    assert letter.__name__ == "letter"
    assert {endpoint.name for endpoint in api.all} >= {"letter", "read_note"}
    assert read_note.__module__.endswith("demo")
