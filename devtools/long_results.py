"""Results of `./paspor test --long`, kept in `.paspor/long/result.json` for `./paspor acceptance`.

The file: `{"commit", "dirty", "tests": {NODE_ID: OUTCOME}, "clauses": {NODE_ID: [CLAUSE]}}`, only of tests that carry
clauses. It counts for the same commit without changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local_suite.home import home
from local_suite.work_tree import WorkTree, read_of, write_with


def result_file() -> Path:
    """Return where the result lies."""
    return home() / "long" / "result.json"


def write(lines: Sequence[Mapping[str, Any]], tree: WorkTree, path: Path | None = None, *, whole: bool = True) -> None:
    """Write the lines of the plugin's report as the result of that source.

    Those of a part of the tests (``whole`` is False) join what is kept of the same source.
    """
    path = path or result_file()
    known = {} if whole else read_of(tree, path) or {}
    content = {
        "tests": {**known.get("tests", {}), **{line["test"]: line["outcome"] for line in lines}},
        "clauses": {**known.get("clauses", {}), **{line["test"]: line["clauses"] for line in lines}},
    }
    write_with(tree, path, content)


def read(tree: WorkTree, path: Path | None = None) -> list[dict[str, Any]]:
    """Return the lines that were kept for this source; none for another commit or changed files."""
    content = read_of(tree, path or result_file())
    if content is None:
        return []
    clauses = content.get("clauses", {})
    return [
        {"test": test, "clauses": clauses.get(test, []), "outcome": outcome}
        for test, outcome in content.get("tests", {}).items()
    ]
