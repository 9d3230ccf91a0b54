"""``./paspor clients --check``: the description of the API before linters and before one more generator."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from devtools.clients_command import BUILD_SECONDS, CLIENTS, DOCUMENT
from devtools.docs_command import DOCS, merged_openapi
from devtools.tool_process import captured_tool
from local_suite.errors import CommandError
from local_suite.home import home

CHECKS: Final = CLIENTS / "checks"
REDOCLY_RULES: Final = DOCS / "openapi" / "redocly.yaml"
SPECTRAL_RULES: Final = DOCS / "openapi" / "spectral.yaml"
_QUIET: Final[Mapping[str, str]] = {
    "NO_COLOR": "1",
    "REDOCLY_TELEMETRY": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
}
"""The linters tell their makers nothing of what they read."""


class PackagesNotHere(CommandError):
    """npm, or its line to the packages of the checks, is missing."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The checks of the interface cannot run: {reason}")


class InterfaceNotTaken(CommandError):
    """A linter or a generator does not take the description of the API as it is."""

    def __init__(self, tool: str, said: str) -> None:
        super().__init__(f"{tool} does not take the description of the API: {said.strip()[-4000:]}")


def check_interface() -> None:
    """Write the description of the API and hold it before all checks.

    Raises:
        PackagesNotHere: npm or the packages are missing.
        InterfaceNotTaken: one of them has an objection; it is in the message.
    """
    DOCUMENT.write_text(json.dumps(merged_openapi()))
    folder = home() / "cache" / "interface-checks"
    install_checks(folder)
    for check in (lint_with_redocly, lint_with_spectral, generate_with_hey_api):
        check(DOCUMENT, folder)


def install_checks(folder: Path) -> None:
    """Install the locked packages of the checks in this folder; no script of theirs is run.

    Raises:
        PackagesNotHere: npm is missing, or cannot fetch them.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise PackagesNotHere("npm is not on this machine.")
    made = shutil.ignore_patterns("node_modules", "hey-api")
    shutil.copytree(CHECKS, folder, dirs_exist_ok=True, ignore=made)
    status, said = _run([npm, "ci", "--no-fund", "--no-audit", "--ignore-scripts"], folder)
    if status:
        raise PackagesNotHere(f"npm ci failed: {said.strip()[-2000:]}")


def lint_with_redocly(document: Path, folder: Path) -> None:
    """Lint with redocly; a warning counts as an error.

    Raises:
        InterfaceNotTaken: it found something.
    """
    words = ["lint", "--config", str(REDOCLY_RULES), "--format=json", str(document)]
    _, said = _run([*_tool(folder, "redocly"), *words], folder)
    try:
        found = json.loads(said[said.index("{") : said.rindex("}") + 1])
    except ValueError:
        raise InterfaceNotTaken("redocly", said) from None
    if found["totals"]["errors"] or found["totals"]["warnings"]:
        raise InterfaceNotTaken("redocly", _told_by_redocly(found["problems"]))


def _told_by_redocly(problems: Sequence[Mapping[str, object]]) -> str:
    return "\n".join(f"{problem['ruleId']}: {problem['message']}" for problem in problems)


def lint_with_spectral(document: Path, folder: Path) -> None:
    """Lint with spectral; a warning counts as an error.

    Raises:
        InterfaceNotTaken: it found something.
    """
    words = ["lint", "--fail-severity", "warn", "--ruleset", str(SPECTRAL_RULES), str(document)]
    status, said = _run([*_tool(folder, "spectral"), *words], folder)
    if status:
        raise InterfaceNotTaken("spectral", said)


def generate_with_hey_api(document: Path, folder: Path) -> None:
    """Generate a client with hey-api and compile it strictly.

    Raises:
        InterfaceNotTaken: the generator warns or fails, or the compiler does.
    """
    made = folder / "hey-api"
    words = ["--input", str(document), "--output", str(made), "--no-log-file"]
    generator = [*_tool(folder, "openapi-ts"), *words]
    for tool, command in (("hey-api", generator), ("tsc on hey-api's client", _tool(folder, "tsc"))):
        status, said = _run(command, folder)
        if status or "warn" in said.lower():
            raise InterfaceNotTaken(tool, said)


def _tool(folder: Path, name: str) -> list[str]:
    return [str(folder / "node_modules" / ".bin" / name)]


def _run(command: Sequence[str], folder: Path) -> tuple[int, str]:
    """Return the exit status of the tool and all that it printed."""
    try:
        return captured_tool(command, cwd=folder, env=_QUIET, seconds=BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        return 1, f"it took more than {BUILD_SECONDS:.0f} s"
