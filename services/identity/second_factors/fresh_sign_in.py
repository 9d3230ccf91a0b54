"""A member who has signed in a moment ago: what guards an account is changed by such a session alone."""

from __future__ import annotations

from datetime import timedelta

from services.identity.context import UseCaseContext
from services.identity.second_factors.errors import FreshSignInNeeded, SecondFactorNeedsItself
from services.identity.second_factors.factors import SecondFactors
from services.identity.sessions.session import Session, open_session
from services.identity.staff.member import Staff
from services.identity.staff.repository import StaffRepository
from shared.sessions import SessionOver
from shared.store.kinds import Record
from shared.tokens import Caller


class FreshSignIns:
    """Knows who has signed in within the last quarter of an hour: a token that is stolen later changes nothing."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._staff = StaffRepository(context)

    async def member(self, caller: Caller) -> tuple[Record[Staff], Session]:
        """Return the caller as stored now, and their session.

        Raises:
            FreshSignInNeeded: their session began more than a quarter of an hour ago.
            SessionOver: it has ended.
        """
        now = self._context.now()
        record = await self._staff.staff(caller.account_id)
        session = open_session(record.state.sessions, caller.session_id, now) if record is not None else None
        if record is None or session is None:
            raise SessionOver()
        if now >= session.started_at + timedelta(seconds=self._context.settings.second_factor_rules.fresh_seconds):
            raise FreshSignInNeeded()
        return record, session


def refuse_unproven(factors: SecondFactors, session: Session) -> None:
    """Refuse a session that showed no second factor, once there is one: whoever signed in with the password alone
    before it was enrolled changes nothing of it.

    Raises:
        SecondFactorNeedsItself
    """
    if factors.is_enrolled and not session.proven_by:
        raise SecondFactorNeedsItself()
