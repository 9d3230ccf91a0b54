"""Person keys: sealed for one person alone, gone for good once destroyed, everywhere within a minute."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest

from shared.clock import ManualClock
from shared.crypto.errors import CannotDecrypt
from shared.crypto.fields import FieldCipher
from shared.crypto.keyring import Keyring
from shared.files.memory import MemoryFiles
from shared.files.port import FileDamaged, FileExists, FileMeta
from shared.person_keys.cipher import PersonCipher, is_persons
from shared.person_keys.errors import PersonErased
from shared.person_keys.keys import CACHE_SECONDS, PersonKeys
from shared.person_keys.memory import MemoryKeyTable
from shared.person_keys.port import KeyRecord
from tests.conftest import START
from tests.unit.shared_crypto.keys import BOTH, NEW, OLD

ACCOUNT, OTHER = "account-1", "account-2"


class Counting(MemoryKeyTable):
    """A table that counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.writes = 0

    async def find(self, subject_ids: Sequence[str]) -> Mapping[str, KeyRecord]:
        self.reads += 1
        return await super().find(subject_ids)

    async def add(self, record: KeyRecord) -> KeyRecord:
        self.writes += 1
        return await super().add(record)


class Replicas:
    """Processes of one service over one table."""

    def __init__(self) -> None:
        self.table = Counting()
        self.clock = ManualClock(START)

    def replica(self, keyring: Keyring = NEW, *, service: str = "identity", most_cached: int = 100) -> PersonKeys:
        return PersonKeys(self.table, keyring, self.clock, service, most_cached=most_cached)


@pytest.fixture
def given() -> Replicas:
    return Replicas()


def sealed(cipher: PersonCipher, text: str = "budi@example.org") -> str:
    return cipher.seal(text, owner_id="owner", field="email")


def opened(cipher: PersonCipher, value: str) -> str:
    return cipher.open(value, owner_id="owner", field="email")


async def test_what_one_replica_seals_another_opens(given: Replicas) -> None:
    value = sealed(await given.replica().cipher(ACCOUNT))
    assert is_persons(value) and "budi" not in value
    assert opened(await given.replica().cipher(ACCOUNT), value) == "budi@example.org"
    assert sealed(await given.replica().cipher(ACCOUNT)) != value, "a fresh nonce at each call"


async def test_a_value_opens_for_its_person_owner_field_and_service_alone(given: Replicas) -> None:
    keys = given.replica()
    cipher = await keys.cipher(ACCOUNT)
    value = sealed(cipher)
    with pytest.raises(CannotDecrypt):
        opened(await keys.cipher(OTHER), value)
    with pytest.raises(CannotDecrypt):
        cipher.open(value, owner_id="another", field="email")
    with pytest.raises(CannotDecrypt):
        cipher.open(value, owner_id="owner", field="phone")
    with pytest.raises(CannotDecrypt):
        opened(cipher, value[:-4] + "AAAA")


async def test_a_key_record_of_another_service_or_person_does_not_unwrap(given: Replicas) -> None:
    await given.replica(service="billing").cipher(ACCOUNT)
    with pytest.raises(CannotDecrypt):
        await given.replica(service="identity").cipher(ACCOUNT)
    stolen = given.table.records[ACCOUNT].wrapped
    given.table.records[OTHER] = KeyRecord(OTHER, stolen, START)
    with pytest.raises(CannotDecrypt):
        await given.replica(service="billing").cipher(OTHER)


async def test_values_of_before_persons_had_keys_open_and_move(given: Replicas) -> None:
    old = FieldCipher(OLD).seal("budi@example.org", owner_id="owner", field="email")
    cipher = await given.replica(BOTH).cipher(ACCOUNT)
    assert cipher.needs_rotation(old) and opened(cipher, old) == "budi@example.org"
    moved = cipher.turned(old, owner_id="owner", field="email")
    assert is_persons(moved) and opened(cipher, moved) == "budi@example.org"
    assert cipher.turned(moved, owner_id="owner", field="email") == moved, "a value is turned once"


async def test_a_destroyed_key_never_comes_back(given: Replicas) -> None:
    keys = given.replica()
    await keys.cipher(ACCOUNT)
    await keys.destroy(ACCOUNT)
    for replica in (keys, given.replica()):
        with pytest.raises(PersonErased):
            await replica.cipher(ACCOUNT)
    await keys.destroy(ACCOUNT)
    await keys.destroy(OTHER)
    with pytest.raises(PersonErased):
        await keys.cipher(OTHER)


