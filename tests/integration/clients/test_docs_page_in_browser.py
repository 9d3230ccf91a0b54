"""`/docs` in a browser: it shows every call, sends them as they stand, and asks no other address than the service's."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devtools.interface_check import PackagesNotHere, install_checks
from local_suite.suite import Suite

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script with what it needs; without a browser, Node or its packages the test is skipped."""
    if not BROWSER:
        pytest.skip("no Chromium is on this machine")
    made = tmp_path_factory.mktemp("browser")
    try:
        install_checks(made)
    except PackagesNotHere as missing:
        pytest.skip(str(missing).splitlines()[0])
    return made


async def test_a_reader_sends_calls_from_the_page(folder: Path, running_suite: Suite) -> None:
    address = running_suite.url("identity")
    read = await asyncio.create_subprocess_exec(
        *("node", "docs_page.mjs", address, BROWSER, "show_privacy_notice", "register"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, trouble = await asyncio.wait_for(read.communicate(), timeout=120)
    assert read.returncode == 0, trouble.decode()
    found = json.loads(said)
    assert found["complaints"] == [], "the page keeps to its own policy"
    assert found["calls"] == found["described"] > 100
    assert found["shown"] == {"show_privacy_notice": 200, "register": 202}
    places = {urlsplit(asked["url"]).netloc for asked in found["asked"] if not asked["url"].startswith("data:")}
    assert places == {urlsplit(address).netloc}
