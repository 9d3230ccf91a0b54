"""Common passwords: those of zxcvbn's lists, and what is put together of them."""

from __future__ import annotations

from typing import Final

from zxcvbn import zxcvbn

MOST_CHARS_RATED: Final = 24
"""Signs of a password that are rated: at worst 0.2 s of a processor, and 6 s for 72. A good beginning is enough."""

HARD_TO_GUESS: Final = 4
"""zxcvbn's best score: ten thousand million guesses or more by somebody who knows its lists."""


def is_common(password: str) -> bool:
    """Return whether lists of 30,000 common passwords, names and words make it easy to guess.

    A list alone would stop next to nothing here: 31 of the common passwords have fifteen signs. So repeats, rows of the
    keyboard, years and joined common words count as well, as zxcvbn rates them.
    """
    return int(zxcvbn(password[:MOST_CHARS_RATED])["score"]) < HARD_TO_GUESS
