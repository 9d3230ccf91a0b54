"""The event catalogue as AsyncAPI 3.0, written from the event classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared.bus import topology
from shared.events.envelope import CONTENT_TYPE, DATA_CONTENT_TYPE, SPEC_VERSION
from shared.events.message import Message
from shared.events.subscriptions import COMMANDS, MESSAGE_TYPES, ROOM_SUBSCRIBERS, SERVICES, SUBSCRIBERS, owner_of

SCHEMA_JSON: Final = "application/schema+json"
"""The media type of a JSON schema."""

ASYNCAPI_JSON: Final = "application/vnd.aai.asyncapi+json"
"""The media type of the catalogue."""

SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/components/schemas/{model}"
_SERVERS: Final = ("deployment", "trial")


def document() -> dict[str, Any]:
    """The whole catalogue: every message with its schema, every service with what it sends and takes."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Paspor events",
            "version": "1.0.0",
            "description": "What the services tell each other, in CloudEvents 1.0 envelopes over RabbitMQ. "
            "Each consumer has a user of its own, which reads one queue and may do nothing else; those without AMQP "
            "are told by webhooks.",
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "deployment": {
                "host": "{host}:{port}",
                "protocol": "amqps",
                "protocolVersion": "0.9.1",
                "description": "The broker of an installation.",
                "variables": {
                    "host": {"default": "rabbitmq.paspor.example", "description": "as the installation names it"},
                    "port": {"default": "5671", "description": "of AMQP over TLS"},
                },
                "security": [{"$ref": "#/components/securitySchemes/brokerUser"}],
            },
            "trial": {
                "host": "127.0.0.1:5672",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "A broker on the same machine, for trials.",
                "security": [{"$ref": "#/components/securitySchemes/brokerUser"}],
            },
        },
        "channels": {message.TYPE: _channel(message) for message in MESSAGE_TYPES.values()},
        "operations": dict(_operations()),
        "components": {
            "securitySchemes": {
                "brokerUser": {
                    "type": "userPassword",
                    "description": "A user of the broker with the rights of one service or of one consumer.",
                }
            },
            "messages": {message.TYPE: _message(message) for message in MESSAGE_TYPES.values()},
            "schemas": _schemas(),
        },
    }


def data_schema(message: type[Message], schemas_url: str) -> dict[str, Any]:
    """Return the JSON schema of a message's data as a document of its own, named by where it is served."""
    schema = message.model_json_schema()
    return {"$schema": SCHEMA_DIALECT, "$id": f"{schemas_url}/{message.TYPE}", **schema}


def _channel(message: type[Message]) -> dict[str, Any]:
    is_event = message in SUBSCRIBERS
    exchange, kind = topology.EVENTS_EXCHANGE if is_event else topology.COMMANDS_EXCHANGE, "topic"
    return {
        "address": message.TYPE,
        "servers": [{"$ref": f"#/servers/{server}"} for server in _SERVERS],
        "messages": {message.__name__: {"$ref": f"#/components/messages/{_escaped(message.TYPE)}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": {"name": exchange, "type": kind, "durable": True}}},
    }


def _message(message: type[Message]) -> dict[str, Any]:
    return {
        "name": message.__name__,
        "title": message.TYPE,
        "summary": (message.__doc__ or "").strip().split("\n")[0],
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": _REF.format(model=_envelope_name(message))},
    }


def _schemas() -> dict[str, Any]:
    """Return a named schema for each envelope, each message's data and each enum of codes: none is anonymous."""
    schemas: dict[str, Any] = {}
    for message in MESSAGE_TYPES.values():
        schemas[_envelope_name(message)] = _envelope(message)
        schemas[message.__name__] = _without_inner_names(message.model_json_schema(), schemas)
    return schemas


def _envelope_name(message: type[Message]) -> str:
    return f"{message.__name__}Envelope"


def _envelope(message: type[Message]) -> dict[str, Any]:
    return {
        "title": _envelope_name(message),
        "type": "object",
        "required": [
            *("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data"),
        ],
        "properties": {
            "specversion": {"type": "string", "const": SPEC_VERSION},
            "id": {"type": "string", "format": "uuid"},
            "source": {"type": "string"},
            "type": {"type": "string", "const": message.TYPE},
            "subject": {"type": "string"},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"type": "string", "const": DATA_CONTENT_TYPE},
            "dataschema": {"type": "string", "format": "uri"},
            "correlationid": {"type": "string"},
            "causationid": {"type": "string"},
            "traceparent": {"type": "string"},
            "aggregateversion": {"type": "integer", "minimum": 1},
            "data": {"$ref": _REF.format(model=message.__name__)},
        },
    }


def _without_inner_names(schema: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """Return a message's schema with its enums moved to ``named`` and without pydantic's titles of its members."""
    members = {name: _member(part, named) for name, part in schema.get("properties", {}).items()}
    return {**schema, "properties": members}


def _member(part: Mapping[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    if "enum" in part:
        code = {word: value for word, value in part.items() if word != "default"}
        named[code["title"]] = code
        return {"$ref": _REF.format(model=code["title"])}
    inner = {word: value for word, value in part.items() if word != "title"}
    if "anyOf" in inner:
        inner["anyOf"] = [_member(option, named) for option in inner["anyOf"]]
    if "items" in inner:
        inner["items"] = _member(inner["items"], named)
    return inner


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for event, listeners in SUBSCRIBERS.items():
        yield _operation(owner_of(event), "send", event)
        for service in listeners:
            yield _operation(service, "receive", event)
    for (service, _), events in ROOM_SUBSCRIBERS.items():
        for event in events:
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
