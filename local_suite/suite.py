"""Starts the suite, watches it, stops it: servers and the outside world, then services; stopped in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

import aiohttp

from local_suite.errors import AlreadyRunning, CommandError, PortInUse
from local_suite.forked_process import Preloader
from local_suite.parts import SERVICES, Part, Ports, Settings, Wiring, describe
from local_suite.ports import is_free
from local_suite.private_files import PRIVATE, close_to_others, make_private_folder
from local_suite.restart_pauses import FROZEN_SECONDS, RestartPauses
from local_suite.secrets import load_secrets
from local_suite.servers.mongod import Login, Mongod
from local_suite.servers.rabbitmq import RabbitMq
from local_suite.service_process import ENVIRONMENT, ServiceProcess, memory_mb
from local_suite.state_file import RunningServers, remove_state, write_state

WATCH_SECONDS = 1.0  # between two looks at the health of a part
ENDED_SECONDS = 0.1  # between two looks whether a process still runs; costs a system call each
SERVERS = 0  # rank of mongod and RabbitMQ


class Health(StrEnum):
    """State of a part, as far as it is known."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    NOT_READY = "not ready"
    ENDED = "ended"
    STOPPED = "stopped"


class Startable(Protocol):
    """A server or a service."""

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

    async def answers(self) -> bool:
        """True if it gives any answer within a few seconds; a process that is stopped or hangs gives none."""
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
    pauses: RestartPauses = field(default_factory=RestartPauses)
    ready_at: float | None = None  # monotonic; None while it has not been ready since its last start
    silent_since: float | None = None  # monotonic; since when it gives no answer at all


