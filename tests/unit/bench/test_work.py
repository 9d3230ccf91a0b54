"""How much there is to read: statements of a checkout, files between two signals, and those of most holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench import work
from bench.checkout import Checkout
from bench.work import NOTER, count_statements, name_project_files, statements_of, usual_files

WATCHED: Final = """
import os, signal, sys, threading
sys.path.insert(0, {folder!r})
import before, during, after, elsewhere

before.act()
os.kill(os.getpid(), signal.SIGUSR1)
during.act()
thread = threading.Thread(target=elsewhere.act)
thread.start()
thread.join()
os.kill(os.getpid(), signal.SIGUSR2)
after.act()
"""


def test_statements_are_counted_at_every_depth(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text('"""A docstring."""\n\ndef f(x):\n    if x:\n        return 1\n    return 2; x = 3\n')
    assert statements_of(file) == 6


async def test_statements_of_the_folders_that_a_build_has(tmp_path: Path) -> None:
    for name, text in {"services/a/b.py": "x = 1\ny = 2\n", "launcher/c.py": "z = 3\n", "tests/d.py": "pass\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    table = await count_statements(Checkout("x", "x", tmp_path, tmp_path, Path(sys.executable)))
    assert [(figure.name, figure.value) for figure in table.figures] == [
        ("work.statements", 3),
        ("work.statements_run", 2),
    ]
    assert table.rows == (("services", "2"), ("launcher", "1"))


def test_a_file_that_few_holds_ran_through_does_not_count() -> None:
    always, sometimes = {"services/a.py"}, {"services/a.py", "shared/clock.py"}
    assert usual_files([always, sometimes, always]) == always
    assert usual_files([always, sometimes, sometimes]) == sometimes


def test_project_files_are_those_of_the_checkout_outside_its_tools(tmp_path: Path) -> None:
    paths = [str(tmp_path / "services" / "a.py"), str(tmp_path / "bench" / "b.py"), "/usr/lib/c.py", "<frozen d>"]
    assert name_project_files(paths, tmp_path) == {"services/a.py"}


def test_files_are_noted_between_two_signals_in_every_thread(tmp_path: Path) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()
    for name in ("before", "during", "after", "elsewhere"):
        (modules / f"{name}.py").write_text("def act():\n    pass\n")
    (tmp_path / "sitecustomize.py").write_bytes(NOTER.read_bytes())
    noted = tmp_path / "noted.json"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "BENCH_EXECUTED_FILES": str(noted)}
    script = WATCHED.format(folder=str(modules))
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)  # noqa: S603 - our own script
    files = {Path(path).stem for path in json.loads(noted.read_text())}
    assert files & {"before", "during", "after", "elsewhere"} == {"during", "elsewhere"}
    assert work._take_noted(noted)
    assert not noted.exists()
