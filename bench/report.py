"""The page of measured figures, written anew from one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.figures import Figure, Table
from bench.machine import commit, machine, today

PAGE = Path(__file__).parents[1] / "docs" / "measured.md"


def write(tables: Sequence[Table], page: Path = PAGE) -> None:
    """Write the page; figures that miss their target stand there like the others."""
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(_lines(tables)) + "\n")


def _lines(tables: Sequence[Table]) -> Iterable[str]:
    yield "# Measured figures"
    yield ""
    yield "Written by `./paspor bench`; do not edit. Everything of one table was measured in one run, beside its"
    yield "floor: the bare driver doing the same writes. The load generator runs on the same machine."
    yield ""
    yield f"- Machine: {machine()}"
    yield f"- Date: {today()}; commit: {commit()}"
    for table in tables:
        yield from ("", f"## {table.title}", "", table.method, "")
        yield "| figure | value | floor | ratio | target | met |"
        yield "|---|---|---|---|---|---|"
        yield from (_row(figure) for figure in table.figures)
        yield from ("", *(f"- `{figure.name}`: {figure.why}" for figure in table.figures if figure.why))
        if table.rows:
            yield from ("", "| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns))
            yield from ("| " + " | ".join(row) + " |" for row in table.rows)


def _row(figure: Figure) -> str:
    floor = f"{figure.floor:.4g} {figure.unit}" if figure.floor is not None else ""
    target = f"{figure.target:g}" + ("" if figure.ratio is not None else f" {figure.unit}") if figure.target is not None else ""
    met = {True: "yes", False: "**no**", None: ""}[figure.met]
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    return f"| `{figure.name}` | {figure.value:.4g} {figure.unit} | {floor} | {ratio} | {target} | {met} |"
