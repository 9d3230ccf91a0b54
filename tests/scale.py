"""How much the long tests do. Each number has a short form, for every run, and a long one, for `./paspor test --long`.

`scaled` is the only switch: a test is in both forms, its twins fail without their guard in both, and only numbers
differ. `devtools.test_command` sets the environment variable that is read here once.
"""

from __future__ import annotations

import os
from typing import Final, TypeVar

from devtools.test_command import LONG_VARIABLE

T = TypeVar("T")

IS_LONG: Final = os.environ.get(LONG_VARIABLE) == "1"
"""Whether this run is the long form."""


def scaled(*, short: T, long: T) -> T:
    """Return the value of the form that runs."""
    return long if IS_LONG else short


SIMULATION_SEEDS: Final = scaled(short=24, long=200)
"""Runs of the simulation, from seed 0 on; a seed takes some two seconds of processor. `python -m tests.sim 0 1000` runs
more of them."""

SIMULATION_CRASHES: Final = scaled(short=12, long=1000)
"""Writes of one simulated journey at which its process dies, each once before and once after, spread over the journey;
long: all of them, for it has fewer."""

GIVES_UP_SEEDS: Final = scaled(short=3, long=40)
"""Simulated runs in which all pay and give up within a tenth of a second; without its guards seed 0 is broken."""

LEAVING_SEEDS: Final = scaled(short=6, long=60)
"""Simulated runs in which people leave after their journeys; one takes some five seconds of processor."""

INBOX_SEEDS: Final = scaled(short=2, long=40)
"""Simulated runs in which every inbox forgets everything."""

MONEY_RACES: Final = scaled(short=1000, long=100_000)
"""Payments around the deadline of their code; a race takes some five milliseconds."""

MONEY_MACHINE_EXAMPLES: Final = scaled(short=20, long=500)
"""Random orders of bills, receipts and refunds against the model."""

FUZZ_EXAMPLES: Final = scaled(short=1, long=20)
"""Generated calls for each operation of a service, besides the edges of each field, which are always called."""

STAMPEDE_CROWD: Final = scaled(short=250, long=1000)
"""People who want the last seat at the same time."""

STAMPEDE_ROUNDS: Final = scaled(short=1, long=5)
"""How often they want it."""

STAMPEDE_SEATS: Final = scaled(short=60, long=150)
"""Seats, and as many people, where nobody may be refused."""

KILL_EVERY: Final = scaled(short=3, long=1)
"""A process is killed at each write, or at every third: before the 1st, 4th ... and after the 2nd, 5th ... write."""

CROWD_KILLS: Final[tuple[int, ...]] = scaled(short=(150,), long=(0, 150, 399))
"""At which of 400 bills that expire together the process is killed: the first, one among many, the last."""

MEMORY_APPLICANTS: Final = scaled(short=200, long=400)
"""Applicants who send 400 kB at the same time: together more than the memory that the service may take."""

ALL_PICTURES: Final = scaled(short=False, long=True)
"""Whether every kind of large picture is sent, or the largest that is taken and the smallest that is refused."""

VICTIMS_TOGETHER: Final = scaled(short=True, long=False)
"""Whether one journey survives the death of several parts, one after the other, or each part has its own journey."""

PAY_AND_CANCEL_RACES: Final = scaled(short=8, long=200)
"""Citizens who pay and give up within a tenth of a second, on the running suite."""

KILLED_ERASURES: Final = scaled(short=2, long=8)
"""People who are erased while every service of the running suite is killed twice."""

PNG_INTERLACED: Final[tuple[bool, ...]] = scaled(short=(False,), long=(False, True))
"""Whether each form of PNG is also written in seven passes."""

A6_FORMS: Final[tuple[str, ...]] = scaled(
    short=("JPEG RGB - 1 quality=92", "TIFF 1 - 1 compression=group4", "PDF RGB - 1 resolution=300"),
    long=(
        "JPEG RGB - 1 quality=92",
        "JPEG L - 1 quality=92",
        "HEIF RGB - 1 depth=10",
        "AVIF RGB - 1 quality=92 speed=10 subsampling=4:4:4",
        "WEBP RGB - 1 quality=92 method=0",
        "TIFF 1 - 1 compression=group4",
        "TIFF I;16 - 1",
        "PDF 1 - 1 resolution=300",
        "PDF RGB - 1 resolution=300",
    ),
)
"""Forms in which a card of the size A6 is written as scanners do at 300 dots per inch."""
