"""`./paspor` on a copy of the project that nobody has prepared, with the Python that is found on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command_line.commands import COMMANDS
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
