"""Puts the tokens of a walking citizen into a browser, as if they had signed in there."""

from __future__ import annotations

from datetime import timedelta

from portal.web.cookies import Cookies, Session
from shared.crypto.keyring import Keyring
from tests.unit.portal.browser import Browser
from tests.unit.portal.site import KEYS
from tests.walking import Citizen


def sign_in(browser: Browser, citizen: Citizen) -> None:
    """The browser is the citizen's from now on."""
    now = citizen.suite.clock.now()
    assert citizen.token is not None
    session = Session(
        account_id=citizen.account_id,
        access_token=citizen.token,
        access_expires_at=now + timedelta(days=365),
        refresh_token="never asked for",
        session_ends_at=now + timedelta(days=365),
    )
    cookies = Cookies(Keyring.parse(KEYS), is_encrypted=False)
    browser.set_cookie("session", cookies.seal(session.model_dump_json(), "session"))
