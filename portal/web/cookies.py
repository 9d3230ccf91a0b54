"""Cookies of visitors: their session and their browser's own secret, sealed, so that a restart ends nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Self, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.crypto.errors import CannotDecrypt
from shared.crypto.fields import FieldCipher
from shared.crypto.keyring import Keyring

MOST_COOKIE_CHARS: Final = 4000
"""Browsers keep 4,096 characters of a cookie, name and attributes included (RFC 6265, 6.1)."""

VISITOR_SECONDS: Final = 365 * 24 * 3600
"""How long a browser is known: after that a sign-in asks for both addresses again, as on a new device."""

_OWNER: Final = "portal"

ModelT = TypeVar("ModelT", bound=BaseModel)


class Session(BaseModel):
    """A signed-in visitor's tokens."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    account_id: str
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    session_ends_at: datetime

    def with_tokens(self, answer: dict[str, Any]) -> Self:
        """Return the session with the tokens of an answer of identity."""
        return type(self).model_validate(answer)


class Browser(BaseModel):
    """A browser's own secret, by which its forms are known, and what makes it a known device."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    secret: str
    device_token: str | None = None


class Cookies:
    """Reads and writes the cookies; what was altered, or sealed with a key that is gone, is as if it were not there."""

    def __init__(self, keyring: Keyring, *, is_encrypted: bool) -> None:
        """Without HTTPS, in a trial, browsers refuse the prefix that binds a cookie to its host."""
        self._cipher = FieldCipher(keyring)
        self._is_encrypted = is_encrypted
        self.prefix = "__Host-" if is_encrypted else ""

    def read_session(self, request: web.Request, now: datetime) -> Session | None:
        """Return the session that the request carries, if it goes on."""
        session = self._read(request, "session", Session)
        return session if session is not None and session.session_ends_at > now else None

    def has_session(self, request: web.Request) -> bool:
        """Return whether the request carries a session, of whatever kind."""
        return f"{self.prefix}session" in request.cookies

    def read_browser(self, request: web.Request) -> Browser | None:
        """Return what is known of the browser."""
        return self._read(request, "browser", Browser)

    def write_session(self, response: web.StreamResponse, session: Session | None, now: datetime) -> None:
        """Give the session to the browser; None takes it away."""
        if session is None:
            self._drop(response, "session")
            return
        self._write(response, "session", session, int((session.session_ends_at - now).total_seconds()))

    def write_browser(self, response: web.StreamResponse, browser: Browser) -> None:
        """Give the browser what it is known by."""
        self._write(response, "browser", browser, VISITOR_SECONDS)

    def write_language(self, response: web.StreamResponse, language: str) -> None:
        """Remember the language that was chosen."""
        response.set_cookie(
            f"{self.prefix}language",
            language,
            max_age=VISITOR_SECONDS,
            path="/",
            secure=self._is_encrypted,
            httponly=True,
            samesite="Lax",
        )

    def read_language(self, request: web.Request) -> str | None:
        """Return the language that was chosen."""
        return request.cookies.get(f"{self.prefix}language")

    def seal(self, text: str, field: str) -> str:
        """Return the text sealed for a hidden field of this name."""
        return self._cipher.seal(text, owner_id=_OWNER, field=field)

    def open(self, sealed: str, field: str) -> str | None:
        """Return the text of a hidden field; None where it was altered."""
        try:
            return self._cipher.open(sealed, owner_id=_OWNER, field=field)
        except CannotDecrypt:
            return None

    def _read(self, request: web.Request, name: str, model: type[ModelT]) -> ModelT | None:
        sealed = request.cookies.get(self.prefix + name)
        text = self.open(sealed, name) if sealed else None
        if text is None:
            return None
        try:
            return model.model_validate_json(text)
        except ValidationError:
            return None

    def _write(self, response: web.StreamResponse, name: str, model: BaseModel, seconds: int) -> None:
        value = self.seal(model.model_dump_json(), name)
        if len(value) > MOST_COOKIE_CHARS:
            raise ValueError(f"the cookie {name} has {len(value)} characters; browsers keep {MOST_COOKIE_CHARS}")
        response.set_cookie(
            self.prefix + name,
            value,
            max_age=max(1, seconds),
            path="/",
            secure=self._is_encrypted,
            httponly=True,
            samesite="Lax",
        )

    def _drop(self, response: web.StreamResponse, name: str) -> None:
        response.del_cookie(self.prefix + name, path="/", secure=self._is_encrypted, httponly=True, samesite="Lax")
