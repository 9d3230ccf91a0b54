"""Every line of docs/first-hour.md, run as it stands there, against a running suite."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

from local_suite import demo
from local_suite.home import PROJECT
from local_suite.parts import DEFAULT_BASE, Ports
from local_suite.suite import Suite

PAGE = PROJECT / "docs" / "first-hour.md"
SECONDS = 180
"""Only a walk that hangs takes so long."""


def lines_of(page: str) -> str:
    """All shell blocks of the page, in their order."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))


def here(script: str, suite: Suite) -> str:
    """The lines with the ports, the secrets and the Python of this run in place of those of `./paspor up`."""
    moved = re.sub(
        r"http://127\.0\.0\.1:(\d{4})",
        lambda found: f"http://127.0.0.1:{suite.ports.base + int(found[1]) - DEFAULT_BASE}",
        script,
    )
    for told, found in (
        (".paspor/data/secrets.json", suite.data_dir / "secrets.json"),
        (".paspor/venv/bin/python", sys.executable),
    ):
        assert told in moved
        moved = moved.replace(told, str(found))
    return moved


def letter_in(folder: Path) -> bytes:
    """The one letter that was downloaded."""
    (letter,) = folder.glob("*.pdf")
    return letter.read_bytes()


@pytest.mark.acceptance("F73.by_application_number", "F73.made_when_paid", "F73.downloads")
async def test_every_line_of_the_first_hour_does_what_the_page_says(running_suite: Suite, tmp_path: Path) -> None:
    script = here(lines_of(PAGE.read_text(encoding="utf-8")), running_suite)
    bash = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script,
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT), "TMPDIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await bash.communicate()
    finally:
        if bash.returncode is None:
            bash.kill()
    words = said.decode(errors="replace")
    assert bash.returncode == 0, words[-3000:]
    assert words.rstrip().endswith("collected"), words[-3000:]
    assert letter_in(tmp_path).startswith(b"%PDF")


def test_the_page_names_the_addresses_of_the_suite() -> None:
    ports = Ports()
    told = set(re.findall(r"([A-Z]+)=(http://[^\s]+)", lines_of(PAGE.read_text(encoding="utf-8"))))
    names = ("identity", "application", "scheduling", "billing", "dukcapil", "mail")
    assert told == {*((name.upper(), ports.url(name)) for name in names), ("BANK", ports.url("simponi"))}


async def test_the_demo_walks_in_a_suite_that_runs(
    running_suite: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "DATA", running_suite.data_dir.name)
    monkeypatch.setenv("PASPOR_HOME", str(running_suite.data_dir.parent))
    assert await demo.walk_on(running_suite.ports, as_json=True) == 0
    said = capsys.readouterr().out
    assert "collect the passport" in said
    assert "expiry" not in said
