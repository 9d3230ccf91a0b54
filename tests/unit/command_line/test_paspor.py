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
        (["demo", "--json"], ["runtime"]),
        (["test", "unit"], ["runtime", "dev"]),
        ([], ["runtime"]),
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
