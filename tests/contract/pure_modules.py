"""Which modules are pure: states, transitions and policies, told the time, ids and chance as arguments."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]


def pure_modules(service: str) -> list[Path]:
    """The pure modules of a service that `pyproject.toml` lists, relative to the project."""
    patterns = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["paspor"]["pure"]
    found = [path.relative_to(PROJECT) for pattern in patterns for path in sorted(PROJECT.glob(pattern))]
    return [path for path in found if path.parts[1] == service]


def dotted(path: Path) -> str:
    """The name that a module is imported by."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")
