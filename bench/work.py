"""How much there is to read: project files that one hold runs through, and statements of all that is not a test."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from bench import stage
from bench.checkout import Checkout
from bench.figures import Figure, Table
from bench.holders import introduce
from bench.seats import HOT, open_session
from bench.target import Target, start_target

NOTER: Final = Path(__file__).with_name("executed_files.py")
HOLDS: Final = 20
WARM_UP: Final = 10
"""Holds before the first that is looked at: what is imported or cached once is no work of a request."""

PATIENCE_SECONDS: Final = 10.0
OFFICE: Final = "jakarta-selatan"
RESTING: Final = ("application", "billing", "notification", "simulators", "mail")
RUN_FOLDERS: Final = ("services", "shared", "simulators")
"""Where a file must lie to be a project file of a request."""

TOOL_FOLDERS: Final = ("launcher", "command_line", "devtools", "local_suite", "operations", "journeys", "bench")
"""The launcher of older builds and what took its place."""


async def count_files(checkout: Checkout, holds: int = HOLDS) -> Table:
    """Hold seats one after the other and see which files scheduling runs through from the call to the answer."""
    async with _watched_suite(checkout) as (target, noted):
        runs = [name_project_files(paths, checkout.folder) async for paths in _hold(target, noted, holds)]
    usual = usual_files(runs)
    folders = Counter("/".join(Path(path).parts[:2]) for path in usual)
    return Table(
        title="Files of one hold",
        method=(
            f"After {WARM_UP} holds, {holds} citizens one after the other POST /v1/appointments to the suite of this "
            f"build. Between the call and its answer the files of {', '.join(RUN_FOLDERS)} are noted in which a "
            "function of scheduling's process is entered or resumed. Counted are the files of most holds, so that "
            "what a clock wakes meanwhile is left out."
        ),
        figures=(Figure("work.files", float(len(usual)), "files", less_is_better=True),),
        columns=("folder", "files"),
        rows=tuple((folder, str(count)) for folder, count in sorted(folders.items())),
    )


def usual_files(runs: Iterable[set[str]]) -> set[str]:
    """Return the files that more than half of the runs have."""
    sets = list(runs)
    counts = Counter(path for paths in sets for path in paths)
    return {path for path, count in counts.items() if count > len(sets) / 2}


def name_project_files(paths: Iterable[str], folder: Path) -> set[str]:
    """The paths below the checkout's own folders, as git names them."""
    real = folder.resolve()
    inside = (Path(path).resolve() for path in paths)
    named = (path.relative_to(real) for path in inside if path.is_relative_to(real))
    return {path.as_posix() for path in named if path.parts[0] in RUN_FOLDERS}


@asynccontextmanager
async def _watched_suite(checkout: Checkout) -> AsyncIterator[tuple[Target, Path]]:
    """The checkout's suite, whose scheduling writes what it ran through into the file."""
    folder = Path(tempfile.mkdtemp(prefix="paspor-files-"))
    try:
        shutil.copy(NOTER, folder / "sitecustomize.py")
        noted = folder / "noted.json"
        watch = {"PYTHONPATH": f"{folder}{os.pathsep}{checkout.folder}", "BENCH_EXECUTED_FILES": str(noted)}
        settings = {"*": stage.OPEN_LIMITS, "scheduling": {**stage.OPEN_LIMITS, **watch}}
        async with start_target(checkout, settings=settings, without=RESTING, preload=False) as target:
            yield target, noted
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _hold(target: Target, noted: Path, holds: int) -> AsyncIterator[list[str]]:
    """Hold a seat for each of so many people; the files of each hold after the warm-up."""
    holders = await introduce(target, WARM_UP + holds)
    session_id = await open_session(target, OFFICE, HOT)
    url, pid = f"{target.url('scheduling')}/v1/appointments", target.pid("scheduling")
    async with aiohttp.ClientSession() as session:
        for number in range(WARM_UP + holds):
            os.kill(pid, signal.SIGUSR1)
            await holders.win(session, url, number, session_id)
            os.kill(pid, signal.SIGUSR2)
            paths = await asyncio.to_thread(_take_noted, noted)
            if number >= WARM_UP:
                yield paths


def _take_noted(noted: Path) -> list[str]:
    """Wait for the file, read it and remove it."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not noted.exists():
        if time.monotonic() > give_up_at:
            raise RuntimeError("scheduling does not say which files it ran through")
        time.sleep(0.01)
    paths = json.loads(noted.read_text())
    noted.unlink()
    return list(paths)


async def count_statements(checkout: Checkout) -> Table:
    """Count the statements of the checkout's Python files, tests left out."""
    counts = {
        name: sum(map(statements_of, sorted((checkout.folder / name).rglob("*.py"))))
        for name in (*RUN_FOLDERS, *TOOL_FOLDERS)
        if (checkout.folder / name).is_dir()
    }
    product = float(sum(counts[name] for name in RUN_FOLDERS if name in counts))
    return Table(
        title="Statements",
        method="Statements as Python's parser counts them, at every depth, docstrings included; tests are left out.",
        figures=(
            Figure("work.statements", float(sum(counts.values())), "statements", less_is_better=True),
            Figure("work.statements_run", product, "statements", less_is_better=True, why=", ".join(RUN_FOLDERS)),
        ),
        columns=("folder", "statements"),
        rows=tuple((name, str(count)) for name, count in counts.items()),
    )


def statements_of(path: Path) -> int:
    """Return how many statements a file has, those within others included."""
    return sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse(path.read_bytes())))
