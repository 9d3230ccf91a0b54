"""Use cases of tariffs: reading them, and changing one: a person proposes, another one approves."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.billing.access import refuse_unless_serves_all
from services.billing.context import UseCaseContext
from services.billing.errors import SecondPersonNeeded
from services.billing.store_part import states
from services.billing.tariffs import change as changes
from services.billing.tariffs.book import Tariffs
from services.billing.tariffs.change import ChangeProblem, ChangeState, TariffChange
from services.billing.tariffs.errors import (
    NoTariffThatDay,
    TariffChangeDecided,
    TariffChangeUnknown,
    TariffDayIsTaken,
    TariffIncomplete,
    TariffReachesBack,
)
from services.billing.tariffs.model import NoTariffInForce, Tariff, ZeroTariff
from services.billing.tariffs.repository import TARIFF_CHANGES, TariffChangeRepository
from shared.calendar.working_days import day_in_jakarta
from shared.errors import Refusal
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.port import AlreadyExists
from shared.tokens import Caller

_REFUSALS: Final[dict[ChangeProblem, type[Refusal]]] = {
    ChangeProblem.REACHES_BACK: TariffReachesBack,
    ChangeProblem.DAY_IS_TAKEN: TariffDayIsTaken,
    ChangeProblem.FEES_INCOMPLETE: TariffIncomplete,
}


class TariffService:
    """Show tariffs; propose, approve and refuse changes."""

    def __init__(self, context: UseCaseContext, changes: TariffChangeRepository, tariffs: Tariffs) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._tariff_changes = changes
        self._tariffs = tariffs

    async def tariff(self, on: date | None) -> tuple[date, Tariff, list[ZeroTariff]]:
        """Return the tariff of a day (today in Jakarta if none is named) with its zero tariffs.

        Raises:
            NoTariffThatDay: the day lies before the first tariff.
        """
        day, book = on or day_in_jakarta(self._clock.now()), await self._tariffs.book()
        try:
            return day, book.in_force(day), book.zero_tariffs_on(day)
        except NoTariffInForce:
            raise NoTariffThatDay from None

    async def tariff_changes(self) -> list[TariffChange]:
        """Return every change that was ever proposed, newest first."""
        return states(await self._tariff_changes.tariff_changes())

    async def propose_tariff(
        self, caller: Caller, tariff: Tariff, zero_tariffs: tuple[ZeroTariff, ...], reason: str, command_id: str
    ) -> TariffChange:
        """Propose a tariff for a coming day; it has no effect until another person approves it.

        Raises:
            NotYourOffice, TariffReachesBack, TariffDayIsTaken, TariffIncomplete.
        """
        refuse_unless_serves_all(caller)
        change_id = derived_id("tariff_change", command_id)
        change = TariffChange(
            change_id=change_id,
            state=ChangeState.PROPOSED,
            tariff=tariff,
            zero_tariffs=zero_tariffs,
            reason=reason,
            proposed_by=caller.account_id,
            proposed_at=self._clock.now(),
            effective_on=tariff.effective_from.isoformat(),
        )
        known = await self._tariff_changes.tariff_change(change_id)
        if known is not None:
            return known.state
        await self._refuse_if_wrong(change)
        await self._aggregates.insert(TARIFF_CHANGES, change_id, Decision(change))
        return change

    async def approve_tariff(self, caller: Caller, change_id: str, command_id: str) -> TariffChange:
        """Approve a change as the second person; a repeat finds it approved.

        Raises:
            NotYourOffice, TariffChangeUnknown, SecondPersonNeeded, TariffChangeDecided, TariffReachesBack,
            TariffDayIsTaken.
        """
        refuse_unless_serves_all(caller)

        def decide(change: TariffChange) -> Decision[TariffChange]:
            _refuse_decided(change, caller)
            return changes.approve(change, caller.account_id, self._clock.now())

        record = await self._tariff_changes.tariff_change(change_id)
        if record is None:
            raise TariffChangeUnknown
        if record.has_received(command_id):
            return record.state
        _refuse_decided(record.state, caller)
        await self._tariffs.refresh()
        await self._refuse_if_wrong(record.state)
        try:
            changed = await self._aggregates.change(
                TARIFF_CHANGES, change_id, decide, first=record, received=command_id
            )
        except AlreadyExists:
            raise TariffDayIsTaken from None
        await self._tariffs.refresh()
        return changed.state

    async def refuse_tariff(self, caller: Caller, change_id: str, because: str, command_id: str) -> TariffChange:
        """Refuse a proposed change as the second person.

        Raises:
            NotYourOffice, TariffChangeUnknown, SecondPersonNeeded, TariffChangeDecided.
        """
        refuse_unless_serves_all(caller)

        def decide(change: TariffChange) -> Decision[TariffChange]:
            _refuse_decided(change, caller)
            return changes.refuse(change, caller.account_id, because, self._clock.now())

        record = await self._tariff_changes.tariff_change(change_id)
        if record is None:
            raise TariffChangeUnknown
        changed = await self._aggregates.change(TARIFF_CHANGES, change_id, decide, first=record, received=command_id)
        return changed.state

    async def _refuse_if_wrong(self, change: TariffChange) -> None:
        problem = changes.change_problem(change, await self._tariffs.book(), self._clock.now())
        if problem is not None:
            raise _REFUSALS[problem](field="/effective_from")


def _refuse_decided(change: TariffChange, caller: Caller) -> None:
    if change.proposed_by == caller.account_id:
        raise SecondPersonNeeded
    if change.state != ChangeState.PROPOSED:
        raise TariffChangeDecided(state=change.state.value)
