"""Staff sign in with a password, and demo staff are made."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

import structlog

from services.identity.context import UseCaseContext
from services.identity.offices.delivered import delivered_offices
from services.identity.sessions.credentials import CredentialIssuer, Credentials
from services.identity.sessions.devices import NO_VISITOR, Visitor
from services.identity.sessions.session import NewDevice, Session
from services.identity.staff import member as rules
from services.identity.staff.errors import PasswordNotAllowed, StaffCredentialsWrong
from services.identity.staff.member import Staff, StaffAct
from services.identity.staff.operator_roster_service import StaffRoster
from services.identity.staff.own_password import refuse_unready
from services.identity.staff.passwords import StaffPasswords, actor
from services.identity.staff.ports import SecondFactorCheck, SecondStep
from services.identity.staff.powers import Post, needs_second_factor
from services.identity.staff.repository import STAFF, StaffRepository
from services.identity.staff.vault import StaffVault
from shared.ids import derived_id
from shared.store.kinds import Record
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
        second_factors: SecondFactorCheck,
    ) -> None:
        self._context = context
        self._staff = StaffRepository(context)
        self._vault = StaffVault(context.seals)
        self._credentials = credentials
        self._passwords = passwords
        self._roster = roster
        self._offices = offices
        self._second_factors = second_factors

    async def log_in(self, username: str, password: str, visitor: Visitor = NO_VISITOR) -> Credentials | SecondStep:
        """Return tokens for the right password, or the step that is due where a second factor is enrolled.

        Where one is needed and none enrolled, the tokens open nothing but its enrolment, for a quarter of an hour.

        Raises:
            StaffCredentialsWrong: user name or password is wrong; both cost the same time.
            StaffLocked: too many wrong passwords from where the visitor is, until ``locked_until``.
            OwnPasswordNeeded, OneTimePasswordExpired: it is a one-time password.
            StaffSuspended: somebody has locked the account.
            PasswordNotAllowed: their office signs its members in through its own provider alone.
        """
        proven = await self._passwords.prove(username, password, visitor)
        password_hash = proven.state.password_hash
        await again(lambda: self._ready(proven.id, password_hash, visitor))
        is_known = self._passwords.known_device(proven, visitor) is not None
        step = await self._second_factors.next_step(proven.id, proven.state, on_known_device=is_known)
        if step is not None:
            await again(lambda: self._give_try_back(proven.id, visitor))
            return step
        must_enrol = needs_second_factor(
            Post(proven.state.role),
            self._context.settings.second_factor_needed,
            self._context.settings.second_factor_for_all,
        )
        return await self.let_in(proven.id, password_hash, visitor, must_enrol=must_enrol)

    async def let_in(
        self, staff_id: str, password_hash: str, visitor: Visitor, *, proven_by: str = "", must_enrol: bool = False
    ) -> Credentials:
        """Return the tokens of a new session; ``proven_by`` is the kind of second factor that was shown.

        Raises:
            StaffCredentialsWrong: the password is another one by now.
            OwnPasswordNeeded, OneTimePasswordExpired, StaffSuspended.
        """

        async def attempt() -> Credentials:
            record = await self._ready(staff_id, password_hash, visitor)
            return await self._begin_session(record, visitor, proven_by, must_enrol)

        return await again(attempt)

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

    async def _ready(self, staff_id: str, password_hash: str, visitor: Visitor) -> Record[Staff]:
        record = await self._staff.staff(staff_id)
        if record is None or record.state.password_hash != password_hash:
            raise StaffCredentialsWrong()
        source = self._passwords.source(record, visitor)
        await refuse_unready(self._context, record, source)
        if not await self._offices.allows_password(staff_id, record.state.office_id):
            await self._staff.save_staff(record, rules.recognised(record.state, source), self._context.now())
            raise PasswordNotAllowed()
        return record

    async def _give_try_back(self, staff_id: str, visitor: Visitor) -> None:
        record = await self._staff.staff(staff_id)
        if record is not None:
            given_back = rules.without_try(record.state, self._passwords.source(record, visitor))
            await self._staff.save_staff(record, given_back, self._context.now())

    async def _begin_session(
        self, record: Record[Staff], visitor: Visitor, proven_by: str, must_enrol: bool
    ) -> Credentials:
        now, staff = self._context.now(), record.state
        source, device = self._passwords.source(record, visitor), self._passwords.known_device(record, visitor)
        session = self._credentials.start_of_staff(
            self._context.ids.new(),
            device_id=device.id if device is not None else "",
            proven_by=proven_by,
            must_enrol=must_enrol,
        )
        is_new = device is None and staff.signed_in_at is not None
        told = NewDevice(session.id, now) if is_new else None
        welcome = rules.let_in(staff, self._credentials.add(staff.sessions, session), now, source, told)
        notice = self._vault.sign_in_notice(record.id, staff, now, self._context.settings) if is_new else None
        await self._staff.save_staff(record, welcome, now, [notice] if notice is not None else [])
        await self._passwords.note(StaffAct.SIGNED_IN, actor(record.id, welcome))
        credentials = self._credentials.staff_credentials(caller_of(record.id, welcome, session), session)
        return replace(credentials, new_devices=staff.new_devices, owes_email_proof=staff.owes_email_proof)

    def _demo_office(self) -> str:
        return self._context.settings.demo_office_id


def caller_of(staff_id: str, staff: Staff, session: Session) -> Caller:
    """This member of staff as their tokens name them; in a session that can only enrol they have no other power."""
    if session.must_enrol:
        return Caller(staff_id, Role.ENROLLING, session.id)
    offices = staff.offices or delivered_offices().of_region(staff.region_id)
    return Caller(staff_id, Role(staff.role), session.id, staff.office_id, offices=offices)
