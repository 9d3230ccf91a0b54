"""A key turn: counted, turned, checked, and done only once nothing is left; killed anywhere, it goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from shared.clock import ManualClock
from shared.crypto.errors import CannotDecrypt
from shared.crypto.fields import FieldCipher
from shared.crypto.keyring import Keyring
from shared.deadlines import DeadlineWorker
from shared.key_turn import turn as rules
from shared.key_turn.service import KEY_TURN, THE_TURN, KeyTurns
from shared.key_turn.steps import TurnedKind, TurnStep
from shared.key_turn.turn import BATCH_PAUSE, LOOK_AGAIN_AFTER, Batch, KeyTurn, TurnState
from shared.store.kinds import Kind
from shared.store.memory import MemoryStore
from tests.conftest import START
from tests.unit.shared_crypto.keys import BOTH, NEW, OLD
from tests.unit.world import Killed, Wrapper

KEYS = ("k1",)


@dataclass(frozen=True)
class Note:
    """A document with a sealed text."""

    sealed: str


NOTE: Kind[Note] = Kind("note", Note)


def begun(**changes: Any) -> KeyTurn:
    return replace(KeyTurn(TurnState.COUNTING, KEYS, START, "operator", next_batch_at=START), **changes)


class TestRules:
    def test_a_turn_to_the_same_keys_goes_on_and_one_to_others_begins_again(self) -> None:
        running = begun(state=TurnState.TURNING, step=1, counted=9)
        assert rules.begin(running, KEYS, "another", START) is running
        again = rules.begin(running, ("k2",), "another", START)
        assert (again.state, again.key_ids, again.step, again.counted) == (TurnState.COUNTING, ("k2",), 0, 0)

    def test_an_ended_turn_begins_again(self) -> None:
        ended = begun(state=TurnState.DONE, next_batch_at=None)
        assert rules.begin(ended, KEYS, "operator", START).state is TurnState.COUNTING

    def test_it_is_counted_step_by_step(self) -> None:
        turn = rules.take_batch(begun(), Batch(old=3, after="m"), 2, START)
        assert (turn.state, turn.step, turn.after, turn.found) == (TurnState.COUNTING, 0, "m", 3)
        assert rules.deadlines(turn) == {"batch": START + BATCH_PAUSE}
        turn = rules.take_batch(turn, Batch(old=1), 2, START)
        assert (turn.state, turn.step, turn.after) == (TurnState.COUNTING, 1, "")
        turn = rules.take_batch(turn, Batch(old=1), 2, START)
        assert (turn.state, turn.counted, turn.left, turn.done) == (TurnState.TURNING, 5, 5, 0)

    def test_what_is_turned_is_done_and_what_fails_is_told(self) -> None:
        turn = rules.take_batch(begun(state=TurnState.TURNING, counted=5, left=5), Batch(4, 3, 1), 1, START)
        assert (turn.state, turn.done, turn.left, turn.failed) == (TurnState.CHECKING, 3, 2, 1)

    def test_it_is_done_only_once_a_check_finds_nothing(self) -> None:
        checking = begun(state=TurnState.CHECKING, counted=5, left=2, failed=1)
        done = rules.take_batch(checking, Batch(), 1, START)
        assert (done.state, done.left, done.failed, done.done) == (TurnState.DONE, 0, 0, 5)
        assert (done.ended_at, done.is_running, rules.deadlines(done)) == (START, False, {})

    def test_what_is_left_is_looked_at_again_after_some_minutes(self) -> None:
        checking = begun(state=TurnState.CHECKING, counted=1, left=1)
        waiting = rules.take_batch(checking, Batch(old=2), 1, START)
        assert (waiting.state, waiting.counted, waiting.left) == (TurnState.WAITING, 2, 2)
        assert waiting.next_batch_at == START + LOOK_AGAIN_AFTER
        assert rules.go_on(waiting).state is TurnState.TURNING
        assert rules.go_on(checking) is checking


class Running:
    """Notes under an old key, and replicas that turn them."""

    def __init__(self, notes: int, keyring: Keyring = OLD) -> None:
        self.clock = ManualClock(START)
        self.store = MemoryStore("test")
        self.notes = notes
        self.old = FieldCipher(keyring)
        self.writes: list[str] = []

    async def fill(self) -> None:
        for number in range(self.notes):
            await self.add(f"note-{number:04d}", self.old)

    async def add(self, note_id: str, cipher: FieldCipher) -> None:
        sealed = cipher.seal(note_id, owner_id=note_id, field="text")
        await self.store.insert(NOTE, note_id, Note(sealed), now=self.clock.now())

    def turns(self, keyring: Keyring = BOTH, *, store: Any = None, others: tuple[TurnStep, ...] = ()) -> KeyTurns:
        cipher = FieldCipher(keyring)

        async def turned(note_id: str, note: Note) -> Note:
            text = cipher.open(note.sealed, owner_id=note_id, field="text")
            return Note(cipher.seal(text, owner_id=note_id, field="text"))

        def is_current(_id: str, note: Note) -> bool:
            return not cipher.needs_rotation(note.sealed)

        key_ids = (keyring.current.key_id,)
        kind = TurnedKind(NOTE, is_current, turned)
        return KeyTurns(store or self.store, self.clock, key_ids, (kind,), others)

    async def work(self, turns: KeyTurns, *, seconds: int) -> None:
        """Let a replica's deadline worker run for so long."""
        worker = DeadlineWorker(self.store, [KEY_TURN], turns.deadlines(), self.clock, "replica")
        for _ in range(seconds):
            await worker.run_due()
            self.clock.advance(1)

    async def texts(self, keyring: Keyring) -> list[str]:
        cipher = FieldCipher(keyring)
        return [
            cipher.open(record.state.sealed, owner_id=record.id, field="text") async for record in self.store.scan(NOTE)
        ]


