"""One message to one address over one channel, from the wish to its end.

A message that is being sent is leased and has no state of its own: one write queues it and one ends it.
Text, variables and address lie sealed in ``sealed`` and are forgotten with the end, whichever it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.notification.rules import RetryRules
from shared.events.codes import DeliveryChannel
from shared.events.message import Event
from shared.events.notification import DeliveryFailed, DeliverySent
from shared.store.decision import Decision
from shared.store.transitions import Transitions


class State(StrEnum):
    """States of a message."""

    __schema_name__ = "DeliveryState"

    QUEUED = "queued"
    SENT = "sent"
    """The channel took it; by email this is the last thing that is ever known."""
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"
    """It was no longer of use and was not sent."""


class Command(StrEnum):
    """Commands of a message."""

    ACCEPT = "accept"
    PUT_OFF = "put_off"
    GIVE_UP = "give_up"
    DROP = "drop"
    CONFIRM = "confirm"
    RETURN = "return"


TRANSITIONS: Final[Transitions[State, Command]] = Transitions(
    {
        (State.QUEUED, Command.ACCEPT): State.SENT,
        (State.QUEUED, Command.PUT_OFF): State.QUEUED,
        (State.QUEUED, Command.GIVE_UP): State.FAILED,
        (State.QUEUED, Command.DROP): State.DROPPED,
        # A receipt may overtake the note that the gateway took the message.
        (State.QUEUED, Command.CONFIRM): State.DELIVERED,
        (State.QUEUED, Command.RETURN): State.FAILED,
        (State.SENT, Command.CONFIRM): State.DELIVERED,
        (State.SENT, Command.RETURN): State.FAILED,
    }
)

FINAL: Final = frozenset({State.DELIVERED, State.FAILED, State.DROPPED})
ENDED: Final = FINAL | {State.SENT}
"""Nothing is left to send."""

EXPIRED: Final = "expired"
NO_ADDRESS: Final = "no_address"
RETURNED: Final = "not_delivered"
ADDRESS_MALFORMED: Final = "address_malformed"
UNREADABLE: Final = "content_unreadable"
TEXT_BROKEN: Final = "template_broken"
LETTER_GONE: Final = "attachment_gone"
ERASED: Final = "erased"
CONSENT_WITHDRAWN: Final = "consent_withdrawn"
"""Why a message was not sent or did not arrive; a channel's own refusal is `smtp_` or `sms_` with its status."""


@dataclass(frozen=True)
class Delivery:
    """A message. Only ``sealed`` holds anything personal; ``sent_to`` is masked for its owner's screen.

    ``cause_id`` is the challenge or message that asked for it; ``send_by`` is when it stops being of use.
    """

    account_id: str
    template: str
    channel: DeliveryChannel
    language: str
    cause_id: str
    application_id: str | None
    sent_to: str
    sealed: str | None
    created_at: datetime
    send_by: datetime
    attachment_id: str | None = None
    urgent: bool = False
    state: State = State.QUEUED
    next_try_at: datetime | None = None
    tries: int = 0
    reason: str | None = None
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    purpose: str = ""
    """The free purpose of the privacy notice that it serves, if it serves one."""


def queue(wanted: Delivery, delivery_id: str, now: datetime) -> Decision[Delivery]:
    """Queue a message to be sent at once; one that is over already or has no address ends here, with an event."""
    if now >= wanted.send_by:
        return drop(wanted, delivery_id, now)
    if wanted.sealed is None:
        return give_up(wanted, delivery_id, NO_ADDRESS, now)
    return Decision(replace(wanted, next_try_at=now))


def is_over(delivery: Delivery, now: datetime) -> bool:
    """Return whether sending it would only confuse: its time is up (the very moment counts as up)."""
    return now >= delivery.send_by


def accept(delivery: Delivery, delivery_id: str, now: datetime) -> Decision[Delivery]:
    """Note that the channel took it."""
    state = TRANSITIONS.after(delivery.state, Command.ACCEPT)
    sent = replace(_ended(delivery, state, now), tries=delivery.tries + 1, reason=None, sent_at=now)
    return Decision(sent, (_sent(delivery, delivery_id),))


