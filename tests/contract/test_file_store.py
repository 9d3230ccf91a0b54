"""One suite for every file store: encryption at rest, resumable appends, damage that is noticed."""

from __future__ import annotations

import asyncio
import base64
import os
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import errors

from shared.clock import ManualClock
from shared.crypto.chunks import CHUNK_OVERHEAD_BYTES
from shared.crypto.keyring import Keyring
from shared.files import gridfs
from shared.files.encrypted import Chunk, EncryptedFiles
from shared.files.gridfs import GridFsChunks, GridFsFiles
from shared.files.memory import MemoryChunks, MemoryFiles
from shared.files.port import (
    PIECE_BYTES,
    BeyondDeclaredSize,
    FileDamaged,
    FileExists,
    FileFinished,
    FileMeta,
    FileNotFinished,
    FileStore,
    FileUnknown,
    PieceTooLarge,
    WrongOffset,
)
from shared.http.problems import as_refusal
from shared.ids import RandomIds
from shared.store import driver
from shared.store.port import StoreUnavailable
from tests.contract.away import TROUBLES, Away

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def key(byte: int) -> str:
    return base64.b64encode(bytes([byte]) * 32).decode()


KEYRING = Keyring.parse(f"k1:{key(1)}")


@pytest.fixture(scope="module")
async def database(mongo_url: str) -> AsyncIterator[Any]:
    client = driver.connect(mongo_url)
    name = f"test_files_{os.getpid()}"
    yield driver.database(client, name)
    await client.drop_database(name)
    await driver.disconnect(client)


class Given:
    """A store, its clock, and a way to damage what lies in it."""

    def __init__(self, database: Any | None) -> None:
        self.clock = ManualClock(START)
        self.database = database
        self.bucket = f"b{os.urandom(4).hex()}"
        self.memory = MemoryFiles(KEYRING, self.clock)
        self.files: EncryptedFiles = self.store(KEYRING)

    def store(self, keyring: Keyring) -> EncryptedFiles:
        if self.database is not None:
            return GridFsFiles(self.database, keyring, self.clock, bucket=self.bucket)
        store = MemoryFiles(keyring, self.clock)
        store._table = self.memory._table
        return store

    @property
    def dictionaries(self) -> MemoryChunks:
        table = self.memory._table
        assert isinstance(table, MemoryChunks)
        return table

    async def sealed(self, file_id: str) -> list[bytes]:
        return [chunk async for chunk in self.files._table.chunks(file_id)]

    async def overwrite(self, file_id: str, index: int, data: bytes) -> None:
        if self.database is not None:
            parts = self.database[f"{self.bucket}.chunks"]
            await parts.update_one({"files_id": file_id, "n": index}, {"$set": {"data": data}})
            return
        stored = self.dictionaries.stored[file_id]
        object.__setattr__(stored[index], "data", data)

    async def cut_off(self, file_id: str, index: int) -> None:
        """Remove the last chunk and pretend that the one before is the last."""
        if self.database is not None:
            parts = self.database[f"{self.bucket}.chunks"]
            await parts.delete_one({"files_id": file_id, "n": index})
            await parts.update_one({"files_id": file_id, "n": index - 1}, {"$set": {"last": True}})
            return
        stored = self.dictionaries.stored[file_id]
        del stored[index]
        object.__setattr__(stored[index - 1], "last", True)


@pytest.fixture(params=["memory", "gridfs"])
def bare(request: pytest.FixtureRequest) -> Given:
    return Given(None if request.param == "memory" else request.getfixturevalue("database"))


@pytest.fixture
async def given(bare: Given) -> Given:
    if isinstance(bare.files, GridFsFiles):
        await bare.files.prepare()
    return bare


def new_id() -> str:
    return RandomIds().new()


