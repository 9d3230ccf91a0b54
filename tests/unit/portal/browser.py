"""A browser without script: cookies, links and forms, as HTML has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final, Self

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

VOID: Final = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
MOST_REDIRECTS: Final = 8


@dataclass
class FormFound:
    """A form of a page: where it is sent, and what it holds before anybody types."""

    action: str = ""
    method: str = "get"
    encoding: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    """What may be chosen of radios, boxes and selects."""

    names: set[str] = field(default_factory=set)
    """Every field."""

    files: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.forms: list[FormFound] = []
        self.links: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.headings: list[str] = []
        self.lang = ""
        self.text: list[str] = []
        self.loaded: list[str] = []
        self._form: FormFound | None = None
        self._select = ""
        self._area = ""
        self._link = ""
        self._gathered: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if "id" in said:
            self.ids.append(said["id"])
        if tag == "html":
            self.lang = said.get("lang", "")
        if tag in ("script", "img") and "src" in said:
            self.loaded.append(said["src"])
        if tag == "link" and said.get("rel") in ("stylesheet", "icon"):
            self.loaded.append(said["href"])
        if tag == "a" and "href" in said:
            self._link, self._gathered = said["href"], []
        if tag in ("h1", "h2"):
            self._gathered = []
        if tag == "label":
            self.labelled.add(said.get("for", ""))
        self._read_field(tag, said)

    def _read_field(self, tag: str, said: dict[str, str]) -> None:
        if tag == "form":
            self._form = FormFound(said.get("action", ""), said.get("method", "get").lower(), said.get("enctype", ""))
            self.forms.append(self._form)
        form = self._form
        name = said.get("name", "")
        if form is None or (not name and tag != "option"):
            return
        if tag in ("input", "select", "textarea", "button") and name:
            form.names.add(name)
        kind = said.get("type", "text")
        self._keep_field(form, tag, name, kind, said)

    def _keep_field(self, form: FormFound, tag: str, name: str, kind: str, said: dict[str, str]) -> None:
        if tag == "input" and kind == "file":
            form.files.add(name)
        elif tag == "input" and kind in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(said.get("value", "on"))
            if "checked" in said:
                form.values.setdefault(name, []).append(said.get("value", "on"))
        elif tag == "input" and kind != "submit":
            form.values.setdefault(name, []).append(said.get("value", ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            form.choices.setdefault(self._select, []).append(said.get("value", ""))
            if "selected" in said or self._select not in form.values:
                form.values[self._select] = [said.get("value", "")]
        elif tag == "textarea":
            self._area, self._gathered = name, []

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.unbalanced.append(tag)
        else:
            self.open.pop()
        said = " ".join("".join(self._gathered).split())
        if tag == "a" and self._link:
            self.links.append((self._link, said))
            self._link = ""
        elif tag in ("h1", "h2"):
            self.headings.append(said)
        elif tag == "textarea" and self._form is not None:
            self._form.values[self._area] = ["".join(self._gathered).removeprefix("\n")]
            self._area = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        self._gathered.append(data)
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)


@dataclass
class PageSeen:
    """A page as it came."""

    path: str
    status: int
    headers: Mapping[str, str]
    html: str
    read: _Reader

    @property
    def text(self) -> str:
        """Its words, without markup."""
        return " ".join("".join(self.read.text).split())

    @property
    def heading(self) -> str:
        """Its first heading."""
        return self.read.headings[0] if self.read.headings else ""

    @property
    def forms(self) -> list[FormFound]:
        """Its forms."""
        return self.read.forms

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return [href for href, _text in self.read.links]

    def form(self, *names: str, action: str = "") -> FormFound:
        """The form with these fields, or with this action."""
        for form in self.forms:
            if (not action or form.action == action) and set(names) <= form.names and (names or action):
                return form
        raise AssertionError(f"{self.path} has no form with {names or action}: {[form.names for form in self.forms]}")

    def link(self, *, to: str = "", says: str = "") -> str:
        """The first link that leads there (a pattern) or says this."""
        for href, text in self.read.links:
            if (not to or re.search(to, href)) and (not says or says in text):
                return href
        raise AssertionError(f"{self.path} has no link to {to!r} that says {says!r}: {self.read.links}")

    def field_errors(self) -> dict[str, str]:
        """The sentences beside fields, by the fields' names."""
        found = re.findall(r'<p id="([^"]+?)(?:-group)?-error" class="govuk-error-message">(.*?)</p>', self.html, re.S)
        return {name: " ".join(re.sub(r"<[^>]+>", " ", text).split()) for name, text in found}


