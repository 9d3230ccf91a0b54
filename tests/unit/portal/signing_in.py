"""Puts a citizen who registered by the API into a browser, as if they had signed in there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from portal.web.cookies import Cookies, Session
from shared.crypto.keyring import Keyring
from tests.unit.portal.browser import Browser
from tests.unit.portal.site import KEYS
from tests.walking import Citizen


def sign_in(browser: Browser, citizen: Citizen, **changes: Any) -> None:
    """Give the browser a session of this citizen; ``changes`` alter it, as ``access_expires_at``.

    The refresh token is none of identity's: a session whose access token is over ends at its renewal.
    """
    assert citizen.token is not None, "the citizen has no account yet"
    now = citizen.suite.clock.now()
    session = Session(
        account_id=citizen.account_id,
        access_token=citizen.token,
        access_expires_at=now + timedelta(days=364),
        refresh_token="refresh-token-of-a-test",
        session_ends_at=now + timedelta(days=364),
    ).model_copy(update=changes)
    cookies = Cookies(Keyring.parse(KEYS), is_encrypted=False)
    browser.set_cookie("session", cookies.seal(session.model_dump_json(), "session"))


def sign_out(browser: Browser) -> None:
    """Take the session away, as when it is over."""
    browser.forget_cookies("session")