def put_off(delivery: Delivery, delivery_id: str, reason: str, rules: RetryRules, now: datetime) -> Decision[Delivery]:
    """Try again later, since the channel does not answer; give up for ``reason`` if later would be too late."""
    tried = replace(delivery, tries=delivery.tries + 1, reason=reason)
    next_try_at = now + rules.pause(tried.tries, urgent=delivery.urgent)
    if next_try_at >= delivery.send_by:
        return give_up(tried, delivery_id, reason, now)
    return Decision(replace(tried, state=TRANSITIONS.after(delivery.state, Command.PUT_OFF), next_try_at=next_try_at))


def hold(delivery: Delivery, until: datetime) -> Decision[Delivery]:
    """Hold a message that the channel has and has not answered yet: it is not tried again before `until`."""
    return Decision(replace(delivery, state=TRANSITIONS.after(delivery.state, Command.PUT_OFF), next_try_at=until))


def give_up(delivery: Delivery, delivery_id: str, reason: str, now: datetime) -> Decision[Delivery]:
    """Give up sending, for the coded reason; an event tells of it."""
    state = TRANSITIONS.after(delivery.state, Command.GIVE_UP)
    failed = replace(_ended(delivery, state, now), reason=reason)
    return Decision(failed, (_failed(delivery, delivery_id, reason),))


def drop(delivery: Delivery, delivery_id: str, now: datetime, reason: str = EXPIRED) -> Decision[Delivery]:
    """Drop a message whose time is up, or for another reason; an event tells of it."""
    state = TRANSITIONS.after(delivery.state, Command.DROP)
    dropped = replace(_ended(delivery, state, now), reason=reason)
    return Decision(dropped, (_failed(delivery, delivery_id, reason),))


def confirm(delivery: Delivery, delivery_id: str, now: datetime) -> Decision[Delivery]:
    """Note the gateway's receipt that it arrived."""
    state = TRANSITIONS.after(delivery.state, Command.CONFIRM)
    events = (_sent(delivery, delivery_id),) if delivery.state is State.QUEUED else ()
    arrived = replace(_ended(delivery, state, now), reason=None, sent_at=delivery.sent_at or now)
    return Decision(arrived, events)


def give_back(delivery: Delivery, delivery_id: str, now: datetime) -> Decision[Delivery]:
    """Note the gateway's receipt that it could not be delivered."""
    state = TRANSITIONS.after(delivery.state, Command.RETURN)
    returned = replace(_ended(delivery, state, now), reason=RETURNED)
    return Decision(returned, (_failed(delivery, delivery_id, RETURNED),))


def tells_of_person(delivery: Delivery) -> bool:
    """Return whether an address, a content or a letter is left."""
    return bool(delivery.sent_to) or delivery.sealed is not None or delivery.attachment_id is not None


def erase(delivery: Delivery, delivery_id: str, now: datetime) -> Decision[Delivery]:
    """Forget what is left of the person to whom it goes; one that was not sent is dropped, and an event tells of it."""
    blank = replace(delivery, sent_to="", sealed=None, attachment_id=None)
    if delivery.state is not State.QUEUED:
        return Decision(blank)
    state = TRANSITIONS.after(delivery.state, Command.DROP)
    return Decision(replace(_ended(blank, state, now), reason=ERASED), (_failed(delivery, delivery_id, ERASED),))


def due(delivery: Delivery) -> Mapping[str, datetime]:
    """Return when the next try is due, under the name ``send``."""
    return {"send": delivery.next_try_at} if delivery.next_try_at is not None else {}


def _ended(delivery: Delivery, state: State, now: datetime) -> Delivery:
    return replace(delivery, state=state, next_try_at=None, ended_at=now, sealed=None)


def _sent(delivery: Delivery, delivery_id: str) -> Event:
    return DeliverySent(
        delivery_id=delivery_id,
        account_id=delivery.account_id,
        template=delivery.template,
        channel=delivery.channel,
        application_id=delivery.application_id,
        cause_id=delivery.cause_id,
    )


def _failed(delivery: Delivery, delivery_id: str, reason: str) -> Event:
    return DeliveryFailed(
        delivery_id=delivery_id,
        account_id=delivery.account_id,
        template=delivery.template,
        channel=delivery.channel,
        reason=reason,
        application_id=delivery.application_id,
        cause_id=delivery.cause_id,
    )
