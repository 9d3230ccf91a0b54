"""The words of `./paspor`: every command with its arguments, its options and its help.

Imports the standard library and modules that do the same: help and mistakes are answered before anything is prepared.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from local_suite.parts import DEFAULT_BASE, SERVICES

LOWEST_BASE: Final = 1024
HIGHEST_BASE: Final = 65_000
USAGE_ERROR: Final = 2
"""Exit status of a command line that cannot be understood, or that names no command."""

EVERY_SERVICE: Final = "One of the services; all without it."
ONE_SERVICE: Final = f"{', '.join(SERVICES[:-1])} or {SERVICES[-1]}."
MESSAGE_ID: Final = "As dead list shows it."
BENCH: Final = "bench"
HELP_ON_HELP: Final = "Show this message and exit."


class Argument:
    """An argument or option: what `add_argument` of argparse takes."""

    def __init__(self, *names: str, **settings: Any) -> None:
        self.names = names
        self.settings = settings


@dataclass(frozen=True)
class Command:
    """A command's words; the first paragraph of its text stands in the list of commands."""

    name: str
    text: str
    after: str
    """The hint at the next command, printed afterwards."""

    arguments: tuple[Argument, ...] = ()
    developer: bool = False
    """Whether it needs the packages of requirements/dev.txt."""

    passes_on: bool = False
    """Whether words that are none of its options go to another program."""


def _port_base(word: str) -> int:
    if not word.isdecimal() or not LOWEST_BASE <= int(word) <= HIGHEST_BASE:
        raise argparse.ArgumentTypeError(f"{word} is no number from {LOWEST_BASE} to {HIGHEST_BASE}")
    return int(word)


_KEY_TURN_ARGUMENTS: Final = (
    Argument("address", metavar="ADDRESS", help="Of the gateway, or of one service without it: https://HOST."),
    Argument("service", nargs="?", help=EVERY_SERVICE),
)

