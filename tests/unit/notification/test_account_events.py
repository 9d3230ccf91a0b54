"""The stream of an account's own things over HTTP, wired as the process wires it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from services.notification.account_feeds import feed
from services.notification.account_feeds.repository import FEEDS
from services.notification.app import build
from shared.bus.dispatch import Dispatcher, Outcome
from shared.clock import ManualClock
from shared.deadlines import DeadlineWorker
from shared.events import application, billing, scheduling
from shared.events.identity import AccountJoined, ErasureOrdered, SessionEnded
from shared.http import RUNTIME
from shared.http.app import build_app
from shared.http.options import FOLLOWED_STREAMS_EACH, HttpOptions
from shared.service import Parts
from shared.store.memory import MemoryStore
from shared.tokens import Caller, Role, StaticKeys, TokenIssuer, TokenVerifier, new_signing_key_pem
from tests.conftest import START
from tests.unit.notification.samples import event_of
from tests.unit.notification.test_http import platform, settings
from tests.unit.notification.world import ACCOUNT, FakeChannel, a_card
from tests.unit.world import envelope_of

PATH = "/v1/account-events"
_PEM = new_signing_key_pem()
Client = TestClient[web.Request, web.Application]


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@dataclass
class Stream:
    """One open stream."""

    answer: ClientResponse

    async def event(self) -> tuple[str, str, Any]:
        """Return name, id and data of the next event; heartbeats and `retry` are passed over."""
        while True:
            block = (await self.answer.content.readuntil(b"\n\n")).decode()
            fields = dict(line.split(": ", 1) for line in block.splitlines() if line.strip(":") and line[0] != ":")
            if "data" in fields:
                return fields["event"], fields.get("id", ""), json.loads(fields["data"])

    async def rest(self) -> bytes:
        """Return what comes until the service ends the stream."""
        return await self.answer.content.read()


class World:
    """Notification, as many replicas of it as are started, on one store."""

    def __init__(self, clock: ManualClock, stack: AsyncExitStack) -> None:
        self.clock = clock
        self.ground = platform(clock)
        self._stack = stack
        self.parts: Parts = build(settings(), self.ground, mailer=FakeChannel(), sms=FakeChannel())

    async def replica(self, *, follows: bool = True, **options: Any) -> Client:
        issuer = TokenIssuer(_PEM, "paspor-identity", self.clock)
        assert isinstance(self.ground.store, MemoryStore)
        app = build_app(
            self.parts.endpoints,
            service_name="notification",
            clock=self.clock,
            verifier=TokenVerifier(StaticKeys(issuer.jwks()), self.clock),
            sessions=self.parts.sessions,
            options=HttpOptions(**options),
            changes=self.ground.store if follows else None,
        )
        app[self.parts.key] = self.parts.service
        client: Client = TestClient(TestServer(app))
        await self._stack.enter_async_context(client)
        return client

    async def hears(self, message: Any, *, message_id: str | None = None, version: int = 1) -> Outcome:
        envelope = envelope_of(message, self.clock.now(), version=version, message_id=message_id)
        return await Dispatcher(self.parts.events, self.parts.commands).handle(envelope)

    async def works(self) -> None:
        await DeadlineWorker(self.ground.store, self.parts.kinds, self.parts.deadlines, self.clock, "t").run_due()

    def bearer(self, account_id: str = ACCOUNT, session_id: str = "s", role: Role = Role.APPLICANT) -> dict[str, str]:
        token = TokenIssuer(_PEM, "paspor-identity", self.clock).issue(Caller(account_id, role, session_id), 900)
        return {"Authorization": f"Bearer {token}"}

    async def open(self, client: Client, last_id: str | None = None, **who: Any) -> Stream:
        headers = self.bearer(**who) | ({"Last-Event-ID": last_id} if last_id is not None else {})
        answer = await client.get(PATH, headers=headers)
        assert (answer.status, answer.content_type) == (200, "text/event-stream"), await answer.text()
        return Stream(answer)

    async def kept(self, account_id: str = ACCOUNT) -> feed.Feed | None:
        record = await self.ground.store.get(FEEDS, account_id)
        return record.state if record is not None else None


@pytest.fixture
async def world(clock: ManualClock) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield World(clock, stack)


def a_bill(**given: Any) -> billing.BillIssued:
    bill: billing.BillIssued = event_of(billing.BillIssued, bill_id="bill-1", **given)
    return bill


def ended(session_id: str = "s", account_id: str = ACCOUNT) -> SessionEnded:
    return event_of(SessionEnded, session_id=session_id, account_id=account_id)  # type: ignore[no-any-return]


async def test_a_change_is_told_as_kind_id_fact_version_and_address_alone(world: World) -> None:
    stream = await world.open(await world.replica())
    begin, begun_id, notice = await stream.event()
    assert (begin, notice["code"]) == ("begin", "begin") and begun_id
    await world.hears(a_bill(), version=7)
    name, event_id, data = await stream.event()
    at = data.pop("at")
    assert (name, data) == (
        "change",
        {"kind": "bill", "id": "bill-1", "fact": "issued", "version": 7, "href": "/v1/bills/bill-1"},
    )
    assert at and int(event_id.split("-")[0]) > int(begun_id.split("-")[0])


async def test_it_begins_with_how_long_to_wait_before_coming_back(world: World) -> None:
    stream = await world.open(await world.replica())
    assert (await stream.answer.content.readuntil(b"\n")) == b"retry: 3000\n"
    assert stream.answer.headers["X-Accel-Buffering"] == "no"
    assert stream.answer.headers["Cache-Control"] == "no-store"


async def test_things_of_all_services_come_in_one_stream_before_any_contact_card_is_here(world: World) -> None:
    stream = await world.open(await world.replica())
    await stream.event()
    letter = event_of(application.LetterReady, application_id="application-1")
    seat = event_of(scheduling.SeatHeld, appointment_id="appointment-1")
    for event in (letter, seat, event_of(billing.RefundMoved, refund_id="refund-1", state="paid")):
        await world.hears(event)
    assert await world.hears(a_bill()) is Outcome.LATER, "its mail waits for the card, the stream does not"
    told = [(await stream.event())[2] for _ in range(4)]
    assert [(data["kind"], data["fact"], data["href"]) for data in told] == [
        ("letter", "ready", "/v1/applications/application-1/letter"),
        ("appointment", "held", "/v1/appointments/appointment-1"),
        ("refund", "paid", "/v1/refunds/refund-1"),
        ("bill", "issued", "/v1/bills/bill-1"),
    ]


async def test_a_repeated_message_is_told_once_and_its_mail_is_queued_once_the_card_is_here(world: World) -> None:
    assert await world.hears(a_bill(), message_id="m1") is Outcome.LATER
    await world.hears(a_card())
    assert await world.hears(a_bill(), message_id="m1") is Outcome.DONE
    kept = await world.kept()
    assert kept is not None and [entry.message_id for entry in kept.entries] == ["m1"]


async def test_a_stream_goes_on_at_another_replica_after_the_last_id(world: World) -> None:
    here, there = await world.replica(), await world.replica()
    first = await world.open(here)
    await first.event()
    await world.hears(a_bill())
    _, last_id, _ = await first.event()
    first.answer.close()
    await world.hears(event_of(billing.BillPaid, bill_id="bill-1"))
    again = await world.open(there, last_id)
    begun = await again.event()
    assert begun[:2] == ("begin", last_id)
    assert (await again.event())[2]["fact"] == "paid"


async def test_a_reader_who_left_before_any_change_misses_none(world: World) -> None:
    client = await world.replica()
    first = await world.open(client)
    _, begun_id, _ = await first.event()
    first.answer.close()
    await world.hears(a_bill())
    again = await world.open(client, begun_id)
    await again.event()
    assert (await again.event())[2]["fact"] == "issued"


async def test_an_id_that_is_too_old_tells_to_read_everything_again_and_the_stream_goes_on(world: World) -> None:
    client = await world.replica()
    _, old_id, _ = await (await world.open(client)).event()
    most = world.parts.service.context.rules.feeds.most_entries
    for number in range(most):
        await world.hears(event_of(billing.BillDelayed, bill_id=f"bill-{number}"), message_id=f"m{number}")
    assert (await (await world.open(client, old_id)).event())[0] == "begin", "all of it is still there"
    await world.hears(a_bill(), message_id="one more")
    late = await world.open(client, old_id)
    name, new_id, notice = await late.event()
    assert (
        (name, notice["code"]) == ("read_again", "too_old")
        and notice["next_action"]
        and notice["next_action_in_indonesian"]
    )
    assert new_id.split("-")[0] > old_id.split("-")[0]
    await world.hears(event_of(billing.BillPaid, bill_id="bill-1"))
    assert (await late.event())[2]["fact"] == "paid"


@pytest.mark.parametrize("said", ["yesterday", feed.id_of("account-2", int(START.timestamp() * 1000))])
async def test_an_id_of_something_else_is_told_and_nothing_is_lost(world: World, said: str) -> None:
    stream = await world.open(await world.replica(), said)
    name, _, notice = await stream.event()
    assert (name, notice["code"]) == ("read_again", "unknown")


async def test_what_is_another_accounts_is_not_told(world: World) -> None:
    stream = await world.open(await world.replica())
    await stream.event()
    await world.hears(a_bill(account_id="account-2"))
    await world.hears(event_of(billing.BillPaid, bill_id="own"))
    assert (await stream.event())[2]["id"] == "own"


async def test_a_refund_of_no_account_is_in_no_feed(world: World) -> None:
    await world.hears(event_of(billing.RefundOpened, account_id=None))
    assert [record async for record in world.ground.store.scan(FEEDS)] == []


# ---- ends ----


async def test_signing_out_ends_that_sessions_streams_and_no_other(world: World) -> None:
    client = await world.replica()
    gone, stays = await world.open(client, session_id="s"), await world.open(client, session_id="s2")
    await gone.event()
    await stays.event()
    await world.hears(ended("s"))
    name, _, notice = await gone.event()
    assert (name, notice["code"]) == ("end", "session_over")
    assert await gone.rest() == b""
    assert (await stays.event())[2] | {"at": ""} == {
        "kind": "session",
        "id": "s",
        "fact": "ended",
        "version": 1,
        "at": "",
        "href": "/v1/account",
    }


async def test_after_signing_out_no_stream_is_opened(world: World) -> None:
    client = await world.replica()
    await world.hears(ended("s"))
    answer = await client.get(PATH, headers=world.bearer() | {"Accept-Language": "en"})
    problem = await answer.json()
    assert (answer.status, problem["code"]) == (401, "session_over") and problem["next_action"]


async def test_a_session_that_ends_while_the_stream_opens_is_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended after the door's check, before there was a feed to tell it in."""
    client, feeds = await world.replica(), world.parts.service.account_feeds
    open_feed = feeds._feeds.open_feed

    async def late(account_id: str) -> feed.Feed:
        await world.hears(ended("s"))
        return await open_feed(account_id)  # type: ignore[no-any-return]

    monkeypatch.setattr(feeds._feeds, "open_feed", late)
    assert (await client.get(PATH, headers=world.bearer())).status == 401


