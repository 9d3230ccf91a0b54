"""The endpoint of the privacy notice."""

from __future__ import annotations

from typing import Final

from services.identity.http import IDENTITY
from services.identity.privacy_notice.errors import NoticeVersionUnknown
from services.identity.privacy_notice.schemas import NoticeQuery, NoticeView
from shared.http.call import Answer, Call
from shared.http.conditions import ETAG, NOT_MODIFIED, condition_of, etag_of
from shared.http.endpoint import PUBLIC, Endpoints, RateLimit

api = Endpoints("privacy")

NOTICES_PER_ADDRESS: Final = RateLimit(300, 60.0, "address")
"""The notice read from one network address: all telephones behind a carrier's address open it at a busy hour."""


@api.get(
    "/v1/privacy-notice",
    summary="The privacy notice: purposes, rights, contact; in force or an older version",
    description="With an ETag: `If-None-Match` is answered 304 while the text is the same.",
    access=PUBLIC,
    query=NoticeQuery,
    answers={200: NoticeView, 304: None},
    refusals=(NoticeVersionUnknown,),
    rate=NOTICES_PER_ADDRESS,
)
async def show_privacy_notice(call: Call[None, NoticeQuery]) -> Answer:
    """One version of the notice."""
    identity = call.app[IDENTITY]
    now, notices = identity.context.now(), identity.notices
    number = call.query.version
    notice = notices.in_force(now) if number is None else notices.numbered(number)
    if notice is None:
        raise NoticeVersionUnknown()
    view = NoticeView.from_notice(notices, notice, call.query.language or call.language, identity.context.settings, now)
    answer = Answer(200, view, {ETAG: etag_of(view.model_dump_json().encode()), "Vary": "Accept-Language"})
    found = condition_of(call.request.headers, 0).applied_to(answer)
    return found if found.status != NOT_MODIFIED else Answer(NOT_MODIFIED, None, found.headers)
