"""The only module that imports a MongoDB driver.

motor is deprecated since 2025-05-14 and gets critical fixes until 2027-05-14 (docs/adr/0002).
The verbs that we use are alike in PyMongo's own asynchronous client, so ``PASPOR_MONGO_DRIVER=pymongo`` runs the same
code on it; moving later is one changed default.
"""

from __future__ import annotations

import os
from inspect import isawaitable
from typing import Any, Final

# Each waiting operation of motor holds a thread; the default of 5 per core starves short reads behind long ones.
os.environ.setdefault("MOTOR_MAX_WORKERS", "32")

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import IndexModel, InsertOne, ReturnDocument, UpdateOne, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

AsyncClient = Any
AsyncDatabase = Any
AsyncCollection = Any

SELECTION_SECONDS: Final = 5
"""How long an operation waits for a reachable primary before it says that the store is unavailable."""

UNAVAILABLE: Final = (AutoReconnect, ConnectionFailure, NetworkTimeout, ServerSelectionTimeoutError, WTimeoutError)
"""What the driver raises when the server, not the request, is the trouble."""

__all__ = [
    "UNAVAILABLE",
    "AsyncClient",
    "AsyncCollection",
    "AsyncDatabase",
    "BulkWriteError",
    "DuplicateKeyError",
    "IndexModel",
    "InsertOne",
    "OperationFailure",
    "PyMongoError",
    "ReturnDocument",
    "UpdateOne",
    "WTimeoutError",
    "connect",
    "database",
    "disconnect",
]


def connect(url: str) -> AsyncClient:
    """A client for this URL: aware datetimes, standard UUIDs, writes retried once by the driver."""
    options: dict[str, Any] = {
        "tz_aware": True,
        "uuidRepresentation": "standard",
        "serverSelectionTimeoutMS": SELECTION_SECONDS * 1000,
        "connectTimeoutMS": SELECTION_SECONDS * 1000,
        "maxPoolSize": 64,
        "retryWrites": True,
        "appname": "paspor",
    }
    if os.environ.get("PASPOR_MONGO_DRIVER") == "pymongo":
        return pymongo.AsyncMongoClient(url, **options)
    return AsyncIOMotorClient(url, **options)


def database(client: AsyncClient, name: str) -> AsyncDatabase:
    """The database of that name, whose writes are acknowledged by the majority's journals."""
    return client.get_database(name, write_concern=WriteConcern(w="majority", j=True))


async def disconnect(client: AsyncClient) -> None:
    """Close the client, whichever driver it is from."""
    closing = client.close()
    if isawaitable(closing):
        await closing