class Deadly(Wrapper):
    """A store whose process is killed after so many saves of notes."""

    def __init__(self, base: Any, saves: int) -> None:
        super().__init__(base)
        self.left = saves

    async def save(self, kind: Any, record: Any, state: Any, **named: Any) -> Any:
        saved = await self.base.save(kind, record, state, **named)
        if kind is NOTE:
            self.left -= 1
            if not self.left:
                raise Killed
        return saved


async def test_a_turn_reseals_everything_and_the_old_key_may_go() -> None:
    given = Running(notes=450)
    await given.fill()
    turns = given.turns()
    await turns.begin("operator")
    await given.work(turns, seconds=20)
    turn = await turns.find()
    assert turn is not None
    assert (turn.state, turn.counted, turn.done, turn.left, turn.failed) == (TurnState.DONE, 450, 450, 0, 0)
    assert len(await given.texts(NEW)) == 450


async def test_no_second_sees_more_writes_than_the_limit() -> None:
    given = Running(notes=450)
    await given.fill()
    turns = given.turns()
    await turns.begin("operator")
    left = []
    for _ in range(8):
        await given.work(turns, seconds=1)
        turn = await turns.find()
        assert turn is not None
        left.append(turn.left)
    steps = [before - after for before, after in pairwise(left) if before > after]
    assert steps == [rules.TURNED_AT_ONCE, rules.TURNED_AT_ONCE, 50]


@pytest.mark.parametrize("saves", [1, 7, 200])
async def test_a_killed_turn_goes_on_and_turns_each_value_once(saves: int) -> None:
    given = Running(notes=230)
    await given.fill()
    dying = given.turns(store=Deadly(given.store, saves))
    await dying.begin("operator")
    with pytest.raises(Killed):
        await given.work(dying, seconds=10)
    before = {record.id: record.state.sealed async for record in given.store.scan(NOTE)}
    given.clock.advance(31)
    turns = given.turns()
    await given.work(turns, seconds=60)
    turn = await turns.find()
    assert turn is not None and turn.state is TurnState.DONE
    assert (turn.counted, turn.done, turn.left) == (230, 230, 0)
    after = {record.id: record.state.sealed async for record in given.store.scan(NOTE)}
    same = [note_id for note_id in before if before[note_id] == after[note_id]]
    assert len(same) == saves, "what was turned before the kill is not turned again"
    assert len(await given.texts(NEW)) == 230


async def test_two_replicas_do_not_turn_the_same_batch() -> None:
    given = Running(notes=30)
    await given.fill()
    one, other = given.turns(), given.turns()
    await one.begin("operator")
    workers = [
        DeadlineWorker(given.store, [KEY_TURN], turns.deadlines(), given.clock, name)
        for name, turns in (("one", one), ("other", other))
    ]
    for _ in range(10):
        for worker in workers:
            await worker.run_due()
        given.clock.advance(1)
    versions = [record.version async for record in given.store.scan(NOTE)]
    assert versions == [2] * 30


async def test_a_note_that_changes_at_that_moment_keeps_the_change() -> None:
    given = Running(notes=1)
    await given.fill()
    new = FieldCipher(BOTH)

    class Overtaken(Wrapper):
        async def save(self, kind: Any, record: Any, state: Any, **named: Any) -> Any:
            if kind is NOTE and record.version == 1:
                changed = Note(new.seal("changed", owner_id=record.id, field="text"))
                await self.base.save(kind, record, changed, now=START)
            return await self.base.save(kind, record, state, **named)

    turns = given.turns(store=Overtaken(given.store))
    await turns.begin("operator")
    await given.work(turns, seconds=10)
    assert await given.texts(NEW) == ["changed"]


