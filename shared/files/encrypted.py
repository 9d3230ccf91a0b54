"""The one implementation of `FileStore`: encryption and resumable appends over a small table of chunks.

A chunk grows until it is full, is then never touched again, and the next begins: so all chunks but the last have one
size, as GridFS demands, whatever the sizes of the appends. Each chunk is written by one conditional write; of two
writers one loses and is told the true end. Where the last chunk ends the file ends: a crash between two writes leaves a
shorter file, never a wrong one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn, Protocol

from shared.clock import Clock
from shared.crypto.chunks import CHUNK_OVERHEAD_BYTES, ChunkCipher, FileKeys, new_data_key
from shared.crypto.errors import CannotDecrypt
from shared.crypto.keyring import Keyring
from shared.files.port import (
    PIECE_BYTES,
    BeyondDeclaredSize,
    FileDamaged,
    FileExists,
    FileFinished,
    FileInfo,
    FileMeta,
    FileNotFinished,
    FileUnknown,
    PieceTooLarge,
    WrongOffset,
)
from shared.key_turn.turn import Batch
from shared.person_keys.cipher import PersonCipher, is_persons
from shared.person_keys.errors import PersonErased
from shared.person_keys.keys import PersonKeys

SEALED_CHUNK_BYTES = PIECE_BYTES + CHUNK_OVERHEAD_BYTES


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file's row: its description and its wrapped key."""

    file_id: str
    meta: FileMeta
    wrapped_key: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Tail:
    """The last chunk of a file, without its bytes."""

    index: int
    plain_bytes: int
    last: bool

    @property
    def end(self) -> int:
        """The file's size up to here."""
        return self.index * PIECE_BYTES + self.plain_bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """One sealed chunk and what is known of it in the clear."""

    index: int
    data: bytes
    plain_bytes: int
    last: bool


class ChunkTable(Protocol):
    """The port of an adapter: single conditional writes and look-ups by file id."""

    async def add_file(self, record: FileRecord, sealed_bytes: int = 0) -> bool:
        """Insert, with its length if that is known; False if the id is taken."""
        ...

    async def file(self, file_id: str) -> FileRecord | None: ...

    async def change_key(self, file_id: str, old: str, new: str, subject_id: str | None) -> bool:
        """Replace the wrapped key, and the person whose key wraps it, if it is still `old`."""
        ...

    async def mark_finished(self, file_id: str, sealed_bytes: int) -> None: ...

    async def tail(self, file_id: str) -> Tail | None: ...

    async def chunk_data(self, file_id: str, index: int) -> bytes | None: ...

    async def add_chunk(self, file_id: str, chunk: Chunk) -> bool:
        """Insert; False if there is a chunk with this index."""
        ...

    async def add_chunks(self, file_id: str, chunks: Sequence[Chunk]) -> None:
        """Insert the chunks of a new file."""
        ...

    async def replace_chunk(self, file_id: str, chunk: Chunk, *, was_bytes: int) -> bool:
        """Replace the chunk with this index if it still holds `was_bytes` plain bytes and is not the last."""
        ...

    def chunks(self, file_id: str) -> AsyncIterator[bytes]:
        """Sealed chunks in the order of their index."""
        ...

    async def remove(self, file_id: str) -> None:
        """Remove chunks first, then the file, so that what a crash leaves is found by the sweeper."""
        ...

    def created_before(self, at: datetime, not_before: datetime | None) -> AsyncIterator[str]: ...

    async def records(self, after: str, limit: int) -> Sequence[FileRecord]:
        """Files behind this id, in the order of their ids."""
        ...


