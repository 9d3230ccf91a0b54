"""A ZIP that is written while it is sent: no file of it is in memory as a whole."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime

STORED = zipfile.ZIP_STORED
DEFLATED = zipfile.ZIP_DEFLATED


@dataclass(frozen=True)
class ZipEntry:
    """A file of the archive. Pictures are packed already, so that they are stored as they are."""

    name: str
    content: AsyncIterable[bytes]
    packed: bool = False


class _Sink:
    """Takes what the archive writes, until it is sent on. It cannot seek, so sizes follow each file."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, piece: bytes) -> int:
        self._waiting += piece
        return len(piece)

    def flush(self) -> None:
        """Nothing to do: what waits is taken by the sender."""

    def close(self) -> None:
        """Nothing to do: the sender closes."""

    def take(self) -> bytes:
        """Return what was written since the last call."""
        piece = bytes(self._waiting)
        self._waiting.clear()
        return piece


async def zip_stream(entries: AsyncIterable[ZipEntry], made_at: datetime) -> AsyncIterator[bytes]:
    """Yield the bytes of an archive with these files, in their order."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", allowZip64=True) as archive:
        async for entry in entries:
            info = zipfile.ZipInfo(entry.name, made_at.timetuple()[:6])
            info.compress_type = STORED if entry.packed else DEFLATED
            info.external_attr = 0o600 << 16
            with archive.open(info, "w", force_zip64=True) as file:
                async for piece in entry.content:
                    file.write(piece)
                    if sent := sink.take():
                        yield sent
            yield sink.take()
    yield sink.take()


async def whole(content: bytes) -> AsyncIterator[bytes]:
    """Yield a file that is in memory already."""
    yield content
