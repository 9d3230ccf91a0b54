"""`./paspor` on a copy of the project that nobody has prepared, with the Python that is found on the PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command_line.commands import COMMANDS, NOT_IN_EVERY_COPY
from local_suite.home import PROJECT

NOT_COPIED = (".git", ".paspor", "__pycache__", "docs", "tests", ".env")
GROUPS = {name.partition(" ")[0] for name in COMMANDS if " " in name}
HIDDEN_FROM_THE_COPY = ("PASPOR_HOME", "PYTHONPATH", "VIRTUAL_ENV")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files without what was made beside them."""
    folder = tmp_path_factory.mktemp("fresh") / "paspor"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
    return folder


def files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Start it with nothing of this test's environment that could help it."""
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN_FROM_THE_COPY}
    command = [str(copy / "paspor"), *words]
    return subprocess.run(  # noqa: S603
        command, cwd=copy.parent, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", ["", *sorted(GROUPS), *COMMANDS])
def test_help_answers_and_makes_nothing(copy: Path, command: str) -> None:
    before = files(copy)
    done = run(copy, *command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {' '.join(['paspor', *command.split()])} ")
    assert "Next: " in done.stdout
    assert files(copy) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch"], "paspor: argument COMMAND: invalid choice: 'nosuch'"),
        (["up", "--bad"], "paspor up: unknown: --bad. Try paspor up --help."),
        (["dead", "drop", "billing"], "paspor dead drop: the following arguments are required"),
        ([], "usage: paspor "),
    ],
)
def test_a_mistake_is_said_and_nothing_is_made(copy: Path, words: list[str], said: str) -> None:
    before = files(copy)
    done = run(copy, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert files(copy) == before


def test_the_words_are_read_without_any_package(copy: Path) -> None:
    program = "import sys; from command_line.parser import parse; parse(['bench', '--help'])"
    command = [sys.executable, "-S", "-c", program]
    environment = {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")


# ---- the operators' image --------------------------------------------------


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders that the Dockerfile copies into the operators' image."""
    folder = tmp_path_factory.mktemp("image")
    text, _, _ = (PROJECT / "Dockerfile").read_text().partition("AS gateway")
    for name in re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns(*NOT_COPIED))
    return folder


def run_in_image(image: Path, *words: str) -> subprocess.CompletedProcess[str]:
    nowhere = {"AMQP_URL": "amqp://127.0.0.1:1/", "MONGO_URL": "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"}
    environment = {"PYTHONPATH": str(image), "PASPOR_HOME": str(image / "home"), **nowhere}
    command = [sys.executable, "-m", "command_line", *words]
    return subprocess.run(  # noqa: S603
        command, cwd=image, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["dead", "list", "billing"], "paspor: RabbitMQ does not answer as it should"),
        (["parked", "list", "billing"], "paspor: The database of billing does not answer"),
        (["resync", "billing", "--since", "2026-11-20T00:00Z"], "paspor: The events could not all be sent"),
        (["ledger", "explain", "820261123000001"], "paspor: MongoDB does not answer"),
        (["ledger", "verify", "nothing"], "paspor: The export at nothing cannot be read"),
        (["draw", "verify", "nothing"], "paspor: The record at nothing cannot be read"),
    ],
)
def test_an_operators_command_has_all_it_imports(image: Path, words: list[str], sentence: str) -> None:
    done = run_in_image(image, *words)
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)


def test_the_image_leaves_out_what_is_a_developers(image: Path) -> None:
    assert not any((image / name).exists() for name in NOT_IN_EVERY_COPY)
    assert " bench " not in run_in_image(image, "--help").stdout
    done = run_in_image(image, "lint")
    assert (done.returncode, done.stderr) == (
        1,
        "paspor: This copy of Paspor has no devtools: use a whole clone of it.\n",
    )
