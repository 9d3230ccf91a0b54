"""Account feeds: written from events of all services, and read by the account's holder as a stream."""

from __future__ import annotations

from services.notification.account_feeds import feed
from services.notification.account_feeds.feed import Feed, Resumed, ThingKind, Told
from services.notification.account_feeds.feed_table import told_by
from services.notification.account_feeds.repository import FeedRepository
from services.notification.context import UseCaseContext
from shared.events.envelope import Envelope
from shared.events.identity import AccountJoined, SessionEnded
from shared.events.message import Event
from shared.sessions import EndedSessions
from shared.tokens import Caller


class AccountFeeds:
    """The use cases of account feeds."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._feeds = FeedRepository(context)
        self._sessions = EndedSessions(context.store, context.clock)

    async def note(self, event: Event, envelope: Envelope) -> None:
        """Note what an event tells in the feed of its account. A repeat, and one without an account, change nothing."""
        account_id: str | None = getattr(event, "account_id", None)
        if account_id is not None:
            await self._note(account_id, envelope.id, told_by(event, envelope.aggregate_version, envelope.time))

    async def session_ended(self, event: SessionEnded, envelope: Envelope) -> None:
        """Note the end of a session, which ends its streams. Accounts without a feed, as those of staff, have none."""
        if await self._feeds.find_feed(event.account_id) is not None:
            await self.note(event, envelope)

    async def account_joined(self, event: AccountJoined, envelope: Envelope) -> None:
        """Let the feed of the closed account lead to the other's, whose readers are told; a repeat changes nothing."""
        into_id, now = event.into_account_id, self._context.now()
        await self._feeds.change_feed(event.from_account_id, lambda kept: feed.join_into(kept, into_id, now))
        version, at = envelope.aggregate_version, envelope.time
        await self._note(into_id, envelope.id, Told(ThingKind.ACCOUNT, into_id, "accounts_joined", version, at))

    async def open_feed(self, caller: Caller, last_event_id: str | None) -> Resumed:
        """Return where the reader of the caller's own feed goes on: after this id, or from now on.

        Raises:
            SessionOver: the caller's session has ended. It is looked at once the feed is there: a session that ends
                later is told in the feed.
        """
        kept = await self._feeds.open_feed(caller.account_id)
        await self._sessions.refuse_ended(caller)
        return feed.resumed(kept, caller.account_id, last_event_id)

    async def find_feed(self, account_id: str) -> Feed | None:
        """Return the feed of an account, if it has one."""
        record = await self._feeds.find_feed(account_id)
        return record.state if record is not None else None

    def seconds_left(self, caller: Caller) -> float:
        """Return the seconds for which the caller's token counts."""
        return (caller.expires_at - self._context.now()).total_seconds()

    async def _note(self, account_id: str, message_id: str, told: Told) -> None:
        now, rules = self._context.now(), self._context.rules.feeds
        kept = await self._feeds.change_feed(account_id, lambda before: feed.note(before, message_id, told, now, rules))
        if kept.joined_into is not None:
            await self._note(kept.joined_into, message_id, told)
