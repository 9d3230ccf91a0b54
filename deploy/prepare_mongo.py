"""One shot before the services: the deployment's mongod becomes a replica set of one, and each service gets its user.

Transactions and change streams need a replica set. A service's user sees that service's data and keys of persons and no
other; the operator's user reads all data, no keys, and writes none. Running it again is harmless: what is there stays,
passwords and rights become those of the environment and this build.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pymongo
from pymongo.errors import OperationFailure

SERVICES: Final = ("identity", "application", "scheduling", "billing", "notification")
ALREADY_INITIALIZED: Final = 23
ALREADY_EXISTS: Final = 51003
WAIT_SECONDS: Final = 0.2
PATIENCE_SECONDS: Final = 60

Client = pymongo.MongoClient[dict[str, Any]]


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Initiate, wait for the primary, give each service its user; an exception ends the container with its reason."""
    host = environment["PASPOR_MONGO_HOST"]
    client: Client = pymongo.MongoClient(
        f"mongodb://{host}/?directConnection=true",
        username="root",
        password=environment["PASPOR_MONGO_ROOT_PASSWORD"],
        serverSelectionTimeoutMS=PATIENCE_SECONDS * 1000,
    )
    initiate(client, host)
    wait_for_primary(client)
    for service in SERVICES:
        own = [{"role": role, "db": f"paspor_{service}"} for role in ("readWrite", "dbAdmin")]
        keys = {"role": "readWrite", "db": f"paspor_{service}_keys"}
        give_user(client, service, environment[f"PASPOR_{service.upper()}_MONGO_PASSWORD"], [*own, keys])
    reads_all = [{"role": "read", "db": f"paspor_{service}"} for service in SERVICES]
    give_user(client, "operator", environment["PASPOR_OPERATOR_MONGO_PASSWORD"], reads_all)


def initiate(client: Client, host: str) -> None:
    """Make the replica set, with the host that its clients use; done already is as good."""
    try:
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": host}]})
    except OperationFailure as refused:
        if refused.code != ALREADY_INITIALIZED:
            raise


def wait_for_primary(client: Client) -> None:
    """Until it takes writes, which a set of one does in a second; TimeoutError if it never does."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not client.admin.command("hello")["isWritablePrimary"]:
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"mongod did not become primary within {PATIENCE_SECONDS} s; its log says why")
        time.sleep(WAIT_SECONDS)


def give_user(client: Client, name: str, password: str, roles: Sequence[Mapping[str, str]]) -> None:
    """A user with exactly this password and these roles, whether it was there or not."""
    try:
        client.admin.command("createUser", name, pwd=password, roles=roles)
    except OperationFailure as refused:
        if refused.code != ALREADY_EXISTS:
            raise
        client.admin.command("updateUser", name, pwd=password, roles=roles)


if __name__ == "__main__":
    main()
