"""Sends the deliveries of webhooks: each webhook for itself, so that a slow or dead one holds up no other."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from services.notification.context import UseCaseContext
from services.notification.webhooks import webhook as webhook_rules
from services.notification.webhooks import webhook_delivery as delivery_rules
from services.notification.webhooks.ports import WebhookPoster
from services.notification.webhooks.repository import WEBHOOK_DELIVERIES, WEBHOOKS, WebhookRepository
from services.notification.webhooks.vault import WebhookVault
from services.notification.webhooks.webhook import Round, Webhook, WebhookState
from services.notification.webhooks.webhook_delivery import WebhookDelivery, WebhookDeliveryState
from shared.crypto.errors import CannotDecrypt
from shared.errors import NotFound, UpstreamDown
from shared.logs import get_logger
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record

log = get_logger(__name__)

GONE: Final = 410
"""The status by which a consumer says that the address will never take anything again."""

EVENT_OVER: Final = "event_over"
"""Why a delivery failed whose event is kept no more."""

UNREADABLE: Final = "secret_unreadable"

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"


class WebhookSender:
    """Sends what is due to one webhook at a time.

    At least once: a process that ends between a consumer's answer and the note of it sends the delivery again, with the
    same `webhook-id`.
    """

    def __init__(self, context: UseCaseContext, vault: WebhookVault, poster: WebhookPoster) -> None:
        self._context = context
        self._rules = context.rules.webhooks
        self._webhooks = WebhookRepository(context)
        self._vault = vault
        self._poster = poster

    async def send_due(self, record: Record[Webhook], _name: str) -> None:
        """Send what is due, for `round_seconds` at most, and say when to look again."""
        stop_at = self._context.now() + timedelta(seconds=self._rules.round_seconds)
        seen = Round()
        while self._context.now() < stop_at:
            webhook = await self._webhooks.webhook(record.id)
            if webhook is None or webhook.state.state is not WebhookState.ACTIVE:
                return
            page = await self._webhooks.waiting(record.id, self._rules.at_once, before=self._context.now())
            if not page:
                break
            answers = await asyncio.gather(*(self._send(webhook, delivery) for delivery in page))
            seen = Round(
                taken=seen.taken or any(answer is None for answer in answers),
                failed=seen.failed or any(answer is not None for answer in answers),
                gone=_status(GONE) in answers,
            )
            if seen.gone or all(answer is not None for answer in answers):
                break
        await self._end_round(record.id, seen)

    async def _end_round(self, webhook_id: str, seen: Round) -> None:
        waiting = await self._webhooks.waiting(webhook_id, 1)
        next_due = waiting[0].state.due_at if waiting else None
        ended = Round(seen.taken, seen.failed, seen.gone, next_due)

        def decide(webhook: Webhook) -> Decision[Webhook]:
            return webhook_rules.end_round(webhook, webhook_id, ended, self._rules, self._context.now())

        try:
            after = await change(self._context.store, self._context.clock, WEBHOOKS, webhook_id, decide)
        except NotFound:  # it was deleted meanwhile
            return
        if after.state.state is WebhookState.DISABLED:
            log.error("webhook_disabled", webhook_id=webhook_id, cause=after.state.disabled_because)

    async def _send(self, webhook: Record[Webhook], delivery: Record[WebhookDelivery]) -> str | None:
        """Send one delivery and note the outcome; return None once it was taken, else why it was not."""
        reason = await self._post(webhook, delivery.state)
        now = self._context.now()

        def decide(known: WebhookDelivery) -> Decision[WebhookDelivery] | None:
            if known.state is not WebhookDeliveryState.WAITING or known.asked_at != delivery.state.asked_at:
                return None
            if reason is None:
                return delivery_rules.take(known, now)
            return delivery_rules.put_off(known, reason, self._rules, now)

        try:
            await change(
                self._context.store, self._context.clock, WEBHOOK_DELIVERIES, delivery.id, decide, first=delivery
            )
        except NotFound:  # its time was over meanwhile
            return reason
        return reason

    async def _post(self, webhook: Record[Webhook], delivery: WebhookDelivery) -> str | None:
        now = self._context.now()
        event = await self._webhooks.kept_event(delivery.event_id, now)
        if event is None:
            return EVENT_OVER
        try:
            headers = self._vault.headers(webhook.id, webhook.state, delivery.event_id, event.state.body, now)
            headers["Content-Type"] = CONTENT_TYPE
            status = await self._poster.post(webhook.state.url, event.state.body, headers)
        except CannotDecrypt:
            log.error("webhook_secret_unreadable", webhook_id=webhook.id)
            return UNREADABLE
        except UpstreamDown as trouble:
            return trouble.reason
        return None if 200 <= status <= 299 else _status(status)


def _status(status: int) -> str:
    return f"status_{status}"
