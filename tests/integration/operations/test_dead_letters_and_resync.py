"""Dead letters and re-publishing on a real broker; each test brings its own messages and leaves all queues in place."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aio_pika
import pytest

from operations.audit_log import AuditLog
from operations.dead_letters import DeadLetterCommands, refuse_in_sentences
from operations.resync import Resync, resync
from shared.bus import topology
from shared.bus.amqp import AmqpBus, declare
from shared.bus.dead_letters import BrokerUnreachable, DeadLetter, NoDeadQueue, SomebodyElseLooks, dead_letters
from shared.bus.dispatch import Dispatcher
from shared.bus.republish import events_only, republish
from shared.clock import SystemClock
from shared.context import bound, new_causation
from shared.events.envelope import Envelope
from shared.events.identity import AccountRegistered, ApplicantConfirmed
from shared.store.driver import AsyncDatabase, connect, database, disconnect
from shared.store.mongo import MongoStore
from tests.contract.test_store import TICKET, ticket

SERVICE = "notification"
PATIENCE_SECONDS = 30


class Handler:
    """Dies of what it is told to die of, and remembers what it took."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble
        self.taken: list[str] = []

    async def __call__(self, message: object, envelope: Envelope) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.taken.append(envelope.id)


@pytest.fixture
async def broker(amqp_url: str) -> AsyncIterator[str]:
    """The broker, with every queue declared, those of this room's service empty before and after."""
    await _empty(amqp_url)
    yield amqp_url
    await _empty(amqp_url)


async def _empty(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await declare(channel)
        for name in (topology.work_queue(SERVICE), topology.dead_queue(SERVICE)):
            await (await channel.get_queue(name)).purge()


@contextlib.asynccontextmanager
async def listening(url: str, handler: Handler) -> AsyncIterator[AmqpBus]:
    bus = AmqpBus(url, SERVICE, Dispatcher({AccountRegistered: handler, ApplicantConfirmed: handler}, {}))
    job = asyncio.create_task(bus.run())
    try:
        await until(lambda: bus.connected)
        yield bus
    finally:
        await bus.stop_consuming(1)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)


async def until(condition: object) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = condition()  # type: ignore[operator]
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.02)


async def listed(url: str) -> list[DeadLetter]:
    async with dead_letters(url, SERVICE) as letters:
        return await letters.list()


async def bury(url: str, *names: str, trouble: Exception | None = None) -> list[str]:
    """Let the service give up one event per name; their ids."""
    ids = []
    async with listening(url, Handler(trouble or KeyError("a bug"))) as bus:
        for name in names:
            event = envelope(name)
            assert await bus.publish([event]) == {event.id}
            ids.append(event.id)

        async def all_dead() -> bool:
            return await depth(url, topology.dead_queue(SERVICE)) == len(names)

        await until(all_dead)
    return ids


def envelope(name: str) -> Envelope:
    causation = new_causation(correlation_id="c1")
    return Envelope(
        id=str(uuid.uuid4()),
        source="identity",
        subject=name,
        time=SystemClock().now(),
        correlation_id=causation.correlation_id,
        causation_id=causation.causation_id,
        traceparent=causation.traceparent,
        aggregate_version=1,
        data=AccountRegistered(account_id=name, language="id"),
    )


async def depth(url: str, queue: str) -> int:
    async with await aio_pika.connect(url) as connection:
        declared = await (await connection.channel()).declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0


async def test_a_buried_message_says_why_when_and_of_what_and_stays_while_looked_at(broker: str) -> None:
    ids = await bury(broker, "t1", "t2")
    for _ in range(3):
        letters = await listed(broker)
        assert [letter.message_id for letter in letters] == ids
    first = letters[0]
    assert (first.because, first.type, first.subject) == ("KeyError", AccountRegistered.TYPE, "t1")
    assert first.buried_at is not None
    assert datetime.now(UTC) - first.buried_at < timedelta(minutes=5)
    assert first.event is not None


async def test_a_message_that_kills_its_consumers_is_listed_with_that_cause(broker: str) -> None:
    async with await aio_pika.connect(broker) as connection:
        channel = await connection.channel()
        await channel.default_exchange.publish(
            aio_pika.Message(b"deadly", message_id="deadly"), topology.work_queue(SERVICE)
        )
        queue = await channel.get_queue(topology.work_queue(SERVICE))
        for _ in range(topology.DELIVERY_LIMIT + 1):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (message := await queue.get(fail=False)) is None:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
            await message.nack(requeue=True)

    async def buried() -> bool:
        return await depth(broker, topology.dead_queue(SERVICE)) == 1

    await until(buried)
    (letter,) = await listed(broker)
    assert (letter.message_id, letter.because, letter.event) == ("deadly", "killed its consumer too often", None)
    assert letter.buried_at is not None