COMMANDS: Final = (
    # ---- run ----
    Command(
        "up",
        "Start MongoDB, RabbitMQ, all services and simulators, and stay.\n\n"
        "MONGO_URL and AMQP_URL in the environment name servers of your own to use instead.",
        after="the lines that it ends with; docs/first-hour.md walks on by hand. Ctrl-C stops everything; data stays "
        "in .paspor/data.",
        arguments=(
            Argument(
                "--port-base",
                type=_port_base,
                default=DEFAULT_BASE,
                metavar="NUMBER",
                help="All ports are a fixed distance above this one. "
                f"From {LOWEST_BASE} to {HIGHEST_BASE}; {DEFAULT_BASE} without it.",
            ),
            Argument("--plain", action="store_true", help="Lines instead of a live table."),
            Argument(
                "--papers",
                action="store_true",
                help="Also the process that reads papers; the first time it installs 370 MB of libraries and models.",
            ),
        ),
    ),
    Command(
        "demo",
        "Start everything, walk one passport application from registration to collection, stop everything.\n\n"
        "Uses fresh data each time; the logs of the last run stay in .paspor/demo/logs. With --on it starts nothing "
        "and walks in the suite that ./paspor up keeps running, with its data, the ways that wait for no expiry. With "
        "--portal the application is walked through the pages of the citizens' site, as a browser without script does.",
        after="./paspor up keeps everything running; ./paspor test proves it.",
        arguments=(
            Argument("--json", action="store_true", help="One JSON object per step on standard output."),
            Argument("--portal", action="store_true", help="Walk the pages of the citizens' site instead of the APIs."),
            Argument(
                "--port-base", type=_port_base, metavar="NUMBER", help="As for up; without it the first free base."
            ),
            Argument(
                "--on", type=_port_base, metavar="PORT", help=f"The port base of a running suite, as {DEFAULT_BASE}."
            ),
        ),
    ),
    # ---- develop ----
    Command(
        "test",
        "Run the tests of one room, or of all and then check their coverage. The rest goes to pytest.\n\n"
        "Long tests have a short form here; --long runs everything in its long form and keeps what it has shown for\n"
        "./paspor acceptance. Run it before you call a larger change done.\n\n"
        "Examples: ./paspor test unit -k hold -x; ./paspor test tests/unit/billing; ./paspor test sim -n0;\n"
        "./paspor test --long; ./paspor test sim --long",
        after="./paspor acceptance says what the tests prove.",
        arguments=(
            Argument(
                "room", nargs="?", help="unit, contract, integration, acceptance, sim or strangers; all without it."
            ),
            Argument(
                "--long",
                action="store_true",
                help="The long form: more seeds, larger crowds, every kill; takes some hours.",
            ),
        ),
        developer=True,
        passes_on=True,
    ),
    Command(
        "lint",
        "Check style, formatting, import rules and types, and look for secrets.",
        after="./paspor test.",
        developer=True,
    ),
    Command(
        BENCH,
        "Measure and write docs/measured.md. Takes the name of one benchmark; --json for one line per figure.\n\n"
        "With --against another commit's build is measured in turn with this one.",
        after="read docs/measured.md.",
        developer=True,
    ),
    Command(
        "docs",
        "Write the generated documents again: state diagrams, event catalogue, interfaces.",
        after="git diff docs.",
        arguments=(Argument("--check", action="store_true", help="Write nothing; say which documents are stale."),),
        developer=True,
    ),
    Command(
        "clients",
        "Build the clients for integrators: their typed part is generated from the merged description of the API.\n\n"
        "The TypeScript client needs npm, and a line to its packages.",
        after="read clients/README.md; each folder has a whole journey to run.",
        arguments=(
            Argument("names", nargs="*", metavar="NAME", help="python or typescript; both without it."),
            Argument(
                "--check",
                action="store_true",
                help="build none: hold the description before linters and one more generator; needs npm.",
            ),
        ),
        developer=True,
    ),
    Command(
        "env",
        "Write .env with fresh secrets for Docker Compose; an existing one only gains what it lacks.\n\n"
        "With --no-trial a file that holds settings of a trial is refused, and each such line is named.",
        after="docker compose --profile simulators up --build --wait",
        arguments=(
            Argument(
                "--trial",
                action=argparse.BooleanOptionalAction,
                default=True,
                help="Add the demo's short durations and demo staff, for use with the simulators.",
            ),
        ),
    ),
    Command(
        "resync",
        "Publish a service's archived events once more, for listeners that were restored from an old copy.\n\n"
        "The ids stay as they were, so a listener drops what it knows. An archive reaches back 35 days. "
        "Works on the running suite, or on the servers that MONGO_URL and AMQP_URL name.",
        after="./paspor dead list shows what a listener could not take.",
        arguments=(
            Argument("service", help=ONE_SERVICE),
            Argument("--since", required=True, metavar="TIME", help="A time with a zone, as 2026-11-20T00:00Z."),
            Argument(
                "--type",
                action="append",
                default=[],
                help="Only this event type, as billing.bill.paid.v1; may be repeated.",
            ),
        ),
    ),
    Command(
        "acceptance",
        "Run the tests that prove clauses of the acceptance list; count what is proven and name what is missing.",
        after="./paspor acceptance F52 proves one item, F52.one_run one clause; read docs/acceptance.md.",
        arguments=(
            Argument("items", nargs="*", metavar="ITEM", help="Items as F52, clauses as F82.audit; all without it."),
            Argument("--json", action="store_true", help="One JSON object per item on standard output."),
        ),
        developer=True,
    ),
    # ---- operate ----
    Command(
        "dead list",
        "List dead letters, the longest buried first: id, how long ago and why it was buried, type, subject.",
        after="./paspor dead show SERVICE MESSAGE_ID.",
        arguments=(
            Argument("service", nargs="?", help=EVERY_SERVICE),
            Argument("--json", action="store_true", help="One JSON object per letter on standard output."),
        ),
    ),
    Command(
        "dead show",
        "Show one dead letter whole. A body that cannot be read is not shown, only its size and hash.",
        after="mend the cause, then ./paspor dead replay SERVICE MESSAGE_ID.",
        arguments=(Argument("service", help=ONE_SERVICE), Argument("message_id", help=MESSAGE_ID)),
    ),
    Command(
        "dead replay",
        "Give a dead letter, or all, to the service again. A service drops what it has taken before.",
        after="./paspor dead list SERVICE shows whether it died again.",
        arguments=(
            Argument("service", help=ONE_SERVICE),
            Argument("message_id", nargs="?", help=MESSAGE_ID),
            Argument("--all", action="store_true", help="Every dead letter of the service."),
        ),
    ),
    Command(
        "dead drop",
        "Take a dead letter away for good.",
        after=".paspor/data/logs/audit.log keeps the event, who dropped it and why.",
        arguments=(
            Argument("service", help=ONE_SERVICE),
            Argument("message_id", help=MESSAGE_ID),
            Argument("--reason", required=True, help="One sentence, without names, for the audit file."),
        ),
    ),
    Command(
        "parked list",
        "List what is parked: kind and id of the document, which deadline, the class of its last error, since when.",
        after="mend the cause, then ./paspor parked release SERVICE ID DEADLINE.",
        arguments=(
            Argument("service", nargs="?", help=EVERY_SERVICE),
            Argument("--json", action="store_true", help="One JSON object per line on standard output."),
        ),
    ),
    Command(
        "parked release",
        "Have parked work tried again now. Works on the running suite, or on the server that MONGO_URL names.",
        after="./paspor parked list SERVICE shows whether it failed again.",
        arguments=(
            Argument("service", help=ONE_SERVICE),
            Argument("record_id", nargs="?", help="The document's id, as parked list shows it."),
            Argument("deadline", nargs="?", help="Its deadline; all of the document's without it."),
            Argument("--all", action="store_true", help="Everything that is parked in the service."),
        ),
    ),
    Command(
        "draw verify",
        "Do the draw again from its public record and say what does not fit.\n\n"
        "Ends with 0 if it holds, 1 if it does not or cannot be read, 3 if the opening is not drawn yet.",
        after="docs/opening.md says what it proves and how to do it by hand.",
        arguments=(
            Argument("record", metavar="FILE|URL", help="The export: /v1/openings/OPENING_ID/record."),
            Argument("--commitment", help="The seed's commitment, as you wrote it down while the doors were open."),
            Argument("--root", help="The root, as you wrote it down before the seed was shown."),
            Argument("--ticket", metavar="ID:SALT", help="Your own ticket: says which number it drew."),
        ),
    ),
    Command(
        "code verify",
        "Verify a queue code, a day sheet or a list of void codes with the keys that the service publishes.\n\n"
        "Ends with 0 if it holds and with 1 if it does not or cannot be read.",
        after="docs/queue-code.md says what is signed, what it proves and how to do it by hand.",
        arguments=(
            Argument("code", metavar="FILE|URL|TEXT", help="The signed text, alone or in the answer of a service."),
            Argument("--keys", metavar="FILE|URL", required=True, help="The public keys: /v1/queue-code-keys."),
            Argument("--void", metavar="FILE|URL", help="A list of void codes: /v1/queue-code-revocations."),
        ),
    ),
    Command(
        "ledger verify",
        "Re-compute an export from itself: every hash, number and end, and that its facts add up.\n\n"
        "Ends with 0 if it holds and with 1 if not, naming the first wrong line. "
        "PASPOR_TOKEN is sent to a URL that needs it.",
        after="docs/ledger.md says what it proves and what only published roots prove.",
        arguments=(
            Argument("export", metavar="FILE|URL", help="Of seats, ledger or audit, as a service gave it."),
            Argument("--roots", metavar="FILE|URL", help="Published roots of a day, to hold the export against."),
        ),
    ),
    Command(
        "keys turn",
        "Put everything that the services keep under their current keys; begins it where none is under way.\n\n"
        "It goes on by itself. Ends with 0 once the old keys of all may go, with 3 while one is under way. "
        "PASPOR_TOKEN is an operator's access token.",
        after="./paspor keys show ADDRESS tells how far it is; docs/runbook.md says what to do before and after.",
        arguments=_KEY_TURN_ARGUMENTS,
    ),
    Command(
        "keys show",
        "Tell how far the key turn of the services is.\n\n"
        "Ends with 0 once the old keys of all may go, else with 3. PASPOR_TOKEN is an operator's access token.",
        after="docs/runbook.md says when the old keys may go.",
        arguments=_KEY_TURN_ARGUMENTS,
    ),
    Command(
        "consumers add",
        "Make a user of the broker that reads one queue of events and may do nothing else; say its password once.\n\n"
        "A known consumer gets a new password, and the kinds beside those that it has. "
        "PASPOR_RABBITMQ_MANAGEMENT_URL and PASPOR_AMQP_PASSWORD lead to RabbitMQ's management interface.",
        after="docs/webhooks.md says how the consumer reads, and which kinds there are.",
        arguments=(
            Argument("consumer", metavar="NAME", help="A short name, as kantor-statistik."),
            Argument("kinds", metavar="KIND", nargs="+", help="Types of events, as paspor.billing.bill.paid.v1."),
        ),
    ),
    Command(
        "consumers list",
        "List the consumers at the broker, how many messages wait for each, and whether it reads.",
        after="./paspor consumers remove NAME takes one away.",
    ),
    Command(
        "consumers remove",
        "Remove a consumer's user, its connections, and its queue with all that waits there.",
        after="./paspor consumers list shows who is left.",
        arguments=(Argument("consumer", metavar="NAME", help="As consumers list shows it."),),
    ),
    Command(
        "ledger explain",
        "Tell every fact that led to where a bill, a receipt or a refund case stands: time, cause, rule, amounts.\n\n"
        "Works on the running suite, or on the server that MONGO_URL names.",
        after="GET /v1/sagas/APPLICATION_ID shows what happens next.",
        arguments=(Argument("code", help="A billing code, an NTPN, or the id of a bill or refund case."),),
    ),
)