async def put(files: FileStore, content: bytes, *, piece: int = PIECE_BYTES, total: int | None = None) -> str:
    file_id = new_id()
    await files.create(file_id, FileMeta("image/jpeg", total))
    for offset in range(0, len(content), piece):
        await files.append(file_id, offset, content[offset : offset + piece])
    await files.finish(file_id)
    return file_id


async def get(files: FileStore, file_id: str) -> bytes:
    return b"".join([piece async for piece in files.read(file_id)])


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 700_001])
async def test_what_was_written_is_read(given: Given, size: int) -> None:
    content = os.urandom(size)
    file_id = await put(given.files, content)
    assert await given.files.size(file_id) == size
    assert await get(given.files, file_id) == content


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 300_000])
async def test_reaching_the_declared_size_finishes(given: Given, size: int) -> None:
    content = os.urandom(size)
    file_id = new_id()
    await given.files.create(file_id, FileMeta(total_bytes=size))
    offset = 0
    while True:
        offset = await given.files.append(file_id, offset, content[offset : offset + PIECE_BYTES])
        if offset == size:
            break
    assert (await given.files.describe(file_id)).finished
    assert await get(given.files, file_id) == content


@pytest.mark.parametrize("seed", range(4))
async def test_pieces_of_any_size_resume_at_the_offset(given: Given, seed: int) -> None:
    chance = random.Random(seed)
    content = chance.randbytes(chance.randrange(1, 900_000))
    file_id = new_id()
    await given.files.create(file_id, FileMeta())
    while (offset := await given.files.size(file_id)) < len(content):
        piece = content[offset : offset + chance.choice([1, 7_000, 100_000, PIECE_BYTES])]
        assert await given.files.append(file_id, offset, piece) == offset + len(piece)
        with pytest.raises(WrongOffset) as refused:
            await given.files.append(file_id, offset, piece)
        assert refused.value.expected == offset + len(piece)
    await given.files.finish(file_id)
    assert await get(given.files, file_id) == content


async def test_all_chunks_but_the_last_have_one_size_and_hide_the_content(given: Given) -> None:
    content = b"KARTU TANDA PENDUDUK" * 40_000
    file_id = await put(given.files, content, piece=50_000)
    sealed = await given.sealed(file_id)
    assert {len(each) for each in sealed[:-1]} == {PIECE_BYTES + CHUNK_OVERHEAD_BYTES}
    assert not any(b"KARTU" in each for each in sealed)


async def test_creating_again_changes_nothing(given: Given) -> None:
    file_id = await put(given.files, b"once")
    await given.files.create(file_id, FileMeta("image/jpeg"))
    assert await get(given.files, file_id) == b"once"
    with pytest.raises(FileExists):
        await given.files.create(file_id, FileMeta("image/png"))


async def test_limits_and_order_are_kept(given: Given) -> None:
    files, file_id = given.files, new_id()
    await files.create(file_id, FileMeta(total_bytes=10))
    with pytest.raises(PieceTooLarge):
        await files.append(file_id, 0, bytes(PIECE_BYTES + 1))
    with pytest.raises(BeyondDeclaredSize):
        await files.append(file_id, 0, bytes(11))
    with pytest.raises(WrongOffset) as refused:
        await files.append(file_id, 3, b"x")
    assert refused.value.expected == 0
    assert await files.size(file_id) == 0
    await files.append(file_id, 0, b"12345")
    with pytest.raises(FileNotFinished):
        await files.finish(file_id)
    with pytest.raises(FileNotFinished):
        await get(files, file_id)
    await files.append(file_id, 5, b"67890")
    assert await files.finish(file_id) == 10
    assert await files.append(file_id, 10, b"") == 10


async def test_a_finished_file_takes_no_more(given: Given) -> None:
    file_id = await put(given.files, b"end")
    assert await given.files.finish(file_id) == 3
    with pytest.raises(FileFinished):
        await given.files.append(file_id, 3, b"more")


