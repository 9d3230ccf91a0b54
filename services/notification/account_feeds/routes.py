"""The endpoint of account events."""

from __future__ import annotations

from typing import Final

from services.notification.account_feeds.repository import FEEDS
from services.notification.account_feeds.schemas import NOTICES, AccountEventData, EndCode, EventName
from services.notification.account_feeds.stream import FeedReader, notice
from services.notification.http import NOTIFICATION
from shared.http.call import EVENT_STREAM, Answer, Call
from shared.http.endpoint import APPLICANT, Endpoints, Header, RateLimit
from shared.http.events_stream import LAST_EVENT_ID, LONGEST_SECONDS
from shared.http.followed_stream import follow
from shared.sessions import SessionOver

api = Endpoints("notification")

OPENINGS_PER_CALLER: Final = RateLimit(60, 60.0)
"""A browser that lost its line comes back every three seconds, with three windows open."""


_TEXT: Final = {"type": "string"}
LAST_EVENT: Final = Header(
    LAST_EVENT_ID, "The last id that was read; without it the stream begins now.", {"type": "string"}
)


@api.get(
    "/v1/account-events",
    summary="Follow what happens to your things",
    access=APPLICANT,
    sensitive=True,
    long_lived=True,
    follows=FEEDS.name,
    request_headers=(LAST_EVENT,),
    answers={200: EVENT_STREAM},
    event=AccountEventData,
    refusals=(SessionOver,),
    rate=OPENINGS_PER_CALLER,
)
async def follow_account(call: Call) -> Answer:
    """One stream of server-sent events about all that is yours, at all services.

    `begin` or `read_again` comes first; then `change` with `kind`, `id`, `fact`, `version`, `at` and `href`, where the
    thing is read; and `end` with a code. Send the last id as `Last-Event-ID` to miss nothing; after `read_again` read
    your things again. Ids are kept for a week.
    """
    feeds, caller = call.app[NOTIFICATION].account_feeds, call.caller
    at = await feeds.open_feed(caller, call.request.headers.get(LAST_EVENT_ID))
    left_seconds = feeds.seconds_left(caller)
    return await follow(
        call,
        caller.account_id,
        FeedReader(feeds, caller, at).read_news,
        longest_seconds=min(left_seconds, LONGEST_SECONDS),
        last_words=notice(EventName.END, NOTICES[EndCode.TOKEN_OVER]) if left_seconds <= LONGEST_SECONDS else b"",
    )
