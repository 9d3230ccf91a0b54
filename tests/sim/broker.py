"""A broker that keeps its promise (what is confirmed is delivered at least once) and not one bit more."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.bus.dispatch import Outcome
from shared.bus.topology import rung_for
from shared.events.envelope import Envelope
from shared.events.subscriptions import ROOM_SUBSCRIBERS, SUBSCRIBERS
from tests.sim.chaos import Chaos
from tests.sim.journal import Journal

USUAL_SECONDS = 0.02
LATE_SECONDS = 30.0
CONFIRM_SECONDS = 0.01


class Consumer(Protocol):
    """One service's process, as the broker sees it."""

    async def take(self, envelope: Envelope) -> Outcome | None:
        """Handle a message; none if the process is not there or died over it."""
        ...

    async def up(self) -> None:
        """Return when the process takes messages."""
        ...


@dataclass
class Delivered:
    """What became of one message at one consumer."""

    handled: int = 0
    waiting: int = 0
    """Copies that are under way or on a rung."""


@dataclass
class Broker:
    """One queue per service; order is nobody's promise."""

    chaos: Chaos
    journal: Journal
    consumers: dict[str, Consumer] = field(default_factory=dict)
    sent: dict[str, Envelope] = field(default_factory=dict)
    books: dict[tuple[str, str], Delivered] = field(default_factory=lambda: defaultdict(Delivered))
    poison: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _copies: set[asyncio.Task[None]] = field(default_factory=set)

    def publisher(self) -> Publisher:
        """A door for one relay."""
        return Publisher(self)

    def accept(self, envelope: Envelope) -> None:
        """Take a message into the queue of everybody who hears it."""
        body = envelope.to_bytes()
        self.sent[envelope.id] = envelope
        for service in recipients(envelope):
            copies = 2 if self.chaos.happens("duplicate", "broker") else 1
            self.counts["duplicated"] += copies - 1
            for _ in range(copies):
                self._deliver_later(service, body, envelope)

    @property
    def under_way(self) -> int:
        """Deliveries that have not ended."""
        return sum(each.waiting for each in self.books.values())

    def waiting(self) -> list[str]:
        """What has not ended, for reading."""
        return [
            f"{self.sent[message].type} {self.sent[message].subject} to {service}"
            for (service, message), each in self.books.items()
            if each.waiting
        ]

    def _deliver_later(self, service: str, body: bytes, envelope: Envelope) -> None:
        self.books[service, envelope.id].waiting += 1
        task = asyncio.create_task(self._deliver(service, body, envelope.id))
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    async def _deliver(self, service: str, body: bytes, message_id: str) -> None:
        book, attempt = self.books[service, message_id], 0
        await asyncio.sleep(self._travel_seconds())
        while True:
            outcome = await self._hand_over(service, Envelope.from_bytes(body))
            if outcome is Outcome.LATER:
                attempt += 1
                self.counts["later"] += 1
                await asyncio.sleep(rung_for(attempt))
            elif outcome is Outcome.DONE and self.chaos.happens("ack_lost", "broker"):
                book.handled += 1
                self.counts["redelivered"] += 1
                await asyncio.sleep(self._travel_seconds())
            elif outcome is not None:
                break
        if outcome is Outcome.POISON:
            self.poison.append(f"{self.sent[message_id].type} ({message_id}) at {service}")
        book.handled += 1
        book.waiting -= 1

    async def _hand_over(self, service: str, envelope: Envelope) -> Outcome | None:
        consumer = self.consumers[service]
        await consumer.up()
        outcome = await consumer.take(envelope)
        said = outcome.value if outcome is not None else "lost with its process"
        self.journal.note(service, f"takes {envelope.type} {envelope.subject[:8]}: {said}")
        return outcome

    def _travel_seconds(self) -> float:
        longest = LATE_SECONDS if self.chaos.happens("late", "broker") else USUAL_SECONDS
        return self.chaos.dice("broker").random() * longest


class Publisher:
    """What a relay publishes through."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """The ids that are confirmed; of the others some arrive and some do not."""
        broker, confirmed = self._broker, set()
        await asyncio.sleep(broker.chaos.dice("broker").random() * CONFIRM_SECONDS)
        for envelope in envelopes:
            if broker.chaos.happens("unsent", "broker"):
                broker.counts["unsent"] += 1
                continue
            broker.accept(envelope)
            if broker.chaos.happens("unconfirmed", "broker"):
                broker.counts["unconfirmed"] += 1
            else:
                confirmed.add(envelope.id)
        return confirmed


def recipients(envelope: Envelope) -> tuple[str, ...]:
    """Who hears a message. The process of a room has its service's store: here it lives and dies with the service."""
    if envelope.is_command:
        return (envelope.data.RECIPIENT,)  # type: ignore[union-attr]
    event = type(envelope.data)
    rooms = [service for (service, _), events in ROOM_SUBSCRIBERS.items() if event in events]
    return (*SUBSCRIBERS[event], *rooms)  # type: ignore[index]


Settled = Callable[[], bool]
