"""Words that names and docstrings must not use (docs/glossary.md has those that they do), and classes named twice."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from shared.events.subscriptions import SERVICES

PROJECT = Path(__file__).parents[2]
FINISHED = (
    *("shared", "simulators", "local_suite", "operations", "devtools", "journeys", "bench", "command_line"),
    *("paper_samples", "portal"),
    *("services/application", "services/billing", "services/identity", "services/notification", "services/scheduling"),
)
"""Packages whose names and sentences are done."""

FILE_NAMES = {
    *("aside", "asking", "claiming", "conduct", "correcting", "crowd", "desk", "driving", "edge", "explaining"),
    *("falling_back", "gathering", "hurry", "hurrying", "keeping", "keeping_back", "layer", "recount", "sending"),
    *("settling", "standing", "straws", "telling", "tools", "turns"),
}
CLASS_NAMES = {
    *("Aside", "Claiming", "Conduct", "Crowd", "Deed", "Desk", "Gathering", "Hurry", "Keeping", "Layer", "Recount"),
    *("Standing", "Straws", "Turns", "Who"),
}
FUNCTION_NAMES = {"again", "heard", "look", "mean", "of", "once_known"}
OPENINGS = re.compile(r"(Who|What|Whoever)\b")
SENTENCES = re.compile(r"\b(anew|in vain|nobody|becomes? of|became of)\b", re.IGNORECASE)

NOT_YET = {
    ("shared/store/retry.py", "again"),  # goes when all use `shared.store.change`
}

NAMED_TWICE = {
    "identity": {"PersonLookup"},
    "application": set[str](),
    "scheduling": set[str](),
    "billing": set[str](),
    "notification": set[str](),
}
"""Class names that still occur twice in a service. The lists only shrink."""


def sources(folder: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of each Python file of a package."""
    for path in sorted((PROJECT / folder).rglob("*.py")):
        yield path.relative_to(PROJECT).as_posix(), path.read_text(encoding="utf-8")


parsed = cache(ast.parse)
"""The tree of a text; several tests ask for it."""


def docstrings(tree: ast.AST) -> Iterator[str]:
    """Yield every string that stands for itself: of modules, classes, functions, constants and fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


@cache
def banned_in(package: str) -> frozenset[tuple[str, str]]:
    """Return the banned words of all files of a package."""
    return frozenset().union(*(banned_words(path, text) for path, text in sources(package)))


def banned_words(path: str, text: str) -> set[tuple[str, str]]:
    """Return the banned words of a file, each with the path."""
    tree = parsed(text)
    found = {Path(path).stem} & FILE_NAMES
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            found |= {node.name} & CLASS_NAMES
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= {node.name.lstrip("_")} & FUNCTION_NAMES
    for sentence in docstrings(tree):
        opening = OPENINGS.match(sentence)
        found |= {opening.group()} if opening else set()
        found |= {each.group().lower() for each in SENTENCES.finditer(" ".join(sentence.split()))}
    return {(path, word) for word in found}


def named_twice(texts: Iterator[tuple[str, str]]) -> set[str]:
    """Return the public classes that are declared in more than one file."""
    names = Counter(
        node.name
        for _, text in texts
        for node in parsed(text).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    return {name for name, count in names.items() if count > 1}


@pytest.mark.parametrize("package", FINISHED)
def test_a_finished_package_has_no_banned_word(package: str) -> None:
    assert banned_in(package) - NOT_YET == set()


def test_what_is_excused_is_there() -> None:
    assert frozenset().union(*map(banned_in, FINISHED)) >= NOT_YET


@pytest.mark.parametrize("package", FINISHED)
def test_a_finished_package_names_no_class_twice(package: str) -> None:
    assert named_twice(sources(package)) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_names_no_further_class_twice(service: str) -> None:
    assert named_twice(sources(f"services/{service}")) <= NAMED_TWICE[service]


@pytest.mark.parametrize(
    ("path", "text", "word"),
    [
        ("x/desk.py", "", "desk"),
        ("x/y.py", "class Standing:\n    pass", "Standing"),
        ("x/y.py", "class X:\n    async def _look(self):\n        pass", "look"),
        ("x/y.py", '"""Who waits for a seat."""', "Who"),
        ("x/y.py", 'LIMIT = 3\n"""What may wait."""', "What"),
        ("x/y.py", 'def f():\n    """Put back a seat that was reached for in\n    vain."""', "in vain"),
        ("x/y.py", '"""Fine.\n\nNobody waits."""', "nobody"),
    ],
)
def test_a_banned_word_is_found(path: str, text: str, word: str) -> None:
    """The twin: each kind of banned word, in a file that is otherwise sound."""
    assert banned_words(path, text) == {(path, word)}
    assert banned_words("x/y.py", 'def f():\n    """Return the looks; whatever a desk is."""') == set()


def test_a_class_named_twice_is_found() -> None:
    place = "class Place:\n    pass"
    files = [("a.py", place), ("b.py", place), ("c.py", "class _Place:\n    pass")]
    assert named_twice(iter(files)) == {"Place"}
    assert named_twice(iter(files[1:])) == set()
