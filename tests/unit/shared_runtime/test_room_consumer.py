"""A process beside a service's own: it takes its room's queue alone, and gives up what is decided without it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from shared.bus import topology
from shared.bus.amqp import AmqpBus
from shared.bus.dispatch import Dispatcher
from shared.events.application import DocumentReceived
from shared.events.envelope import Envelope
from shared.service import NotYet, RoomConsumer
from tests.unit.world import envelope_of

ROOM = RoomConsumer("paper_reading", at_once=2)
QUEUE = topology.room_queue("application", "paper_reading")


def bus_that(raises: Exception | None) -> AmqpBus:
    async def take(_event: DocumentReceived, _envelope: Envelope) -> None:
        if raises is not None:
            raise raises

    return AmqpBus("amqp://nowhere", "application", Dispatcher({DocumentReceived: take}, {}), room=ROOM)


@pytest.mark.parametrize(
    ("raises", "age", "moved"),
    [
        (None, 0, []),
        (NotYet(), 0, [topology.rung_queue(QUEUE, 1)]),
        (RuntimeError("a fault"), 0, []),
        (NotYet(), topology.LONGEST_RETRY_SECONDS + 1, []),
    ],
    ids=["done", "waits", "poison", "too old"],
)
async def test_a_message_waits_on_its_rooms_rungs_and_is_never_buried(
    raises: Exception | None, age: int, moved: list[str]
) -> None:
    sent_at = datetime.now(UTC) - timedelta(seconds=age)
    event = DocumentReceived(application_id="application-1", document_id="document-1", requirement="ktp")
    envelope = envelope_of(event, sent_at)
    sent: list[str] = []
    settled: list[bool] = []

    async def publish(_copy: Any, queue: str, **_: Any) -> None:
        sent.append(queue)

    async def ack() -> None:
        settled.append(True)

    bus = bus_that(raises)
    bus._own = SimpleNamespace(publish=publish)  # type: ignore[assignment]
    message: Any = SimpleNamespace(
        exchange=topology.EVENTS_EXCHANGE,
        routing_key=envelope.type,
        headers={},
        body=envelope.to_bytes(),
        message_id=envelope.id,
        type=envelope.type,
        timestamp=sent_at,
        content_type="",
        ack=ack,
    )
    await bus._settle(message)
    assert (sent, settled) == (moved, [True])


def test_it_consumes_its_rooms_queue_and_not_its_services() -> None:
    assert bus_that(None)._queue_names() == [QUEUE]
    whole = AmqpBus("amqp://nowhere", "application", Dispatcher({}, {}))
    assert whole._queue_names() == [topology.work_queue("application"), topology.command_queue("application")]
