"""Whole names compared: a name on a paper is a hint for an officer, never a proof of who somebody is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

from services.application.paper_reading.reading.lines import READ_AS_LETTERS, TextLine, capitals

LABEL: Final = re.compile(
    r"^[\W\d]*(NAMA\s*(LENGKAP|KEPALA\s*KELUARGA|AYAH|IBU|SUAMI|ISTRI|ANAK)?|(FULL\s*)?NAME|NAMA\s*/\s*NAME)\b\W*"
)
TITLES: Final = frozenset(
    {"H", "HJ", "DR", "DRA", "DRS", "IR", "PROF", "SH", "SE", "ST", "SPD", "SKOM", "MM", "MSI", "MT", "MPD"}
)
CAPITAL_WORDS: Final = re.compile(r"[A-Z01][A-Z01'’`.]+(?: [A-Z01][A-Z01'’`.]*)+")
"""Names are written in capitals on papers: such a run of words in a sentence may be one."""

ABBREVIATED: Final = re.compile(r"\b([A-Z])\.(?=[A-Z]\b)")
"""S.H. is one title, not two letters."""

LIKENESS: Final = 0.9
"""Of two whole names: one letter in ten read wrongly. Of names with another word or without one it is less."""

LEAST_LETTERS: Final = 3


def same_name(one: str, other: str) -> bool:
    """Return whether two whole names are the same, but for titles, the order of words and a letter read wrongly."""
    first, second = words_of(one), words_of(other)
    if not first or not second:
        return False
    return any(
        _is_alike(sorted(first), sorted(second)) if in_order else _is_alike(first, second) for in_order in (0, 1)
    )


def is_on(name: str, lines: Iterable[TextLine]) -> bool:
    """Return whether one of the lines is this whole name, behind a label, or in capitals in a sentence."""
    texts = [line.text for line in lines]
    pairs = [f"{text} {follower}" for text, follower in pairwise(texts)]
    in_sentences = (words for text in (*texts, *pairs) for words in CAPITAL_WORDS.findall(text))
    whole = (LABEL.sub("", capitals(text)) for text in (*texts, *pairs))
    return any(same_name(name, other) for other in (*whole, *in_sentences))


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in capitals, without titles; 0 is O, 1 is I, 5 is S and 8 is B."""
    plain = re.sub(r"['’`]", "", capitals(name)).translate(READ_AS_LETTERS)
    words = re.sub(r"[^A-Z]+", " ", ABBREVIATED.sub(r"\1", plain)).split()
    return tuple(word for word in words if word not in TITLES)


def _is_alike(first: Sequence[str], second: Sequence[str]) -> bool:
    one, other = "".join(first), "".join(second)
    if one == other:
        return len(one) >= LEAST_LETTERS
    if len(first) != len(second) or min(len(one), len(other)) < LEAST_LETTERS * 2:
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= LIKENESS