async def test_an_unknown_file_is_refused_everywhere(given: Given) -> None:
    with pytest.raises(FileUnknown):
        await given.files.size(new_id())
    with pytest.raises(FileUnknown):
        await given.files.append(new_id(), 0, b"x")
    with pytest.raises(FileUnknown):
        await get(given.files, new_id())
    with pytest.raises(FileUnknown):
        await given.files.finish(new_id())
    await given.files.delete(new_id())


async def test_of_many_writers_at_one_offset_one_wins(given: Given) -> None:
    file_id = new_id()
    await given.files.create(file_id, FileMeta())
    await given.files.append(file_id, 0, b"start")
    pieces = [bytes([number]) * 1000 for number in range(8)]
    results = await asyncio.gather(*(given.files.append(file_id, 5, piece) for piece in pieces), return_exceptions=True)
    winners = [index for index, result in enumerate(results) if result == 1005]
    assert len(winners) == 1
    assert all(isinstance(result, WrongOffset) for index, result in enumerate(results) if index not in winners)
    await given.files.finish(file_id)
    assert await get(given.files, file_id) == b"start" + pieces[winners[0]]


async def test_a_deleted_file_is_gone(given: Given) -> None:
    file_id = await put(given.files, os.urandom(300_000))
    await given.files.delete(file_id)
    with pytest.raises(FileUnknown):
        await given.files.size(file_id)
    assert await given.sealed(file_id) == []


async def test_the_sweeper_sees_files_by_age(given: Given) -> None:
    ids = []
    for _ in range(3):
        ids.append(await put(given.files, b"x"))
        given.clock.advance(60)
    later = START.replace(minute=2)
    assert [each async for each in given.files.older_than(later)] == ids[:2]
    assert [each async for each in given.files.older_than(later, not_before=START.replace(minute=1))] == ids[1:2]


async def test_description_and_time_are_kept(given: Given) -> None:
    file_id = new_id()
    meta = FileMeta("image/png", 7, {"application_id": "a-1"})
    await given.files.create(file_id, meta)
    info = await given.files.describe(file_id)
    assert (info.meta, info.created_at, info.size_bytes, info.finished) == (meta, START, 0, False)


async def test_a_changed_chunk_is_noticed(given: Given) -> None:
    file_id = await put(given.files, b"a" * 100)
    sealed = await given.sealed(file_id)
    await given.overwrite(file_id, 0, sealed[0][:-1] + bytes([sealed[0][-1] ^ 1]))
    with pytest.raises(FileDamaged):
        await get(given.files, file_id)


async def test_reordered_chunks_are_noticed(given: Given) -> None:
    file_id = await put(given.files, os.urandom(3 * PIECE_BYTES))
    first, second, _ = await given.sealed(file_id)
    await given.overwrite(file_id, 0, second)
    await given.overwrite(file_id, 1, first)
    with pytest.raises(FileDamaged):
        await get(given.files, file_id)


async def test_a_cut_off_end_is_noticed(given: Given) -> None:
    file_id = await put(given.files, os.urandom(2 * PIECE_BYTES + 5))
    await given.cut_off(file_id, 2)
    with pytest.raises(FileDamaged):
        await get(given.files, file_id)


async def test_a_chunk_of_another_file_is_noticed(given: Given) -> None:
    mine, theirs = await put(given.files, b"mine"), await put(given.files, b"them")
    await given.overwrite(mine, 0, (await given.sealed(theirs))[0])
    with pytest.raises(FileDamaged):
        await get(given.files, mine)


async def test_a_damaged_tail_stops_an_append(given: Given) -> None:
    file_id = new_id()
    await given.files.create(file_id, FileMeta())
    await given.files.append(file_id, 0, b"12345")
    await given.overwrite(file_id, 0, bytes(5 + CHUNK_OVERHEAD_BYTES))
    with pytest.raises(FileDamaged):
        await given.files.append(file_id, 5, b"6")