async def test_a_destroyed_key_dies_in_every_replica_within_a_minute(given: Replicas) -> None:
    first, second = given.replica(), given.replica()
    value = sealed(await second.cipher(ACCOUNT))
    await first.destroy(ACCOUNT)
    given.clock.advance(CACHE_SECONDS - 0.001)
    assert opened(await second.cipher(ACCOUNT), value) == "budi@example.org", "the window that is stated"
    given.clock.advance(0.001)
    with pytest.raises(PersonErased):
        await second.cipher(ACCOUNT)


async def test_using_a_key_does_not_keep_it_in_memory_for_longer(given: Replicas) -> None:
    first, second = given.replica(), given.replica()
    await second.cipher(ACCOUNT)
    await first.destroy(ACCOUNT)
    for _ in range(CACHE_SECONDS - 1):
        given.clock.advance(1)
        await second.cipher(ACCOUNT)
    given.clock.advance(1)
    with pytest.raises(PersonErased):
        await second.cipher(ACCOUNT)


async def test_a_key_in_memory_costs_no_round_trip(given: Replicas) -> None:
    keys = given.replica()
    for _ in range(5):
        await keys.cipher(ACCOUNT)
    assert (given.table.reads, given.table.writes) == (1, 1)


async def test_the_key_of_a_new_person_costs_one_round_trip_and_an_old_one_is_never_replaced(given: Replicas) -> None:
    keys = given.replica()
    value = sealed(await keys.new_cipher(ACCOUNT))
    assert (given.table.reads, given.table.writes) == (0, 1)
    assert opened(await keys.cipher(ACCOUNT), value) == "budi@example.org"
    assert given.table.reads == 0
    assert opened(await given.replica().new_cipher(ACCOUNT), value) == "budi@example.org"
    await keys.destroy(ACCOUNT)
    with pytest.raises(PersonErased):
        await keys.new_cipher(ACCOUNT)


async def test_the_keys_of_a_list_are_read_together_and_erased_ones_are_missing(given: Replicas) -> None:
    keys = given.replica()
    await keys.ciphers(["a", "b", "c"])
    await keys.destroy("b")
    given.table.reads = 0
    assert set(await given.replica().ciphers(["a", "b", "c", "a"])) == {"a", "c"}
    assert given.table.reads == 1


async def test_as_many_keys_as_fit_are_kept_those_used_last(given: Replicas) -> None:
    keys = given.replica(most_cached=2)
    for subject_id in ("a", "b", "a", "c"):
        await keys.cipher(subject_id)
    given.table.reads = 0
    await keys.ciphers(["a", "c"])
    assert given.table.reads == 0
    await keys.cipher("b")
    assert given.table.reads == 1


async def test_keys_are_wrapped_anew_once_each_and_the_old_master_key_may_go(given: Replicas) -> None:
    value = sealed(await given.replica(OLD).cipher(ACCOUNT))
    await given.replica(OLD).cipher(OTHER)
    await given.replica(OLD).destroy(OTHER)
    keys = given.replica(BOTH)
    assert (await keys.batch("", 10, turn=False)).old == 1, "counting changes nothing"
    assert (await keys.batch("", 10, turn=True)).turned == 1
    wrapped = given.table.records[ACCOUNT].wrapped
    assert (await keys.batch("", 10, turn=True)).old == 0
    assert given.table.records[ACCOUNT].wrapped == wrapped
    assert opened(await given.replica(NEW).cipher(ACCOUNT), value) == "budi@example.org"


async def test_a_key_whose_master_key_is_gone_counts_as_failed_and_stays(given: Replicas) -> None:
    await given.replica(OLD).cipher(ACCOUNT)
    batch = await given.replica(NEW).batch("", 10, turn=True)
    assert (batch.old, batch.turned, batch.failed) == (1, 0, 1)
    assert await given.replica(OLD).cipher(ACCOUNT)


async def test_keys_are_turned_page_by_page(given: Replicas) -> None:
    for number in range(5):
        await given.replica(OLD).cipher(f"person-{number}")
    keys, after, turned = given.replica(BOTH), "", 0
    for _ in range(3):
        batch = await keys.batch(after, 2, turn=True)
        turned += batch.turned
        if batch.after is None:
            break
        after = batch.after
    assert turned == 5


# Files


PDF = FileMeta("application/pdf", 7, subject_id=ACCOUNT)


