"""A key turn: its phases, how far it has come, and when its next batch is due. Counts are documents, keys and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.store.transitions import Transitions

LOOKED_AT_AT_ONCE: Final = 1_000
"""Documents that are looked at within a second: reading them takes a tenth of it."""

TURNED_AT_ONCE: Final = 200
"""Documents that are sealed again within a second: the writes of a few people among those of thousands."""

BATCH_PAUSE: Final = timedelta(seconds=1)
LOOK_AGAIN_AFTER: Final = timedelta(minutes=10)
"""Until then one-time codes and messages end by themselves, and an operator may add a key that is missing."""


class TurnState(StrEnum):
    """Phases of a key turn."""

    COUNTING = "counting"
    TURNING = "turning"
    CHECKING = "checking"
    WAITING = "waiting"
    """Something is left; it is looked at again after some minutes."""
    DONE = "done"
    """Nothing under an old key was left: the old keys may be removed."""


class TurnCommand(StrEnum):
    """Commands of a key turn."""

    BEGIN = "begin"
    COUNTED = "counted"
    TURNED = "turned"
    NONE_LEFT = "none_left"
    SOME_LEFT = "some_left"
    GO_ON = "go_on"


TRANSITIONS: Final[Transitions[TurnState, TurnCommand]] = Transitions(
    {
        (TurnState.COUNTING, TurnCommand.COUNTED): TurnState.TURNING,
        (TurnState.TURNING, TurnCommand.TURNED): TurnState.CHECKING,
        (TurnState.CHECKING, TurnCommand.NONE_LEFT): TurnState.DONE,
        (TurnState.CHECKING, TurnCommand.SOME_LEFT): TurnState.WAITING,
        (TurnState.WAITING, TurnCommand.GO_ON): TurnState.TURNING,
        # Asked for again: after the end, or because the keys were changed once more meanwhile.
        **{(state, TurnCommand.BEGIN): TurnState.COUNTING for state in TurnState},
    }
)


@dataclass(frozen=True)
class Batch:
    """The result of a batch of a step: `old` under an old key, of which some were `turned` and some `failed` to open.

    `after` is the id to go on behind; None if the step is through.
    """

    old: int = 0
    turned: int = 0
    failed: int = 0
    after: str | None = None


@dataclass(frozen=True)
class KeyTurn:
    """A turn to the keys `key_ids`: the current master key and the current fingerprint key, none where there is none.

    `found` counts within the phase; `counted`, `left` and `failed` are told. A batch whose process was killed is done
    again and finds its documents turned, so that `left` is too high until it is counted again at the end.
    """

    state: TurnState
    key_ids: tuple[str, ...]
    begun_at: datetime
    begun_by: str
    next_batch_at: datetime | None
    step: int = 0
    after: str = ""
    found: int = 0
    counted: int = 0
    left: int = 0
    failed: int = 0
    ended_at: datetime | None = None

    @property
    def done(self) -> int:
        """Those that were counted and are not left."""
        return self.counted - self.left

    @property
    def is_running(self) -> bool:
        """Whether a next batch is due."""
        return self.next_batch_at is not None


def begin(earlier: KeyTurn | None, key_ids: tuple[str, ...], begun_by: str, now: datetime) -> KeyTurn:
    """Return a new turn to these keys; one that runs to the same keys goes on as it is."""
    if earlier is not None and earlier.is_running and earlier.key_ids == key_ids:
        return earlier
    state = TurnState.COUNTING if earlier is None else TRANSITIONS.after(earlier.state, TurnCommand.BEGIN)
    return KeyTurn(state, key_ids, now, begun_by, next_batch_at=now)


def go_on(turn: KeyTurn) -> KeyTurn:
    """Return a turn that waited in its next phase; any other as it is."""
    if turn.state is not TurnState.WAITING:
        return turn
    return replace(turn, state=TRANSITIONS.after(turn.state, TurnCommand.GO_ON), failed=0)


def take_batch(turn: KeyTurn, batch: Batch, steps: int, now: datetime) -> KeyTurn:
    """Return the turn after this batch of its present step, out of so many steps."""
    is_turning = turn.state is TurnState.TURNING
    turn = replace(
        turn,
        found=turn.found + batch.old,
        left=max(0, turn.left - batch.turned) if is_turning else turn.left,
        failed=turn.failed + batch.failed,
        next_batch_at=now + BATCH_PAUSE,
    )
    if batch.after is not None:
        return replace(turn, after=batch.after)
    turn = replace(turn, step=turn.step + 1, after="")
    return turn if turn.step < steps else _end_phase(turn, now)


def _end_phase(turn: KeyTurn, now: datetime) -> KeyTurn:
    found, turn = turn.found, replace(turn, step=0, found=0)
    if turn.state is TurnState.COUNTING:
        return replace(turn, state=TRANSITIONS.after(turn.state, TurnCommand.COUNTED), counted=found, left=found)
    if turn.state is TurnState.TURNING:
        return replace(turn, state=TRANSITIONS.after(turn.state, TurnCommand.TURNED))
    counted = max(turn.counted, found)
    if found:
        waiting = TRANSITIONS.after(turn.state, TurnCommand.SOME_LEFT)
        return replace(turn, state=waiting, counted=counted, left=found, next_batch_at=now + LOOK_AGAIN_AFTER)
    ended = TRANSITIONS.after(turn.state, TurnCommand.NONE_LEFT)
    return replace(turn, state=ended, left=0, failed=0, next_batch_at=None, ended_at=now)


def deadlines(turn: KeyTurn) -> Mapping[str, datetime]:
    """Return when the next batch is due."""
    return {"batch": turn.next_batch_at} if turn.next_batch_at is not None else {}
