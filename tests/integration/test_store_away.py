"""The real mongod dies in the middle of an upload: the caller is told to come again, and goes on where it stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from local_suite.servers.mongod import Mongod
from shared.crypto.keyring import Keyring
from shared.files.gridfs import GridFsFiles
from shared.store.driver import connect, database, disconnect
from tests.unit import world as shared_world
from tests.unit.application.browser import STREAM, Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.test_http import begun
from tests.unit.application.world import World, picture


@pytest.fixture
async def mongod(tmp_path: Path) -> AsyncIterator[Mongod]:
    """A server of this test's own, since it is killed."""
    async with Mongod(tmp_path / "mongod") as server:
        yield server


@pytest.fixture
async def world(mongod: Mongod, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Application with its files on that server and the rest in memory."""
    client = connect(mongod.url)
    data = database(client, "paspor_files_away")

    def on_the_server(keyring: Keyring, clock: Any, person_keys: Any = None) -> GridFsFiles:
        return GridFsFiles(data, keyring, clock, person_keys)

    monkeypatch.setattr(shared_world, "MemoryFiles", on_the_server)
    made = World()
    await made.files.prepare()  # type: ignore[attr-defined]
    yield made
    await disconnect(client)


async def test_a_server_that_dies_in_the_middle_of_an_upload(browser: Browser, world: World, mongod: Mongod) -> None:
    path = await begun(browser, world)
    content = picture(1600, 1200)
    body = {"requirement": "ktp", "file_name": "x.jpg", "media_type": "image/jpeg", "size_bytes": len(content)}
    _, document = await browser.ask("POST", f"{path}/documents", json=body)
    url = document["upload_url"]
    status, part = await browser.ask("PATCH", url, data=content[:5000], headers=at(0))
    assert (status, part["upload_offset"]) == (200, 5000)

    async def the_rest() -> AsyncIterator[bytes]:
        yield content[5000:9000]
        await mongod.kill()
        yield content[9000:]

    status, problem = await browser.ask("PATCH", url, data=the_rest(), headers=at(5000))
    assert (status, problem["code"]) == (503, "unavailable")
    status, headers = await browser.ask("HEAD", url)
    assert (status, headers["Retry-After"]) == (503, "5")

    await mongod.start()
    status, headers = await browser.ask("HEAD", url)
    assert status == 200
    offset = int(headers["Upload-Offset"])
    assert offset in (5000, 9000, len(content))
    status, done = await browser.ask("PATCH", url, data=content[offset:], headers=at(offset))
    assert (status, done["state"]) == (200, "accepted")
    status, kept = await browser.ask("GET", url)
    assert (status, kept[:2]) == (200, b"\xff\xd8")


def at(offset: int) -> dict[str, str]:
    return {"Upload-Offset": str(offset), "Content-Type": STREAM}


async def test_a_download_while_the_server_is_away(browser: Browser, world: World, mongod: Mongod) -> None:
    path = await begun(browser, world)
    done = await browser.upload(path, "ktp")
    await mongod.kill()
    status, problem = await browser.ask("GET", f"{path}/documents/{done['document_id']}/content")
    assert (status, problem["code"]) == (503, "unavailable")
