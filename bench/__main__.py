"""``python -m bench [NAME ...] [--json]``: measure, print, and write docs/measured.md when everything was measured."""

from __future__ import annotations

import argparse
import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from rich.console import Console
from rich.table import Table as Picture

from bench import events, journeys, listing, memory, money, openings, otp, recovery, report, seats, spread
from bench.figures import Table

Measure = Callable[..., Awaitable[Table]]

BENCHES: Final[dict[str, tuple[Measure, ...]]] = {
    "memory": (memory.measure,),
    "otp": (otp.measure,),
    "events": (events.measure,),
    "seats": (seats.measure, spread.measure, listing.measure, openings.measure),
    "money": (money.measure,),
    "journeys": (journeys.measure,),
    "recovery": (recovery.measure,),
}


def main() -> int:
    """Measure what was asked for; the page is written only by a run of everything, so that it is one run."""
    parser = argparse.ArgumentParser(prog="./paspor bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(BENCHES)}; default: all")
    parser.add_argument("--json", action="store_true", help="one JSON line per figure")
    parser.add_argument("--scale", type=float, default=1.0, help="shrinks benches with very many things; default: 1")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {unknown[0]}; there are: {', '.join(BENCHES)}")
    tables = asyncio.run(_measure(chosen.names or list(BENCHES), as_json=chosen.json, scale=chosen.scale))
    if not chosen.names and chosen.scale == 1.0:
        report.write(tables)
    return 0


async def _measure(names: list[str], *, as_json: bool, scale: float) -> list[Table]:
    tables = []
    for name in names:
        if not as_json:
            sys.stderr.write(f"measuring {name} ...\n")
        for measure in BENCHES[name]:
            scales = "scale" in inspect.signature(measure).parameters
            table = await (measure(scale=scale) if scales else measure())
            tables.append(table)
            _show(table, as_json=as_json)
    return tables


def _show(table: Table, *, as_json: bool) -> None:
    if as_json:
        for figure in table.figures:
            print(figure.as_json(), flush=True)
        return
    picture = Picture("figure", "value", "floor", "ratio", "target", "met", title=table.title)
    for figure in table.figures:
        picture.add_row(
            figure.name,
            f"{figure.value:.4g} {figure.unit}",
            "" if figure.floor is None else f"{figure.floor:.4g}",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            "" if figure.target is None else f"{figure.target:g}",
            {True: "yes", False: "no", None: ""}[figure.met],
        )
    console = Console()
    console.print(picture)
    if table.rows:
        details = Picture(*table.columns)
        for row in table.rows:
            details.add_row(*row)
        console.print(details)


if __name__ == "__main__":
    sys.exit(main())
