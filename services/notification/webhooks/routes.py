"""The endpoints of webhooks: operators keep them, and everybody may read what they tell."""

from __future__ import annotations

import inspect
import json
from typing import Final

from services.notification.http import NOTIFICATION
from services.notification.webhooks.errors import (
    TooManyWebhooks,
    WebhookAddressNotTaken,
    WebhookEventUnknown,
    WebhookKindUnknown,
    WebhookStateForbids,
    WebhookUnknown,
)
from services.notification.webhooks.schemas import (
    RegisterWebhook,
    ReplayView,
    ReplayWebhook,
    WebhookDeliveriesQuery,
    WebhookDeliveriesView,
    WebhookDeliveryView,
    WebhookKindPath,
    WebhookKindsView,
    WebhookKindView,
    WebhookPath,
    WebhooksView,
    WebhookView,
    WebhookWithSecret,
)
from services.notification.webhooks.service import KINDS_PATH
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events.asyncapi import SCHEMA_JSON
from shared.events.published import KINDS, PUBLISHED, told_schema
from shared.http.call import Answer, Call
from shared.http.endpoint import PUBLIC, STAFF, Endpoints, RateLimit
from shared.http.paging import cut_after, moment_cursor, moment_of
from shared.tokens import Role

api = Endpoints("webhooks")

OPERATORS: Final = STAFF(Role.OPERATOR)
ACTS_PER_CALLER: Final = RateLimit(60, 60.0)

_SCHEMAS: Final = {event.TYPE: json.dumps(told_schema(event)).encode() for event in PUBLISHED}
_MEANINGS: Final = {event.TYPE: " ".join((inspect.getdoc(event) or "").split()) for event in PUBLISHED}


@api.post(
    "/v1/webhooks",
    summary="Register a consumer's address for events; its secret is shown once",
    access=OPERATORS,
    body=RegisterWebhook,
    answers={201: WebhookWithSecret},
    location="/v1/webhooks/{webhook_id}",
    refusals=(WebhookKindUnknown, WebhookAddressNotTaken, TooManyWebhooks),
    idempotent=True,
    cache_answer=False,
    rate=ACTS_PER_CALLER,
)
async def register_webhook(call: Call[RegisterWebhook]) -> Answer:
    """Register a webhook."""
    wanted = call.body
    record, secret = await call.app[NOTIFICATION].webhooks.register(
        call.caller, wanted.consumer, wanted.url, wanted.kinds, call.command_id
    )
    return Answer(201, WebhookWithSecret.from_pair(record, secret), cache_answer=False)


@api.get(
    "/v1/webhooks",
    summary="The webhooks, the oldest first",
    access=OPERATORS,
    pages_by="webhook_id",
    answers={200: WebhooksView},
)
async def list_webhooks(call: Call) -> WebhooksView:
    """List the webhooks; their secrets are not shown again."""
    found = await call.app[NOTIFICATION].webhooks.webhooks()
    return WebhooksView(webhooks=tuple(map(WebhookView.from_record, found)))


@api.get(
    "/v1/webhooks/{webhook_id}",
    summary="One webhook",
    access=OPERATORS,
    path_model=WebhookPath,
    answers={200: WebhookView},
    refusals=(WebhookUnknown,),
)
async def show_webhook(call: Call[None, None, WebhookPath]) -> WebhookView:
    """Show a webhook."""
    return WebhookView.from_record(await call.app[NOTIFICATION].webhooks.webhook(call.path.webhook_id))


@api.delete(
    "/v1/webhooks/{webhook_id}",
    summary="Delete a webhook with its secrets",
    access=OPERATORS,
    path_model=WebhookPath,
    answers={204: None},
    refusals=(WebhookUnknown, SomeoneElseChangedIt),
    rate=ACTS_PER_CALLER,
)
async def delete_webhook(call: Call[None, None, WebhookPath]) -> None:
    """Delete a webhook; what waits for it is not sent."""
    await call.app[NOTIFICATION].webhooks.delete(call.path.webhook_id)


@api.post(
    "/v1/webhooks/{webhook_id}/secrets",
    summary="Make a new secret; the one before it signs beside it for a day",
    access=OPERATORS,
    path_model=WebhookPath,
    answers={201: WebhookWithSecret},
    location="/v1/webhooks/{webhook_id}",
    refusals=(WebhookUnknown, SomeoneElseChangedIt),
    idempotent=True,
    cache_answer=False,
    rate=ACTS_PER_CALLER,
)
async def rotate_webhook_secret(call: Call[None, None, WebhookPath]) -> Answer:
    """Rotate the secret."""
    record, secret = await call.app[NOTIFICATION].webhooks.rotate_secret(call.path.webhook_id, call.command_id)
    return Answer(201, WebhookWithSecret.from_pair(record, secret), cache_answer=False)


