"""Sessions that have ended before their tokens did: told by identity, kept where sensitive acts are done.

A token is believed without asking identity, so for the minutes until it is over it outlives its session. A service
that moves money or does what cannot be taken back keeps a small list of ended sessions and looks there first. The
window that is left is the time that identity's event takes to arrive: well under a second while the bus runs, and never
longer than the token itself lives (15 minutes; staff 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.clock import Clock
from shared.errors import NotAuthenticated
from shared.events.envelope import Envelope
from shared.events.identity import SessionEnded
from shared.store.kinds import Kind
from shared.store.port import AlreadyExists, Store
from shared.tokens import Caller


class SessionOver(NotAuthenticated):
    """The token is still good, but the session that it belongs to has ended."""

    code = "session_over"
    title = "You have signed out, or were signed out; this needs a session that is still open."
    title_id = "Anda sudah keluar atau dikeluarkan; tindakan ini memerlukan sesi yang masih berlaku."
    next_action = "Sign in again and repeat the request."
    next_action_id = "Masuk kembali, lalu ulangi permintaan."


class SessionCheck(Protocol):
    """Knows whether the session behind a token still lives."""

    async def refuse_ended(self, caller: Caller) -> None:
        """Return if the caller's session lives, as far as is known here.

        Raises:
            SessionOver: it has ended.
        """
        ...


@dataclass(frozen=True)
class EndedSession:
    """A session that has ended; ``kept_until``: when the last of its access tokens is over."""

    kept_until: datetime


ENDED_SESSION: Final[Kind[EndedSession]] = Kind(
    "ended_session", EndedSession, bare=True, batched=True, kept_until="state.kept_until"
)


class EndedSessions:
    """The list of one service; its id is the session's."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def note(self, event: SessionEnded, _envelope: Envelope) -> None:
        """Put a session on the list; a repeat, and news that came after its last token was over, change nothing."""
        now = self._clock.now()
        if event.tokens_until <= now:
            return
        try:
            await self._store.insert(ENDED_SESSION, event.session_id, EndedSession(event.tokens_until), now=now)
        except AlreadyExists:
            return

    async def refuse_ended(self, caller: Caller) -> None:
        """Return if the caller's session is not known to have ended.

        Raises:
            SessionOver: it has ended.
        """
        if await self._store.get(ENDED_SESSION, caller.session_id) is not None:
            raise SessionOver
