"""The commands of `./paspor`. What only one command needs is imported there, so that the others start quickly."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import shutil
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local_suite import signals
from local_suite.errors import LauncherError
from local_suite.home import home
from local_suite.parts import DEFAULT_BASE, Ports, first_free_ports

if TYPE_CHECKING:
    from operations.operate import DeadDesk
    from operations.parked_deadlines import ParkedDesk

LOWEST_BASE, HIGHEST_BASE = 1024, 65_000
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

dead_app = typer.Typer(
    no_args_is_help=True,
    epilog="Next: ./paspor dead list.",
    help="Messages that a service gave up: look, replay, drop.",
)
app.add_typer(dead_app, name="dead")

parked_app = typer.Typer(
    no_args_is_help=True,
    epilog="Next: ./paspor parked list.",
    help="Work that failed again and again and waits for an operator: look, release.",
)
app.add_typer(parked_app, name="parked")

draw_app = typer.Typer(
    no_args_is_help=True,
    epilog="Next: ./paspor draw verify FILE_OR_URL; docs/opening.md does the same by hand.",
    help="The public draw of an opening.",
)
app.add_typer(draw_app, name="draw")

ledger_app = typer.Typer(
    no_args_is_help=True,
    epilog="Next: ./paspor ledger verify FILE_OR_URL; docs/ledger.md says what it proves.",
    help="Chains of seats, money and audit: verify an export, explain where money is.",
)
app.add_typer(ledger_app, name="ledger")


def _known(service: str | None) -> str | None:
    from operations.operate import known_service

    return known_service(service) if service else service


Service = Annotated[
    str, typer.Argument(help="identity, application, scheduling, billing or notification.", callback=_known)
]
MessageId = Annotated[str, typer.Argument(help="As dead list shows it.")]
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
    from local_suite.up import up

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
    from local_suite.up import make_suite

    _need("local_suite.demo", "journey to show")
    demo = importlib.import_module("local_suite.demo")
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
    from devtools.test_command import Room, run_tests

    arguments = list(context.args)
    if room is not None and room not in list(Room):
        arguments.insert(0, room)
        room = None
    _finish(run_tests(Room(room) if room else None, arguments))


@app.command("lint", epilog="Next: ./paspor test.")
def lint_command() -> None:
    """Check style, formatting, import rules and types."""
    from devtools.lint_command import run_checks

    _finish(run_checks())


@app.command("bench", context_settings=PASS_ON, epilog="Next: read docs/measured.md.")
def bench_command(context: typer.Context) -> None:
    """Measure and write docs/measured.md. Takes the name of one benchmark; --json for one line per figure."""
    from devtools.tool_process import run_tool

    _need("bench.__main__", "benchmark")
    _finish(run_tool([sys.executable, "-m", "bench", *context.args]))


@app.command("docs", epilog="Next: git diff docs.")
def docs_command(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say which documents are stale.")] = False,
) -> None:
    """Write the generated documents again: state diagrams, event catalogue, interfaces."""
    from devtools.tool_process import run_tool

    _finish(run_tool([sys.executable, "-m", "devtools.docs_command", *(["--check"] if check else [])]))


@app.command("env", epilog="Next: docker compose --profile simulators up --build --wait")
def env_command(
    trial: Annotated[
        bool, typer.Option(help="Add the demo's short durations and demo staff, for use with the simulators.")
    ] = True,
) -> None:
    """Write .env with fresh secrets for Docker Compose; an existing one only gains what it lacks.

    With --no-trial a file that holds settings of a trial is refused, and each such line is named.
    """
    from local_suite.env_file import ENV_FILE, STILL_TO_WRITE, write

    if write(trial=trial):
        typer.echo(f"{ENV_FILE.name} is complete: keep it secret and keep a copy, data written with it needs it.")
    else:
        typer.echo(f"{ENV_FILE.name} is there already, is complete, and was left as it is.")
    if not trial:
        typer.echo(f"Before the start write into it (docs/runbook.md, First deployment): {', '.join(STILL_TO_WRITE)}.")


@dead_app.command("list", epilog="Next: ./paspor dead show SERVICE MESSAGE_ID.")
def dead_list_command(
    service: Annotated[str | None, typer.Argument(help="One of the services; all without it.", callback=_known)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per letter on standard output.")] = False,
) -> None:
    """List dead letters, the longest buried first: id, how long ago and why it was buried, type, subject."""
    from local_suite.parts import SERVICES

    _dead(lambda desk: desk.list([service] if service else SERVICES, as_json=as_json))


@dead_app.command("show", epilog="Next: mend the cause, then ./paspor dead replay SERVICE MESSAGE_ID.")
def dead_show_command(service: Service, message_id: MessageId) -> None:
    """Show one dead letter whole. A body that cannot be read is not shown, only its size and hash."""
    _dead(lambda desk: desk.show(service, message_id))


@dead_app.command("replay", epilog="Next: ./paspor dead list SERVICE shows whether it died again.")
def dead_replay_command(
    service: Service,
    message_id: Annotated[str | None, typer.Argument(help="As dead list shows it.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every dead letter of the service.")] = False,
) -> None:
    """Give a dead letter, or all, to the service again. A service drops what it has taken before."""
    if every == (message_id is not None):
        raise LauncherError("Name one MESSAGE_ID, or say --all.")
    _dead(lambda desk: desk.replay(service, message_id))


@dead_app.command("drop", epilog="Next: .paspor/data/logs/audit.log keeps the event, who dropped it and why.")
def dead_drop_command(
    service: Service,
    message_id: MessageId,
    reason: Annotated[str, typer.Option("--reason", help="One sentence, without names, for the audit file.")],
) -> None:
    """Take a dead letter away for good."""
    _dead(lambda desk: desk.drop(service, message_id, reason))


def _dead(work: Callable[[DeadDesk], Coroutine[Any, Any, int]]) -> None:
    from operations import operate

    desk = operate.DeadDesk(operate.amqp_url(), operate.audit(), typer.echo)
    _finish(signals.run(operate.in_sentences(work(desk))))


@parked_app.command("list", epilog="Next: mend the cause, then ./paspor parked release SERVICE ID DEADLINE.")
def parked_list_command(
    service: Annotated[str | None, typer.Argument(help="One of the services; all without it.", callback=_known)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line on standard output.")] = False,
) -> None:
    """List what is parked: kind and id of the document, which deadline, the class of its last error, since when."""
    from local_suite.parts import SERVICES

    _parked(lambda desk: desk.list_parked([service] if service else SERVICES, as_json=as_json))


@parked_app.command("release", epilog="Next: ./paspor parked list SERVICE shows whether it failed again.")
def parked_release_command(
    service: Service,
    record_id: Annotated[str | None, typer.Argument(help="The document's id, as parked list shows it.")] = None,
    deadline: Annotated[str | None, typer.Argument(help="Its deadline; all of the document's without it.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Everything that is parked in the service.")] = False,
) -> None:
    """Have parked work tried again now. Works on the running suite, or on the server that MONGO_URL names."""
    if every == (record_id is not None):
        raise LauncherError("Name one ID, or say --all.")
    _parked(lambda desk: desk.release(service, record_id, deadline))


def _parked(work: Callable[[ParkedDesk], Coroutine[Any, Any, int]]) -> None:
    from operations import operate
    from operations import parked_deadlines as parked

    desk = parked.ParkedDesk(operate.mongo_url_of, operate.audit(), typer.echo)
    _finish(signals.run(work(desk)))


@app.command("resync", epilog="Next: ./paspor dead list shows what a listener could not take.")
def resync_command(
    service: Service,
    since: Annotated[str, typer.Option("--since", help="A time with a zone, as 2026-11-20T00:00Z.")],
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only this event type, as billing.bill.paid.v1; may be repeated.")
    ] = None,
) -> None:
    """Publish a service's archived events once more, for listeners that were restored from an old copy.

    The ids stay as they were, so a listener drops what it knows. An archive reaches back 35 days.
    Works on the running suite, or on the servers that MONGO_URL and AMQP_URL name.
    """
    from datetime import UTC, datetime

    from operations import operate

    wish = operate.Resync.wished(service, since, types or (), datetime.now(UTC))
    work = operate.resync(
        wish, operate.mongo_url(), operate.amqp_url(), operate.audit(), typer.echo, operate.progress_line()
    )
    _finish(signals.run(work))


@draw_app.command("verify", epilog="Next: docs/opening.md says what it proves and how to do it by hand.")
def draw_verify_command(
    record: Annotated[str, typer.Argument(metavar="FILE|URL", help="The export: /v1/openings/OPENING_ID/record.")],
    commitment: Annotated[
        str | None, typer.Option(help="The seed's commitment, as you wrote it down while the doors were open.")
    ] = None,
    root: Annotated[str | None, typer.Option(help="The root, as you wrote it down before the seed was shown.")] = None,
    ticket: Annotated[
        str | None, typer.Option(metavar="ID:SALT", help="Your own ticket: says which number it drew.")
    ] = None,
) -> None:
    """Do the draw again from its public record and say what does not fit.

    Ends with 0 if it holds, 1 if it does not or cannot be read, 3 if the opening is not drawn yet.
    """
    from operations import draw

    _finish(draw.verify(record, typer.echo, commitment=commitment, root=root, ticket=ticket))


@ledger_app.command("verify", epilog="Next: docs/ledger.md says what it proves and what only published roots prove.")
def ledger_verify_command(
    export: Annotated[str, typer.Argument(metavar="FILE|URL", help="Of seats, ledger or audit, as a service gave it.")],
    roots: Annotated[
        str | None, typer.Option(metavar="FILE|URL", help="Published roots of a day, to hold the export against.")
    ] = None,
) -> None:
    """Re-compute an export from itself: every hash, number and end, and that its facts add up.

    Ends with 0 if it holds and with 1 if not, naming the first wrong line. PASPOR_TOKEN is sent to a URL that needs it.
    """
    from operations import ledger

    _finish(ledger.verify_export(export, typer.echo, roots=roots))


@ledger_app.command("explain", epilog="Next: GET /v1/sagas/APPLICATION_ID shows what happens next.")
def ledger_explain_command(
    code: Annotated[str, typer.Argument(help="A billing code, an NTPN, or the id of a bill or refund case.")],
) -> None:
    """Tell every fact that led to where a bill, a receipt or a refund case stands: time, cause, rule, amounts.

    Works on the running suite, or on the server that MONGO_URL names.
    """
    from operations import ledger, operate

    _finish(signals.run(ledger.explain(code, operate.mongo_url(), typer.echo)))


@app.command("acceptance", epilog="Next: ./paspor acceptance F52 runs the tests of one item; read docs/acceptance.md.")
def acceptance_command(
    items: Annotated[list[str] | None, typer.Argument(help="Items as F52 X1; all without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per item on standard output.")] = False,
) -> None:
    """Run the tests that prove items of the acceptance list and count the proven ones."""
    from devtools.acceptance_command import prove

    _finish(prove(items or [], as_json=as_json))


def main() -> int:
    """Runs the command on the command line; a refusal becomes one sentence."""
    logging.getLogger().addHandler(logging.NullHandler())  # libraries' own words go nowhere
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
