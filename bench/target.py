"""A running suite of any checkout, seen from outside: its addresses, secrets and processes; and one bench run."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.checkout import Checkout
from local_suite.errors import CommandError
from local_suite.home import home
from local_suite.parent_death import end_with_parent

SCRIPT: Final = Path(__file__).with_name("in_checkout.py")
START_SECONDS: Final = 300.0
"""Servers that must be fetched first included."""

ORDER_SECONDS: Final = 120.0
STOP_SECONDS: Final = 90.0
"""A suite stops its services, then its servers; after this it is killed."""

LINE_BYTES: Final = 16 * 1024 * 1024
"""Longest line that a child may say; an explanation has a few kilobytes."""

Settings = Mapping[str, Mapping[str, str]]


class RunBroken(CommandError):
    """A process that measures or hosts a suite ended badly, or did not answer."""

    def __init__(self, build: str, what: str, log: Path | None = None) -> None:
        where = f" Its log: {log}." if log is not None else ""
        super().__init__(f"The run of {build} broke off: {what.rstrip('.')}.{where}")


class FigureMissing(CommandError):
    """A build has no bench of this name."""

    def __init__(self, build: str, what: str) -> None:
        super().__init__(f"{build} cannot measure this: it has no {what}.")


@dataclass(frozen=True)
class Measured:
    """Result of one run of a bench: values by figure name, how it was done, settings that this build does not know."""

    figures: tuple[Mapping[str, Any], ...]
    method: str
    ignored: tuple[str, ...] = ()


@dataclass
class Target:
    """A suite that runs in another process. Has what ``bench.stage`` needs of a ``local_suite.suite.Suite``."""

    build: str
    urls: Mapping[str, str]
    secrets: Mapping[str, str]
    mongo_url: str
    amqp_url: str
    data: Path
    parts: dict[str, Any]
    """By name: process id, restarts and health, as last told."""

    checkout: Checkout
    _child: _Child
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def url(self, name: str) -> str:
        """Where a service or simulator answers HTTP."""
        return self.urls[name]

    def pid(self, name: str) -> int:
        """Process id of a part, as last told."""
        return int(self.parts[name]["pid"] or 0)

    async def read_state(self) -> dict[str, Any]:
        """Ask again for the state of all parts."""
        self.parts = await self._order("status")
        return self.parts

    async def explain(self, reference: str) -> list[str]:
        """The lines of this build's ``./paspor ledger explain``.

        Raises:
            RunBroken: nothing has this number, or the database does not answer.
        """
        return list(await self._order("explain", reference))

    async def kill(self, name: str) -> None:
        """SIGKILL one part; it stays down until ``restart``."""
        self.parts = await self._order("kill", name)

    async def restart(self, name: str) -> None:
        """Stop a part if it runs and start it; returns when it is ready."""
        self.parts = await self._order("restart", name)

    async def stop_part(self, name: str) -> None:
        """Stop one part cleanly."""
        self.parts = await self._order("stop", name)

    async def _order(self, do: str, name: str = "") -> Any:
        async with self._turn:
            answer = await self._child.ask({"do": do, "name": name}, ORDER_SECONDS)
        if "done" not in answer:
            raise RunBroken(self.build, f"{do} {name}: {answer.get('failed', answer)}", self._child.log)
        return answer["done"]


class _Child:
    """A process that runs ``in_checkout.py`` and says lines of JSON; always ended by its own process id."""

    def __init__(self, checkout: Checkout, temp: Path, log: Path) -> None:
        self._checkout = checkout
        self._temp = temp
        self.log = log
        self._process: asyncio.subprocess.Process | None = None
        self._lines = asyncio.StreamReader(limit=LINE_BYTES)
        self._transport: asyncio.ReadTransport | None = None

    async def start(self, role: str, order: Mapping[str, Any]) -> None:
        reading, writing = os.pipe()
        command = [str(self._checkout.python), "-P", str(SCRIPT), role, json.dumps(order), str(writing)]
        parent = os.getpid()
        try:
            with self.log.open("ab") as output:
                self._process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    env=self._checkout.environment(self._temp),
                    cwd=self._checkout.folder,
                    pass_fds=(writing,),
                    start_new_session=True,
                    preexec_fn=lambda: end_with_parent(parent, signal.SIGTERM),
                )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        protocol = asyncio.StreamReaderProtocol(self._lines)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(reading, "rb"))

    async def line(self, seconds: float | None) -> dict[str, Any]:
        """The next line; ``RunBroken`` where the process has ended, failed or is silent for too long."""
        try:
            async with asyncio.timeout(seconds):
                line = await self._lines.readline()
        except TimeoutError:
            raise RunBroken(self._checkout.name, f"no answer within {seconds:g} s", self.log) from None
        if not line:
            raise RunBroken(self._checkout.name, f"it ended; the last line of its log: {last_line(self.log)}", self.log)
        said: dict[str, Any] = json.loads(line)
        if "broken" in said:
            raise RunBroken(self._checkout.name, str(said["broken"]), self.log)
        return said

    async def ask(self, order: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send an order, return its answer."""
        assert self._process is not None  # noqa: S101 - started by whoever asks
        assert self._process.stdin is not None  # noqa: S101
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            await self._process.stdin.drain()
        except (ConnectionError, RuntimeError) as trouble:
            raise RunBroken(self._checkout.name, f"its process does not listen ({trouble})", self.log) from None
        return await self.line(seconds)

    async def end(self) -> None:
        """TERM, then KILL to its own process group when the grace is over; returns when it has ended."""
        if self._transport is not None:
            self._transport.close()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)  # a session of its own: the group is this child and its children
            await process.wait()


