"""Consumers outside the suite at the broker: each has one queue and a user that reads it and may do nothing else.

The deployment's own user makes and removes them, as it makes the services' (:mod:`shared.bus.rights`). A queue is
bounded and gives up its oldest messages, so that a consumer that stays away stops no publisher and fills no disk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from shared.bus import topology
from shared.bus.rights import NOTHING, user_definition
from shared.events.published import WHOLE_KINDS

LONGEST_NAME: Final = 40
"""Characters of a consumer's name."""

KEEP_DAYS: Final = 14
"""How long an unread message waits, as long as webhooks can be replayed."""

MOST_MESSAGES: Final = 1_000_000
MOST_BYTES: Final = 1024**3
"""Bounds of one queue: a day of a country's events, some hundred bytes each."""

USER_LIMITS: Final = {"max-connections": 5, "max-channels": 10}
"""Limits of one consumer's user: more is a fault in its program, and would take the broker's from services."""

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


class ConsumerNameWrong(ValueError):
    """The name is no short name of small letters, digits and single hyphens."""


class KindNotForConsumers(ValueError):
    """Consumers are not told events of a kind; the sentence lists those that they are told."""


def consumer_user(name: str) -> str:
    """Return the broker's user of a consumer.

    Raises:
        ConsumerNameWrong: it is no such name.
    """
    if len(name) > LONGEST_NAME or not _NAME.match(name):
        raise ConsumerNameWrong(
            f"{name!r} is no name of a consumer: write small letters, digits and single hyphens, as kantor-statistik."
        )
    return f"consumer-{name}"


def consumer_queue(name: str) -> str:
    """Return the queue of a consumer; raises ``ConsumerNameWrong`` as `consumer_user` does."""
    return f"paspor.{consumer_user(name)}"


def consumer_definitions(name: str, password: str, kinds: Sequence[str], *, vhost: str = "/") -> dict[str, Any]:
    """Return RabbitMQ's import file of one consumer: user, rights, queue and what is bound to it.

    Importing it again changes the password, and adds bindings; it takes none away.

    Raises:
        ConsumerNameWrong: it is no such name. KindNotForConsumers: a kind is not among `WHOLE_KINDS`, or none is named.
    """
    user, queue = consumer_user(name), consumer_queue(name)
    if not kinds or not set(kinds) <= set(WHOLE_KINDS):
        wrong = ", ".join(sorted(set(kinds) - set(WHOLE_KINDS))) or "nothing"
        raise KindNotForConsumers(f"Consumers are not told {wrong}; they are told: {', '.join(WHOLE_KINDS)}.")
    return {
        "users": [user_definition(user, password)],
        "permissions": [
            {"user": user, "vhost": vhost, "configure": NOTHING, "write": NOTHING, "read": f"^{re.escape(queue)}$"}
        ],
        "topic_permissions": [
            {"user": user, "vhost": vhost, "exchange": exchange, "write": NOTHING, "read": NOTHING}
            for exchange in (topology.EVENTS_EXCHANGE, topology.COMMANDS_EXCHANGE)
        ],
        "queues": [{"name": queue, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": _bounded()}],
        "bindings": [
            {
                "source": topology.EVENTS_EXCHANGE,
                "vhost": vhost,
                "destination": queue,
                "destination_type": "queue",
                "routing_key": kind,
                "arguments": {},
            }
            for kind in kinds
        ],
    }


def _bounded() -> dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": topology.DELIVERY_LIMIT,
        "x-message-ttl": KEEP_DAYS * 86_400_000,
        "x-max-length": MOST_MESSAGES,
        "x-max-length-bytes": MOST_BYTES,
        "x-overflow": "drop-head",
    }
