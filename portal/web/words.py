"""The sentences of the pages in both languages: one `words.toml` in each room, and those that all rooms share."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from shared.http.language import Language

PORTAL: Final = Path(__file__).parent.parent
LANGUAGES: Final[tuple[Language, ...]] = ("id", "en")
SHARED_ROOM: Final = "web"


class WordsMissing(LookupError):
    """A page asks for a sentence that is not there."""


class Words:
    """Sentences by language, room and key. A sentence has both languages or the portal does not start."""

    def __init__(self, folder: Path = PORTAL) -> None:
        """Read every `words.toml` below the folder.

        Raises:
            WordsMissing: a sentence is not there in one of the languages.
        """
        self._by_language: dict[Language, dict[str, str]] = {language: {} for language in LANGUAGES}
        for file in sorted(folder.glob("*/words.toml")):
            self._add(file.parent.name, "", tomllib.loads(file.read_text("utf-8")))

    def sentence(self, language: Language, room: str, key: str, facts: Mapping[str, Any]) -> str:
        """Return the sentence of the room, or the shared one, with its facts filled in.

        Raises:
            WordsMissing: there is none, or a fact is missing.
        """
        known = self._by_language[language]
        text = known.get(f"{room}.{key}") or known.get(f"{SHARED_ROOM}.{key}")
        if text is None:
            raise WordsMissing(f"{room}.{key}")
        try:
            return text.format_map(facts) if facts else text
        except KeyError as missing:
            raise WordsMissing(f"{room}.{key} needs {missing}") from None

    def knows(self, room: str, key: str) -> bool:
        """Return whether there is such a sentence."""
        known = self._by_language[LANGUAGES[0]]
        return f"{room}.{key}" in known or f"{SHARED_ROOM}.{key}" in known

    def tells(self, room: str, key: str) -> bool:
        """Return whether there is such a sentence and it can be told by itself: no fact stands in it."""
        known = self._by_language[LANGUAGES[0]]
        text = known.get(f"{room}.{key}") or known.get(f"{SHARED_ROOM}.{key}")
        return text is not None and "{" not in text

    def keys(self) -> frozenset[str]:
        """Return the names of all sentences, with their rooms."""
        return frozenset(self._by_language[LANGUAGES[0]])

    def _add(self, room: str, prefix: str, table: Mapping[str, Any]) -> None:
        for key, value in table.items():
            name = f"{prefix}{key}"
            if not isinstance(value, dict):
                raise WordsMissing(f"{room}.{name} has no language")
            if LANGUAGES[0] not in value or isinstance(value[LANGUAGES[0]], dict):
                self._add(room, f"{name}.", value)
                continue
            for language in LANGUAGES:
                if not value.get(language):
                    raise WordsMissing(f"{room}.{name} in {language}")
                self._by_language[language][f"{room}.{name}"] = value[language]
