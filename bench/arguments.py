"""Arguments of `./paspor bench`. Imports the standard library alone: help is answered before all else."""

from __future__ import annotations

import argparse
from typing import Final

BENCH_NAMES: Final = (
    *("memory", "otp", "otp.guess", "events", "seats", "opening_load", "money", "receipts", "journeys", "calls"),
    *("submit", "recovery", "waiting.memory", "waiting.told", "erasure.load", "handover"),
    *("papers.check", "papers.hits", "papers.hold_loss", "portal"),
    *("attacks.half_sent", "attacks.pieces", "attacks.picture", "attacks.streams", "attacks.pay_and_cancel"),
    *("journey.cpu", "journey.requests", "otp.addresses"),
    *("work.files", "work.statements"),
)
PAIRS: Final = 3
LONGEST_PAIRS: Final = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the names of benches, or of figures with ``--against``, and all options."""
    names = f"one or more of {', '.join(BENCH_NAMES)}, or attacks, papers or work for all of a kind; default: all"
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{names}. With --against also a figure's name")
    parser.add_argument("--json", action="store_true", help="one JSON line per figure")
    parser.add_argument("--scale", type=float, default=1.0, help="shrinks benches with very many things; default: 1")
    parser.add_argument("--against", metavar="REV", help="run that commit's build in turn with this one")
    parser.add_argument("--pairs", type=_pairs, default=PAIRS, help=f"with --against: runs of each; default: {PAIRS}")
    parser.add_argument(
        "--with",
        dest="changes",
        action="append",
        default=[],
        metavar="SETTING=NUMBER",
        help="with --against: a shorter run, as journeys=60 or races=100; may be repeated",
    )
    parser.add_argument("--keep", action="store_true", help="with --against: leave the other build's clone")
    parser.add_argument("--no-page", action="store_true", help="leave docs/measured.md as it is")


def _pairs(text: str) -> int:
    count = int(text)
    if not 1 <= count <= LONGEST_PAIRS:
        raise argparse.ArgumentTypeError(f"1 to {LONGEST_PAIRS} pairs")
    return count
