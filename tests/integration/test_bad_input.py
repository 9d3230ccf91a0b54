"""Bad input over real HTTP: every endpoint refuses it as problem+json that helps, and nothing is changed by it.

One suite in memory, served on loopback, with citizens at every station of the journey. Each case compares everything
that all five services keep, before and after.
"""

from __future__ import annotations

import asyncio
import json
import re
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from shared.audit import AUDIT_KINDS
from shared.audit.chaining import STREAM
from shared.chain.kinds import CHAIN_KINDS, Head, Link, Root, Salt
from shared.events.subscriptions import SERVICES
from shared.http.endpoint import Door, Endpoint
from shared.http.signatures import Signer
from shared.tokens import Caller as Known
from shared.tokens import Role, TokenIssuer, new_signing_key_pem
from tests.assembled import CALLBACK_SECRET, OFFICE, OTHER_OFFICE, RECEIPT_SECRET, Suite, assemble
from tests.conftest import START
from tests.contract.test_privacy import written_logs
from tests.unit.application.world import HurryingClock, picture
from tests.unit.identity.world import nobody
from tests.walking import ANSWERS, DAY_SECONDS, TYPED, Caller, Citizen, Officer, Reply

NOBODYS_ID: Final = "0190c2f4-7c1e-7000-8000-000000000001"
PROBLEM: Final = "application/problem+json"

PARTS = {name: each.parts for name, each in assemble(HurryingClock(START)).items()}
EVERY: Final = [(service, each) for service in SERVICES for each in PARTS[service].endpoints]


def spoken(each: Any) -> str:
    return str(getattr(each, "name", each))


def those(choose: Callable[[Endpoint], bool]) -> Any:
    """Parametrize over the endpoints that are chosen."""
    chosen = [(service, each) for service, each in EVERY if choose(each)]
    assert chosen
    return pytest.mark.parametrize(("service", "endpoint"), chosen, ids=spoken)


@dataclass
class Ground:
    """Citizens at every station of the journey."""

    suite: Suite
    stack: AsyncExitStack
    citizens: dict[str, Citizen] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)

    def __getitem__(self, station: str) -> Citizen:
        return self.citizens[station]

    async def newcomer(self, station: str) -> Citizen:
        """An account with a confirmed applicant."""
        citizen = self.citizens[station] = await self.stack.enter_async_context(Citizen(self.suite))
        await citizen.register(f"{station}.contoh@example.org")
        await citizen.become_applicant(nik=nobody(len(self.citizens)).nik, full_name="ORANG CONTOH")
        return citizen

    def officer(self, role: Role, office_id: str = OFFICE) -> Officer:
        return Officer(self.suite, role, office_id)

    def ids(self) -> dict[str, str]:
        """What belongs to the one who has paid."""
        owner = self["paid"]
        return {
            "application_id": owner.application_id,
            "applicant_id": owner.applicant_id,
            "appointment_id": owner.appointment_id,
            "bill_id": owner.bill_id,
            "refund_id": NOBODYS_ID,
            "challenge_id": NOBODYS_ID,
            "document_id": self.documents[0],
            "office_id": OFFICE,
            "session_id": NOBODYS_ID,
            "change_id": NOBODYS_ID,
            "opening_id": NOBODYS_ID,
            "ticket_id": NOBODYS_ID,
            "visit_id": NOBODYS_ID,
            "waiting_id": NOBODYS_ID,
            "party_id": NOBODYS_ID,
            "flag_id": NOBODYS_ID,
            "case_id": NOBODYS_ID,
            "settlement_id": NOBODYS_ID,
            "reference": NOBODYS_ID,
            "override_id": NOBODYS_ID,
            "staff_id": NOBODYS_ID,
            "assistance_id": NOBODYS_ID,
            "stuck": "true",
            "first": "2026-11-01",
            "last": "2026-11-30",
            "date": "2026-11-24",
            "job_id": NOBODYS_ID,
            "link": f"{NOBODYS_ID}.nothing",
            "requirement": "ktp",
            "since": "2026-11-01",
            "until": "2026-11-30",
        }

    def address(self, endpoint: Endpoint) -> str:
        """The endpoint's address about what belongs to the one who has paid."""
        path = re.sub(r"{([^}]*)}", lambda place: self.ids()[place[1]], endpoint.path)
        needed = [
            name
            for name, each in (endpoint.query.model_fields if endpoint.query else {}).items()
            if each.is_required() or name == "application_id"
        ]
        return path + ("?" + "&".join(f"{name}={self.ids()[name]}" for name in needed) if needed else "")

    def body(self, endpoint: Endpoint) -> Any:
        """A body that is right in itself."""
        return good_bodies(self.ids())[endpoint.name] if endpoint.body is not None else None

    async def ask(self, caller: Caller, service: str, endpoint: Endpoint, **changes: Any) -> Reply:
        """The endpoint, called rightly but for the changes."""
        words: dict[str, Any] = {"headers": {}}
        if endpoint.raw_body:
            words |= {"raw": b"x", "headers": {"Upload-Offset": "0", "Content-Type": endpoint.body_media_types[0]}}
        elif endpoint.body is not None:
            words["body"] = self.body(endpoint)
        if "headers" in changes:
            words["headers"] |= changes.pop("headers")
        return await caller.call(
            service, endpoint.method, changes.pop("path", self.address(endpoint)), **{**words, **changes}
        )

    @asynccontextmanager
    async def unchanged(self) -> AsyncIterator[None]:
        """Everything that is kept is the same after the block, but for the trail of what was tried."""
        before = _without_trail(await self.suite.contents())
        yield
        after = _without_trail(await self.suite.contents())
        assert [name for name in before | after if before.get(name) != after.get(name)] == []


