"""Queries and writes of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.identity.accounts import account as account_rules
from services.identity.accounts.account import Account
from services.identity.context import UseCaseContext
from services.identity.sessions.ended_events import ended_events, tokens_live
from shared.events.message import Message
from shared.store.kinds import Index, Kind, Record

ACCOUNT: Final[Kind[Account]] = Kind(
    "account",
    Account,
    indexes=(Index("fingerprints", ("state.fingerprints",), unique=True),),
    deadlines=account_rules.deadlines,
    batched=True,
)


class AccountRepository:
    """Queries and writes of accounts. A write that lets an open session go tells of it in the same write."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store
        self._tokens_live = tokens_live(context.settings.session_rules)

    async def account(self, account_id: str) -> Record[Account] | None:
        """By its id."""
        return await self._store.get(ACCOUNT, account_id)

    async def account_holding(self, fingerprints: Sequence[str]) -> Record[Account] | None:
        """Return the account that an address belongs to, or to which it can still come back."""
        found = await self._store.find(ACCOUNT, "fingerprints", {"state.fingerprints": tuple(fingerprints)}, limit=1)
        return found[0] if found else None

    async def account_reached_at(self, fingerprints: Sequence[str]) -> Record[Account] | None:
        """Return the account that an address belongs to now; none where it was given up and could come back."""
        record = await self.account_holding(fingerprints)
        return record if record is not None and account_rules.holds_any(record.state, fingerprints) else None

    async def save_account(
        self, record: Record[Account], state: Account, now: datetime, messages: Sequence[Message] = ()
    ) -> Record[Account]:
        """Write the account's next state."""
        settled, gone = account_rules.settle_sessions(record.state, state, now)
        events = (*messages, *ended_events(record.id, gone, now + self._tokens_live))
        return await self._store.save(ACCOUNT, record, settled, now=now, events=events)
