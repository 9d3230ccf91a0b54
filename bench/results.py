"""Figures of `./paspor bench`, kept in `.paspor/bench/figures.json` for `./paspor acceptance`.

The file: `{"commit", "dirty", "figures": {NAME: {"value", "unit"}}}`. It counts for the same commit without changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local_suite.home import home
from local_suite.work_tree import WorkTree, read_of, write_with


@dataclass(frozen=True)
class RecordedFigure:
    """One figure's value in its unit."""

    value: float
    unit: str


def figures_file() -> Path:
    """Return where the figures lie."""
    return home() / "bench" / "figures.json"


def write(figures: Mapping[str, RecordedFigure], tree: WorkTree, path: Path | None = None) -> None:
    """Write the figures of that source, beside what other runs measured of it; those of another source go."""
    path = path or figures_file()
    together = {**read(tree, path), **figures}
    write_with(tree, path, {"figures": {name: asdict(each) for name, each in together.items()}})


def read(tree: WorkTree, path: Path | None = None) -> dict[str, RecordedFigure]:
    """Return the figures that were measured of this source; none for another commit or changed files."""
    content = read_of(tree, path or figures_file())
    figures = {} if content is None else content.get("figures", {})
    return {name: RecordedFigure(float(each["value"]), str(each["unit"])) for name, each in figures.items()}
