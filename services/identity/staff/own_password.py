"""How staff get in for the first time: the first operators of an installation, and an own password for everybody."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.staff import member as staff_rules
from services.identity.staff import member_transitions as rules
from services.identity.staff.errors import (
    FirstOperatorSecretUsed,
    FirstOperatorSecretWrong,
    OneTimePasswordExpired,
    OwnPasswordNeeded,
    PasswordIsTheOldOne,
    PasswordIsTheUserName,
    PasswordTooShort,
    StaffCredentialsWrong,
    StaffSuspended,
    UserNameTaken,
)
from services.identity.staff.member import Staff, StaffAct
from services.identity.staff.member_transitions import SHORTEST_PASSWORD, PasswordProblem
from services.identity.staff.operator_roster_service import StaffRoster
from services.identity.staff.passwords import Actor, StaffPasswords, actor
from services.identity.staff.powers import Post
from services.identity.staff.repository import STAFF, StaffRepository
from services.identity.staff.states import StaffState
from services.identity.staff.vault import StaffVault
from shared.errors import Refusal
from shared.ids import derived_id
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.retry import again

_PASSWORD_REFUSALS: Final[dict[PasswordProblem, type[Refusal]]] = {
    PasswordProblem.TOO_SHORT: PasswordTooShort,
    PasswordProblem.THE_OLD_ONE: PasswordIsTheOldOne,
    PasswordProblem.THE_USER_NAME: PasswordIsTheUserName,
}


@dataclass(frozen=True)
class Founder:
    """Who wants to become an operator with a secret of the installation."""

    secret: str = field(repr=False)
    username: str
    full_name: str = field(repr=False)
    password: str = field(repr=False)


class StaffEntry:
    """The use cases of those who have no token yet."""

    def __init__(self, context: UseCaseContext, passwords: StaffPasswords, roster: StaffRoster) -> None:
        self._context = context
        self._staff = StaffRepository(context)
        self._staff_vault = StaffVault(context.seals)
        self._passwords = passwords
        self._roster = roster

    async def make_first_operator(self, founder: Founder, command_id: str) -> Record[Staff]:
        """The operator that this secret makes, once: their id follows from the secret. A repeat finds them.

        Raises:
            FirstOperatorSecretWrong: it is none of the settings'.
            FirstOperatorSecretUsed: it has made its operator.
            UserNameTaken, PasswordTooShort, PasswordIsTheUserName.
        """
        secret = founder.secret.encode()
        if not any([hmac.compare_digest(each.encode(), secret) for each in self._context.settings.operator_secrets()]):
            raise FirstOperatorSecretWrong(field="/secret")
        staff_id = derived_id("staff", "first operator", founder.secret)
        known = await self._staff.staff(staff_id)
        if known is not None:
            return _repeated(known, command_id)
        _refuse_password(founder.username, "", founder.password, "/password")
        if await self._staff.staff_named(founder.username) is not None:
            raise UserNameTaken(field="/username")
        await self._passwords.note(StaffAct.FIRST_OPERATOR_MADE, Actor(staff_id, Post.OPERATOR.value, None))
        hashed = await self._passwords.hash(founder.password)
        name = self._staff_vault.seal_staff_name(founder.full_name, staff_id)
        staff = rules.found(founder.username, name, hashed, command_id, self._context.now())
        await self._roster.join(staff_id)
        return await self._insert(staff_id, staff, command_id)

    async def set_own_password(self, username: str, password: str, new_password: str) -> None:
        """An own password in place of the one-time one, or of an older own one; every session of theirs ends.

        Raises:
            StaffCredentialsWrong, StaffLocked: the present one is not right, or was wrong too often.
            StaffSuspended, OneTimePasswordExpired: nothing can be set now.
            PasswordTooShort, PasswordIsTheOldOne, PasswordIsTheUserName: the new one will not do.
        """
        proven = await self._passwords.prove(username, password)
        _refuse_password(proven.state.username, password, new_password, "/new_password")
        hashed = await self._passwords.hash(new_password)

        async def attempt() -> None:
            record = await self._staff.staff(proven.id)
            if record is None or record.state.password_hash != proven.state.password_hash:
                raise StaffCredentialsWrong()
            await refuse_unready(self._context, record, may_be_invited=True)
            await self._passwords.note(StaffAct.PASSWORD_SET, actor(record.id, record.state))
            if record.state.role == Post.OPERATOR:
                await self._roster.join(record.id)
            await self._save(record, rules.set_password(record.state, hashed))

        await again(attempt)

    async def _insert(self, staff_id: str, staff: Staff, command_id: str) -> Record[Staff]:
        try:
            return await self._context.store.insert(STAFF, staff_id, staff, now=self._context.now())
        except AlreadyExists:
            known = await self._staff.staff(staff_id)
            if known is None:
                raise UserNameTaken(field="/username") from None
            return _repeated(known, command_id)

    async def _save(self, record: Record[Staff], staff: Staff) -> None:
        await self._staff.save_staff(record, staff, self._context.now())


async def refuse_unready(context: UseCaseContext, record: Record[Staff], *, may_be_invited: bool = False) -> None:
    """Whoever knows the right password is told why it does not open; the try counts as a right one.

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
        await StaffRepository(context).save_staff(record, staff_rules.recognised(staff), context.now())
        raise refusal


def _repeated(known: Record[Staff], command_id: str) -> Record[Staff]:
    if not rules.has_taken(known.state, command_id):
        raise FirstOperatorSecretUsed(field="/secret")
    return known


def _refuse_password(username: str, old: str, new: str, where: str) -> None:
    problem = rules.password_problem(username, old, new)
    if problem is not None:
        raise _PASSWORD_REFUSALS[problem](field=where, at_least=SHORTEST_PASSWORD)
