"""The port of file stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.crypto.chunks import CHUNK_PLAIN_BYTES
from shared.key_turn.steps import TurnStep

PIECE_BYTES = CHUNK_PLAIN_BYTES
"""The most that one append may carry: 256 KiB."""


class FileUnknown(Exception):
    """No file has this id, or it was deleted."""


class FileExists(Exception):
    """Another file, described differently, was created under this id."""


class FileFinished(Exception):
    """The file has its end; nothing can be appended."""


class FileNotFinished(Exception):
    """The file has no end yet, so it cannot be read."""


class FileDamaged(Exception):
    """The stored file is not the written one: changed, reordered, swapped or cut off."""


class PieceTooLarge(Exception):
    """An append carries more than `PIECE_BYTES`."""


class BeyondDeclaredSize(Exception):
    """An append would make the file longer than its `total_bytes`."""


class WrongOffset(Exception):
    """An append does not start where the file ends; go on at `expected`."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"the file ends at {expected}; send the bytes from there")
        self.expected = expected


@dataclass(frozen=True, slots=True)
class FileMeta:
    """Facts about a file at its creation. Stored in the clear: no personal data in `attributes`.

    `subject_id` is the person whom the file is about: their key wraps the file's, and no other can read it.
    """

    content_type: str = "application/octet-stream"
    total_bytes: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    subject_id: str | None = None


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file as it is now; `size_bytes` counts plain bytes."""

    file_id: str
    meta: FileMeta
    created_at: datetime
    size_bytes: int
    finished: bool


class FileStore(TurnStep, Protocol):
    """Keeps files. Every byte is encrypted at rest with the file's own key; ids are given by the caller."""

    async def create(self, file_id: str, meta: FileMeta) -> None:
        """Begin an empty file. The same call again changes nothing; `FileExists` if the description differs."""
        ...

    async def append(self, file_id: str, offset: int, chunk: bytes) -> int:
        """Add `chunk` (at most `PIECE_BYTES`) at `offset`, which must be the file's end; return the new end.

        Reaching the declared `total_bytes` finishes the file. Refuses with `FileUnknown`, `PieceTooLarge`,
        `WrongOffset`, `BeyondDeclaredSize` or `FileFinished`, and then stores nothing. Of two appends at one offset
        one wins.
        """
        ...

    async def put(self, file_id: str, meta: FileMeta, content: bytes) -> None:
        """Store a whole file that is in memory already, in as few writes as there are; refuses with `FileExists`.

        What a crash leaves of it was never finished: the sweeper removes it.
        """
        ...

    async def finish(self, file_id: str) -> int:
        """Mark the end of a file and return its size; again is no error.

        Refuses with `FileUnknown`, or `FileNotFinished` if fewer than the declared bytes are there.
        """
        ...

    async def size(self, file_id: str) -> int:
        """How many plain bytes are stored: where an upload goes on. Refuses with `FileUnknown`."""
        ...

    async def describe(self, file_id: str) -> FileInfo:
        """Return the facts about the file.

        Raises:
            FileUnknown: there is no such file.
        """
        ...

    def read(self, file_id: str) -> AsyncIterator[bytes]:
        """The plain bytes in pieces. Refuses with `FileUnknown`, `FileNotFinished` or, midway, `FileDamaged`."""
        ...

    async def give_to(self, file_id: str, subject_id: str) -> bool:
        """Put the key of a file of before persons had keys under that of its person; whether there was anything to do.

        Refuses with `FileDamaged` if the key does not open.
        """
        ...

    async def delete(self, file_id: str) -> None:
        """Remove the file and its key; a file that is not there is no error."""
        ...

    def older_than(self, at: datetime, *, not_before: datetime | None = None) -> AsyncIterator[str]:
        """Ids of files created before `at` (and not before `not_before`), oldest first; for the sweeper."""
        ...
