"""Sessions kept alive by refresh tokens, ended by their owner, their age or a reused token."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import structlog

from services.identity.accounts.account import Account, joined_ids
from services.identity.accounts.repository import ACCOUNT, AccountRepository
from services.identity.context import UseCaseContext
from services.identity.sessions.credentials import CredentialIssuer, Credentials
from services.identity.sessions.refresh_tokens import Claimed, Holder, RefreshTokens
from services.identity.sessions.session import (
    Presented,
    Session,
    drop_session,
    find_session,
    open_session,
    present,
    rotate,
)
from services.identity.staff.member import Staff
from services.identity.staff.repository import STAFF, StaffRepository
from services.identity.staff.sign_in import caller_of
from services.identity.tokens.errors import RefreshTokenInvalid, SessionEnded
from shared.sessions import SessionOver
from shared.store.kinds import Kind, Record
from shared.store.retry import again
from shared.tokens import Caller, Role

log = structlog.get_logger()

_KINDS: Final[dict[Holder, Kind[Any]]] = {Holder.ACCOUNT: ACCOUNT, Holder.STAFF: STAFF}


class LiveSessions:
    """Whether the session behind a token lives: identity itself looks into its own documents, so nothing is late."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context

    async def refuse_ended(self, caller: Caller) -> None:
        """Return if the caller's session is open.

        Raises:
            SessionOver: it is not.
        """
        kind: Kind[Any] = ACCOUNT if caller.role is Role.APPLICANT else STAFF
        record = await self._context.store.get(kind, caller.account_id)
        if record is None or open_session(record.state.sessions, caller.session_id, self._context.now()) is None:
            raise SessionOver


class Sessions:
    """The use cases of staying signed in and of signing out, for accounts and staff alike."""

    def __init__(self, context: UseCaseContext, credentials: CredentialIssuer) -> None:
        self._context = context
        self._accounts = AccountRepository(context)
        self._staff = StaffRepository(context)
        self._issuer = credentials
        self._tokens = RefreshTokens(context.settings.fingerprint_keyring())

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
        rules, now = self._context.settings.session_rules, self._context.now()
        match present(session, claimed.generation, rules.refresh_grace_seconds, now):
            case Presented.CURRENT:
                session = rotate(session, now)
                await self._save(claimed, record, self._issuer.add(record.state.sessions, session))
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
        record = await self._context.store.get(_KINDS[claimed.holder], claimed.holder_id)
        session = find_session(record.state.sessions, claimed.session_id) if record is not None else None
        if record is None:
            raise SessionEnded()
        if session is not None and not self._tokens.is_genuine(claimed, session):
            raise RefreshTokenInvalid()
        return record, session

    async def _save(self, claimed: Claimed, record: Record[Any], sessions: tuple[Session, ...]) -> None:
        now = self._context.now()
        state: Account | Staff = replace(record.state, sessions=sessions)
        if isinstance(state, Staff):
            await self._staff.save_staff(record, state, now)
        else:
            await self._accounts.save_account(record, state, now)

    def _credentials(self, claimed: Claimed, state: Account | Staff, session: Session) -> Credentials:
        if isinstance(state, Staff):
            return self._issuer.staff_credentials(caller_of(claimed.holder_id, state, session), session)
        return self._issuer.account_credentials(claimed.holder_id, session, joined_ids(state))

    @staticmethod
    def _read(token: str) -> Claimed:
        claimed = RefreshTokens.read(token)
        if claimed is None:
            raise RefreshTokenInvalid()
        return claimed