async def test_the_master_key_can_be_changed(given: Given) -> None:
    file_id = await put(given.files, b"kept")
    both = given.store(Keyring.parse(f"k2:{key(2)},k1:{key(1)}"))
    assert await get(both, file_id) == b"kept"
    assert await both.rewrap(file_id)
    assert not await both.rewrap(file_id)
    only_new = given.store(Keyring.parse(f"k2:{key(2)}"))
    assert await get(only_new, file_id) == b"kept"
    with pytest.raises(FileDamaged):
        await get(given.files, file_id)
    with pytest.raises(FileDamaged):
        await given.files.rewrap(file_id)


async def test_standard_gridfs_tools_can_read_the_sealed_bytes(mongo_url: str, database: Any) -> None:
    import gridfs as standard
    from pymongo import MongoClient

    given = Given(database)
    file_id = await put(given.files, os.urandom(700_000), piece=99_999)
    sealed = await given.sealed(file_id)

    def read() -> bytes:
        with MongoClient[dict[str, Any]](mongo_url) as client:
            bucket = standard.GridFSBucket(client[database.name], bucket_name=given.bucket)
            return bucket.open_download_stream(file_id).read()

    assert await asyncio.to_thread(read) == b"".join(sealed)


class Interrupted(MemoryChunks):
    """A table in which something else happens right before a write or a second look."""

    def __init__(self) -> None:
        super().__init__()
        self.before_data: Callable[[], Awaitable[object]] | None = None
        self.before_write: Callable[[], Awaitable[object]] | None = None

    async def chunk_data(self, file_id: str, index: int) -> bytes | None:
        await self._happen("before_data")
        return await super().chunk_data(file_id, index)

    async def add_chunk(self, file_id: str, chunk: Chunk) -> bool:
        await self._happen("before_write")
        return await super().add_chunk(file_id, chunk)

    async def replace_chunk(self, file_id: str, chunk: Chunk, *, was_bytes: int) -> bool:
        await self._happen("before_write")
        return await super().replace_chunk(file_id, chunk, was_bytes=was_bytes)

    async def _happen(self, moment: str) -> None:
        event = getattr(self, moment)
        setattr(self, moment, None)
        if event is not None:
            await event()


@pytest.mark.parametrize("moment", ["before_data", "before_write"])
@pytest.mark.parametrize("event", ["append", "finish", "delete"])
@pytest.mark.parametrize("begun", [b"", b"12345"])
async def test_whatever_happens_in_the_midst_of_an_append(moment: str, event: str, begun: bytes) -> None:
    table = Interrupted()
    files = EncryptedFiles(table, KEYRING, ManualClock(START))
    file_id = new_id()
    await files.create(file_id, FileMeta())
    await files.append(file_id, 0, begun)
    happens = {
        "append": lambda: files.append(file_id, len(begun), b"other"),
        "finish": lambda: files.finish(file_id),
        "delete": lambda: files.delete(file_id),
    }
    setattr(table, moment, happens[event])
    if not begun and moment == "before_data":
        assert await files.append(file_id, 0, b"mine") == 4
        return
    if event == "delete" and not begun:
        await files.append(file_id, 0, b"mine")  # an append under way may outlive the file; its bytes are unreachable
        with pytest.raises(FileUnknown):
            await files.size(file_id)
        return
    with pytest.raises((WrongOffset, FileUnknown)) as refused:
        await files.append(file_id, len(begun), b"mine")
    assert isinstance(refused.value, FileUnknown) == (event == "delete")
    if event != "delete":
        await files.finish(file_id)
        assert await get(files, file_id) == begun + (b"other" if event == "append" else b"")


async def test_chunks_that_are_gone_are_noticed() -> None:
    class Empty(MemoryChunks):
        async def chunks(self, file_id: str) -> AsyncIterator[bytes]:
            for gone in list[bytes]():
                yield gone

    table = Empty()
    files = EncryptedFiles(table, KEYRING, ManualClock(START))
    file_id = await put(files, b"x")
    with pytest.raises(FileDamaged):
        await get(files, file_id)
    assert not await table.change_key(file_id, "another key", "new", None)


