"""Measure, print, and write docs/measured.md when everything was measured.

``python -m bench [NAME ...] [--json]`` measures this build; with ``--against REV`` another commit's in turn with it.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from rich.console import Console
from rich.table import Table as Picture

from bench import (
    against,
    calls,
    erasure_load,
    events,
    guess,
    handover,
    journeys,
    listing,
    memory,
    money,
    opening_load,
    openings,
    otp,
    papers_check,
    papers_hits,
    papers_hold_loss,
    portal,
    receipts,
    recovery,
    report,
    seats,
    spread,
    submit,
    waiting_memory,
    waiting_told,
)
from bench import results as bench_results
from bench.arguments import add_arguments
from bench.checkout_benches import CHECKOUT_BENCHES, measure_here
from bench.figures import Table, format_value
from bench.results import RecordedFigure
from local_suite import signals
from local_suite.errors import CommandError
from local_suite.work_tree import checked_out, over_a_run

Measure = Callable[..., Awaitable[Table]]

BENCHES: Final[dict[str, tuple[Measure, ...]]] = {
    "memory": (memory.measure,),
    "otp": (otp.measure,),
    "otp.guess": (guess.measure,),
    "events": (events.measure,),
    "seats": (seats.measure, spread.measure, listing.measure, openings.measure),
    "opening_load": (opening_load.measure,),
    "money": (money.measure,),
    "receipts": (receipts.measure,),
    "journeys": (journeys.measure,),
    "calls": (calls.measure,),
    "submit": (submit.measure,),
    "recovery": (recovery.measure,),
    "waiting.memory": (waiting_memory.measure,),
    "waiting.told": (waiting_told.measure,),
    "erasure.load": (erasure_load.measure,),
    "handover": (handover.measure,),
    "papers.check": (papers_check.measure,),
    "papers.hits": (papers_hits.measure,),
    "papers.hold_loss": (papers_hold_loss.measure,),
    "portal": (portal.measure,),
    **{name: (measure_here(name),) for name in CHECKOUT_BENCHES},
}


def main() -> int:
    """Measure what was asked for; the page is written only by a run of everything, so that it is one run."""
    parser = argparse.ArgumentParser(prog="./paspor bench", description=__doc__)
    add_arguments(parser)
    chosen = parser.parse_intermixed_args()
    if chosen.against is not None:
        # a shortened run is no record
        page = None if chosen.no_page or chosen.changes else report.PAGE
        return against.execute(
            against.Order(chosen.against, chosen.names, chosen.pairs, chosen.changes, chosen.json, chosen.keep, page)
        )
    wanted = [bench for name in chosen.names for bench in named(name)]
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {unknown[0]}; there are: {', '.join(BENCHES)}")
    whole = not chosen.names and chosen.scale == 1.0 and not chosen.no_page
    try:
        return signals.run(_run(wanted or list(BENCHES), as_json=chosen.json, scale=chosen.scale, write=whole))
    except CommandError as refusal:
        sys.stderr.write(f"paspor: {refusal}\n")
        return 1


def named(name: str) -> list[str]:
    """Return the benches of a kind (``attacks``, ``work``); for any other name that name."""
    return [bench for bench in BENCHES if bench.startswith(f"{name}.")] or [name]


async def _run(names: list[str], *, as_json: bool, scale: float, write: bool) -> int:
    begun = checked_out()
    tables = await _measure(names, as_json=as_json, scale=scale)
    if scale == 1.0:  # a shrunk run is no record
        figures = {
            figure.name: RecordedFigure(figure.value, figure.unit) for table in tables for figure in table.figures
        }
        bench_results.write(figures, over_a_run(begun, checked_out()))
    if write:
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
            f"{format_value(figure.value)} {figure.unit}",
            "" if figure.floor is None else format_value(figure.floor),
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
