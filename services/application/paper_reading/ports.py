"""The reader of papers, as the use cases need it."""

from __future__ import annotations

from typing import Protocol

from services.application.paper_reading.verdict import AskedPaper, Verdict


class ReaderUnavailable(Exception):
    """No reader can be had at this moment; the page waits."""


class PageNotRead(Exception):
    """The reader broke or hung over this page, and once more when it was tried again."""


class PaperReader(Protocol):
    """Reads one page."""

    async def read(self, picture: bytes, asked: AskedPaper) -> Verdict:
        """Return the verdict; refuses with `ReaderUnavailable` or `PageNotRead`."""
        ...
