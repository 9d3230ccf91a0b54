"""A run in a process of its own: figures come back, what fails is a sentence, the process is ended by its id."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bench import target
from bench.checkout import Checkout
from bench.gateway import local_conf
from bench.process_memory import process_tree, tree_mib, watch_memory
from bench.target import FigureMissing, RunBroken, measure_in, start_target
from tests.integration.bench.leftovers import begun_since

FIGURES = """
from dataclasses import dataclass

AMOUNT = 1

@dataclass
class Figure:
    name: str
    value: float
    unit: str = "1/s"
    floor: None = None
    target: None = None
    less_is_better: bool = False

@dataclass
class Table:
    figures: list
    method: str = "by hand"

async def measure(seats=1):
    print("noise on standard output")
    return Table([Figure("made.up", seats * AMOUNT)])

async def fail():
    raise RuntimeError("the seats ran out")
"""

NO_PORTS = "def any_free_ports():\n    raise LookupError('no base is free')\n"


def make_package(folder: Path, **modules: str) -> None:
    folder.mkdir(parents=True)
    for name, text in {"__init__": "", **modules}.items():
        (folder / f"{name}.py").write_text(text)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout with one bench of its own and a suite that does not start."""
    folder = tmp_path / "clone"
    make_package(folder / "bench", made_up=FIGURES)
    make_package(folder / "launcher", suite=NO_PORTS, processes="")
    monkeypatch.setenv("PASPOR_HOME", str(tmp_path / "home"))
    return Checkout("eff84d8", "eff84d8", folder, tmp_path / "home", Path(sys.executable))


async def test_a_checkouts_own_bench_is_run_with_the_settings_that_it_knows(build: Checkout) -> None:
    found = await measure_in(build, "bench.made_up", "measure", {"seats": 3, "unheard": 1}, {"AMOUNT": 5, "LINES": 1})
    assert found.figures[0]["value"] == 15
    assert found.method == "by hand"
    assert set(found.ignored) == {"unheard", "LINES"}


async def test_a_bench_that_the_build_has_not_is_told(build: Checkout) -> None:
    with pytest.raises(FigureMissing, match=r"eff84d8 cannot measure this: it has no bench\.attacks\.measure"):
        await measure_in(build, "bench.attacks", "measure", {}, {})


async def test_a_run_that_fails_is_told_with_its_reason_and_log(build: Checkout, tmp_path: Path) -> None:
    with pytest.raises(RunBroken, match=r"The run of eff84d8 broke off: RuntimeError: the seats ran out\. Its log: "):
        await measure_in(build, "bench.made_up", "fail", {}, {})
    assert (tmp_path / "home" / "bench" / "logs" / "eff84d8-measure.log").exists()


async def test_a_suite_that_does_not_start_is_told(build: Checkout) -> None:
    with pytest.raises(RunBroken, match="no base is free"):
        async with start_target(build, settings={}):
            pass


async def test_a_suite_is_found_where_it_lies_now(build: Checkout) -> None:
    (build.folder / "launcher").rename(build.folder / "local_suite")
    with pytest.raises(RunBroken, match=r"No module named 'local_suite\.parts'"):
        async with start_target(build, settings={}):
            pass
    (build.folder / "local_suite" / "suite.py").rename(build.folder / "local_suite" / "parts.py")
    with pytest.raises(RunBroken, match="no base is free"):
        async with start_target(build, settings={}):
            pass


async def test_a_checkout_without_a_suite_is_told(build: Checkout) -> None:
    (build.folder / "launcher").rename(build.folder / "elsewhere")
    with pytest.raises(RunBroken, match="this checkout has no any_free_ports"):
        async with start_target(build, settings={}):
            pass


async def test_a_process_that_ends_without_a_word_is_told(build: Checkout) -> None:
    (build.folder / "bench" / "made_up.py").write_text("import os\nos._exit(9)\n")
    with pytest.raises(RunBroken, match="it ended; the last line of its log"):
        await measure_in(build, "bench.made_up", "measure", {}, {})


async def test_no_temporary_folder_and_no_process_stays(
    build: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(target.tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    before = set(process_tree(os.getpid()))
    await measure_in(build, "bench.made_up", "measure", {}, {})
    assert list((tmp_path / "temp").iterdir()) == []
    assert begun_since(before) == []


def test_the_memory_of_a_tree_counts_its_children() -> None:
    assert os.getpid() in process_tree(os.getpid())
    assert tree_mib(os.getpid()) > 1
    assert process_tree(2**22 + 1) == []


async def test_memory_is_watched_from_before_to_its_peak() -> None:
    async with watch_memory(os.getpid()) as watched:
        held = bytearray(b"1") * (96 * 1024 * 1024)
        while watched.growth < 64:  # noqa: ASYNC110 - it is sampled by another task
            await asyncio.sleep(0.05)
    assert len(held) == 96 * 1024 * 1024
    assert watched.peak >= watched.before + 64


def test_the_gateways_file_listens_here_and_knows_the_services_by_port(tmp_path: Path) -> None:
    conf = (Path(__file__).parents[3] / "deploy" / "gateway" / "nginx.conf").read_text()
    made = local_conf(conf, 9999, {"billing": 1234, "identity": 5678}, tmp_path)
    assert "listen 127.0.0.1:9999;" in made
    assert "upstream billing { server 127.0.0.1:1234; }" in made
    assert "resolver" not in made.replace("resolver.", "")
    assert ":8080" not in made
    assert f"client_body_temp_path {tmp_path}/body;" in made
    assert "limit_conn address 256;" in made
