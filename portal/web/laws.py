"""Legal texts as both languages name them."""

from __future__ import annotations

import re
from typing import Final

from shared.http.language import Language

_TEXT_OF_LAW: Final = re.compile(
    r"\b(?P<law>(?:UUD|UU|PP|Perpres|PMK|Permenkumham|Permenimipas|Peraturan)\s[0-9][\w./]*)"
    r"(?:\sart\.\s(?P<articles>[0-9]+(?:\([0-9]+\))?(?:(?:,\s|\sand\s)[0-9]+(?:\([0-9]+\))?)*))?"
)


def name_law(text: str, language: Language) -> str:
    """Return a legal basis as the language writes it: `PP 45/2024 art. 5(1)` is `PP 45/2024 Pasal 5 ayat (1)`."""
    if language == "en":
        return text
    named = []
    for found in _TEXT_OF_LAW.finditer(text):
        articles = re.sub(r"([0-9])\(", r"\1 ayat (", (found["articles"] or "").replace(" and ", " dan "))
        named.append(found["law"] + (f" Pasal {articles}" if articles else ""))
    return "; ".join(named) or text
