"""Lighthouse's scores of the site's main pages on a throttled phone: performance, accessibility, best practices."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from local_suite.errors import CommandError
from local_suite.home import home

SOURCE: Final = Path(__file__).parent / "lighthouse_lock"
CATEGORIES: Final = ("performance", "accessibility", "best-practices")
CHROMIUM: Final = os.environ.get("PASPOR_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
LONGEST_SECONDS: Final = 300.0


class LighthouseMissing(CommandError):
    """npm or chromium is not on this machine, or a page could not be rated."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Lighthouse needs npm, Node 20 and chromium: {what}.")


async def rate(base: str, paths: Sequence[str], cookies: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return the scores of each page, 0 to 100 by category, on Lighthouse's own slow phone (simulated throttling).

    Raises:
        LighthouseMissing.
    """
    tool = await _installed()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        headers = Path(folder, "headers.json")
        said = "; ".join(f"{name}={value}" for name, value in cookies.items())
        await asyncio.to_thread(headers.write_text, json.dumps({"Cookie": said}))
        for path in paths:
            report = json.loads(await _output(*_command(tool, base + path, headers)))
            found[path] = _scores(report, path)
    return found


def _command(tool: Path, url: str, headers: Path) -> tuple[str, ...]:
    return (
        str(tool),
        url,
        "--quiet",
        "--output=json",
        "--output-path=stdout",
        f"--extra-headers={headers}",
        f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage",
    )


def _scores(report: Mapping[str, Any], path: str) -> dict[str, float]:
    categories = report.get("categories", {})
    if any(categories.get(name, {}).get("score") is None for name in CATEGORIES):
        raise LighthouseMissing(f"{path} was not rated: {report.get('runtimeError', {}).get('message', 'no score')}")
    return {name: round(100 * categories[name]["score"], 1) for name in CATEGORIES}


async def _installed() -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise LighthouseMissing("npm is not here")
    folder = home() / "lighthouse"
    tool, kept = folder / "node_modules" / ".bin" / "lighthouse", folder / "package-lock.json"
    lock = await asyncio.to_thread((SOURCE / "package-lock.json").read_bytes)
    if not tool.exists() or not kept.exists() or await asyncio.to_thread(kept.read_bytes) != lock:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, folder / name)
        await _output(npm, "ci", "--no-fund", "--no-audit", "--ignore-scripts", "--prefix", str(folder))
    return tool


async def _output(*command: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, "CHROME_PATH": CHROMIUM}
    )
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise LighthouseMissing(f"{Path(command[0]).name} took longer than {LONGEST_SECONDS:.0f} s") from None
    if process.returncode:
        raise LighthouseMissing(f"{Path(command[0]).name} ended with status {process.returncode}")
    return said
