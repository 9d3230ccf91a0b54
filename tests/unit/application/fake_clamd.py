"""A clamd on a Unix socket that does as it is told, good and bad."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

MARKER: Final = b"PASPOR-HARMLESS-MARKER-OF-A-TEST"


class FakeClamd:
    """Answers ``INSTREAM`` by the marker, and PING; `reply` overrides the former, `manner` how it is said."""

    def __init__(self, socket_path: str) -> None:
        self.socket_path = socket_path
        self.reply: bytes | None = None
        self.manner = "honest"
        self.pings = True
        self.streams: list[bytes] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._answer, self.socket_path)

    @asynccontextmanager
    async def also_by_port(self) -> AsyncIterator[str]:
        """Listens at a port too, whose address is given."""
        async with await asyncio.start_server(self._answer, "127.0.0.1", 0) as server:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
            os.unlink(self.socket_path)  # noqa: PTH108 - as a service that ends does

    async def _answer(self, jobs: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        try:
            command = await jobs.readuntil(b"\0")
            if command == b"zPING\0":
                out.write(b"PONG\0" if self.pings else b"")
                await out.drain()
            else:
                await self._take_stream(jobs, out)
        except (OSError, EOFError):
            pass
        finally:
            out.close()

    async def _take_stream(self, jobs: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        if self.manner == "resets":
            await jobs.read(100)
            out.transport.abort()
            return
        content = b""
        while size := int.from_bytes(await jobs.readexactly(4), "big"):
            content += await jobs.readexactly(size)
        self.streams.append(content)
        if self.manner == "hangs":
            await jobs.read()
        if self.manner != "says nothing":
            found = b"stream: Paspor.Test.UNOFFICIAL FOUND" if MARKER in content else b"stream: OK"
            out.write((self.reply or found) + b"\0")
            await out.drain()


@asynccontextmanager
async def running_clamd() -> AsyncIterator[FakeClamd]:
    """A fake that runs. Its folder is made where paths are short: a socket's has 107 characters at most."""
    folder = tempfile.mkdtemp(prefix="clamd-")
    clamd = FakeClamd(f"{folder}/socket")
    await clamd.start()
    try:
        yield clamd
    finally:
        await clamd.stop()
        shutil.rmtree(folder)