class EncryptedFiles:
    """A `FileStore` over any `ChunkTable`."""

    def __init__(
        self, table: ChunkTable, keyring: Keyring, clock: Clock, person_keys: PersonKeys | None = None
    ) -> None:
        self._table = table
        self._keys = FileKeys(keyring)
        self._clock = clock
        self._person_keys = person_keys

    async def create(self, file_id: str, meta: FileMeta) -> None:
        wrapped_key, _ = await self._new_key(file_id, meta)
        if await self._table.add_file(FileRecord(file_id, meta, wrapped_key, self._clock.now())):
            return
        known = (await self._record(file_id)).meta
        # A file of before persons had keys is about the same person and does not say so.
        if replace(known, subject_id=known.subject_id or meta.subject_id) != meta:
            raise FileExists("another file has this id")

    async def append(self, file_id: str, offset: int, chunk: bytes) -> int:
        if len(chunk) > PIECE_BYTES:
            raise PieceTooLarge(f"one append carries at most {PIECE_BYTES} bytes")
        record = await self._record(file_id)
        tail = await self._table.tail(file_id)
        size = tail.end if tail else 0
        if offset != size:
            raise WrongOffset(size)
        new_size = size + len(chunk)
        total = record.meta.total_bytes
        if total is not None and new_size > total:
            raise BeyondDeclaredSize(f"the file was declared to have {total} bytes")
        if tail is not None and tail.last:
            if chunk:
                raise FileFinished("the file has its end")
            return size
        if chunk or new_size == total:
            await self._write(record, tail, chunk, ends=new_size == total)
        return new_size

    async def put(self, file_id: str, meta: FileMeta, content: bytes) -> None:
        wrapped_key, cipher = await self._new_key(file_id, meta)
        chunks = _sealed(cipher, content)
        sealed_bytes = len(content) + len(chunks) * CHUNK_OVERHEAD_BYTES
        if not await self._table.add_file(FileRecord(file_id, meta, wrapped_key, self._clock.now()), sealed_bytes):
            raise FileExists("another file has this id")
        await self._table.add_chunks(file_id, chunks)

    async def finish(self, file_id: str) -> int:
        record = await self._record(file_id)
        tail = await self._table.tail(file_id)
        size = tail.end if tail else 0
        total = record.meta.total_bytes
        if total is not None and size < total:
            raise FileNotFinished(f"{size} of {total} bytes are there")
        if tail is None or not tail.last:
            await self._write(record, tail, b"", ends=True)
        else:
            await self._mark_finished(file_id, tail)
        return size

    async def size(self, file_id: str) -> int:
        return (await self.describe(file_id)).size_bytes

    async def describe(self, file_id: str) -> FileInfo:
        record = await self._record(file_id)
        tail = await self._table.tail(file_id)
        size, finished = (tail.end, tail.last) if tail else (0, False)
        return FileInfo(file_id, record.meta, record.created_at, size, finished)

    async def read(self, file_id: str) -> AsyncIterator[bytes]:
        cipher = await self._cipher(await self._record(file_id))
        waiting: bytes | None = None
        index = 0
        async for sealed in self._table.chunks(file_id):
            if waiting is not None:
                yield _opened(cipher, waiting, index, last=False)
                index += 1
            waiting = sealed
        if waiting is None:
            raise await self._no_end(file_id, "the file's chunks are gone")
        final = await self._end(file_id, cipher, waiting, index)
        if final:
            yield final

    async def delete(self, file_id: str) -> None:
        await self._table.remove(file_id)

    def older_than(self, at: datetime, *, not_before: datetime | None = None) -> AsyncIterator[str]:
        return self._table.created_before(at, not_before)

    async def rewrap(self, file_id: str) -> bool:
        """Wrap the file's key with the current master key, unless it is a person's; whether there was anything to do.

        Raises:
            FileUnknown. FileDamaged: its key does not open.
        """
        record = await self._record(file_id)
        if not self._needs_rotation(record):
            return False
        try:
            renewed = self._keys.rewrapped(record.wrapped_key, file_id)
        except CannotDecrypt as error:
            raise FileDamaged(str(error)) from None
        return await self._table.change_key(file_id, record.wrapped_key, renewed, None)

    async def give_to(self, file_id: str, subject_id: str) -> bool:
        """Wrap the key of a file of before persons had keys with that of its person; whether there was anything to do.

        A file that is gone needs nothing.

        Raises:
            FileDamaged: its key does not open. PersonErased: the person's key was destroyed.
        """
        record = await self._table.file(file_id)
        if record is None or is_persons(record.wrapped_key):
            return False
        try:
            data_key = self._keys.unwrap(record.wrapped_key, file_id)
        except CannotDecrypt as error:
            raise FileDamaged(str(error)) from None
        wrapped = (await self._person(subject_id)).wrap(data_key, file_id)
        return await self._table.change_key(file_id, record.wrapped_key, wrapped, subject_id)

    # The step of a key turn: the keys of files are wrapped again, their chunks stay as they are.

    async def batch(self, after: str, most: int, *, turn: bool) -> Batch:
        """Wrap the keys of the next files with the current master key, or count those that another one wraps."""
        records = await self._table.records(after, most)
        old = [record for record in records if self._needs_rotation(record)]
        turned = failed = 0
        for record in old if turn else ():
            try:
                turned += await self.rewrap(record.file_id)
            except FileUnknown:
                continue
            except FileDamaged:
                failed += 1
        return Batch(len(old), turned, failed, after=records[-1].file_id if len(records) == most else None)

    def _needs_rotation(self, record: FileRecord) -> bool:
        return not is_persons(record.wrapped_key) and self._keys.needs_rotation(record.wrapped_key)

    async def _new_key(self, file_id: str, meta: FileMeta) -> tuple[str, ChunkCipher]:
        if meta.subject_id is None:
            return self._keys.new(file_id)
        data_key = new_data_key()
        return (await self._person(meta.subject_id)).wrap(data_key, file_id), ChunkCipher(data_key, file_id)

    async def _person(self, subject_id: str) -> PersonCipher:
        if self._person_keys is None:
            raise TypeError("files of a person need the keys of persons")
        return await self._person_keys.cipher(subject_id)

    async def _end(self, file_id: str, cipher: ChunkCipher, sealed: bytes, index: int) -> bytes:
        """The last chunk, opened; only if it is none, one more look tells a file without an end from a damaged one."""
        try:
            return cipher.open(sealed, index=index, last=True)
        except CannotDecrypt as error:
            raise await self._no_end(file_id, str(error)) from None

    async def _no_end(self, file_id: str, damage: str) -> FileNotFinished | FileDamaged:
        tail = await self._table.tail(file_id)
        if tail is None or not tail.last:
            return FileNotFinished("the file has no end yet")
        return FileDamaged(damage)

    async def _record(self, file_id: str) -> FileRecord:
        record = await self._table.file(file_id)
        if record is None:
            raise FileUnknown("no file has this id")
        return record

    async def _cipher(self, record: FileRecord) -> ChunkCipher:
        try:
            if not is_persons(record.wrapped_key):
                return self._keys.open(record.wrapped_key, record.file_id)
            person = await self._person(record.meta.subject_id or "")
            return ChunkCipher(person.unwrap(record.wrapped_key, record.file_id), record.file_id)
        except PersonErased:
            raise
        except CannotDecrypt as error:
            raise FileDamaged(str(error)) from None

    async def _write(self, record: FileRecord, tail: Tail | None, chunk: bytes, *, ends: bool) -> None:
        """Let the tail grow by what it can take, put the rest into a new chunk."""
        cipher = await self._cipher(record)
        next_index = tail.index + 1 if tail else 0
        rest = chunk
        if tail is not None and (tail.plain_bytes < PIECE_BYTES or not chunk):
            room = PIECE_BYTES - tail.plain_bytes
            rest = chunk[room:]
            grown = await self._plain(record.file_id, cipher, tail) + chunk[:room]
            await self._grow(record.file_id, cipher, tail, grown, last=ends and not rest)
        if rest or tail is None:
            await self._add(record.file_id, cipher, next_index, rest, last=ends)
        if ends:
            await self._mark_finished(record.file_id, await self._table.tail(record.file_id))

    async def _plain(self, file_id: str, cipher: ChunkCipher, tail: Tail) -> bytes:
        sealed = await self._table.chunk_data(file_id, tail.index)
        if sealed is None:
            raise FileUnknown("the file was deleted meanwhile")
        if len(sealed) - CHUNK_OVERHEAD_BYTES != tail.plain_bytes:
            await self._lost_the_race(file_id)
        try:
            return cipher.open(sealed, index=tail.index, last=False)
        except CannotDecrypt:
            return await self._changed_or_damaged(file_id, tail)

    async def _changed_or_damaged(self, file_id: str, tail: Tail) -> bytes:
        """Somebody finished the file between our two looks, or it is damaged."""
        if await self._table.tail(file_id) != tail:
            await self._lost_the_race(file_id)
        raise FileDamaged("the file's last chunk was changed")

    async def _grow(self, file_id: str, cipher: ChunkCipher, tail: Tail, plain: bytes, *, last: bool) -> None:
        chunk = Chunk(tail.index, cipher.seal(plain, index=tail.index, last=last), len(plain), last)
        if not await self._table.replace_chunk(file_id, chunk, was_bytes=tail.plain_bytes):
            await self._lost_the_race(file_id)

    async def _add(self, file_id: str, cipher: ChunkCipher, index: int, plain: bytes, *, last: bool) -> None:
        chunk = Chunk(index, cipher.seal(plain, index=index, last=last), len(plain), last)
        if not await self._table.add_chunk(file_id, chunk):
            await self._lost_the_race(file_id)

    async def _lost_the_race(self, file_id: str) -> NoReturn:
        raise WrongOffset(await self.size(file_id))

    async def _mark_finished(self, file_id: str, tail: Tail | None) -> None:
        if tail is not None:
            await self._table.mark_finished(file_id, tail.end + (tail.index + 1) * CHUNK_OVERHEAD_BYTES)


def _sealed(cipher: ChunkCipher, content: bytes) -> list[Chunk]:
    pieces = [content[start : start + PIECE_BYTES] for start in range(0, len(content), PIECE_BYTES)] or [b""]
    ends = len(pieces) - 1
    return [
        Chunk(index, cipher.seal(piece, index=index, last=index == ends), len(piece), index == ends)
        for index, piece in enumerate(pieces)
    ]


def _opened(cipher: ChunkCipher, sealed: bytes, index: int, *, last: bool) -> bytes:
    try:
        return cipher.open(sealed, index=index, last=last)
    except CannotDecrypt as error:
        raise FileDamaged(str(error)) from None
