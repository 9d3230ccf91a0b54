"""The executable that prepares the environment."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from local_suite.home import PROJECT


@pytest.fixture
def paspor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with a project and a home of its own."""
    loader = importlib.machinery.SourceFileLoader("paspor_script", str(PROJECT / "paspor"))
    spec = importlib.util.spec_from_loader("paspor_script", loader)
    assert spec is not None
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "pycache_prefix", sys.pycache_prefix)  # the script sets it
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    (tmp_path / "requirements").mkdir()
    for name in ("runtime", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    home = tmp_path / "home"
    for name, value in {"PROJECT": tmp_path, "HOME": home, "VENV": home / "venv"}.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(module, "PYTHON", home / "venv" / "bin" / "python")
    return module


def make_environment(paspor: ModuleType) -> None:
    major, minor = sys.version_info[:2]
    (paspor.VENV / "lib" / f"python{major}.{minor}").mkdir(parents=True, exist_ok=True)
    paspor.PYTHON.parent.mkdir(exist_ok=True)
    paspor.PYTHON.write_text("")


def test_nothing_is_up_to_date_at_first(paspor: ModuleType) -> None:
    assert not paspor.up_to_date("runtime")


def test_a_lock_is_installed_once_until_it_changes(paspor: ModuleType) -> None:
    make_environment(paspor)
    (paspor.VENV / "runtime.stamp").write_text(paspor.lock_hash("runtime"))
    assert paspor.up_to_date("runtime")
    (paspor.PROJECT / "requirements" / "runtime.txt").write_text("runtime==2\n")
    assert not paspor.up_to_date("runtime")


def test_an_environment_of_another_python_is_made_again(paspor: ModuleType) -> None:
    (paspor.VENV / "lib" / "python3.9").mkdir(parents=True)
    (paspor.VENV / "runtime.stamp").write_text(paspor.lock_hash("runtime"))
    assert not paspor.up_to_date("runtime")


def test_only_what_is_missing_is_installed(paspor: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(paspor, "pip_works", lambda: paspor.PYTHON.exists())
    monkeypatch.setattr(paspor, "make_environment", lambda: make_environment(paspor))

    def install(name: str) -> None:
        installed.append(name)
        (paspor.VENV / f"{name}.stamp").write_text(paspor.lock_hash(name))

    monkeypatch.setattr(paspor, "install", install)
    paspor.prepare(["runtime"])
    paspor.prepare(["runtime", "dev"])
    paspor.prepare(["runtime", "dev"])
    assert installed == ["runtime", "dev"]


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["up"], ["runtime"]),
        (["up", "--papers"], ["runtime", "papers"]),
        (["demo", "--json"], ["runtime"]),
        (["dead", "list"], ["runtime"]),
        (["test", "unit"], ["runtime", "dev"]),
        (["bench", "seats", "--json"], ["runtime", "dev"]),
    ],
)
def test_developers_commands_need_the_developers_lock(
    paspor: ModuleType, monkeypatch: pytest.MonkeyPatch, arguments: list[str], needed: list[str]
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(sys, "argv", ["paspor", *arguments])
    monkeypatch.setattr(paspor, "prepare", asked.append)
    monkeypatch.setattr(paspor.os, "execv", lambda *_: 0)
    monkeypatch.setattr(paspor.os, "environ", {})
    assert paspor.main() == 0
    assert asked == [needed]


@pytest.mark.parametrize(("words", "status"), [([], 2), (["--help"], 0), (["test", "--help"], 0), (["nosuch"], 2)])
def test_help_and_mistakes_prepare_nothing(
    paspor: ModuleType, monkeypatch: pytest.MonkeyPatch, words: list[str], status: int
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(sys, "argv", ["paspor", *words])
    monkeypatch.setattr(paspor, "prepare", asked.append)
    with pytest.raises(SystemExit) as end:
        paspor.main()
    assert end.value.code == status
    assert asked == []


@pytest.mark.parametrize("tried", [False, True])
def test_an_older_python_is_told_what_is_needed(
    paspor: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, tried: bool
) -> None:
    monkeypatch.setattr(paspor, "LOWEST", (99, 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PASPOR_TRIED_PYTHON", "1" if tried else "")
    with pytest.raises(SystemExit) as end:
        paspor.main()
    assert end.value.code == 1
    assert capsys.readouterr().err.startswith("paspor: Python 3.11 is needed, this is 3.")


def fake_pip(paspor: ModuleType, program: str) -> None:
    """Let the environment's Python be a script that stands for pip."""
    make_environment(paspor)
    paspor.PYTHON.write_text(f"#!/bin/sh\n{program}\n")
    paspor.PYTHON.chmod(0o755)


def test_what_pip_says_is_kept_and_not_shown(paspor: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    fake_pip(paspor, "echo WARNING: a script lies elsewhere >&2; echo Successfully installed")
    paspor.install("runtime")
    assert paspor.up_to_date("runtime")
    assert "WARNING" not in capsys.readouterr().err
    log = (paspor.HOME / "install-runtime.log").read_text()
    assert log == "WARNING: a script lies elsewhere\nSuccessfully installed\n"


def test_the_end_of_what_pip_says_is_shown_when_it_fails(paspor: ModuleType) -> None:
    fake_pip(paspor, "seq 1 40; echo ERROR: no such version >&2; exit 1")
    with pytest.raises(paspor.Unprepared) as refusal:
        paspor.install("runtime")
    assert not paspor.up_to_date("runtime")
    said = str(refusal.value)
    assert said.startswith("requirements/runtime.txt could not be installed. Check the network and the free disk space")
    assert str(paspor.HOME / "install-runtime.log") in said
    assert said.endswith("\n    40\n    ERROR: no such version")
    assert len(said.splitlines()) == 1 + paspor.LINES_SHOWN


def test_a_refusal_is_one_sentence_and_a_status(
    paspor: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(names: list[str]) -> None:
        raise paspor.Unprepared("no network. Check it, then start again.")

    monkeypatch.setattr(sys, "argv", ["paspor", "up"])
    monkeypatch.setattr(paspor, "prepare", refuse)
    assert paspor.main() == 1
    assert capsys.readouterr().err == "paspor: no network. Check it, then start again.\n"


def test_without_pip_and_without_apt_it_says_what_to_install(
    paspor: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(paspor.Unprepared, match=r"no pip.*Install pip and venv"):
        paspor.unpack_pip(tmp_path)
