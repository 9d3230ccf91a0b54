"""A sign-in on a new device, disowned by the link in the message about it: every session ends, every device is new."""

from __future__ import annotations

from enum import StrEnum

from services.identity.accounts import account as accounts
from services.identity.accounts.account import Account
from services.identity.accounts.repository import AccountRepository
from services.identity.context import UseCaseContext
from services.identity.sessions.devices import DisownLinks
from shared.errors import NotFound
from shared.store.decision import Decision


class DisownStep(StrEnum):
    """The states of the page behind the link."""

    ASK = "ask"
    DONE = "done"
    OVER = "over"


class Disowning:
    """The use cases of the link."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._accounts = AccountRepository(context)
        self._links = DisownLinks(context.settings.fingerprint_keyring())

    async def look_at(self, link: str) -> DisownStep:
        """Return whether the link can be used, was used, or is over."""
        found = self._links.read(link, self._context.now())
        record = await self._accounts.account(found[0]) if found is not None else None
        if found is None or record is None:
            return DisownStep.OVER
        return DisownStep.DONE if accounts.is_disowned(record.state, found[1]) else DisownStep.ASK

    async def disown(self, link: str) -> DisownStep:
        """End every session and forget every device and recovery; a repeat finds it done."""
        found = self._links.read(link, self._context.now())
        if found is None:
            return DisownStep.OVER
        account_id, issued_at = found

        def decide(account: Account) -> Decision[Account]:
            return Decision(accounts.disown(account, issued_at, self._context.now()))

        try:
            await self._accounts.change_account(account_id, decide)
        except NotFound:
            return DisownStep.OVER
        return DisownStep.DONE
