"""Which commit is checked out, so that a result counts for the source that gave it and for no other."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_suite.home import PROJECT


@dataclass(frozen=True)
class WorkTree:
    """The commit's full id (empty where git knows none) and whether files outside docs/ differ from it."""

    commit: str
    dirty: bool

    def is_same_source(self, other: WorkTree) -> bool:
        """Return whether both are the same commit without changes."""
        return bool(self.commit) and self.commit == other.commit and not self.dirty and not other.dirty


def checked_out(folder: Path = PROJECT) -> WorkTree:
    """Return what is checked out there; what runs write into docs/ is no change."""
    commit = _git(folder, "rev-parse", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--", ".", ":(exclude)docs")
    return WorkTree(commit or "", changed != "")


def over_a_run(begun: WorkTree, ended: WorkTree) -> WorkTree:
    """Return the tree that a run's result belongs to: dirty too if it was another one at the end."""
    return WorkTree(begun.commit, not begun.is_same_source(ended))


def write_with(tree: WorkTree, path: Path, content: dict[str, Any]) -> None:
    """Write a result file that says which source it is of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"commit": tree.commit, "dirty": tree.dirty, **content}, indent=1) + "\n")


def read_of(tree: WorkTree, path: Path) -> dict[str, Any] | None:
    """Return a result file's content; none where it is missing, unreadable, of another commit or of changed files."""
    try:
        content = json.loads(path.read_text())
        of = WorkTree(str(content["commit"]), bool(content["dirty"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return content if tree.is_same_source(of) else None


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
