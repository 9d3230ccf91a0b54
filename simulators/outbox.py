"""Calls that a simulated agency still has to make to us (payment notices, delivery receipts), each at its time."""

from __future__ import annotations

import heapq
import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.behaviour import Behaviour

MAX_PENDING = 200_000
REORDER_GAP_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call to make: the same body at every attempt."""

    body: bytes
    due_at: datetime
    attempt: int = 1


class Outbox:
    """Deliveries by due time, retried when refused, bounded: beyond MAX_PENDING a delivery is dropped and counted."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._heap: list[tuple[datetime, int, Delivery]] = []
        self._order = itertools.count()
        self._reordered = 0

    def __len__(self) -> int:
        return len(self._heap)

    def plan(self, body: Mapping[str, object], behaviour: Behaviour, now: datetime) -> None:
        """Queue a body under the modes ok, lose, delay, repeat and reorder.

        ``repeat`` sends it ``times`` times, ``delay_seconds`` apart. ``reorder`` turns each group of ``times`` round:
        the first waits longest, one gap of ``delay_seconds`` per place.
        """
        if behaviour.mode == "lose":
            self.counts["lost"] += 1
            return
        encoded = json.dumps(body, separators=(",", ":")).encode()
        for delay_seconds in self._delays(behaviour):
            self._push(Delivery(encoded, now + timedelta(seconds=delay_seconds)))

    def waiting(self) -> list[Delivery]:
        """Return what is still to be sent, the next one first."""
        return [delivery for _, _, delivery in sorted(self._heap, key=lambda entry: entry[:2])]

    def take_up(self, waiting: Sequence[Delivery]) -> None:
        """Queue what was still to be sent before a restart."""
        for delivery in waiting:
            self._push(delivery)

    def due(self, now: datetime) -> list[Delivery]:
        """Take out what is due, oldest first."""
        taken = []
        while self._heap and self._heap[0][0] <= now:
            taken.append(heapq.heappop(self._heap)[2])
        return taken

    def next_due_at(self) -> datetime | None:
        """Return when the next delivery is due, or None if nothing waits."""
        return self._heap[0][0] if self._heap else None

    def accepted(self) -> None:
        """Count a delivery that was taken."""
        self.counts["delivered"] += 1

    def refused(self, delivery: Delivery, retry_seconds: Sequence[float], now: datetime) -> None:
        """Queue a refused delivery again, or give it up after the last of ``retry_seconds``."""
        self.counts["refused"] += 1
        if delivery.attempt > len(retry_seconds):
            self.counts["given_up"] += 1
            return
        wait = timedelta(seconds=retry_seconds[delivery.attempt - 1])
        self._push(Delivery(delivery.body, now + wait, delivery.attempt + 1))

    def _delays(self, behaviour: Behaviour) -> list[float]:
        if behaviour.mode == "repeat":
            return [behaviour.delay_seconds * place for place in range(behaviour.times)]
        if behaviour.mode == "reorder":
            place = self._reordered % behaviour.times
            self._reordered += 1
            return [(behaviour.times - place) * (behaviour.delay_seconds or REORDER_GAP_SECONDS)]
        return [behaviour.delay_seconds]

    def _push(self, delivery: Delivery) -> None:
        if len(self._heap) >= MAX_PENDING:
            self.counts["dropped"] += 1
            return
        heapq.heappush(self._heap, (delivery.due_at, next(self._order), delivery))
