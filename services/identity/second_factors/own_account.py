"""A member's own account: what it is, its address for messages, and the review of sign-ins on new devices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.identity.accounts.addresses import normal_email
from services.identity.context import UseCaseContext
from services.identity.second_factors.book import SecondFactorBook, SeenFactor
from services.identity.second_factors.factors import SecondFactors
from services.identity.sessions.session import Session
from services.identity.staff import member as rules
from services.identity.staff.member import Staff, StaffAct
from services.identity.staff.passwords import StaffPasswords, actor
from services.identity.staff.repository import StaffRepository
from services.identity.staff.vault import StaffVault
from shared.sessions import SessionOver
from shared.store.kinds import Record
from shared.store.retry import again
from shared.tokens import Caller


@dataclass(frozen=True)
class OwnAccountSeen:
    """A member's own account for their own eyes."""

    staff_id: str
    staff: Staff
    factors: SecondFactors
    full_name: str | None = field(repr=False)
    email: str | None = field(repr=False)
    seen_factors: tuple[SeenFactor, ...]
    sessions: tuple[Session, ...]
    seen_at: datetime


class OwnAccounts:
    """The use cases of one's own account."""

    def __init__(self, context: UseCaseContext, passwords: StaffPasswords, book: SecondFactorBook) -> None:
        self._context = context
        self._staff = StaffRepository(context)
        self._vault = StaffVault(context.seals)
        self._passwords = passwords
        self._book = book

    async def look_at(self, caller: Caller) -> OwnAccountSeen:
        """Return the caller's account as stored now.

        Raises:
            SessionOver: the caller's session has ended.
        """
        record = await self._own(caller)
        staff, now = record.state, self._context.now()
        factors = await self._book.repository.of_member(record.id)
        return OwnAccountSeen(
            staff_id=record.id,
            staff=staff,
            factors=factors,
            full_name=self._vault.staff_name(staff.name, record.id) if staff.name is not None else None,
            email=self._vault.email_of(record.id, staff),
            seen_factors=self._book.seen(record.id, factors),
            sessions=tuple(session for session in staff.sessions if session.ends_at > now),
            seen_at=now,
        )

    async def set_email(self, caller: Caller, email: str | None) -> None:
        """Set the address that messages about sign-ins go to, or take it away. The old address is told of nothing:
        it is an address of the office.

        Raises:
            EmailUnusable, EmailNotAscii: it is no address.
            SessionOver.
        """
        allows = self._context.settings.allows_test_domains
        address = normal_email(email, allow_test_domains=allows).text if email is not None else None
        sealed = self._vault.seal_email(address, caller.account_id) if address is not None else None

        async def attempt() -> None:
            record = await self._own(caller)
            await self._save(record, replace(record.state, email=sealed))

        await again(attempt)

    async def review_devices(self, caller: Caller, *, are_mine: bool) -> None:
        """Note that the sign-ins on new devices were the member's own, or end every session and forget every device.

        Raises:
            SessionOver.
        """

        async def attempt() -> None:
            record = await self._own(caller)
            if are_mine:
                await self._save(record, replace(record.state, new_devices=()))
                return
            await self._save(record, rules.disown(record.state, self._context.now()))
            await self._passwords.note(StaffAct.SIGN_IN_DISOWNED, actor(record.id, record.state))

        await again(attempt)

    async def _own(self, caller: Caller) -> Record[Staff]:
        record = await self._staff.staff(caller.account_id)
        if record is None or all(session.id != caller.session_id for session in record.state.sessions):
            raise SessionOver()
        return record

    async def _save(self, record: Record[Staff], staff: Staff) -> None:
        await self._staff.save_staff(record, staff, self._context.now())
