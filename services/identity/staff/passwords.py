"""Passwords of staff: hashed and compared in threads, few at a time, and every try counted."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.identity.context import NOBODY, Actor, UseCaseContext
from services.identity.errors import moment
from services.identity.sessions.devices import Device, DeviceTokens, Visitor, is_known
from services.identity.sessions.refresh_tokens import Holder
from services.identity.staff import member as rules
from services.identity.staff.errors import StaffCredentialsWrong, StaffLocked
from services.identity.staff.member import Staff, StaffAct, Stranger
from services.identity.staff.repository import STRANGER, StaffRepository
from services.identity.staff.vault import StaffVault
from shared.audit import Audit
from shared.audit.entries import DONE, REFUSED
from shared.http.address import is_in, source_of
from shared.store.kinds import Record
from shared.store.port import AlreadyExists, VersionConflict
from shared.store.retry import again

HASHES_AT_ONCE: Final = 2
"""Password hashes computed at the same time: each takes 64 MiB and a processor for a tenth of a second."""

_STRANGER: Final = Actor(NOBODY, NOBODY, None)
"""The actor of an audit entry for a user name that no member of staff has."""


class StaffPasswords:
    """Checks passwords of staff and counts the tries."""

    def __init__(self, context: UseCaseContext, audit: Audit, hasher: PasswordHasher | None = None) -> None:
        self._context = context
        self._staff = StaffRepository(context)
        self._staff_vault = StaffVault(context.seals)
        self._audit = audit
        self._hasher = hasher or PasswordHasher()
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._devices = DeviceTokens(context.settings.fingerprint_keyring())
        self._decoy_hash: str | None = None

    async def prove(self, username: str, password: str, visitor: Visitor) -> Record[Staff]:
        """Return the member of staff whose password this is. A try counts against the source that it comes from.

        Raises:
            StaffCredentialsWrong: user name or password is wrong; both cost the same time.
            StaffLocked: too many wrong passwords, from this source, until ``locked_until``.
        """
        name = username.strip().lower()
        record = await again(lambda: self._count_try(name, visitor))
        if record is None:
            source = self.source(None, visitor)
            stranger = await again(lambda: self._count_try_of_stranger(name, source))
            await self.matches(password, None)
            await self.note(StaffAct.SIGN_IN_REFUSED, _STRANGER, "unknown_user")
            self._refuse_locked(stranger, source)
            raise StaffCredentialsWrong()
        if not await self.matches(password, record.state.password_hash):
            await self.note_wrong(record, visitor, "wrong_password")
            raise StaffCredentialsWrong()
        return record

    async def count_second_try(self, staff_id: str, visitor: Visitor) -> Record[Staff]:
        """Return the member of staff with one try used, before their second factor is looked at.

        Raises:
            StaffCredentialsWrong: there is no such member of staff.
            StaffLocked: too many wrong passwords and codes, from this source, until ``locked_until``.
        """

        async def attempt() -> Record[Staff]:
            record = await self._staff.staff(staff_id)
            if record is None:
                raise StaffCredentialsWrong()
            return await self._count(record, visitor)

        return await again(attempt)

    async def note_wrong(self, record: Record[Staff], visitor: Visitor, cause: str) -> None:
        """Tell the audit of a wrong password or second factor, whose try was counted.

        Raises:
            StaffLocked: it was the last try from this source.
        """
        await self.note(StaffAct.SIGN_IN_REFUSED, actor(record.id, record.state), cause)
        self._refuse_locked(record.state, self.source(record, visitor))

    def known_device(self, record: Record[Staff], visitor: Visitor) -> Device | None:
        """Return the visitor's device if this member of staff has signed in on it and not disowned it since."""
        device = self._devices.read(visitor.device_token)
        seconds, now, since = (
            self._context.settings.session_rules.device_seconds,
            self._context.now(),
            record.state.devices_since,
        )
        known = is_known(device, Holder.STAFF, record.id, since=since, device_seconds=seconds, now=now)
        return device if known else None

    async def hash(self, password: str) -> str:
        """Return the stored form of a password."""
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Compare in a thread; without a hash a decoy is compared, so that unknown names take as long as known ones."""
        if not hashed:
            if self._decoy_hash is None:
                self._decoy_hash = await self.hash(self._context.randomness.token(16))
            hashed = self._decoy_hash
        async with self._hashing:
            return await asyncio.to_thread(self._verify, hashed, password)

    async def note(self, act: StaffAct, who: Actor, cause: str | None = None) -> None:
        """Tell the audit of something that is done without a token."""
        outcome = REFUSED if act in (StaffAct.SIGN_IN_REFUSED, StaffAct.SIGN_IN_LOCKED) else DONE
        await self._audit.note(who, act, subject=who.account_id, outcome=outcome, detail=cause)

    def source(self, record: Record[Staff] | None, visitor: Visitor) -> str:
        """Return the source that the visitor's tries count against; ``record`` is None for an unknown user name."""
        device = self.known_device(record, visitor) if record is not None else None
        if device is not None:
            return f"device:{device.id}"
        if is_in(visitor.address, self._context.settings.office_networks):
            return f"office:{self._staff_vault.office_source(source_of(visitor.address))}"
        return rules.ELSEWHERE

    async def _count_try(self, username: str, visitor: Visitor) -> Record[Staff] | None:
        """Return the member of staff with one try used; None for an unknown user name."""
        record = await self._staff.staff_named(username)
        return await self._count(record, visitor) if record is not None else None

    async def _count(self, record: Record[Staff], visitor: Visitor) -> Record[Staff]:
        source, now = self.source(record, visitor), self._context.now()
        if rules.locked_until(record.state, now, source):
            await self.note(StaffAct.SIGN_IN_LOCKED, actor(record.id, record.state), "locked")
            self._refuse_locked(record.state, source)
        counted = rules.count_try(record.state, self._context.settings.lock_rules, now, source)
        return await self._staff.save_staff(record, counted, now)

    async def _count_try_of_stranger(self, username: str, source: str) -> Stranger:
        """Return an unknown user name with one try used; it locks as a known one does, so that locks tell nothing."""
        now = self._context.now()
        stranger_id = self._staff_vault.stranger_id(username)
        record = await self._staff.stranger(stranger_id)
        if record is not None and rules.locked_until(record.state, now, source):
            await self.note(StaffAct.SIGN_IN_LOCKED, _STRANGER, "locked")
            self._refuse_locked(record.state, source)
        known = record.state if record is not None else None
        counted = rules.count_try_of_stranger(known, self._context.settings.lock_rules, now, source)
        if record is not None:
            return (await self._context.store.save(STRANGER, record, counted, now=now)).state
        try:
            return (await self._context.store.insert(STRANGER, stranger_id, counted, now=now)).state
        except AlreadyExists:
            raise VersionConflict("the name was tried by somebody else at the same moment") from None

    def _refuse_locked(self, staff: Staff | Stranger, source: str) -> None:
        """Refuse if the account is locked for this source."""
        until = rules.locked_until(staff, self._context.now(), source)
        if until is None:
            return
        seconds = max(1, round((until - self._context.now()).total_seconds() + 0.5))
        raise StaffLocked(retry_after_seconds=seconds, locked_until=moment(until))

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def actor(staff_id: str, staff: Staff) -> Actor:
    """This member of staff, for the audit."""
    return Actor(staff_id, staff.role, staff.office_id)