async def test_a_replayed_message_takes_effect_and_is_dead_no_more(broker: str, tmp_path: Path) -> None:
    ids = await bury(broker, "t1", "t2")
    desk = DeadLetterCommands(broker, AuditLog(tmp_path / "audit.log"), lambda line: None)
    handler = Handler()
    async with listening(broker, handler):
        assert await desk.replay(SERVICE, ids[1]) == 0
        await until(lambda: handler.taken == [ids[1]])
        assert [letter.message_id for letter in await listed(broker)] == [ids[0]]
        assert await desk.replay(SERVICE, None) == 0
        await until(lambda: handler.taken == [ids[1], ids[0]])
    assert await listed(broker) == []


async def test_a_crash_between_publish_and_ack_loses_nothing(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (message_id,) = await bury(broker, "t1")

    async def crash(self: object, *args: object, **named: object) -> None:
        raise ConnectionResetError("the operator's machine died here")

    with monkeypatch.context() as broken:
        broken.setattr(aio_pika.IncomingMessage, "ack", crash)
        with pytest.raises(BrokerUnreachable, match="Nothing is lost"):
            async with dead_letters(broker, SERVICE) as letters:
                await letters.replay(message_id)
    assert [letter.message_id for letter in await listed(broker)] == [message_id]
    handler = Handler()
    async with listening(broker, handler):
        async with dead_letters(broker, SERVICE) as letters:
            await letters.replay(message_id)
        # the first try had arrived, so there are two: the inbox drops one
        await until(lambda: handler.taken == [message_id, message_id])
    assert await listed(broker) == []


async def test_a_dropped_message_is_gone_and_written_down(broker: str, tmp_path: Path) -> None:
    ids = await bury(broker, "t1", "t2")
    note = AuditLog(tmp_path / "audit.log")
    await DeadLetterCommands(broker, note, lambda line: None).drop(SERVICE, ids[0], "settled by hand")
    assert [letter.message_id for letter in await listed(broker)] == [ids[1]]
    assert json.loads(note.path.read_text())["letter"]["event"]["id"] == ids[0]


async def test_one_operator_at_a_time(broker: str) -> None:
    await bury(broker, "t1")
    async with dead_letters(broker, SERVICE) as letters:
        assert len(await letters.list()) == 1
        with pytest.raises(SomebodyElseLooks, match="wait until"):
            async with dead_letters(broker, SERVICE):
                pass
    assert len(await listed(broker)) == 1


async def test_what_is_missing_is_told_in_a_sentence(broker: str) -> None:
    with pytest.raises(NoDeadQueue, match="never ran here"):
        async with dead_letters(broker, "portal"):
            pass
    with pytest.raises(BrokerUnreachable, match="AMQP_URL"):
        async with dead_letters("amqp://a:b@127.0.0.1:1/", SERVICE):
            pass


@pytest.fixture
async def archive_url(mongo_url: str) -> AsyncIterator[str]:
    """A MongoDB where identity has published three events."""
    client = connect(mongo_url)
    store = MongoStore(database(client, "paspor_identity"), "identity")
    await _clear(database(client, "paspor_identity"))
    await store.prepare([TICKET])
    now = SystemClock().now()
    with bound(new_causation(correlation_id="c1")):
        for number in range(3):
            event = AccountRegistered(account_id=f"t{number}", language="id")
            await store.insert(TICKET, f"t{number}", ticket(f"t{number}"), now=now, events=[event])
    waiting = await store.outbox_waiting(TICKET, before=now + timedelta(days=1), limit=9)
    await store.mark_published(TICKET, waiting, now=now)
    yield mongo_url
    await _clear(database(client, "paspor_identity"))
    await disconnect(client)


async def _clear(data: AsyncDatabase) -> None:
    for name in (TICKET.name, "sent_events"):
        await data[name].drop()


async def test_archived_events_reach_their_listeners_again_under_the_same_ids(
    broker: str, archive_url: str, tmp_path: Path
) -> None:
    client = connect(archive_url)
    store = MongoStore(database(client, "paspor_identity"), "identity")
    since = SystemClock().now() - timedelta(hours=1)
    known = {each.id for each in await store.archived(since=since, limit=9)}
    handler, said = Handler(), []
    wish = Resync("identity", since, (AccountRegistered.TYPE,))
    async with listening(broker, handler):
        note = AuditLog(tmp_path / "audit.log")
        assert await refuse_in_sentences(resync(wish, archive_url, broker, note, said.append, lambda line: None)) == 0
        await until(lambda: len(handler.taken) >= 3)
    await disconnect(client)
    assert set(handler.taken) == known
    assert said == ["3 events of identity sent again; listeners drop those that they know."]
    assert json.loads(note.path.read_text())["act"] == "resync"


async def test_re_publishing_listens_to_nothing(broker: str, archive_url: str) -> None:
    client = connect(archive_url)
    store = MongoStore(database(client, "paspor_identity"), "identity")
    async with events_only(broker) as events:
        await republish(store, events, since=SystemClock().now() - timedelta(hours=1))
    await disconnect(client)
    assert await depth(broker, topology.work_queue(SERVICE)) == 3
