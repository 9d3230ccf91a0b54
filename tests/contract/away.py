"""A MongoDB that is away, as the driver tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pymongo import errors

TROUBLES = [
    errors.AutoReconnect("connection closed"),
    errors.ServerSelectionTimeoutError("no primary"),
    errors.CursorNotFound("cursor id 7 not found", 43),
    errors.OperationFailure("interrupted at shutdown", 11600),
    errors.WriteConcernError("shutdown in progress", 91),
    errors.BulkWriteError({"writeErrors": [], "nInserted": 1, "writeConcernErrors": [{"code": 91}]}),
    errors.BulkWriteError({"writeErrors": [{"code": 11600, "errmsg": "", "index": 0}], "writeConcernErrors": []}),
    errors.WaitQueueTimeoutError("no connection in time"),
    errors.InvalidOperation("Cannot use MongoClient after close"),
]
"""One for each way in which the driver says that the server, not the request, is the trouble."""


class Away:
    """A collection of which every call fails."""

    def __init__(self, trouble: Exception) -> None:
        self._trouble = trouble

    def find(self, *_: object, **__: object) -> Away:
        return self

    sort = find
    aggregate = find

    async def to_list(self, _: int | None) -> list[Any]:
        raise self._trouble

    async def __aiter__(self) -> AsyncIterator[Any]:
        raise self._trouble
        yield

    def __getattr__(self, name: str) -> Any:
        async def fails(*_: object, **__: object) -> None:
            raise self._trouble

        return fails
