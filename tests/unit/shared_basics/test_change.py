"""Load, decide, save: transition tables, decisions, and changes that meet each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

import pytest

from shared.clock import ManualClock
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events.message import Event
from shared.store.change import change, change_record
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Record
from shared.store.memory import MemoryStore
from shared.store.port import AlreadyExists
from shared.store.retry import TRIES
from shared.store.transitions import IllegalTransition, Transitions

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"


class Press(StrEnum):
    SWITCH_ON = "switch_on"
    SWITCH_OFF = "switch_off"


TABLE = Transitions({(Lamp.OFF, Press.SWITCH_ON): Lamp.ON, (Lamp.ON, Press.SWITCH_OFF): Lamp.OFF})


@dataclass(frozen=True)
class Room:
    lamp: Lamp = Lamp.OFF
    presses: int = 0


ROOM = Kind("room", Room)


def press(room: Room, command: Press) -> Decision[Room]:
    return Decision(replace(room, lamp=TABLE.after(room.lamp, command), presses=room.presses + 1))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore("test")
    await made.insert(ROOM, "r1", Room(), now=NOW)
    return made


def test_a_table_leads_on_or_names_the_pair_that_it_does_not_have() -> None:
    assert TABLE.after(Lamp.OFF, Press.SWITCH_ON) is Lamp.ON
    with pytest.raises(IllegalTransition, match="switch_on cannot follow on") as illegal:
        TABLE.after(Lamp.ON, Press.SWITCH_ON)
    assert (illegal.value.state, illegal.value.command) == (Lamp.ON, Press.SWITCH_ON)
    assert [TABLE.allows(state, Press.SWITCH_OFF) for state in Lamp] == [False, True]
    assert TABLE.commands(Lamp.OFF) == (Press.SWITCH_ON,)
    assert (len(TABLE), dict(TABLE)[Lamp.ON, Press.SWITCH_OFF]) == (2, Lamp.OFF)


async def test_a_decision_is_written_once(store: MemoryStore, clock: ManualClock) -> None:
    changed = await change(store, clock, ROOM, "r1", lambda room: press(room, Press.SWITCH_ON))
    assert (changed.version, changed.state) == (2, Room(Lamp.ON, 1))
    assert await store.get(ROOM, "r1") == changed


async def test_nothing_new_is_not_written(store: MemoryStore, clock: ManualClock) -> None:
    assert (await change(store, clock, ROOM, "r1", lambda _: None)).version == 1
    assert (await change(store, clock, ROOM, "r1", Decision)).version == 1


async def test_an_event_is_written_although_the_state_stays(store: MemoryStore, clock: ManualClock) -> None:
    assert Decision(Room(), ()).changes(Room()) is False
    assert Decision(Room(), (Event(),)).changes(Room()) is True


async def test_a_message_takes_effect_once(store: MemoryStore, clock: ManualClock) -> None:
    for _ in range(2):
        await change(
            store, clock, ROOM, "r1", lambda room: Decision(replace(room, presses=room.presses + 1)), received="m1"
        )
    record = await store.get(ROOM, "r1")
    assert record is not None and record.state.presses == 1


async def test_what_is_refused_writes_nothing(store: MemoryStore, clock: ManualClock) -> None:
    with pytest.raises(IllegalTransition):
        await change(store, clock, ROOM, "r1", lambda room: press(room, Press.SWITCH_OFF))
    record = await store.get(ROOM, "r1")
    assert record is not None and record.version == 1


async def test_an_aggregate_that_is_not_there_is_not_found(store: MemoryStore, clock: ManualClock) -> None:
    with pytest.raises(NotFound):
        await change(store, clock, ROOM, "r2", Decision)


async def test_after_a_lost_race_it_is_decided_again_on_the_newest_state(
    store: MemoryStore, clock: ManualClock
) -> None:
    stale = await store.get(ROOM, "r1")
    assert stale is not None
    await change(store, clock, ROOM, "r1", lambda room: press(room, Press.SWITCH_ON))
    seen: list[Lamp] = []

    def decide(room: Room) -> Decision[Room]:
        seen.append(room.lamp)
        return Decision(replace(room, presses=room.presses + 1))

    changed = await change(store, clock, ROOM, "r1", decide, first=stale)
    assert seen == [Lamp.OFF, Lamp.ON]
    assert (changed.version, changed.state) == (3, Room(Lamp.ON, 2))


async def test_deciding_once_on_what_was_read_before_would_lose_the_other_write(store: MemoryStore) -> None:
    """The twin: without the version that the store compares, the second writer would undo the first."""
    stale = await store.get(ROOM, "r1")
    assert stale is not None
    await store.save(ROOM, stale, Room(Lamp.ON, 1), now=NOW)
    newest = await store.get(ROOM, "r1")
    assert newest is not None
    undone = await store.save(ROOM, Record(newest.id, newest.version, stale.state), Room(Lamp.OFF, 1), now=NOW)
    assert undone.state.lamp is Lamp.OFF


async def test_who_loses_every_race_is_told(store: MemoryStore, clock: ManualClock) -> None:
    tries = 0

    async def be_faster() -> None:
        record = await store.get(ROOM, "r1")
        assert record is not None
        await store.save(ROOM, record, replace(record.state, presses=record.state.presses + 1), now=NOW)

    class Slow(MemoryStore):
        async def get(self, *args: object, **named: object) -> Record[Room] | None:  # type: ignore[override]
            nonlocal tries
            tries += 1
            record = await store.get(*args, **named)  # type: ignore[arg-type, misc]
            await be_faster()
            return record

        async def save(self, *args: object, **named: object) -> Record[Room]:  # type: ignore[override]
            return await store.save(*args, **named)  # type: ignore[arg-type, misc]

    with pytest.raises(SomeoneElseChangedIt):
        await change(Slow("slow"), clock, ROOM, "r1", lambda room: press(room, Press.SWITCH_ON))
    assert tries == TRIES


async def test_a_fresh_state_is_inserted_once_and_changed_from_then_on(store: MemoryStore, clock: ManualClock) -> None:
    for version in (1, 2):
        changed = await change(
            store, clock, ROOM, "r2", lambda room: Decision(replace(room, presses=room.presses + 1)), fresh=Room()
        )
        assert (changed.version, changed.state.presses) == (version, version)


async def test_a_fresh_state_that_stays_is_not_written(store: MemoryStore, clock: ManualClock) -> None:
    assert (await change(store, clock, ROOM, "r2", lambda _: None, fresh=Room())).version == 0
    assert await store.get(ROOM, "r2") is None


class Late(MemoryStore):
    """Reads only what was there before another writer came."""

    async def get(self, *given: object, **named: object) -> Record[Room] | None:  # type: ignore[override]
        record = await super().get(*given, **named)  # type: ignore[arg-type]
        if record is None:
            await super().insert(ROOM, "r2", Room(Lamp.ON, 5), now=NOW)
        return record


async def test_who_is_second_to_insert_decides_on_what_the_first_wrote(clock: ManualClock) -> None:
    store = Late("late")
    changed = await change(
        store, clock, ROOM, "r2", lambda room: Decision(replace(room, presses=room.presses + 1)), fresh=Room()
    )
    assert (changed.version, changed.state) == (2, Room(Lamp.ON, 6))


async def test_an_insert_as_if_nobody_else_could_come_fails(clock: ManualClock) -> None:
    """The twin: reading, then inserting, as `change` would without its second try."""
    store = Late("late")
    assert await store.get(ROOM, "r2") is None
    with pytest.raises(AlreadyExists, match="_id_"):
        await store.insert(ROOM, "r2", Room(), now=NOW)


async def test_another_unique_value_that_is_taken_is_said(store: MemoryStore, clock: ManualClock) -> None:
    named = Kind("named_room", Room, indexes=(Index("presses", ("state.presses",), unique=True),))
    await store.insert(named, "r1", Room(presses=1), now=NOW)
    with pytest.raises(AlreadyExists, match="presses"):
        await change(store, clock, named, "r2", lambda room: Decision(replace(room, presses=1)), fresh=Room())


async def test_a_decision_may_look_at_the_version(store: MemoryStore, clock: ManualClock) -> None:
    seen: list[int] = []

    def decide(record: Record[Room]) -> Decision[Room]:
        seen.append(record.version)
        return press(record.state, Press.SWITCH_ON)

    await change_record(store, clock, ROOM, "r1", decide)
    await change_record(store, clock, ROOM, "r2", decide, fresh=Room())
    assert seen == [1, 0]
