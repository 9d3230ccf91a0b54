"""Pages of what went wrong. Most are shown in place of another page (`portal.web.binding`)."""

from __future__ import annotations

from typing import Final

from portal.web.page import Page

PAGES: Final[tuple[Page, ...]] = ()
