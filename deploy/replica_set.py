"""One shot: make the deployment's mongod a replica set of one, which transactions and change streams need."""

from __future__ import annotations

import os
import time

import pymongo
from pymongo.errors import OperationFailure

ALREADY_INITIALIZED = 23
WAIT_SECONDS = 0.2


def main() -> None:
    """Initiate with the host that clients use; done already is as good."""
    host = os.environ["PASPOR_MONGO_HOST"]
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        f"mongodb://{host}/?directConnection=true", serverSelectionTimeoutMS=60_000
    )
    try:
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": host}]})
    except OperationFailure as refused:
        if refused.code != ALREADY_INITIALIZED:
            raise
    while not client.admin.command("hello")["isWritablePrimary"]:
        time.sleep(WAIT_SECONDS)


if __name__ == "__main__":
    main()
