"""A webhook: the https address of a consumer without AMQP, the kinds of events that it is told, and its secrets. Pure.

A disabled webhook keeps what waits for it and what comes meanwhile; both are sent once it is enabled again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.notification.rules import WebhookRules
from shared.events.codes import WebhookEnd
from shared.events.notification import WebhookDisabled, WebhookTested
from shared.store.decision import Decision
from shared.store.transitions import Transitions


class WebhookState(StrEnum):
    """States of a webhook."""

    ACTIVE = "active"
    DISABLED = "disabled"


class WebhookCommand(StrEnum):
    """Commands of a webhook."""

    DISABLE = "disable"
    ENABLE = "enable"


TRANSITIONS: Final[Transitions[WebhookState, WebhookCommand]] = Transitions(
    {
        (WebhookState.ACTIVE, WebhookCommand.DISABLE): WebhookState.DISABLED,
        (WebhookState.DISABLED, WebhookCommand.ENABLE): WebhookState.ACTIVE,
    }
)


@dataclass(frozen=True)
class SigningSecret:
    """A secret that deliveries are signed with, sealed. ``until``: its end, once a newer one has taken its place."""

    sealed: str
    until: datetime | None = None

    def signs(self, now: datetime) -> bool:
        """Return whether deliveries are signed with it; the very moment of its end is too late."""
        return self.until is None or now < self.until


@dataclass(frozen=True)
class Webhook:
    """A webhook. ``secrets`` are two at most, the newest first; ``wakes_at`` is when its deliveries are looked for."""

    consumer: str
    url: str
    kinds: tuple[str, ...]
    secrets: tuple[SigningSecret, ...]
    registered_by: str
    registered_at: datetime
    state: WebhookState = WebhookState.ACTIVE
    disabled_because: WebhookEnd | None = None
    failing_since: datetime | None = None
    """The first failure since the last delivery that was taken."""
    wakes_at: datetime | None = None


@dataclass(frozen=True)
class Round:
    """The outcome of one look for deliveries: whether one was taken, one failed, or the address is gone for good."""

    taken: bool = False
    failed: bool = False
    gone: bool = False
    next_due: datetime | None = None
    """When the next delivery that waits is due."""


def register(webhook: Webhook, now: datetime) -> Decision[Webhook]:
    """Return the new webhook, awake at once."""
    return Decision(replace(webhook, wakes_at=now))


def rotate_secret(webhook: Webhook, sealed: str, rules: WebhookRules, now: datetime) -> Decision[Webhook]:
    """Sign with a new secret, and for ``overlap_seconds`` with the one before it too; an older one ends now."""
    until = now + timedelta(seconds=rules.overlap_seconds)
    before = replace(webhook.secrets[0], until=until)
    return Decision(replace(webhook, secrets=(SigningSecret(sealed), before)))


def disable(webhook: Webhook, webhook_id: str, because: WebhookEnd, now: datetime) -> Decision[Webhook]:
    """Send nothing any more; what waits is kept. An event tells of it, so that operators hear of it."""
    state = TRANSITIONS.after(webhook.state, WebhookCommand.DISABLE)
    disabled = replace(webhook, state=state, disabled_because=because, wakes_at=None)
    told = WebhookDisabled(webhook_id=webhook_id, consumer=webhook.consumer, cause=because, disabled_at=now)
    return Decision(disabled, (told,))


def enable(webhook: Webhook, now: datetime) -> Decision[Webhook]:
    """Send again, at once, what waited."""
    state = TRANSITIONS.after(webhook.state, WebhookCommand.ENABLE)
    return Decision(replace(webhook, state=state, disabled_because=None, failing_since=None, wakes_at=now))


def ask_for_test(webhook: Webhook, webhook_id: str, now: datetime) -> Decision[Webhook]:
    """Ask for a delivery to this webhook alone."""
    return Decision(webhook, (WebhookTested(webhook_id=webhook_id, asked_at=now),))


def wake(webhook: Webhook, now: datetime) -> Decision[Webhook] | None:
    """Look for deliveries at once; None where that happens anyway, or where the consumer's server is given a rest."""
    if webhook.wakes_at is None or webhook.wakes_at <= now or webhook.failing_since is not None:
        return None
    return Decision(replace(webhook, wakes_at=now))


def end_round(webhook: Webhook, webhook_id: str, seen: Round, rules: WebhookRules, now: datetime) -> Decision[Webhook]:
    """Say when deliveries are looked for again; after days in which none was taken, never by itself."""
    if webhook.state is not WebhookState.ACTIVE:
        return Decision(webhook)
    if seen.gone:
        return disable(webhook, webhook_id, WebhookEnd.GONE, now)
    failing_since = None if seen.taken else webhook.failing_since or (now if seen.failed else None)
    if failing_since is not None and now - failing_since >= timedelta(seconds=rules.try_seconds):
        return disable(replace(webhook, failing_since=failing_since), webhook_id, WebhookEnd.FAILING, now)
    earliest = now + timedelta(seconds=rules.rest_seconds if failing_since is not None else 0)
    latest = max(earliest, now + timedelta(seconds=rules.idle_seconds))
    wakes_at = min(max(seen.next_due or latest, earliest), latest)
    return Decision(replace(webhook, failing_since=failing_since, wakes_at=wakes_at))


def deadlines(webhook: Webhook) -> Mapping[str, datetime]:
    """Return when deliveries are looked for, under the name ``send``."""
    return {"send": webhook.wakes_at} if webhook.wakes_at is not None else {}