def files_of(given: Replicas, keyring: Keyring = NEW, *, like: MemoryFiles | None = None) -> MemoryFiles:
    files = MemoryFiles(keyring, given.clock, given.replica(keyring))
    if like is not None:
        files._table = like._table
    return files


async def read(files: MemoryFiles, file_id: str) -> bytes:
    return b"".join([piece async for piece in files.read(file_id)])


async def test_a_persons_file_dies_with_the_persons_key(given: Replicas) -> None:
    files = files_of(given)
    await files.put("f-1", PDF, b"content")
    await files.create("f-2", PDF)
    await files.append("f-2", 0, b"content")
    assert await read(files, "f-1") == await read(files, "f-2") == b"content"
    await given.replica().destroy(ACCOUNT)
    given.clock.advance(CACHE_SECONDS)
    for file_id in ("f-1", "f-2"):
        with pytest.raises(PersonErased):
            await read(files, file_id)
    with pytest.raises(PersonErased):
        await files.put("f-3", PDF, b"content")


async def test_a_file_of_before_persons_had_keys_is_given_to_its_person_once(given: Replicas) -> None:
    before = MemoryFiles(OLD, given.clock)
    await before.put("f-1", FileMeta("application/pdf", 7), b"content")
    files = files_of(given, BOTH, like=before)
    await files.create("f-1", PDF)  # begun by the old build, gone on with by this one
    with pytest.raises(FileExists):
        await files.create("f-1", FileMeta("image/png", 7, subject_id=ACCOUNT))
    assert await files.give_to("f-1", ACCOUNT)
    assert not await files.give_to("f-1", ACCOUNT)
    assert not await files.give_to("not-there", ACCOUNT)
    assert await read(files_of(given, NEW, like=before), "f-1") == b"content"
    assert not await files.rewrap("f-1"), "a person's file needs no master key"


async def test_a_file_whose_master_key_is_gone_is_not_given_away(given: Replicas) -> None:
    before = MemoryFiles(OLD, given.clock)
    await before.put("f-1", FileMeta("application/pdf", 7), b"content")
    with pytest.raises(FileDamaged):
        await files_of(given, NEW, like=before).give_to("f-1", ACCOUNT)


async def test_files_of_nobody_in_particular_are_wrapped_anew_by_the_step(given: Replicas) -> None:
    before = files_of(given, OLD)
    for number in range(3):
        await before.put(f"sheet-{number}", FileMeta("text/csv", 7), b"content")
    await before.put("f-1", PDF, b"content")
    files = files_of(given, BOTH, like=before)
    assert (await files.batch("", 10, turn=False)).old == 3
    first = await files.batch("", 2, turn=True)
    assert (first.turned, first.after) == (1, "sheet-0")
    assert (await files.batch(first.after or "", 10, turn=True)).turned == 2
    assert (await files.batch("", 10, turn=False)).old == 0


async def test_a_file_that_does_not_open_counts_as_failed(given: Replicas) -> None:
    before = files_of(given, OLD)
    await before.put("sheet", FileMeta("text/csv", 7), b"content")
    batch = await files_of(given, NEW, like=before).batch("", 10, turn=True)
    assert (batch.old, batch.turned, batch.failed) == (1, 0, 1)


async def test_files_of_persons_need_person_keys(given: Replicas) -> None:
    with pytest.raises(TypeError):
        await MemoryFiles(NEW, given.clock).put("f-1", PDF, b"content")


async def test_a_key_swapped_between_two_files_of_one_person_does_not_open(given: Replicas) -> None:
    files = files_of(given)
    await files.put("f-1", PDF, b"content")
    await files.put("f-2", PDF, b"another")
    stolen = (await files._table.records("", 10))[0].wrapped_key
    own = (await files._table.records("", 10))[1].wrapped_key
    await files._table.change_key("f-2", own, stolen, ACCOUNT)
    with pytest.raises(FileDamaged):
        await read(files, "f-2")


async def test_thousands_of_keys_are_all_different(given: Replicas) -> None:
    keys = given.replica()
    ids = [f"person-{number}" for number in range(200)]
    await keys.ciphers(ids)
    first, second = random.Random(1).sample(ids, 2)
    value = sealed(await keys.cipher(first))
    with pytest.raises(CannotDecrypt):
        opened(await keys.cipher(second), value)
    assert len({record.wrapped for record in given.table.records.values()}) == len(ids)
