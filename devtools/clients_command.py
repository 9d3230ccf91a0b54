"""``./paspor clients``: the clients for integrators, their typed part generated from the description of the API."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from devtools.docs_command import merged_openapi
from devtools.tool_process import captured_tool
from local_suite.errors import CommandError
from local_suite.home import PROJECT

CLIENTS: Final = PROJECT / "clients"
DOCUMENT: Final = PROJECT / "docs" / "openapi" / "paspor.json"
BUILD_SECONDS: Final = 600.0
"""Longest that one tool may take; fetching packages over a slow line is most of it."""


class ClientUnknown(CommandError):
    """There is no client of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no client {name}. There are: {', '.join(BUILDERS)}.")


class ClientNotBuilt(CommandError):
    """A generator or compiler is missing, or does not take the description of the API."""

    def __init__(self, client: str, tool: str, reason: str) -> None:
        super().__init__(f"The {client} client was not built: {tool} {reason.rstrip('.')}.")


def build_clients(names: Sequence[str]) -> Sequence[str]:
    """Write the description of the API, build the named clients in their folders, and return which; no name is all.

    Raises:
        ClientUnknown: there is no client of a name.
        ClientNotBuilt: a tool is missing or failed; its output is in the message.
    """
    wanted = names or tuple(BUILDERS)
    for name in wanted:
        if name not in BUILDERS:
            raise ClientUnknown(name)
    DOCUMENT.write_text(json.dumps(merged_openapi()))
    for name in wanted:
        BUILDERS[name](CLIENTS / name, DOCUMENT)
    return wanted


def build_python(folder: Path, document: Path) -> None:
    """Generate the package `paspor_api` into this folder of the Python client, beside what is written by hand.

    Raises:
        ClientNotBuilt: the generator failed, or left calls out.
    """
    package = folder / "paspor_api"
    shutil.rmtree(package, ignore_errors=True)
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(document)]
    said = _run("python", [*command, "--output-path", str(package), *_SETTINGS], named=_GENERATOR)
    if "will be generated without" in said or "Skipping" in said:
        raise ClientNotBuilt("python", _GENERATOR, f"left something out: {said}")


def build_typescript(folder: Path, document: Path) -> None:
    """Generate the types into this folder of the TypeScript client and compile it with `tsc --strict`.

    Raises:
        ClientNotBuilt: npm is not here or cannot fetch the pinned packages, or a tool failed.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise ClientNotBuilt("typescript", "npm", "is not on this machine")
    quiet = ["--no-fund", "--no-audit", "--ignore-scripts"]
    _run("typescript", [npm, "ci", *quiet], cwd=folder, named="npm ci")
    binaries = folder / "node_modules" / ".bin"
    generator = [str(binaries / "openapi-typescript"), str(document), "--output", "src/schema.d.ts"]
    _run("typescript", [*generator, "--default-non-nullable=false"], cwd=folder)
    _run("typescript", [str(binaries / "tsc")], cwd=folder)


BUILDERS: Final = {"python": build_python, "typescript": build_typescript}
_GENERATOR: Final = "openapi-python-client"
_SETTINGS: Final = ("--meta", "none", "--config", str(CLIENTS / "python" / "generator.yaml"))


def _run(client: str, command: Sequence[str], cwd: Path | None = None, named: str = "") -> str:
    """Return all that the tool printed."""
    tool = named or Path(command[0]).name
    try:
        status, said = captured_tool(command, cwd=cwd or PROJECT, env={"NO_COLOR": "1"}, seconds=BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        raise ClientNotBuilt(client, tool, f"took more than {BUILD_SECONDS:.0f} s") from None
    if status:
        raise ClientNotBuilt(client, tool, f"failed: {said.strip()[-2000:]}")
    return said
