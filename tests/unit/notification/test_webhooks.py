"""Webhooks over HTTP, with consumers that are real servers: signed, tried again, replayed, and never sent inside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import jsonschema
import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from services.notification.clients import HttpWebhookPoster
from services.notification.deliveries.repository import DELIVERIES
from services.notification.rules import Rules, WebhookRules
from services.notification.webhooks.repository import KEPT_EVENTS, WEBHOOK_DELIVERIES, WEBHOOKS
from services.notification.webhooks.webhook import Round, SigningSecret, Webhook, disable, end_round
from shared.audit import AUDIT
from shared.clock import ManualClock
from shared.errors import UpstreamDown
from shared.events import application, billing, scheduling
from shared.events.codes import WebhookEnd
from shared.events.message import Event
from shared.events.notification import WebhookTested
from shared.events.published import CODES, KINDS, PUBLISHED, WHOLE_KINDS, told_data, told_schema
from shared.http.outside import NotOutside
from shared.store.port import StoreUnavailable
from shared.tokens import Role
from tests.unit.notification.samples import event_of
from tests.unit.notification.webhook_world import OPERATOR_EMAIL, PRINTED, Consumer, FixedNames, World, world

LIMITS = WebhookRules()
PAID = billing.BillPaid.TYPE
HOOKS = "/v1/webhooks"
WITHHELD = {
    "application_number",
    *("account_id", "applicant_id", "person_id", "billing_code", "queue_code", "queue_number", "session_id", "pool"),
    *("zero_tariff", "minor", "age_band", "reason_code", "office_name", "bill_id", "receipt_id", "reservation_id"),
    *(
        "reason",
        "rule",
        "refund_id",
        "closed_for_person",
        "shortened_by_year_end",
        "ask_until",
        "office_timezone",
        "previous_session_id",
    ),
    *("collect_until", "collected_by"),
    *("missing", "complete_until", "issue_due"),
    *("office_address", "office_telephone", "office_latitude", "office_longitude"),
    *("appointment_id", "needs", "due_at", "amount", "note_code", "by", "case_id", "cause", "ground"),
    *("ntb", "paid_code", "channel", "legal_basis", "order_number", "paid_at"),
}
"""Members of published events that some webhook is not told: each was looked at."""


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def consumer() -> AsyncIterator[Consumer]:
    async with Consumer().served() as served:
        yield served


@pytest.fixture
async def ground(clock: ManualClock) -> AsyncIterator[World]:
    async with world(clock) as running:
        yield running


def printed(**given: Any) -> Any:
    return event_of(application.PassportPrinted, office_id="jakarta-selatan", **given)


# ---- registering --------------------------------------------------------------------------------------------------


async def test_a_secret_is_shown_once_and_lies_sealed(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    assert made["secret"].startswith("whsec_") and made["state"] == "active"
    listed = (await ground.done("GET", HOOKS))["webhooks"]
    assert [item["webhook_id"] for item in listed] == [made["webhook_id"]]
    shown = await ground.done("GET", f"{HOOKS}/{made['webhook_id']}")
    assert "secret" not in shown and "secret" not in listed[0]
    kept = await ground.store.get(WEBHOOKS, made["webhook_id"])
    assert kept is not None
    assert made["secret"] not in repr(kept) and made["secret"].removeprefix("whsec_") not in repr(kept)


async def test_a_repeated_registration_is_the_first_with_its_secret(ground: World, consumer: Consumer) -> None:
    body = {"consumer": "kantor-statistik", "url": consumer.url, "kinds": [PRINTED]}
    first = await ground.done("POST", HOOKS, body, key="one-and-the-same")
    again = await ground.done("POST", HOOKS, body, key="one-and-the-same")
    assert (again["webhook_id"], again["secret"]) == (first["webhook_id"], first["secret"])
    assert len((await ground.done("GET", HOOKS))["webhooks"]) == 1


@pytest.mark.parametrize("role", [Role.OFFICE_ADMIN, Role.HQ_IT, Role.TREASURER, Role.APPLICANT])
async def test_only_operators_keep_webhooks(ground: World, consumer: Consumer, role: Role) -> None:
    made = await ground.registered(consumer.url)
    body = {"consumer": "thief", "url": consumer.url, "kinds": [PRINTED]}
    for method, path, given in (
        ("POST", HOOKS, body),
        ("GET", HOOKS, None),
        ("POST", f"{HOOKS}/{made['webhook_id']}/secrets", None),
        ("POST", f"{HOOKS}/{made['webhook_id']}/replays", {"from_time": "2026-11-23T02:00:00Z"}),
        ("DELETE", f"{HOOKS}/{made['webhook_id']}", None),
    ):
        assert (await ground.call(method, path, given, role=role))[0] == 403, path
    assert (await ground.client.get(HOOKS)).status == 401


async def test_every_act_is_in_the_audit(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    await ground.done("POST", f"{HOOKS}/{made['webhook_id']}/disabling")
    await ground.settle()
    await ground.done("DELETE", f"{HOOKS}/{made['webhook_id']}")
    lines = [record.state async for record in ground.store.scan(AUDIT)]
    done = {(line.act, line.actor_id) for line in lines if line.outcome == "done"}
    assert done == {(act, "operator-1") for act in ("register_webhook", "disable_webhook", "delete_webhook")}
    assert made["secret"] not in repr(lines)


@pytest.mark.parametrize("kind", ["paspor.nobody.v1", billing.BillReminderDue.TYPE, WebhookTested.TYPE])
async def test_a_kind_that_is_not_published_is_refused(ground: World, consumer: Consumer, kind: str) -> None:
    body = {"consumer": "kantor-statistik", "url": consumer.url, "kinds": [PRINTED, kind]}
    status, problem = await ground.call("POST", HOOKS, body)
    assert (status, problem["code"], problem["kinds"]) == (422, "webhook_kind_unknown", [kind])
    assert problem["next_call"]["href"] == "/v1/webhook-kinds"


async def test_there_is_a_place_for_twenty_and_no_more(ground: World, consumer: Consumer) -> None:
    for number in range(LIMITS.most_webhooks):
        await ground.registered(consumer.url, consumer=f"consumer-{number}")
    body = {"consumer": "one-more", "url": consumer.url, "kinds": [PRINTED]}
    status, problem = await ground.call("POST", HOOKS, body)
    assert (status, problem["code"], problem["most"]) == (409, "too_many_webhooks", 20)
    assert WEBHOOKS.at_once == LIMITS.most_webhooks


@pytest.mark.parametrize(
    "body",
    [
        {"consumer": "Kantor Statistik"},
        {"consumer": "ab"},
        {"consumer": "a" * 41},
        {"kinds": []},
        {"url": ""},
        {"url": "https://x.example/" + "a" * 500},
    ],
)
async def test_wrong_forms_are_refused(ground: World, consumer: Consumer, body: dict[str, Any]) -> None:
    usual = {"consumer": "kantor-statistik", "url": consumer.url, "kinds": [PRINTED]}
    assert (await ground.call("POST", HOOKS, {**usual, **body}))[0] == 422


# ---- addresses inside ---------------------------------------------------------------------------------------------

INSIDE = (
    *("https://127.0.0.1/", "https://10.1.2.3/", "https://172.16.0.1/", "https://192.168.1.1/hook"),
    *("https://169.254.169.254/latest/meta-data", "https://0.0.0.0/", "https://100.64.0.1/", "https://224.0.0.1/"),
    *("https://255.255.255.255/", "https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fc00::1]/"),
    *("https://[ff02::1]/", "https://[::ffff:10.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/"),
    *("https://[64:ff9b::a00:1]/", "https://[2002:7f00:1::]/", "https://[2001:0:0:0:0:0:80ff:fffe]/"),
    *("https://localhost/", "https://rabbitmq.internal/", "https://printer.local/"),
)


@pytest.mark.parametrize("url", INSIDE)
async def test_an_address_inside_the_network_is_refused(clock: ManualClock, url: str) -> None:
    async with world(clock, HttpWebhookPoster(allow_loopback=False, resolver=FixedNames("93.184.216.34"))) as ground:
        body = {"consumer": "kantor-statistik", "url": url, "kinds": [PRINTED]}
        status, problem = await ground.call("POST", HOOKS, body)
        assert (status, problem["code"], problem["reason"]) == (422, "webhook_address_not_taken", "inside")
        assert "https://hooks.example.org" in problem["next_action"] and problem["field"] == "/url"
        assert (await ground.done("GET", HOOKS))["webhooks"] == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://hooks.example.org/", "not_https"),
        ("ftp://hooks.example.org/", "not_https"),
        ("https://user:word@hooks.example.org/", "more_than_an_address"),
        ("https://hooks.example.org/?to=10.0.0.1", "more_than_an_address"),
        ("https://hooks.example.org/#part", "more_than_an_address"),
        ("https:///hook", "unreadable"),
        ("https://hooks.example.org\\@10.0.0.1/", "unreadable"),
    ],
)
async def test_what_is_no_plain_https_address_is_refused(clock: ManualClock, url: str, reason: str) -> None:
    async with world(clock, HttpWebhookPoster(allow_loopback=False, resolver=FixedNames("93.184.216.34"))) as ground:
        body = {"consumer": "kantor-statistik", "url": url, "kinds": [PRINTED]}
        assert (await ground.call("POST", HOOKS, body))[1]["reason"] == reason


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        (("10.0.0.5",), "inside"),
        (("93.184.216.34", "127.0.0.1"), "inside"),
        (("fd00::5",), "inside"),
        (("::ffff:192.168.0.1",), "inside"),
        ((), "name_unknown"),
        (("93.184.216.34",), None),
        (("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"), None),
    ],
)
async def test_a_name_must_lead_outside_with_every_address(
    clock: ManualClock, addresses: tuple[str, ...], reason: str | None
) -> None:
    async with world(clock, HttpWebhookPoster(allow_loopback=False, resolver=FixedNames(*addresses))) as ground:
        body = {"consumer": "kantor-statistik", "url": "https://hooks.example.org/", "kinds": [PRINTED]}
        _, answer = await ground.call("POST", HOOKS, body)
        assert answer.get("reason") == reason


async def test_a_name_that_leads_inside_later_reaches_nothing(clock: ManualClock, consumer: Consumer) -> None:
    """The name changes its mind after the registration: the connection is refused, and nothing is lost by it."""
    names = FixedNames("93.184.216.34")
    async with world(clock, HttpWebhookPoster(allow_loopback=False, resolver=names)) as ground:
        made = await ground.registered("https://hooks.example.org/")
        names.addresses = ("127.0.0.1",)
        await ground.hears(printed())
        await ground.settle()
        (delivery,) = await ground.deliveries(made["webhook_id"])
        assert (delivery["state"], delivery["reason"]) == ("waiting", "leads_inside")
        assert consumer.got == []


async def test_a_number_is_looked_at_again_for_each_post() -> None:
    poster = HttpWebhookPoster(allow_loopback=False)
    with pytest.raises(UpstreamDown, match="leads_inside"):
        await poster.post("https://127.0.0.1:1/", "{}", {})
    await poster.close()


async def test_loopback_passes_on_a_trial_alone(consumer: Consumer) -> None:
    """The twin: it is the setting that lets tests reach their own machine."""
    poster = HttpWebhookPoster(allow_loopback=True)
    await poster.check_address(consumer.url)
    assert await poster.post(consumer.url, "{}", {}) == 204
    await poster.close()
    with pytest.raises(NotOutside, match="not_https"):
        await HttpWebhookPoster(allow_loopback=False).check_address(consumer.url)


async def test_a_redirect_is_not_followed(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    consumer.status, consumer.headers = 307, {"Location": "/elsewhere"}
    await ground.hears(printed())
    await ground.settle()
    assert [delivered.path for delivered in consumer.got] == ["/hook"]
    assert (await ground.deliveries(made["webhook_id"]))[0]["reason"] == "status_307"


async def test_an_endless_answer_is_not_read(consumer: Consumer) -> None:
    consumer.endless, consumer.status = True, 200
    poster = HttpWebhookPoster(allow_loopback=True)
    assert await poster.post(consumer.url, "{}", {}) == 200
    await poster.close()


async def test_an_answer_that_does_not_come_ends_with_a_reason(consumer: Consumer) -> None:
    consumer.may_answer.clear()
    poster = HttpWebhookPoster(allow_loopback=True, timeout_seconds=0.05)
    with pytest.raises(UpstreamDown, match="timeout"):
        await poster.post(consumer.url, "{}", {})
    consumer.may_answer.set()
    with pytest.raises(UpstreamDown, match="not_reached"):
        await poster.post("http://127.0.0.1:1/", "{}", {})
    await poster.close()


# ---- what is sent -------------------------------------------------------------------------------------------------


async def test_an_event_arrives_signed_and_the_library_verifies_it(consumer: Consumer) -> None:
    async with world(ManualClock(datetime.now(UTC))) as ground:
        made = await ground.registered(consumer.url)
        envelope = await ground.hears(printed(), version=7)
        await ground.settle()
        (delivered,) = consumer.got
        event = Verifier(made["secret"]).verify(delivered.body, dict(delivered.headers))
        assert event == delivered.event
        assert (event["id"], event["type"], event["aggregateversion"]) == (envelope.id, PRINTED, 7)
        assert delivered.event_id == envelope.id
        assert delivered.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
        with pytest.raises(WebhookVerificationError, match="No matching"):
            Verifier(made["secret"]).verify(delivered.body + b" ", dict(delivered.headers))
        (shown,) = await ground.deliveries(made["webhook_id"])
        assert (shown["state"], shown["tries"], shown["event_id"]) == ("taken", 1, envelope.id)


async def test_a_signature_of_yesterday_is_refused(consumer: Consumer) -> None:
    async with world(ManualClock(datetime.now(UTC) - timedelta(days=1))) as ground:
        made = await ground.registered(consumer.url)
        await ground.hears(printed())
        await ground.settle()
        with pytest.raises(WebhookVerificationError, match="too old"):
            Verifier(made["secret"]).verify(consumer.got[0].body, dict(consumer.got[0].headers))


async def test_what_stays_inside_is_not_told_and_the_schema_says_what_is(ground: World, consumer: Consumer) -> None:
    await ground.registered(consumer.url, *KINDS)
    for kind in PUBLISHED:
        if kind is not WebhookTested:
            await ground.hears(event_of(kind))
    await ground.settle()
    assert sorted(delivered.event["type"] for delivered in consumer.got) == sorted(KINDS)
    for delivered in consumer.got:
        event = delivered.event
        assert "820261123000001" not in str(event) and "PSP1." not in str(event) and "account-1" not in str(event)
        assert event["datacontenttype"] == "application/json"
        assert set(event) == {
            *("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema"),
            *("aggregateversion", "data"),
        }
        path = event["dataschema"].removeprefix("http://127.0.0.1:8100")
        answer = await ground.client.get(path)
        assert (answer.status, answer.content_type) == (200, "application/schema+json")
        schema = json.loads(await answer.text())
        assert set(event["data"]) <= set(schema["properties"])
        assert set(schema["required"]) <= set(event["data"])


def test_a_schema_refuses_what_is_wrong() -> None:
    schema = told_schema(application.PassportPrinted)
    jsonschema.validate(told_data(printed()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"application_id": 5, "office_id": "x"}, schema)


@pytest.mark.parametrize("kind", PUBLISHED, ids=lambda kind: kind.__name__)
def test_every_member_of_a_published_event_was_decided_on(kind: type[Event]) -> None:
    told = set(PUBLISHED[kind])
    assert told <= set(kind.model_fields)
    assert not told & CODES and not told & {"account_id", "person_id", "applicant_id"}
    assert set(kind.model_fields) - told <= WITHHELD


def test_a_queue_is_told_no_codes() -> None:
    with_codes = {scheduling.AppointmentConfirmed, scheduling.AppointmentRescheduled, billing.BillIssued}
    assert {kind.TYPE for kind in with_codes} == set(KINDS) - set(WHOLE_KINDS)


async def test_the_kinds_are_open_to_everybody(ground: World) -> None:
    answer = await ground.client.get("/v1/webhook-kinds")
    kinds = (await answer.json())["kinds"]
    assert [kind["type"] for kind in kinds] == list(KINDS)
    assert all(kind["meaning"] for kind in kinds)
    assert (await ground.client.get("/v1/webhook-kinds/paspor.nobody.v1")).status == 404


async def test_only_the_chosen_kinds_are_told(ground: World, consumer: Consumer) -> None:
    await ground.registered(consumer.url, PAID)
    await ground.hears(printed())
    paid = await ground.hears(event_of(billing.BillPaid))
    await ground.settle()
    assert consumer.ids == [paid.id]


async def test_without_a_webhook_nothing_is_kept(ground: World) -> None:
    await ground.hears(printed())
    assert [record async for record in ground.store.scan(KEPT_EVENTS)] == []


async def test_a_message_that_the_broker_repeats_is_sent_once(ground: World, consumer: Consumer) -> None:
    await ground.registered(consumer.url)
    envelope = await ground.hears(printed())
    await ground.settle()
    await ground.hears(envelope)
    await ground.passes(LIMITS.idle_seconds)
    assert consumer.ids == [envelope.id]


async def test_an_event_published_again_after_a_restore_is_not_told_again(ground: World, consumer: Consumer) -> None:
    envelope = await ground.hears(printed())
    await ground.registered(consumer.url)
    ground.clock.advance(LIMITS.keep_seconds)
    await ground.hears(envelope)
    await ground.settle()
    assert consumer.got == []


async def test_a_crash_between_the_answer_and_its_note_sends_twice_with_one_id(
    ground: World, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await ground.registered(consumer.url)
    envelope = await ground.hears(printed())
    save = ground.store.save

    async def dies(kind: Any, *given: Any, **named: Any) -> Any:
        if kind is WEBHOOK_DELIVERIES:
            raise StoreUnavailable("the process has ended here")
        return await save(kind, *given, **named)

    monkeypatch.setattr(ground.store, "save", dies)
    with pytest.raises(StoreUnavailable):
        await ground.worker.run_due()
    monkeypatch.undo()
    await ground.passes(60)
    assert consumer.ids == [envelope.id, envelope.id]
    assert consumer.got[0].body == consumer.got[1].body
    await ground.passes(60)
    assert len(consumer.got) == 2
    assert [item["state"] for item in await ground.deliveries(made["webhook_id"])] == ["taken"]


# ---- failures -----------------------------------------------------------------------------------------------------


async def test_pauses_grow_and_the_webhook_is_disabled_after_days_and_nothing_is_lost(
    ground: World, consumer: Consumer
) -> None:
    made = await ground.registered(consumer.url)
    consumer.status = 500
    first = await ground.hears(printed())
    began = ground.clock.now()
    due = []
    await ground.settle()
    while (await ground.done("GET", f"{HOOKS}/{made['webhook_id']}"))["state"] == "active":
        delivery = (await ground.deliveries(made["webhook_id"]))[0]
        assert delivery["reason"] == "status_500"
        if delivery["due_at"] is not None and delivery["due_at"] not in due:
            due.append(delivery["due_at"])
        await ground.passes(3600)
    assert ground.clock.now() - began >= timedelta(seconds=LIMITS.try_seconds)
    moments = [datetime.fromisoformat(moment) for moment in due]
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    assert pauses == sorted(pauses) and pauses[-1] >= 12 * 3600 and len(due) < 25
    shown = await ground.done("GET", f"{HOOKS}/{made['webhook_id']}")
    assert (shown["state"], shown["disabled_because"]) == ("disabled", "failing")

    await ground.settle()
    (mail,) = ground.mailer.taken
    assert mail.to == OPERATOR_EMAIL and "kantor-statistik" in mail.body

    meanwhile = await ground.hears(printed())
    consumer.status = 204
    consumer.got.clear()
    await ground.passes(3600)
    assert consumer.got == [], "disabled"
    await ground.done("POST", f"{HOOKS}/{made['webhook_id']}/enabling")
    await ground.settle()
    assert consumer.ids == [meanwhile.id]
    await ground.done("POST", f"{HOOKS}/{made['webhook_id']}/replays", {"from_event": first.id})
    await ground.settle()
    assert first.id in consumer.ids


async def test_an_address_that_is_gone_disables_at_once(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    consumer.status = 410
    await ground.hears(printed())
    await ground.settle()
    await ground.settle()
    shown = await ground.done("GET", f"{HOOKS}/{made['webhook_id']}")
    assert (shown["state"], shown["disabled_because"]) == ("disabled", "gone")
    assert len(ground.mailer.taken) == 1


async def test_a_failed_delivery_does_not_hold_up_later_ones(ground: World, consumer: Consumer) -> None:
    """Deliveries are not in order: the first waits for its next try while the second is taken."""
    await ground.registered(consumer.url)
    consumer.status = 503
    first = await ground.hears(printed())
    await ground.settle()
    consumer.status = 204
    second = await ground.hears(printed())
    await ground.passes(LIMITS.rest_seconds)
    assert sorted(consumer.ids[1:]) == sorted([first.id, second.id])


async def test_a_slow_consumer_holds_up_neither_another_nor_a_mail(ground: World, consumer: Consumer) -> None:
    async with Consumer().served() as slow:
        slow.may_answer.clear()
        await ground.registered(slow.url, consumer="slow")
        await ground.registered(consumer.url, consumer="quick")
        await ground.hears(printed())
        working = asyncio.create_task(ground.worker.run())
        try:
            await asyncio.wait_for(slow.begun.wait(), 10)
            await asyncio.wait_for(consumer.begun.wait(), 10)
            assert not slow.may_answer.is_set()
        finally:
            slow.may_answer.set()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


async def test_one_after_the_other_a_slow_consumer_would_hold_up_all(ground: World, consumer: Consumer) -> None:
    """The twin: without a place of its own for each webhook the second waits for the first."""
    async with Consumer().served() as slow:
        slow.may_answer.clear()
        await ground.registered(slow.url, consumer="slow")
        ground.clock.advance(1)
        await ground.registered(consumer.url, consumer="quick")
        await ground.hears(printed())
        serial = asyncio.create_task(ground.worker.run_due())
        await asyncio.wait_for(slow.begun.wait(), 10)
        assert not consumer.begun.is_set()
        slow.may_answer.set()
        await serial
        assert consumer.begun.is_set()


async def test_at_most_four_deliveries_of_one_webhook_are_on_their_way(ground: World, consumer: Consumer) -> None:
    await ground.registered(consumer.url)
    consumer.may_answer.clear()
    for _ in range(LIMITS.at_once + 3):
        await ground.hears(printed())
    working = asyncio.create_task(ground.worker.run_due())
    await asyncio.wait_for(consumer.begun.wait(), 10)
    while len(consumer.got) < LIMITS.at_once:  # noqa: ASYNC110 - requests of others arrive by themselves
        await asyncio.sleep(0)
    assert len(consumer.got) == LIMITS.at_once
    consumer.may_answer.set()
    await working
    assert len(set(consumer.ids)) == LIMITS.at_once + 3


# ---- what operators do --------------------------------------------------------------------------------------------


async def test_two_secrets_overlap_for_a_day(consumer: Consumer) -> None:
    async with world(ManualClock(datetime.now(UTC))) as ground:
        made = await ground.registered(consumer.url)
        path = f"{HOOKS}/{made['webhook_id']}/secrets"
        turned = await ground.done("POST", path, key="turn-it-once")
        assert (await ground.done("POST", path, key="turn-it-once"))["secret"] == turned["secret"] != made["secret"]
        await ground.hears(printed())
        await ground.settle()
        for secret in (made["secret"], turned["secret"]):
            Verifier(secret).verify(consumer.got[0].body, dict(consumer.got[0].headers))
        assert len(consumer.got[0].headers["webhook-signature"].split()) == 2
        third = await ground.done("POST", path)
        await ground.hears(printed())
        await ground.passes(LIMITS.idle_seconds)
        for secret in (turned["secret"], third["secret"]):
            Verifier(secret).verify(consumer.got[1].body, dict(consumer.got[1].headers))
        with pytest.raises(WebhookVerificationError):
            Verifier(made["secret"]).verify(consumer.got[1].body, dict(consumer.got[1].headers))


def test_a_replaced_secret_ends_at_its_moment(clock: ManualClock) -> None:
    until = clock.now()
    assert SigningSecret("k1.x", until).signs(until - timedelta(milliseconds=1))
    assert not SigningSecret("k1.x", until).signs(until)


async def test_a_day_after_the_turn_the_old_secret_signs_no_more(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    await ground.done("POST", f"{HOOKS}/{made['webhook_id']}/secrets")
    ground.clock.advance(LIMITS.overlap_seconds)
    await ground.hears(printed())
    await ground.settle()
    assert len(consumer.got[0].headers["webhook-signature"].split()) == 1


async def test_a_test_goes_to_that_webhook_alone(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    other = await ground.registered(consumer.url, consumer="another")
    status, _ = await ground.call("POST", f"{HOOKS}/{made['webhook_id']}/tests")
    assert status == 202
    await ground.settle()
    (delivered,) = consumer.got
    assert delivered.event["type"] == WebhookTested.TYPE
    assert delivered.event["data"]["webhook_id"] == made["webhook_id"]
    assert await ground.deliveries(other["webhook_id"]) == []
    assert (await ground.client.get(f"/v1/webhook-kinds/{WebhookTested.TYPE}")).status == 200


async def test_what_comes_while_disabled_is_sent_afterwards(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    path = f"{HOOKS}/{made['webhook_id']}"
    for _ in range(2):
        assert (await ground.done("POST", f"{path}/disabling"))["disabled_because"] == "operator"
    await ground.settle()
    assert ground.mailer.taken == [], "the operator knows"
    envelope = await ground.hears(printed())
    await ground.passes(3600)
    assert consumer.got == []
    status, problem = await ground.call("POST", f"{path}/tests")
    assert (status, problem["code"], problem["state"]) == (409, "webhook_state_forbids", "disabled")
    for _ in range(2):
        assert (await ground.done("POST", f"{path}/enabling"))["state"] == "active"
    await ground.settle()
    assert consumer.ids == [envelope.id]


async def test_a_deleted_webhook_gets_nothing_more(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    await ground.hears(printed())
    path = f"{HOOKS}/{made['webhook_id']}"
    assert (await ground.call("DELETE", path))[0] == 204
    await ground.passes(60)
    assert consumer.got == []
    for method, place, body in (
        ("GET", path, None),
        ("DELETE", path, None),
        ("POST", f"{path}/tests", None),
        ("POST", f"{path}/secrets", None),
        ("POST", f"{path}/enabling", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/replays", {"from_time": "2026-11-23T02:00:00Z"}),
    ):
        status, problem = await ground.call(method, place, body)
        assert (status, problem["code"]) == (404, "webhook_unknown"), place


async def test_a_replay_sends_what_is_kept_from_a_time_on(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    early = await ground.hears(printed())
    await ground.passes(60)
    since = ground.clock.now()
    late = [await ground.hears(printed()) for _ in range(2)]
    await ground.hears(event_of(billing.BillPaid))
    await ground.settle()
    consumer.got.clear()
    path = f"{HOOKS}/{made['webhook_id']}/replays"
    body = {"from_time": since.isoformat().replace("+00:00", "Z")}
    status, replayed = await ground.call("POST", path, body)
    assert (status, replayed) == (202, {"replayed": 2, "continue_from": None})
    await ground.settle()
    assert sorted(consumer.ids) == sorted(envelope.id for envelope in late)
    assert early.id not in consumer.ids


async def test_a_webhook_that_came_later_is_told_by_a_replay(ground: World, consumer: Consumer) -> None:
    await ground.registered(consumer.url, PAID)
    envelope = await ground.hears(printed())
    later = await ground.registered(consumer.url, PRINTED, consumer="later")
    await ground.done("POST", f"{HOOKS}/{later['webhook_id']}/replays", {"from_event": envelope.id})
    await ground.settle()
    assert consumer.ids == [envelope.id]


async def test_a_long_replay_goes_on_where_the_call_before_ended(clock: ManualClock, consumer: Consumer) -> None:
    async with world(clock) as ground:
        made = await ground.registered(consumer.url)
        rules = WebhookRules(most_replayed=2)
        object.__setattr__(ground.parts.service.webhooks, "_rules", rules)
        sent = [await ground.hears(printed()) for _ in range(3)]
        ground.clock.advance(1)
        sent += [await ground.hears(printed()) for _ in range(2)]
        await ground.settle()
        consumer.got.clear()
        path, body, counts = f"{HOOKS}/{made['webhook_id']}/replays", {"from_time": "2026-11-23T00:00:00Z"}, []
        while body:
            answer = await ground.done("POST", path, body)
            counts.append(answer["replayed"])
            body = {"from_event": answer["continue_from"]} if answer["continue_from"] else {}
        await ground.settle()
        assert counts == [2, 2, 1]
        assert sorted(consumer.ids) == sorted(envelope.id for envelope in sent)


@pytest.mark.parametrize(
    "body", [{}, {"from_time": "2026-11-23T02:00:00Z", "from_event": "e1"}, {"from_time": "yesterday"}]
)
async def test_a_replay_begins_at_a_time_or_at_an_event(ground: World, consumer: Consumer, body: Any) -> None:
    made = await ground.registered(consumer.url)
    assert (await ground.call("POST", f"{HOOKS}/{made['webhook_id']}/replays", body))[0] == 422


async def test_events_are_kept_for_two_weeks_and_no_longer(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    envelope = await ground.hears(printed())
    await ground.settle()
    path, body = f"{HOOKS}/{made['webhook_id']}/replays", {"from_event": envelope.id}
    ground.clock.advance(LIMITS.keep_seconds - 1)
    assert (await ground.done("POST", path, body))["replayed"] == 1
    ground.clock.advance(1)
    status, problem = await ground.call("POST", path, body)
    assert (status, problem["code"]) == (404, "webhook_event_unknown")
    await ground.settle()
    assert len(consumer.got) == 1, "the replay of the last second was not sent in time"


async def test_secrets_turn_with_the_master_key(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    kept = await ground.store.get(WEBHOOKS, made["webhook_id"])
    assert kept is not None
    vault = ground.parts.service.webhooks._vault
    assert vault.is_current(kept.id, kept.state)
    turned = await vault.turned(kept.id, kept.state)
    assert turned.secrets[0].sealed != kept.state.secrets[0].sealed
    assert vault.open_newest(kept.id, turned) == made["secret"]


async def test_a_secret_that_does_not_open_is_a_reason_and_stops_nobody(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    kept = await ground.store.get(WEBHOOKS, made["webhook_id"])
    assert kept is not None
    broken = Webhook(**{**vars(kept.state), "secrets": (SigningSecret("k1.AAAA"),)})
    await ground.store.save(WEBHOOKS, kept, broken, now=ground.clock.now())
    other = await ground.registered(consumer.url, consumer="another")
    await ground.hears(printed())
    await ground.settle()
    assert (await ground.deliveries(made["webhook_id"]))[0]["reason"] == "secret_unreadable"
    assert (await ground.deliveries(other["webhook_id"]))[0]["state"] == "taken"


async def test_deliveries_are_paged_by_time(ground: World, consumer: Consumer) -> None:
    made = await ground.registered(consumer.url)
    await ground.hears(printed())
    ground.clock.advance(1)
    await ground.hears(printed())
    path = f"{HOOKS}/{made['webhook_id']}/deliveries"
    whole = await ground.done("GET", path)
    first = await ground.done("GET", f"{path}?limit=1")
    second = await ground.done("GET", f"{path}?limit=1&after={first['next']}")
    assert [*first["deliveries"], *second["deliveries"]] == whole["deliveries"]
    assert (len(whole["deliveries"]), whole["next"], second["next"]) == (2, None, None)


async def test_a_notice_that_waits_does_not_hold_up_the_webhook(ground: World, consumer: Consumer) -> None:
    """The account's contact card has not arrived, so the mail waits; the consumer is told all the same."""
    await ground.registered(consumer.url)
    envelope = await ground.hears(printed())
    assert [record async for record in ground.store.scan(DELIVERIES)] == []
    await ground.settle()
    assert consumer.ids == [envelope.id]


def test_the_limits_are_within_what_they_must_be() -> None:
    """A round and its last answer end within the lease of a deadline, and all connections are a hundred at most."""
    assert Rules().webhooks == LIMITS
    assert LIMITS.round_seconds + LIMITS.timeout_seconds < 30
    assert LIMITS.most_webhooks * LIMITS.at_once <= 100
    assert [LIMITS.pause(tries).total_seconds() for tries in (1, 2, 8, 9)] == [5, 30, 43200, 43200]


def test_a_round_that_ends_after_the_webhook_was_disabled_wakes_it_no_more() -> None:
    now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    active = Webhook("kantor", "https://hooks.example.org", (PRINTED,), (SigningSecret("sealed"),), "operator", now)
    disabled = disable(active, "w-1", WebhookEnd.OPERATOR, now).state
    ended = end_round(disabled, "w-1", Round(failed=True, next_due=now), WebhookRules(), now)
    assert (ended.state, ended.events) == (disabled, ())
    assert end_round(active, "w-1", Round(failed=True, next_due=now), WebhookRules(), now).state.wakes_at is not None
