"""A real browser: Debian's chromium, driven by Playwright, and what every page must hold in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import axe_playwright_python
from playwright.async_api import Browser, BrowserContext, Locator, Page, Response, async_playwright

CHROMIUM: Final = os.environ.get("PASPOR_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
AXE: Final = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
WIDTHS: Final = (360, 1280)
NARROWEST: Final = 320
MOST_BYTES: Final = 150_000
"""Of a first view, style, script and pictures included (Y1)."""

MOST_TABS: Final = 120
LEAST_TARGET: Final = 44
"""Pixels of what is pressed by a thumb."""

_SMALL_TARGETS: Final = """
() => [...document.querySelectorAll('button, .govuk-button, input[type=text], select, summary')]
  .map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && box.height > 0 && box.height < LEAST)
  .map(([text, box]) => `${text} is ${Math.round(box.height)} high`)
""".replace("LEAST", str(LEAST_TARGET - 0.5))

_TOO_WIDE: Final = """
() => document.documentElement.scrollWidth > window.innerWidth + 1
  ? [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > window.innerWidth + 1)
      .slice(0, 3).map(one => one.outerHTML.slice(0, 120))
      .concat(['the page is ' + document.documentElement.scrollWidth])
  : []
"""


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """A browser that goes nowhere but to this machine."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Person:
    """Somebody before a screen."""

    page: Page
    base: str
    has_script: bool = True
    troubles: list[str] = field(default_factory=list)
    """What the browser complained of: refused by the policy, not found, faults of script."""

    visited: list[str] = field(default_factory=list)
    by_keyboard: bool = False
    pages: dict[str, str] = field(default_factory=dict)
    """HTML of every page that was seen, by its path."""

    async def open(self, path: str) -> None:
        """Go to a page."""
        await self._keep(await self.page.goto(self.base + path, wait_until="load"))

    async def visit(self, path: str) -> int | None:
        """Go to an address and return its status; None for a file, which is not shown."""
        answer = await self.page.request.get(self.base + path)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            return None if answer.ok else answer.status
        await self.open(path)
        return answer.status

    async def submit(self, **typed: Any) -> None:
        """Fill the form that has these fields and send it; lists tick boxes, paths are files."""
        form = self.page.locator("form")
        for name in typed:
            form = form.filter(has=self.page.locator(f'[name="{name}"]'))
        form = form.first
        for name, value in typed.items():
            await self._fill(form, name, value)
        button = form.locator("button:not([name=form_refill])").last
        if self.by_keyboard:
            await self._tab_to(button)
            await self._leave_by(self.page.keyboard.press("Enter"))
        else:
            await self._leave_by(button.click())

    async def send_file(self, path: str) -> None:
        """Choose a file in the page's form for one, and send it; script may send it by itself, page by page."""
        form = self.page.locator("form").filter(has=self.page.locator('input[type="file"]')).first
        await form.locator('input[type="file"]').first.set_input_files(path)
        await self._leave_by(form.locator("button").last.click())

    async def follow(self, to: str) -> None:
        """Follow the first link whose address holds this."""
        link = self.page.locator(f'main a[href*="{to}"]').first
        if self.by_keyboard:
            await self._tab_to(link)
            await self._leave_by(self.page.keyboard.press("Enter"))
        else:
            await self._leave_by(link.click())

    async def _leave_by(self, act: Awaitable[Any]) -> None:
        async with self.page.expect_navigation(wait_until="load") as going:
            await act
        await self._keep(await going.value)

    async def _keep(self, answer: Response | None) -> None:
        self.visited.append(self.path)
        if answer is not None:
            self.pages[self.path.partition("?")[0]] = await answer.text()

    async def _fill(self, form: Locator, name: str, value: Any) -> None:
        field = form.locator(f'[name="{name}"]')
        kind = await field.first.get_attribute("type") or await field.first.evaluate("one => one.tagName.toLowerCase()")
        if kind in ("radio", "checkbox"):
            for chosen in value if isinstance(value, list) else [value]:
                one = form.locator(f'[name="{name}"][value="{chosen}"]')
                if self.by_keyboard:
                    await one.focus() if kind == "radio" else await self._tab_to(one)
                    await self.page.keyboard.press("Space")
                else:
                    await one.check()
        elif kind == "file":
            await field.first.set_input_files(value)
        elif kind == "select":
            await field.first.select_option(str(value))
        elif self.by_keyboard:
            await self._tab_to(field.first)
            await self.page.keyboard.press("Control+A")
            await self.page.keyboard.type(str(value))
        else:
            await field.first.fill(str(value))

    async def _tab_to(self, wanted: Locator) -> None:
        """Press Tab until the focus is there, as somebody without a mouse does."""
        for _ in range(MOST_TABS):
            if await wanted.evaluate("one => one === document.activeElement"):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"{self.path}: Tab does not reach {wanted}")

    @property
    def path(self) -> str:
        """Where they are."""
        return self.page.url.removeprefix(self.base)

    async def faults(self) -> list[str]:
        """What is wrong with the page: axe's findings, sideways scrolling, small targets, doubled text that breaks.

        axe-core needs script, so that it is asked where script is on.
        """
        where = self.path
        found = [f"{where}: {line}" for line in self.troubles]
        self.troubles.clear()
        if self.has_script:
            found += [f"{where}: {line}" for line in await violations(self.page)]
        found += [f"{where}: {line}" for line in await self.page.evaluate(_TOO_WIDE)]
        found += [f"{where}: {line}" for line in await self.page.evaluate(_SMALL_TARGETS)]
        await self.page.evaluate("document.documentElement.style.fontSize = '200%'")
        found += [f"{where} at double size: {line}" for line in await self.page.evaluate(_TOO_WIDE)]
        await self.page.evaluate("document.documentElement.style.fontSize = ''")
        return found


async def violations(page: Page) -> list[str]:
    """What axe-core finds (WCAG 2.2 A and AA, and best practices)."""
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(AXE + "\n;null")
    result: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {json.dumps([node['html'][:120] for node in one['nodes'][:3]])}"
        for one in result["violations"]
    ]


@asynccontextmanager
async def person(
    browser: Browser,
    base: str,
    *,
    width: int = 360,
    script: bool = True,
    keyboard: bool = False,
    language: str = "id-ID",
    cookies: Sequence[dict[str, Any]] = (),
) -> AsyncIterator[Person]:
    """Somebody with a browser of their own."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": width, "height": 800},
        java_script_enabled=script,
        locale=language,
        service_workers="block",
    )
    await context.add_cookies(list(cookies))  # type: ignore[arg-type]
    page = await context.new_page()
    somebody = Person(page, base, script, by_keyboard=keyboard)
    page.on("pageerror", lambda error: somebody.troubles.append(f"script broke: {error}"))
    page.on(
        "console",
        lambda line: (
            somebody.troubles.append(f"the browser says: {line.text}")
            if line.type == "error" and "status of 4" not in line.text and "status of 5" not in line.text
            else None
        ),
    )
    try:
        yield somebody
    finally:
        await context.close()