AUDIT_STREAM: Final = f"{STREAM}:"
"""How the name of each chain that tells the audit begins."""


def _without_trail(contents: Mapping[str, Any]) -> dict[str, Any]:
    """All but the audit, and what its chainer writes of it.

    What staff try is audited before it is tried, so an attempt that is refused is rightly told there: it is no change
    of what the attempt was about. Lines are only ever inserted, and chained whenever the chainer comes by.
    """
    return {name: each for name, each in contents.items() if not _is_trail(name, each)}


def _is_trail(name: str, kept: Any) -> bool:
    kind = name.split("/")[1]
    if kind in {each.name for each in AUDIT_KINDS}:
        return True
    if kind not in {each.name for each in CHAIN_KINDS}:
        return False
    state = kept[0]
    match state:
        case Link() | Salt() | Root():
            return state.chain.startswith(AUDIT_STREAM)
        case Head():
            return state.stream == STREAM
        case _:  # how far a feed has read
            return name.endswith(f"/{STREAM}")


def good_bodies(ids: Mapping[str, str]) -> dict[str, Any]:
    """For each operation with a body one that its form takes."""
    notice = {
        "notice_id": "n-1",
        "billing_code": "8" * 15,
        "ntb": "123456",
        "amount": 1,
        "paid_at": "2026-11-23T02:00:00Z",
    }
    receipt = {
        "receipt_id": "r-1",
        "message_id": "m-1",
        "reference": "d-1",
        "status": "delivered",
        "at": "2026-11-23T02:00:00Z",
    }
    session = {"date": "2026-12-01", "start": "08:00", "end": "10:00", "booths": 1, "service_minutes": 30, "staff": 1}
    week = {key: value for key, value in session.items() if key != "date"}
    edit = {"expected_version": 0, "reason": "fitted to staff"}
    product = {"product": "electronic", "since": "2026-01-01"}
    facts = {"reason": "as it is", "booths": 2, "staff": 2, "hours": [], "products": [product]}
    arrival = {"line_id": "1", "kind": "counter", "arrived_at": "2026-11-23T02:00:00Z", "reason": "outage"}
    fee = {"passport_kind": "ordinary", "validity_years": 5, "amount": 1, "title": "Book", "title_id": "Paspor"}
    upload = {"requirement": "ktp", "file_name": "x.jpg", "media_type": "image/jpeg", "size_bytes": 1000}
    newcomer = {"username": "dewi.contoh", "full_name": "DEWI CONTOH"}
    return {
        "register": {"email": "baru.contoh@example.org"},
        "log_in": {"identifier": "lama.contoh@example.org"},
        "verify": {"code": "123456"},
        "refresh": {"refresh_token": "not-a-token"},
        "revoke": {"refresh_token": "not-a-token"},
        "change_phone": {"phone": "081200000999"},
        "change_email": {"email": "lain.contoh@example.org"},
        "add_applicant": TYPED,
        "correct_applicant": TYPED,
        "log_in_staff": {"username": "nobody", "password": "a wrong word"},
        "look_up_person": {"nik": nobody(9).nik},
        "ask_consent": {"identifier": "081200000999"},
        "tell_code": {"code": "123456"},
        "see_original": {"nik": nobody(9).nik, "reason": "telephone_lost", "words": "lost on the way"},
        "show_letter": {"queue_code": "PSP1.k1.x.y"},
        "make_first_operator": {**newcomer, "secret": "x" * 43, "password": "four words nobody joins"},
        "set_own_password": {"username": "nobody", "password": "a wrong word", "new_password": "another wrong word"},
        "hire_staff": {**newcomer, "role": "front_officer", "office_id": OFFICE, "reason": "new_post"},
        "reassign_staff": {"role": "interviewer", "office_id": OFFICE, "reason": "transfer"},
        "lock_staff": {"reason": "suspected_misuse"},
        "unlock_staff": {"reason": "suspicion_cleared"},
        "reset_staff_password": {"reason": "forgotten_password"},
        "say_staff_left": {"reason": "end_of_service"},
        "approve_staff_matter": {"reason": "new_post"},
        "refuse_staff_matter": {"reason": "correction"},
        "begin": {"applicant_id": ids["applicant_id"]},
        "answer": ANSWERS,
        "submit": {"confirmed_not_refundable": True},
        "begin_upload": upload,
        "decide_document": {"decision": "accepted"},
        "see_originals": {"requirements": ["ktp"]},
        "record_interview": {"outcome": "approved"},
        "hand_out": {"collected_by": "self"},
        "open_session": {**session, "pools": {"regular": 1}},
        "put_facts": {**facts, "expected_version": 1},
        "open_outreach": {**facts, "name": "Mal Contoh", "city": "Kota Contoh", "own_dates": ["2026-12-05"]},
        "put_template": {**edit, "sessions": [{**week, "weekdays": ["mon"], "pools": {"regular": 1}}]},
        "put_session": {**edit, "pools": {"regular": 1}},
        "transfer_seats": {**edit, "from": "regular", "to": "walk_in", "seats": 1},
        "open_offline_quota": {"date": "2026-12-01", "seats": 1, "reason": "outage"},
        "approve_change": {},
        "reject_change": {"reason": "Not agreed"},
        "hold_seat": {"application_id": ids["application_id"], "session_id": NOBODYS_ID},
        "enter_waiting_list": {
            "application_id": ids["application_id"],
            "office_ids": [OFFICE],
            "from": "2026-11-24",
            "to": "2026-12-01",
        },
        "book_party": {"application_ids": [ids["application_id"], NOBODYS_ID], "session_id": NOBODYS_ID},
        "review_flag": {"decision": "harmless"},
        "reschedule": {"session_id": NOBODYS_ID},
        "announce_opening": {
            "session_ids": [NOBODYS_ID],
            "doors_at": "2026-11-23T01:30:00Z",
            "tickets_close_at": "2026-11-23T01:59:00Z",
            "opens_at": "2026-11-23T02:00:00Z",
        },
        "take_ticket": {"application_id": ids["application_id"]},
        "check_in": {"appointment_id": ids["appointment_id"]},
        "ask_refund": {"bill_id": ids["bill_id"], "reason": "agent_error", "note": "the bank took it twice"},
        "give_bank_account": {"bank_code": "002", "account_number": "1234567890", "holder_name": "Siti Contoh"},
        "send_papers": {"note": "here it is"},
        "resubmit_refund": {"note": "new proof"},
        "object_to_refusal": {"note": "I object"},
        "take_refund_step": {"step": "find_complete"},
        "note_case": {"text": "the bank was asked"},
        "close_case": {"outcome": "confirmed", "reason": "the bank confirms"},
        "ask_special": {"cause": "illness", "evidence": "letter no. 12"},
        "decide_special": {"granted": True},
        "use_special": {"session_id": NOBODYS_ID},
        "interrupt_visit": {"reason": "system_fault"},
        "deny_priority": {"reason": "nothing_shown"},
        "interrupt_day": {"date": "2026-11-24", "reason": "system_fault"},
        "call_next": {"booth": "1"},
        "register_walk_in": {"reason": "walk_in"},
        "import_offline_visits": {"date": "2026-11-23", "lines": [arrival]},
        "correct_kind": {
            "passport_kind": "ordinary",
            "validity_years": 5,
            "reason": "expired",
            "reason_code": "held_passport_before",
        },
        "find_penalty": {"ground": "lost", "reason_code": "told_at_interview"},
        "ask_same_day": {"application_id": ids["application_id"]},
        "propose_tariff": {
            "tariff_id": "pp-1-2027",
            "legal_basis": "PP 1/2027",
            "effective_from": "2027-01-01",
            "fees": [fee],
            "penalties": [],
            "same_day_amount": 1_000_000,
            "zero_tariffs": [],
            "reason": "New regulation",
        },
        "refuse_tariff": {"reason": "Not agreed"},
        "retry_saga": {"reason": "system_fault"},
        "propose_override": {"act": "end_bill", "target": ids["bill_id"], "reason": "system_fault"},
        "decide_override": {"approve": True},
        "claim_payment": {"ntb": "123456789012"},
        "take_notice": notice,
        "choose_preferences": {"language": "id", "channels": ["email"]},
        "take_sms_receipt": receipt,
    }


