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
    InvalidOperation,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
    WTimeoutError,
)

AsyncClient = Any
AsyncDatabase = Any
AsyncCollection = Any

SELECTION_SECONDS: Final = 5
"""How long an operation waits for a reachable primary before the store counts as unavailable."""

UNAVAILABLE: Final = (AutoReconnect, ConnectionFailure, NetworkTimeout, ServerSelectionTimeoutError, WTimeoutError)
"""Errors of the driver whose cause is the server, not the request."""

SERVER_TROUBLE: Final = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        24,  # LockTimeout
        43,  # CursorNotFound: the server was restarted in the middle of an answer
        50,  # MaxTimeMSExpired
        63,  # StaleShardVersion
        64,  # WriteConcernTimeout
        79,  # UnknownReplWriteConcern
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        100,  # UnsatisfiableWriteConcern
        112,  # WriteConflict
        133,  # FailedToSatisfyReadPreference
        134,  # ReadConcernMajorityNotAvailableYet
        136,  # CappedPositionLost
        189,  # PrimarySteppedDown
        262,  # ExceededTimeLimit
        9001,  # SocketException
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11602,  # InterruptedDueToReplStateChange
        13388,  # StaleConfig
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
        14031,  # OutOfDiskSpace
    }
)
"""Error codes whose cause is the server: shutting down, stepping down, out of time or of disk."""

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
    "new_session",
    "server_is_trouble",
]


def connect(url: str) -> AsyncClient:
    """Return a client for this URL: aware datetimes, standard UUIDs, writes retried once by the driver."""
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
    """Return the database of that name, with writes acknowledged by the majority's journals."""
    return client.get_database(name, write_concern=WriteConcern(w="majority", j=True))


def server_is_trouble(error: PyMongoError) -> bool:
    """Return whether the server, not the request, is the cause: the same call may succeed later."""
    if isinstance(error, UNAVAILABLE):
        return True
    if isinstance(error, BulkWriteError):
        refused = error.details.get("writeErrors") or []
        unsafe = error.details.get("writeConcernErrors") or []
        return bool(unsafe) or any(item.get("code") in SERVER_TROUBLE for item in refused)
    if isinstance(error, WriteConcernError):
        return True
    if isinstance(error, OperationFailure):
        return error.code in SERVER_TROUBLE
    return isinstance(error, InvalidOperation) and "close" in str(error)  # the process is going down


async def new_session(client: AsyncClient) -> Any:
    """Return a session of the server, for commands that belong together; `await session.end_session()` ends it."""
    session = client.start_session()
    return await session if isawaitable(session) else session


async def disconnect(client: AsyncClient) -> None:
    """Close the client, whichever driver it is from."""
    closing = client.close()
    if isawaitable(closing):
        await closing
