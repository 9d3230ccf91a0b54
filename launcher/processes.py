"""Starts the suite, watches it, stops it: servers and the outside world, then services; stopped in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

import aiohttp

from launcher import running
from launcher.errors import AlreadyRunning, LauncherError, PortInUse
from launcher.ports import is_free
from launcher.process import ServiceProcess, memory_mb
from launcher.secrets import load_secrets
from launcher.servers.mongod import Mongod
from launcher.servers.rabbitmq import RabbitMq
from launcher.suite import Part, Ports, Settings, Wiring, describe

WATCH_SECONDS = 1.0
MAX_RESTART_DELAY_SECONDS = 30.0
SERVERS = 0  # rank of mongod and RabbitMQ


class Health(StrEnum):
    """What the launcher knows about a part."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    NOT_READY = "not ready"
    ENDED = "ended"
    STOPPED = "stopped"


class Startable(Protocol):
    """What servers and services have in common."""

    log: Path

    @property
    def pid(self) -> int | None:
        """Process id of the last start."""
        ...

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        ...

    async def start(self) -> None:
        """Returns when it is ready."""
        ...

    async def stop(self) -> None:
        """Clean stop; returns when it has ended."""
        ...

    async def kill(self) -> None:
        """SIGKILL."""
        ...


@dataclass
class PartStatus:
    """One line of the table."""

    name: str
    ports: Mapping[str, int]
    health: Health
    pid: int | None
    memory_mb: float | None
    restarts: int
    log: Path
    reason: str = ""


@dataclass
class _Entry:
    rank: int
    ports: Mapping[str, int]
    process: Startable
    health: Health = Health.WAITING
    restarts: int = 0
    reason: str = ""