async def test_the_end_of_a_member_of_staffs_session_makes_no_feed(world: World) -> None:
    await world.hears(ended("s", "staff-1"))
    assert await world.kept("staff-1") is None


async def test_it_ends_with_its_token(world: World) -> None:
    client, headers = await world.replica(), world.bearer()
    world.clock.advance(900)
    answer = await client.get(PATH, headers=headers)
    stream = Stream(answer)
    await stream.event()
    name, _, notice = await stream.event()
    assert (name, notice["code"]) == ("end", "token_over")
    assert await stream.rest() == b""


async def test_a_closed_account_ends_its_stream_and_the_one_that_stays_is_told(world: World) -> None:
    client = await world.replica()
    closed, stays = await world.open(client, account_id="account-2"), await world.open(client)
    await closed.event()
    await stays.event()
    joined = AccountJoined(from_account_id="account-2", into_account_id=ACCOUNT, applicant_ids=())
    await world.hears(joined)
    name, _, notice = await closed.event()
    assert (name, notice["code"]) == ("end", "account_joined")
    assert (await stays.event())[2]["fact"] == "accounts_joined"
    await world.hears(a_bill(account_id="account-2"))
    assert (await stays.event())[2]["id"] == "bill-1", "what others tell of the closed account is the other's"


async def test_an_erased_account_ends_its_stream_and_nothing_of_it_is_kept(world: World) -> None:
    await world.hears(a_bill())
    stream = await world.open(await world.replica())
    await stream.event()
    await world.hears(ErasureOrdered(erasure_id="e1", account_id=ACCOUNT, whole_account=True))
    await world.works()
    name, _, notice = await stream.event()
    assert (name, notice["code"]) == ("end", "feed_gone")
    await world.hears(event_of(billing.BillPaid))
    assert await world.kept() is None, "a late message begins no feed again"


