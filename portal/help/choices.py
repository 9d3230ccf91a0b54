"""The cases that requirements can be asked for, and legal texts as both languages name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from shared.http.language import Language

REASONS: Final = ("new", "expired", "pages_full", "lost", "damaged", "data_change")
PURPOSES: Final = ("tourism", "family", "umrah", "hajj", "work", "study", "business", "medical", "other")
_FLAGS: Final = {"yes": "true", "no": "false"}

_TEXT_OF_LAW: Final = re.compile(
    r"\b(?P<law>(?:UUD|UU|PP|Perpres|PMK|Permenkumham|Permenimipas|Peraturan)\s[0-9][\w./]*)"
    r"(?:\sart\.\s(?P<articles>[0-9]+(?:\([0-9]+\))?(?:(?:,\s|\sand\s)[0-9]+(?:\([0-9]+\))?)*))?"
)


def chosen_query(asked: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an address's query that asks for a case; what is none of our choices is left out."""
    query = {}
    if asked.get("reason") in REASONS:
        query["reason"] = asked["reason"]
    if asked.get("purpose") in PURPOSES:
        query["purpose"] = asked["purpose"]
    if asked.get("minor") in _FLAGS:
        query["minor"] = _FLAGS[asked["minor"]]
    return query


def name_law(text: str, language: Language) -> str:
    """Return a legal basis as the language writes it: `PP 45/2024 art. 5(1)` is `PP 45/2024 Pasal 5 ayat (1)`."""
    if language == "en":
        return text
    named = []
    for found in _TEXT_OF_LAW.finditer(text):
        articles = re.sub(r"([0-9])\(", r"\1 ayat (", (found["articles"] or "").replace(" and ", " dan "))
        named.append(found["law"] + (f" Pasal {articles}" if articles else ""))
    return "; ".join(named) or text
