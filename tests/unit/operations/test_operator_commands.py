"""An operator's commands on invented letters and an invented archive: no broker, no database."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_suite import state_file
from local_suite.errors import CommandError
from local_suite.parts import SERVICES
from operations import servers
from operations.audit_log import AuditLog
from operations.dead_letters import DeadLetterCommands, check_reason, refuse_in_sentences
from operations.errors import AuditNotWritten, RequestMakesNoSense
from operations.output import age_of
from operations.resync import Resync
from shared import context
from shared.bus import dead_letters as dead
from shared.bus import topology
from shared.bus.dead_letters import LONGEST_LIST, MOST_RETURNS, DeadLetters, NoSuchDeadLetter
from shared.bus.republish import BATCH_TRIES, BrokerDoesNotTakeAll, republish
from shared.events import subscriptions
from shared.events.envelope import Envelope
from shared.events.identity import AccountRegistered
from shared.store.kinds import INBOX_DAYS
from shared.store.memory import MemoryStore
from tests.contract.test_store import TICKET, ticket

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class FakeMessage:
    """A message in the dead queue."""

    def __init__(self, body: bytes, message_id: str | None, headers: dict[str, Any] | None = None) -> None:
        self.body, self.message_id, self.headers = body, message_id, headers or {}
        self.type = "paspor.identity.account.registered.v1" if message_id else None
        self.timestamp, self.content_type = NOW - timedelta(days=8), "application/cloudevents+json"
        self.fate = ""

    async def ack(self) -> None:
        self.fate = "acked"

    async def nack(self, requeue: bool) -> None:
        assert requeue
        self.fate = "returned"


class FakeBroker:
    """A channel, its default exchange and the dead queue in one: what is published is noted, in order."""

    def __init__(self, *messages: FakeMessage) -> None:
        self.waiting = list(messages)
        self.published: list[tuple[str, Any]] = []
        self.breaks_after_publish = False
        self.default_exchange = self
        self.declaration_result = type("Ok", (), {"message_count": len(messages)})

    async def get(self, *, fail: bool, **_: float) -> FakeMessage | None:
        return self.waiting.pop(0) if self.waiting else None

    async def publish(self, message: Any, queue: str, *, mandatory: bool, **_: float) -> None:
        assert mandatory
        self.published.append((queue, message))
        if self.breaks_after_publish:
            raise ConnectionResetError

    def letters(self, service: str = "billing") -> DeadLetters:
        return DeadLetters(service, self, self)  # type: ignore[arg-type]


def envelope(name: str) -> Envelope:
    causation = context.new_causation(correlation_id="c1")
    return Envelope(
        id=f"event-{name}",
        source="identity",
        subject=name,
        time=NOW,
        correlation_id=causation.correlation_id,
        causation_id=causation.causation_id,
        traceparent=causation.traceparent,
        aggregate_version=1,
        data=AccountRegistered(account_id=name, language="id"),
    )


def letter(name: str, **headers: Any) -> FakeMessage:
    return FakeMessage(envelope(name).to_bytes(), f"event-{name}", headers)


class Told:
    """A desk over fakes, with what it said and wrote down."""

    def __init__(self, folder: Path, **brokers: FakeBroker) -> None:
        self.said: list[str] = []
        self.audit = AuditLog(folder / "logs" / "audit.log")
        self.brokers = brokers
        self.desk = DeadLetterCommands("amqp://invented", self.audit, self.said.append, open_at=self._open)

    @contextlib.asynccontextmanager
    async def _open(self, url: str, service: str) -> AsyncIterator[DeadLetters]:
        letters = self.brokers.get(service, FakeBroker()).letters(service)
        try:
            yield letters
        finally:
            await letters.give_back()

    def written(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.audit.path.read_text().splitlines()]


async def test_the_list_shows_type_subject_age_and_cause_and_returns_every_letter(tmp_path: Path) -> None:
    buried = (datetime.now(UTC) - timedelta(hours=3, minutes=5)).isoformat()
    one = letter("a", **{topology.BURIED_BECAUSE: "KeyError", topology.BURIED_AT: buried})
    told = Told(tmp_path, billing=FakeBroker(one))
    assert await told.desk.list(["billing", "identity"]) == 0
    assert told.said == [
        "billing: 1 dead letter",
        "  event-a  buried 3 h ago  KeyError\n      paspor.identity.account.registered.v1 of a",
    ]
    assert one.fate == "returned"


async def test_an_empty_list_says_so(tmp_path: Path) -> None:
    told = Told(tmp_path)
    assert await told.desk.list(SERVICES) == 0
    assert told.said == ["No dead letters."]


async def test_the_list_for_machines_is_one_object_per_letter(tmp_path: Path) -> None:
    told = Told(tmp_path, billing=FakeBroker(letter("a"), letter("b")))
    await told.desk.list(["billing"], as_json=True)
    assert [json.loads(line)["message_id"] for line in told.said] == ["event-a", "event-b"]


async def test_a_letter_is_shown_whole_and_an_unreadable_one_never(tmp_path: Path) -> None:
    told = Told(tmp_path, billing=FakeBroker(letter("a")))
    await told.desk.show("billing", "event-a")
    assert json.loads(told.said[0])["event"]["data"]["account_id"] == "a"

    stranger = FakeMessage(b'{"type": "odd\\u001b[2J", "data": {"nik": "3171234567890123"}}', None)
    name = dead.id_of(stranger)  # type: ignore[arg-type]
    told = Told(tmp_path, billing=FakeBroker(stranger))
    await told.desk.show("billing", name)
    shown = json.loads(told.said[0])
    assert (shown["event"], shown["type"], shown["because"]) == (None, "odd?[2J", "unknown")
    assert "3171234567890123" not in told.said[0]


@pytest.mark.parametrize("body", [b"no JSON", b"[1]", b"\xff"])
async def test_any_body_can_be_listed(tmp_path: Path, body: bytes) -> None:
    told = Told(tmp_path, billing=FakeBroker(FakeMessage(body, None)))
    await told.desk.list(["billing"])
    assert "unknown of unknown" in told.said[1]


async def test_a_letter_that_killed_its_consumer_says_so(tmp_path: Path) -> None:
    death = {"reason": "delivery_limit", "time": datetime.now(UTC) - timedelta(minutes=2)}
    told = Told(tmp_path, billing=FakeBroker(letter("a", **{"x-death": [death]})))
    await told.desk.list(["billing"])
    assert "buried 2 min ago  killed its consumer too often" in told.said[1]


async def test_one_letter_is_replayed_to_its_own_service_with_a_fresh_time(tmp_path: Path) -> None:
    first, wanted, last = letter("a"), letter("b", **{topology.BURIED_BECAUSE: "KeyError"}), letter("c")
    broker = FakeBroker(first, wanted, last)
    told = Told(tmp_path, billing=broker)
    await told.desk.replay("billing", "event-b")
    ((queue, sent),) = broker.published
    assert (queue, sent.body, sent.message_id) == (topology.work_queue("billing"), wanted.body, "event-b")
    assert datetime.now(UTC) - sent.timestamp < timedelta(minutes=1)
    assert not sent.headers
    assert (first.fate, wanted.fate, last.fate) == ("returned", "acked", "")
    assert [(line["act"], line["message_id"]) for line in told.written()] == [("replay", "event-b")]


async def test_all_letters_are_replayed_once(tmp_path: Path) -> None:
    broker = FakeBroker(letter("a"), letter("b"))
    told = Told(tmp_path, billing=broker)
    await told.desk.replay("billing", None)
    assert [sent.message_id for _, sent in broker.published] == ["event-a", "event-b"]
    assert told.said == ["2 dead letters of billing given to it again."]


async def test_replaying_all_ends_though_letters_die_again_meanwhile() -> None:
    broker = FakeBroker(letter("a"))

    async def dies_again(_: object) -> None:
        broker.waiting.append(letter("a"))

    assert await broker.letters().replay_all(dies_again) == 1
    assert len(broker.waiting) == 1


async def test_a_crash_between_publish_and_ack_leaves_the_letter() -> None:
    one = letter("a")
    broker = FakeBroker(one)
    broker.breaks_after_publish = True
    with pytest.raises(ConnectionResetError):
        await broker.letters().replay("event-a")
    assert one.fate == ""


async def test_a_dropped_event_stays_whole_in_the_audit_file(tmp_path: Path) -> None:
    one = letter("a")
    told = Told(tmp_path, billing=FakeBroker(one))
    await told.desk.drop("billing", "event-a", "  settled by hand ")
    (line,) = told.written()
    assert (line["act"], line["reason"], line["letter"]["event"]["id"]) == ("drop", "settled by hand", "event-a")
    assert line["who"]
    assert one.fate == "acked"
    assert told.audit.path.stat().st_mode & 0o777 == 0o600


async def test_nothing_is_dropped_that_cannot_be_written_down(tmp_path: Path) -> None:
    one = letter("a")
    told = Told(tmp_path, billing=FakeBroker(one))
    told.audit.path.mkdir(parents=True)
    with pytest.raises(AuditNotWritten, match="nothing was done"):
        await told.desk.drop("billing", "event-a", "settled")
    assert one.fate == ""


@pytest.mark.parametrize(("length", "fits"), [(0, False), (1, True), (500, True), (501, False)])
async def test_a_reason_has_1_to_500_characters(length: int, fits: bool) -> None:
    if fits:
        assert check_reason("x" * length) == "x" * length
    else:
        with pytest.raises(RequestMakesNoSense, match="--reason"):
            check_reason("x" * length)


async def test_an_unknown_letter_is_refused_in_a_sentence_and_all_are_returned(tmp_path: Path) -> None:
    one = letter("a")
    told = Told(tmp_path, billing=FakeBroker(one))
    with pytest.raises(CommandError, match=r"billing has no dead letter event-x: `./paspor dead list billing`"):
        await refuse_in_sentences(told.desk.replay("billing", "event-x"))
    assert one.fate == "returned"
    with pytest.raises(NoSuchDeadLetter):
        await FakeBroker().letters().show("event-x")


@pytest.mark.parametrize(("returns", "copied"), [(MOST_RETURNS - 1, False), (MOST_RETURNS, True)])
async def test_a_letter_looked_at_too_often_is_copied_before_the_broker_drops_it(returns: int, copied: bool) -> None:
    one = letter("a", **{"x-delivery-count": returns, topology.BURIED_BECAUSE: "KeyError"})
    broker = FakeBroker(one)
    letters = broker.letters()
    await letters.list()
    await letters.give_back()
    assert one.fate == ("acked" if copied else "returned")
    assert [(queue, dict(sent.headers)) for queue, sent in broker.published] == (
        [(topology.dead_queue("billing"), {topology.BURIED_BECAUSE: "KeyError"})] if copied else []
    )


async def test_a_list_is_bounded() -> None:
    broker = FakeBroker(*[letter("a")] * (LONGEST_LIST + 1))
    assert len(await broker.letters().list()) == LONGEST_LIST


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (86_399, "23 h"), (86_400, "1 d")],
)
def test_an_age_is_told_in_its_largest_unit(seconds: int, said: str) -> None:
    assert age_of(NOW - timedelta(seconds=seconds), NOW) == said


def test_the_services_are_known_by_name() -> None:
    assert [servers.check_service(name) for name in SERVICES] == list(subscriptions.SERVICES)
    with pytest.raises(RequestMakesNoSense, match="one of identity, application"):
        servers.check_service("portal")


# ---- resync ----------------------------------------------------------------


def test_a_resync_is_wished_with_a_past_time_and_known_types() -> None:
    wish = Resync.from_words("billing", "2026-11-20T07:00+07:00", ["billing.bill.paid.v1"], NOW)
    assert wish == Resync("billing", datetime(2026, 11, 20, tzinfo=UTC), ("paspor.billing.bill.paid.v1",))
    assert Resync.from_words("billing", "2026-11-23T02:00Z", ["paspor.billing.bill.paid.v1"], NOW).since == NOW


@pytest.mark.parametrize(
    ("since", "types", "sentence"),
    [
        ("yesterday", [], "is no time: write it as 2026-11-20T00:00Z"),
        ("2026-11-20", [], "has no zone"),
        ("2026-11-23T02:01Z", [], "lies ahead"),
        ("2026-11-20T00:00Z", ["billing.bill.sung.v1"], "no event type billing.bill.sung.v1"),
    ],
)
def test_a_wish_without_sense_is_refused(since: str, types: list[str], sentence: str) -> None:
    with pytest.raises(RequestMakesNoSense, match=sentence):
        Resync.from_words("billing", since, types, NOW)


def test_events_older_than_inboxes_remember_are_warned_of() -> None:
    edge = NOW - timedelta(days=INBOX_DAYS)
    assert Resync("billing", edge, ()).warning(NOW) == ""
    assert "state tables" in Resync("billing", edge - timedelta(seconds=1), ()).warning(NOW)


class Broker:
    """Confirms what it is told to."""

    def __init__(self, unwilling: int = 0) -> None:
        self.batches: list[list[str]] = []
        self.unwilling = unwilling

    async def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        self.batches.append([envelope.subject for envelope in envelopes])
        if self.unwilling:
            self.unwilling -= 1
            return {envelopes[0].id}
        return {envelope.id for envelope in envelopes}


async def archive(count: int) -> MemoryStore:
    store = MemoryStore("identity")
    far = NOW + timedelta(days=1)
    for number in range(count):
        at = NOW + timedelta(seconds=number)
        event = AccountRegistered(account_id=f"t{number}", language="id")
        await store.insert(TICKET, f"t{number}", ticket(f"t{number}"), now=at, events=[event])
        await store.mark_published(TICKET, await store.outbox_waiting(TICKET, before=far, limit=9), now=at)
    return store


async def test_archived_events_are_sent_again_in_batches_with_their_ids() -> None:
    store, broker = await archive(5), Broker()
    told: list[int] = []
    sent = await republish(
        store, broker, since=NOW + timedelta(seconds=1), batch=2, told=lambda count, upto: told.append(count)
    )
    assert (sent, broker.batches, told) == (4, [["t1", "t2"], ["t3", "t4"]], [2, 4])


async def test_only_the_wished_types_are_sent() -> None:
    store, broker = await archive(2), Broker()
    assert await republish(store, broker, since=NOW, types=["paspor.identity.applicant.added.v1"]) == 0
    assert broker.batches == []
    assert await republish(store, broker, since=NOW, types=[AccountRegistered.TYPE]) == 2


async def test_what_is_unconfirmed_is_sent_again_and_then_the_operator_is_told() -> None:
    store, broker = await archive(3), Broker(unwilling=1)
    assert await republish(store, broker, since=NOW) == 3
    assert broker.batches == [["t0", "t1", "t2"], ["t1", "t2"]]
    store, broker = await archive(5), Broker(unwilling=BATCH_TRIES)
    with pytest.raises(BrokerDoesNotTakeAll, match="did not confirm 2 of 5"):
        await republish(store, broker, since=NOW)


# ---- where the servers are -------------------------------------------------


def test_servers_come_from_the_environment_else_from_the_running_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASPOR_HOME", str(tmp_path))
    monkeypatch.delenv("AMQP_URL", raising=False)
    monkeypatch.delenv("MONGO_URL", raising=False)
    with pytest.raises(state_file.NoRunningSuite, match=r"start one with ./paspor up, or name a server in AMQP_URL"):
        servers.amqp_url()
    with pytest.raises(state_file.NoRunningSuite, match="MONGO_URL"):
        servers.mongo_url()
    state_file.write_state(servers.data_dir(), state_file.RunningServers("mongodb://here", "amqp://here"))
    assert (servers.mongo_url(), servers.amqp_url()) == ("mongodb://here", "amqp://here")
    assert (servers.data_dir() / state_file.FILE_NAME).stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("AMQP_URL", "amqp://mine")
    monkeypatch.setenv("MONGO_URL", "mongodb://mine")
    assert (servers.mongo_url(), servers.amqp_url()) == ("mongodb://mine", "amqp://mine")
    state_file.remove_state(servers.data_dir())
    state_file.remove_state(servers.data_dir())
    assert state_file.read_state(servers.data_dir()) is None


def test_a_broken_note_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / state_file.FILE_NAME).write_text("{}")
    assert state_file.read_state(tmp_path) is None
