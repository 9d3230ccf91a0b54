"""An own password for everybody, in place of the one-time one or of an older one."""

from __future__ import annotations

from typing import Final

from services.identity.context import UseCaseContext
from services.identity.sessions.devices import NO_VISITOR, Visitor
from services.identity.staff import member as staff_rules
from services.identity.staff import member_transitions as rules
from services.identity.staff.common_passwords import is_common
from services.identity.staff.errors import (
    OneTimePasswordExpired,
    OwnPasswordNeeded,
    PasswordHoldsAName,
    PasswordIsCommon,
    PasswordIsTheOldOne,
    PasswordIsTheUserName,
    PasswordTooShort,
    StaffCredentialsWrong,
    StaffSuspended,
)
from services.identity.staff.member import Staff, StaffAct
from services.identity.staff.member_transitions import SHORTEST_PASSWORD, PasswordProblem
from services.identity.staff.operator_roster_service import StaffRoster
from services.identity.staff.passwords import StaffPasswords, actor
from services.identity.staff.powers import Post
from services.identity.staff.repository import StaffRepository
from services.identity.staff.states import StaffState
from shared.errors import Refusal
from shared.store.kinds import Record
from shared.store.retry import again

_PASSWORD_REFUSALS: Final[dict[PasswordProblem, type[Refusal]]] = {
    PasswordProblem.TOO_SHORT: PasswordTooShort,
    PasswordProblem.THE_OLD_ONE: PasswordIsTheOldOne,
    PasswordProblem.THE_USER_NAME: PasswordIsTheUserName,
    PasswordProblem.HOLDS_A_NAME: PasswordHoldsAName,
    PasswordProblem.COMMON: PasswordIsCommon,
}


class OwnPasswords:
    """The use case of staff who set their own password, before there is a token."""

    def __init__(self, context: UseCaseContext, passwords: StaffPasswords, roster: StaffRoster) -> None:
        self._context = context
        self._staff = StaffRepository(context)
        self._passwords = passwords
        self._roster = roster

    async def set_own_password(
        self, username: str, password: str, new_password: str, visitor: Visitor = NO_VISITOR
    ) -> None:
        """An own password in place of the one-time one, or of an older own one; every session of theirs ends.

        Raises:
            StaffCredentialsWrong, StaffLocked: the present one is not right, or was wrong too often.
            StaffSuspended, OneTimePasswordExpired: nothing can be set now.
            PasswordTooShort, PasswordIsTheOldOne, PasswordIsTheUserName, PasswordHoldsAName, PasswordIsCommon: the new
            one will not do.
        """
        proven = await self._passwords.prove(username, password, visitor)
        refuse_password(proven.state.username, password, new_password, "/new_password", proven.state.office_id)
        hashed = await self._passwords.hash(new_password)

        async def attempt() -> None:
            record = await self._staff.staff(proven.id)
            if record is None or record.state.password_hash != proven.state.password_hash:
                raise StaffCredentialsWrong()
            source = self._passwords.source(record, visitor)
            await refuse_unready(self._context, record, source, may_be_invited=True)
            await self._passwords.note(StaffAct.PASSWORD_SET, actor(record.id, record.state))
            if record.state.role == Post.OPERATOR:
                await self._roster.join(record.id)
            await self._save(record, rules.set_password(record.state, hashed, self._context.now()))

        await again(attempt)

    async def _save(self, record: Record[Staff], staff: Staff) -> None:
        await self._staff.save_staff(record, staff, self._context.now())


async def refuse_unready(
    context: UseCaseContext, record: Record[Staff], source: str, *, may_be_invited: bool = False
) -> None:
    """Tell the owner of the right password why it does not sign them in; the try counts as a right one.

    Raises:
        StaffSuspended, OneTimePasswordExpired, OwnPasswordNeeded.
    """
    staff = record.state
    refusal: Refusal | None = None
    if staff.state is StaffState.LOCKED:
        refusal = StaffSuspended()
    elif rules.is_over(staff, context.now()):
        refusal = OneTimePasswordExpired()
    elif staff.state is StaffState.INVITED and not may_be_invited:
        refusal = OwnPasswordNeeded()
    if refusal is not None:
        await StaffRepository(context).save_staff(record, staff_rules.recognised(staff, source), context.now())
        raise refusal


def refuse_password(username: str, old: str, new: str, where: str, office_id: str | None = None) -> None:
    """Refuse a text that cannot be somebody's own password.

    Raises:
        PasswordTooShort, PasswordIsTheOldOne, PasswordIsTheUserName, PasswordHoldsAName, PasswordIsCommon.
    """
    problem = rules.password_problem(username, old, new, office_id, is_common=is_common(new))
    if problem is not None:
        raise _PASSWORD_REFUSALS[problem](field=where, at_least=SHORTEST_PASSWORD)
