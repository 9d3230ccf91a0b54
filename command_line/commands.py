"""The commands of `./paspor`. What only one command needs is imported there, so that the others start quickly."""

from __future__ import annotations

import functools
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from command_line.parser import parse
from local_suite import signals
from local_suite.errors import CommandError
from local_suite.parts import SERVICES, Ports, first_free_ports

if TYPE_CHECKING:
    from operations.broker_consumers import ConsumerCommands
    from operations.dead_letters import DeadLetterCommands
    from operations.parked_deadlines import ParkedDeadlineCommands

NOT_IN_EVERY_COPY: Final = ("bench", "devtools", "journeys")
"""The operators' image carries none of these."""

INTERRUPTED: Final = 130
"""Exit status of a command that Ctrl-C ended."""

_say = functools.partial(print, flush=True)


# ---- run -------------------------------------------------------------------


def up_command(chosen: Namespace) -> int:
    """Start everything and stay until a signal, which is how this command ends."""
    from local_suite.up import up

    status = signals.run(up(Ports(chosen.port_base), plain=chosen.plain, papers=chosen.papers))
    return 0 if status > signals.SIGNALLED else status


def demo_command(chosen: Namespace) -> int:
    """Walk one application and the side ways, on a suite of fresh data or in a running one."""
    from local_suite.demo import run_demo, walk_on

    if chosen.on is not None:
        if chosen.port_base is not None:
            raise CommandError("--on walks in a running suite, --port-base is for a new one: name one of them.")
        return signals.run(walk_on(Ports(chosen.on), as_json=chosen.json, portal=chosen.portal))
    ports = Ports(chosen.port_base) if chosen.port_base else first_free_ports()
    return signals.run(run_demo(ports, as_json=chosen.json, portal=chosen.portal))


def env_command(chosen: Namespace) -> int:
    """Write the secrets of Docker Compose and say what is left to do."""
    from local_suite.env_file import ENV_FILE, STILL_TO_WRITE, write

    if write(trial=chosen.trial):
        _say(f"{ENV_FILE.name} is complete: keep it secret and keep a copy, data written with it needs it.")
    else:
        _say(f"{ENV_FILE.name} is there already, is complete, and was left as it is.")
    if not chosen.trial:
        _say(f"Before the start write into it (docs/runbook.md, First deployment): {', '.join(STILL_TO_WRITE)}.")
    return 0


# ---- develop ---------------------------------------------------------------


def test_command(chosen: Namespace) -> int:
    """Run one room if the first word names one, else all; the other words go to pytest."""
    from devtools.test_command import Room, run_tests

    room, arguments = None, list(chosen.words)
    if arguments and arguments[0] in list(Room):
        room = Room(arguments.pop(0))
    return run_tests(room, arguments, long=chosen.long)


def lint_command(chosen: Namespace) -> int:
    """Run every check."""
    from devtools.lint_command import run_checks

    return run_checks()


def bench_command(chosen: Namespace) -> int:
    """Run the benchmarks in a process of their own, which reads the same words again."""
    from devtools.tool_process import run_tool

    return run_tool([sys.executable, "-m", "bench", *chosen.words])


def docs_command(chosen: Namespace) -> int:
    """Write or check the generated documents in a process of its own."""
    from devtools.tool_process import run_tool

    return run_tool([sys.executable, "-m", "devtools.docs_command", *(["--check"] if chosen.check else [])])


def clients_command(chosen: Namespace) -> int:
    """Build the clients for integrators in their folders, or hold what they are made of before linters."""
    from devtools.clients_command import CLIENTS, build_clients
    from devtools.interface_check import check_interface

    if chosen.check:
        check_interface()
        _say("redocly, spectral and hey-api take the description of the API.")
        return 0
    built = build_clients(chosen.names)
    _say(f"Built in {CLIENTS}: {', '.join(built)}.")
    return 0


def acceptance_command(chosen: Namespace) -> int:
    """Run the tests that prove the named items, or all."""
    from devtools.acceptance_command import prove

    return prove(chosen.items, as_json=chosen.json)


# ---- operate ---------------------------------------------------------------


def resync_command(chosen: Namespace) -> int:
    """Publish archived events again."""
    from datetime import UTC, datetime

    from operations import output, resync, servers
    from operations.audit_log import audit_log

    service = servers.check_service(chosen.service)
    request = resync.Resync.from_words(service, chosen.since, chosen.type, datetime.now(UTC))
    addresses = servers.mongo_url(), servers.amqp_url()
    return signals.run(resync.resync(request, *addresses, audit_log(), _say, output.progress_line()))


def dead_list_command(chosen: Namespace) -> int:
    """List dead letters of one service or all."""
    services = _services(chosen.service)
    return _dead(lambda letters: letters.list(services, as_json=chosen.json))


def dead_show_command(chosen: Namespace) -> int:
    """Show one dead letter."""
    (service,) = _services(chosen.service)
    return _dead(lambda letters: letters.show(service, chosen.message_id))


def dead_replay_command(chosen: Namespace) -> int:
    """Give one dead letter, or all, to the service again."""
    (service,) = _services(chosen.service)
    if chosen.all == (chosen.message_id is not None):
        raise CommandError("Name one MESSAGE_ID, or say --all.")
    return _dead(lambda letters: letters.replay(service, chosen.message_id))