@api.post(
    "/v1/webhooks/{webhook_id}/disabling",
    summary="Send nothing to a webhook until it is enabled; what comes is kept",
    access=OPERATORS,
    path_model=WebhookPath,
    answers={200: WebhookView},
    refusals=(WebhookUnknown, SomeoneElseChangedIt),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def disable_webhook(call: Call[None, None, WebhookPath]) -> WebhookView:
    """Disable a webhook."""
    return WebhookView.from_record(await call.app[NOTIFICATION].webhooks.disable(call.path.webhook_id))


@api.post(
    "/v1/webhooks/{webhook_id}/enabling",
    summary="Send to a webhook again, first what waited",
    access=OPERATORS,
    path_model=WebhookPath,
    answers={200: WebhookView},
    refusals=(WebhookUnknown, WebhookAddressNotTaken, SomeoneElseChangedIt),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def enable_webhook(call: Call[None, None, WebhookPath]) -> WebhookView:
    """Enable a webhook."""
    return WebhookView.from_record(await call.app[NOTIFICATION].webhooks.enable(call.path.webhook_id))


@api.post(
    "/v1/webhooks/{webhook_id}/tests",
    summary="Have a test event sent to a webhook",
    access=OPERATORS,
    path_model=WebhookPath,
    answers={202: WebhookView},
    refusals=(WebhookUnknown, WebhookStateForbids, SomeoneElseChangedIt),
    idempotent=True,
    rate=ACTS_PER_CALLER,
    description="It is sent within seconds; the list of deliveries tells how it went.",
)
async def send_webhook_test(call: Call[None, None, WebhookPath]) -> WebhookView:
    """Ask for a test event."""
    webhooks = call.app[NOTIFICATION].webhooks
    return WebhookView.from_record(await webhooks.ask_for_test(call.path.webhook_id, call.command_id))


@api.get(
    "/v1/webhooks/{webhook_id}/deliveries",
    summary="What was sent to a webhook, with the outcome of each",
    access=OPERATORS,
    path_model=WebhookPath,
    query=WebhookDeliveriesQuery,
    answers={200: WebhookDeliveriesView},
    refusals=(WebhookUnknown,),
)
async def list_webhook_deliveries(call: Call[None, WebhookDeliveriesQuery, WebhookPath]) -> WebhookDeliveriesView:
    """List deliveries of a webhook, the latest first."""
    wanted = call.query
    until = moment_of(wanted.after) if wanted.after is not None else None
    found = await call.app[NOTIFICATION].webhooks.deliveries(call.path.webhook_id, until)
    shown, following = cut_after(
        found, wanted.after, wanted.limit, lambda record: moment_cursor(record.state.asked_at, record.state.event_id)
    )
    return WebhookDeliveriesView(deliveries=tuple(map(WebhookDeliveryView.from_record, shown)), next=following)


@api.post(
    "/v1/webhooks/{webhook_id}/replays",
    summary="Send again what is kept for a webhook, from a time or an event on",
    access=OPERATORS,
    path_model=WebhookPath,
    body=ReplayWebhook,
    answers={202: ReplayView},
    refusals=(WebhookUnknown, WebhookEventUnknown, SomeoneElseChangedIt),
    idempotent=True,
    rate=ACTS_PER_CALLER,
    description="Events are kept for 14 days. Each is sent with its own webhook-id, taken before or not.",
)
async def replay_webhook(call: Call[ReplayWebhook, None, WebhookPath]) -> ReplayView:
    """Replay events."""
    wanted = call.body
    replayed = await call.app[NOTIFICATION].webhooks.replay(call.path.webhook_id, wanted.from_time, wanted.from_event)
    return ReplayView(replayed=replayed.count, continue_from=replayed.continue_from)


@api.get(
    KINDS_PATH,
    summary="The kinds of events that webhooks are told",
    access=PUBLIC,
    answers={200: WebhookKindsView},
)
async def list_webhook_kinds(call: Call) -> WebhookKindsView:
    """List the kinds that a consumer may choose."""
    schemas_url = call.app[NOTIFICATION].webhooks.schemas_url
    kinds = [WebhookKindView(type=name, meaning=_MEANINGS[name], schema_url=f"{schemas_url}/{name}") for name in KINDS]
    return WebhookKindsView(kinds=tuple(kinds))


@api.get(
    KINDS_PATH + "/{event_type}",
    summary="The JSON schema of the data of an event as webhooks are told it",
    access=PUBLIC,
    path_model=WebhookKindPath,
    answers={200: SCHEMA_JSON},
    refusals=(NotFound,),
)
async def show_webhook_kind(call: Call[None, None, WebhookKindPath]) -> bytes:
    """Show the schema that `dataschema` of a delivery leads to."""
    schema = _SCHEMAS.get(call.path.event_type)
    if schema is None:
        raise NotFound
    return schema
