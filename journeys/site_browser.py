"""A browser without script for the walks: cookies, links and forms of the citizens' site, as HTML has them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

import aiohttp

from journeys.api_client import FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS, LOOKS_GROW, PATIENCE_SECONDS, GaveUp

PAGE_SECONDS: Final = 30.0
MOST_REDIRECTS: Final = 8
_LOOKS: Final = int(PATIENCE_SECONDS / LONGEST_LOOK_SECONDS)
_VOID: Final = frozenset(["br", "hr", "img", "input", "link", "meta", "source"])


class PageWrong(Exception):
    """A page is not as a visitor needs it; the message tells what it says instead."""


@dataclass
class SiteForm:
    """A form of a page, with what it holds before anybody types."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    """Fields of files, in their order."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[SiteForm] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.errors: list[str] = []
        self.heading = ""
        self._form: SiteForm | None = None
        self._select = ""
        self._area = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        elif tag == "form":
            self._form = SiteForm(said.get("action", ""), said.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "h1" or "govuk-error-message" in said.get("class", ""):
            self._inside = tag
            if tag != "h1":
                self.errors.append("")
        elif self._form is not None:
            self._read_field(self._form, tag, said)

    def _read_field(self, form: SiteForm, tag: str, said: Mapping[str, str]) -> None:
        name = said.get("name", "")
        if tag == "option" and self._select:
            self._read_option(form, said)
        if not name or tag not in ("input", "select", "textarea", "button"):
            return
        form.names.add(name)
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area = name
        elif tag == "button":
            form.choices.setdefault(name, []).append(said.get("value", ""))
        else:
            self._read_input(form, name, said)

    def _read_option(self, form: SiteForm, said: Mapping[str, str]) -> None:
        value = said.get("value", "")
        form.choices.setdefault(self._select, []).append(value)
        if "selected" in said or self._select not in form.values:
            form.values[self._select] = [value]

    def _read_input(self, form: SiteForm, name: str, said: Mapping[str, str]) -> None:
        kind = said.get("type", "text")
        if kind == "file":
            form.files.append(name)
        elif kind in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(said.get("value", "on"))
            if "checked" in said:
                form.values.setdefault(name, []).append(said.get("value", "on"))
        elif kind != "submit":
            form.values.setdefault(name, []).append(said.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""
        elif tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._area and self._form is not None:
            self._form.values.setdefault(self._area, []).append(data)
        if self._inside == "h1":
            self.heading += data
        elif self._inside:
            self.errors[-1] += data


@dataclass(frozen=True)
class SitePage:
    """A page as it came."""

    path: str
    status: int
    media_type: str
    content: bytes
    forms: list[SiteForm]
    links: list[str]
    text: str
    heading: str
    errors: list[str]

    def form(self, *names: str) -> SiteForm:
        """The form with these fields.

        Raises:
            PageWrong: there is none.
        """
        for form in self.forms:
            if set(names) <= form.names:
                return form
        raise self.wrong(f"it has no form with {', '.join(names)}")

    def has_form(self, *names: str) -> bool:
        """Whether there is a form with these fields."""
        return any(set(names) <= form.names for form in self.forms)

    def link(self, pattern: str) -> str:
        """The first link whose address this pattern finds.

        Raises:
            PageWrong: there is none.
        """
        found = self.find_link(pattern)
        if found is None:
            raise self.wrong(f"no link leads to {pattern}")
        return found

    def find_link(self, pattern: str) -> str | None:
        """The first link whose address this pattern finds, None without one."""
        return next((href for href in self.links if re.search(pattern, href)), None)

    def wrong(self, what: str) -> PageWrong:
        """Return what to raise where the page is not as it should be."""
        said = " ".join(self.errors) or self.text[:300]
        return PageWrong(f"{self.path} ({self.status}, “{self.heading}”): {what}. It says: {said}")


class SiteBrowser:
    """One visitor's browser."""

    def __init__(self, base: str, language: str = "id") -> None:
        """`base` is the site's address."""
        self._base = base.rstrip("/")
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers={"Accept-Language": language},
            timeout=aiohttp.ClientTimeout(total=PAGE_SECONDS),
        )
        self.page: SitePage

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, path: str) -> SitePage:
        """Look at a page.

        Raises:
            PageWrong: it is one of an error.
        """
        return await self._go("GET", path, None)

    async def follow(self, pattern: str) -> SitePage:
        """Follow the first link whose address the pattern finds."""
        return await self.get(self.page.link(pattern))

    async def look_until(self, path: str, holds: Callable[[SitePage], object], what: str) -> SitePage:
        """Load a page again, as people do, until it holds.

        Raises:
            GaveUp: it does not come to that.
        """
        wait = FIRST_LOOK_SECONDS
        for _ in range(_LOOKS):
            page = await self.get(path)
            if holds(page):
                return page
            await asyncio.sleep(wait)
            wait = min(wait * LOOKS_GROW, LONGEST_LOOK_SECONDS)
        raise GaveUp(f"{what} did not happen; {self.page.wrong('seen last')}")

    async def fill(self, form: SiteForm, **typed: str | bytes | None) -> SitePage:
        """Send a form with what is typed, of which fields that the form does not have are left out.

        Raises:
            PageWrong: the form is refused, or an error's page comes.
        """
        values = {name: list(texts) for name, texts in form.values.items()}
        files = {name: value for name, value in typed.items() if isinstance(value, bytes) and name in form.files}
        chosen = {name: files.get(name, b"") for name in form.files}
        values |= {name: [value] for name, value in typed.items() if isinstance(value, str) and name in form.names}
        path = form.action or self.page.path
        if form.method == "get":
            return await self.get(f"{path}?{urlencode(values, doseq=True)}")
        data = aiohttp.FormData(default_to_multipart=bool(form.files))
        for name, texts in values.items():
            for text in texts:
                data.add_field(name, text)
        for name, content in chosen.items():  # where no file was chosen browsers send one without name and content
            kind = "image/jpeg" if content else "application/octet-stream"
            data.add_field(name, content, filename=f"{name}.jpg" if content else "", content_type=kind)
        page = await self._go("POST", path, data)
        if page.errors:
            raise page.wrong("the form was refused")
        return page

    async def _go(self, method: str, path: str, data: Any) -> SitePage:
        for _ in range(MOST_REDIRECTS):
            async with self._session.request(method, self._base + path, data=data, allow_redirects=False) as answer:
                content, status = await answer.read(), answer.status
                media_type, location = answer.content_type, answer.headers.get("Location", "")
            if status not in (302, 303):
                break
            there = urlsplit(location)
            method, data = "GET", None
            path = there.path + (f"?{there.query}" if there.query else "")
        read = _Reader()
        if media_type == "text/html":
            read.feed(content.decode())
        self.page = SitePage(
            path,
            status,
            media_type,
            content,
            read.forms,
            read.links,
            " ".join("".join(read.words).split()),
            " ".join(read.heading.split()),
            [" ".join(error.split()) for error in read.errors],
        )
        if status >= 400 and status != 422:
            raise self.page.wrong("it is the page of an error")
        return self.page
