"""A service that was taken over publishes under a type of its own what it may not say."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from shared.bus import topology
from shared.bus.amqp import AmqpBus
from shared.bus.dispatch import Dispatcher
from shared.bus.rights import rights_of
from shared.events.envelope import Envelope
from shared.events.scheduling import LetterShown


@pytest.mark.parametrize(
    ("key", "heard"), [("paspor.notification.delivery_sent", False), (LetterShown.TYPE, True)], ids=["forged", "own"]
)
async def test_what_a_message_says_it_is_must_be_what_it_was_sent_as(key: str, heard: bool) -> None:
    """The broker's rights are about routing keys, so a body of another type is poison."""
    taken: list[LetterShown] = []

    async def letter_shown(event: LetterShown, _envelope: Envelope) -> None:
        taken.append(event)

    event = LetterShown(
        assistance_id="assistance-1",
        appointment_id="appointment-1",
        application_id="application-1",
        account_id="account-1",
        person_id="person-1",
        office_id="jakarta-selatan",
        officer_id="officer-1",
        shown_at=datetime.now(UTC),
    )
    envelope = Envelope(
        id="message-1",
        source="paspor/scheduling",
        subject="appointment-1",
        time=datetime.now(UTC),
        correlation_id="c",
        causation_id="c",
        traceparent=f"00-{'1' * 32}-{'1' * 16}-01",
        aggregate_version=1,
        data=event,
    )
    if not heard:
        assert re.match(rights_of("notification").topics[topology.EVENTS_EXCHANGE], key), "notification may send this"
    bus = AmqpBus("amqp://nowhere", "identity", Dispatcher({LetterShown: letter_shown}, {}))
    moved: list[str] = []

    async def publish(_copy: Any, queue: str, **_: Any) -> None:
        moved.append(queue)

    async def ack() -> None:
        return None

    bus._own = SimpleNamespace(publish=publish)  # type: ignore[assignment]
    message: Any = SimpleNamespace(
        exchange=topology.EVENTS_EXCHANGE,
        routing_key=key,
        headers={},
        body=envelope.to_bytes(),
        message_id=envelope.id,
        type=envelope.type,
        timestamp=datetime.now(UTC),
        content_type="",
        ack=ack,
    )
    await bus._settle(message)
    assert (bool(taken), moved) == (heard, [] if heard else [topology.dead_queue("identity")])
