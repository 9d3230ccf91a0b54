"""One request of a visitor: who they are, what they typed, the API as they may call it, and the page they get."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from portal.api.client import Api
from portal.web.cookies import Browser, Cookies, Session
from portal.web.form_tokens import is_genuine, make_token, new_secret
from portal.web.forms import (
    EMPTY,
    KEPT_FIELD,
    KEY_FIELD,
    MOST_CHARS,
    MOST_FIELDS,
    OWN_FIELDS,
    REFILL_FIELD,
    TOKEN_FIELD,
    Form,
)
from portal.web.page import Page
from portal.web.rendering import PAGE_TYPE, Renderer
from shared.http.language import Language

_ID: Final = re.compile(r"[A-Za-z0-9._~-]{1,64}")

STRANGER: Final = ""
"""Account of whoever is not signed in, in tokens of forms."""


class FormNotGenuine(Exception):
    """The form came from elsewhere, from another browser or from before a sign-in."""

    def __init__(self, form: Form) -> None:
        """`form` is what it held: it is shown again, to be sent by the person themselves."""
        super().__init__("the form is not one of ours")
        self.form = form


class FormTooLarge(Exception):
    """The form holds more than any of ours."""


class Refill(Exception):
    """The form is to be shown again with what was typed; nothing is sent."""

    def __init__(self, form: Form) -> None:
        """`form` is what was typed."""
        super().__init__("to be shown again")
        self.form = form


class NothingHere(Exception):
    """There is no such page for this visitor."""


@dataclass
class Visit:
    """What a page's handler gets."""

    request: web.Request
    page: Page
    language: Language
    api: Api
    cookies: Cookies
    renderer: Renderer
    now: datetime
    browser: Browser
    is_new_browser: bool = False
    settings: Any = None
    _form: Form | None = None
    _ends_session: bool = False

    @property
    def session(self) -> Session | None:
        """The visitor's session; None for a stranger."""
        return self.api.session

    @property
    def account_id(self) -> str:
        """The visitor's account, `STRANGER` for a stranger."""
        return self.api.session.account_id if self.api.session is not None else STRANGER

    @property
    def path(self) -> str:
        """The path of the page."""
        return self.request.path

    def place(self, name: str) -> str:
        """Return a part of the path, as `application_id`; it stands in paths of the API as it is.

        Raises:
            NothingHere: no id is written so.
        """
        said = self.request.match_info[name]
        if not _ID.fullmatch(said) or not said.strip("."):
            raise NothingHere
        return said

    def query(self, name: str) -> str:
        """Return what the address asks for; empty where it asks for nothing."""
        return self.request.query.get(name, "")

    def sign_in(self, answer: dict[str, Any]) -> None:
        """Begin a session with the tokens of a proven challenge; its device token is kept by the browser."""
        self.api.session = Session.model_validate(answer)
        self.remember(Browser(secret=new_secret(), device_token=answer.get("device_token")))

    def sign_out(self) -> None:
        """End the session in this browser."""
        self.api.session = None

    def remember(self, browser: Browser) -> None:
        """Let the browser be known by something else."""
        self.browser = browser
        self.is_new_browser = True

    async def form(self) -> Form:
        """Return what was typed.

        Raises:
            FormNotGenuine: it did not come from our page in this browser. FormTooLarge.
            Refill: it is to be shown again.
        """
        if self._form is None:
            given = await self.request.post()
            values: dict[str, list[str]] = {}
            for name, value in given.items():
                if isinstance(value, str):
                    values.setdefault(name, []).append(value)
            self._form = self._read(values)
        return self._form

    def take(self, values: dict[str, list[str]]) -> Form:
        """Return what was typed into a form whose body was read piece by piece; it is the form from now on.

        Raises:
            FormNotGenuine, FormTooLarge, Refill.
        """
        self._form = self._read(values)
        return self._form

    def check_token(self, token: str) -> None:
        """Check the token of a form whose body is read piece by piece.

        Raises:
            FormNotGenuine.
        """
        if not is_genuine(token, self.browser.secret, self.account_id):
            raise FormNotGenuine(EMPTY)

    def _read(self, values: dict[str, list[str]]) -> Form:
        size = sum(len(text) for texts in values.values() for text in texts if texts)
        own = {name: values.get(name, [""])[0] for name in OWN_FIELDS}
        if len(values) > MOST_FIELDS or size - len(own[KEPT_FIELD]) > MOST_CHARS:
            raise FormTooLarge
        typed = {name: texts for name, texts in values.items() if name not in OWN_FIELDS}
        form = Form(typed, key=own[KEY_FIELD][:64])
        if not is_genuine(own[TOKEN_FIELD], self.browser.secret, self.account_id):
            raise FormNotGenuine(form)
        if REFILL_FIELD in values:
            raise Refill(form)
        return form

    async def send(self, method: str, path: str, body: dict[str, Any] | None = None, **query: str) -> Any:
        """Send a command of the form that is posted; sent twice, it has one effect.

        Raises:
            Problem, SignedOut, ServiceDown.
        """
        form = await self.form()
        return await self.api.send(method, path, body, key=form.command_key(method, path), **query)

    def render(self, template: str, *, status: int = 200, form: Form = EMPTY, **facts: Any) -> web.Response:
        """Return a page made of a room's template. A form with errors answers 422, which changes nothing for people."""
        return self._answer(
            self.renderer.render(
                template,
                self.language,
                {
                    "visit": self,
                    "form": form,
                    "form_token": make_token(self.browser.secret, self.account_id),
                    "form_key": secrets.token_urlsafe(18),
                    "is_signed_in": self.session is not None,
                    "told": self.query("told"),
                    "now": self.now,
                    **facts,
                },
            ),
            422 if form.errors and status == 200 else status,
        )

    def redirect(self, path: str, **query: str) -> web.Response:
        """Return a redirect after a form was taken; `told` names a sentence that the next page shows."""
        said = {name: value for name, value in query.items() if value}
        return web.Response(status=303, headers={"Location": path + (f"?{urlencode(said)}" if said else "")})

    def keep(self, form: Form) -> str:
        """Return what was typed, sealed, to be carried through a sign-in."""
        values = {name: list(texts) for name, texts in form.values.items()}
        return self.cookies.seal(json.dumps({"path": self.request.path_qs, "values": values}), KEPT_FIELD)

    def _answer(self, html: str, status: int) -> web.Response:
        return web.Response(text=html, status=status, content_type=PAGE_TYPE, charset="utf-8")
