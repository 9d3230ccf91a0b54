"""Account events over HTTP: the data of each server-sent event."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import RootModel

from services.notification.account_feeds.feed import FeedEntry, MustReadAgain, ThingKind
from services.notification.account_feeds.feed_table import href_of
from shared.http.codes import OneOf
from shared.http.schema import View


class EventName(StrEnum):
    """The names of the events."""

    BEGIN = "begin"
    """The stream goes on after this id; nothing was missed."""
    READ_AGAIN = "read_again"
    """Something may have been missed: read everything again. The stream goes on after this id."""
    CHANGE = "change"
    END = "end"
    """The stream ends and is not to be opened again with this token."""


class EndCode(StrEnum):
    """Why a stream ended for good."""

    TOKEN_OVER = "token_over"  # noqa: S105 - a code
    SESSION_OVER = "session_over"
    ACCOUNT_JOINED = "account_joined"
    FEED_GONE = "feed_gone"


class AccountChangeView(View):
    """A thing of the account has changed. It is read at `href`, at the service that has it."""

    kind: Annotated[str, OneOf(ThingKind)]
    id: str
    fact: str
    """The word for what happened."""
    version: int
    """The version of the record that told it: of two changes of one thing the higher one is the later."""
    at: datetime
    href: str

    @classmethod
    def from_entry(cls, entry: FeedEntry) -> AccountChangeView:
        """Return the view of an entry."""
        told = entry.told
        return cls(
            kind=told.kind, id=told.thing_id, fact=told.fact, version=told.version, at=told.at, href=href_of(told)
        )


class StreamNoticeView(View):
    """A word about the stream itself, with what to do."""

    code: Literal["begin"] | MustReadAgain | EndCode
    title: str
    title_in_indonesian: str
    next_action: str
    next_action_in_indonesian: str


class AccountEventData(RootModel[AccountChangeView | StreamNoticeView]):
    """The data of an event: of `change` the thing that has changed, of the others a word about the stream."""


_READ_AGAIN: Final = ("Read your things again; the stream goes on.", "Baca kembali data Anda; aliran berlanjut.")
_SIGN_IN: Final = ("Sign in again, then open the stream.", "Masuk kembali, lalu buka alirannya.")

NOTICES: Final = {
    "begin": StreamNoticeView(
        code="begin",
        title="The stream goes on from here.",
        title_in_indonesian="Aliran berlanjut dari sini.",
        next_action="Wait for changes.",
        next_action_in_indonesian="Tunggu perubahan.",
    ),
    MustReadAgain.TOO_OLD: StreamNoticeView(
        code=MustReadAgain.TOO_OLD,
        title="Events after this Last-Event-ID are not kept any more.",
        title_in_indonesian="Peristiwa setelah Last-Event-ID ini tidak disimpan lagi.",
        next_action=_READ_AGAIN[0],
        next_action_in_indonesian=_READ_AGAIN[1],
    ),
    MustReadAgain.UNKNOWN: StreamNoticeView(
        code=MustReadAgain.UNKNOWN,
        title="This Last-Event-ID is not of your account's events.",
        title_in_indonesian="Last-Event-ID ini bukan dari peristiwa akun Anda.",
        next_action=_READ_AGAIN[0],
        next_action_in_indonesian=_READ_AGAIN[1],
    ),
    EndCode.TOKEN_OVER: StreamNoticeView(
        code=EndCode.TOKEN_OVER,
        title="The token with which the stream was opened is over.",
        title_in_indonesian="Token yang membuka aliran ini sudah berakhir.",
        next_action="Get a new token, then open the stream again with the last id.",
        next_action_in_indonesian="Minta token baru, lalu buka kembali alirannya dengan id terakhir.",
    ),
    EndCode.SESSION_OVER: StreamNoticeView(
        code=EndCode.SESSION_OVER,
        title="You have signed out, or were signed out.",
        title_in_indonesian="Anda sudah keluar atau dikeluarkan.",
        next_action=_SIGN_IN[0],
        next_action_in_indonesian=_SIGN_IN[1],
    ),
    EndCode.ACCOUNT_JOINED: StreamNoticeView(
        code=EndCode.ACCOUNT_JOINED,
        title="This account was joined into another one.",
        title_in_indonesian="Akun ini sudah digabungkan ke akun lain.",
        next_action=_SIGN_IN[0],
        next_action_in_indonesian=_SIGN_IN[1],
    ),
    EndCode.FEED_GONE: StreamNoticeView(
        code=EndCode.FEED_GONE,
        title="The events of this account are not kept any more.",
        title_in_indonesian="Peristiwa akun ini tidak disimpan lagi.",
        next_action=_SIGN_IN[0],
        next_action_in_indonesian=_SIGN_IN[1],
    ),
}
"""Words about the stream itself, by code."""
