"""A real mongod of our own: a replica set of one node on loopback."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from launcher.child import Child
from launcher.errors import PartDidNotStart, PortInUse
from launcher.ports import LOOPBACK, free_port, is_free
from launcher.servers.packages import Say, mongod_package

REPLICA_SET = "rs0"
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.05
START_TRIES = 3  # only where the port was ours to choose: another process may have taken it meanwhile
_ALREADY_INITIALIZED = 23
_NOT_YET_INITIALIZED = 94

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

    Admin = AsyncMongoClient[dict[str, Any]]


CACHE_GIGABYTES: Final = "1"
"""The most it may take, not what it takes at once. With a quarter of it, fifty citizens who upload pictures filled it
with pages not yet on disk, and every reader waited 20 s for the next checkpoint."""


class Mongod:
    """One mongod with transactions and change streams, its data and log below `data_dir`.

    `port` None takes a free one at first start and keeps it over `stop`, `kill` and `start`. Data of an earlier start
    is used again, also on another port. Start it from the main thread: it dies with the thread that started it.
    """

    def __init__(self, data_dir: Path, port: int | None = None, *, say: Say = lambda line: None) -> None:
        self._data_dir = data_dir.absolute()
        self._chooses_port = port is None
        self._say = say
        self._child: Child | None = None
        self.port = port or 0
        self.log = self._data_dir / "mongod.log"

    @property
    def url(self) -> str:
        """The address for clients, without a database name."""
        return f"mongodb://{LOOPBACK}:{self.port}/?replicaSet={REPLICA_SET}"

    @property
    def pid(self) -> int | None:
        """Process id of the last start."""
        return self._child.pid if self._child else None

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._child is not None and self._child.alive

    async def start(self) -> None:
        """Returns when the node is a writable primary. Refuses with PortInUse, PackageUnavailable, PartDidNotStart."""
        if self.alive:
            return
        tries = START_TRIES if self._chooses_port and not self.port else 1
        for attempt in range(1, tries + 1):
            if self._chooses_port and (not self.port or attempt > 1):
                self.port = free_port()
            if not is_free(self.port):
                raise PortInUse("mongod", self.port)
            try:
                await self._start_once()
                return
            except PartDidNotStart:
                await self.kill()
                if attempt == tries:
                    raise

    async def stop(self) -> None:
        """Clean shutdown; returns when the process has ended."""
        if self._child:
            await self._child.stop(STOP_SECONDS)

    async def kill(self) -> None:
        """SIGKILL, for tests of crashes. `start` brings the node back with all journaled data."""
        if self._child:
            await self._child.kill()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _start_once(self) -> None:
        package = await asyncio.to_thread(mongod_package, self._say)
        database = self._data_dir / "db"
        database.mkdir(parents=True, exist_ok=True)
        env = {**os.environ, "LD_LIBRARY_PATH": str(package.lib)}
        command: list[str | Path] = [package.binary, *self._options(database)]
        self._child = Child(command, log=self._data_dir / "mongod.out", env=env, cwd=self._data_dir)
        self._child.start()
        from pymongo import AsyncMongoClient  # only now: it takes a while, in which the server starts

        client: Admin = AsyncMongoClient(LOOPBACK, self.port, directConnection=True, serverSelectionTimeoutMS=500)
        try:
            await self._become_primary(client)
        finally:
            await client.close()

    def _options(self, database: Path) -> list[str]:
        return [
            *("--dbpath", str(database), "--port", str(self.port), "--bind_ip", LOOPBACK, "--replSet", REPLICA_SET),
            *("--nounixsocket", "--logpath", str(self.log), "--logappend", "--quiet"),
            *("--pidfilepath", str(self._data_dir / "mongod.pid")),
            *("--wiredTigerCacheSizeGB", CACHE_GIGABYTES, "--oplogSize", "64"),
            # else the journal takes 300 MB before the first document
            *("--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=16MB)"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # a lone primary has nobody to hand over to; the default waits 15 s for one
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        ]

    async def _become_primary(self, client: Admin) -> None:
        from pymongo.errors import PyMongoError

        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        configured = False
        last: Exception | str = "no answer"
        while asyncio.get_running_loop().time() < deadline:
            if not self.alive:
                status = self._child.returncode if self._child else None
                raise PartDidNotStart("mongod", f"it ended with status {status}", self.log)
            try:
                if not configured:
                    await self._configure(client)
                    configured = True
                if (await client.admin.command("hello"))["isWritablePrimary"]:
                    return
            except PyMongoError as error:
                last = error
            await asyncio.sleep(POLL_SECONDS)
        raise PartDidNotStart("mongod", f"no primary after {READY_SECONDS:.0f} s ({last})", self.log)

    async def _configure(self, client: Admin) -> None:
        """Makes the node a replica set of its own; moves a set that was made on another port."""
        from pymongo.errors import OperationFailure

        host = f"{LOOPBACK}:{self.port}"
        try:
            config = (await client.admin.command("replSetGetConfig"))["config"]
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            await _initiate(client, host)
            return
        if config["members"][0]["host"] != host:
            config["members"][0]["host"] = host
            config["version"] += 1
            await client.admin.command("replSetReconfig", config, force=True)


async def _initiate(client: Admin, host: str) -> None:
    from pymongo.errors import OperationFailure

    try:
        await client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]})
    except OperationFailure as error:
        if error.code != _ALREADY_INITIALIZED:
            raise
