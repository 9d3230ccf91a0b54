"""Every link of a mail or text message leads to a page of the site."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal.pages import PAGES
from services.notification.texts import DATA

_LINK = re.compile(r"\{\{ portal_url \}\}((?:/[a-z0-9_-]+|/\{\{ \w+ \}\})*)")
PLACES = [re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(page.path))) for page in PAGES if page.method == "GET"]


def links() -> dict[str, str]:
    """Each different link, and one template that has it."""
    found: dict[str, str] = {}
    for file in sorted(Path(DATA).rglob("*.txt")):
        for path in _LINK.findall(file.read_text(encoding="utf-8")):
            found.setdefault(re.sub(r"\{\{ \w+ \}\}", "x1", path) or "/", f"{file.parent.name}/{file.name}")
    return found


@pytest.mark.parametrize(("path", "template"), links().items())
def test_every_link_leads_to_a_page(path: str, template: str) -> None:
    assert any(place.fullmatch(path) for place in PLACES), f"{template} links to {path}, and there is no such page"


def test_links_are_found() -> None:
    """The twin: the look at templates sees links, and a page that is not there is noticed."""
    assert {"/", "/applications/x1"} <= links().keys()
    assert not any(place.fullmatch("/no/such/page") for place in PLACES)
