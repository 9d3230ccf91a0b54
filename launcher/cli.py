"""The commands of `./paspor`. What only one command needs is imported there, so that the others start quickly."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
from typing import Annotated

import typer

from launcher import signals
from launcher.errors import LauncherError
from launcher.home import home
from launcher.suite import DEFAULT_BASE, Ports, first_free_ports

LOWEST_BASE, HIGHEST_BASE = 1024, 65_000
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

PortBase = Annotated[
    int,
    typer.Option(min=LOWEST_BASE, max=HIGHEST_BASE, help="All ports are a fixed distance above this one."),
]


@app.callback(epilog="Next: [bold]./paspor demo[/] shows one whole application; [bold]./paspor test[/] runs all tests.")
def paspor() -> None:
    """Paspor: an open suite for passport applications. Runs on this machine alone, without Docker."""


@app.command(
    "up", epilog="Next: ./paspor demo in another terminal. Ctrl-C stops everything; data stays in .paspor/data."
)
def up_command(
    port_base: PortBase = DEFAULT_BASE,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live table.")] = False,
) -> None:
    """Start MongoDB, RabbitMQ, all services and simulators, and stay.

    MONGO_URL and AMQP_URL in the environment name servers of your own to use instead.
    """
    from launcher.up import up

    status = signals.run(up(Ports(port_base), plain=plain))
    # a signal is how this command ends
    _finish(0 if status > signals.SIGNALLED else status)


@app.command("demo", epilog="Next: ./paspor up keeps everything running; ./paspor test proves it.")
def demo_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per step on standard output.")] = False,
    port_base: Annotated[
        int | None, typer.Option(min=LOWEST_BASE, max=HIGHEST_BASE, help="As for up; without it the first free base.")
    ] = None,
) -> None:
    """Start everything, walk one passport application from registration to collection, stop everything.

    Uses fresh data each time; the logs of the last run stay in .paspor/demo/logs.
    """
    _finish(signals.run(_demo(Ports(port_base) if port_base else first_free_ports(), as_json=as_json)))


async def _demo(ports: Ports, *, as_json: bool) -> int:
    from launcher.up import make_suite

    _need("launcher.demo", "journey to show")
    demo = importlib.import_module("launcher.demo")
    data = home() / "demo"
    shutil.rmtree(data, ignore_errors=True)
    suite = make_suite("demo", ports, lambda line: print(line, file=sys.stderr), extra=getattr(demo, "SETTINGS", None))
    async with suite:
        status: int = await demo.run(suite, as_json)
    return status


@app.command("test", context_settings=PASS_ON, epilog="Next: ./paspor acceptance says what the tests prove.")
def test_command(
    context: typer.Context,
    room: Annotated[
        str | None, typer.Argument(help="unit, contract, integration, acceptance or sim; all without it.")
    ] = None,
) -> None:
    """Run the tests of one room, or of all and then check their coverage. The rest goes to pytest.

    Examples: ./paspor test unit -k hold -x; ./paspor test tests/unit/billing; ./paspor test sim -n0
    """
    from launcher.rooms import Room, run_tests

    arguments = list(context.args)
    if room is not None and room not in list(Room):
        arguments.insert(0, room)
        room = None
    _finish(run_tests(Room(room) if room else None, arguments))


@app.command("lint", epilog="Next: ./paspor test.")
def lint_command() -> None:
    """Check style, formatting, import rules and types."""
    from launcher.checks import run_checks

    _finish(run_checks())


@app.command("bench", context_settings=PASS_ON, epilog="Next: read docs/measured.md.")
def bench_command(context: typer.Context) -> None:
    """Measure and write docs/measured.md. Takes the name of one benchmark; --json for one line per figure."""
    from launcher.tools import run_tool

    _need("bench.__main__", "benchmark")
    _finish(run_tool([sys.executable, "-m", "bench", *context.args]))


@app.command("docs", epilog="Next: git diff docs.")
def docs_command(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say which documents are stale.")] = False,
) -> None:
    """Write the generated documents again: state diagrams, event catalogue, interfaces."""
    from launcher.tools import run_tool

    _finish(run_tool([sys.executable, "-m", "launcher.documents", *(["--check"] if check else [])]))


@app.command("env", epilog="Next: docker compose --profile simulators up --build --wait")
def env_command(
    trial: Annotated[
        bool, typer.Option(help="Add the demo's short durations and demo staff, for use with the simulators.")
    ] = True,
) -> None:
    """Write .env with fresh secrets for Docker Compose; an existing one is left alone."""
    from launcher.env_file import ENV_FILE, write

    if write(trial=trial):
        typer.echo(f"Wrote {ENV_FILE.name}: keep it secret and keep a copy, data written with it needs it.")
    else:
        typer.echo(f"{ENV_FILE.name} is there already and was left as it is.")


@app.command("acceptance", epilog="Next: ./paspor acceptance F52 runs the tests of one item; read docs/acceptance.md.")
def acceptance_command(
    items: Annotated[list[str] | None, typer.Argument(help="Items as F52 X1; all without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per item on standard output.")] = False,
) -> None:
    """Run the tests that prove items of the acceptance list and count the proven ones."""
    from launcher.acceptance import prove

    _finish(prove(items or [], as_json=as_json))


def main() -> int:
    """Runs the command on the command line; a refusal becomes one sentence."""
    try:
        app(prog_name="paspor")
    except LauncherError as refusal:
        print(f"paspor: {refusal}", file=sys.stderr)
        return 1
    return 0


def _need(module: str, what: str) -> None:
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise LauncherError(f"This clone has no {what} ({module}): update it with git pull.")


def _finish(status: int) -> None:
    raise typer.Exit(status)
