"""Rights of each user at the broker, and the whole broker as a RabbitMQ definitions file.

A service declares nothing; it reads its own work and command queues, publishes events of its own and the commands that
it is listed for, and sends to its own rungs and dead letters. Operators read dead letters and publish again. Only the
deployment's own user declares.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.bus import topology
from shared.events.subscriptions import COMMAND_SENDERS, SERVICES, commands_for, rooms_of

OPERATOR: Final = "operator"

NOTHING: Final = "^$"
EVERYTHING: Final = ".*"

SALT_BYTES: Final = 4
"""Of RabbitMQ's password hashes."""


@dataclass(frozen=True)
class Rights:
    """Regular expressions over names of queues and exchanges, and per topic exchange over the types to publish."""

    configure: str
    write: str
    read: str
    topics: Mapping[str, str]


def rights_of(user: str) -> Rights:
    """Return the rights of a service or of the operator."""
    return _operators() if user == OPERATOR else _services(user)


def definitions(passwords: Mapping[str, str], *, admin: str | None = None, vhost: str = "/") -> dict[str, Any]:
    """Return RabbitMQ's import file: users with their rights, exchanges, queues and bindings.

    `passwords` are by user; `admin` is the name of the user that may do everything. Importing it again changes
    passwords and rights only.
    """
    admins = [admin] if admin else []
    others = [user for user in passwords if user != admin]
    return {
        "vhosts": [{"name": vhost}],
        "users": [user_definition(name, words, admin=name == admin) for name, words in passwords.items()],
        "permissions": [
            *(_permission(user, vhost, EVERYTHING, EVERYTHING, EVERYTHING) for user in admins),
            *(_permission(user, vhost, r.configure, r.write, r.read) for user in others for r in [rights_of(user)]),
        ],
        "topic_permissions": [
            {"user": user, "vhost": vhost, "exchange": exchange, "write": types, "read": NOTHING}
            for user in others
            for exchange, types in rights_of(user).topics.items()
        ],
        "exchanges": [
            {**_place(name, vhost), "type": kind, "auto_delete": False, "internal": False}
            for name, kind in topology.exchanges()
        ],
        "queues": [
            {**_place(queue.name, vhost), "auto_delete": False, "arguments": queue.arguments}
            for queue in topology.queues()
        ],
        "bindings": [
            {
                "source": exchange,
                "vhost": vhost,
                "destination": queue.name,
                "destination_type": "queue",
                "routing_key": key,
                "arguments": {},
            }
            for queue in topology.queues()
            for exchange, key in queue.bindings
        ],
    }


def user_definition(name: str, password: str, *, admin: bool = False) -> dict[str, Any]:
    """Return a user of the import file; its password stands there as a hash."""
    # the salt is the same each time, so that the same password is the same file
    salt = hashlib.sha256(f"{name}\0{password}".encode()).digest()[:SALT_BYTES]
    hashed = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    return {
        "name": name,
        "password_hash": hashed,
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "administrator" if admin else "",
    }


def _services(service: str) -> Rights:
    queues = [topology.work_queue(service)]
    if commands_for(service):
        queues.append(topology.command_queue(service))
    queues += [topology.room_queue(service, room) for room in rooms_of(service)]
    sent = [command.TYPE for command, senders in COMMAND_SENDERS.items() if service in senders]
    exchanges = [topology.EVENTS_EXCHANGE, topology.own_exchange(service)]
    if sent:
        exchanges.append(topology.COMMANDS_EXCHANGE)
    return Rights(
        configure=NOTHING,
        write=_exactly(*exchanges),
        read=_exactly(*queues),
        topics={
            topology.EVENTS_EXCHANGE: rf"^paspor\.{service}\.",
            topology.COMMANDS_EXCHANGE: _exactly(*sent) if sent else NOTHING,
        },
    )


def _operators() -> Rights:
    dead = [topology.dead_queue(service) for service in SERVICES]
    locks = [f"{queue}.{OPERATOR}" for queue in dead]
    return Rights(
        configure=_exactly(*locks),
        write=_exactly("amq.default", topology.EVENTS_EXCHANGE),
        read=_exactly(*dead, *locks),
        topics={topology.EVENTS_EXCHANGE: r"^paspor\.", topology.COMMANDS_EXCHANGE: NOTHING},
    )


def _exactly(*names: str) -> str:
    return f"^({'|'.join(re.escape(name) for name in names)})$"


def _place(name: str, vhost: str) -> dict[str, Any]:
    return {"name": name, "vhost": vhost, "durable": True, "arguments": {}}


def _permission(user: str, vhost: str, configure: str, write: str, read: str) -> dict[str, str]:
    return {"user": user, "vhost": vhost, "configure": configure, "write": write, "read": read}
