"""A sign-in on a new device, disowned by the link in the message about it: every session ends, every device is new."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from services.identity.accounts import account as accounts
from services.identity.accounts.account import Account
from services.identity.accounts.repository import AccountRepository
from services.identity.context import UseCaseContext
from services.identity.sessions.devices import DisownLinks
from services.identity.sessions.refresh_tokens import Holder
from services.identity.staff import member as staff_rules
from services.identity.staff.member import StaffAct
from services.identity.staff.passwords import StaffPasswords, actor
from services.identity.staff.repository import StaffRepository
from shared.errors import NotFound
from shared.store.decision import Decision
from shared.store.retry import again


class DisownStep(StrEnum):
    """The states of the page behind the link."""

    ASK = "ask"
    DONE = "done"
    OVER = "over"


class Disowning:
    """The use cases of the link, for accounts and staff alike."""

    def __init__(self, context: UseCaseContext, passwords: StaffPasswords) -> None:
        self._context = context
        self._accounts = AccountRepository(context)
        self._staff = StaffRepository(context)
        self._passwords = passwords
        keyring = context.settings.fingerprint_keyring()
        self._links = {holder: DisownLinks(keyring, holder) for holder in Holder}

    async def look_at(self, link: str) -> DisownStep:
        """Return whether the link can be used, was used, or is over."""
        found = self._read(link)
        if found is None:
            return DisownStep.OVER
        holder, holder_id, issued_at = found
        if holder is Holder.STAFF:
            member = await self._staff.staff(holder_id)
            is_disowned = member is not None and staff_rules.has_disowned(member.state, issued_at)
            is_there = member is not None
        else:
            record = await self._accounts.account(holder_id)
            is_disowned = record is not None and accounts.is_disowned(record.state, issued_at)
            is_there = record is not None
        if not is_there:
            return DisownStep.OVER
        return DisownStep.DONE if is_disowned else DisownStep.ASK

    async def disown(self, link: str) -> DisownStep:
        """End every session and forget every device and recovery; a repeat finds it done."""
        found = self._read(link)
        if found is None:
            return DisownStep.OVER
        holder, holder_id, issued_at = found
        if holder is Holder.STAFF:
            return await again(lambda: self._disown_staff(holder_id, issued_at))

        def decide(account: Account) -> Decision[Account]:
            return Decision(accounts.disown(account, issued_at, self._context.now()))

        try:
            await self._accounts.change_account(holder_id, decide)
        except NotFound:
            return DisownStep.OVER
        return DisownStep.DONE

    def is_for_staff(self, link: str) -> bool:
        """Return whether the link was sent to a member of staff."""
        found = self._read(link)
        return found is not None and found[0] is Holder.STAFF

    async def _disown_staff(self, staff_id: str, issued_at: datetime) -> DisownStep:
        record = await self._staff.staff(staff_id)
        if record is None:
            return DisownStep.OVER
        if not staff_rules.has_disowned(record.state, issued_at):
            now = self._context.now()
            await self._staff.save_staff(record, staff_rules.disown(record.state, now), now)
            await self._passwords.note(StaffAct.SIGN_IN_DISOWNED, actor(staff_id, record.state))
        return DisownStep.DONE

    def _read(self, link: str) -> tuple[Holder, str, datetime] | None:
        now = self._context.now()
        found = ((holder, links.read(link, now)) for holder, links in self._links.items())
        return next(((holder, *parts) for holder, parts in found if parts is not None), None)
