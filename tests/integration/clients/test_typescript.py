"""The TypeScript client: generated, compiled strictly, and able to walk from registration to the letter."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from devtools.clients_command import CLIENTS, ClientNotBuilt, build_typescript


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, document: Path) -> Path:
    """A copy of the client's folder, built; without Node, npm or its packages the tests are skipped."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("no Node with npm is on this machine")
    copy = tmp_path_factory.mktemp("typescript-client")
    made = shutil.ignore_patterns("node_modules", "dist", "schema.d.ts")
    shutil.copytree(CLIENTS / "typescript", copy, dirs_exist_ok=True, ignore=made)
    try:
        build_typescript(copy, document)
    except ClientNotBuilt as refused:
        if "npm ci" not in str(refused):
            raise
        pytest.skip(str(refused).splitlines()[0])
    return copy


async def test_a_whole_journey(folder: Path, walk_arguments: list[str], tmp_path: Path) -> None:
    walk = await asyncio.create_subprocess_exec(
        *("node", str(folder / "dist" / "journey.js"), *walk_arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    said, _ = await walk.communicate()
    assert walk.returncode == 0, said.decode()
    assert (tmp_path / "letter.pdf").read_bytes().startswith(b"%PDF-")


def test_on_a_line_that_breaks(folder: Path) -> None:
    """The tests in the client's folder: repeats, waiting, uploads that go on, refusals; nothing leaves the process."""
    run = subprocess.run(
        ["node", "--test", "--test-reporter=tap", "tests/"],  # noqa: S607 - the Node of this machine
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    passed = int(run.stdout.rpartition("# pass ")[2].partition("\n")[0])
    assert passed >= sum(path.read_text().count("\ntest(") for path in folder.glob("tests/*.test.mjs"))


def test_without_npm_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ClientNotBuilt, match="The typescript client was not built: npm is not on this machine"):
        build_typescript(tmp_path, tmp_path / "paspor.json")
