"""Every message has an owner who sends it, a queue that takes it and a handler that knows it; none is left over."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from shared.bus import topology
from shared.events.identity import KeepExportPart
from shared.events.message import Message
from shared.events.subscriptions import (
    COMMANDS,
    ROOM_SUBSCRIBERS,
    SERVICES,
    SUBSCRIBERS,
    commands_for,
    events_for,
    listeners_of,
    owner_of,
)
from shared.own_data.answers import ExportAnswers
from shared.service import Parts

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_handles_what_it_is_bound_to_and_nothing_else(service: str, parts: Mapping[str, Parts]) -> None:
    assert set(parts[service].events) == set(events_for(service))
    assert set(parts[service].commands) == set(commands_for(service))
    assert parts[service].name == service


MADE_BY = {KeepExportPart.__name__: ExportAnswers.__name__}
"""Messages that the library makes for a service, and its class that the service calls for it."""


@pytest.mark.parametrize("message", [*SUBSCRIBERS, *COMMANDS], ids=lambda message: message.__name__)
def test_every_message_has_a_sender(message: type[Message]) -> None:
    maker = MADE_BY.get(message.__name__, message.__name__)
    senders = {service for service in SERVICES if maker in _made_by(service)}
    if message in SUBSCRIBERS:
        assert senders == {owner_of(message)}  # type: ignore[arg-type]
    else:
        assert senders, f"nobody orders {message.__name__}"


@cache
def _made_by(service: str) -> set[str]:
    """The names of classes that the service's code calls, that is, makes objects of."""
    return {name for path in (PROJECT / "services" / service).rglob("*.py") for name in _called_in(path)}


def _called_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in ("isinstance", "issubclass"):
                continue
            if isinstance(called, ast.Name):
                yield called.id
            elif isinstance(called, ast.Attribute):
                yield called.attr
            # a factory may be handed the class: `_about(BillPaid, bill, ...)`
            yield from (each.id for each in node.args if isinstance(each, ast.Name))
            yield from (each.attr for each in node.args if isinstance(each, ast.Attribute))


def test_every_queue_has_a_consumer_and_every_binding_an_owner() -> None:
    queues = {queue.name: queue for queue in topology.queues()}
    consumed = {topology.work_queue(service) for service in SERVICES}
    consumed |= {topology.command_queue(service) for service in SERVICES if commands_for(service)}
    consumed |= {topology.room_queue(service, room) for service, room in ROOM_SUBSCRIBERS}
    own = {topology.own_exchange(service) for service in SERVICES}
    told = {
        name: [(exchange, key) for exchange, key in queue.bindings if exchange not in own]
        for name, queue in queues.items()
    }
    assert {name for name, bindings in told.items() if bindings} == consumed
    keys = {key for bindings in told.values() for _, key in bindings}
    heard = {event.TYPE for event in SUBSCRIBERS if listeners_of(event)}
    assert keys == heard | {command.TYPE for command in COMMANDS}


@pytest.mark.parametrize("service", SERVICES)
def test_the_topology_binds_what_the_table_says(service: str) -> None:
    queues = {queue.name: queue for queue in topology.queues()}
    events = {(topology.EVENTS_EXCHANGE, event.TYPE) for event in events_for(service)}
    assert set(queues[topology.work_queue(service)].bindings) == events
    arrive_by = (topology.COMMANDS_EXCHANGE, topology.FIRST_COMMANDS_EXCHANGE)
    commands = {(exchange, command.TYPE) for command in commands_for(service) for exchange in arrive_by}
    bound = queues.get(topology.command_queue(service))
    assert set(bound.bindings if bound else ()) == commands


def test_what_waits_or_dies_returns_or_rests_where_somebody_looks() -> None:
    """What a service alone sends to is a retry rung that leads back to a consumed queue, or its dead queue."""
    queues = {queue.name: queue for queue in topology.queues()}
    dead = {topology.dead_queue(service) for service in SERVICES}
    for name, queue in queues.items():
        target = queue.arguments.get("x-dead-letter-routing-key")
        if name in dead:
            assert target is None
        elif queue.bindings[0][0] in {topology.own_exchange(service) for service in SERVICES}:
            assert queue.bindings == ((queue.bindings[0][0], name),)
            assert queues[target].bindings, f"{name} leads to {target}, which nobody consumes"
        assert queue.arguments["x-queue-type"] == "quorum"


def test_commands_are_never_dead_lettered() -> None:
    """They may hold a sealed secret."""
    for service in SERVICES:
        queues = {queue.name: queue for queue in topology.queues()}
        bound = queues.get(topology.command_queue(service))
        assert bound is None or "x-dead-letter-routing-key" not in bound.arguments
