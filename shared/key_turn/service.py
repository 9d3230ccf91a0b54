"""The key turn of one service: begun by an operator, done batch by batch behind a deadline, so it survives anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog

from shared.clock import Clock
from shared.key_turn import turn as rules
from shared.key_turn.steps import TurnedKind, TurnStep, document_steps
from shared.key_turn.turn import Batch, KeyTurn, TurnState
from shared.service import DeadlineHandler
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record
from shared.store.port import Store

log = structlog.get_logger()

KEY_TURN: Final[Kind[KeyTurn]] = Kind("key_turn", KeyTurn, deadlines=rules.deadlines, bare=True)
THE_TURN: Final = "key_turn"
"""The one document of the kind."""


class KeyTurns:
    """Puts everything that a service keeps under its current keys.

    One replica at a time does a batch (the deadline's lease). One that is killed is followed by another after 30 s,
    which does the batch again: what was turned is current by then and stays as it is.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        key_ids: tuple[str, ...],
        kinds: Sequence[TurnedKind[Any]],
        others: Sequence[TurnStep],
    ) -> None:
        """Turn to the keys ``key_ids``: documents first, then ``others``: files and the keys of persons."""
        self._store = store
        self._clock = clock
        self._key_ids = key_ids
        self._steps = (*document_steps(store, clock, kinds), *others)

    async def begin(self, begun_by: str) -> KeyTurn:
        """Begin a turn to the current keys, or return the one that is under way."""
        now = self._clock.now()

        def decide(turn: KeyTurn) -> Decision[KeyTurn]:
            return Decision(rules.begin(turn, self._key_ids, begun_by, now))

        never = KeyTurn(TurnState.DONE, (), now, begun_by, next_batch_at=None)
        return (await change(self._store, self._clock, KEY_TURN, THE_TURN, decide, fresh=never)).state

    async def find(self) -> KeyTurn | None:
        """Return the last turn, or None."""
        record = await self._store.get(KEY_TURN, THE_TURN)
        return record.state if record is not None else None

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the handler of its deadline."""
        return {(KEY_TURN.name, "batch"): self.run_batch}

    async def run_batch(self, record: Record[KeyTurn], _name: str) -> None:
        """Do the next batch. A replica that has other keys leaves it to one that has those of the turn."""
        if record.state.key_ids != self._key_ids:
            log.warning("key_turn_waits", key_ids=record.state.key_ids, own=self._key_ids)
            return
        turn = rules.go_on(record.state)
        batch = await self._batch(turn)
        after = rules.take_batch(turn, batch, len(self._steps), self._clock.now())
        await self._store.save(KEY_TURN, record, after, now=self._clock.now())
        if after.state is not record.state.state:
            level = log.error if after.state is TurnState.WAITING and after.failed else log.info
            level("key_turn", state=after.state.value, counted=after.counted, left=after.left, failed=after.failed)

    async def _batch(self, turn: KeyTurn) -> Batch:
        """An upgrade may leave fewer steps than the turn was begun with: those are through."""
        if turn.step >= len(self._steps):
            return Batch()
        turns = turn.state is TurnState.TURNING
        most = rules.TURNED_AT_ONCE if turns else rules.LOOKED_AT_AT_ONCE
        return await self._steps[turn.step].batch(turn.after, most, turn=turns)
