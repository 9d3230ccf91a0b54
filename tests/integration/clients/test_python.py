"""The Python client: generated whole, patient, and able to walk from registration to the letter."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from devtools.clients_command import CLIENTS, build_python


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, document: Path) -> Path:
    """A copy of the client's folder, with the generated package."""
    folder = tmp_path_factory.mktemp("python-client")
    shutil.copytree(CLIENTS / "python", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("paspor_api"))
    build_python(folder, document)
    return folder


async def test_a_whole_journey(client: Path, walk_arguments: list[str], tmp_path: Path) -> None:
    walk = await asyncio.create_subprocess_exec(
        *(sys.executable, str(client / "journey.py"), *walk_arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    said, _ = await walk.communicate()
    assert walk.returncode == 0, said.decode()
    assert (tmp_path / "letter.pdf").read_bytes().startswith(b"%PDF-")
