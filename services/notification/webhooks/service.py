"""The use cases of webhooks: what operators do with them, and events that come for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.notification.context import UseCaseContext
from services.notification.webhooks import webhook as webhook_rules
from services.notification.webhooks import webhook_delivery as delivery_rules
from services.notification.webhooks.errors import (
    TooManyWebhooks,
    WebhookAddressNotTaken,
    WebhookEventUnknown,
    WebhookKindUnknown,
    WebhookStateForbids,
    WebhookUnknown,
)
from services.notification.webhooks.ports import WebhookPoster
from services.notification.webhooks.repository import (
    WEBHOOK_DELIVERIES,
    WEBHOOKS,
    KeptEvent,
    WebhookRepository,
)
from services.notification.webhooks.vault import WebhookVault
from services.notification.webhooks.webhook import SigningSecret, Webhook, WebhookState
from services.notification.webhooks.webhook_delivery import WebhookDelivery
from shared.errors import NotFound
from shared.events.codes import WebhookEnd
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.events.notification import WebhookTested
from shared.events.published import KINDS, told_data
from shared.http.outside import NotOutside
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller

KINDS_PATH: Final = "/v1/webhook-kinds"
"""Where the kinds are listed, and the schema of each is served."""


@dataclass(frozen=True)
class Replayed:
    """How many events are sent again, and the id of the first one that is left for the next call."""

    count: int
    continue_from: str | None


class Webhooks:
    """The use cases of webhooks."""

    def __init__(self, context: UseCaseContext, vault: WebhookVault, poster: WebhookPoster, public_url: str) -> None:
        """Take the vault of secrets and the way out; below ``public_url`` lie the schemas of what is told."""
        self._context = context
        self._rules = context.rules.webhooks
        self._webhooks = WebhookRepository(context)
        self._vault = vault
        self._poster = poster
        self.schemas_url = public_url + KINDS_PATH

    # ---- operators ----

    async def register(
        self, caller: Caller, consumer: str, url: str, kinds: tuple[str, ...], command_id: str
    ) -> tuple[Record[Webhook], str]:
        """Register a webhook; return it with its secret. A repeat of the command returns the first and its secret.

        Raises:
            WebhookKindUnknown: a kind is not published. WebhookAddressNotTaken: the address does not lead outside.
            TooManyWebhooks: as many as are served are registered.
        """
        self._refuse_unknown(kinds)
        webhook_id = derived_id("webhook", command_id)
        known = await self._webhooks.webhook(webhook_id)
        if known is None:
            await self._refuse_inside(url)
            if len(await self._webhooks.webhooks()) >= self._rules.most_webhooks:
                raise TooManyWebhooks(most=self._rules.most_webhooks)
            now = self._context.now()
            secrets = (SigningSecret(self._vault.new_secret(webhook_id)),)
            wanted = Webhook(consumer, url, kinds, secrets, caller.account_id, now)
            known = await self._webhooks.add_webhook(webhook_id, webhook_rules.register(wanted, now).state, now)
        return known, self._vault.open_newest(webhook_id, known.state)

    async def webhooks(self) -> list[Record[Webhook]]:
        """Return every webhook, the oldest first."""
        return await self._webhooks.webhooks()

    async def webhook(self, webhook_id: str) -> Record[Webhook]:
        """Return a webhook; refuses with ``WebhookUnknown``."""
        record = await self._webhooks.webhook(webhook_id)
        if record is None:
            raise WebhookUnknown
        return record

    async def rotate_secret(self, webhook_id: str, command_id: str) -> tuple[Record[Webhook], str]:
        """Make a new secret; the one before it signs beside it for a day. A repeat returns the same secret.

        Raises:
            WebhookUnknown: there is no such webhook.
        """
        sealed = self._vault.new_secret(webhook_id)

        def decide(webhook: Webhook) -> Decision[Webhook]:
            return webhook_rules.rotate_secret(webhook, sealed, self._rules, self._context.now())

        record = await self._change(webhook_id, decide, received=command_id)
        return record, self._vault.open_newest(webhook_id, record.state)

    async def disable(self, webhook_id: str) -> Record[Webhook]:
        """Send nothing to a webhook any more; what comes is kept. A repeat changes nothing.

        Raises:
            WebhookUnknown: there is no such webhook.
        """

        def decide(webhook: Webhook) -> Decision[Webhook] | None:
            if webhook.state is WebhookState.DISABLED:
                return None
            return webhook_rules.disable(webhook, webhook_id, WebhookEnd.OPERATOR, self._context.now())

        return await self._change(webhook_id, decide)

    async def enable(self, webhook_id: str) -> Record[Webhook]:
        """Send again, at once what waited. A repeat changes nothing.

        Raises:
            WebhookUnknown: there is no such webhook. WebhookAddressNotTaken: its address leads inside by now.
        """
        await self._refuse_inside((await self.webhook(webhook_id)).state.url)

        def decide(webhook: Webhook) -> Decision[Webhook] | None:
            if webhook.state is WebhookState.ACTIVE:
                return None
            return webhook_rules.enable(webhook, self._context.now())

        return await self._change(webhook_id, decide)

    async def ask_for_test(self, webhook_id: str, command_id: str) -> Record[Webhook]:
        """Have an event of its own sent to a webhook; it stands among its deliveries then.

        Raises:
            WebhookUnknown: there is no such webhook. WebhookStateForbids: it is disabled.
        """

        def decide(webhook: Webhook) -> Decision[Webhook]:
            if webhook.state is not WebhookState.ACTIVE:
                raise WebhookStateForbids(state=webhook.state.value)
            return webhook_rules.ask_for_test(webhook, webhook_id, self._context.now())

        return await self._change(webhook_id, decide, received=command_id)

    async def delete(self, webhook_id: str) -> None:
        """Delete a webhook with its secrets; nothing that waits for it is sent.

        Raises:
            WebhookUnknown: there is no such webhook.
        """
        if not await self._webhooks.remove_webhook(webhook_id):
            raise WebhookUnknown

    async def deliveries(self, webhook_id: str, until: datetime | None) -> list[Record[WebhookDelivery]]:
        """Return deliveries of a webhook, the latest first; refuses with ``WebhookUnknown``."""
        await self.webhook(webhook_id)
        return await self._webhooks.deliveries(webhook_id, until)

    async def replay(self, webhook_id: str, since: datetime | None, event_id: str | None) -> Replayed:
        """Send again what is kept for a webhook from a time, or from an event, on; taken or not. Each event keeps its
        `webhook-id`.

        Raises:
            WebhookUnknown: there is no such webhook. WebhookEventUnknown: the event is not kept.
        """
        webhook = (await self.webhook(webhook_id)).state
        now = self._context.now()
        if event_id is not None:
            first = await self._webhooks.kept_event(event_id, now)
            if first is None:
                raise WebhookEventUnknown
            since = first.state.kept_at
        most = self._rules.most_replayed
        found = await self._webhooks.kept_since(since or now, event_id, most + 1)
        count = 0
        for event in found[:most]:
            if now < event.state.kept_until and _is_for(webhook_id, webhook, event.state):
                await self._queue(webhook_id, event, now, again=True)
                count += 1
        await self._wake(webhook_id)
        return Replayed(count, found[most].id if len(found) > most else None)

    # ---- events ----

    async def keep(self, event: Event, envelope: Envelope) -> None:
        """Keep an event for replays and queue it for every webhook that wants it; a repeat changes nothing.

        Each has a delivery of its own, also one that is disabled.
        """
        webhooks = await self._webhooks.webhooks()
        now = self._context.now()
        keep = timedelta(seconds=self._rules.keep_seconds)
        # An older one is published again after a restore: it was told then.
        if not webhooks or now - envelope.time >= keep:
            return
        only_for = event.webhook_id if isinstance(event, WebhookTested) else None
        kept = KeptEvent(envelope.type, self._body(event, envelope), now, now + keep, only_for)
        await self._webhooks.keep_event(envelope.id, kept)
        for record in webhooks:
            if _is_for(record.id, record.state, kept):
                await self._queue(record.id, Record(envelope.id, 1, kept), now, again=False)
                await self._wake(record.id)

    async def _queue(self, webhook_id: str, event: Record[KeptEvent], now: datetime, *, again: bool) -> None:
        delivery_id = derived_id("webhook_delivery", webhook_id, event.id)
        delivery = WebhookDelivery(
            webhook_id=webhook_id,
            event_id=event.id,
            event_type=event.state.event_type,
            asked_at=now,
            kept_until=event.state.kept_until,
            due_at=now,
        )
        if await self._webhooks.add_delivery(delivery_id, delivery, now) or not again:
            return

        def decide(known: WebhookDelivery) -> Decision[WebhookDelivery]:
            return delivery_rules.replay(known, now)

        await change(self._context.store, self._context.clock, WEBHOOK_DELIVERIES, delivery_id, decide)

    async def _wake(self, webhook_id: str) -> None:
        """Have deliveries looked for at once; a webhook that was deleted meanwhile needs none."""

        def decide(webhook: Webhook) -> Decision[Webhook] | None:
            return webhook_rules.wake(webhook, self._context.now())

        try:
            await change(self._context.store, self._context.clock, WEBHOOKS, webhook_id, decide)
        except NotFound:
            return

    def _body(self, event: Event, envelope: Envelope) -> str:
        """Return the event as a CloudEvent in its JSON form, without what traces it inside."""
        attributes: dict[str, Any] = {
            "specversion": "1.0",
            "id": envelope.id,
            "source": envelope.source,
            "type": envelope.type,
            "subject": envelope.subject,
            "time": envelope.time.isoformat(),
            "datacontenttype": "application/json",
            "dataschema": f"{self.schemas_url}/{envelope.type}",
            "aggregateversion": envelope.aggregate_version,
            "data": told_data(event),
        }
        return json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))

    async def _change(
        self, webhook_id: str, decide: Callable[[Webhook], Decision[Webhook] | None], received: str | None = None
    ) -> Record[Webhook]:
        try:
            return await change(
                self._context.store, self._context.clock, WEBHOOKS, webhook_id, decide, received=received
            )
        except NotFound:
            raise WebhookUnknown from None
        except IllegalTransition as illegal:
            raise WebhookStateForbids(state=illegal.state.value) from None

    async def _refuse_inside(self, url: str) -> None:
        try:
            await self._poster.check_address(url)
        except NotOutside as inside:
            raise WebhookAddressNotTaken(field="/url", reason=inside.reason.value) from None

    @staticmethod
    def _refuse_unknown(kinds: tuple[str, ...]) -> None:
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown:
            raise WebhookKindUnknown(field="/kinds", kinds=unknown)


def _is_for(webhook_id: str, webhook: Webhook, event: KeptEvent) -> bool:
    if event.webhook_id is not None:
        return event.webhook_id == webhook_id
    return event.event_type in webhook.kinds
