"""The account as its owner sees it, and the change of its addresses (F18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.identity.addresses import normal_email, normal_phone
from services.identity.domain.challenge import Purpose
from services.identity.service.signing_in import ChallengeSeen, SigningIn
from services.identity.service.tools import Tools
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

    def __init__(self, tools: Tools, signing_in: SigningIn) -> None:
        self._tools = tools
        self._signing_in = signing_in

    async def look(self, account_id: str) -> AccountSeen:
        """The account.

        Raises:
            NotFound: it is gone.
        """
        record = await self._tools.repository.account(account_id)
        if record is None:
            raise NotFound()
        account, now = record.state, self._tools.now()
        email = self._tools.vault.email_of(account_id, account)
        phone = self._tools.vault.phone_of(account_id, account)
        return AccountSeen(
            account_id=account_id,
            language=account.language,
            registered_at=account.registered_at,
            email=email.masked if email else None,
            phone=phone.masked if phone else None,
            applicants=len(account.places),
            sessions=sum(session.ends_at > now for session in account.sessions),
        )

    async def change_phone(self, account_id: str, phone: str, language: str, command_id: str | None) -> ChallengeSeen:
        """Send a code to the new number; proving it makes it the account's. The old address is told by notification.

        Raises:
            PhoneUnusable: it takes no SMS.
            CodeSentJustNow, TooManyCodes: it had a code a moment ago, or too many.
        """
        address, command_id = normal_phone(phone), command_id or self._tools.ids.new()
        return await self._signing_in.ask(Purpose.PHONE_CHANGE, address, language, command_id, account_id=account_id)

    async def change_email(self, account_id: str, email: str, language: str, command_id: str | None) -> ChallengeSeen:
        """Send a code to the new address; proving it makes it the account's.

        Raises:
            EmailUnusable: it is no address.
            CodeSentJustNow, TooManyCodes: it had a code a moment ago, or too many.
        """
        address = normal_email(email, allow_test_domains=self._tools.settings.allows_test_domains)
        command_id = command_id or self._tools.ids.new()
        return await self._signing_in.ask(Purpose.EMAIL_CHANGE, address, language, command_id, account_id=account_id)