@pytest.fixture(scope="module")
async def ground() -> AsyncIterator[Ground]:
    suite = Suite()
    await suite.start()
    async with suite.served(), AsyncExitStack() as stack:
        ground = Ground(suite, stack)
        for station in ("drafting", "answered", "submitted", "held", "paid"):
            citizen = await ground.newcomer(station)
            await citizen.begin()
            if station == "drafting":
                continue
            await citizen.answer()
            if station == "answered":
                continue
            await citizen.upload_everything()
            await citizen.submit()
            if station != "submitted":
                await citizen.hold()
            if station == "paid":
                await citizen.pay()
        ground.documents = [each["document_id"] for each in (await ground["paid"].view())["documents"]]
        yield ground
    assert suite.troubles == []


def refused(reply: Reply, status: int, code: str | None = None) -> Any:
    """The problem, complete: what, why, what now, and how to find it in the logs."""
    assert reply.status == status, f"{reply.status} instead of {status}: {reply.raw[:600]!r}"
    assert reply.headers["Content-Type"].startswith(PROBLEM)
    problem = reply.body
    assert problem["type"] == f"urn:paspor:problem:{problem['code']}"
    assert problem["status"] == status
    assert problem["title"].endswith(".") and problem["detail"] and problem["next_action"].endswith(".")
    assert re.fullmatch(r"[0-9a-f]{32}", problem["trace_id"])
    assert reply.headers["X-Trace-Id"] == problem["trace_id"]
    assert code is None or problem["code"] == code, problem
    return problem


