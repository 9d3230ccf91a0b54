"""Sessions: begun by a proof, kept alive by refresh tokens, ended by their owner, their age or a reused token (F4)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from services.identity.accounts.account import Account
from services.identity.context import Tools
from services.identity.errors import RefreshTokenInvalid, SessionEnded
from services.identity.repository import ACCOUNT, STAFF
from services.identity.sessions.refresh_tokens import Claimed, Holder, RefreshTokens
from services.identity.sessions.session import (
    Presented,
    Session,
    drop_session,
    find_session,
    open_session,
    present,
    put_session,
    rotate,
    start_session,
)
from services.identity.staff.member import Staff
from shared.sessions import SessionOver
from shared.store.kinds import Kind, Record
from shared.store.retry import again
from shared.tokens import Caller, Role, TokenIssuer

log = structlog.get_logger()

SALT_BYTES: Final = 16
MOST_SESSIONS: Final = 10
"""Devices signed in at once, for one account or staff member; the oldest is signed out."""

_KINDS: Final[dict[Holder, Kind[Any]]] = {Holder.ACCOUNT: ACCOUNT, Holder.STAFF: STAFF}


@dataclass(frozen=True)
class Credentials:
    """What a client gets; it is shown once and stored nowhere."""

    account_id: str
    role: Role
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    session_ends_at: datetime


class LiveSessions:
    """Whether the session behind a token lives: identity itself looks into its own documents, so nothing is late."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def refuse_ended(self, caller: Caller) -> None:
        """Return if the caller's session is open.

        Raises:
            SessionOver: it is not.
        """
        kind: Kind[Any] = ACCOUNT if caller.role is Role.APPLICANT else STAFF
        record = await self._tools.repository.store.get(kind, caller.account_id)
        if record is None or open_session(record.state.sessions, caller.session_id, self._tools.now()) is None:
            raise SessionOver


class Sessions:
    """The use cases of staying signed in."""

    def __init__(self, tools: Tools, issuer: TokenIssuer) -> None:
        self._tools = tools
        self._issuer = issuer
        self._tokens = RefreshTokens(tools.settings.fingerprint_keyring())

    def start(self, session_id: str, *, staff: bool = False) -> Session:
        """A new session, to be put into its holder's state."""
        settings = self._tools.settings
        lifetime_seconds = settings.staff_session_seconds if staff else settings.session_seconds
        return start_session(session_id, self._tools.randomness.token(SALT_BYTES), lifetime_seconds, self._tools.now())

    def add(self, sessions: tuple[Session, ...], session: Session) -> tuple[Session, ...]:
        """The list with this session in it, within its limit."""
        return put_session(sessions, session, MOST_SESSIONS, self._tools.now())

    def account_credentials(self, account_id: str, session: Session) -> Credentials:
        """The tokens of an applicant's session."""
        caller = Caller(account_id, Role.APPLICANT, session.id)
        return self._issue(caller, Holder.ACCOUNT, session, self._tools.settings.access_seconds)

    def staff_credentials(self, staff_id: str, staff: Staff, session: Session) -> Credentials:
        """The tokens of a staff session."""
        caller = Caller(staff_id, Role(staff.role), session.id, staff.office_id, offices=staff.offices)
        return self._issue(caller, Holder.STAFF, session, self._tools.settings.staff_access_seconds)

    async def refresh(self, token: str) -> Credentials:
        """The next pair of tokens; the previous token gives the same pair's refresh token again within its grace.

        Raises:
            RefreshTokenInvalid: it was not issued here.
            SessionEnded: signed out, over, or ended now because a token was used after its grace.
        """
        claimed = self._read(token)
        return await again(lambda: self._refresh(claimed))

    async def revoke(self, token: str) -> None:
        """Sign this session out; one that is gone already stays gone.

        Raises:
            RefreshTokenInvalid: it was not issued here.
        """
        claimed = self._read(token)
        await again(lambda: self._revoke(claimed))

    async def _refresh(self, claimed: Claimed) -> Credentials:
        record, session = await self._genuine(claimed)
        if session is None:
            raise SessionEnded()
        settings, now = self._tools.settings, self._tools.now()
        match present(session, claimed.generation, settings.refresh_grace_seconds, now):
            case Presented.CURRENT:
                session = rotate(session, now)
                await self._save(claimed, record, self.add(record.state.sessions, session))
            case Presented.LOST_ANSWER:
                pass
            case Presented.OVER:
                raise SessionEnded(cause="expired")
            case Presented.REUSED:
                await self._save(claimed, record, drop_session(record.state.sessions, session.id))
                log.warning("session_token_reused", session_id=session.id)
                raise SessionEnded(cause="token_reused")
        return self._credentials(claimed, record.state, session)

    async def _revoke(self, claimed: Claimed) -> None:
        record, session = await self._genuine(claimed)
        if session is not None:
            await self._save(claimed, record, drop_session(record.state.sessions, session.id))

    async def _genuine(self, claimed: Claimed) -> tuple[Record[Any], Session | None]:
        record = await self._tools.repository.store.get(_KINDS[claimed.holder], claimed.holder_id)
        session = find_session(record.state.sessions, claimed.session_id) if record is not None else None
        if record is None:
            raise SessionEnded()
        if session is not None and not self._tokens.is_genuine(claimed, session):
            raise RefreshTokenInvalid()
        return record, session

    async def _save(self, claimed: Claimed, record: Record[Any], sessions: tuple[Session, ...]) -> None:
        repository, now = self._tools.repository, self._tools.now()
        state: Account | Staff = replace(record.state, sessions=sessions)
        if isinstance(state, Staff):
            await repository.save_staff(record, state, now)
        else:
            await repository.save_account(record, state, now)

    def _credentials(self, claimed: Claimed, state: Account | Staff, session: Session) -> Credentials:
        if isinstance(state, Staff):
            return self.staff_credentials(claimed.holder_id, state, session)
        return self.account_credentials(claimed.holder_id, session)

    def _issue(self, caller: Caller, holder: Holder, session: Session, access_seconds: int) -> Credentials:
        left_seconds = int((session.ends_at - self._tools.now()).total_seconds())
        access_seconds = max(1, min(access_seconds, left_seconds))  # no token outlives its session's age
        return Credentials(
            account_id=caller.account_id,
            role=caller.role,
            access_token=self._issuer.issue(caller, access_seconds),
            refresh_token=self._tokens.make(holder, caller.account_id, session),
            access_expires_at=self._tools.now().replace(microsecond=0) + timedelta(seconds=access_seconds),
            session_ends_at=session.ends_at,
        )

    @staticmethod
    def _read(token: str) -> Claimed:
        claimed = RefreshTokens.read(token)
        if claimed is None:
            raise RefreshTokenInvalid()
        return claimed
