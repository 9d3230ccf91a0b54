"""Lost second factors are reset by two people: one asks, another agrees, neither is the member.

The powers are those of staff administration: heads of offices and operators for the counters, operators for all others.
A head alone could otherwise take over a counter's account, by a one-time password and a reset of its factors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.identity.context import UseCaseContext
from services.identity.second_factors import factors as rules
from services.identity.second_factors.book import SecondFactorBook
from services.identity.second_factors.errors import (
    NoResetAsked,
    NoSecondFactor,
    ResetPending,
    SecondPersonForReset,
)
from services.identity.second_factors.factors import ResetRequest, SecondFactors
from services.identity.staff.administration import Act, StaffAdmin
from services.identity.staff.member import StaffReason
from services.identity.staff.repository import StaffRepository
from shared.audit import Audit
from shared.tokens import Caller


@dataclass(frozen=True)
class ResetSeen:
    """A member's second factors for who administers them: how many, and a reset that waits."""

    staff_id: str
    factor_count: int
    request: ResetRequest | None


class FactorResets:
    """The use cases of resetting another member's second factors."""

    def __init__(self, context: UseCaseContext, audit: Audit, book: SecondFactorBook, admin: StaffAdmin) -> None:
        self._context = context
        self._staff = StaffRepository(context)
        self._audit = audit
        self._book = book
        self._admin = admin

    async def look_at(self, caller: Caller, staff_id: str) -> ResetSeen:
        """Return how many factors a member has, and a reset that waits.

        Raises:
            StaffUnknown, StaffNotInService, NotYourOffice.
        """
        await self._admin.get_member(caller, staff_id)
        return _seen(staff_id, await self._book.repository.of_member(staff_id))

    async def ask(self, act: Act) -> ResetSeen:
        """Ask for a reset; nothing changes until another person agrees. A repeat finds it asked for.

        Raises:
            NoSecondFactor, ResetPending.
            StaffUnknown, StaffNotInService, NotYourOffice, RoleNotYours, NotOnYourself, LastOperatorStays.
        """
        reason = act.reason or StaffReason.CORRECTION
        request = ResetRequest(act.caller.account_id, self._context.now(), reason.value)

        def decide(factors: SecondFactors) -> SecondFactors:
            if rules.has_taken(factors, act.command_id):
                return factors
            if not factors.is_enrolled:
                raise NoSecondFactor()
            if factors.reset is not None:
                raise ResetPending()
            return rules.ask_reset(factors, request, act.command_id)

        return await self._do(act, lambda: self._change(act, decide))

    async def agree(self, act: Act) -> ResetSeen:
        """Agree to a reset: every session of the member ends, then every factor and recovery code is gone, and with
        them a session that one of them opened in between. A repeat does what a crash has left.

        Raises:
            NoResetAsked: nothing waits.
            SecondPersonForReset: the caller asked for it.
            AskerGone: whoever asked for it could not do so now.
            StaffUnknown, StaffNotInService, NotYourOffice, RoleNotYours, NotOnYourself, LastOperatorStays.
        """

        def decide(factors: SecondFactors) -> SecondFactors:
            if rules.has_taken(factors, act.command_id):
                return factors
            _refuse_to_agree(factors, act.caller.account_id)
            return rules.reset_all(factors, act.command_id, self._context.now())

        async def change() -> ResetSeen:
            factors = await self._book.repository.of_member(act.staff_id)
            decide(factors)
            if factors.reset is not None:
                record, _ = await self._admin.managed(act)
                await self._admin.refuse_gone_asker(factors.reset.asked_by, record.state)
            await self._admin.end_sessions(act.staff_id)
            seen = await self._change(act, decide)
            await self._admin.end_sessions(act.staff_id)
            return seen

        return await self._do(act, change)

    async def refuse(self, act: Act) -> ResetSeen:
        """Refuse a reset; the person who asked may withdraw it so.

        Raises:
            NoResetAsked, and the refusals of powers as in :meth:`ask`.
        """

        def decide(factors: SecondFactors) -> SecondFactors:
            if rules.has_taken(factors, act.command_id):
                return factors
            if factors.reset is None:
                raise NoResetAsked()
            return rules.drop_reset(factors, act.command_id)

        return await self._do(act, lambda: self._change(act, decide))

    async def _do(self, act: Act, change: Callable[[], Awaitable[ResetSeen]]) -> ResetSeen:
        known = await self._staff.staff(act.staff_id)
        async with self._audit.doing(
            act.caller,
            act.name,
            subject=act.staff_id,
            office_id=known.state.office_id if known is not None else None,
            reason=act.reason.value if act.reason is not None else None,
            command_id=act.command_id,
        ):
            await self._admin.managed(act)
            return await change()

    async def _change(self, act: Act, decide: Callable[[SecondFactors], SecondFactors]) -> ResetSeen:
        return _seen(act.staff_id, await self._book.repository.change_of_member(act.staff_id, decide))


def _seen(staff_id: str, factors: SecondFactors) -> ResetSeen:
    return ResetSeen(staff_id, len(factors.enrolled), factors.reset)


def _refuse_to_agree(factors: SecondFactors, caller_id: str) -> None:
    if factors.reset is None:
        raise NoResetAsked()
    if factors.reset.asked_by == caller_id:
        raise SecondPersonForReset()
