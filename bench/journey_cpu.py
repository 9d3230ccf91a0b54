"""Processor time that the suite's processes spend on a journey: services, MongoDB and RabbitMQ, on any checkout."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.checkout import Checkout
from bench.figures import Figure, Table
from bench.journeys import SETTINGS, walk
from bench.load import Tally
from bench.process_memory import process_tree
from bench.target import RunBroken, Target, start_target

USERS: Final = 8
"""Enough that no core rests, few enough that the citizens do not only wait for each other on two cores."""

JOURNEYS: Final = 80
WARM_UP: Final = 16
"""Journeys before the first look, so that imports, connections and indexes are not counted."""

OUTSIDE: Final = frozenset({"simulators", "mail"})
"""Parts that stand for other organisations; their time is nothing that an office pays."""

SERVERS: Final = frozenset({"mongod", "rabbitmq"})
TICKS: Final = os.sysconf("SC_CLK_TCK")


async def drive(checkout: Checkout, users: int = USERS, journeys: int = JOURNEYS) -> Table:
    """Walk journeys on a new suite of this checkout and divide the processor time spent by those that ended well.

    Raises:
        RunBroken: no journey ended well.
    """
    async with start_target(checkout, settings=SETTINGS) as target:
        await walk(target, int(users), WARM_UP)
        before = await _seconds_of_parts(target)
        tally = await walk(target, int(users), int(journeys))
        after = await _seconds_of_parts(target)
    finished = len(tally.durations["see it finished"])
    if not finished:
        raise RunBroken(checkout.name, f"no journey ended well: {_troubles(tally)}")
    spent = {name: (after[name] - before[name]) / finished for name in after if name not in OUTSIDE}
    return _table(spent, finished, _troubles(tally))


async def _seconds_of_parts(target: Target) -> dict[str, float]:
    return {name: tree_seconds(part["pid"] or 0) for name, part in (await target.read_state()).items()}


def tree_seconds(pid: int) -> float:
    """Processor seconds of a process, of its living descendants and of the ended children that they waited for."""
    return sum(_ticks(item) for item in process_tree(pid)) / TICKS


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime; see proc(5)


def _troubles(tally: Tally) -> str:
    return "; ".join(f"{count} x {what}" for what, count in tally.outcomes.items() if what != "ok")


def _table(spent: Mapping[str, float], finished: int, troubles: str) -> Table:
    services = sum(seconds for name, seconds in spent.items() if name not in SERVERS)
    return Table(
        title="Processor time of a journey",
        method=(
            f"{finished} journeys from registration to the collected passport; utime and stime of each part's "
            f"processes, simulators and the post box left out. {'Failures: ' + troubles if troubles else ''}".strip()
        ),
        figures=(
            Figure("journey.cpu", sum(spent.values()), "s", less_is_better=True),
            Figure("journey.cpu_services", services, "s", less_is_better=True),
            *(
                Figure(f"journey.cpu_{name}", seconds, "s", less_is_better=True)
                for name, seconds in sorted(spent.items())
            ),
        ),
    )
