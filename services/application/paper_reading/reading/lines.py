"""A line of text that was read in a picture, and the forms in which lines are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

NOT_A_LETTER: Final = re.compile(r"[^A-Z0-9]")
READ_AS_LETTERS: Final = str.maketrans("0158", "OISB")
"""Digits that stand where a letter was printed."""

LIKENESS: Final = 0.86
"""Of a phrase: one wrong letter in eight."""

LEAST_NEARLY: Final = 7
"""Shorter phrases must be there letter by letter: one wrong letter makes another word of them."""


@dataclass(frozen=True)
class TextLine:
    """A line with its place in the picture, in parts of its width and height, and how sure the reader is (0 to 1)."""

    text: str = field(repr=False)
    score: float = 1.0
    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 0.0

    @property
    def middle(self) -> float:
        """The height at which it stands."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """Its own height."""
        return self.bottom - self.top


def capitals(text: str) -> str:
    """Return a text in capitals without accents, full width forms made plain (NFKC)."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).upper()


def squeezed(text: str) -> str:
    """Return the letters and digits of a text alone, in capitals; digits that look like letters are those letters."""
    return NOT_A_LETTER.sub("", capitals(text)).translate(READ_AS_LETTERS)


def has_phrase(text: str, phrase: str) -> bool:
    """Return whether a squeezed text has a squeezed phrase, for a longer one also with a wrong letter in eight."""
    if phrase in text:
        return True
    if len(phrase) < LEAST_NEARLY or len(text) < len(phrase) - 1:
        return False
    half = len(phrase) // 2
    return any(_is_nearly_at(text, phrase, start) for start in _starts(text, phrase, half))


def _starts(text: str, phrase: str, half: int) -> Iterable[int]:
    """Where the phrase would begin, by the places of its first and of its second half."""
    for part, offset in ((phrase[:half], 0), (phrase[half:], half)):
        place = text.find(part)
        while place >= 0:
            yield max(0, place - offset)
            place = text.find(part, place + 1)


def _is_nearly_at(text: str, phrase: str, start: int) -> bool:
    windows = (text[max(0, start + shift) : start + shift + len(phrase)] for shift in (-1, 0, 1))
    return any(SequenceMatcher(None, window, phrase, autojunk=False).ratio() >= LIKENESS for window in windows)
