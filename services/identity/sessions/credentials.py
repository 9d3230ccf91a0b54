"""The tokens of a session: made when it begins, and again when it is refreshed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.sessions.devices import Device, DeviceTokens
from services.identity.sessions.refresh_tokens import Holder, RefreshTokens
from services.identity.sessions.session import NewDevice, OfficeWord, Session, put_session, start_session
from shared.tokens import Caller, Role, TokenIssuer

SALT_BYTES: Final = 16
MOST_SESSIONS: Final = 10
"""Devices signed in at once, for one account or staff member; the oldest is signed out."""


NEVER: Final = datetime.fromtimestamp(0, UTC)
"""When a device was seen that stays unknown: a password alone, where a second factor is needed, makes none known."""


@dataclass(frozen=True)
class Credentials:
    """The tokens of a client; shown once and stored nowhere."""

    account_id: str
    role: Role
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    device_token: str = field(repr=False)
    access_expires_at: datetime
    session_ends_at: datetime
    new_devices: tuple[NewDevice, ...] = ()
    """Of staff: earlier sign-ins on new devices that their owner has not looked at."""
    owes_email_proof: bool = False
    """Of staff: whether they have an email address that is not proven."""


class CredentialIssuer:
    """Begins sessions and issues their tokens."""

    def __init__(self, context: UseCaseContext, issuer: TokenIssuer) -> None:
        self._context = context
        self._issuer = issuer
        self._tokens = RefreshTokens(context.settings.fingerprint_keyring())
        self._devices = DeviceTokens(context.settings.fingerprint_keyring())

    def start(self, session_id: str, *, device_id: str = "") -> Session:
        """Return a new session, to be put into its account's state; ``device_id`` of a known device."""
        return self._start(session_id, self._context.settings.session_rules.session_seconds, device_id)

    def start_of_staff(
        self,
        session_id: str,
        *,
        device_id: str = "",
        proven_by: str = "",
        must_enrol: bool = False,
        by_office: OfficeWord | None = None,
    ) -> Session:
        """Return a new session of a member of staff; one that can only enrol a second factor is short."""
        settings = self._context.settings
        whole_seconds = settings.session_rules.staff_session_seconds
        lifetime_seconds = settings.second_factor_rules.fresh_seconds if must_enrol else whole_seconds
        session = self._start(session_id, lifetime_seconds, device_id)
        return replace(session, proven_by=proven_by, must_enrol=must_enrol, by_office=by_office)

    def _start(self, session_id: str, lifetime_seconds: int, device_id: str) -> Session:
        salt = self._context.randomness.token(SALT_BYTES)
        return start_session(session_id, salt, lifetime_seconds, self._context.now(), device_id=device_id)

    def add(self, sessions: tuple[Session, ...], session: Session) -> tuple[Session, ...]:
        """Return the list with this session in it, within its limit."""
        return put_session(sessions, session, MOST_SESSIONS, self._context.now())

    def account_credentials(self, account_id: str, session: Session, joined: tuple[str, ...] = ()) -> Credentials:
        """Return the tokens of an applicant's session; ``joined`` are the accounts that were joined into theirs."""
        caller = Caller(account_id, Role.APPLICANT, session.id, joined=joined)
        return self._issue(caller, Holder.ACCOUNT, session, self._context.settings.session_rules.access_seconds)

    def staff_credentials(self, caller: Caller, session: Session) -> Credentials:
        """Return the tokens of a staff session; ``caller`` as every service is to know them."""
        return self._issue(caller, Holder.STAFF, session, self._context.settings.session_rules.staff_access_seconds)

    def _issue(self, caller: Caller, holder: Holder, session: Session, access_seconds: int) -> Credentials:
        left_seconds = int((session.ends_at - self._context.now()).total_seconds())
        seen_at = NEVER if session.must_enrol else self._context.now()
        device = Device(holder, caller.account_id, session.device_id or session.id, seen_at)
        access_seconds = max(1, min(access_seconds, left_seconds))  # no token outlives its session's age
        return Credentials(
            account_id=caller.account_id,
            role=caller.role,
            access_token=self._issuer.issue(caller, access_seconds),
            refresh_token=self._tokens.make(holder, caller.account_id, session),
            device_token=self._devices.make(device),
            access_expires_at=self._context.now().replace(microsecond=0) + timedelta(seconds=access_seconds),
            session_ends_at=session.ends_at,
        )
