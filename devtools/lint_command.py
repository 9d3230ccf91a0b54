"""`./paspor lint`: style, format, import rules and types."""

from __future__ import annotations

import sys
import time

from rich.console import Console

from devtools.tool_process import captured_tool
from local_suite.home import home


def checks() -> dict[str, list[str]]:
    """Name and command of each check, the quick ones first."""
    module = [sys.executable, "-m"]
    # lint-imports has no module of its own to run with -m
    imports = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return {
        "ruff check": [*module, "ruff", "check", "."],
        "ruff format": [*module, "ruff", "format", "--check", "."],
        "secrets": [*module, "devtools.secret_scan"],
        "import rules": [sys.executable, "-c", imports, "--cache-dir", str(home() / "cache" / "imports")],
        "mypy --strict": [*module, "mypy", "--strict"],
    }


def run_checks() -> int:
    """Runs all, shows each with its time and result and the words of those that failed. 1 if one failed."""
    console = Console(highlight=False)
    failed = []
    for name, command in checks().items():
        began = time.monotonic()
        status, output = captured_tool(command)
        result = "[red]failed[/]" if status else "[green]passed[/]"
        console.print(f"{name:<16} {result} {time.monotonic() - began:6.1f} s")
        if status:
            failed.append(name)
            console.print(output.strip(), markup=False, soft_wrap=True)
    if failed:
        console.print(f"Next: mend what {', '.join(failed)} found; `ruff check --fix` and `ruff format` mend a part.")
    return 1 if failed else 0
