"""The page of measured figures, written from one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from bench.comparison import Compared, spread
from bench.figures import Figure, Table, format_value
from bench.machine import commit, machine, today

PAGE = Path(__file__).parents[1] / "docs" / "measured.md"

SIDE_BY_SIDE: Final = "\n## Side by side with "
"""Begins a section that holds this build against another one; these are the last of the page."""


def write(tables: Sequence[Table], page: Path = PAGE) -> None:
    """Write the page; figures that miss their target stand there like the others.

    Sections that hold this build against another one come from other runs: they stay as they are, with their own date.
    """
    _, sections = _read(page)
    _write(page, "\n".join(_lines(tables)), sections)


def write_side_by_side(lines: Sequence[str], commit: str, names: Sequence[str] = (), page: Path = PAGE) -> None:
    """Write the section that holds what was asked for against that commit, in place of an earlier one of the same."""
    rest, sections = _read(page)
    heading = f"{commit}: {' '.join(names) or 'everything'}"
    _write(page, rest, {**sections, heading: "\n".join([heading, "", *lines])})


def _read(page: Path) -> tuple[str, dict[str, str]]:
    """The page before the first section of that kind, and these sections by their heading."""
    rest, *sections = (page.read_text() if page.exists() else "").split(SIDE_BY_SIDE)
    return rest, {section.partition("\n")[0]: section for section in sections}


def _write(page: Path, rest: str, sections: Mapping[str, str]) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(SIDE_BY_SIDE.join(f"{part.rstrip()}\n" for part in (rest, *sections.values())))


def compared_row(figure: Compared) -> str:
    """One figure of both builds as a row of the page."""
    this, other = (median_of(values, figure.unit) for values in (figure.this, figure.other))
    spreads = ", ".join(_percent(spread(values)) for values in (figure.this, figure.other))
    met = {True: "yes", False: "**no**", None: ""}[figure.met]
    target = targets_of(figure).removeprefix("; target ").removesuffix(": met").removesuffix(": not met")
    return f"| `{figure.name}` | {this} | {other} | {ratio_of(figure)} | {spreads} | {target} | {met} |"


def median_of(values: Sequence[float], unit: str) -> str:
    """The median with its unit; a dash where nothing was measured."""
    return f"{format_value(median(values))} {unit}" if values else "-"


def values_of(values: Sequence[float]) -> str:
    """Every run's value, the median and the spread, on one line."""
    listed = "  ".join(format_value(value) for value in values)
    return f"{listed}   median {format_value(median(values))}, spread {_percent(spread(values))}"


def ratio_of(figure: Compared) -> str:
    """The median ratio, or why there is none."""
    if figure.ratio is not None:
        return f"{figure.ratio:.3f}"
    return "none (the other's values are 0)" if figure.other else "none (only this build has it)"


def targets_of(figure: Compared) -> str:
    """The declared targets and whether they are met, to be put behind the ratio; empty where there is none."""
    wanted = []
    if figure.wanted_ratio is not None:
        wanted.append(f"ratio at {'most' if figure.less_is_better else 'least'} {figure.wanted_ratio:.3g}")
    if figure.target is not None:
        wanted.append(f"at {'most' if figure.less_is_better else 'least'} {figure.target:g} {figure.unit}")
    if not wanted:
        return ""
    held = {True: ": met", False: ": not met", None: ""}[figure.met]
    return f"; target {' and '.join(wanted)}{held}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


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
    floor = f"{format_value(figure.floor)} {figure.unit}" if figure.floor is not None else ""
    unit = "" if figure.ratio is not None else f" {figure.unit}"
    target = f"{figure.target:g}{unit}" if figure.target is not None else ""
    met = {True: "yes", False: "**no**", None: ""}[figure.met]
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    return f"| `{figure.name}` | {format_value(figure.value)} {figure.unit} | {floor} | {ratio} | {target} | {met} |"
