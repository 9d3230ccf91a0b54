"""Notification behind HTTP, wired as the process wires it, with fakes for the outside."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.notification.app import assemble, build
from services.notification.config import Settings
from services.notification.deliveries.ports import MessageRefused
from services.notification.deliveries.repository import DELIVERIES, LARGEST_PAGE
from services.notification.endpoints import ENDPOINTS
from services.notification.rules import RetryRules
from shared.bus.dispatch import Dispatcher
from shared.clock import ManualClock
from shared.deadlines import DeadlineWorker
from shared.errors import UpstreamDown
from shared.events import billing
from shared.events.subscriptions import commands_for, events_for
from shared.http.app import build_app
from shared.http.schema import unbounded_fields
from shared.http.signatures import Signer
from shared.service import Parts, Platform
from shared.settings import SettingsWrong
from shared.store.memory import MemoryStore
from shared.tokens import Caller, Role, StaticKeys, TokenIssuer, TokenVerifier, new_signing_key_pem
from tests.conftest import START
from tests.unit.notification.samples import event_of
from tests.unit.notification.world import ACCOUNT, KEYS, PAIR, FakeChannel, World, a_card, an_otp
from tests.unit.world import seeded_platform

CALLBACK_SECRET = "invented-callback-secret"
_PEM = new_signing_key_pem()


def settings(**given: Any) -> Settings:
    key = "k1:" + base64.b64encode(bytes(32)).decode()
    usual = {
        "environment": "test",
        "mongo_url": "mongodb://127.0.0.1:1",
        "amqp_url": "amqp://127.0.0.1:1",
        "master_keys": key,
        "fingerprint_keys": key,
        "sealing_private_keys": PAIR.private_key_b64,
        "sms_secret": "invented-sms-secret",
        "sms_callback_secret": CALLBACK_SECRET,
    }
    return Settings.load(**{**usual, **given})


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@dataclass
class Service:
    """The wired service, a client of it and what the outside has taken."""

    client: TestClient[web.Request, web.Application]
    parts: Parts
    store: MemoryStore
    clock: ManualClock
    mailer: FakeChannel = field(default_factory=FakeChannel)
    gateway: FakeChannel = field(default_factory=FakeChannel)

    async def hears(self, message: Any) -> None:
        envelope = World.envelope(self, message)  # type: ignore[arg-type]
        await Dispatcher(self.parts.events, self.parts.commands).handle(envelope)
        await DeadlineWorker(self.store, self.parts.kinds, self.parts.deadlines, self.clock, "test").run_due()

    def bearer(self, account_id: str = ACCOUNT, role: Role = Role.APPLICANT) -> dict[str, str]:
        token = TokenIssuer(_PEM, "paspor-identity", self.clock).issue(Caller(account_id, role, "s"), 900)
        return {"Authorization": f"Bearer {token}"}


def platform(clock: ManualClock) -> Platform:
    store = MemoryStore("notification")
    return seeded_platform(store, clock, KEYS)


@pytest.fixture
async def service(clock: ManualClock) -> AsyncIterator[Service]:
    mailer, gateway, ground = FakeChannel(), FakeChannel(), platform(clock)
    parts = build(settings(), ground, mailer=mailer, sms=gateway)
    issuer = TokenIssuer(_PEM, "paspor-identity", clock)
    app = build_app(
        parts.endpoints,
        service_name=parts.name,
        clock=clock,
        verifier=TokenVerifier(StaticKeys(issuer.jwks()), clock),
        sessions=parts.sessions,
    )
    app[parts.key] = parts.service
    client = TestClient(TestServer(app))
    await client.start_server()
    assert isinstance(ground.store, MemoryStore)
    yield Service(client, parts, ground.store, clock, mailer, gateway)
    await client.close()


async def test_the_parts_cover_what_notification_hears(service: Service) -> None:
    assert set(service.parts.events) == set(events_for("notification"))
    assert set(service.parts.commands) == set(commands_for("notification"))
    of_retention = {("erasure", "erase"), ("legal_hold_copy", "end"), ("retention_sweep", "run")}
    assert set(service.parts.deadlines) == {
        *(("delivery", "send"), ("key_turn", "batch"), ("webhook", "send")),
        *of_retention,
    }
    for chore in service.parts.chores:
        await chore.run()


def test_everything_that_comes_in_is_bounded() -> None:
    for endpoint in ENDPOINTS:
        for model in (endpoint.body, endpoint.query):
            assert model is None or unbounded_fields(model) == []


# ---- deliveries ----


async def test_an_applicant_sees_own_deliveries_with_masked_addresses(service: Service) -> None:
    await service.hears(a_card())
    await service.hears(
        event_of(billing.BillIssued, application_id="application-1", expires_at=START + timedelta(hours=2))
    )
    said = await service.client.get("/v1/deliveries?application_id=application-1", headers=service.bearer())
    assert said.status == 200
    found = (await said.json())["deliveries"]
    assert {delivery["sent_to"] for delivery in found} == {"s***@example.org", "+62********678"}
    assert {delivery["state"] for delivery in found} == {"sent"}
    assert "820261123000001" not in str(found)
    stranger = await service.client.get(
        "/v1/deliveries?application_id=application-1", headers=service.bearer("account-2")
    )
    assert (await stranger.json()) == {"deliveries": [], "next": None}


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        ("/v1/deliveries", Role.APPLICANT, 200),
        ("/v1/deliveries", Role.TREASURER, 403),
        ("/v1/deliveries?until=yesterday", Role.APPLICANT, 422),
        ("/v1/deliveries?until=9999-12-31T23:59:59Z", Role.APPLICANT, 200),
        ("/v1/deliveries?limit=1", Role.APPLICANT, 200),
        ("/v1/deliveries?limit=0", Role.APPLICANT, 422),
        ("/v1/deliveries?after=yesterday", Role.APPLICANT, 422),
        ("/v1/deliveries?application_id=a%20b", Role.APPLICANT, 422),
        ("/v1/deliveries?application_id=" + "a" * 65, Role.APPLICANT, 422),
        ("/v1/deliveries?application_id=" + "a" * 64, Role.APPLICANT, 200),
        ("/v1/deliveries?application_id=a", Role.TREASURER, 403),
        ("/v1/preferences", Role.TREASURER, 403),
    ],
)
async def test_wrong_questions_are_refused(service: Service, path: str, role: Role, status: int) -> None:
    said = await service.client.get(path, headers=service.bearer(role=role))
    assert said.status == status


async def test_nobody_is_told_anything_without_a_token(service: Service) -> None:
    for path in ("/v1/deliveries", "/v1/deliveries?application_id=a", "/v1/preferences"):
        assert (await service.client.get(path)).status == 401


async def listed(service: Service, query: str = "", account_id: str = ACCOUNT) -> list[dict[str, Any]]:
    answer = await service.client.get(f"/v1/deliveries{query}", headers=service.bearer(account_id))
    assert answer.status == 200
    found: list[dict[str, Any]] = (await answer.json())["deliveries"]
    return found


async def a_code(service: Service, channel: str) -> None:
    """Send a one-time code, a moment after the message before."""
    service.clock.advance(1)
    address = {"email": "sri.contoh@example.org", "sms": "+6281200000678"}[channel]
    expires = service.clock.now() + timedelta(minutes=5)
    await service.hears(an_otp(expires, channel=channel, address=address, code="918273"))


@pytest.mark.acceptance("F16.delivery_visible")
async def test_the_applicant_sees_the_state_of_every_message_with_the_cause_and_the_next_action(
    service: Service,
) -> None:
    await a_code(service, "sms")
    assert await push(service, a_receipt(service.gateway.taken[0].delivery_id)) == 204
    await a_code(service, "email")
    await a_code(service, "sms")
    assert await push(service, a_receipt(service.gateway.taken[1].delivery_id, "failed")) == 204
    service.mailer.trouble = MessageRefused("smtp_550")
    await a_code(service, "email")
    service.mailer.trouble = UpstreamDown("smtp", "timeout")
    await a_code(service, "email")

    found = await listed(service)
    shown = [(message["channel"], message["state"], message["reason"], message["tries"]) for message in found]
    assert shown == [
        ("email", "queued", "timeout", 1),
        ("email", "failed", "smtp_550", 0),
        ("sms", "failed", "not_delivered", 1),
        ("email", "sent", None, 1),
        ("sms", "delivered", None, 1),
    ]
    queued, refused, returned, sent, arrived = found
    assert (queued["says"], queued["next_try_at"]) == (
        "The message could not be sent yet and is tried again by itself.",
        "2026-11-23T02:00:07Z",
    )
    assert refused["says_id"] == "Alamat ditolak: tidak ada atau tidak menerima pesan."
    assert refused["next_action"].startswith("Check the address in your account")
    assert returned["says"] == "The telephone operator could not deliver the SMS."
    assert sent["next_action_id"] == "Periksa kotak masuk dan folder spam."
    assert arrived["says_id"] == "Pesan sudah sampai di telepon."
    assert {message["sent_to"] for message in found} == {"s***@example.org", "+62********678"}
    for secret in ("918273", "sri.contoh", "6281200000678"):
        assert secret not in str(found), "addresses are masked, and nothing of the message is shown"


async def test_messages_of_another_account_are_not_listed(service: Service) -> None:
    await a_code(service, "email")
    assert len(await listed(service)) == 1
    assert await listed(service, account_id="account-2") == []
    assert await listed(service, "?application_id=application-1") == [], "a code is about no application"


async def test_a_page_holds_a_hundred_messages_and_the_next_one_begins_where_it_ends(service: Service) -> None:
    for _ in range(LARGEST_PAGE):
        await a_code(service, "email")
    assert len(await listed(service)) == LARGEST_PAGE
    await a_code(service, "email")
    page = await listed(service)
    assert len(page) == LARGEST_PAGE
    times = [message["created_at"] for message in page]
    assert times == sorted(times, reverse=True)
    following = await listed(service, f"?until={page[-1]['created_at']}")
    assert [following[0]["delivery_id"], len(following)] == [page[-1]["delivery_id"], 2]
    coming = (service.clock.now() + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert await listed(service, f"?until={coming}") == page


async def test_pages_of_messages_follow_each_other_and_show_none_twice(service: Service) -> None:
    for _ in range(5):
        await a_code(service, "email")
    whole = [message["delivery_id"] for message in await listed(service)]
    read: list[str] = []
    after = ""
    for _ in range(3):
        answer = await service.client.get(f"/v1/deliveries?limit=2{after}", headers=service.bearer(ACCOUNT))
        page = await answer.json()
        read += [message["delivery_id"] for message in page["deliveries"]]
        after = f"&after={page['next']}"
    assert (read, page["next"]) == (whole, None)


async def test_a_page_about_one_application_ends_at_the_same_time(service: Service) -> None:
    await service.hears(a_card(phone=None))
    for _ in range(2):
        service.clock.advance(60)
        await service.hears(event_of(billing.BillPaid, application_id="application-1"))
    await a_code(service, "email")
    newest, oldest = await listed(service, "?application_id=application-1")
    query = f"?application_id=application-1&until={oldest['created_at']}"
    assert [message["delivery_id"] for message in await listed(service, query)] == [oldest["delivery_id"]]
    assert newest["created_at"] > oldest["created_at"]


# ---- preferences ----


async def test_preferences_are_shown_and_chosen(service: Service) -> None:
    await service.hears(a_card())
    said = await service.client.get("/v1/preferences", headers=service.bearer())
    shown = {"language": "id", "channels": ["email", "sms"], "email": "s***@example.org", "phone": "+62********678"}
    assert await said.json() == shown
    wanted = {"language": "en", "channels": ["sms", "sms"]}
    said = await service.client.put("/v1/preferences", json=wanted, headers=service.bearer())
    assert (said.status, await said.json()) == (200, {**shown, "language": "en", "channels": ["sms"]})


@pytest.mark.parametrize(
    "wanted",
    [
        {"language": "fr", "channels": ["email"]},
        {"language": "id", "channels": []},
        {"language": "id", "channels": ["pigeon"]},
        {"language": "id", "channels": ["email", "sms", "email"]},
        {"language": "id"},
    ],
)
async def test_a_choice_that_is_none_changes_nothing(service: Service, wanted: dict[str, Any]) -> None:
    await service.hears(a_card())
    said = await service.client.put("/v1/preferences", json=wanted, headers=service.bearer())
    assert (said.status, (await said.json())["code"]) == (422, "malformed")


async def test_a_channel_without_an_address_is_refused_with_the_next_action(service: Service) -> None:
    await service.hears(a_card(phone=None))
    wanted = {"language": "id", "channels": ["sms"]}
    said = await service.client.put("/v1/preferences", json=wanted, headers=service.bearer())
    problem = await said.json()
    assert (said.status, problem["code"], problem["field"]) == (409, "channel_has_no_address", "/channels")
    assert "Pilih saluran" in problem["next_action"]


# ---- receipts ----


def a_receipt(reference: str, status: str = "delivered", **more: object) -> bytes:
    at = START.isoformat().replace("+00:00", "Z")
    told = {"receipt_id": "r-1", "message_id": "m-1", "reference": reference, "status": status, "at": at}
    return json.dumps({**told, **more}).encode()


async def push(service: Service, body: bytes, secret: str = CALLBACK_SECRET, key_id: str = "k1") -> int:
    headers = Signer("X-Sms", {key_id: secret}).headers(body, service.clock.now())
    said = await service.client.post(
        "/v1/sms-receipts", data=body, headers={**headers, "Content-Type": "application/json"}
    )
    return said.status


async def a_text(service: Service) -> str:
    await service.hears(an_otp(START + timedelta(minutes=5), channel="sms", address="+6281200000678"))
    return str(service.gateway.taken[0].delivery_id)


async def state_of(service: Service, delivery_id: str) -> str:
    record = await service.store.get(DELIVERIES, delivery_id)
    assert record is not None
    return record.state.state.value


@pytest.mark.parametrize("status", ["delivered", "failed"])
async def test_a_signed_receipt_counts_once(service: Service, status: str) -> None:
    delivery_id = await a_text(service)
    for _ in range(2):
        assert await push(service, a_receipt(delivery_id, status)) == 204
    assert await state_of(service, delivery_id) == status


async def test_what_is_not_signed_by_the_gateway_changes_nothing(service: Service) -> None:
    delivery_id = await a_text(service)
    body = a_receipt(delivery_id)
    assert await push(service, body, secret="another-secret") == 401
    assert await push(service, body, key_id="k2") == 401
    unsigned = await service.client.post("/v1/sms-receipts", data=body, headers={"Content-Type": "application/json"})
    assert unsigned.status == 401
    assert await state_of(service, delivery_id) == "sent"


@pytest.mark.acceptance("X16.signed_strict")
async def test_a_signed_receipt_is_understood_whole_or_not_at_all(service: Service) -> None:
    delivery_id = await a_text(service)
    assert await push(service, a_receipt(delivery_id, more=1)) == 422
    assert await state_of(service, delivery_id) == "sent"


async def test_signed_nonsense_and_unknown_references_are_refused(service: Service) -> None:
    assert await push(service, b"{}") == 422
    assert await push(service, b"not json") == 400
    assert await push(service, a_receipt("unknown")) == 404
    assert await push(service, a_receipt("unknown", "lost")) == 422


# ---- settings ----


def test_an_office_without_an_address_that_mails_can_be_sent_to_is_refused_at_the_start() -> None:
    read = settings(office_emails={"o-1": "Loket@B\u00fccher.example.org"}, operator_email="op@example.go.id")
    assert read.rules.office_emails == {"o-1": "loket@xn--bcher-kva.example.org"}
    for wrong in ({"office_emails": {"o-1": "l\u00f6ket@example.org"}}, {"operator_email": "operator"}):
        with pytest.raises(SettingsWrong, match="no address that a mail can be sent to"):
            settings(**wrong)


def test_settings_turn_into_rules() -> None:
    read = settings(retry_seconds="1,2.5", otp_retry_seconds="1", office_emails={"o-1": "o-1@example.go.id"})
    assert read.rules.retry == RetryRules((1, 2.5), (1,))
    assert read.rules.office_emails == {"o-1": "o-1@example.go.id"}
    assert settings().rules.retry == RetryRules()
    assert read.callback_keys() == {"k1": CALLBACK_SECRET}
    assert settings(sms_callback_next_secret="the-next-secret").callback_keys()["k2"] == "the-next-secret"


@pytest.mark.parametrize(
    "wrong",
    [
        {"retry_seconds": ""},
        {"retry_seconds": "5,0"},
        {"keep_seconds": 36 * 86400 - 1},
        {"smtp_timeout_seconds": 25.1},
        {"mail_from": "nobody"},
        {"timezone": "Asia/Nowhere"},
        {"sealing_private_keys": "short"},
        {"sms_secret": "1234567"},
    ],
)
def test_settings_at_and_beyond_their_edges(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsWrong):
        settings(**wrong)
    settings(retry_seconds="5", keep_seconds=36 * 86400, smtp_timeout_seconds=25, sms_secret="12345678")


async def test_the_process_assembles_real_clients_and_closes_them(clock: ManualClock) -> None:
    for given in ({}, {"smtp_password": "x"}, {"smtp_starttls": False}):
        parts = assemble(settings(**given), platform(clock))
        assert parts.close is not None
        await parts.close()
