"""Secrets that somebody would commit are found; what is known to be none is not told, wherever it stands."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from devtools import secret_scan
from devtools.lint_command import checks
from devtools.secret_scan import baseline_of, find_secrets, kept_files, known_secrets, unknown_secrets

RANDOM = "9f8a" + "3c51d07be264" + "0f9d"
PLANTED = {
    "AWS Access Key": 'x = "' + "AKIA" + 'QZ7XN3LM5RTB2WKD"',
    "Artifactory Credentials": "x=" + "AKC" + "p8jRwmzKq21",
    "Base64 High Entropy String": 'x = "' + "c3VwZXIgbG9uZyBz" + "dHJpbmcgc2hvdWxkIGNhdXNlIGVub3VnaCBlbnRyb3B5" + '"',
    "Basic Auth Credentials": "url = amqp" + "://paspor:hunter2" + "@broker.invalid/",
    "GitHub Token": "x = " + "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8",
    "GitLab Token": "x = " + "glpat-" + "A1b2C3d4E5f6G7h8I9j0",
    "Hex High Entropy String": f"x = '{RANDOM}'",
    "JSON Web Token": "x = " + "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0" + ".c2lnbmF0dXJl",
    "Private Key": "-----BEGIN " + "EC PRIVATE KEY-----",
    "Secret Keyword": "database_" + "password = 'correct horse'",
    "Slack Token": "x = " + "xoxb-" + "123456789012-A1b2C3d4E5f6",
    "Stripe Access Key": "x = " + "sk_live_" + "A1b2C3d4E5f6G7h8I9j0K1l2",
    "SendGrid API Key": "x = " + "SG." + "A1b2C3d4E5f6G7h8I9j0K1" + "." + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v",
}
"""What each detector finds, put together here so that this file holds none of it."""


@pytest.mark.parametrize("name", ["settings.py", "notes.md", "letter.txt", "compose.yml"])
@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found_where_it_stands(kind: str, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("# nothing\n\nx = 1\n" + PLANTED[kind] + "\ny = 2\n")
    assert (name, 4, kind) in {each[:3] for each in find_secrets(tmp_path, [name])}


def test_a_file_without_secrets_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('from x import y\n\nNAME = "a name"\n' * 50)
    assert find_secrets(tmp_path, ["a.py"]) == []


def test_what_is_not_shown_to_the_detectors_holds_nothing_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of this repository with findings of every kind, whole and shortened."""
    names = ["shared/settings.py", "tests/contract/test_production.py", "tests/unit/billing/make.py", "docs/runbook.md"]
    shortened = find_secrets(secret_scan.PROJECT, names)
    monkeypatch.setattr(secret_scan, "_is_worth_a_look", lambda line: True)
    assert shortened == find_secrets(secret_scan.PROJECT, names) != []


def test_what_is_known_is_not_told_wherever_it_moves(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PLANTED["Secret Keyword"] + "\n")
    place = tmp_path / "baseline"
    place.write_text(json.dumps(baseline_of(find_secrets(tmp_path, ["a.py"]))))
    known = known_secrets(place)
    (tmp_path / "b.py").write_text("\n\n" + PLANTED["Secret Keyword"] + "\n")
    assert unknown_secrets(tmp_path, ["a.py", "b.py"], known) == []
    (tmp_path / "b.py").write_text(PLANTED["Secret Keyword"].replace("horse", "house") + "\n")
    assert [each[:3] for each in unknown_secrets(tmp_path, ["a.py", "b.py"], known)] == [("b.py", 1, "Secret Keyword")]


def test_files_that_git_would_keep_are_looked_at(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)  # noqa: S603, S607
    for name in ("new.py", "ignored.py", "requirements/dev.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    assert kept_files(tmp_path) == [".gitignore", "new.py"]


def test_the_command_says_where_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_scan, "PROJECT", tmp_path)
    monkeypatch.setattr(secret_scan, "BASELINE", tmp_path / "baseline")
    monkeypatch.setattr(secret_scan, "kept_files", lambda: ["a.py"])
    (tmp_path / "a.py").write_text("x = 1\n")
    assert secret_scan.main(["--accept"]) == secret_scan.main([]) == 0
    (tmp_path / "a.py").write_text(PLANTED["GitHub Token"] + "\n")
    assert secret_scan.main([]) == 1
    said = capsys.readouterr().out
    assert "a.py:1: GitHub Token" in said and PLANTED["GitHub Token"] not in said
    assert secret_scan.main(["--accept"]) == secret_scan.main([]) == 0


def test_lint_looks_for_secrets() -> None:
    assert "devtools.secret_scan" in checks()["secrets"]


def test_the_baseline_names_no_place_of_a_machine() -> None:
    text = secret_scan.BASELINE.read_text(encoding="utf-8")
    assert str(secret_scan.PROJECT) not in text
    assert all(not Path(name).is_absolute() for name in json.loads(text)["results"])
    assert "file://" not in text and "generated_at" not in text