def test_every_form_has_a_good_example() -> None:
    bodies = good_bodies(dict.fromkeys(("applicant_id", "application_id", "appointment_id", "bill_id"), NOBODYS_ID))
    with_body = {each.name: each for _, each in EVERY if each.body is not None}
    assert set(bodies) == set(with_body)
    for name, endpoint in with_body.items():
        assert endpoint.body is not None
        endpoint.body.model_validate_json(json.dumps(bodies[name]))


# nobody, somebody else, somebody of old: the token


@those(lambda each: each.access.door is Door.BEARER)
async def test_without_a_good_token_nothing_is_done(service: str, endpoint: Endpoint, ground: Ground) -> None:
    suite, account = ground.suite, ground["paid"].account_id
    role = next(iter(sorted(endpoint.access.roles)), Role.APPLICANT)
    stranger = TokenIssuer(new_signing_key_pem(), "paspor-identity", suite.clock)
    over = TokenIssuer(_suite_pem(), "paspor-identity", HurryingClock(suite.clock.now() - timedelta(hours=2)))
    tokens = {
        "token_missing": None,
        "token_malformed": "not.a.token",
        "token_expired": over.issue(Known(account, role, "s", OFFICE), 60),
        "token_not_trusted": stranger.issue(Known(account, role, "s", OFFICE), 900),
    }
    async with ground.unchanged(), Caller(suite) as caller:
        for code, token in tokens.items():
            caller.token = token
            reply = await ground.ask(caller, service, endpoint)
            if endpoint.method == "HEAD":
                assert reply.status == 401
            else:
                refused(reply, 401, code)
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def _suite_pem() -> str:
    from tests.unit.identity.world import SIGNING_PEM

    return SIGNING_PEM


@those(lambda each: bool(each.access.roles))
async def test_the_wrong_role_is_told_and_changes_nothing(service: str, endpoint: Endpoint, ground: Ground) -> None:
    async with ground.unchanged():
        for role in sorted(set(Role) - endpoint.access.roles):
            async with Caller(ground.suite, ground.suite.token(role, ground["paid"].account_id)) as caller:
                reply = await ground.ask(caller, service, endpoint)
                if endpoint.method == "HEAD":
                    assert reply.status == 403
                else:
                    assert refused(reply, 403, "not_allowed")["needs"] == sorted(endpoint.access.roles)


def _signer(service: str, *, secret: str = "") -> Signer:
    """The agency that signs the calls of this service, or, with another secret, somebody else."""
    prefix, own = {"billing": ("X-Simponi", CALLBACK_SECRET), "notification": ("X-Sms", RECEIPT_SECRET)}[service]
    return Signer(prefix, {"k1": secret or own})


@those(lambda each: each.access.door is Door.SIGNATURE)
async def test_an_unsigned_notice_is_nothing(service: str, endpoint: Endpoint, ground: Ground) -> None:
    body = json.dumps(ground.body(endpoint)).encode()
    now = ground.suite.clock.now()
    good = _signer(service)
    cases = {
        "signature_missing": {},
        "signature_wrong": _signer(service, secret="another-secret").headers(body, now),
        "signature_too_old": good.headers(body, now - timedelta(hours=1)),
    }
    async with ground.unchanged(), Caller(ground.suite) as caller:
        for code, headers in cases.items():
            reply = await caller.call(
                service, "POST", endpoint.path, raw=body, headers={"Content-Type": "application/json", **headers}
            )
            refused(reply, 401, code)
        changed = body.replace(b"2026", b"2027")
        reply = await caller.call(
            service,
            "POST",
            endpoint.path,
            raw=changed,
            headers={"Content-Type": "application/json", **good.headers(body, now)},
        )
        refused(reply, 401, "signature_wrong")


# malformed