async def test_it_ends_when_the_process_drains(world: World) -> None:
    client = await world.replica()
    stream = await world.open(client)
    await stream.event()
    client.app[RUNTIME].drain()
    assert await stream.rest() == b""
    assert client.app[RUNTIME].streams_inside == 0


async def test_it_beats_while_nothing_happens(world: World) -> None:
    stream = await world.open(await world.replica(heartbeat_seconds=0.01))
    await stream.event()
    for _ in range(3):
        assert await stream.answer.content.readuntil(b"\n\n") == b": still here\n\n"


async def test_without_a_stream_of_changes_it_looks_at_each_heartbeat(world: World) -> None:
    stream = await world.open(await world.replica(follows=False, heartbeat_seconds=0.01))
    await stream.event()
    await world.hears(a_bill())
    assert (await stream.event())[2]["fact"] == "issued"


# ---- limits ----


async def test_an_account_has_so_many_streams_and_one_more_is_refused(world: World) -> None:
    client = await world.replica()
    open_ones = [await world.open(client) for _ in range(FOLLOWED_STREAMS_EACH)]
    answer = await client.get(PATH, headers=world.bearer() | {"Accept-Language": "en"})
    problem = await answer.json()
    assert (answer.status, problem["code"], answer.headers["Retry-After"]) == (429, "too_many_at_once", "5")
    assert (await client.get(PATH, headers=world.bearer("account-2"))).status == 200
    assert len(open_ones) == 3