class Browser:
    """One person's browser. Every page is checked as it comes: balanced, one id each, every field labelled."""

    def __init__(self, app: web.Application, *, language: str = "id") -> None:
        self._client = TestClient(TestServer(app), cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.language = language
        self.page: PageSeen

    async def __aenter__(self) -> Self:
        await self._client.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    def cookies(self) -> dict[str, str]:
        """The cookies that it keeps."""
        return {cookie.key: cookie.value for cookie in self._client.session.cookie_jar}

    def set_cookie(self, name: str, value: str) -> None:
        """Alter a cookie."""
        self._client.session.cookie_jar.update_cookies({name: value}, self._client.make_url("/"))

    def forget_cookies(self, *names: str) -> None:
        """Forget these cookies, or all."""
        self._client.session.cookie_jar.clear(lambda cookie: not names or cookie.key in names)

    async def raw(self, method: str, path: str, **words: Any) -> tuple[int, Mapping[str, str], bytes]:
        """One request as it is, without following anything."""
        headers = {"Accept-Language": self.language, **words.pop("headers", {})}
        async with self._client.request(method, path, headers=headers, allow_redirects=False, **words) as answer:
            return answer.status, answer.headers.copy(), await answer.read()

    async def get(self, path: str) -> PageSeen:
        """Look at a page."""
        return await self._go("GET", path)

    async def follow(self, *, to: str = "", says: str = "") -> PageSeen:
        """Follow a link of the page."""
        return await self.get(self.page.link(to=to, says=says))

    async def submit(self, form: FormFound | None = None, /, **typed: Any) -> PageSeen:
        """Fill and send a form: the one with these fields, or the one given. None empties a field; lists tick boxes;
        `(file name, bytes)` is a file.
        """
        found = form or self.page.form(*typed)
        values = {name: list(texts) for name, texts in found.values.items()}
        files: dict[str, tuple[str, bytes]] = {}
        for name, value in typed.items():
            assert name in found.names, f"{self.page.path} has no field {name}: {sorted(found.names)}"
            if isinstance(value, tuple):
                files[name] = value
            else:
                values[name] = [] if value is None else value if isinstance(value, list) else [str(value)]
        path = found.action or self.page.path
        if found.method == "get":
            query = "&".join(f"{name}={text}" for name, texts in values.items() for text in texts)
            return await self._go("GET", f"{path}?{query}")
        if found.encoding == "multipart/form-data":
            data = aiohttp.FormData(default_to_multipart=True)
            for name, texts in values.items():
                for text in texts:
                    data.add_field(name, text)
            for name, (file_name, content) in files.items():
                data.add_field(name, content, filename=file_name, content_type="application/octet-stream")
            return await self._go("POST", path, data=data)
        return await self._go("POST", path, data=[(name, text) for name, texts in values.items() for text in texts])

    async def _go(self, method: str, path: str, data: Any = None) -> PageSeen:
        for _ in range(MOST_REDIRECTS):
            if data is not None and not isinstance(data, aiohttp.FormData):
                data = aiohttp.FormData(data)
            status, headers, body = await self.raw(method, path, data=data)
            if status not in (302, 303):
                break
            method, path, data = "GET", headers["Location"], None
        else:
            raise AssertionError(f"{path} redirects again and again")
        if not headers.get("Content-Type", "").startswith("text/html"):
            self.page = PageSeen(path, status, headers, "", _Reader())
            return self.page
        html = body.decode()
        read = _Reader()
        read.feed(html)
        self.page = PageSeen(path, status, headers, html, read)
        self._check(self.page)
        return self.page

    def _check(self, page: PageSeen) -> None:
        read = page.read
        assert not read.unbalanced and not read.open, f"{page.path}: tags out of place {read.unbalanced or read.open}"
        doubled = sorted({name for name in read.ids if read.ids.count(name) > 1})
        assert not doubled, f"{page.path}: ids twice {doubled}"
        assert page.html.count("<h1") == 1, f"{page.path} has {page.html.count('<h1')} first headings"
        assert read.lang in ("id", "en")
        for form in page.forms:
            assert form.method != "post" or "form_token" in form.names, f"{page.path}: a form without a token"
        outside = [url for url in read.loaded if not url.startswith(("/", "blob:"))]
        assert not outside, f"{page.path} loads {outside}"
