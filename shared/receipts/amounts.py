"""Whole rupiah in figures and in words, in Indonesian and English. Pure."""

from __future__ import annotations

from typing import Final

LARGEST_AMOUNT: Final = 10**15 - 1
"""The largest amount that has words: above any that the treasury takes at a time."""

_ID_WORDS: Final = "nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas"
_ID: Final = tuple(_ID_WORDS.split())
_ID_SIZES: Final = (
    (10**12, "triliun"),
    (10**9, "miliar"),
    (10**6, "juta"),
    (1000, "ribu"),
    (100, "ratus"),
    (10, "puluh"),
)
_LARGEST_PREFIX: Final = 1000
"""One of this size and below is a prefix in Indonesian (``seribu``, ``seratus``), above it a word (``satu juta``)."""

_EN_WORDS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_EN: Final = tuple(_EN_WORDS.split())
_EN_TEN_WORDS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_EN_TENS: Final = tuple(_EN_TEN_WORDS.split())
_EN_SIZES: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))


def write_rupiah(amount: int) -> str:
    """Return whole rupiah as Indonesians write it: ``Rp350.000``."""
    return f"Rp{amount:,}".replace(",", ".")


def amount_in_words(amount: int, language: str) -> str:
    """Return whole rupiah in words: ``tiga ratus lima puluh ribu rupiah``; in English for ``en``.

    Raises:
        ValueError: it is below zero or above `LARGEST_AMOUNT`, or the language is neither ``id`` nor ``en``.
    """
    if not 0 <= amount <= LARGEST_AMOUNT:
        raise ValueError("an amount that has no words")
    if language not in ("id", "en"):
        raise ValueError("words are written in id and en")
    return f"{_indonesian(amount) if language == 'id' else _english(amount)} rupiah"


def _indonesian(number: int) -> str:
    if number < len(_ID):
        return _ID[number]
    if number < 20:
        return f"{_ID[number - 10]} belas"
    size, name = next(known for known in _ID_SIZES if number >= known[0])
    count, rest = divmod(number, size)
    first = f"se{name}" if count == 1 and size <= _LARGEST_PREFIX else f"{_indonesian(count)} {name}"
    return f"{first} {_indonesian(rest)}" if rest else first


def _english(number: int) -> str:
    if number < len(_EN):
        return _EN[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return f"{_EN_TENS[tens - 2]}-{_EN[ones]}" if ones else _EN_TENS[tens - 2]
    size, name = next(known for known in _EN_SIZES if number >= known[0])
    count, rest = divmod(number, size)
    first = f"{_english(count)} {name}"
    if not rest:
        return first
    return f"{first} and {_english(rest)}" if rest < 100 else f"{first} {_english(rest)}"