GROUPS: Final = {
    "dead": Command("dead", "Messages that a service gave up: look, replay, drop.", after="./paspor dead list."),
    "parked": Command(
        "parked",
        "Work that failed again and again and waits for an operator: look, release.",
        after="./paspor parked list.",
    ),
    "draw": Command(
        "draw",
        "The public draw of an opening.",
        after="./paspor draw verify FILE_OR_URL; docs/opening.md does the same by hand.",
    ),
    "code": Command(
        "code",
        "Queue codes, day sheets and lists of void codes.",
        after="./paspor code verify TEXT --keys FILE_OR_URL; docs/queue-code.md says what it proves.",
    ),
    "keys": Command(
        "keys",
        "Changed keys: put old data under the current ones, and see how far that is.",
        after="./paspor keys turn ADDRESS.",
    ),
    "consumers": Command(
        "consumers",
        "Users of the broker for consumers of events outside the suite: add, list, remove.",
        after="./paspor consumers add NAME KIND; docs/webhooks.md says the rest.",
    ),
    "ledger": Command(
        "ledger",
        "Chains of seats, money and audit: verify an export, explain where money is.",
        after="./paspor ledger verify FILE_OR_URL; docs/ledger.md says what it proves.",
    ),
}
"""Commands that only hold others: `dead` of `dead list`."""


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the chosen `command`, its arguments, and whether it is a `developer`'s, who needs more packages.

    Ends the process with a status, as argparse does, where help was asked for (0) or the words make no sense (2).
    """
    return build_parser().parse_args(words)


class Parser(argparse.ArgumentParser):
    """A parser of one command, or of a group of commands.

    Options may stand before, between and behind the arguments. A command's `words` are all that was given to it, or,
    where it `passes_on` words, all but its own options.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=_Paragraphs, add_help=False, allow_abbrev=False, **settings)
        self.is_group = False
        self.passes_on = False
        self._is_parsing = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and refuse here what is unknown, so that the usage of the right command is shown."""
        if self._is_parsing:  # the library calls itself
            return super().parse_known_args(args, namespace)
        given = list(args or ())
        own = [word for word in given if word in self._option_string_actions] if self.passes_on else given
        self._is_parsing = True
        try:
            parse_words = super().parse_known_args if self.is_group else self.parse_known_intermixed_args
            chosen, unknown = parse_words(own, namespace)
        finally:
            self._is_parsing = False
        if unknown:
            self.error(f"unknown: {' '.join(unknown)}")
        if "command" not in chosen:
            self.print_help(sys.stderr)
            self.exit(USAGE_ERROR)
        if not self.is_group:
            chosen.words = [word for word in given if word not in own] if self.passes_on else given
        return chosen, []

    def error(self, message: str) -> NoReturn:
        """Show the usage and say what is wrong; ends with status 2."""
        self.print_usage(sys.stderr)
        self.exit(USAGE_ERROR, f"{self.prog}: {message}. Try {self.prog} --help.\n")


class _Paragraphs(argparse.HelpFormatter):
    """Keeps paragraphs apart."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(super(_Paragraphs, self)._fill_text(part, width, indent) for part in text.split("\n\n"))