def last_line(log: Path) -> str:
    """The last line that is not empty, for a sentence."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return "none"
    return lines[-1][:300] if lines else "none"


@asynccontextmanager
async def _running(checkout: Checkout, role: str, order: Mapping[str, Any]) -> AsyncIterator[_Child]:
    logs = home() / "bench" / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    temp = Path(tempfile.mkdtemp(prefix="paspor-bench-"))
    log = logs / f"{checkout.name.replace(' ', '-')}-{role}.log"
    log.unlink(missing_ok=True)
    child = _Child(checkout, temp, log)
    try:
        await child.start(role, order)
        yield child
    finally:
        await asyncio.shield(child.end())
        shutil.rmtree(temp, ignore_errors=True)


async def measure_in(
    checkout: Checkout, module: str, function: str, arguments: Mapping[str, Any], constants: Mapping[str, Any]
) -> Measured:
    """Run one measuring function of a checkout in a process of its own.

    Raises:
        FigureMissing: the checkout has no such module or function.
        RunBroken: the run failed.
    """
    order = {"module": module, "function": function, "arguments": dict(arguments), "constants": dict(constants)}
    ignored: list[str] = []
    async with _running(checkout, "measure", order) as child:
        while True:
            said = await child.line(None)
            if "missing" in said:
                raise FigureMissing(checkout.name, str(said["missing"]))
            if "ignored" in said:
                ignored.append(str(said["ignored"]))
                continue
            return Measured(tuple(said["figures"]), str(said["method"]), tuple(ignored))


@asynccontextmanager
async def start_target(
    checkout: Checkout,
    *,
    settings: Settings,
    without: Sequence[str] = (),
    replicas: Mapping[str, int] | None = None,
    preload: bool = True,
) -> AsyncIterator[Target]:
    """The suite of a checkout on new data and free ports; ``settings`` as for ``local_suite.parts.describe``.

    Without ``preload`` each part is a Python of its own from its first line on.

    Raises:
        RunBroken: it does not start.
    """
    order = {"settings": settings, "without": list(without), "replicas": dict(replicas or {}), "preload": preload}
    async with _running(checkout, "host", order) as child:
        ready = (await child.line(START_SECONDS))["ready"]
        yield Target(
            build=checkout.name,
            urls=ready["urls"],
            secrets=ready["secrets"],
            mongo_url=ready["mongo_url"],
            amqp_url=ready["amqp_url"],
            data=Path(ready["data"]),
            parts=ready["parts"],
            checkout=checkout,
            _child=child,
        )