@those(lambda each: each.body is not None and each.access.door is not Door.SIGNATURE)
@pytest.mark.acceptance("F33.field", "F33.rule")
async def test_a_malformed_body_is_told_field_by_field(service: str, endpoint: Endpoint, ground: Ground) -> None:
    good = ground.body(endpoint)
    sent = {"Content-Type": "application/json"}
    async with ground.unchanged(), await _allowed(ground, endpoint) as caller:
        for raw in (b"{", b"\xff\xfe", b'{"a": 1e999999}', b"[" * 900, b'{"a": "\\ud800"}'):
            assert (await ground.ask(caller, service, endpoint, body=None, raw=raw, headers=sent)).status in (400, 422)
        refused(await ground.ask(caller, service, endpoint, body=None, raw=b"{", headers=sent), 400, "unreadable")
        refused(await ground.ask(caller, service, endpoint, body=None, raw=b"", headers=sent), 400, "unreadable")
        for text in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            reply = await ground.ask(caller, service, endpoint, headers={"Content-Type": text})
            refused(reply, 415, "wrong_media_type")
        refused(await ground.ask(caller, service, endpoint, headers={"Content-Encoding": "gzip"}), 415)
        _names_field(
            await ground.ask(caller, service, endpoint, body={**good, "surprise": 1}), "/surprise", "extra_forbidden"
        )
        for name in good:
            problem = _names_field(
                await ground.ask(caller, service, endpoint, body={**good, name: {"a": []}}), f"/{name}"
            )
            assert all(error["detail"].endswith(".") for error in problem["errors"])
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


@those(lambda each: each.access.door is not Door.SIGNATURE)
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


# oversized


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


async def raw_call(url: str, sent: bytes, *, cut: bool = False) -> bytes:
    """The beginning of what is answered to these bytes; with ``cut`` the line breaks right after them."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(sent)
        await writer.drain()
        if cut:
            return b""
        async with asyncio.timeout(20):
            return await reader.read(65536)
    finally:
        writer.close()


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


# foreign


THEIRS: Final = {"application_id", "applicant_id", "appointment_id", "bill_id", "document_id"}
LISTS: Final = {
    "list_bills": "bills",
    "list_refunds": "refunds",
    "list_appointments": "appointments",
    "list_deliveries": "deliveries",
}
BY_BODY: Final = {"begin", "hold_seat", "enter_waiting_list", "book_party"}
"""They name somebody's thing in the body; what was never heard of may still be on its way there: 409, ask again."""


def _is_about_somebody(each: Endpoint) -> bool:
    about = set(each.places) | set(each.query.model_fields if each.query else {})
    return bool(about & THEIRS or each.name in BY_BODY) and (
        each.access.door is Door.BEARER and (not each.access.roles or Role.APPLICANT in each.access.roles)
    )


@those(_is_about_somebody)
async def test_what_is_another_accounts_is_not_there(service: str, endpoint: Endpoint, ground: Ground) -> None:
    async with ground.unchanged(), Caller(ground.suite, ground["drafting"].token) as stranger:
        reply = await ground.ask(stranger, service, endpoint)
        if endpoint.name in LISTS:
            assert (reply.status, reply[LISTS[endpoint.name]]) == (200, [])
        elif endpoint.method == "HEAD":
            assert reply.status == 404
        else:
            theirs = refused(reply, 404)
            if endpoint.name not in BY_BODY:
                path = re.sub(r"{[^}]*}", NOBODYS_ID, endpoint.path)
                nobodys = refused(await ground.ask(stranger, service, endpoint, path=path), 404)
                assert theirs["code"] == nobodys["code"], "the answer tells that it exists"


@those(
    lambda each: (
        bool(each.access.roles)
        and Role.APPLICANT not in each.access.roles
        and bool({"application_id", "office_id"} & set(each.places))
    )
)
async def test_staff_of_another_office_may_not(service: str, endpoint: Endpoint, ground: Ground) -> None:
    async with ground.unchanged():
        for role in sorted(endpoint.access.roles & {Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN}):
            async with ground.officer(role, OTHER_OFFICE) as officer:
                refused(await ground.ask(officer, service, endpoint), 403, "not_your_office")


async def test_a_visitor_of_another_office_cannot_be_checked_in(ground: Ground) -> None:
    async with ground.unchanged(), ground.officer(Role.FRONT_OFFICER, OTHER_OFFICE) as officer:
        seat = await ground["paid"].appointment()
        for visitor in ({"appointment_id": seat["appointment_id"]}, {"queue_code": seat["queue_code"]}):
            refused(await officer.call("scheduling", "POST", "/v1/check-ins", visitor), 403, "not_your_office")


async def test_an_officer_cannot_act_for_an_account_that_is_not_the_owners(ground: Ground) -> None:
    """Whoever acts for somebody has their consent: naming an account, the owner's or another's, is none (F3)."""
    async with ground.unchanged(), ground.officer(Role.FRONT_OFFICER, OTHER_OFFICE) as officer:
        for account_id in (ground["paid"].account_id, ground["drafting"].account_id):
            address = f"{ground['paid'].application}?on_behalf_of={account_id}"
            problem = refused(await officer.call("application", "GET", address), 403, "assistance_needed")
            assert problem["door"] == "/v1/assistances"


