"""Operating-system processes that kill themselves (SIGKILL) right before or after a chosen write on a real MongoDB."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.store.driver import AsyncDatabase, connect, database, disconnect
from shared.store.mongo import MongoStore

WRITES: Final = ("insert", "insert_missing", "save", "claim_one", "remove")
PATIENCE_SECONDS: Final = 60.0
SURVIVED: Final = 0

Life = Callable[["Mortal", "Lot"], Awaitable[object]]
"""What a process does with its one life: an importable function, given its store and its lot."""


@dataclass(frozen=True)
class Lot:
    """What a process is told: where the data lies, what time it is, what to do, and at which write to die."""

    mongo_url: str
    database: str
    service: str
    now: datetime
    case: str
    subject: str | None
    write: int
    after: bool


class Mortal:
    """A store whose process ends at the given write, as by `kill -9`: no cleaning up, no last word."""

    def __init__(self, base: MongoStore, write: int, *, after: bool) -> None:
        self.base = base
        self._left = write
        self._after = after

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.base, name)
        if name not in WRITES:
            return verb

        async def mortally(*given: Any, **named: Any) -> Any:
            hit, self._left = self._left == 0, self._left - 1
            if hit and not self._after:
                _die()
            done = await verb(*given, **named)
            if hit:
                _die()
            return done

        return mortally


async def make_empty(used: AsyncDatabase) -> None:
    """Take every document out of a database. Its indexes stay: making them again takes longer than a process' life."""
    for name in await used.list_collection_names():
        await used[name].delete_many({})


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def live(life: Life, lot: Lot) -> None:
    """The whole life of such a process."""

    async def lived() -> None:
        client = connect(lot.mongo_url)
        store = MongoStore(database(client, lot.database), lot.service)
        await life(Mortal(store, lot.write, after=lot.after), lot)
        await disconnect(client)

    asyncio.run(lived())


async def dies(life: Life, lot: Lot) -> bool:
    """Run a process on its lot; whether it was killed at that write. It survives where there is no such write.

    Raises:
        AssertionError: it ended in some other way.
    """
    # forked off a clean server that has everything imported: quick to start, and no thread is copied
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([life.__module__, __name__])
    process = context.Process(target=live, args=(life, lot))
    process.start()
    await asyncio.to_thread(process.join, PATIENCE_SECONDS)
    assert process.exitcode in (SURVIVED, -signal.SIGKILL), (lot, process.exitcode)
    return process.exitcode != SURVIVED
