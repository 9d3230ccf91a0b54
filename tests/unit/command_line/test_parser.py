"""What the words of the command line mean, and that they say what is there."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from bench.__main__ import BENCHES
from bench.arguments import BENCH_NAMES
from command_line import commands
from command_line.commands import COMMANDS
from command_line.parser import HIGHEST_BASE, LOWEST_BASE, Parser, build_parser, parse
from devtools.test_command import Room
from local_suite.errors import CommandError
from local_suite.parts import DEFAULT_BASE, SERVICES


def leaves(parser: Parser) -> Iterator[Parser]:
    """Every parser of one command below this one."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield parser
    for group in groups:
        for below in group.choices.values():
            yield from leaves(below)


LEAVES = {parser.get_default("command"): parser for parser in leaves(build_parser())}


def test_each_command_has_words_and_a_function() -> None:
    assert set(LEAVES) == set(COMMANDS)
    assert all(parser.prog == f"paspor {name}" for name, parser in LEAVES.items())


@pytest.mark.parametrize("parser", LEAVES.values(), ids=LEAVES.keys())
def test_each_argument_and_option_is_explained(parser: Parser) -> None:
    assert parser.description
    assert (parser.epilog or "").startswith("Next: ")
    assert all(action.help for action in parser._actions)


def test_the_help_names_every_room_bench_and_service() -> None:
    assert all(room.value in LEAVES["test"].format_help() for room in Room)
    assert list(BENCH_NAMES) == list(BENCHES)
    assert all(service in LEAVES["dead show"].format_help() for service in SERVICES)


def test_developers_commands_are_marked() -> None:
    marked = {name for name, parser in LEAVES.items() if parser.get_default("developer")}
    assert marked == {"test", "lint", "bench", "docs", "clients", "acceptance"}


@pytest.mark.parametrize("words", ["unit -k hold -x", "-x unit", "tests/unit/billing", "sim -n0 --maxfail=1", ""])
def test_what_test_does_not_know_goes_to_pytest_in_order(words: str) -> None:
    assert parse(["test", *words.split()]).words == words.split()


def test_bench_passes_on_all_words_but_reads_them_first(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["seats", "--json", "money", "--against", "abc", "--pairs", "5"]
    assert parse(["bench", *words]).words == words
    with pytest.raises(SystemExit):
        parse(["bench", "--pairs", "99"])
    assert "paspor bench: argument --pairs: 1 to 50 pairs." in capsys.readouterr().err


@pytest.mark.parametrize("words", ["F1 F2 --json", "--json F1 F2", "F1 --json F2"])
def test_options_stand_anywhere(words: str) -> None:
    chosen = parse(["acceptance", *words.split()])
    assert (chosen.items, chosen.json) == (["F1", "F2"], True)


def test_what_is_left_out_has_its_default() -> None:
    assert (parse(["up"]).port_base, parse(["up"]).plain) == (DEFAULT_BASE, False)
    assert (parse(["demo"]).port_base, parse(["demo"]).on) == (None, None)
    assert parse(["demo", "--on", "8100"]).on == 8100
    assert parse(["env"]).trial
    assert not parse(["env", "--no-trial"]).trial
    assert parse(["resync", "billing", "--since", "x"]).type == []
    assert parse(["resync", "billing", "--since", "x", "--type", "a", "--type", "b"]).type == ["a", "b"]


@pytest.mark.parametrize("base", [LOWEST_BASE, HIGHEST_BASE])
def test_a_base_of_ports_in_range(base: int) -> None:
    assert parse(["up", "--port-base", str(base)]).port_base == base


@pytest.mark.parametrize("base", [str(LOWEST_BASE - 1), str(HIGHEST_BASE + 1), "many", "-5"])
def test_a_base_of_ports_out_of_range(base: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(["up", "--port-base", base])
    assert end.value.code == 2
    assert "Try paspor up --help." in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", ["", "dead", "ledger", "nosuch", "up --bad", "lint x", "dead show billing", "--json up"]
)
def test_words_that_make_no_sense_end_with_2(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(words.split())
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: paspor")


# ---- how commands end ------------------------------------------------------


def test_a_refusal_is_one_sentence_and_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["dead", "show", "nosuch", "id"]) == 1
    assert capsys.readouterr().err.startswith("paspor: There is no service nosuch: it is one of identity, ")


@pytest.mark.parametrize("command", ["dead replay", "parked release"])
@pytest.mark.parametrize("words", ["billing", "billing ID --all"])
def test_one_or_all_must_be_said(command: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main([*command.split(), *words.split()]) == 1
    assert "or say --all." in capsys.readouterr().err


def test_a_demo_walks_in_a_running_suite_or_in_a_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["demo", "--on", "8100", "--port-base", "8400"]) == 1
    assert "name one of them" in capsys.readouterr().err


def test_a_copy_without_the_developers_packages_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(chosen: argparse.Namespace) -> int:
        raise ModuleNotFoundError("No module named 'devtools'", name="devtools")

    monkeypatch.setattr(commands, "COMMANDS", {"lint": missing})
    assert commands.main(["lint"]) == 1
    assert capsys.readouterr().err == "paspor: This copy of Paspor has no devtools: use a whole clone of it.\n"


def test_another_missing_module_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(chosen: argparse.Namespace) -> int:
        raise ModuleNotFoundError("No module named 'aiohttp'", name="aiohttp")

    monkeypatch.setattr(commands, "COMMANDS", {"lint": missing})
    with pytest.raises(ModuleNotFoundError):
        commands.main(["lint"])


@pytest.mark.parametrize(("end", "status"), [(KeyboardInterrupt(), 130), (CommandError("No."), 1)])
def test_how_a_command_ends(monkeypatch: pytest.MonkeyPatch, end: BaseException, status: int) -> None:
    def stop(chosen: argparse.Namespace) -> int:
        raise end

    monkeypatch.setattr(commands, "COMMANDS", {"lint": stop})
    assert commands.main(["lint"]) == status
