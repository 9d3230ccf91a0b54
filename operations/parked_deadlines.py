"""`./paspor parked`: deadlines that a service does not try any more, because they failed again and again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from local_suite.errors import CommandError
from operations.audit_log import AuditLog
from operations.errors import RequestMakesNoSense
from operations.output import Say, age_of
from shared.store.driver import OperationFailure, PyMongoError, connect, database, disconnect
from shared.store.kinds import Kind, Parked
from shared.store.mongo import MongoStore
from shared.store.port import StoreUnavailable

INDEX: Final = "parked_since"
"""Each collection whose documents have deadlines has this index."""

NOT_AUTHORIZED: Final = 13
"""MongoDB's code for a login without the right."""

LONGEST_LIST: Final = 1000
"""Of one kind; what is behind it is listed once these are released."""


class ParkedDeadlineCommands:
    """An operator's work on parked deadlines: list and release.

    ``url_of`` returns a service's database address, with a login that may change it.
    """

    def __init__(self, url_of: Callable[[str], str], log: AuditLog, say: Say) -> None:
        self._url_of = url_of
        self._log = log
        self._say = say

    async def list_parked(self, services: Sequence[str], *, as_json: bool = False) -> int:
        """Say what is parked, the longest parked first."""
        found = 0
        for service in services:
            async with self._store(service) as (store, kinds):
                listed = [parked for kind in kinds for parked in await store.parked(kind, limit=LONGEST_LIST)]
            found += len(listed)
            for parked in listed:
                self._say(_json_of(service, parked) if as_json else _line_of(service, parked, datetime.now(UTC)))
        if not found and not as_json:
            self._say("Nothing is parked.")
        return 0

    async def release(self, service: str, record_id: str | None, name: str | None) -> int:
        """Let one parked deadline, all of one document, or all of the service fall due now, with all their tries."""
        released = 0
        async with self._store(service) as (store, kinds):
            for kind in kinds:
                for parked in await store.parked(kind, limit=LONGEST_LIST):
                    if record_id in (None, parked.record_id) and name in (None, parked.name):
                        facts = {"kind": parked.kind, "subject": parked.record_id, "deadline": parked.name}
                        self._log.write("release", service, **facts)
                        now = datetime.now(UTC)
                        released += await store.release_parked(kind, parked.record_id, parked.name, now=now)
        if record_id is not None and not released:
            raise RequestMakesNoSense(
                f"{service} has nothing parked for {record_id}: `./paspor parked list {service}` names what it has."
            )
        self._say(f"{released} of {service} released; `./paspor parked list {service}` shows what is parked again.")
        return 0

    @asynccontextmanager
    async def _store(self, service: str) -> AsyncIterator[tuple[MongoStore, list[Kind[Any]]]]:
        client = connect(self._url_of(service))
        try:
            data = database(client, f"paspor_{service}")
            names = sorted(await data.list_collection_names())
            kinds = [Kind(name, dict) for name in names if INDEX in await data[name].index_information()]
            yield MongoStore(data, service), kinds
        except OperationFailure as refused:
            if refused.code != NOT_AUTHORIZED:
                raise CommandError(f"The database of {service} refuses: {refused.details or refused}.") from refused
            raise CommandError(
                f"This login may not change the database of {service}: name one that may in MONGO_URL."
            ) from refused
        except (PyMongoError, StoreUnavailable) as trouble:
            raise CommandError(
                f"The database of {service} does not answer ({type(trouble).__name__}): look at it, then repeat."
            ) from trouble
        finally:
            await disconnect(client)


def _line_of(service: str, parked: Parked, now: datetime) -> str:
    age = age_of(parked.parked_at, now)
    return (
        f"{service}  {parked.kind} {parked.record_id}  {parked.name}: {parked.error}, {parked.failures} tries, "
        f"parked {age} ago"
    )


def _json_of(service: str, parked: Parked) -> str:
    return json.dumps(
        {
            "service": service,
            "kind": parked.kind,
            "id": parked.record_id,
            "deadline": parked.name,
            "error": parked.error,
            "tries": parked.failures,
            "parked_at": parked.parked_at.isoformat(),
        }
    )
