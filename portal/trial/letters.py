"""Mails and text messages as the trial's page shows them: lines, the links to this site, the one-time code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_CODE: Final = re.compile(r"(?<![\w-])(\d{6})(?![\w-])")
"""Six digits by themselves: those of an id in a link stand between letters or hyphens."""

_LINK: Final = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:)]")


@dataclass(frozen=True)
class Letter:
    """A message that somebody received."""

    at: str
    title: str
    text: str
    files: tuple[str, ...] = ()

    @property
    def code(self) -> str | None:
        """The one-time code in it."""
        found = _CODE.search(_LINK.sub("", self.text))
        return found.group(1) if found else None


@dataclass(frozen=True)
class Piece:
    """A part of a line; with an address it is a link."""

    text: str
    href: str | None = None


def read_paragraphs(text: str, own_url: str) -> list[list[list[Piece]]]:
    """Return paragraphs of lines of pieces; links to this site are links, all else is text."""
    paragraphs = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return [[list(_pieces(line, own_url)) for line in paragraph.split("\n")] for paragraph in paragraphs]


def _pieces(line: str, own_url: str) -> Iterator[Piece]:
    base, at = own_url.rstrip("/"), 0
    for found in _LINK.finditer(line):
        href = found.group(0)
        if href != base and not href.startswith(f"{base}/"):
            continue
        if found.start() > at:
            yield Piece(line[at : found.start()])
        yield Piece(href, href.removeprefix(base) or "/")
        at = found.end()
    if at < len(line) or not line:
        yield Piece(line[at:])
