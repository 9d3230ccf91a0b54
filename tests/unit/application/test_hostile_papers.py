"""Papers sent by somebody who means harm, or does not know better: each has its refusal, and nothing is left behind."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
from PIL import Image

from services.application.applications.document import DocumentState
from services.application.paper_reading.app import build_reading
from services.application.paper_reading.reader_worker import answer_job
from services.application.paper_reading.reading_workers import ReadingWorkers
from shared.bus.dispatch import Dispatcher, Outcome
from shared.events.application import DocumentChecked, DocumentReceived
from shared.workers.in_thread import JobsInThread
from tests.unit.application.browser import STREAM, Browser, browser  # noqa: F401 - a fixture
from tests.unit.application.make import ADULT
from tests.unit.application.reading import drawn
from tests.unit.application.world import OWNER, World, picture
from tests.unit.world import envelope_of


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
def world() -> World:
    return World(papers_reading="wanted")


@pytest.fixture
async def path(world: World) -> str:
    """Of a draft that asks for papers."""
    await world.meet()
    application_id = await world.draft()
    await world.service.drafting.answer(application_id, ADULT, OWNER)
    return f"/v1/applications/{application_id}"


async def announce(browser: Browser, path: str, item: str, size_bytes: int) -> Any:  # noqa: F811
    body = {"requirement": item, "file_name": "x", "media_type": "image/jpeg", "size_bytes": size_bytes}
    status, begun = await browser.ask("POST", f"{path}/documents", json=body)
    assert status == 201, begun
    return begun


async def send(browser: Browser, url: str, content: bytes, offset: int = 0, **words: Any) -> tuple[int, Any]:  # noqa: F811
    headers = {"Upload-Offset": str(offset), "Content-Type": STREAM, **words.pop("headers", {})}
    return await browser.ask("PATCH", url, data=content, headers=headers, **words)


async def read_pages(world: World) -> list[Outcome]:
    """Have the reader itself read every page that waits, in a thread."""
    parts = build_reading(world.settings, world.platform, reader=ReadingWorkers(JobsInThread(answer_job)))
    dispatcher = Dispatcher(parts.events, {})
    now = world.clock.now()
    return [await dispatcher.handle(envelope_of(message, now)) for message in world.events(DocumentReceived)]


@pytest.mark.acceptance("F44.kind")
async def test_noise_a_cat_and_a_page_that_gives_orders_are_no_papers(
    browser: Browser,  # noqa: F811
    world: World,
    path: str,
) -> None:
    letter = drawn.lay_down(drawn.draw_paper(drawn.LETTER, letter=52))
    for item, shown in {"ktp": drawn.noise(), "family_card": drawn.scene(), "birth_proof": letter}.items():
        content = drawn.as_jpeg(shown)
        begun = await announce(browser, path, item, len(content))
        assert (await send(browser, begun["upload_url"], content))[0] == 200
    assert await read_pages(world) == [Outcome.DONE] * 2, "noise is refused before"
    _, seen = await browser.ask("GET", path)
    by_item = {document["requirement"]: document for document in seen["documents"]}
    reasons = {item: (document["state"], document["reason"]) for item, document in by_item.items()}
    assert reasons == {
        "ktp": ("refused", "one_tone"),
        "family_card": ("refused", "nothing_written"),
        "birth_proof": ("flagged", None),
    }
    for item in ("ktp", "family_card"):
        told, in_indonesian = by_item[item]["reason_text"], by_item[item]["reason_text_in_indonesian"]
        assert "take it again" in told or "Take a picture" in told, "it says what to do"
        assert "oto" in in_indonesian and in_indonesian != told
    assert by_item["birth_proof"]["note"].startswith("The machine could not tell which document this is")
    assert by_item["birth_proof"]["note_in_indonesian"].startswith("Sistem tidak dapat mengenali")
    kept = (await world.look(path.rsplit("/", 1)[-1])).application.document(by_item["birth_proof"]["document_id"])
    assert kept is not None and await world.file_ids() == [kept.file_id], "nothing of the refused ones is left"


async def test_a_page_that_is_removed_while_it_is_read_stays_removed(
    browser: Browser,  # noqa: F811
    world: World,
    path: str,
) -> None:
    content = picture()
    begun = await announce(browser, path, "ktp", len(content))
    await send(browser, begun["upload_url"], content)
    own = f"{path}/documents/{begun['document_id']}"
    assert (await browser.ask("DELETE", own))[0] == 200
    assert await read_pages(world) == [Outcome.DONE]
    _, seen = await browser.ask("GET", own)
    assert (seen["state"], seen["kind"], world.events(DocumentChecked)) == ("removed", None, [])
    await world.after(world.settings.reading_seconds)
    assert (await browser.ask("GET", own))[1]["state"] == "removed"
    assert await world.file_ids() == []


@pytest.mark.acceptance("Y26.or_refused")
async def test_an_upload_that_goes_on_with_the_rest_of_another_file_is_refused(
    browser: Browser,  # noqa: F811
    world: World,
    path: str,
) -> None:
    one, other = (saved_png(turned) for turned in (0, 90))
    begun = await announce(browser, path, "ktp", len(one))
    half = len(one) // 2
    await send(browser, begun["upload_url"], one[:half])
    rest = other[half:].ljust(len(one) - half, b"\0")[: len(one) - half]
    status, done = await send(browser, begun["upload_url"], rest, half)
    assert (status, done["state"], done["reason"]) == (200, "refused", "broken_picture")
    assert done["reason_text"].endswith("Upload it again.") and done["reason_text_id"].endswith("Unggah ulang.")
    assert await world.file_ids() == []
    assert world.events(DocumentReceived) == [], "no reader is asked"


def saved_png(turned: int) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((640, 400), 60).rotate(turned).save(written, "PNG")
    return written.getvalue()


async def test_an_upload_of_somebody_else_cannot_be_seen_written_or_removed(
    browser: Browser,  # noqa: F811
    world: World,
    path: str,
) -> None:
    content = picture()
    begun = await announce(browser, path, "ktp", len(content))
    await send(browser, begun["upload_url"], content[:1000])
    own = f"{path}/documents/{begun['document_id']}"
    refused = [
        await send(browser, begun["upload_url"], content[1000:], 1000, account="stranger"),
        await browser.ask("GET", own, account="stranger"),
        await browser.ask("DELETE", own, account="stranger"),
        await browser.ask("GET", begun["upload_url"], account="stranger"),
    ]
    assert {(status, body["code"]) for status, body in refused} == {(404, "not_found")}
    _, told = await browser.ask("GET", own, account="stranger", headers={"Accept-Language": "id"})
    assert told["title"] != refused[1][1]["title"] and told["next_action"]
    status, body = await browser.ask("HEAD", begun["upload_url"])
    assert (status, body["Upload-Offset"]) == (200, "1000"), "nothing was written"
    assert (await send(browser, begun["upload_url"], content[1000:], 1000))[1]["state"] == "checking"


async def test_a_page_that_is_removed_and_read_at_once_is_removed_or_decided_never_both(
    browser: Browser,  # noqa: F811
    world: World,
    path: str,
) -> None:
    content = picture()
    begun = await announce(browser, path, "ktp", len(content))
    await send(browser, begun["upload_url"], content)
    own = f"{path}/documents/{begun['document_id']}"
    (status, _), outcomes = await asyncio.gather(browser.ask("DELETE", own), read_pages(world))
    assert (status, outcomes) == (200, [Outcome.DONE])
    state = (await world.look(path.rsplit("/", 1)[-1])).application
    assert [document.state for document in state.documents] == [DocumentState.REMOVED]
    assert await world.file_ids() == []