# out of order


def step_comes_first(reply: Reply, step: str) -> None:
    problem = refused(reply, 409, "step_comes_first")
    assert problem["step"] == step, problem
    assert problem["detail"] == problem["next_action"]


@pytest.mark.acceptance("F31.out_of_order")
@pytest.mark.parametrize(
    ("station", "first"),
    [("drafting", "questionnaire"), ("answered", "documents"), ("submitted", "choose_seat"), ("held", "pay")],
)
async def test_a_letter_before_its_time_names_the_step_that_comes_first(
    station: str, first: str, ground: Ground
) -> None:
    citizen = ground[station]
    async with ground.unchanged():
        step_comes_first(await citizen.call("application", "GET", f"{citizen.application}/letter"), first)


@pytest.mark.acceptance("F31.out_of_order")
async def test_steps_of_a_draft_come_in_their_order(ground: Ground) -> None:
    citizen, later = ground["drafting"], ground["answered"]
    upload = good_bodies(ground.ids())["begin_upload"]
    confirmed = {"confirmed_not_refundable": True}
    async with ground.unchanged():
        step_comes_first(
            await citizen.call("application", "POST", f"{citizen.application}/documents", upload), "questionnaire"
        )
        step_comes_first(
            await citizen.call("application", "POST", f"{citizen.application}/submission", confirmed), "questionnaire"
        )
        missing = refused(
            await later.call("application", "POST", f"{later.application}/submission", confirmed), 422, "items_missing"
        )
        assert missing["next_action"] and missing["missing"]
        unread = await later.call(
            "application", "POST", f"{later.application}/submission", {"confirmed_not_refundable": False}
        )
        assert refused(unread, unread.status)["field"] == "/confirmed_not_refundable"
        hold = {"application_id": citizen.application_id, "session_id": (await citizen.sessions())[0]["session_id"]}
        reply = await citizen.call("scheduling", "POST", "/v1/appointments", hold)
        assert refused(reply, 409, "not_known_yet") and reply.headers["Retry-After"] == "1"


@pytest.mark.acceptance("F31.out_of_order")
@pytest.mark.parametrize(("station", "first"), [("held", "pay"), ("paid", "come")])
async def test_officers_cannot_jump_ahead(station: str, first: str, ground: Ground) -> None:
    citizen, bodies = ground[station], good_bodies(ground.ids())
    async with ground.unchanged():
        async with ground.officer(Role.INTERVIEWER) as interviewer:
            for name, what in (("originals", "see_originals"), ("interview", "record_interview")):
                reply = await interviewer.call("application", "POST", f"{citizen.application}/{name}", bodies[what])
                step_comes_first(reply, first)
        async with ground.officer(Role.FRONT_OFFICER) as front:
            reply = await front.call("application", "POST", f"{citizen.application}/collection", bodies["hand_out"])
            step_comes_first(reply, first)


async def test_a_visitor_who_has_not_paid_is_not_let_in(ground: Ground) -> None:
    async with ground.unchanged(), ground.officer(Role.FRONT_OFFICER) as front:
        visitor = {"appointment_id": ground["held"].appointment_id}
        refused(await front.call("scheduling", "POST", "/v1/check-ins", visitor), 409, "not_paid_yet")
        too_early = {"appointment_id": ground["paid"].appointment_id}
        problem = refused(await front.call("scheduling", "POST", "/v1/check-ins", too_early), 409)
        assert problem["code"] in ("visit_on_another_day", "too_early_to_check_in")


async def test_what_is_over_is_not_done_again(ground: Ground) -> None:
    citizen = ground["paid"]
    bill = f"/v1/bills/{citizen.bill_id}"
    visit = f"/v1/appointments/{citizen.appointment_id}"
    sessions = await citizen.sessions()
    async with ground.unchanged():
        put = await citizen.call("application", "PUT", f"{citizen.application}/questionnaire", ANSWERS)
        refused(put, 409, "step_is_over")
        again = await citizen.call("application", "POST", "/v1/applications", {"applicant_id": citizen.applicant_id})
        refused(again, 409, "application_already_open")
        refused(await citizen.call("identity", "PUT", f"/v1/applicants/{citizen.applicant_id}", TYPED), 409)
        refused(await citizen.call("billing", "POST", f"{bill}/renewal"), 409, "bill_is_paid")
        refused(await citizen.call("billing", "POST", f"{bill}/cancellation"), 409, "bill_is_paid")
        refused(await citizen.call("scheduling", "POST", f"{visit}/offer-acceptance"), 409)
        refused(await citizen.call("scheduling", "POST", f"{visit}/offer-refusal"), 409)
        refused(await citizen.call("scheduling", "POST", f"{visit}/cancellation"), 409, "fee_would_be_lost")
        second = {"application_id": citizen.application_id, "session_id": sessions[-1]["session_id"]}
        refused(await citizen.call("scheduling", "POST", "/v1/appointments", second), 409, "person_has_appointment")
        early = ground["held"]
        refused(await early.call("billing", "POST", f"/v1/bills/{(await early.bill())['bill_id']}/renewal"), 409)


