"""The account as its owner sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.identity.accounts.channel import Channel
from services.identity.accounts.repository import AccountRepository
from services.identity.accounts.vault import AccountVault
from services.identity.context import UseCaseContext
from shared.errors import NotFound


@dataclass(frozen=True)
class AccountSeen:
    """An account in its owner's eyes; addresses are masked."""

    account_id: str
    language: str
    registered_at: datetime
    email: str | None
    phone: str | None
    applicants: int
    sessions: int


class Accounts:
    """The use cases of an account's owner."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._accounts = AccountRepository(context)
        self._account_vault = AccountVault(context.seals)

    async def get_account(self, account_id: str) -> AccountSeen:
        """Return the account.

        Raises:
            NotFound: it is gone.
        """
        record = await self._accounts.account(account_id)
        if record is None:
            raise NotFound()
        account, now = record.state, self._context.now()
        unlocked = await self._account_vault.unlock(account_id)
        email, phone = (unlocked.address_of(account, channel) for channel in (Channel.EMAIL, Channel.SMS))
        return AccountSeen(
            account_id=account_id,
            language=account.language,
            registered_at=account.registered_at,
            email=email.masked if email else None,
            phone=phone.masked if phone else None,
            applicants=len(account.places),
            sessions=sum(session.ends_at > now for session in account.sessions),
        )
