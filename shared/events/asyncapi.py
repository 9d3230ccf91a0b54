"""The event catalogue as AsyncAPI 3.0, written from the event classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.bus import topology
from shared.events.message import Message
from shared.events.subscriptions import COMMANDS, MESSAGE_TYPES, SERVICES, SUBSCRIBERS, owner_of


def document() -> dict[str, Any]:
    """The whole catalogue: every message with its schema, every service with what it sends and takes."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Paspor events",
            "version": "1.0.0",
            "description": "What the services tell each other, in CloudEvents 1.0 envelopes over RabbitMQ.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {message.TYPE: _channel(message) for message in MESSAGE_TYPES.values()},
        "operations": dict(_operations()),
        "components": {
            "messages": {message.TYPE: _message(message) for message in MESSAGE_TYPES.values()},
            "schemas": {message.TYPE: message.model_json_schema() for message in MESSAGE_TYPES.values()},
        },
    }


def _channel(message: type[Message]) -> dict[str, Any]:
    is_event = message in SUBSCRIBERS
    exchange, kind = topology.EVENTS_EXCHANGE if is_event else topology.COMMANDS_EXCHANGE, "topic"
    return {
        "address": message.TYPE,
        "messages": {message.__name__: {"$ref": f"#/components/messages/{_escaped(message.TYPE)}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": {"name": exchange, "type": kind, "durable": True}}},
    }


def _message(message: type[Message]) -> dict[str, Any]:
    return {
        "name": message.TYPE,
        "title": message.__name__,
        "summary": (message.__doc__ or "").strip().split("\n")[0],
        "contentType": "application/cloudevents+json",
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {"type": "string", "format": "uuid"},
                "source": {"type": "string"},
                "type": {"const": message.TYPE},
                "subject": {"type": "string"},
                "time": {"type": "string", "format": "date-time"},
                "correlationid": {"type": "string"},
                "causationid": {"type": "string"},
                "traceparent": {"type": "string"},
                "aggregateversion": {"type": "integer", "minimum": 1},
                "data": {"$ref": f"#/components/schemas/{_escaped(message.TYPE)}"},
            },
        },
    }


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for event, listeners in SUBSCRIBERS.items():
        yield _operation(owner_of(event), "send", event)
        for service in listeners:
            yield _operation(service, "receive", event)
    for command in COMMANDS:
        yield _operation(command.RECIPIENT, "receive", command)


def _operation(service: str, action: str, message: type[Message]) -> tuple[str, dict[str, Any]]:
    if service not in SERVICES:
        raise ValueError(f"{message.TYPE} names the unknown service {service}")
    name = f"{service}.{action}.{message.__name__}"
    return name, {
        "action": action,
        "title": f"{service} {'publishes' if action == 'send' else 'takes'} {message.__name__}",
        "channel": {"$ref": f"#/channels/{_escaped(message.TYPE)}"},
        "tags": [{"name": service}],
    }


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