async def test_a_full_process_refuses_streams_and_still_answers_everything_else(world: World) -> None:
    client = await world.replica(max_followed_streams=2, max_in_flight=1, max_own_streams=1, max_waiting=1)
    for account_id in ("account-1", "account-2"):
        await (await world.open(client, account_id=account_id)).event()
    refused = await client.get(PATH, headers=world.bearer("account-3"))
    assert (refused.status, (await refused.json())["code"], refused.headers["Retry-After"]) == (503, "too_busy", "1")
    assert (await client.get("/v1/deliveries", headers=world.bearer("account-3"))).status == 200
    runtime = client.app[RUNTIME]
    assert (runtime.gate.inside, runtime.own_streams.inside, runtime.waiting.gate.inside) == (0, 0, 0)


@pytest.mark.parametrize(
    ("headers_of", "status"),
    [
        (lambda _world: {}, 401),
        (lambda world: world.bearer(role=Role.FRONT_OFFICER), 403),
        (lambda world: world.bearer(role=Role.OPERATOR), 403),
    ],
)
async def test_only_an_applicant_has_one(
    world: World, headers_of: Callable[[World], dict[str, str]], status: int
) -> None:
    client = await world.replica()
    assert (await client.get(PATH, headers=headers_of(world))).status == status


# ---- races ----


async def note_at_once(world: World, monkeypatch: pytest.MonkeyPatch, *, guarded: bool) -> list[int]:
    """Note five messages at the same moment, each after all have read the feed; return the numbers that are kept."""
    store = world.ground.store
    get, save = store.get, store.save

    async def slow_get(kind: Any, record_id: str) -> Any:
        found = await get(kind, record_id)
        await asyncio.sleep(0)
        return found

    async def blind_save(kind: Any, record: Any, state: Any, **more: Any) -> Any:
        newest = await get(kind, record.id)
        assert newest is not None
        return await save(kind, newest, state, **more)

    await world.hears(event_of(billing.BillDelayed, bill_id="first"))
    monkeypatch.setattr(store, "get", slow_get)
    if not guarded:
        monkeypatch.setattr(store, "save", blind_save)
    feeds = world.parts.service.account_feeds
    bills = [event_of(billing.BillPaid, bill_id=f"bill-{number}") for number in range(5)]
    await asyncio.gather(*(feeds.note(bill, envelope_of(bill, world.clock.now())) for bill in bills))
    kept = await world.kept()
    assert kept is not None
    return [entry.number for entry in kept.entries]


async def test_what_is_noted_at_once_gets_a_number_each(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = await note_at_once(world, monkeypatch, guarded=True)
    assert len(numbers) == 6 and sorted(set(numbers)) == numbers


async def test_twin_without_the_version_an_entry_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(await note_at_once(world, monkeypatch, guarded=False)) < 6


async def test_an_event_between_the_join_and_its_readers_is_told_to_the_one_that_stays(world: World) -> None:
    """The closed account's feed leads on in the write that a later note meets, whichever handler comes first."""
    stays = await world.open(await world.replica())
    await stays.event()
    await world.hears(a_bill(account_id="account-2"))
    joined = AccountJoined(from_account_id="account-2", into_account_id=ACCOUNT, applicant_ids=())
    await world.hears(joined, message_id="join")
    await world.hears(joined, message_id="join")
    await world.hears(event_of(billing.BillPaid, bill_id="bill-1", account_id="account-2"))
    told = [(await stays.event())[2]["fact"] for _ in range(2)]
    assert told == ["accounts_joined", "paid"], "a repeat of the join is told once"
