"""Keeps a simulator's state in a file over a restart: written every few seconds where it changed, and at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from simulators.control import Simulator

WRITE_SECONDS = 2.0
"""Between two looks whether the state has changed: a simulator that is killed loses no more than this."""


class StateFile:
    """The state of one simulator as JSON, for its own user alone: it holds text messages and invented people."""

    def __init__(self, simulator: Simulator[Any], path: Path) -> None:
        self._simulator = simulator
        self._path = path
        self._written = b""

    async def keep(self, _: web.Application) -> AsyncIterator[None]:
        """Take the state up, and write it for as long as the application lives (a cleanup context)."""
        self.take_up()
        task = asyncio.create_task(self._write_again_and_again())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.write()

    def take_up(self) -> None:
        """Take up what was written; a file that cannot be read is put aside, and the simulator begins empty."""
        with contextlib.suppress(FileNotFoundError):
            text = self._path.read_bytes()
            try:
                self._simulator.take_up(self._simulator.kept.validate_json(text))
            except ValidationError:
                aside = self._path.with_suffix(".unreadable")
                self._path.replace(aside)
                sys.stderr.write(f"{self._simulator.name}: the kept state cannot be read; it is now {aside}.\n")

    def write(self) -> None:
        """Write the state where it has changed: whole or not at all, whenever the machine stops."""
        text = self._simulator.kept.dump_json(self._simulator.state())
        if text == self._written:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        self._written = text

    async def _write_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            self.write()


def application_of(simulator: Simulator[Any], folder: Path | None) -> web.Application:
    """Return the simulator as an application, which keeps its state in the folder if there is one."""
    app = simulator.application()
    if folder is not None:
        app.cleanup_ctx.insert(0, StateFile(simulator, folder / f"{simulator.name}.json").keep)
    return app