class Suite:
    """All parts, running. `async with Suite(...)` starts everything and leaves no process behind.

    Data, logs and secrets lie below `data_dir` and are used again by the next start; two suites cannot share it.
    `mongo_url` and `amqp_url` name servers that exist already; then none is started. `extra` and `replicas`: see
    `launcher.suite.describe`. `parts` replaces the description, for tests of the launcher itself.
    """

    def __init__(
        self,
        data_dir: Path,
        ports: Ports,
        *,
        mongo_url: str | None = None,
        amqp_url: str | None = None,
        extra: Settings | None = None,
        replicas: Mapping[str, int] | None = None,
        parts: Sequence[Part] | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.ports = ports
        self._say = say
        self._lock: IO[str] | None = None
        self._entries: dict[str, _Entry] = {}
        self._restarting: dict[str, asyncio.Task[None]] = {}
        self._held: set[str] = set()  # killed or stopped on purpose: not restarted by `watch`
        self.secrets = load_secrets(self.data_dir / "secrets.json") if parts is None else {}
        self.mongo_url = mongo_url or ""
        self.amqp_url = amqp_url or ""
        if parts is None:
            self._add_servers()
            parts = describe(Wiring(ports, self.secrets, self.mongo_url, self.amqp_url), extra, replicas)
        for part in parts:
            process = ServiceProcess(part, self.data_dir / "logs" / f"{part.name}.log")
            self._entries[part.name] = _Entry(part.rank, part.ports, process)

    def url(self, name: str) -> str:
        """Where a service or simulator answers HTTP: `url("billing")`, `url("simponi")`, `url("mail")`."""
        return self.ports.url(name)

    @property
    def names(self) -> list[str]:
        """The parts, in the order of their start."""
        return sorted(self._entries, key=lambda name: self._entries[name].rank)

    async def start(self) -> None:
        """Starts everything in order; when one part refuses, stops what was started and passes the refusal on."""
        self._take_data_dir()
        try:
            self._refuse_taken_ports()
            if self.amqp_url:
                running.note(self.data_dir, running.Servers(self.mongo_url, self.amqp_url))
            for rank in sorted({entry.rank for entry in self._entries.values()}):
                names = [name for name, entry in self._entries.items() if entry.rank == rank]
                await _together([self._start_part(name) for name in names])
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops everything in reverse order; when interrupted once more, kills what is left."""
        try:
            for task in self._restarting.values():
                task.cancel()
            for rank in sorted({entry.rank for entry in self._entries.values()}, reverse=True):
                names = [name for name, entry in self._entries.items() if entry.rank == rank]
                await asyncio.gather(*(self.stop_part(name) for name in names))
        except asyncio.CancelledError:
            await asyncio.gather(*(entry.process.kill() for entry in self._entries.values()))
            raise
        finally:
            if self._lock:
                running.forget(self.data_dir)
                self._lock.close()
                self._lock = None

    async def stop_part(self, name: str) -> None:
        """Stops one part cleanly."""
        self._held.add(name)
        await self._entries[name].process.stop()
        if self._entries[name].health is not Health.WAITING:
            self._entries[name].health = Health.STOPPED

    async def kill(self, name: str) -> None:
        """SIGKILL to one part; it stays down until `restart`."""
        self._held.add(name)
        await self._entries[name].process.kill()
        self._entries[name].health = Health.ENDED

    async def restart(self, name: str) -> None:
        """Stops a part if it runs, starts it, returns when it is ready."""
        await self._entries[name].process.stop()
        self._entries[name].restarts += 1
        await self._start_part(name)

    async def watch(self) -> None:
        """Until cancelled: looks at every part each second and starts those again that ended by themselves."""
        async with aiohttp.ClientSession() as client:
            while True:
                await asyncio.gather(*(self._look_at(name, client) for name in self._entries))
                await asyncio.sleep(WATCH_SECONDS)

    def status(self) -> list[PartStatus]:
        """What is known about each part now, in the order of their start."""
        return [self._status_of(name) for name in self.names]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _add_servers(self) -> None:
        at = self.ports
        if not self.mongo_url:
            mongod = Mongod(self.data_dir / "mongod", at["mongod"], say=self._say)
            self.mongo_url = mongod.url
            self._entries["mongod"] = _Entry(SERVERS, {"mongodb": at["mongod"]}, mongod)
        if not self.amqp_url:
            folder = self.data_dir / "rabbitmq"
            rabbitmq = RabbitMq(
                folder, at["rabbitmq"], dist_port=at["rabbitmq-dist"], epmd_port=at["epmd"], say=self._say
            )
            self.amqp_url = rabbitmq.url
            self._entries["rabbitmq"] = _Entry(SERVERS, {"amqp": at["rabbitmq"]}, rabbitmq)

    def _take_data_dir(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        lock = (self.data_dir / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise AlreadyRunning(
                f"Paspor runs already on {self.data_dir}: stop that one (Ctrl-C there), or set PASPOR_HOME to another"
                " folder and choose --port-base."
            ) from None
        self._lock = lock

    def _refuse_taken_ports(self) -> None:
        """At once, not when half of the suite runs."""
        for name, entry in self._entries.items():
            for port in entry.ports.values():
                if not is_free(port):
                    raise PortInUse(name, port)

    async def _start_part(self, name: str) -> None:
        entry = self._entries[name]
        entry.health = Health.STARTING
        self._say(f"starting {name}")
        try:
            await entry.process.start()
        except LauncherError as refusal:
            entry.health, entry.reason = Health.ENDED, str(refusal)
            raise
        entry.health, entry.reason = Health.READY, ""
        self._held.discard(name)

    async def _look_at(self, name: str, client: aiohttp.ClientSession) -> None:
        entry = self._entries[name]
        if name in self._held or name in self._restarting or entry.health is Health.WAITING:
            return
        if not entry.process.alive:
            entry.health = Health.ENDED
            self._say(f"{name} ended by itself, starting it again; its log is {entry.process.log}")
            self._restarting[name] = asyncio.create_task(self._restart_later(name))
        elif isinstance(entry.process, ServiceProcess):
            entry.health = Health.READY if await entry.process.healthy(client) else Health.NOT_READY

    async def _restart_later(self, name: str) -> None:
        entry = self._entries[name]
        try:
            await asyncio.sleep(min(2.0**entry.restarts - 1, MAX_RESTART_DELAY_SECONDS))
            with contextlib.suppress(LauncherError):  # `_start_part` noted the reason; the next look tries again
                await self.restart(name)
        finally:
            del self._restarting[name]

    def _status_of(self, name: str) -> PartStatus:
        entry = self._entries[name]
        pid = entry.process.pid if entry.process.alive else None
        return PartStatus(
            name, entry.ports, entry.health, pid, memory_mb(pid), entry.restarts, entry.process.log, entry.reason
        )


async def _together(starts: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Runs all; the first refusal cancels the others and is passed on as it is."""
    tasks = [asyncio.create_task(start) for start in starts]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
