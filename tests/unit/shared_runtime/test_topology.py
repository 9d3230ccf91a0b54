"""Queues without a consumer, facts without a queue and rungs that lead elsewhere would lose messages."""

from __future__ import annotations

import pytest

from shared.bus import topology
from shared.events.subscriptions import (
    COMMANDS,
    ROOM_SUBSCRIBERS,
    SERVICES,
    SUBSCRIBERS,
    commands_for,
    events_for,
    listeners_of,
    rooms_of,
)

QUEUES = {queue.name: queue for queue in topology.queues()}


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 10), (3, 60), (4, 600), (5, 600), (1000, 600)])
def test_rungs_grow_and_the_last_one_repeats(attempt: int, seconds: int) -> None:
    assert topology.rung_for(attempt) == seconds


def test_every_event_that_somebody_hears_is_bound_to_each_of_their_queues() -> None:
    for event, listeners in SUBSCRIBERS.items():
        bound = {name for name, queue in QUEUES.items() if (topology.EVENTS_EXCHANGE, event.TYPE) in queue.bindings}
        rooms = {topology.room_queue(*room) for room, events in ROOM_SUBSCRIBERS.items() if event in events}
        assert bound == {topology.work_queue(service) for service in listeners} | rooms
        assert len(listeners_of(event)) == len(bound)


def test_every_command_is_bound_to_its_one_recipient() -> None:
    for command in COMMANDS:
        bound = {name for name, queue in QUEUES.items() if (topology.COMMANDS_EXCHANGE, command.TYPE) in queue.bindings}
        assert bound == {topology.command_queue(command.RECIPIENT)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_rung_returns_to_its_one_queue_and_is_reached_by_its_service_alone(service: str) -> None:
    names = [topology.work_queue(service)]
    if commands_for(service):
        names.append(topology.command_queue(service))
    names += [topology.room_queue(service, room) for room in rooms_of(service)]
    for name in names:
        for seconds in topology.RETRY_RUNGS_SECONDS:
            rung = QUEUES[topology.rung_queue(name, seconds)]
            assert rung.arguments["x-dead-letter-exchange"] == ""
            assert rung.arguments["x-dead-letter-routing-key"] == name
            assert rung.arguments["x-message-ttl"] == seconds * 1000
            assert rung.bindings == ((topology.own_exchange(service), rung.name),)


@pytest.mark.parametrize("service", SERVICES)
def test_poisoned_events_are_kept_and_commands_with_secrets_are_not(service: str) -> None:
    work = QUEUES[topology.work_queue(service)]
    assert work.arguments["x-dead-letter-routing-key"] == topology.dead_queue(service)
    assert topology.dead_queue(service) in QUEUES
    assert bool(commands_for(service)) is (topology.command_queue(service) in QUEUES)
    if commands_for(service):
        assert "x-dead-letter-exchange" not in QUEUES[topology.command_queue(service)].arguments


@pytest.mark.parametrize("room", ROOM_SUBSCRIBERS, ids=".".join)
def test_what_nobody_takes_of_a_room_is_dropped_in_time(room: tuple[str, str]) -> None:
    """Its process may not be there at all, and its service has decided by then."""
    arguments = QUEUES[topology.room_queue(*room)].arguments
    assert arguments["x-message-ttl"] == topology.ROOM_MESSAGE_SECONDS * 1000
    assert "x-dead-letter-exchange" not in arguments


def test_every_queue_is_a_quorum_queue_without_a_length_limit() -> None:
    for queue in QUEUES.values():
        assert queue.arguments["x-queue-type"] == "quorum"
        assert "x-max-length" not in queue.arguments


def test_a_service_hears_something() -> None:
    assert all(events_for(service) or commands_for(service) for service in SERVICES)
