"""One event on its way to one webhook. Pure.

Deliveries of one webhook are not in order: one that fails is tried again while later ones go on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.notification.rules import WebhookRules
from shared.store.decision import Decision
from shared.store.transitions import Transitions


class WebhookDeliveryState(StrEnum):
    """States of a delivery."""

    WAITING = "waiting"
    TAKEN = "taken"
    """The consumer answered with a status from 200 to 299."""
    FAILED = "failed"
    """It was tried for days; it can be replayed as long as its event is kept."""


class WebhookDeliveryCommand(StrEnum):
    """Commands of a delivery."""

    TAKE = "take"
    PUT_OFF = "put_off"
    GIVE_UP = "give_up"
    REPLAY = "replay"


TRANSITIONS: Final[Transitions[WebhookDeliveryState, WebhookDeliveryCommand]] = Transitions(
    {
        (WebhookDeliveryState.WAITING, WebhookDeliveryCommand.TAKE): WebhookDeliveryState.TAKEN,
        (WebhookDeliveryState.WAITING, WebhookDeliveryCommand.PUT_OFF): WebhookDeliveryState.WAITING,
        (WebhookDeliveryState.WAITING, WebhookDeliveryCommand.GIVE_UP): WebhookDeliveryState.FAILED,
        (WebhookDeliveryState.WAITING, WebhookDeliveryCommand.REPLAY): WebhookDeliveryState.WAITING,
        (WebhookDeliveryState.TAKEN, WebhookDeliveryCommand.REPLAY): WebhookDeliveryState.WAITING,
        (WebhookDeliveryState.FAILED, WebhookDeliveryCommand.REPLAY): WebhookDeliveryState.WAITING,
    }
)


@dataclass(frozen=True)
class WebhookDelivery:
    """A delivery. ``event_id`` is the `webhook-id` of every try, whichever replay it belongs to.

    ``asked_at`` is when it was queued or last replayed: its tries end some days later. ``reason`` says why the last try
    failed: ``status_`` with the answer's status, or what happened to the connection.
    """

    webhook_id: str
    event_id: str
    event_type: str
    asked_at: datetime
    kept_until: datetime
    due_at: datetime | None
    state: WebhookDeliveryState = WebhookDeliveryState.WAITING
    tries: int = 0
    reason: str | None = None
    ended_at: datetime | None = None


def take(delivery: WebhookDelivery, now: datetime) -> Decision[WebhookDelivery]:
    """Note that the consumer took it."""
    state = TRANSITIONS.after(delivery.state, WebhookDeliveryCommand.TAKE)
    return Decision(replace(delivery, state=state, tries=delivery.tries + 1, reason=None, due_at=None, ended_at=now))


def put_off(delivery: WebhookDelivery, reason: str, rules: WebhookRules, now: datetime) -> Decision[WebhookDelivery]:
    """Try again after a growing pause; give up once the tries have gone on for days."""
    tried = replace(delivery, tries=delivery.tries + 1, reason=reason)
    due_at = now + rules.pause(tried.tries)
    if due_at >= delivery.asked_at + timedelta(seconds=rules.try_seconds):
        state = TRANSITIONS.after(delivery.state, WebhookDeliveryCommand.GIVE_UP)
        return Decision(replace(tried, state=state, due_at=None, ended_at=now))
    return Decision(
        replace(tried, state=TRANSITIONS.after(delivery.state, WebhookDeliveryCommand.PUT_OFF), due_at=due_at)
    )


def replay(delivery: WebhookDelivery, now: datetime) -> Decision[WebhookDelivery]:
    """Send it once more, at once, with all its tries."""
    state = TRANSITIONS.after(delivery.state, WebhookDeliveryCommand.REPLAY)
    return Decision(replace(delivery, state=state, asked_at=now, due_at=now, tries=0, reason=None, ended_at=None))
