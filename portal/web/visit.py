"""One request of a visitor: who they are, what they typed, the API as they may call it, and the page they get."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.http import HttpProcessingError

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
from portal.web.headers import PAGE_HEADERS
from portal.web.page import Page
from portal.web.rendering import PAGE_TYPE, Renderer
from portal.web.words import LANGUAGES
from shared.http.language import Language

if TYPE_CHECKING:
    from portal.api.streams import Streams

FORM_TYPES: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})

FORM_SECONDS: Final = 30.0
"""Time for a form's body to arrive: 64 KiB on a line of 17 kbit/s."""

PLACE: Final = re.compile(r"(?!\.+$)[A-Za-z0-9._~:@+-]{1,128}")
"""An id in an address, as the API's paths take it: nothing that would lead to another path of the API."""

SQUEEZED_FROM_BYTES: Final = 1500
"""Pages from here on are sent by gzip: below, they are one packet in any case."""

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


class FormUnreadable(Exception):
    """The body is no form, or not in UTF-8."""


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
    """All that a page's handler gets."""

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
    streams: Streams = field(kw_only=True)
    _form: Form | None = None
    _token: str = ""
    _had_session: Session | None = None

    def __post_init__(self) -> None:
        """Remember the session that came, to see whether it changes."""
        self._had_session = self.session

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
        """Return a part of the path, as `application_id`.

        Raises:
            NothingHere: it can be no id.
        """
        value = self.request.match_info[name]
        if PLACE.fullmatch(value) is None:
            raise NothingHere
        return value

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

    def in_language(self, language: Language) -> str:
        """Return the address of this page in a language; the other words of its query stay."""
        said = {name: text for name, text in self.request.query.items() if name not in ("language", "told")}
        return "?" + urlencode({**said, "language": language})

    async def form(self) -> Form:
        """Return what was typed.

        Raises:
            FormNotGenuine: it did not come from our page in this browser. FormTooLarge, FormUnreadable.
            Refill: it is to be shown again.
        """
        if self._form is None:
            self._form = self._read(await self._read_values())
        return self._form

    async def carried(self, name: str) -> str:
        """Return a field of the form whatever the form's token says, as for what is sealed; empty where there is none.

        Raises:
            FormTooLarge, FormUnreadable.
        """
        return (await self._read_values()).get(name, [""])[0]

    def take(self, values: dict[str, list[str]]) -> Form:
        """Return what was typed into a form whose body was read piece by piece; it is the form from now on.

        Raises:
            FormNotGenuine, FormTooLarge, Refill.
        """
        self._form = self._read(values)
        return self._form

    async def _read_values(self) -> dict[str, list[str]]:
        if self.request.content_type not in FORM_TYPES or (self.request.charset or "utf-8").lower() != "utf-8":
            raise FormUnreadable
        try:
            async with asyncio.timeout(FORM_SECONDS):
                given = await self.request.post()
        except TimeoutError:
            raise FormUnreadable from None
        except web.HTTPRequestEntityTooLarge:
            raise FormTooLarge from None
        except (ValueError, LookupError, AssertionError, RuntimeError, HttpProcessingError):
            # what aiohttp raises for broken multipart bodies and bytes that are no UTF-8
            raise FormUnreadable from None
        if len(given) > MOST_FIELDS:
            raise FormTooLarge
        values: dict[str, list[str]] = {}
        for name, value in given.items():
            if isinstance(value, str):
                values.setdefault(name, []).append(value)
        return values

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
        if size - len(own[KEPT_FIELD]) > MOST_CHARS:
            raise FormTooLarge
        typed = {name: texts for name, texts in values.items() if name not in OWN_FIELDS}
        form = Form(typed, key=own[KEY_FIELD][:64])
        self._token = own[TOKEN_FIELD]
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
        """Return what was typed, sealed, to be carried through a sign-in; it is shown to the same account again."""
        values = {name: list(texts) for name, texts in form.values.items()}
        kept = {"path": self.request.path_qs, "values": values, "token": self._token, "secret": self.browser.secret}
        return self.cookies.seal(json.dumps(kept), KEPT_FIELD)

    def finish(self, response: web.StreamResponse) -> None:
        """Add the usual headers, and the cookies of what has changed; before a stream is begun, else it is done."""
        for name, value in PAGE_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Language"] = self.language
        response.headers.setdefault("Vary", "Cookie, Accept-Language, Accept-Encoding")
        if self.is_new_browser:
            self.cookies.write_browser(response, self.browser)
        had = self._had_session
        if self.session is not had or (had is None and self.cookies.has_session(self.request)):
            self.cookies.write_session(response, self.session, self.now)
        if self.request.query.get("language") in LANGUAGES:
            self.cookies.write_language(response, self.language)

    def _answer(self, html: str, status: int) -> web.Response:
        body = html.encode()
        headers = {"Content-Type": f"{PAGE_TYPE}; charset=utf-8"}
        if len(body) >= SQUEEZED_FROM_BYTES and "gzip" in self.request.headers.get("Accept-Encoding", ""):
            # tokens of forms differ in each page, and cookies go along with no request of another site (BREACH)
            body = gzip.compress(body, 4, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, status=status, headers=headers)