async def test_one_key_is_one_command(ground: Ground) -> None:
    citizen, key = ground["held"], "the-same-key-0001"
    async with ground.unchanged():
        body = {"application_id": citizen.application_id, "session_id": NOBODYS_ID}
        refused(await citizen.call("scheduling", "POST", "/v1/appointments", body, key=key), 404, "session_not_found")
    preferences = f"{ground['answered'].application}/withdrawal"
    first = await ground["answered"].done("application", "POST", preferences, key=key)
    async with ground.unchanged():
        again = await ground["answered"].call("application", "POST", preferences, key=key)
        assert (again.status, again.headers["Idempotent-Replay"]) == (200, "true")
        assert again.body == first.body
        other = await ground["answered"].call(
            "application", "POST", f"{preferences}?on_behalf_of={NOBODYS_ID}", key=key
        )
        refused(other, 422, "idempotency_key_reused")


# traces


@pytest.mark.acceptance("F15.trace_id")
async def test_a_problems_trace_id_finds_its_lines(ground: Ground) -> None:
    """At each service: the id in the problem is the one in the line that was written for it."""
    with written_logs() as stream:
        async with Caller(ground.suite) as caller:
            problems = {
                service: refused(await caller.call(service, "GET", f"/v1/nothing/{service}"), 404)
                for service in SERVICES
            }
            given = "4bf92f3577b34da6a3ce929d0e0e4736"
            traced = await caller.call(
                "identity", "GET", "/v1/account", headers={"traceparent": f"00-{given}-00f067aa0ba902b7-01"}
            )
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    for service, problem in problems.items():
        found = [line for line in lines if line.get("trace_id") == problem["trace_id"]]
        assert [(line["service"], line["code"], line["status"]) for line in found] == [(service, "not_found", 404)]
    assert refused(traced, 401)["trace_id"] == given


# uploads


