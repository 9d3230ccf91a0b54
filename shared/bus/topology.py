"""Topology of the broker: exchanges, queues and retry rungs, by name and arguments.

It exists before the first message, so that no order of starting loses an event: the deployment prepares it, as a
service's own user may declare nothing (:mod:`shared.bus.rights`). With one user for all, the first to connect
declares it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from shared.events.subscriptions import ROOM_SUBSCRIBERS, SERVICES, commands_for, events_for, rooms_of

EVENTS_EXCHANGE: Final = "paspor.events"
COMMANDS_EXCHANGE: Final = "paspor.commands.v2"
"""A topic exchange, because only there rights can be limited to message types."""

FIRST_COMMANDS_EXCHANGE: Final = "paspor.commands"
"""The commands exchange of versions before rights per service; still bound, so that their last commands arrive."""

EXCHANGES: Final = ((EVENTS_EXCHANGE, "topic"), (COMMANDS_EXCHANGE, "topic"), (FIRST_COMMANDS_EXCHANGE, "direct"))

RETRY_RUNGS_SECONDS: Final = (1, 10, 60, 600)
"""Waits between tries; the last one repeats until the message is older than :data:`LONGEST_RETRY_SECONDS`."""

LONGEST_RETRY_SECONDS: Final = 7 * 86400
"""After a week of "not yet" an operator decides; the inbox (30 days) outlives it."""

ALERT_AFTER_SECONDS: Final = 15 * 60
"""A message that still waits after a quarter of an hour is reported."""

ROOM_MESSAGE_SECONDS: Final = 15 * 60
"""A message waits so long for the process of a room, which may not be there at all; the service's own deadlines have
decided by then without it."""

DELIVERY_LIMIT: Final = 20
"""Deliveries of one message that kill its consumer before it counts as poison."""

BURIED_BY: Final = "x-buried-by"
BURIED_BECAUSE: Final = "x-buried-because"
BURIED_AT: Final = "x-buried-at"
"""Headers of a dead letter: which service gave it up, the name of the exception that it met, and when."""

_QUORUM: Final = {"x-queue-type": "quorum"}


@dataclass(frozen=True)
class Queue:
    """A durable quorum queue with its arguments and what is bound to it: (exchange, routing key)."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    bindings: tuple[tuple[str, str], ...] = ()


def work_queue(service: str) -> str:
    """Return the name of the queue of a service's events."""
    return f"paspor.{service}"


def command_queue(service: str) -> str:
    """Return the name of the queue of a service's commands."""
    return f"paspor.{service}.commands"


def room_queue(service: str, room: str) -> str:
    """Return the name of the queue of a service's room, which a process of its own reads."""
    return f"paspor.{service}.{room}"


def dead_queue(service: str) -> str:
    """Return the name of the queue of a service's dead letters, which wait for an operator."""
    return f"paspor.{service}.dead"


def own_exchange(service: str) -> str:
    """Return the exchange of a service's rungs and dead letters; the default one would lead to all services' queues."""
    return f"paspor.{service}.own"


def exchanges() -> Iterator[tuple[str, str]]:
    """Yield every exchange of the suite with its type, the marker last."""
    yield from EXCHANGES
    yield from ((own_exchange(service), "direct") for service in SERVICES)
    yield marker_exchange(), "direct"


@cache
def marker_exchange() -> str:
    """An exchange that leads nowhere; that it is there says that all queues and bindings of this version are."""
    described = json.dumps([[queue.name, queue.arguments, queue.bindings] for queue in queues()], sort_keys=True)
    return f"paspor.topology.{hashlib.sha256(described.encode()).hexdigest()[:12]}"


def rung_queue(queue: str, seconds: int) -> str:
    """Return the name of the queue in which a message waits before it returns to ``queue``."""
    return f"{queue}.retry.{seconds}s"


def rung_for(attempt: int) -> int:
    """Return the wait in seconds after the given attempt (the first is 1)."""
    return RETRY_RUNGS_SECONDS[min(attempt, len(RETRY_RUNGS_SECONDS)) - 1]


def queues() -> Iterator[Queue]:
    """Yield every queue of the suite."""
    for service in SERVICES:
        yield from _queues_of(service)


def _queues_of(service: str) -> Iterator[Queue]:
    own = own_exchange(service)
    yield Queue(dead_queue(service), dict(_QUORUM), ((own, dead_queue(service)),))
    events = tuple((EVENTS_EXCHANGE, event.TYPE) for event in events_for(service))
    yield from _with_rungs(work_queue(service), own, events, _dead_lettering_to(dead_queue(service)))
    types = [command.TYPE for command in commands_for(service)]
    if types:
        commands = tuple(
            (exchange, name) for name in types for exchange in (COMMANDS_EXCHANGE, FIRST_COMMANDS_EXCHANGE)
        )
        # A command may hold a sealed secret: past its limit it is dropped, never dead-lettered.
        yield from _with_rungs(command_queue(service), own, commands, {})
    for room in rooms_of(service):
        heard = tuple((EVENTS_EXCHANGE, event.TYPE) for event in ROOM_SUBSCRIBERS[service, room])
        # past its time a message is dropped, never dead-lettered: it asks for work that was decided without it
        yield from _with_rungs(room_queue(service, room), own, heard, {"x-message-ttl": ROOM_MESSAGE_SECONDS * 1000})


def _with_rungs(queue: str, own: str, bindings: tuple[tuple[str, str], ...], dead: dict[str, Any]) -> Iterator[Queue]:
    yield Queue(queue, _QUORUM | {"x-delivery-limit": DELIVERY_LIMIT} | dead, bindings)
    for seconds in RETRY_RUNGS_SECONDS:
        back = _dead_lettering_to(queue) | {"x-message-ttl": seconds * 1000}
        rung = rung_queue(queue, seconds)
        yield Queue(rung, _QUORUM | back, ((own, rung),))


def _dead_lettering_to(queue: str) -> dict[str, Any]:
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
