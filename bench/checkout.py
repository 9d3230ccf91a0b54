"""Checkouts of this repository that can be measured: this one, and a clone of another revision with what it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local_suite.errors import CommandError
from local_suite.home import PROJECT, home

LOCKS: Final = ("requirements/runtime.txt", "requirements/dev.txt")
GIT_SECONDS: Final = 120.0
PREPARE_SECONDS: Final = 900.0
"""A virtual environment of its own takes a minute or two; a slow line more."""

PREPARE: Final = "import runpy; runpy.run_path('paspor')['prepare'](['runtime', 'dev'])"
"""Run in a checkout: what its ``./paspor`` does before a developer's command. Every build since eff84d8 has it."""

Say = Callable[[str], None]


class RevisionUnknown(CommandError):
    """Git knows no commit of this name."""

    def __init__(self, rev: str, reason: str) -> None:
        super().__init__(
            f"There is no commit {rev} in this repository ({reason}). Name one that git log shows, "
            "or fetch it first: git fetch --unshallow."
        )


class NoRepository(CommandError):
    """The project is not a clone, or git is not installed."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"--against compares with another commit, so it needs a git clone of this project, and git "
            f"itself ({reason})."
        )


class CloneFailed(CommandError):
    """The other build cannot be cloned or prepared."""

    def __init__(self, rev: str, step: str, reason: str) -> None:
        super().__init__(f"Commit {rev} could not be {step}: {reason}.")


@dataclass(frozen=True)
class Checkout:
    """A folder with this project's source at one commit, and the Python that runs it."""

    name: str
    """As it is printed: ``this build`` or the short id of the commit."""

    commit: str
    folder: Path
    home: Path
    """Its PASPOR_HOME."""

    python: Path

    def environment(self, temp: Path) -> dict[str, str]:
        """The environment of a process that runs this checkout's code; temporary files lie below ``temp``."""
        named = {name: value for name, value in os.environ.items() if name not in ("MONGO_URL", "AMQP_URL")}
        return {
            **named,
            "PASPOR_HOME": str(self.home),
            "PYTHONPATH": str(self.folder),
            "PYTHONPYCACHEPREFIX": str(self.home / "cache" / "bytecode"),
            "TMPDIR": str(temp),
        }


def this_build() -> Checkout:
    """The checkout that this code belongs to, with its uncommitted changes."""
    return Checkout("this build", describe_commit(PROJECT), PROJECT, home(), Path(sys.executable))


def describe_commit(folder: Path) -> str:
    """Short id of the checked-out commit, with a mark where the files differ from it; ``unknown`` without git."""
    done, short = run_git(("rev-parse", "--short", "HEAD"), folder)
    if not done:
        return "unknown"
    _, changed = run_git(("status", "--porcelain", "--untracked-files=no"), folder)
    return f"{short}{' with changes' if changed else ''}"


def resolve_revision(rev: str, project: Path = PROJECT) -> tuple[str, str]:
    """Return the full and the short id of a revision.

    Raises:
        NoRepository: the project is no clone, or there is no git.
        RevisionUnknown: git knows no such commit.
    """
    done, reason = run_git(("rev-parse", "--git-dir"), project)
    if not done:
        raise NoRepository(reason)
    done, full = run_git(("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"), project)
    if not done:
        raise RevisionUnknown(rev, full or "git rev-parse found nothing")
    _, short = run_git(("rev-parse", "--short", full), project)
    return full, short


@contextmanager
def other_build(rev: str, say: Say, *, keep: bool = False, project: Path = PROJECT) -> Iterator[Checkout]:
    """A clone of ``rev`` below PASPOR_HOME, prepared; removed afterwards unless ``keep`` is set.

    Raises:
        NoRepository, RevisionUnknown, CloneFailed
    """
    full, short = resolve_revision(rev, project)
    place = home() / "bench" / "against"
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{short}-", dir=place))
    try:
        clone_revision(full, short, folder, project)
        checkout = prepare_checkout(short, folder, say, project)
        yield checkout
    finally:
        if keep:
            say(f"the clone of {short} stays in {folder}")
        else:
            remove_clone(folder)


def clone_revision(full: str, short: str, folder: Path, project: Path = PROJECT) -> None:
    """Clone the project into the empty ``folder``, sharing its objects, and check the commit out.

    Raises:
        CloneFailed
    """
    done, reason = run_git(("clone", "--quiet", "--shared", "--no-checkout", str(project), str(folder)), project)
    if not done:
        raise CloneFailed(short, "cloned", reason)
    done, reason = run_git(("checkout", "--quiet", "--detach", full), folder)
    if not done:
        raise CloneFailed(short, "checked out", reason)


def prepare_checkout(short: str, folder: Path, say: Say, project: Path = PROJECT) -> Checkout:
    """Give the clone its environment: this one's where the lock files are the same, else one of its own.

    Raises:
        CloneFailed: its environment cannot be made.
    """
    own_home = folder / ".paspor"
    own_home.mkdir()
    (home() / "servers").mkdir(parents=True, exist_ok=True)
    (own_home / "servers").symlink_to(home() / "servers")  # unpacked servers are kept by version, so both can share
    if same_files(project, folder, LOCKS):
        return Checkout(short, short, folder, own_home, Path(sys.executable))
    say(f"{short} has other lock files: making an environment of its own")
    prepare_environment(short, folder, own_home)
    return Checkout(short, short, folder, own_home, own_home / "venv" / "bin" / "python")


def prepare_environment(short: str, folder: Path, own_home: Path) -> None:
    """Let the clone's own ``./paspor`` make its environment, with what developers' commands need.

    Raises:
        CloneFailed
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(  # noqa: S603 - the clone's own script
            [sys.executable, "-c", PREPARE],
            env={**environment, "PASPOR_HOME": str(own_home)},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PREPARE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as trouble:
        raise CloneFailed(short, "prepared", str(trouble)) from None
    if done.returncode or not (own_home / "venv" / "bin" / "python").exists():
        lines = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()
        raise CloneFailed(short, "prepared", lines[-1].rpartition("Unprepared: ")[2])


def same_files(one: Path, other: Path, names: Sequence[str]) -> bool:
    """Whether these files are there in both folders and hold the same bytes."""
    try:
        return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)
    except OSError:
        return False


def remove_clone(folder: Path) -> None:
    """Remove a clone; what links point to stays."""
    shutil.rmtree(folder, ignore_errors=True)


def run_git(words: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> tuple[bool, str]:
    """Run git without hooks and without questions; return whether it succeeded, and its answer or its last line."""
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", *words]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(more or {})}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program with words of ours
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=GIT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as trouble:
        return False, str(trouble)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return False, lines[-1] if lines else ""
    return True, done.stdout.strip()
