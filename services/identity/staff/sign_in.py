"""Staff sign in with a password, and demo staff are made."""

from __future__ import annotations

from typing import Final, Protocol

import structlog

from services.identity.context import UseCaseContext
from services.identity.offices.delivered import delivered_offices
from services.identity.sessions.credentials import CredentialIssuer, Credentials
from services.identity.sessions.devices import NO_VISITOR, Visitor
from services.identity.staff import member as rules
from services.identity.staff.errors import PasswordNotAllowed, StaffCredentialsWrong
from services.identity.staff.member import Staff, StaffAct
from services.identity.staff.operator_roster_service import StaffRoster
from services.identity.staff.own_password import refuse_unready
from services.identity.staff.passwords import StaffPasswords, actor
from services.identity.staff.repository import STAFF, StaffRepository
from shared.ids import derived_id
from shared.store.port import AlreadyExists
from shared.store.retry import again
from shared.tokens import ALL_OFFICES, Caller, Role

log = structlog.get_logger()

DEMO_STAFF: Final[tuple[tuple[str, Role, bool], ...]] = (
    ("front_officer", Role.FRONT_OFFICER, True),
    ("interviewer", Role.INTERVIEWER, True),
    ("office_admin", Role.OFFICE_ADMIN, True),
    ("treasurer", Role.TREASURER, False),
    ("operator", Role.OPERATOR, False),
)
"""User name, role, and whether they belong to the demo office."""


class AllowsPasswords(Protocol):
    """Knows which members of staff sign in with a password."""

    async def allows_password(self, staff_id: str, office_id: str | None) -> bool:
        """Return whether this member may sign in with a password."""
        ...


class StaffSignIn:
    """The use cases of staff."""

    def __init__(
        self,
        context: UseCaseContext,
        credentials: CredentialIssuer,
        passwords: StaffPasswords,
        roster: StaffRoster,
        offices: AllowsPasswords,
    ) -> None:
        self._context = context
        self._staff = StaffRepository(context)
        self._credentials = credentials
        self._passwords = passwords
        self._roster = roster
        self._offices = offices

    async def log_in(self, username: str, password: str, visitor: Visitor = NO_VISITOR) -> Credentials:
        """Return tokens for the right password.

        Raises:
            StaffCredentialsWrong: user name or password is wrong; both cost the same time.
            StaffLocked: too many wrong passwords from where the visitor is, until ``locked_until``.
            OwnPasswordNeeded, OneTimePasswordExpired: it is a one-time password.
            StaffSuspended: somebody has locked the account.
            PasswordNotAllowed: their office signs its members in through its own provider alone.
        """
        proven = await self._passwords.prove(username, password, visitor)
        return await again(lambda: self._let_in(proven.id, proven.state.password_hash, visitor))

    async def seed_demo(self) -> None:
        """Make the demo staff where they are missing; does nothing unless a demo password is set."""
        secret = self._context.settings.demo_staff_password
        if secret is None:
            return
        for username, role, in_office in DEMO_STAFF:
            offices = (ALL_OFFICES,) if role is Role.TREASURER else ()
            office_id = self._demo_office() if in_office else None
            await self.hire(username, secret.get_secret_value(), role, office_id, offices)

    async def hire(
        self, username: str, password: str, role: Role, office_id: str | None, offices: tuple[str, ...] = ()
    ) -> str:
        """Make a demo staff account; one that exists under this user name is left as it is. Gives its id."""
        staff_id = derived_id("staff", username)
        if await self._staff.staff(staff_id) is not None:
            return staff_id
        hashed = await self._passwords.hash(password)
        staff = Staff(username, hashed, role.value, office_id, offices=offices)
        if role is Role.OPERATOR:
            await self._roster.join(staff_id)
        try:
            await self._context.store.insert(STAFF, staff_id, staff, now=self._context.now())
        except AlreadyExists:
            log.info("staff_exists", staff_id=staff_id)
        return staff_id

    async def _let_in(self, staff_id: str, proven_hash: str, visitor: Visitor) -> Credentials:
        record = await self._staff.staff(staff_id)
        if record is None or record.state.password_hash != proven_hash:
            raise StaffCredentialsWrong()
        source, device = self._passwords.source(staff_id, visitor), self._passwords.known_device(staff_id, visitor)
        await refuse_unready(self._context, record, source)
        if not await self._offices.allows_password(staff_id, record.state.office_id):
            await self._staff.save_staff(record, rules.recognised(record.state, source), self._context.now())
            raise PasswordNotAllowed()
        device_id = device.id if device is not None else ""
        session = self._credentials.start(self._context.ids.new(), staff=True, device_id=device_id)
        sessions = self._credentials.add(record.state.sessions, session)
        welcome = rules.let_in(record.state, sessions, self._context.now(), source)
        await self._staff.save_staff(record, welcome, self._context.now())
        await self._passwords.note(StaffAct.SIGNED_IN, actor(staff_id, welcome))
        return self._credentials.staff_credentials(caller_of(staff_id, welcome, session.id), session)

    def _demo_office(self) -> str:
        return self._context.settings.demo_office_id


def caller_of(staff_id: str, staff: Staff, session_id: str) -> Caller:
    """This member of staff as their tokens name them."""
    offices = staff.offices or delivered_offices().of_region(staff.region_id)
    return Caller(staff_id, Role(staff.role), session_id, staff.office_id, offices=offices)