async def test_appending_nothing_stores_nothing(given: Given) -> None:
    file_id = new_id()
    await given.files.create(file_id, FileMeta())
    assert await given.files.append(file_id, 0, b"") == 0
    assert await given.sealed(file_id) == []


# -- the server below is the trouble ---------------------------------------------------------------------------------

UNNAMED = errors.OperationFailure("not known to anybody", 4242)
"""An error that no list of ours names."""


def away(trouble: Exception) -> GridFsFiles:
    return GridFsFiles(defaultdict(lambda: Away(trouble)), KEYRING, ManualClock(START))


async def every(ids: AsyncIterator[str]) -> list[str]:
    return [each async for each in ids]


VERBS: dict[str, Callable[[GridFsFiles], Awaitable[object]]] = {
    "prepare": lambda files: files.prepare(),
    "create": lambda files: files.create("f", FileMeta()),
    "append": lambda files: files.append("f", 0, b"x"),
    "put": lambda files: files.put("f", FileMeta(), b"x"),
    "finish": lambda files: files.finish("f"),
    "size": lambda files: files.size("f"),
    "describe": lambda files: files.describe("f"),
    "read": lambda files: get(files, "f"),
    "delete": lambda files: files.delete("f"),
    "older_than": lambda files: every(files.older_than(START)),
    "rewrap": lambda files: files.rewrap("f"),
}
A_CHUNK = Chunk(0, b"sealed", 1, True)
CHUNK_VERBS: dict[str, Callable[[Any], Awaitable[object]]] = {
    "tail": lambda table: table.tail("f"),
    "chunk_data": lambda table: table.chunk_data("f", 0),
    "add_chunk": lambda table: table.add_chunk("f", A_CHUNK),
    "add_chunks": lambda table: table.add_chunks("f", [A_CHUNK]),
    "replace_chunk": lambda table: table.replace_chunk("f", A_CHUNK, was_bytes=0),
    "mark_finished": lambda table: table.mark_finished("f", 1),
    "change_key": lambda table: table.change_key("f", "old", "new", None),
    "chunks": lambda table: every(table.chunks("f")),
    "records": lambda table: table.records("", 10),
}


@pytest.mark.parametrize(
    "trouble", [*TROUBLES, UNNAMED], ids=lambda each: f"{type(each).__name__} {getattr(each, 'code', '')}"
)
@pytest.mark.parametrize("verb", VERBS)
async def test_a_server_that_is_away_is_the_store_unavailable(verb: str, trouble: Exception) -> None:
    with pytest.raises(StoreUnavailable):
        await VERBS[verb](away(trouble))


@pytest.mark.parametrize("verb", CHUNK_VERBS)
async def test_every_command_below_a_file_is_translated(verb: str) -> None:
    with pytest.raises(StoreUnavailable):
        await CHUNK_VERBS[verb](away(TROUBLES[0])._table)


def test_no_command_of_the_table_is_left_out() -> None:
    public = {name for name, each in vars(GridFsChunks).items() if callable(each) and not name.startswith("_")}
    # those of whole files are reached through the verbs
    assert public - set(CHUNK_VERBS) == {"prepare", "add_file", "file", "remove", "created_before"}


async def test_without_the_translation_the_driver_speaks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gridfs, "_file_errors", nullcontext)
    with pytest.raises(errors.AutoReconnect) as told:
        await away(TROUBLES[0]).append("f", 0, b"x")
    assert as_refusal(told.value) is None, "an answer of 500"
    refusal = as_refusal(StoreUnavailable())
    assert refusal is not None
    assert (refusal.status, refusal.retry_after_seconds) == (503, 5)