async def test_twin_a_write_without_the_version_loses_the_change() -> None:
    """The twin: the job as it would be if it wrote whatever it had read."""
    given = Running(notes=1)
    await given.fill()
    new = FieldCipher(BOTH)

    class Blind(Wrapper):
        async def save(self, kind: Any, record: Any, state: Any, **named: Any) -> Any:
            if kind is NOTE and record.version == 1:
                changed = Note(new.seal("changed", owner_id=record.id, field="text"))
                record = await self.base.save(kind, record, changed, now=START)
            return await self.base.save(kind, record, state, **named)

    turns = given.turns(store=Blind(given.store))
    await turns.begin("operator")
    await given.work(turns, seconds=10)
    assert await given.texts(NEW) == ["note-0000"]


async def test_what_does_not_open_is_told_and_keeps_the_turn_from_its_end() -> None:
    given = Running(notes=3)
    await given.fill()
    await given.add("lost", FieldCipher(Keyring.parse("gone:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=")))
    turns = given.turns()
    await turns.begin("operator")
    await given.work(turns, seconds=10)
    turn = await turns.find()
    assert turn is not None
    assert (turn.state, turn.counted, turn.done, turn.left, turn.failed) == (TurnState.WAITING, 4, 3, 1, 1)


async def test_what_ends_by_itself_is_waited_for() -> None:
    given = Running(notes=1)
    await given.fill()
    cipher = FieldCipher(BOTH)
    kind = TurnedKind(NOTE, lambda _id, note: not cipher.needs_rotation(note.sealed))
    turns = KeyTurns(given.store, given.clock, KEYS, (kind,), ())
    await turns.begin("operator")
    await given.work(turns, seconds=10)
    turn = await turns.find()
    assert turn is not None and turn.state is TurnState.WAITING
    note = await given.store.get(NOTE, "note-0000")
    assert note is not None and note.version == 1
    await given.store.remove(NOTE, note)
    given.clock.advance(LOOK_AGAIN_AFTER.total_seconds())
    await given.work(turns, seconds=10)
    turn = await turns.find()
    assert turn is not None and turn.state is TurnState.DONE


async def test_a_note_that_turns_into_nothing_current_counts_as_failed() -> None:
    given = Running(notes=1)
    await given.fill()

    async def unchanged(_id: str, note: Note) -> Note:
        return note

    turns = KeyTurns(given.store, given.clock, KEYS, (TurnedKind(NOTE, lambda _id, _note: False, unchanged),), ())
    await turns.begin("operator")
    await given.work(turns, seconds=10)
    turn = await turns.find()
    assert turn is not None and (turn.state, turn.failed) == (TurnState.WAITING, 1)


async def test_files_of_every_document_are_turned_once_with_the_documents() -> None:
    given = Running(notes=2)
    await given.fill()
    seen: list[str] = []

    async def files_turned(note: Note) -> int:
        seen.append(note.sealed)
        return 1

    turns = KeyTurns(given.store, given.clock, KEYS, (TurnedKind(NOTE, lambda *_: True, None, files_turned),), ())
    await turns.begin("operator")
    await given.work(turns, seconds=10)
    assert len(seen) == 2
    turn = await turns.find()
    assert turn is not None and turn.state is TurnState.DONE


async def test_a_replica_with_other_keys_leaves_the_turn_to_those_that_have_them() -> None:
    given = Running(notes=1)
    await given.fill()
    await given.turns(BOTH).begin("operator")
    await given.work(given.turns(OLD), seconds=5)
    turn = await given.turns().find()
    assert turn is not None and turn.state is TurnState.COUNTING
    given.clock.advance(31)
    await given.work(given.turns(BOTH), seconds=10)
    turn = await given.turns().find()
    assert turn is not None and turn.state is TurnState.DONE


async def test_an_upgrade_with_fewer_steps_ends_what_an_older_build_began() -> None:
    given = Running(notes=1)
    await given.fill()
    turns = given.turns()
    await turns.begin("operator")
    record = await given.store.get(KEY_TURN, THE_TURN)
    assert record is not None
    await given.store.save(KEY_TURN, record, replace(record.state, step=7), now=START)
    await given.work(turns, seconds=10)
    turn = await turns.find()
    assert turn is not None and turn.state is TurnState.DONE


async def test_a_turn_that_was_never_begun_is_none() -> None:
    assert await Running(notes=0).turns().find() is None


async def test_an_error_of_a_step_is_not_taken_for_an_unreadable_value() -> None:
    """Only what cannot be opened is passed over; anything else stops the batch, which is tried again."""
    given = Running(notes=1)
    await given.fill()

    async def broken(_id: str, _note: Note) -> Note:
        raise RuntimeError("a fault of ours")

    async def unreadable(_id: str, _note: Note) -> Note:
        raise CannotDecrypt("not ours")

    for turned, failed in ((broken, 0), (unreadable, 1)):
        turns = KeyTurns(given.store, given.clock, KEYS, (TurnedKind(NOTE, lambda *_: False, turned),), ())
        await turns.begin("operator")
        await given.work(turns, seconds=5)
        given.clock.advance(timedelta(minutes=1).total_seconds())
        await given.work(turns, seconds=5)
        turn = await turns.find()
        assert turn is not None and turn.failed == failed