def png(width: int, height: int) -> bytes:
    """A real PNG of one colour: few bytes, however many pixels."""
    packer = zlib.compressobj(9)
    row = b"\x00" + b"\xff" * ((width + 7) // 8)
    block, rest = row * 500, height
    data = []
    while rest > 0:
        data.append(packer.compress(block if rest >= 500 else row * rest))
        rest -= 500
    data.append(packer.flush())
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", b"".join(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def jpeg_that_says(width: int, height: int) -> bytes:
    """A JPEG whose head claims this size."""
    content = bytearray(picture())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


LIES: Final[dict[str, tuple[str, Callable[[], bytes], str]]] = {
    "a PNG that says JPEG": ("image/jpeg", lambda: picture(image_format="PNG"), "type_is_not_as_declared"),
    "a JPEG that says PNG": ("image/png", picture, "type_is_not_as_declared"),
    "a page of HTML": ("image/jpeg", lambda: b"<html><script>alert(1)</script></html>" * 20, "not_a_picture"),
    "a program": ("image/png", lambda: b"\x7fELF" + bytes(2000), "not_a_picture"),
    "a PDF": ("image/jpeg", lambda: b"%PDF-1.7\n" + bytes(2000), "not_a_picture"),
    "an animated GIF": ("image/png", lambda: picture(image_format="GIF"), "not_a_picture"),
    "only a beginning": ("image/jpeg", lambda: picture()[:2000], "broken_picture"),
    "a JPEG head with noise": ("image/jpeg", lambda: b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20, "broken_picture"),
    "a decompression bomb": ("image/png", lambda: png(20_000, 20_000), "too_many_pixels"),
    "a picture that claims to be huge": ("image/jpeg", lambda: jpeg_that_says(65_000, 65_000), "too_many_pixels"),
    "a stamp": ("image/jpeg", lambda: picture(120, 80), "too_small"),
}


@pytest.fixture(scope="module")
async def uploader(ground: Ground) -> Citizen:
    citizen = await ground.newcomer("uploading")
    await citizen.begin()
    await citizen.answer()
    return citizen


async def files_of(ground: Ground) -> list[str]:
    return list((await ground.suite.contents())["application/files"])


async def item_of(citizen: Citizen, code: str = "ktp") -> Any:
    return next(item for item in (await citizen.view())["requirements"] if item["code"] == code)


@pytest.mark.parametrize("lie", LIES)
async def test_an_upload_that_lies_leaves_nothing_behind(lie: str, uploader: Citizen, ground: Ground) -> None:
    media_type, make, reason = LIES[lie]
    content = make()
    before = await files_of(ground)
    path = await uploader.announce("ktp", len(content), media_type)
    reply = await uploader.send(path, content)
    assert (reply.status, reply["state"], reply["reason"]) == (200, "refused", reason), reply.raw
    assert reply["reason_text"].endswith(".") and reply["reason_text_id"].endswith(".")
    await ground.suite.settle()
    assert await files_of(ground) == before
    assert (await item_of(uploader))["state"] == "refused"
    refused(await uploader.call("application", "GET", path), 404, "not_found")
    async with ground.unchanged():
        assert (await uploader.send(path, content))["state"] == "refused"
        submission = {"confirmed_not_refundable": True}
        refused(
            await uploader.call("application", "POST", f"{uploader.application}/submission", submission),
            422,
            "items_missing",
        )


async def test_what_is_too_large_or_of_another_kind_is_refused_before_a_byte_is_sent(
    uploader: Citizen, ground: Ground
) -> None:
    good = good_bodies(ground.ids())["begin_upload"]
    path = f"{uploader.application}/documents"
    cases = [
        ({"size_bytes": 10 * 1024 * 1024 + 1}, "file_too_large", "/size_bytes"),
        ({"media_type": "image/svg+xml"}, "file_type_not_taken", "/media_type"),
        ({"requirement": "no_such_item"}, "document_not_asked", "/requirement"),
        ({"size_bytes": 0}, "malformed", "/size_bytes"),
        ({"file_name": "x" * 256}, "malformed", "/file_name"),
    ]
    async with ground.unchanged():
        for change, code, pointer in cases:
            reply = await uploader.call("application", "POST", path, {**good, **change})
            assert refused(reply, reply.status, code)["field"] == pointer
    edge = await uploader.call("application", "POST", path, {**good, "size_bytes": 10 * 1024 * 1024})
    assert edge.status == 201


async def test_more_bytes_than_announced_leave_nothing_behind(uploader: Citizen, ground: Ground) -> None:
    before, content = await files_of(ground), picture()
    path = await uploader.announce("ktp", len(content) - 10)
    reply = await uploader.send(path, content)
    assert (reply["state"], reply["reason"]) == ("refused", "longer_than_declared")
    assert await files_of(ground) == before


async def test_bytes_at_a_wrong_place_change_nothing(uploader: Citizen, ground: Ground) -> None:
    content = picture()
    path = await uploader.announce("ktp", len(content))
    await uploader.send(path, content[:1000])
    octets = {"Content-Type": "application/offset+octet-stream"}
    async with ground.unchanged():
        problem = refused(await uploader.send(path, content[5:], 5), 409, "wrong_offset")
        assert problem["upload_offset"] == 1000
        for header in ({}, {"Upload-Offset": "-1"}, {"Upload-Offset": "1e3"}, {"Upload-Offset": "9" * 30}):
            reply = await uploader.call("application", "PATCH", path, raw=b"x", headers={**octets, **header})
            assert refused(reply, 422, "malformed")["errors"][0]["pointer"] == "/Upload-Offset"
        wrong = {"Content-Type": "image/jpeg", "Upload-Offset": "1000"}
        refused(await uploader.call("application", "PATCH", path, raw=b"x", headers=wrong), 415)
        head = await uploader.call("application", "HEAD", path)
        assert head.headers["Upload-Offset"] == "1000"
    done = await uploader.send(path, content[1000:], 1000)
    assert done["state"] == "accepted"


async def test_a_broken_line_costs_one_piece_and_a_given_up_upload_leaves_nothing(
    uploader: Citizen, ground: Ground
) -> None:
    before, content = await files_of(ground), picture()
    path = await uploader.announce("ktp", len(content))
    half = len(content) // 2
    head = [
        f"PATCH {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {uploader.token}",
        "Upload-Offset: 0",
        "Content-Type: application/offset+octet-stream",
        f"Content-Length: {len(content)}",
    ]
    sent = "\r\n".join([*head, "", ""]).encode() + content[:half]
    await raw_call(ground.suite.urls["application"], sent, cut=True)
    offset = await _offset_reached(uploader, path, half)
    assert 0 <= offset <= half
    assert (await item_of(uploader))["state"] in ("uploading", "accepted")
    await ground.suite.later(DAY_SECONDS + 60)
    view = await uploader.view()
    given_up = next(each for each in view["documents"] if each["document_id"] in path)
    assert (given_up["state"], given_up["reason"]) == ("refused", "upload_abandoned")
    assert set(await files_of(ground)) <= set(before)


async def _offset_reached(citizen: Citizen, path: str, half: int) -> int:
    """Where the upload stands once the service has seen that the line is broken."""
    for _ in range(200):
        offset = int((await citizen.call("application", "HEAD", path)).headers["Upload-Offset"])
        if offset == half:
            return offset
        await asyncio.sleep(0.01)
    return offset


async def test_no_rule_is_broken_by_any_of_this(ground: Ground) -> None:
    await ground.suite.settle()
    assert await ground.suite.broken_rules() == {}
    assert ground.suite.troubles == []
