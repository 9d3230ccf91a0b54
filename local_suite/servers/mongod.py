"""A real mongod of our own: a replica set of one node on loopback."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

from local_suite.child_process import Child
from local_suite.errors import PartDidNotStart, PortInUse
from local_suite.ports import LOOPBACK, free_port, is_free
from local_suite.private_files import make_private_folder, write_private
from local_suite.servers.packages import MongodPackage, Say, mongod_package

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


ROOT: Final = "root"
OPERATOR: Final = "operator"
_USER_EXISTS = 51003
ANSWER_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Login:
    """Users of the server: root's password, a key for the members of its set, and the passwords of the others.

    Each of `services` may use the databases `paspor_<name>` and `paspor_<name>_keys` and no other; the operator reads
    all data, no keys of persons, and writes none.
    """

    root: str
    key: str
    operator: str
    services: Mapping[str, str]

    def password_of(self, user: str) -> str:
        """The password of root, the operator or a service."""
        return {ROOT: self.root, OPERATOR: self.operator, **self.services}[user]

    def rights(self) -> list[str]:
        """Every user but root with their roles, a line each."""
        return [" ".join([name, *(f"{role['role']}@{role['db']}" for role in roles)]) for name, roles in self.users()]

    def users(self) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """Every user but root with their roles, as deploy/prepare_mongo.py gives them."""
        yield OPERATOR, [{"role": "read", "db": f"paspor_{name}"} for name in self.services]
        for name in self.services:
            own = [{"role": role, "db": f"paspor_{name}"} for role in ("readWrite", "dbAdmin")]
            yield name, [*own, {"role": "readWrite", "db": f"paspor_{name}_keys"}]


CACHE_GIGABYTES: Final = "1"
"""The most it may take, not what it takes at once. With a quarter of it, fifty citizens who upload pictures filled it
with pages not yet on disk, and every reader waited 20 s for the next checkpoint."""


class Mongod:
    """One mongod with transactions and change streams, its data and log below `data_dir`.

    `port` None takes a free one at first start and keeps it over `stop`, `kill` and `start`. Data of an earlier start
    is used again, also on another port. Start it from the main thread: it dies with the thread that started it.
    With a `login` every connection needs a password; data of a start without one gets its users at the next start.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *,
        login: Login | None = None,
        say: Say = lambda line: None,
    ) -> None:
        self._login = login
        self._data_dir = data_dir.absolute()
        self._chooses_port = port is None
        self._say = say
        self._child: Child | None = None
        self.port = port or 0
        self.log = self._data_dir / "mongod.log"

    @property
    def url(self) -> str:
        """The address for clients, without a database name; with a login it is root's."""
        return self.url_of(ROOT)

    def url_of(self, user: str) -> str:
        """The address for one user; the same for all where there is no login."""
        server = f"{LOOPBACK}:{self.port}/?replicaSet={REPLICA_SET}"
        if self._login is None:
            return f"mongodb://{server}"
        return f"mongodb://{user}:{quote(self._login.password_of(user), safe='')}@{server}&authSource=admin"

    async def answers(self) -> bool:
        """True if it answers a greeting within two seconds."""
        from pymongo.errors import PyMongoError

        client = self._client()
        try:
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                await client.admin.command("hello")
        except (PyMongoError, TimeoutError):
            return False
        finally:
            await client.close()
        return True

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
        if self._login is not None and not self._has_users.exists() and database.exists():
            await self._run(
                package, database, guarded=False
            )  # data of before: only without login can its users be made
            await self.stop()
        make_private_folder(database)
        await self._run(package, database, guarded=self._login is not None)

    @property
    def _has_users(self) -> Path:
        return self._data_dir / "has-users"

    async def _run(self, package: MongodPackage, database: Path, *, guarded: bool) -> None:
        """Start the process and return when it is primary and has its users."""
        env = {**os.environ, "LD_LIBRARY_PATH": str(package.lib)}
        command: list[str | Path] = [package.binary, *self._options(database)]
        if guarded and self._login is not None:
            write_private(self._data_dir / "key", self._login.key)
            command += ["--keyFile", self._data_dir / "key"]
        self._child = Child(command, log=self._data_dir / "mongod.out", env=env, cwd=self._data_dir)
        self._child.start()
        is_new = guarded and not self._has_users.exists()
        client = self._client(as_root=guarded and not is_new)
        try:
            await self._become_primary(client, is_new=is_new)
            if self._login is not None and not self._has_users.exists():
                await self._make_users(client, guarded=guarded)
            elif self._login is not None and self._has_users.read_text().splitlines() != self._login.rights():
                await _give_users(client, self._login)
                self._note_users(self._login)
        finally:
            await client.close()

    def _client(self, *, as_root: bool = False) -> Admin:
        from pymongo import AsyncMongoClient  # only now: it takes a while, in which the server starts

        login: dict[str, Any] = {}
        if as_root and self._login is not None:
            login = {"username": ROOT, "password": self._login.root, "authSource": "admin"}
        patience = int(ANSWER_SECONDS * 1000)
        return AsyncMongoClient(
            LOOPBACK,
            self.port,
            directConnection=True,
            serverSelectionTimeoutMS=patience,
            connectTimeoutMS=patience,
            socketTimeoutMS=10 * patience,
            **login,
        )

    async def _make_users(self, client: Admin, *, guarded: bool) -> None:
        """Make root by the exception that a server without users makes for this machine, then all others as root."""
        login = self._login
        if login is None:
            return
        roles = [{"role": "root", "db": "admin"}]
        await _give_user(client, ROOT, login.root, roles)
        as_root = self._client(as_root=True) if guarded else client
        try:
            await _give_users(as_root, login)
        finally:
            if guarded:
                await as_root.close()
        self._note_users(login)

    def _note_users(self, login: Login) -> None:
        write_private(self._has_users, "\n".join(login.rights()))

    def _options(self, database: Path) -> list[str]:
        return [
            *("--dbpath", str(database), "--port", str(self.port), "--bind_ip", LOOPBACK, "--replSet", REPLICA_SET),
            *("--nounixsocket", "--logpath", str(self.log), "--logappend", "--quiet"),
            *("--wiredTigerCacheSizeGB", CACHE_GIGABYTES, "--oplogSize", "64"),
            # else the journal takes 300 MB before the first document
            *("--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=16MB)"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # a lone primary has nobody to hand over to; the default waits 15 s for one
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        ]

    async def _become_primary(self, client: Admin, *, is_new: bool) -> None:
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
                    await self._configure(client, is_new=is_new)
                    configured = True
                if (await client.admin.command("hello"))["isWritablePrimary"]:
                    return
            except PyMongoError as error:
                last = error
            await asyncio.sleep(POLL_SECONDS)
        raise PartDidNotStart("mongod", f"no primary after {READY_SECONDS:.0f} s ({last})", self.log)

    async def _configure(self, client: Admin, *, is_new: bool) -> None:
        """Makes the node a replica set of its own; moves a set that was made on another port."""
        from pymongo.errors import OperationFailure

        host = f"{LOOPBACK}:{self.port}"
        if is_new:
            await _initiate(client, host)  # the one thing, beside making root, that may be done without login
            return
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


async def _give_users(client: Admin, login: Login) -> None:
    for name, roles in login.users():
        await _give_user(client, name, login.password_of(name), roles)


async def _give_user(client: Admin, name: str, password: str, roles: list[dict[str, str]]) -> None:
    """A user with this password and these roles; one that is there already gets the roles of this build."""
    from pymongo.errors import OperationFailure

    try:
        await client.admin.command("createUser", name, pwd=password, roles=roles)
    except OperationFailure as refused:
        if refused.code != _USER_EXISTS:
            raise
        await client.admin.command("updateUser", name, roles=roles)


async def _initiate(client: Admin, host: str) -> None:
    from pymongo.errors import OperationFailure

    try:
        await client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]})
    except OperationFailure as error:
        if error.code != _ALREADY_INITIALIZED:
            raise
