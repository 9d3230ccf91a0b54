"""Clones of another commit: found, made, prepared, removed; refusals are sentences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench import checkout
from bench.checkout import CloneFailed, NoRepository, RevisionUnknown, other_build, resolve_revision, run_git


def silent(line: str) -> None:
    del line


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two commits; the second changes a lock file."""
    folder = tmp_path / "project"
    (folder / "requirements").mkdir(parents=True)
    for name in ("runtime.txt", "dev.txt"):
        (folder / "requirements" / name).write_text("one\n")
    named = ("-c", "user.name=Sari Contoh", "-c", "user.email=sari@contoh.example")
    for words in (("init", "-q"), ("add", "."), (*named, "commit", "-qm", "first")):
        assert run_git(words, folder)[0]
    (folder / "requirements" / "dev.txt").write_text("two\n")
    assert run_git((*named, "commit", "-qam", "second"), folder)[0]
    monkeypatch.setenv("PASPOR_HOME", str(tmp_path / "home"))
    return folder


def test_a_revision_has_a_full_and_a_short_id(project: Path) -> None:
    full, short = resolve_revision("HEAD", project)
    assert len(full) == 40
    assert full.startswith(short)


@pytest.mark.parametrize("rev", ["nosuch", "--upload-pack=x", ""])
def test_an_unknown_revision_is_told(project: Path, rev: str) -> None:
    with pytest.raises(RevisionUnknown, match="There is no commit"):
        resolve_revision(rev, project)


def test_a_folder_that_is_no_clone_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoRepository, match="needs a git clone"):
        resolve_revision("HEAD", tmp_path)


def test_a_build_with_the_same_locks_shares_the_environment_and_its_clone_goes(project: Path) -> None:
    with other_build("HEAD", silent, project=project) as other:
        assert other.python == Path(sys.executable)
        assert (other.folder / "requirements" / "dev.txt").read_text() == "two\n"
        assert other.home.parent == other.folder
        assert checkout.home() in other.folder.parents
    assert not other.folder.exists()
    assert (checkout.home() / "servers").is_dir()


def test_a_kept_clone_is_named(project: Path) -> None:
    said: list[str] = []
    with other_build("HEAD", said.append, keep=True, project=project) as other:
        pass
    assert other.folder.exists()
    assert str(other.folder) in said[-1]


def test_the_clone_goes_when_the_run_fails(project: Path) -> None:
    with pytest.raises(KeyboardInterrupt), other_build("HEAD", silent, project=project) as other:
        raise KeyboardInterrupt
    assert not other.folder.exists()


def test_a_build_with_other_locks_makes_its_own_environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(checkout, "prepare_environment", lambda short, folder, own: asked.append(own))
    with other_build("HEAD~1", silent, project=project) as other:
        assert asked == [other.home]
        assert other.python == other.home / "venv" / "bin" / "python"


def test_an_environment_that_cannot_be_made_is_told(project: Path) -> None:
    (project / "paspor").write_text(
        "class Unprepared(Exception): pass\n"
        "def prepare(names): raise Unprepared('no network for ' + ' and '.join(names))\n"
    )
    with pytest.raises(CloneFailed, match=r"Commit abc could not be prepared: no network for runtime and dev\."):
        checkout.prepare_environment("abc", project, project / ".paspor")


def test_the_environment_of_a_checkout_is_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MONGO_URL", "mongodb://elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    made = checkout.Checkout("x", "x", tmp_path / "c", tmp_path / "h", Path(sys.executable)).environment(tmp_path / "t")
    assert "MONGO_URL" not in made
    assert made["PYTHONPATH"] == str(tmp_path / "c")
    assert (made["PASPOR_HOME"], made["TMPDIR"]) == (str(tmp_path / "h"), str(tmp_path / "t"))


def test_git_is_never_asked_for_a_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[dict[str, str]] = []
    real = subprocess.run

    def spy(*words: object, **more: object) -> object:
        given.append(more["env"])  # type: ignore[arg-type]
        return real(*words, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", spy)
    run_git(("status",), tmp_path)
    assert given[0]["GIT_TERMINAL_PROMPT"] == "0"
