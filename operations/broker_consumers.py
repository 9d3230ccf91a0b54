"""`./paspor consumers add`, `list` and `remove`: users of the broker for consumers of events outside the suite.

They speak to RabbitMQ's management interface as the deployment's own user, like `deploy/prepare_rabbitmq.py`.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from local_suite.errors import CommandError
from operations.audit_log import AuditLog
from operations.errors import RequestMakesNoSense
from shared.bus.consumers import (
    USER_LIMITS,
    ConsumerNameWrong,
    KindNotForConsumers,
    consumer_definitions,
    consumer_queue,
    consumer_user,
)

URL_VARIABLE: Final = "PASPOR_RABBITMQ_MANAGEMENT_URL"
PASSWORD_VARIABLE: Final = "PASPOR_AMQP_PASSWORD"  # noqa: S105 - the name of a variable
ADMIN: Final = "paspor"
VHOST: Final = "/"
ANSWER_SECONDS: Final = 30.0
PASSWORD_BYTES: Final = 32
NOT_THERE: Final = 404
BROKER: Final = "broker"
"""The place of these acts in the audit log."""


class BrokerRefuses(CommandError):
    """The management interface did not answer, or refused."""


class Management:
    """RabbitMQ's management interface."""

    def __init__(self, url: str, password: str) -> None:
        """`url` is its address, `password` that of the deployment's own user.

        Raises:
            RequestMakesNoSense: the address is none of http.
        """
        if urlsplit(url).scheme not in ("http", "https"):
            raise RequestMakesNoSense(f"{URL_VARIABLE} is no address: write http://HOST:15672.")
        self._base = url.rstrip("/")
        login = base64.b64encode(f"{ADMIN}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}

    @classmethod
    def from_environment(cls) -> Management:
        """Return the interface that the environment names.

        Raises:
            RequestMakesNoSense: it names none.
        """
        url, password = os.environ.get(URL_VARIABLE), os.environ.get(PASSWORD_VARIABLE)
        if not url or not password:
            raise RequestMakesNoSense(
                f"Put the address of RabbitMQ's management interface into {URL_VARIABLE} and the password of its user "
                f"{ADMIN} into {PASSWORD_VARIABLE}."
            )
        return cls(url, password)

    def call(self, method: str, path: str, body: Any = None, *, missing_is_fine: bool = False) -> Any:
        """Call and return the answer's JSON, or None where there is none.

        Raises:
            BrokerRefuses: it did not answer, or refused.
        """
        data = json.dumps(body).encode() if body is not None else None
        request = Request(f"{self._base}/api/{path}", data, self._headers, method=method)  # noqa: S310 - looked at
        try:
            with urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
                content = answer.read()
                return json.loads(content) if content else None
        except HTTPError as refused:
            if missing_is_fine and refused.code == NOT_THERE:
                return None
            raise BrokerRefuses(f"RabbitMQ refuses {method} {path} with {refused.code}.") from None
        except (OSError, ValueError) as trouble:
            reason = getattr(trouble, "reason", trouble)
            raise BrokerRefuses(f"RabbitMQ's management interface gives no answer: {reason}.") from None


class ConsumerCommands:
    """The commands about consumers. Each act is written down before it is done."""

    def __init__(self, management: Management, audit: AuditLog, say: Callable[[str], None]) -> None:
        self._management = management
        self._audit = audit
        self._say = say

    def add(self, name: str, kinds: Sequence[str]) -> int:
        """Make a consumer's user and queue, or give a known one a new password; say it once.

        Raises:
            RequestMakesNoSense: the name or a kind makes no sense. BrokerRefuses, AuditNotWritten: nothing was done.
        """
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        try:
            made = consumer_definitions(name, password, kinds, vhost=VHOST)
        except (ConsumerNameWrong, KindNotForConsumers) as wrong:
            raise RequestMakesNoSense(str(wrong)) from None
        user = consumer_user(name)
        self._audit.write("consumer_added", BROKER, consumer=name, kinds=sorted(kinds))
        self._management.call("POST", "definitions", made)
        for limit, value in USER_LIMITS.items():
            self._management.call("PUT", f"user-limits/{user}/{limit}", {"value": value})
        self._say(f"user {user}, queue {consumer_queue(name)}")
        self._say(f"password, shown only now: {password}")
        return 0

    def list(self) -> int:
        """Say every consumer, how many messages wait for it and whether it reads.

        Raises:
            BrokerRefuses: it cannot be asked.
        """
        prefix = "paspor.consumer-"
        for queue in self._management.call("GET", f"queues/{quote(VHOST, safe='')}"):
            if queue["name"].startswith(prefix):
                waiting, readers = queue.get("messages", 0), queue.get("consumers", 0)
                self._say(f"{queue['name'].removeprefix(prefix)}: {waiting} waiting, {readers} reading")
        return 0

    def remove(self, name: str) -> int:
        """Remove a consumer's user, which ends its connections, and its queue with all that waits there.

        Raises:
            RequestMakesNoSense: the name makes no sense. BrokerRefuses, AuditNotWritten: it was not done wholly.
        """
        try:
            user, queue = consumer_user(name), consumer_queue(name)
        except ConsumerNameWrong as wrong:
            raise RequestMakesNoSense(str(wrong)) from None
        self._audit.write("consumer_removed", BROKER, consumer=name)
        self._management.call("DELETE", f"users/{user}", missing_is_fine=True)
        for connection in self._management.call("GET", f"connections/username/{user}", missing_is_fine=True) or ():
            self._management.call("DELETE", f"connections/{quote(connection['name'], safe='')}", missing_is_fine=True)
        self._management.call("DELETE", f"queues/{quote(VHOST, safe='')}/{queue}", missing_is_fine=True)
        self._say(f"{user} and {queue} are gone")
        return 0
