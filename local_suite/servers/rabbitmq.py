"""A real RabbitMQ node of our own on loopback, with its own epmd."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from local_suite.child_process import Child
from local_suite.errors import CommandError, PartDidNotStart, PortInUse
from local_suite.ports import LOOPBACK, free_port, is_free
from local_suite.private_files import PRIVATE, make_private_folder, write_private
from local_suite.servers.packages import RabbitMqPackage, Say, rabbitmq_package

READY_SECONDS = 90.0
STOP_SECONDS = 30.0
EPMD_STOP_SECONDS = 5.0
POLL_SECONDS = 0.1
ANSWER_SECONDS = 2.0
START_TRIES = 3  # only where the ports were ours to choose: another process may have taken one meanwhile
DEFAULT_USER = "paspor"
_AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"


class RabbitmqctlRefused(CommandError):
    """rabbitmqctl answered with an error."""


class RabbitMq:
    """One broker, its data, logs, cookie and password below `data_dir`.

    Ports that are None are free ones chosen at first start and kept over `stop`, `kill` and `start`. Data of an earlier
    start is used again, also on other ports (it belongs to the node `name`). Start it from the main thread: it dies
    with the thread that started it.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *,
        dist_port: int | None = None,
        epmd_port: int | None = None,
        name: str = "paspor",
        users: Mapping[str, str] | None = None,
        management_port: int | None = None,
        say: Say = lambda line: None,
    ) -> None:
        """`users` are services and the operator with their passwords: each gets its own rights, see shared.bus.rights.

        Then all queues are there before anybody connects, and a service's user declares nothing. `management_port` is
        where the HTTP interface of Compose's broker answers; without it there is none.
        """
        self._management_port = management_port
        self._data_dir = data_dir.absolute()
        self._chooses_ports = port is None
        self._name = name
        self._users = dict(users or {})
        self._say = say
        self._node: Child | None = None
        self._epmd: Child | None = None
        self._package: RabbitMqPackage | None = None
        self.port = port or 0
        self.dist_port = dist_port or 0
        self.epmd_port = epmd_port or 0
        self.log = self._data_dir / "log" / f"{name}@localhost.log"

    @property
    def url(self) -> str:
        """The address for clients, default virtual host."""
        return self.url_for("/")

    def url_for(self, vhost: str) -> str:
        """The address for clients of one virtual host."""
        return f"amqp://{DEFAULT_USER}:{self._password()}@{LOOPBACK}:{self.port}/{quote(vhost, safe='')}"

    def url_of(self, user: str) -> str:
        """The address for one of the `users`, default virtual host."""
        return f"amqp://{user}:{quote(self._users[user], safe='')}@{LOOPBACK}:{self.port}/%2F"

    async def answers(self) -> bool:
        """True if it greets a client within two seconds; each question leaves a line in its log."""
        return await _speaks_amqp(self.port)

    @property
    def pid(self) -> int | None:
        """Process id of the node's last start."""
        return self._node.pid if self._node else None

    @property
    def alive(self) -> bool:
        """True while the node's process runs."""
        return self._node is not None and self._node.alive

    async def start(self) -> None:
        """Returns when the node speaks AMQP. Refuses with PortInUse, PackageUnavailable, PartDidNotStart."""
        if self.alive:
            return
        self._package = await asyncio.to_thread(rabbitmq_package, self._say)
        tries = START_TRIES if self._chooses_ports and not self.port else 1
        for attempt in range(1, tries + 1):
            self._choose_ports(again=attempt > 1)
            try:
                await self._start_once(self._package)
                return
            except PartDidNotStart:
                await self.kill()
                await self._stop_epmd()
                if attempt == tries:
                    raise

    async def stop(self) -> None:
        """Clean shutdown of node and epmd; returns when both have ended."""
        if self._node:
            await self._node.stop(STOP_SECONDS)
        await self._stop_epmd()

    async def kill(self) -> None:
        """SIGKILL to the node, for tests of crashes. `start` brings it back with all durable messages.

        A quorum queue declared less than a second before is lost for good, stuck without a leader: RabbitMQ 3.10 writes
        the names of such queues to disk with that delay. Call `settle` before if queues are that new.
        """
        if self._node:
            await self._node.kill()

    async def settle(self) -> None:
        """Makes the node write what it delays (the names of new quorum queues), so that `kill` finds it on disk."""
        await self.control("eval", "[dets:sync(Table) || Table <- dets:all()].")

    async def add_vhost(self, vhost: str) -> str:
        """Makes a virtual host that the default user may use (again: no change) and returns its address."""
        await self.control("add_vhost", vhost)
        await self.control("set_permissions", "-p", vhost, DEFAULT_USER, ".*", ".*", ".*")
        return self.url_for(vhost)

    async def control(self, *args: str) -> str:
        """Runs one rabbitmqctl command (1 to 2 s) and returns what it printed. Refuses with RabbitmqctlRefused."""
        if self._package is None:
            raise RuntimeError("start the node first")
        process = await asyncio.create_subprocess_exec(
            str(self._package.sbin / "rabbitmqctl"),
            *("--quiet", *args),
            env=self._environment(self._package),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        text = output.decode(errors="replace").strip()
        if process.returncode:
            raise RabbitmqctlRefused(f"rabbitmqctl {args[0]} was refused: {text[-300:]}")
        return text

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _choose_ports(self, *, again: bool) -> None:
        if self._chooses_ports and (not self.port or again):
            self.port = free_port()
        for name in ("dist_port", "epmd_port"):
            if not getattr(self, name) or (again and self._chooses_ports):
                setattr(self, name, free_port())

    async def _start_once(self, package: RabbitMqPackage) -> None:
        parts = {"RabbitMQ": self.port, "RabbitMQ's distribution": self.dist_port}
        if not (self._epmd and self._epmd.alive):
            parts["epmd"] = self.epmd_port
        for part, port in parts.items():
            if not is_free(port):
                raise PortInUse(part, port)
        self._write_files()
        env = self._environment(package)
        await self._start_epmd(package, env)
        self._node = Child(
            [package.sbin / "rabbitmq-server"], log=self._data_dir / "log" / "node.out", env=env, cwd=self._data_dir
        )
        self._node.start()
        await self._answering()

    async def _start_epmd(self, package: RabbitMqPackage, env: dict[str, str]) -> None:
        # a child of our own, in the foreground: else the node leaves one running for ever
        if self._epmd and self._epmd.alive:
            return
        command: list[str | Path] = [package.epmd, "-port", str(self.epmd_port), "-address", LOOPBACK]
        self._epmd = Child(command, log=self._data_dir / "log" / "epmd.out", env=env, cwd=self._data_dir)
        self._epmd.start()
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            if not self._epmd.alive:
                raise PartDidNotStart("epmd", f"it ended with status {self._epmd.returncode}", self._epmd.log)
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, self.epmd_port)
            except OSError:
                await asyncio.sleep(POLL_SECONDS)
                continue
            writer.close()
            return
        raise PartDidNotStart("epmd", f"no answer after {READY_SECONDS:.0f} s", self._epmd.log)

    async def _stop_epmd(self) -> None:
        if self._epmd:
            await self._epmd.stop(EPMD_STOP_SECONDS)

    async def _answering(self) -> None:
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            if self._node is None or not self._node.alive:
                status = self._node.returncode if self._node else None
                log = self._data_dir / "log" / "node.out"
                raise PartDidNotStart("RabbitMQ", f"it ended with status {status}", log)
            if await _speaks_amqp(self.port):
                return
            await asyncio.sleep(POLL_SECONDS)
        raise PartDidNotStart("RabbitMQ", f"no answer after {READY_SECONDS:.0f} s", self.log)

    def _write_files(self) -> None:
        for sub in ("home", "log", "mnesia"):
            make_private_folder(self._data_dir / sub)
        _keep_secret(self._data_dir / "home" / ".erlang.cookie", mode=0o400)
        plugins = "[rabbitmq_management]" if self._management_port else "[]"
        write_private(self._data_dir / "enabled_plugins", f"{plugins}.\n")
        # a bare machine may have no /etc/hosts, and the node's name ends in localhost
        write_private(self._data_dir / "inetrc", '{host, {127,0,0,1}, ["localhost"]}.\n{lookup, [file, native]}.\n')
        imported = ""
        if self._users:
            imported = f"load_definitions = {self._write_definitions()}\n"
        write_private(
            self._data_dir / "rabbitmq.conf",
            f"listeners.tcp.local = {LOOPBACK}:{self.port}\n"
            f"default_user = {DEFAULT_USER}\n"
            f"default_pass = {self._password()}\n"  # first start only
            "disk_free_limit.absolute = 50MB\n"
            f"{imported}{self._management_settings()}",
        )

    def _management_settings(self) -> str:
        if self._management_port is None:
            return ""
        return f"management.tcp.ip = {LOOPBACK}\nmanagement.tcp.port = {self._management_port}\n"

    def _write_definitions(self) -> Path:
        from shared.bus.rights import definitions  # only where it is used: it would slow every other start

        path = self._data_dir / "definitions.json"
        everybody = {**self._users, DEFAULT_USER: self._password()}
        write_private(path, json.dumps(definitions(everybody, admin=DEFAULT_USER)))
        return path

    def _password(self) -> str:
        return _keep_secret(self._data_dir / "password", mode=PRIVATE)

    def _environment(self, package: RabbitMqPackage) -> dict[str, str]:
        """The same for server and rabbitmqctl; nothing of another RabbitMQ on this machine shines through."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        data = self._data_dir
        return own | {
            "PATH": f"{package.erlang_bin}:{own.get('PATH', '/usr/bin:/bin')}",
            "HOME": str(data / "home"),
            "RABBITMQ_NODENAME": f"{self._name}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.dist_port),
            "ERL_INETRC": str(data / "inetrc"),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
            "RABBITMQ_LOG_BASE": str(data / "log"),
            "RABBITMQ_PID_FILE": str(data / "rabbitmq.pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq.conf"),
            # paths that do not exist, else the files of /etc/rabbitmq are read
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(data / "none.config"),
            "RABBITMQ_CONF_ENV_FILE": str(data / "none.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RUNNING_UNDER_SYSTEMD": "true",  # the script then becomes the server: our child is the node
        }


def _keep_secret(path: Path, mode: int) -> str:
    """The secret in a file only we can read, made at first use."""
    if not path.exists():
        make_private_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(20))
    return path.read_text()


async def _speaks_amqp(port: int) -> bool:
    """True if the port answers an AMQP greeting: the port opens seconds before the broker can be used."""
    writer = None
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.write(_AMQP_GREETING)
            return await reader.read(1) == _METHOD_FRAME
    except (OSError, TimeoutError):
        return False
    finally:
        if writer:
            writer.close()
