"""Officers compare the pages of an application and decide on many at once: on all of them, or on none."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from services.application.applications.document import DocumentState
from shared.events.application import ApplicationDataRead, DocumentRefused
from shared.tokens import Role
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.test_pages import Folder, record_of, send
from tests.unit.application.world import World, picture

FLAGGED = picture(2000, 400)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


async def with_visit(browser: Browser, world: World) -> str:
    """The path of an application with a certain visit and two flagged pages of a family card."""
    application_id = await world.booked()
    path = f"/v1/applications/{application_id}"
    for page in (1, 2):
        assert (await send(browser, path, "family_card", page, FLAGGED))["state"] == "flagged"
    return path


async def decide(browser: Browser, path: str, *decisions: Any, **words: Any) -> tuple[int, Any]:
    role = words.pop("role", Role.FRONT_OFFICER)
    url = f"{path}/document-decisions"
    return await browser.ask("POST", url, role, json={"decisions": list(decisions)}, **words)


def accept(document_id: str) -> dict[str, str]:
    return {"document_id": document_id, "decision": "accepted"}


def refuse(document_id: str, reason_code: str | None = "cut_off") -> dict[str, str | None]:
    return {"document_id": document_id, "decision": "refused", "reason_code": reason_code}


async def test_an_officer_decides_on_several_papers_in_one_write(browser: Browser, world: World) -> None:
    path = await with_visit(browser, world)
    before = await record_of(world, path)
    first, second = before.state.pages()["family_card"]
    ktp = before.state.present()["ktp"]
    words = (accept(first.document_id), refuse(second.document_id), refuse(ktp.document_id, "wrong_document"))
    key = {"headers": {"Idempotency-Key": str(uuid.uuid4())}}
    status, view = await decide(browser, path, *words, **key)
    assert status == 200
    after = await record_of(world, path)
    assert after.version == before.version + 1
    states = {document["document_id"]: (document["state"], document["reason"]) for document in view["documents"]}
    assert states[first.document_id] == ("accepted", None)
    assert states[second.document_id] == ("refused", "cut_off")
    assert states[ktp.document_id] == ("refused", "wrong_document")
    told = [(event.requirement, event.page, event.reason_code) for event in world.events(DocumentRefused)]
    assert told == [("family_card", 2, "cut_off"), ("ktp", 1, "wrong_document")]
    assert all(event.replace_until is not None for event in world.events(DocumentRefused))
    assert second.file_id not in await world.file_ids()
    status, again = await decide(browser, path, *words, **key)
    assert (status, again["documents"]) == (200, view["documents"])
    assert len(world.events(DocumentRefused)) == 2, "the same command again tells nothing"
    by = [line["by"] for line in again["timeline"] if line["what"] in ("document_accepted", "document_refused")]
    assert by.count("staff-front_officer") == 3


async def test_one_decision_that_cannot_be_leaves_all_as_they_were(browser: Browser, world: World) -> None:
    path = await with_visit(browser, world)
    first, second = (await record_of(world, path)).state.pages()["family_card"]
    replaced = next(
        document
        for document in (await record_of(world, path)).state.documents
        if document.state is DocumentState.REPLACED
    )
    before = await record_of(world, path)
    good = accept(first.document_id)
    cases: list[tuple[list[Any], int, str, str]] = [
        ([good, accept(replaced.document_id)], 409, "document_decided", "/decisions/1/document_id"),
        ([good, refuse(second.document_id, None)], 422, "reason_code_missing", "/decisions/1/reason_code"),
        ([good, refuse(first.document_id)], 422, "decided_twice", "/decisions/1/document_id"),
        ([good, accept(str(uuid.uuid4()))], 404, "not_found", "/decisions/1/document_id"),
    ]
    for decisions, status, code, field in cases:
        for language in ("en", "id"):
            headers = {"Accept-Language": language}
            answered, problem = await decide(browser, path, *decisions, headers=headers)
            assert (answered, problem["code"], problem["field"]) == (status, code, field)
    assert (await record_of(world, path)).state == before.state
    assert world.events(DocumentRefused) == []
    assert (await decide(browser, path))[1]["code"] == "malformed"
    assert (await decide(browser, path, *[good] * 101))[1]["code"] == "malformed"


async def test_only_the_office_of_the_visit_decides(browser: Browser, world: World) -> None:
    path = await with_visit(browser, world)
    first, _ = (await record_of(world, path)).state.pages()["family_card"]
    word = accept(first.document_id)
    assert (await decide(browser, path, word, office="medan"))[1]["code"] == "not_your_office"
    assert (await decide(browser, path, word, role=Role.APPLICANT))[0] == 403
    assert (await decide(browser, path, word, role=Role.TREASURER))[0] == 403
    assert (await decide(browser, path, word, role=Role.INTERVIEWER))[0] == 200


async def test_after_the_approval_nothing_is_decided(browser: Browser, world: World) -> None:
    application_id = await world.approved()
    ktp = (await world.look(application_id)).application.present()["ktp"]
    status, problem = await decide(browser, f"/v1/applications/{application_id}", refuse(ktp.document_id))
    assert (status, problem["code"]) == (409, "step_is_over")


@pytest.mark.acceptance("F46.precheck", "F46.history")
async def test_an_officer_compares_the_pages_before_the_day_and_sees_what_was_there_before(
    browser: Browser, world: World
) -> None:
    path = await with_visit(browser, world)
    world.service.uploads._inspector = Folder(1)
    newer = await send(browser, path, "family_card", 2)
    status, problem = await browser.ask("GET", f"{path}/documents", Role.FRONT_OFFICER)
    assert (status, problem["code"]) == (422, "read_reason_needed")
    world.said.clear()
    status, papers = await browser.ask("GET", f"{path}/documents?reason=document_check", Role.FRONT_OFFICER)
    assert status == 200
    assert [paper["requirement"] for paper in papers["papers"]] == ["ktp", "family_card", "birth_proof"]
    card = papers["papers"][1]
    assert [(page["page"], page["width"], page["height"]) for page in card["pages"]] == [(1, 2000, 400), (2, 600, 800)]
    assert (card["pages"][0]["state"], card["pages"][0]["flags"]) == ("flagged", ["odd_shape"])
    assert card["pages"][1]["document_id"] == newer["document_id"]
    assert card["pages"][1]["content_url"] == f"{path}/documents/{newer['document_id']}/content"
    assert [(known["page"], known["state"]) for known in card["earlier"]] == [(1, "replaced"), (2, "replaced")]
    assert len(world.events(ApplicationDataRead)) == 1
    assert (await browser.ask("GET", f"{path}/documents", account="stranger"))[0] == 404
    assert (await browser.ask("GET", f"{path}/documents?reason=document_check", Role.OFFICE_ADMIN, office="medan"))[
        0
    ] == 403
