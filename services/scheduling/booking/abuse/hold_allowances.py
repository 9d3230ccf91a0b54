"""Holds under limits that all replicas share: each hold takes a number of every limit on holds with its own write."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import structlog

from services.scheduling.booking.abuse import limits
from services.scheduling.booking.abuse.activity_counters import Origin, refusal_for
from services.scheduling.booking.abuse.hold_allowance import Ration, rations_for
from services.scheduling.booking.abuse.limits import LimitReached
from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import COUNTED_AS, AppointmentRepository
from shared.clock import Clock
from shared.errors import SomeoneElseChangedIt
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

log = structlog.get_logger()

TRIES: Final = 10
"""Numbers tried by one hold; each refusal teaches which are taken."""

MOST_LOOKED_UP: Final = 1_000
"""Numbers of one limit that are looked up at once; limits are scaled beyond it only for load tests."""

MOST_REMEMBERED: Final = 100_000
"""Rations remembered in memory, about 20 MB; a forgotten one is read again from the store when it matters."""


_NONE: Final[frozenset[int]] = frozenset()


@dataclass(frozen=True)
class _Numbers:
    """Which numbers one hold takes, and of which rations."""

    rations: tuple[Ration, ...]
    numbers: tuple[int, ...]

    def keys(self) -> tuple[str, ...]:
        return tuple(ration.key(number) for ration, number in zip(self.rations, self.numbers, strict=True))


class HoldAllowances:
    """Writes new holds, each under one number of every limit on holds."""

    def __init__(self, appointments: AppointmentRepository, clock: Clock, *, scale: int = 1) -> None:
        self._appointments = appointments
        self._clock = clock
        self._scale = scale
        self._day = date.min
        self._taken: dict[str, frozenset[int]] = {}
        self._flying: dict[str, list[int]] = {}

    async def begin(self, appointment_id: str, decision: Decision[Appointment], origin: Origin) -> Record[Appointment]:
        """Write a new hold and the numbers that it takes.

        Raises:
            TooManyHolds: a limit has no number left today, counted over all replicas.
            AlreadyExists: what :meth:`AppointmentRepository.begin` refuses: the id is taken, or the person has
                another one.
            SomeoneElseChangedIt: others took every number that was tried.
        """
        for attempt in range(TRIES):
            numbers = self._choose(appointment_id, decision.state, origin, attempt)
            counted = replace(decision.state, counted=True, counted_as=numbers.keys())
            self._reach(numbers)
            try:
                begun = await self._appointments.begin(
                    appointment_id, Decision(counted, decision.events), self._clock.now()
                )
            except AlreadyExists as refused:
                if refused.index != COUNTED_AS:
                    raise
                await self._learn(numbers)
            else:
                self._remember(numbers)
                return begun
            finally:
                self._let_go(numbers)
        raise SomeoneElseChangedIt

    def _choose(self, appointment_id: str, state: Appointment, origin: Origin, attempt: int) -> _Numbers:
        """Return a number of each ration that is free as far as is known, preferably none that another hold tries."""
        today = limits.day_of(self._clock.now())
        if today != self._day or len(self._taken) > MOST_REMEMBERED:
            self._day = today
            self._taken.clear()
        rations = rations_for(
            state.account_id, state.person_id, origin.device, origin.address, state.seat.session_id, today, self._scale
        )
        numbers, chance = (
            [],
            zlib.crc32(f"{appointment_id} {attempt}".encode()),
        )  # another for each, the same at a replay
        for ration in rations:
            taken, flying = self._taken.get(ration.name, _NONE), self._flying.get(ration.name)
            number = ration.free_number(taken.union(flying), chance) if flying else None
            if number is None:
                number = ration.free_number(taken, chance)
            if number is None:
                log.info("limit_reached", limit=ration.limit.name)
                reached = LimitReached(ration.limit, limits.midnight_after(today))
                raise refusal_for(reached, self._clock.now())
            numbers.append(number)
        return _Numbers(tuple(rations), tuple(numbers))

    def _reach(self, numbers: _Numbers) -> None:
        """Note that a hold reaches for these numbers."""
        for ration, number in zip(numbers.rations, numbers.numbers, strict=True):
            self._flying.setdefault(ration.name, []).append(number)

    def _let_go(self, numbers: _Numbers) -> None:
        """Note that the hold no longer reaches for these numbers."""
        for ration, number in zip(numbers.rations, numbers.numbers, strict=True):
            flying = self._flying[ration.name]
            flying.remove(number)
            if not flying:
                del self._flying[ration.name]

    def _remember(self, numbers: _Numbers) -> None:
        for ration, number in zip(numbers.rations, numbers.numbers, strict=True):
            self._taken[ration.name] = self._taken.get(ration.name, _NONE) | {number}

    async def _learn(self, numbers: _Numbers) -> None:
        """Remember which numbers other replicas have given of those rations that are small enough to look through."""
        for ration in numbers.rations:
            if ration.most > MOST_LOOKED_UP:
                continue
            named = {ration.key(number): number for number in range(ration.most)}
            stored = await self._appointments.allowances_taken(tuple(named))
            found = frozenset(named[key] for key in stored)
            if found:
                self._taken[ration.name] = self._taken.get(ration.name, _NONE) | found
