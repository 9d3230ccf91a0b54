"""Folds of typed text: what people and keyboards add to a number, and the signs that look like an apostrophe."""

from __future__ import annotations

import unicodedata
from typing import Final

INVISIBLE: Final = "Cf"
"""Unicode category of signs without a picture: U+200E, U+FEFF, zero-width joiners."""

_SPACES: Final = frozenset({"Zs", "Zl", "Zp"})
_GROUPING: Final = frozenset("\t\n\r.-/()\u2212")
_DASHES: Final = "Pd"


def fold_number(text: str, *, keep_case: bool = False) -> str:
    """Return a typed number without what groups it: full width made plain, letters large unless their case is kept.

    Dropped are spaces of every kind, dots, dashes, slashes, brackets and invisible signs. All else stays, so that a
    letter or a stray sign is refused afterwards instead of passing unseen.
    """
    folded = "".join(sign for sign in unicodedata.normalize("NFKC", text) if not _groups(sign))
    return folded if keep_case else folded.upper()


def without_invisible(text: str) -> str:
    """Return the text without signs that have no picture, such as U+200E."""
    return "".join(sign for sign in text if unicodedata.category(sign) != INVISIBLE)


def _groups(sign: str) -> bool:
    kind = unicodedata.category(sign)
    return kind in _SPACES or kind in (INVISIBLE, _DASHES) or sign in _GROUPING
