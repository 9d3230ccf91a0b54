"""`./paspor up`: everything runs and stays, with a live table."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from local_suite.home import PROJECT, home
from local_suite.parts import PAPERS_READING, SERVICES, WANTED, Ports, Settings
from local_suite.suite import Health, PartStatus, Suite

REFRESH_SECONDS = 1.0
COLOURS = {Health.READY: "green", Health.ENDED: "red", Health.NOT_READY: "yellow", Health.STARTING: "cyan"}
DATA = "data"
"""The folder in PASPOR_HOME of the suite that stays."""

STAFF = ("front_officer", "interviewer", "office_admin", "treasurer", "operator")

TRIAL: Settings = {
    "billing": {"PASPOR_BILL_VALIDITY_SECONDS": "600"},
    "scheduling": {"PASPOR_CHECK_IN_ANY_DAY": "true"},
    "application": {"PASPOR_PRINT_POLL_SECONDS": "2", "PASPOR_HAND_OVER_RETRY_SECONDS": "2"},
}
"""Set by `up` unless the environment says otherwise, so that one person can finish a journey today: a bill lives ten
minutes, visitors may come on any day, and the book is looked for every other second."""

Say = Callable[[str], None]


def trial_settings(environment: Mapping[str, str]) -> Settings:
    """Return :data:`TRIAL`, and where the simulators keep their state, without what the environment names itself."""
    kept: Settings = {"simulators": {"PASPOR_SIM_STATE_FOLDER": str(home() / DATA / "simulators")}}
    return {
        part: {name: value for name, value in settings.items() if name not in environment}
        for part, settings in {**TRIAL, **kept}.items()
    }


def make_suite(data: str, ports: Ports, say: Say, extra: Settings | None = None) -> Suite:
    """Return a suite on the folder `data` in PASPOR_HOME; MONGO_URL and AMQP_URL name servers to use instead."""
    return Suite(
        home() / data,
        ports,
        mongo_url=os.environ.get("MONGO_URL"),
        amqp_url=os.environ.get("AMQP_URL"),
        extra=extra,
        say=say,
    )


def with_papers(settings: Settings) -> Settings:
    """Return the settings with which papers are read, by a process of its own."""
    return {**settings, "application": {**settings.get("application", {}), PAPERS_READING: WANTED}}


async def up(ports: Ports, *, plain: bool, papers: bool = False) -> int:
    """Starts the suite, with `papers` the process that reads papers too, and stays until a signal."""
    console = Console()
    settings = trial_settings(os.environ)
    settings = with_papers(settings) if papers else settings
    if plain or not console.is_terminal:
        return await _plain(ports, console, settings)
    return await _live(ports, console, settings)


async def _plain(ports: Ports, console: Console, settings: Settings) -> int:
    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    suite = make_suite(DATA, ports, say, settings)
    async with suite:
        say("")
        for line in lines_of(suite.status()):
            say(line)
        say(f"\n{next_step(suite)}")
        await suite.watch()
    return 0


async def _live(ports: Ports, console: Console, settings: Settings) -> int:
    said: list[str] = [""]
    suite = make_suite(DATA, ports, lambda line: said.__setitem__(0, line), settings)
    begun = time.monotonic()

    def picture() -> Group:
        return picture_of(suite, said[0], time.monotonic() - begun)

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


def picture_of(suite: Suite, said: str, seconds: float) -> Group:
    """Return the content of the terminal: the table, what is wrong, and what to do next."""
    statuses = suite.status()
    ready = all(status.health is Health.READY for status in statuses)
    stopped = [status.health is Health.STOPPED for status in statuses]
    if any(stopped):
        below = f"{'Stopped' if all(stopped) else 'Stopping'}; the data stays."
    elif ready:
        below = next_step(suite)
    else:
        doing = _now_doing(statuses, said)
        below = f"{doing} ({seconds:.0f} s)" if doing else ""
    shown: list[RenderableType] = [
        Text("Paspor on this machine alone", style="bold"),
        table_of(statuses, suite.data_dir),
        *(Text(f"{name}: {reason}", style="red") for name, reason in _troubles(statuses)),
        Text(f"Logs are below {_short(suite.data_dir)}.\n", style="dim"),
        Text(below),
    ]
    return Group(*shown)


def _now_doing(statuses: Sequence[PartStatus], said: str) -> str:
    starting = ", ".join(status.name for status in statuses if status.health is Health.STARTING)
    return f"starting {starting}" if starting and (not said or said.startswith("starting ")) else said


def table_of(statuses: Sequence[PartStatus], data_dir: Path) -> Table:
    """The parts as a table; a column of restarts only if there were any."""
    restarted = any(status.restarts for status in statuses)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("part", "health"):
        table.add_column(name, no_wrap=True)
    table.add_column("ports", overflow="fold")
    for name in ("memory", *(["restarts"] if restarted else [])):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("log", overflow="fold")
    for status in statuses:
        table.add_row(
            status.name,
            f"[{COLOURS.get(status.health, 'dim')}]{status.health}[/]",
            _ports(status),
            f"{status.memory_mb:.0f} MiB" if status.memory_mb else "",
            *([str(status.restarts or "")] if restarted else []),
            escape(str(_below(status.log, data_dir))),
        )
    return table


def lines_of(statuses: Sequence[PartStatus]) -> list[str]:
    """The parts as lines, for a file or a pipe."""
    return [f"{status.name:<12} {status.health:<9} {_ports(status):<52} {_short(status.log)}" for status in statuses]


def _ports(status: PartStatus) -> str:
    if list(status.ports) == ["http"]:
        return str(status.ports["http"])
    return " ".join(f"{label} {port}" for label, port in status.ports.items())


def _troubles(statuses: Sequence[PartStatus]) -> list[tuple[str, str]]:
    return [(status.name, status.reason.splitlines()[0]) for status in statuses if status.reason]


def _below(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _short(path: Path) -> Path:
    return _below(path, PROJECT)


def next_step(suite: Suite) -> str:
    """Return the lines that say what to do when everything is ready: those of a shell can be copied as they stand."""
    named = {name.upper(): suite.url(name) for name in SERVICES[:4]}
    named |= {"DUKCAPIL": suite.url("dukcapil"), "BANK": suite.url("simponi"), "MAIL": suite.url("mail")}
    pairs = [f"{name}={url}" for name, url in named.items()]
    return "\n".join(
        [
            "Everything is ready. Lines to copy into another terminal:",
            f"  ./paspor demo --on {suite.ports.base}",
            *(f"  {' '.join(pairs[first : first + 2])}" for first in range(0, len(pairs), 2)),
            "  curl -s $IDENTITY/v1/privacy-notice",
            "docs/first-hour.md goes on from there, by hand, to the passport.",
            f"Every call, to read and to try: {suite.url('identity')}/docs, and so for each service.",
            f"Staff: {', '.join(STAFF)};",
            f"their password: demo_staff_password in {_short(suite.data_dir / 'secrets.json')}",
            f"Open {suite.url('portal')} in a browser; {suite.url('portal')}/trial says what can be tried.",
            "Ctrl-C stops everything; the data stays.",
        ]
    )
