"""Queries and writes of account feeds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from services.notification.account_feeds import feed
from services.notification.account_feeds.feed import Feed
from services.notification.context import UseCaseContext
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record
from shared.store.port import AlreadyExists

FEEDS: Final = Kind(name="account_feed", state=Feed, bare=True, batched=True, kept_until="state.kept_until")

TRIES: Final = 20
"""Conflicts in a row before a note is repeated by the bus: events of one account come in bursts, to all replicas."""


class FeedRepository:
    """Queries and writes of account feeds."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context

    async def find_feed(self, account_id: str) -> Record[Feed] | None:
        """Return the feed of an account; None if it has none, or had none for longer than feeds are kept."""
        return await self._context.store.get(FEEDS, account_id)

    async def change_feed(self, account_id: str, decide: Callable[[Feed], Feed]) -> Feed:
        """Change the feed of an account, which begins with this where there is none, and return it."""
        fresh = feed.begun(self._context.now(), self._context.rules.feeds)

        def decision(kept: Feed) -> Decision[Feed]:
            return Decision(decide(kept))

        store, clock = self._context.store, self._context.clock
        return (await change(store, clock, FEEDS, account_id, decision, fresh=fresh, tries=TRIES)).state

    async def open_feed(self, account_id: str) -> Feed:
        """Return the feed of an account, to be kept for as long as any; an empty one is begun where there is none."""
        now, rules = self._context.now(), self._context.rules.feeds
        if await self.find_feed(account_id) is None:
            with suppress(AlreadyExists):
                await self._context.store.insert(FEEDS, account_id, feed.begun(now, rules), now=now)
        return await self.change_feed(account_id, lambda kept: feed.kept_longer(kept, now, rules))
