"""Holds pages against the rules of HTML with html-validate, which npm brings at its first use."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from local_suite.home import home

SOURCE: Final = Path(__file__).parent / "markup"
NPM: Final = shutil.which("npm")
NPM_SECONDS: Final = 300.0


async def markup_faults(pages: Mapping[str, str]) -> list[str]:
    """Return what is wrong with pages, which are HTML by name."""
    tool = await _installed()
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for number, (name, html) in enumerate(pages.items()):
            file = Path(folder, f"{number}.html")
            await asyncio.to_thread(file.write_text, html)
            names[str(file)] = name
        config = SOURCE / "html-validate.json"
        said = await _output(str(tool), "--config", str(config), "--formatter", "json", *names)
    return [
        f"{names[page['filePath']]}: {line['ruleId']}: {line['message']} ({line['selector']})"
        for page in json.loads(said)
        for line in page["messages"]
    ]


async def _installed() -> Path:
    folder = home() / "markup"
    tool = folder / "node_modules" / ".bin" / "html-validate"
    lock = (SOURCE / "package-lock.json").read_bytes()
    kept = folder / "package-lock.json"
    if not tool.exists() or not kept.exists() or kept.read_bytes() != lock:
        assert NPM is not None
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, folder / name)
        await _output(NPM, "ci", "--no-fund", "--no-audit", "--ignore-scripts", "--prefix", str(folder))
    return tool


async def _output(*command: str) -> bytes:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(NPM_SECONDS):
        said, _ = await process.communicate()
    return said
