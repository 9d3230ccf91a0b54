"""The portal's sentences: each that a page asks for is there, each is asked for, and none is in the wrong language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from portal.web.words import LANGUAGES, SHARED_ROOM, Words

PORTAL: Final = Path(__file__).parents[2] / "portal"

_CALL: Final = re.compile(r"\bt\(")
_TEXT: Final = re.compile(r"""["']([a-z0-9_]+(?:\.[a-z0-9_]+)*)["']""")
_TOLD: Final = re.compile(r"""\btold\s*=\s*["']([a-z0-9_.]+)["']""")
_BEGINNING: Final = re.compile(r"""f?["']([a-z0-9_.]+?[._])(?:["']\s*~|\{)""")
"""Of a key whose end is a fact: `t("tag." ~ state)`, `f"door.{name}"`."""

_ENDING: Final = re.compile(r"""~\s*["']([._][a-z0-9_.]+)["']""")
"""Of a key whose beginning is a fact: `t(name ~ "_title")`."""

_ENGLISH: Final = re.compile(
    r"\b(the|and|your|you|with|of|is|are|for|from|please|click|sign|not|this)\b", re.IGNORECASE
)
_INDONESIAN: Final = re.compile(
    r"\b(yang|dan|untuk|dengan|anda|tidak|adalah|dari|atau|sudah|belum|ini)\b", re.IGNORECASE
)
_NAMES: Final = ("Paspor Daring",)
"""Proper names, which stand in both languages."""

_FOR_ALL: Final = frozenset({"save", "cancel", "change", "continue", "owner"})
"""Shared words that rooms may use or not."""

_OPENINGS: Final = re.compile(r"(?:^|[.:] )(Who|What|Whoever)\b[^?.]*\.")
"""Of a whole sentence: headings and questions may begin so."""


def rooms() -> list[str]:
    return sorted(path.parent.name for path in PORTAL.glob("*/words.toml"))


@cache
def sources(room: str) -> str:
    """The room's templates and code, without comments that a template does not show."""
    files = sorted((PORTAL / room).rglob("*.html")) + sorted((PORTAL / room).rglob("*.py"))
    return "\n".join(re.sub(r"{#.*?#}", "", file.read_text("utf-8"), flags=re.S) for file in files)


def arguments(source: str) -> Iterator[str]:
    """The first argument of each call of `t`, as it is written."""
    for call in _CALL.finditer(source):
        depth, begin = 1, call.end()
        for at in range(begin, len(source)):
            depth += {"(": 1, ")": -1}.get(source[at], 0)
            if depth == 0 or (depth == 1 and source[at] == ","):
                yield source[begin:at]
                break


def asked_for(room: str) -> set[str]:
    """Keys that the room's pages ask for by their whole names."""
    keys: set[str] = set(_TOLD.findall(sources(room)))
    for argument in arguments(sources(room)):
        # `"a" if x == "b" else "c"`: what is compared is no key
        plain = re.sub(r"""(==|!=|\bin)\s*(["'][^"']*["']|[\[(][^\])]*[\])])""", "", argument)
        plain = re.sub(r"""["'][^"']*["']\s*(==|!=|\bin\b)""", "", plain)
        if "~" not in plain and "[" not in plain and "|" not in plain:
            keys |= set(_TEXT.findall(plain))
    return keys


@cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """Each sentence in both languages, by room and key."""
    found: dict[str, Mapping[str, str]] = {}

    def add(name: str, table: Mapping[str, Any]) -> None:
        for key, value in table.items():
            if isinstance(value.get(LANGUAGES[0]), str):
                found[f"{name}.{key}"] = value
            else:
                add(f"{name}.{key}", value)

    for room in rooms():
        add(room, tomllib.loads((PORTAL / room / "words.toml").read_text("utf-8")))
    return found


@pytest.mark.parametrize("room", rooms())
def test_every_sentence_that_a_page_asks_for_is_there(room: str) -> None:
    words = Words()
    assert sorted(key for key in asked_for(room) if not words.knows(room, key)) == []


@pytest.mark.parametrize("room", rooms())
def test_every_sentence_is_asked_for(room: str) -> None:
    readers = [path.name for path in PORTAL.iterdir() if path.is_dir()] if room == SHARED_ROOM else [room]
    if room == "errors":
        readers.append(SHARED_ROOM)  # the frame shows its pages
    source = "\n".join(sources(reader) for reader in readers)
    keys = [name.partition(".")[2] for name in sentences() if name.partition(".")[0] == room]
    named = set(_TEXT.findall(source))
    beginnings, endings = set(_BEGINNING.findall(source)), set(_ENDING.findall(source))
    unused = [
        key
        for key in keys
        if key not in named
        and not any(key.startswith(beginning) for beginning in beginnings)
        and not any(key.endswith(ending) for ending in endings)
        and not ('~ "." ~' in source and key.partition(".")[0] in named)
        and not (room == SHARED_ROOM and key in _FOR_ALL)
    ]
    assert unused == []


def test_each_language_has_its_own_words_and_the_same_facts() -> None:
    wrong = []
    for name, both in sentences().items():
        told = {language: both[language] for language in LANGUAGES}
        for proper in _NAMES:
            told = {language: text.replace(proper, "") for language, text in told.items()}
        facts = {language: set(re.findall(r"{(\w+)", text)) for language, text in told.items()}
        plain = {
            language: re.sub(r"{\w+[^}]*}|<[^>]+>|\S+@\S+|https?:\S+", "", text) for language, text in told.items()
        }
        if facts["id"] != facts["en"]:
            wrong.append(f"{name}: facts differ")
        if name not in ("web.other_language",) and (english := _ENGLISH.search(plain["id"])):
            wrong.append(f"{name}: English in Indonesian: {english[0]}")
        if name not in ("web.other_language",) and (indonesian := _INDONESIAN.search(plain["en"])):
            wrong.append(f"{name}: Indonesian in English: {indonesian[0]}")
    assert wrong == []


def test_no_sentence_begins_with_what_it_is_about() -> None:
    assert [name for name, both in sentences().items() if _OPENINGS.search(both["en"])] == []


def test_the_checks_see_what_they_are_for() -> None:
    source = (
        """{{ t("a_b") }} {{ t("c" if x == "no" else "d", e="f") }} {{ t("tag." ~ state) }} {{ t(name ~ "_end") }}"""
    )
    assert list(arguments(source)) == ['"a_b"', '"c" if x == "no" else "d"', '"tag." ~ state', 'name ~ "_end"']
    assert _BEGINNING.findall(source) == ["tag."]
    assert _ENDING.findall(source) == ["_end"]
    assert _ENGLISH.search("Simpan the data")
    assert _OPENINGS.search("What you typed is kept.")
    assert not _OPENINGS.search("What is the passport for?")
    assert not _OPENINGS.search("What to do next")
