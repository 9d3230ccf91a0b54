"""Schemas of events over HTTP: what `dataschema` of an envelope leads to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import jsonschema
import pytest

from shared.clock import ManualClock
from shared.events import asyncapi
from shared.events.envelope import SCHEMAS_PATH
from shared.events.subscriptions import MESSAGE_TYPES
from tests.unit.notification.samples import event_of
from tests.unit.notification.webhook_world import World, world
from tests.unit.world import envelope_of

BASE = "http://127.0.0.1:8100"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def ground(clock: ManualClock) -> AsyncIterator[World]:
    async with world(clock) as running:
        yield running


async def test_every_message_has_a_schema_that_its_data_fit(ground: World) -> None:
    listed = await (await ground.client.get(SCHEMAS_PATH)).json()
    assert listed["schemas"] == [f"{BASE}{SCHEMAS_PATH}/{name}" for name in sorted(MESSAGE_TYPES)]
    for message in MESSAGE_TYPES.values():
        envelope = envelope_of(event_of(message), ground.clock.now())
        told = json.loads(envelope.to_bytes(BASE + SCHEMAS_PATH))
        answer = await ground.client.get(told["dataschema"].removeprefix(BASE))
        assert (answer.status, answer.content_type) == (200, "application/schema+json")
        schema = json.loads(await answer.text())
        assert schema["$id"] == told["dataschema"]
        assert set(schema["required"]) <= set(told["data"]) <= set(schema["properties"])
        jsonschema.Draft202012Validator.check_schema(schema)


async def test_another_type_is_not_there(ground: World) -> None:
    answer = await ground.client.get(f"{SCHEMAS_PATH}/paspor.nobody.v1")
    assert (answer.status, (await answer.json())["code"]) == (404, "not_found")


async def test_the_catalogue_is_served_as_it_is_written(ground: World) -> None:
    listed = await (await ground.client.get(SCHEMAS_PATH)).json()
    answer = await ground.client.get(listed["asyncapi"].removeprefix(BASE))
    assert answer.content_type == "application/vnd.aai.asyncapi+json"
    assert json.loads(await answer.text()) == json.loads(json.dumps(asyncapi.document()))
