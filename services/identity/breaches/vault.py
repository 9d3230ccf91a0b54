"""The operators' own words about a breach, encrypted for its entry: they may name somebody."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.identity.breaches.breach import Breach
from services.identity.seals import Seals

WORDS: Final = "breach_words"


class BreachVault:
    """Seals and opens the words of an entry."""

    def __init__(self, seals: Seals) -> None:
        self._cipher = seals.cipher

    def seal(self, breach_id: str, words: str | None) -> str | None:
        """Return the words encrypted; None for none."""
        return self._cipher.seal(words, owner_id=breach_id, field=WORDS) if words else None

    def is_current(self, breach: Breach) -> bool:
        """Return whether the words are sealed by the current master key."""
        return breach.words_sealed is None or not self._cipher.needs_rotation(breach.words_sealed)

    async def turned(self, breach_id: str, breach: Breach) -> Breach:
        """Return the entry with its words sealed by the current master key."""
        return replace(breach, words_sealed=self.seal(breach_id, self.open(breach_id, breach.words_sealed)))

    def open(self, breach_id: str, sealed: str | None) -> str | None:
        """Return the words in clear; None for none."""
        return self._cipher.open(sealed, owner_id=breach_id, field=WORDS) if sealed else None
