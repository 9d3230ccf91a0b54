"""What `./paspor test --long` found, kept in `.paspor/long/result.json` for `./paspor acceptance`.

The file: `{"commit", "dirty", "tests": {NODE_ID: OUTCOME}, "clauses": {NODE_ID: [CLAUSE]}}`, only of tests that carry
clauses. It counts for the same commit without changes.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from devtools.acceptance_plugin import REPORT_OPTION
from devtools.tool_process import run_tool
from local_suite.home import home
from local_suite.work_tree import WorkTree, checked_out, over_a_run, read_of, write_with


def result_file() -> Path:
    """Return where the result lies."""
    return home() / "long" / "result.json"


def run(pytest_command: Sequence[str], *, env: Mapping[str, str] | None = None) -> int:
    """Run a pytest command with the acceptance plugin, keep its result, return its exit status.

    The result replaces the one before, so one command runs all long tests.
    """
    begun = checked_out()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ["-p", "devtools.acceptance_plugin", f"{REPORT_OPTION}={report}"]
        status = run_tool([*pytest_command, *options], env=env)
        lines = json.loads(report.read_text()) if report.exists() else []
    write(lines, over_a_run(begun, checked_out()))
    return status


def write(lines: Sequence[Mapping[str, Any]], tree: WorkTree, path: Path | None = None) -> None:
    """Write the lines of the plugin's report as the result of that source."""
    content = {
        "tests": {line["test"]: line["outcome"] for line in lines},
        "clauses": {line["test"]: line["clauses"] for line in lines},
    }
    write_with(tree, path or result_file(), content)


def read(tree: WorkTree, path: Path | None = None) -> list[dict[str, Any]]:
    """Return the lines that were kept for this source; none for another commit or changed files."""
    content = read_of(tree, path or result_file())
    if content is None:
        return []
    clauses = content.get("clauses", {})
    return [
        {"test": test, "clauses": clauses.get(test, []), "outcome": outcome}
        for test, outcome in content.get("tests", {}).items()
    ]