class Suite:
    """All parts, running. `async with Suite(...)` starts everything and leaves no process behind.

    Data, logs and secrets lie below `data_dir` and are used again by the next start; two suites cannot share it.
    `mongo_url` and `amqp_url` name servers that exist already; then none is started. `extra` and `replicas`: see
    `local_suite.parts.describe`. `parts` replaces the description, for tests.
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
        preload: bool | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`preload` forks parts off one process with all imports; without it the described suite does, stubs do not."""
        self.data_dir = data_dir.absolute()
        self.ports = ports
        self._say = say
        self._lock: IO[str] | None = None
        self._entries: dict[str, _Entry] = {}
        self._restarting: dict[str, asyncio.Task[None]] = {}
        self._held: set[str] = set()  # killed or stopped on purpose: not restarted by `watch`
        self.secrets = load_secrets(self.data_dir / "secrets.json") if parts is None else {}
        self._preloader: Preloader | None = None
        self.mongo_url = mongo_url or ""
        self.amqp_url = amqp_url or ""
        if parts is None:
            self._add_servers()
            wiring = Wiring(
                ports, self.secrets, self.mongo_url, self.amqp_url, self._urls("mongod"), self._urls("rabbitmq")
            )
            parts = describe(wiring, extra, replicas)
            preload = True if preload is None else preload
        if preload:
            log = self.data_dir / "logs" / "preload.log"
            self._preloader = Preloader([part.module for part in parts], log, {**os.environ, **ENVIRONMENT})
        for part in parts:
            log = self.data_dir / "logs" / f"{part.name}.log"
            process = ServiceProcess(part, log, self._preloader)
            self._entries[part.name] = _Entry(part.rank, part.ports, process)

    def url(self, name: str) -> str:
        """Where a service or simulator answers HTTP: `url("billing")`, `url("simponi")`, `url("mail")`."""
        return self.ports.url(name)

    def process(self, name: str) -> Startable:
        """The process behind a part, for measurements and tests."""
        return self._entries[name].process

    @property
    def names(self) -> list[str]:
        """The parts, in the order of their start."""
        return sorted(self._entries, key=lambda name: self._entries[name].rank)

    async def start(self) -> None:
        """Starts everything in order; when one part refuses, stops what was started and passes the refusal on."""
        self._take_data_dir()
        try:
            self._refuse_taken_ports()
            if self._preloader is not None:
                self._preloader.start()
            if self.amqp_url:
                # an operator's commands, with an operator's rights
                mongo_url = self._urls("mongod").get("operator", self.mongo_url)
                amqp_url = self._urls("rabbitmq").get("operator", self.amqp_url)
                write_state(self.data_dir, RunningServers(mongo_url, amqp_url, self._urls("mongod")))
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
            if self._preloader is not None:
                self._preloader.stop()
            if self._lock:
                remove_state(self.data_dir)
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
        """Until cancelled: starts parts again that ended by themselves, and those that froze."""
        async with aiohttp.ClientSession() as client:
            await asyncio.gather(self._watch_ends(), *(self._watch_health(name, client) for name in self._entries))

    def status(self) -> list[PartStatus]:
        """Return the state of each part now, in the order of their start."""
        return [self._status_of(name) for name in self.names]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _add_servers(self) -> None:
        at, secret = self.ports, self.secrets
        if not self.mongo_url:
            login = Login(
                root=secret["mongo_root_password"],
                key=secret["mongo_key"],
                operator=secret["mongo_operator_password"],
                services={service: secret[f"mongo_{service}_password"] for service in SERVICES},
            )
            mongod = Mongod(self.data_dir / "mongod", at["mongod"], login=login, say=self._say)
            self.mongo_url = mongod.url
            self._entries["mongod"] = _Entry(SERVERS, {"mongodb": at["mongod"]}, mongod)
        if not self.amqp_url:
            rabbitmq = RabbitMq(
                self.data_dir / "rabbitmq",
                at["rabbitmq"],
                dist_port=at["rabbitmq-dist"],
                epmd_port=at["epmd"],
                users={user: secret[f"amqp_{user}_password"] for user in (*SERVICES, "operator")},
                say=self._say,
            )
            self.amqp_url = rabbitmq.url
            self._entries["rabbitmq"] = _Entry(SERVERS, {"amqp": at["rabbitmq"]}, rabbitmq)

    def _urls(self, server: str) -> dict[str, str]:
        """The addresses of a server of our own by user; empty for one that was named from outside."""
        process = self._entries[server].process if server in self._entries else None
        if isinstance(process, Mongod | RabbitMq):
            return {user: process.url_of(user) for user in (*SERVICES, "operator")}
        return {}

    def _take_data_dir(self) -> None:
        make_private_folder(self.data_dir)
        close_to_others(self.data_dir)
        lock = os.fdopen(os.open(self.data_dir / "lock", os.O_WRONLY | os.O_CREAT, PRIVATE), "w")
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
        except CommandError as refusal:
            entry.health, entry.reason = Health.ENDED, str(refusal)
            raise
        entry.health, entry.reason, entry.ready_at, entry.silent_since = Health.READY, "", time.monotonic(), None
        self._held.discard(name)

    async def _watch_ends(self) -> None:
        while True:
            for name, entry in self._entries.items():
                if self._is_watched(name) and not entry.process.alive:
                    entry.health = Health.ENDED
                    self._say(f"{name} ended by itself, starting it again; its log is {entry.process.log}")
                    self._restarting[name] = asyncio.create_task(self._restart_later(name))
            await asyncio.sleep(ENDED_SECONDS)

    def _is_watched(self, name: str) -> bool:
        waits = self._entries[name].health in (Health.WAITING, Health.STARTING)
        return not waits and name not in self._held and name not in self._restarting

    async def _watch_health(self, name: str, client: aiohttp.ClientSession) -> None:
        entry = self._entries[name]
        while True:
            if self._is_watched(name) and entry.process.alive:
                if isinstance(entry.process, ServiceProcess):
                    healthy = await entry.process.healthy(client)
                    if self._is_watched(name):
                        entry.health = Health.READY if healthy else Health.NOT_READY
                else:  # a server is asked only when something is wrong: each question is a line in its log
                    healthy = not any(other.health is Health.NOT_READY for other in self._entries.values())
                await self._end_if_frozen(name, healthy)
            await asyncio.sleep(WATCH_SECONDS)

    async def _end_if_frozen(self, name: str, healthy: bool) -> None:
        """Kill a part that has given no answer at all for long enough; what ended is then started again."""
        entry, now = self._entries[name], time.monotonic()
        if healthy or await entry.process.answers():
            entry.silent_since = None
            return
        entry.silent_since = entry.silent_since or now
        if time.monotonic() - entry.silent_since < FROZEN_SECONDS or not self._is_watched(name):
            return
        self._say(f"{name} has not answered for {FROZEN_SECONDS:.0f} s, ending it; its log is {entry.process.log}")
        entry.silent_since = None
        await entry.process.kill()

    async def _restart_later(self, name: str) -> None:
        entry = self._entries[name]
        lived = time.monotonic() - entry.ready_at if entry.ready_at is not None else 0.0
        entry.ready_at = None
        try:
            await asyncio.sleep(entry.pauses.after(lived))
            with contextlib.suppress(CommandError):  # `_start_part` noted the reason; the next look tries again
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
