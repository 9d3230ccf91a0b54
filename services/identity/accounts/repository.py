"""Queries and writes of accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from services.identity.accounts import account as account_rules
from services.identity.accounts.account import Account
from services.identity.context import UseCaseContext
from services.identity.sessions.ended_events import ended_events, tokens_live
from shared.events.message import Message
from shared.store.change import change
from shared.store.decision import Decision
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
        self._clock = context.clock
        self._tokens_live = tokens_live(context.settings.session_rules)

    async def account(self, account_id: str) -> Record[Account] | None:
        """By its id."""
        return await self._store.get(ACCOUNT, account_id)

    async def open_account(self, account_id: str) -> Record[Account] | None:
        """Return the account, or the one into which it was joined, over as many joins as there can be in a row."""
        record = await self.account(account_id)
        for _ in range(account_rules.MOST_JOINED):
            if record is not None and record.state.joined_into is not None:
                record = await self.account(record.state.joined_into.account_id)
        return record

    async def account_holding(self, fingerprints: Sequence[str]) -> Record[Account] | None:
        """Return the account that an address belongs to, or to which it can still come back."""
        return await self._store.find_holder(ACCOUNT, "fingerprints", fingerprints)

    async def account_reached_at(self, fingerprints: Sequence[str]) -> Record[Account] | None:
        """Return the account that an address belongs to now; none where it was given up and could come back."""
        record = await self.account_holding(fingerprints)
        return record if record is not None and account_rules.holds_any(record.state, fingerprints) else None

    async def change_account(
        self, account_id: str, decide: Callable[[Account], Decision[Account] | None]
    ) -> Record[Account]:
        """Load the account, decide, save, and return the record (`shared.store.change.change`).

        Raises:
            NotFound: there is no such account.
            Exception: whatever ``decide`` raises.
        """
        now = self._clock.now()

        def settle(account: Account) -> Decision[Account] | None:
            decision = decide(account)
            if decision is None or not decision.changes(account):
                return None
            settled, gone = account_rules.settle_sessions(account, decision.state, now)
            events = (*decision.events, *ended_events(account_id, gone, now + self._tokens_live))
            return Decision(settled, events)

        return await change(self._store, self._clock, ACCOUNT, account_id, settle)

    async def save_account(
        self, record: Record[Account], state: Account, now: datetime, messages: Sequence[Message] = ()
    ) -> Record[Account]:
        """Write the account's next state."""
        settled, gone = account_rules.settle_sessions(record.state, state, now)
        events = (*messages, *ended_events(record.id, gone, now + self._tokens_live))
        return await self._store.save(ACCOUNT, record, settled, now=now, events=events)
