"""One shot before the services: the deployment's RabbitMQ gets its queues and a user per service with its rights.

A service's user reads its own queues, publishes events of its own and the commands it is listed for, and declares
nothing; the operator's user handles dead letters. Running it again is harmless: queues that are there stay, passwords
and rights become those of the environment and of this version. It speaks to the management interface.
"""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Final

from shared.bus.rights import OPERATOR, definitions
from shared.events.subscriptions import SERVICES

ADMIN: Final = "paspor"
WAIT_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 60
CALL_SECONDS: Final = 30


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Import users, rights and queues; an exception ends the container with its reason."""
    url = f"{environment['PASPOR_RABBITMQ_MANAGEMENT_URL']}/api/definitions"
    # the deployment's own user is not among them: its password is set at the broker's first start
    body = json.dumps(definitions(passwords(environment))).encode()
    login = base64.b64encode(f"{ADMIN}:{environment['PASPOR_AMQP_PASSWORD']}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - the address is the deployment's own
        url, body, {"Authorization": f"Basic {login}", "Content-Type": "application/json"}, method="POST"
    )
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not imported(request):
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"RabbitMQ's management interface did not answer within {PATIENCE_SECONDS} s")
        time.sleep(WAIT_SECONDS)


def passwords(environment: Mapping[str, str]) -> dict[str, str]:
    """The password of each user, by its name."""
    return {user: environment[f"PASPOR_{user.upper()}_AMQP_PASSWORD"] for user in (*SERVICES, OPERATOR)}


def imported(request: urllib.request.Request) -> bool:
    """Whether the broker has taken it; False while it does not answer. A refusal is raised with its words."""
    try:
        with urllib.request.urlopen(request, timeout=CALL_SECONDS):  # noqa: S310 - as above
            return True
    except urllib.error.HTTPError as refused:
        words = refused.read().decode(errors="replace")[:300]
        raise RuntimeError(f"RabbitMQ refused the definitions with {refused.code}: {words}") from None
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    main()
