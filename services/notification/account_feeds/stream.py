"""A feed as server-sent events."""

from __future__ import annotations

from services.notification.account_feeds import feed
from services.notification.account_feeds.feed import FeedEntry, Resumed
from services.notification.account_feeds.schemas import NOTICES, AccountChangeView, EndCode, EventName, StreamNoticeView
from services.notification.account_feeds.service import AccountFeeds
from shared.http.call import server_sent_event
from shared.http.followed_stream import News
from shared.tokens import Caller


class FeedReader:
    """One caller's place in their feed."""

    __slots__ = ("_account_id", "_feeds", "_number", "_opening", "_session_id")

    def __init__(self, feeds: AccountFeeds, caller: Caller, at: Resumed) -> None:
        self._feeds = feeds
        self._account_id = caller.account_id
        self._session_id = caller.session_id
        self._number = at.number
        self._opening: Resumed | None = at

    async def read_news(self) -> News:
        """Return the events that the caller has not been sent, and whether the stream ends here."""
        kept = await self._feeds.find_feed(self._account_id)
        if kept is None:
            return _last_news(EndCode.FEED_GONE)
        if kept.joined_into is not None:
            return _last_news(EndCode.ACCOUNT_JOINED)
        if feed.session_is_over(kept, self._session_id):
            return _last_news(EndCode.SESSION_OVER)
        told = [self._told(entry) for entry in feed.entries_after(kept, self._number)]
        self._number = max(self._number, kept.last_number)
        return News(b"".join((self._opened(), *told)))

    def _opened(self) -> bytes:
        """Return the stream's first event, which has an id: a caller who leaves before any change resumes too."""
        at, self._opening = self._opening, None
        if at is None:
            return b""
        name = EventName.BEGIN if at.must_read_again is None else EventName.READ_AGAIN
        event_id = feed.id_of(self._account_id, at.number)
        return notice(name, NOTICES[at.must_read_again or "begin"], event_id)

    def _told(self, entry: FeedEntry) -> bytes:
        event_id = feed.id_of(self._account_id, entry.number)
        return server_sent_event(AccountChangeView.from_entry(entry), event=EventName.CHANGE, event_id=event_id)


def notice(name: EventName, view: StreamNoticeView, event_id: str = "") -> bytes:
    """Return the event that says something about the stream itself."""
    return server_sent_event(view, event=name, event_id=event_id)


def _last_news(code: EndCode) -> News:
    return News(notice(EventName.END, NOTICES[code]), is_last=True)
