"""Numbers in Indonesian words, as certificates spell days and years: dua puluh tiga, seribu sembilan ratus delapan."""

from __future__ import annotations

import re
from typing import Final

DIGITS: Final = {
    "SATU": 1,
    "DUA": 2,
    "TIGA": 3,
    "EMPAT": 4,
    "LIMA": 5,
    "ENAM": 6,
    "TUJUH": 7,
    "DELAPAN": 8,
    "SEMBILAN": 9,
}
WHOLE: Final = {"SEPULUH": 10, "SEBELAS": 11, "SERATUS": 100}
TIMES: Final = {"PULUH": 10, "RATUS": 100}
TEENS: Final = "BELAS"
THOUSAND: Final = "RIBU"
ONE_THOUSAND: Final = "SERIBU"
WORDS: Final = "|".join(sorted((*DIGITS, *WHOLE, *TIMES, TEENS, THOUSAND, ONE_THOUSAND), key=len, reverse=True))
_WORD: Final = re.compile(WORDS)


def number_of(words: str) -> int:
    """Return the number that words in capitals say, up to 9999; spaces between them may be lost."""
    thousands = rest = digit = 0
    for word in _WORD.findall(words):
        if word in DIGITS:
            digit = DIGITS[word]
            continue
        if word == ONE_THOUSAND:
            thousands = 1000
        elif word == THOUSAND:
            thousands, rest = 1000 * (rest + digit), 0
        elif word in WHOLE:
            rest += WHOLE[word]
        else:
            rest += digit + 10 if word == TEENS else digit * TIMES[word]
        digit = 0
    return thousands + rest + digit
