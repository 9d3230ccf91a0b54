"""The schemas of all messages that services send, and their catalogue: what `dataschema` of an envelope leads to."""

from __future__ import annotations

import json
from functools import cache
from typing import Final

from services.notification.event_schemas.schemas import EventSchemasView, EventTypePath
from services.notification.http import NOTIFICATION
from shared.errors import NotFound
from shared.events import asyncapi
from shared.events.envelope import SCHEMAS_PATH
from shared.events.subscriptions import MESSAGE_TYPES
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, Endpoints

api = Endpoints("event schemas")

CATALOGUE_PATH: Final = "/v1/event-catalogue"


@api.get(
    SCHEMAS_PATH,
    summary="Where the schemas of events are, and their catalogue",
    access=PUBLIC,
    answers={200: EventSchemasView},
)
async def list_event_schemas(call: Call) -> EventSchemasView:
    """List the addresses of the schemas."""
    base = call.app[NOTIFICATION].public_url
    schemas = tuple(f"{base}{SCHEMAS_PATH}/{name}" for name in sorted(MESSAGE_TYPES))
    return EventSchemasView(schemas=schemas, asyncapi=base + CATALOGUE_PATH)


@api.get(
    SCHEMAS_PATH + "/{event_type}",
    summary="The JSON schema of the data of an event",
    access=PUBLIC,
    path_model=EventTypePath,
    answers={200: asyncapi.SCHEMA_JSON},
    refusals=(NotFound,),
)
async def show_event_schema(call: Call[None, None, EventTypePath]) -> bytes:
    """Show a schema."""
    if call.path.event_type not in MESSAGE_TYPES:
        raise NotFound
    return _schema(call.path.event_type, call.app[NOTIFICATION].public_url)


@api.get(
    CATALOGUE_PATH,
    summary="The catalogue of all events as AsyncAPI 3.0",
    access=PUBLIC,
    answers={200: asyncapi.ASYNCAPI_JSON},
)
async def show_event_catalogue(_call: Call) -> bytes:
    """Show the catalogue."""
    return _catalogue()


@cache
def _schema(event_type: str, public_url: str) -> bytes:
    schema = asyncapi.data_schema(MESSAGE_TYPES[event_type], public_url + SCHEMAS_PATH)
    return json.dumps(schema, ensure_ascii=False).encode()


@cache
def _catalogue() -> bytes:
    return json.dumps(asyncapi.document(), ensure_ascii=False).encode()