def dead_drop_command(chosen: Namespace) -> int:
    """Drop one dead letter."""
    (service,) = _services(chosen.service)
    return _dead(lambda letters: letters.drop(service, chosen.message_id, chosen.reason))


def _dead(work: Callable[[DeadLetterCommands], Coroutine[Any, Any, int]]) -> int:
    from operations.audit_log import audit_log
    from operations.dead_letters import DeadLetterCommands, refuse_in_sentences
    from operations.servers import amqp_url

    return signals.run(refuse_in_sentences(work(DeadLetterCommands(amqp_url(), audit_log(), _say))))


def parked_list_command(chosen: Namespace) -> int:
    """List parked deadlines of one service or all."""
    services = _services(chosen.service)
    return _parked(lambda deadlines: deadlines.list_parked(services, as_json=chosen.json))


def parked_release_command(chosen: Namespace) -> int:
    """Let one parked deadline, those of one document, or all of a service fall due now."""
    (service,) = _services(chosen.service)
    if chosen.all == (chosen.record_id is not None):
        raise CommandError("Name one ID, or say --all.")
    return _parked(lambda deadlines: deadlines.release(service, chosen.record_id, chosen.deadline))


def _parked(work: Callable[[ParkedDeadlineCommands], Coroutine[Any, Any, int]]) -> int:
    from operations.audit_log import audit_log
    from operations.parked_deadlines import ParkedDeadlineCommands
    from operations.servers import mongo_url_of

    return signals.run(work(ParkedDeadlineCommands(mongo_url_of, audit_log(), _say)))


def draw_verify_command(chosen: Namespace) -> int:
    """Do a published draw again."""
    from operations import draw

    return draw.verify(chosen.record, _say, commitment=chosen.commitment, root=chosen.root, ticket=chosen.ticket)


def code_verify_command(chosen: Namespace) -> int:
    """Verify a queue code, a day sheet or a list of void codes."""
    from operations import queue_code

    return queue_code.verify(chosen.code, _say, keys=chosen.keys, void=chosen.void)


def ledger_verify_command(chosen: Namespace) -> int:
    """Re-compute an export of a chain."""
    from operations import ledger

    return ledger.verify_export(chosen.export, _say, roots=chosen.roots)


def ledger_explain_command(chosen: Namespace) -> int:
    """Tell what led to where a bill, a receipt or a refund case stands."""
    from operations import ledger, servers

    return signals.run(ledger.explain(chosen.code, servers.mongo_url(), _say))


def keys_turn_command(chosen: Namespace) -> int:
    """Begin a key turn, or find it under way."""
    from operations import key_turns

    return key_turns.turn(chosen.address, _services(chosen.service), _say)


def keys_show_command(chosen: Namespace) -> int:
    """Tell how far a key turn is."""
    from operations import key_turns

    return key_turns.show(chosen.address, _services(chosen.service), _say)


def consumers_add_command(chosen: Namespace) -> int:
    """Make a consumer's user and queue at the broker."""
    return _consumers().add(chosen.consumer, chosen.kinds)


def consumers_list_command(_chosen: Namespace) -> int:
    """List the consumers at the broker."""
    return _consumers().list()


def consumers_remove_command(chosen: Namespace) -> int:
    """Remove a consumer's user and queue."""
    return _consumers().remove(chosen.consumer)


def _consumers() -> ConsumerCommands:
    from operations.audit_log import audit_log
    from operations.broker_consumers import ConsumerCommands, Management

    return ConsumerCommands(Management.from_environment(), audit_log(), _say)


def _services(named: str | None) -> Sequence[str]:
    """Return the named service alone, or all.

    Raises:
        CommandError: there is no service of this name.
    """
    from operations.servers import check_service

    return SERVICES if named is None else [check_service(named)]


COMMANDS: Final[Mapping[str, Callable[[Namespace], int]]] = {
    "up": up_command,
    "demo": demo_command,
    "test": test_command,
    "lint": lint_command,
    "bench": bench_command,
    "docs": docs_command,
    "clients": clients_command,
    "env": env_command,
    "resync": resync_command,
    "acceptance": acceptance_command,
    "dead list": dead_list_command,
    "dead show": dead_show_command,
    "dead replay": dead_replay_command,
    "dead drop": dead_drop_command,
    "parked list": parked_list_command,
    "parked release": parked_release_command,
    "draw verify": draw_verify_command,
    "code verify": code_verify_command,
    "keys turn": keys_turn_command,
    "keys show": keys_show_command,
    "consumers add": consumers_add_command,
    "consumers list": consumers_list_command,
    "consumers remove": consumers_remove_command,
    "ledger verify": ledger_verify_command,
    "ledger explain": ledger_explain_command,
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command on the command line and return its exit status; a refusal becomes one sentence."""
    logging.getLogger().addHandler(logging.NullHandler())  # libraries' own words go nowhere
    chosen = parse(sys.argv[1:] if words is None else words)
    try:
        return COMMANDS[chosen.command](chosen)
    except CommandError as refusal:
        print(f"paspor: {refusal}", file=sys.stderr)
    except ModuleNotFoundError as missing:
        if missing.name not in NOT_IN_EVERY_COPY:
            raise
        print(f"paspor: This copy of Paspor has no {missing.name}: use a whole clone of it.", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
