"""The first operators of an installation, each made once by a secret of the settings."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from services.identity.context import Actor, UseCaseContext
from services.identity.staff import member_transitions as rules
from services.identity.staff.errors import (
    FirstOperatorSecretUsed,
    FirstOperatorSecretWrong,
    UserNameTaken,
)
from services.identity.staff.member import Staff, StaffAct
from services.identity.staff.operator_roster_service import StaffRoster
from services.identity.staff.own_password import refuse_password
from services.identity.staff.passwords import StaffPasswords
from services.identity.staff.powers import Post
from services.identity.staff.repository import STAFF, StaffRepository
from services.identity.staff.vault import StaffVault
from shared.ids import derived_id
from shared.store.kinds import Record
from shared.store.port import AlreadyExists


@dataclass(frozen=True)
class Founder:
    """A request to become an operator with a secret of the installation."""

    secret: str = field(repr=False)
    username: str
    full_name: str = field(repr=False)
    password: str = field(repr=False)


class FirstOperators:
    """The use case that makes the first operator of an installation."""

    def __init__(self, context: UseCaseContext, passwords: StaffPasswords, roster: StaffRoster) -> None:
        self._context = context
        self._staff = StaffRepository(context)
        self._staff_vault = StaffVault(context.seals)
        self._passwords = passwords
        self._roster = roster

    async def make_first_operator(self, founder: Founder, command_id: str) -> Record[Staff]:
        """Return the operator that this secret makes, once: their id follows from the secret. A repeat finds them.

        Raises:
            FirstOperatorSecretWrong: it is none of the settings'.
            FirstOperatorSecretUsed: it has made its operator.
            UserNameTaken, and every refusal of a password.
        """
        secret = founder.secret.encode()
        if not any(
            [hmac.compare_digest(candidate.encode(), secret) for candidate in self._context.settings.operator_secrets()]
        ):
            raise FirstOperatorSecretWrong(field="/secret")
        staff_id = derived_id("staff", "first operator", founder.secret)
        known = await self._staff.staff(staff_id)
        if known is not None:
            return _repeated(known, command_id)
        refuse_password(founder.username, "", founder.password, "/password")
        if await self._staff.staff_named(founder.username) is not None:
            raise UserNameTaken(field="/username")
        await self._passwords.note(StaffAct.FIRST_OPERATOR_MADE, Actor(staff_id, Post.OPERATOR.value, None))
        hashed = await self._passwords.hash(founder.password)
        name = self._staff_vault.seal_staff_name(founder.full_name, staff_id)
        staff = rules.found(founder.username, name, hashed, command_id, self._context.now())
        await self._roster.join(staff_id)
        return await self._insert(staff_id, staff, command_id)

    async def _insert(self, staff_id: str, staff: Staff, command_id: str) -> Record[Staff]:
        try:
            return await self._context.store.insert(STAFF, staff_id, staff, now=self._context.now())
        except AlreadyExists:
            known = await self._staff.staff(staff_id)
            if known is None:
                raise UserNameTaken(field="/username") from None
            return _repeated(known, command_id)


def _repeated(known: Record[Staff], command_id: str) -> Record[Staff]:
    if not rules.has_taken(known.state, command_id):
        raise FirstOperatorSecretUsed(field="/secret")
    return known
