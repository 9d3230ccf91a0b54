"""Staff: signing in with a password, looking up persons, and the audit of both (F5, F21, F24)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.identity.domain import staff as rules
from services.identity.domain.nik import NikWrong, parse_nik
from services.identity.domain.staff import Staff, StaffAct
from services.identity.errors import NikNotSixteenDigits, PersonNotKnown, StaffCredentialsWrong, StaffLocked
from services.identity.repository import STAFF
from services.identity.service.sessions import Credentials, Sessions
from services.identity.service.tools import Tools
from services.identity.vault import moment
from shared.audit import Audit
from shared.audit.entries import DONE, REFUSED
from shared.ids import derived_id
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.retry import again
from shared.tokens import Caller, Role

log = structlog.get_logger()

HASHES_AT_ONCE: Final = 2
"""Password hashes computed at the same time: each takes 64 MiB and a processor for a tenth of a second."""

DEMO_STAFF: Final[tuple[tuple[str, Role, bool], ...]] = (
    ("front_officer", Role.FRONT_OFFICER, True),
    ("interviewer", Role.INTERVIEWER, True),
    ("office_admin", Role.OFFICE_ADMIN, True),
    ("treasurer", Role.TREASURER, False),
    ("operator", Role.OPERATOR, False),
)
"""User name, role, and whether they belong to the demo office."""

NOBODY: Final = "nobody"


@dataclass(frozen=True)
class _Actor:
    """Who signs in, before there is a token."""

    account_id: str
    role: str
    office_id: str | None


_STRANGER: Final = _Actor(NOBODY, NOBODY, None)
"""Whoever tries a user name that no member of staff has."""


class StaffDesk:
    """The use cases of staff."""

    def __init__(self, tools: Tools, sessions: Sessions, audit: Audit, hasher: PasswordHasher | None = None) -> None:
        self._tools = tools
        self._sessions = sessions
        self._audit = audit
        self._hasher = hasher or PasswordHasher()
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._decoy_hash: str | None = None

    async def log_in(self, username: str, password: str) -> Credentials:
        """Tokens for the right password.

        Raises:
            StaffCredentialsWrong: user name or password is wrong; both cost the same time.
            StaffLocked: too many wrong passwords, until ``locked_until``.
        """
        record = await again(lambda: self._count_try(username.strip().lower()))
        if record is None:
            await self._matches(password, None)
            await self._note_sign_in(StaffAct.SIGN_IN_REFUSED, _STRANGER, "unknown_user")
            raise StaffCredentialsWrong()
        if not await self._matches(password, record.state.password_hash):
            await self._note_sign_in(StaffAct.SIGN_IN_REFUSED, _actor(record.id, record.state), "wrong_password")
            if rules.is_locked(record.state, self._tools.now()):
                self._refuse_locked(record.state)
            raise StaffCredentialsWrong()
        return await again(lambda: self._let_in(record.id))

    async def look_up_person(self, caller: Caller, nik: str) -> str:
        """The id of the person with this NIK, once an account has proven it. Each look-up is audited.

        Raises:
            NikNotSixteenDigits: it is no NIK.
            PersonNotKnown: nobody has proven it here.
        """
        try:
            digits = parse_nik(nik).digits
        except NikWrong:
            raise NikNotSixteenDigits(field="/nik") from None
        person = await self._tools.repository.person_with(self._tools.vault.nik_fingerprints(digits))
        outcome = "found" if person is not None else "not_found"
        subject = person.id if person is not None else NOBODY
        await self._audit.note(caller, StaffAct.PERSON_LOOKED_UP, subject=subject, detail=outcome)
        if person is None:
            raise PersonNotKnown()
        return person.id

    async def seed_demo(self) -> None:
        """Make the demo staff where they are missing; does nothing unless a demo password is set."""
        secret = self._tools.settings.demo_staff_password
        if secret is None:
            return
        for username, role, in_office in DEMO_STAFF:
            await self.hire(username, secret.get_secret_value(), role, self._demo_office() if in_office else None)

    async def hire(self, username: str, password: str, role: Role, office_id: str | None) -> str:
        """Make a staff account; one that exists under this user name is left as it is. Gives its id."""
        staff_id = derived_id("staff", username)
        if await self._tools.repository.staff(staff_id) is not None:
            return staff_id
        hashed = await self._in_thread_hash(password)
        staff = Staff(username, hashed, role.value, office_id)
        try:
            await self._tools.repository.store.insert(STAFF, staff_id, staff, now=self._tools.now())
        except AlreadyExists:
            log.info("staff_exists", staff_id=staff_id)
        return staff_id

    async def _count_try(self, username: str) -> Record[Staff] | None:
        """The account with one try used, or none for a user name that nobody has."""
        record = await self._tools.repository.staff_named(username)
        if record is None:
            return None
        if rules.is_locked(record.state, self._tools.now()):
            await self._note_sign_in(StaffAct.SIGN_IN_LOCKED, _actor(record.id, record.state), "locked")
            self._refuse_locked(record.state)
        counted = rules.count_try(record.state, self._tools.settings.lock_rules, self._tools.now())
        return await self._tools.repository.store.save(STAFF, record, counted, now=self._tools.now())

    async def _let_in(self, staff_id: str) -> Credentials:
        record = await self._tools.repository.staff(staff_id)
        if record is None:
            raise StaffCredentialsWrong()
        session = self._sessions.start(self._tools.ids.new(), staff=True)
        welcome = rules.let_in(record.state, self._sessions.add(record.state.sessions, session))
        await self._tools.repository.store.save(STAFF, record, welcome, now=self._tools.now())
        await self._note_sign_in(StaffAct.SIGNED_IN, _actor(staff_id, welcome))
        return self._sessions.staff_credentials(staff_id, welcome, session)

    def _refuse_locked(self, staff: Staff) -> None:
        until = staff.locked_until
        assert until is not None, "only a lock is refused"  # noqa: S101 - narrows the type
        seconds = max(1, round((until - self._tools.now()).total_seconds() + 0.5))
        raise StaffLocked(retry_after_seconds=seconds, locked_until=moment(until))

    async def _matches(self, password: str, hashed: str | None) -> bool:
        """Compare in a thread; without a hash a decoy is compared, so that unknown names take as long as known ones."""
        if hashed is None:
            if self._decoy_hash is None:
                self._decoy_hash = await self._in_thread_hash(self._tools.randomness.token(16))
            hashed = self._decoy_hash
        async with self._hashing:
            return await asyncio.to_thread(self._verify, hashed, password)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread_hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _note_sign_in(self, act: StaffAct, actor: _Actor, cause: str | None = None) -> None:
        outcome = DONE if act is StaffAct.SIGNED_IN else REFUSED
        await self._audit.note(actor, act, subject=actor.account_id, outcome=outcome, detail=cause)

    def _demo_office(self) -> str:
        return self._tools.settings.demo_office_id


def _actor(staff_id: str, staff: Staff) -> _Actor:
    return _Actor(staff_id, staff.role, staff.office_id)
