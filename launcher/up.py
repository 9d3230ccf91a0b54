"""`./paspor up`: everything runs and stays, with a live table."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from launcher.home import PROJECT, home
from launcher.processes import Health, PartStatus, Suite
from launcher.suite import Ports, Settings

REFRESH_SECONDS = 1.0
COLOURS = {Health.READY: "green", Health.ENDED: "red", Health.NOT_READY: "yellow", Health.STARTING: "cyan"}

Say = Callable[[str], None]


def make_suite(data: str, ports: Ports, say: Say, extra: Settings | None = None) -> Suite:
    """A suite on the folder `data` below the launcher's; MONGO_URL and AMQP_URL name servers to use instead."""
    return Suite(
        home() / data,
        ports,
        mongo_url=os.environ.get("MONGO_URL"),
        amqp_url=os.environ.get("AMQP_URL"),
        extra=extra,
        say=say,
    )


async def up(ports: Ports, *, plain: bool) -> int:
    """Starts the suite and stays until a signal."""
    console = Console()
    if plain or not console.is_terminal:
        return await _plain(ports, console)
    return await _live(ports, console)


async def _plain(ports: Ports, console: Console) -> int:
    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    suite = make_suite("data", ports, say)
    async with suite:
        console.print(table_of(suite.status()))
        say(next_step(suite))
        await suite.watch()
    return 0


async def _live(ports: Ports, console: Console) -> int:
    said: list[str] = [""]
    suite = make_suite("data", ports, lambda line: said.__setitem__(0, line))

    def picture() -> Group:
        ready = all(status.health is Health.READY for status in suite.status())
        return Group(table_of(suite.status()), next_step(suite) if ready else said[0])

    with Live(picture(), console=console, auto_refresh=False) as live:
        drawing = asyncio.create_task(_draw(live, picture))
        try:
            async with suite:
                await suite.watch()
        finally:
            drawing.cancel()
            live.update(picture(), refresh=True)
    return 0


async def _draw(live: Live, picture: Callable[[], Group]) -> None:
    while True:
        live.update(picture(), refresh=True)
        await asyncio.sleep(REFRESH_SECONDS)


def table_of(statuses: list[PartStatus]) -> Table:
    """The parts as a table."""
    table = Table("part", "ports", "health", "pid", "memory", "restarts", "log", title="Paspor", title_justify="left")
    for each in statuses:
        colour = COLOURS.get(each.health, "dim")
        table.add_row(
            each.name,
            " ".join(f"{label} {port}" for label, port in each.ports.items()),
            f"[{colour}]{each.health}[/]" + (f"\n{each.reason.splitlines()[0]}" if each.reason else ""),
            str(each.pid or ""),
            f"{each.memory_mb:.0f} MiB" if each.memory_mb else "",
            str(each.restarts or ""),
            str(_short(each.log)),
        )
    return table


def _short(path: Path) -> Path:
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path


def next_step(suite: Suite) -> str:
    """What to do when everything is ready."""
    return (
        "Everything is ready, on loopback only.\n"
        f"Next: read the interface at {suite.url('application')}/v1/openapi.json, see sent mails at "
        f"{suite.url('mail')}/api/v1/messages,\nor watch one whole application with ./paspor demo in another terminal. "
        f"Demo staff log in with demo_staff_password of\n{_short(suite.data_dir / 'secrets.json')}. "
        "Ctrl-C stops everything; the data stays."
    )