def build_parser() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="paspor",
        description="Paspor: an open suite for passport applications. Runs on this machine alone, without Docker.",
        epilog="Next: ./paspor demo shows one whole application; ./paspor test runs all tests.",
    )
    commands = _add_commands(parser)
    groups: dict[str, Any] = {}
    for command in COMMANDS:
        group, _, name = command.name.rpartition(" ")
        if group and group not in groups:
            groups[group] = _add_commands(_add_parser(commands, group, GROUPS[group]))
        if command.name != BENCH or importlib.util.find_spec(BENCH):  # the operators' image carries no benchmarks
            _add_command(groups[group] if group else commands, name, command)
    return parser


def _add_commands(parser: Parser) -> Any:
    parser.is_group = True
    parser.add_argument("-h", "--help", action="help", help=HELP_ON_HELP)
    return parser.add_subparsers(title="commands", metavar="COMMAND")


def _add_parser(commands: Any, name: str, command: Command) -> Any:
    summary = command.text.partition("\n\n")[0]
    return commands.add_parser(name, help=summary, description=command.text, epilog=f"Next: {command.after}")


def _add_command(commands: Any, name: str, command: Command) -> None:
    parser = _add_parser(commands, name, command)
    parser.passes_on = command.passes_on
    # where words are passed on, -h is for the program that they go to
    options = ("--help",) if command.passes_on else ("-h", "--help")
    parser.add_argument(*options, action="help", help=HELP_ON_HELP)
    for argument in command.arguments:
        parser.add_argument(*argument.names, **argument.settings)
    if command.name == BENCH:
        from bench.arguments import add_arguments

        add_arguments(parser)
    parser.set_defaults(command=command.name, developer=command.developer)
